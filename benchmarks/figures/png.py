"""Figures as PNG files: small, whole or not at all, and free of pyplot's global state."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lift.events import log_picture
from lift.files import replacing

LIMIT_BYTES = 300_000
RESOLUTIONS = (160, 120, 90, 60, 45)  # dots per inch, the first that fits


def save_png(figure: Figure, path: Path) -> None:
    """Writes a figure at the finest resolution that stays below ``LIMIT_BYTES``.

    Raises:
        OSError: it could not be written.
    """
    FigureCanvasAgg(figure)
    with replacing(path) as unfinished:
        for dots_per_inch in RESOLUTIONS:
            figure.savefig(unfinished, format="png", dpi=dots_per_inch, metadata={"Software": ""})
            if unfinished.stat().st_size < LIMIT_BYTES:
                break
    log_picture(path)
