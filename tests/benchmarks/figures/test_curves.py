"""Curves are read back as written, and drawn with what was not measured left out."""

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.figures.curves import CURVE, CurveError, curve_figure, read_curve
from lift.progress import Row, write_curve


def curve(steps: int = 8) -> list[Row]:
    return [
        {
            "step": step,
            "signals": 32 * step,
            "seconds": 0.5 * step,
            "rate": 1e-3,
            "loss": 1 / step,
            "gradient_norm": 1.0,
            "train_psnr": 20.0 + step,
            "validation_psnr": 19.0 + step if step % 4 == 0 else None,
        }
        for step in range(1, steps + 1)
    ]


def test_curve_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_curve(tmp_path / "curve.csv", curve())
    assert read_curve(tmp_path / "curve.csv") == curve()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "no such curve"),
        ("step,loss\n1,2\n", "no column signals, seconds"),
        (",".join(CURVE) + "\n1,2,3,4,oh,6,7,8\n", "not a curve"),
        ("x" * 200_000, "not a curve"),
    ],
)
def test_bad_curve_is_one_clear_error(tmp_path: Path, content: str | None, complaint: str) -> None:
    path = tmp_path / "curve.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CurveError, match=complaint):
        read_curve(path)


def test_curve_of_one_row_without_validation_is_drawn(tmp_path: Path) -> None:
    curve_figure(curve(1), tmp_path / "curve.png", "LIFT")
    assert Image.open(tmp_path / "curve.png").height > 100
