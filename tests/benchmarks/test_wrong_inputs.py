"""A program that cannot use what it is given ends with one line that names the file or the key."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.records.result import Result
from benchmarks.settings import folders
from tests.benchmarks.tables.results_tree import write

IMAGES = "demo/embedded-images/lift/seed0"
NO_TEXT = b"\xff\xfe\x00\x01"
NO_NUMBER = b"step,signals,seconds,test_psnr\n10,160,1.5,good\n"
NO_CURVE = b"step,loss\n1,2\n"
MEASURED = Result(
    stage="learning_curve", scale="budget", dataset="cifar10", method="lift", seed=0, status="ok"
).model_dump_json().encode()  # fmt: skip


@dataclass(frozen=True)
class Wrong:
    """A program and its words, where ``AT`` is a folder that holds ``files``, and what it says."""

    program: str
    words: str
    says: str
    files: dict[str, bytes] = field(default_factory=dict)
    code: int = 1

    def __str__(self) -> str:
        return f"{self.program}: {self.says}"


def last_line(wrong: Wrong, at: Path, checkout: Path) -> str:
    """All that a program says on standard error, which is one line."""
    command = [sys.executable, "-m", f"benchmarks.{wrong.program}", *wrong.words.split()]
    ended = subprocess.run(
        [word.replace("AT", str(at)) for word in command],
        cwd=checkout,
        env={**os.environ, folders.VARIABLE: str(at)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == wrong.code
    assert "Traceback" not in ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


WRONG = [
    Wrong("tables.tables", "--scale huge --root AT", "huge.yaml: no such file"),
    Wrong(
        "tables.tables", "--scale own --root AT", "scales/own.yaml: not text in UTF-8",
        {"scales/own.yaml": NO_TEXT},
    ),
    Wrong(
        "tables.tables", "--scale lite --root AT",
        "ablations/pieces.csv: no column row, seed, signals, seconds, validation_psnr; run",
        {"ablations/pieces.csv": b"what,value\n1,2\n"},
    ),
    Wrong(
        "report.page", "--scale demo --root AT", "ablations/scales.csv: not a CSV file",
        {"ablations/scales.csv": NO_TEXT},
    ),
    Wrong(
        "report.page", "--scale demo --root AT", "lift/seed0/curve.csv: no column signals, seconds",
        {f"{IMAGES}/curve.csv": NO_CURVE},
    ),
    Wrong(
        "report.page", "--scale demo --root AT", "reconstruction.png: not a readable picture",
        {f"{IMAGES}/reconstruction.png": NO_TEXT},
    ),
    Wrong(
        "tables.equal_budgets", "--scale budget --dataset nope --root AT",
        "config/scales/budget.yaml: no data set 'nope'; it has cifar10",
    ),
    Wrong(
        "tables.equal_budgets", "--scale budget --dataset cifar10 --root AT",
        "learning_curve.csv: test_psnr: 'good', expected a number; run",
        {
            "budget/cifar10/lift/seed0/learning_curve.csv": NO_NUMBER,
            "budget/cifar10/lift/seed0/learning_curve.json": MEASURED,
        },
    ),
    Wrong(
        "tables.overlay", "--dataset nope --methods lift --root AT",
        "config/scales/demo.yaml: no data set 'nope'; it has embedded-images",
    ),
    Wrong(
        "tables.overlay", "--dataset embedded-images --methods lift --root AT",
        "curve.csv: no column signals, seconds", {f"{IMAGES}/curve.csv": NO_CURVE},
    ),
    Wrong(
        "stages.data_report", "--data AT --out AT/out", "datasets/own.yaml: title: Field required",
        {"datasets/own.yaml": b"name: own\n"},
    ),
    Wrong("stages.data_report", "--data AT --out AT/page", "page", {"page": b""}),
    Wrong(
        "cli", "show demo/nope/lift",
        "config/scales/demo.yaml: no data set 'nope'; it has embedded-images", code=2,
    ),
    Wrong(
        "cli", "gate --expected AT/expected.yaml", "expected.yaml: not text in UTF-8",
        {"expected.yaml": NO_TEXT}, code=2,
    ),
    Wrong(
        "cli", "verify demo/embedded-images/lift --results AT --data AT --device cpu",
        "reconstruction.json: not JSON", {f"{IMAGES}/reconstruction.json": NO_TEXT},
    ),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_it_is_one_line(wrong: Wrong, tmp_path: Path) -> None:
    write(tmp_path, "embedded-images", [], scale="demo", stage="fit")
    for name, content in wrong.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert wrong.says in last_line(wrong, tmp_path, folders.ROOT)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (NO_TEXT, "published.yaml: not text in UTF-8"),
        (b"tables: 3\n", "published.yaml: tables: '3', expected tables by name"),
        (b"{}\n", "expected one of "),
    ],
)
def test_published_numbers_that_are_none_are_one_line(
    content: bytes, says: str, tmp_path: Path
) -> None:
    for package in ("benchmarks", "baselines", "lift", "config"):
        shutil.copytree(folders.ROOT / package, tmp_path / package)
    (tmp_path / "config" / "published.yaml").write_bytes(content)
    assert says in last_line(Wrong("tables.tables", "--root AT", says), tmp_path, tmp_path)
