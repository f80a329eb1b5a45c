"""The README's method, as it is printed, from a folder outside the repository to a result."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`(mine/[^`]+)`\n\n```\w+\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
BLOCKS = re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
LIFT = 'lift() { "$PYTHON" -m benchmarks.cli "$@"; }\n'
"""The command, whether this environment has its script or not."""


def test_it_is_short():
    assert len(README.splitlines()) <= 150


def test_the_method_that_it_adds_passes_every_check_and_is_measured(tmp_path):
    assert set(FILES) == {"mine/fourier.py", "mine/methods/fourier.yaml", "mine/scales/demo.yaml"}
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    project = tmp_path / "harness"
    for name in ("lift", "baselines", "benchmarks", "config", "profiles"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    shutil.copy(ROOT / "Snakefile", project)
    (commands,) = (block for block in BLOCKS if "LIFT_INCLUDE" in block)
    variables = {"PYTHON": sys.executable, "PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-e", "-c", LIFT + commands],
        cwd=project,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "41 of 41 properties ok" in done.stdout
    path = project / "results/demo/embedded-images/fourier/seed0/reconstruction.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    (psnr,) = (m for m in result["metrics"] if (m["name"], m["split"]) == ("psnr", "test"))
    assert psnr["value"] > 17  # the mean image of the training split has 13
