"""Pictures inside the page: sheets cut into rows, so that methods stand below each other."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path

from PIL import Image

from benchmarks.datasets.errors import cause
from benchmarks.figures.reconstruction import (
    CELL_INCHES,
    GAP,
    LABEL_INCHES,
    MARGIN_INCHES,
    PLAIN_INCHES,
)

QUALITY = 88


class SheetError(ValueError):
    """A picture of a stage that cannot be shown; the message names the file."""


class Sheet:
    """A PNG file that `panels` laid out: ``rows`` named rows of ``columns`` square panels.

    Raises:
        SheetError: the file is missing or no picture, or its size is not that of a sheet.
    """

    def __init__(self, path: Path) -> None:
        self._picture = _opened(path)
        dots = float(self._picture.info.get("dpi", (0.0,))[0])
        if dots <= 0:
            raise SheetError(f"{path}: no resolution in the file; run its stage again")
        height = self._picture.height / dots
        self.rows = int((height - PLAIN_INCHES) / CELL_INCHES + 0.01)
        bottom = height - PLAIN_INCHES - self.rows * CELL_INCHES
        if not self.rows or min(abs(bottom - b) for b in (PLAIN_INCHES, MARGIN_INCHES)) > 0.03:
            raise SheetError(
                f"{path}: {height:.2f} inches high, which is no number of rows; run its stage again"
            )
        self._dots = dots
        self._right = self._picture.width / dots - PLAIN_INCHES
        self.columns = int((self._right - LABEL_INCHES) / CELL_INCHES + 0.01)

    def cut(self, first: int, count: int = 1, *, named: bool = False) -> Image.Image:
        """Some rows, with or without their names at the left."""
        top, bottom = _span(self.rows, PLAIN_INCHES, first, count)
        return self._inside(0.0 if named else LABEL_INCHES, top, self._right, bottom)

    def cut_column(self, place: int) -> Image.Image:
        """One column of all rows."""
        left, right = _span(self.columns, LABEL_INCHES, place)
        top, bottom = _span(self.rows, PLAIN_INCHES, 0, self.rows)
        return self._inside(left, top, right, bottom)

    def _inside(self, left: float, top: float, right: float, bottom: float) -> Image.Image:
        start, upper = (math.ceil(inches * self._dots) for inches in (left, top))
        end, lower = (math.floor(inches * self._dots) for inches in (right, bottom))
        return self._picture.crop((start, upper, end, lower))


def _span(panels: int, start: float, first: int, count: int = 1) -> tuple[float, float]:
    """Where some of a line of panels begin and end, in inches."""
    panel = panels * CELL_INCHES / (panels + GAP * (panels - 1))
    begin = start + first * panel * (1 + GAP)
    return begin, begin + count * panel + (count - 1) * GAP * panel


def embedded(picture: Image.Image) -> dict[str, str | int]:
    """What an ``img`` needs: the data as a URI, and the size, so that nothing moves later."""
    white = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    buffer = io.BytesIO()
    flat.save(buffer, "WEBP", quality=QUALITY, method=4)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {
        "src": f"data:image/webp;base64,{data}",
        "width": picture.width,
        "height": picture.height,
    }


def _opened(path: Path) -> Image.Image:
    try:
        with Image.open(path) as opened:
            return opened.convert("RGBA")
    except Exception as error:  # a damaged picture raises almost anything
        raise SheetError(
            f"{path}: not a readable picture ({cause(error)}); run its stage again"
        ) from error
