"""Pictures inside the page: sheets cut into rows, so that methods stand below each other."""

from __future__ import annotations

import base64
import io
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
    """A PNG file that `panels` laid out: ``rows`` named rows of square panels.

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

    def cut(self, first: int, count: int = 1, *, named: bool = False) -> Image.Image:
        """Some rows, with or without their names at the left."""
        panel = self.rows * CELL_INCHES / (self.rows + GAP * (self.rows - 1))
        top = PLAIN_INCHES + first * panel * (1 + GAP)
        bottom = top + count * panel + (count - 1) * GAP * panel
        start = 0.0 if named else LABEL_INCHES
        box = (start, top, self._picture.width / self._dots - PLAIN_INCHES, bottom)
        left, upper, right, lower = (round(inches * self._dots) for inches in box)
        return self._picture.crop((left, upper, right, lower))


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


def embedded_file(path: Path) -> dict[str, str | int]:
    """The same of a whole PNG file.

    Raises:
        SheetError: the file is missing or no picture.
    """
    return embedded(_opened(path))


def _opened(path: Path) -> Image.Image:
    try:
        with Image.open(path) as opened:
            return opened.convert("RGBA")
    except Exception as error:  # a damaged picture raises almost anything
        raise SheetError(
            f"{path}: not a readable picture ({cause(error)}); run its stage again"
        ) from error
