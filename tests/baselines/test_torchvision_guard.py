import subprocess
import sys


def run(program):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_torchvision_imports_with_the_guard():
    done = run(
        "from baselines.torchvision_guard import import_torchvision as guarded\n"
        "first = guarded()\n"
        "import torchvision.datasets, torchvision.transforms.functional\n"
        "assert guarded() is first is torchvision\n"
    )
    assert done.returncode == 0, done.stderr


def test_without_it_torchvision_imports_or_fails_as_the_guard_expects():
    """Where the extension fits, the guard has nothing to do; where not, this is the error."""
    done = run("import torch, torchvision")
    assert done.returncode == 0 or "operator torchvision::nms does not exist" in done.stderr
