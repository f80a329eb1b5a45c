"""What Pillow passes over in a PNG: rows that are not there, a palette that is not there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Numbers a pixel, by colour type; 3 is a palette."""
PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip
"""First column and row, and steps, of the seven passes of an interlaced picture."""


def check_whole(data: bytes) -> None:
    """Refuses a PNG that lacks pixels, or whose transparency Pillow cannot tell.

    Raises:
        ValueError: pixels or the palette are missing, or a colour of 16 bits is transparent.
    """
    chunks: dict[bytes, bytes] = {}
    for name, content in _chunks(data):
        chunks[name] = chunks.get(name, b"") + content
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if kind == 3 and b"PLTE" not in chunks:
        raise ValueError("it has no palette")
    if depth == 16 and b"tRNS" in chunks:
        raise ValueError("it names a transparent colour in 16 bits; expected an opaque picture")
    expected = _length(width, height, depth * CHANNELS[kind], bool(interlaced))
    found = len(zlib.decompressobj().decompress(chunks.get(b"IDAT", b""), expected))
    if found < expected:
        raise ValueError(f"{found} bytes of pixels, expected {expected}")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        place += 12 + size


def _length(width: int, height: int, bits: int, interlaced: bool) -> int:
    """Bytes of all rows, each after one that names its filter."""
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    sizes = [
        (-(-(width - x) // dx), -(-(height - y) // dy))
        for x, y, dx, dy in passes
        if width > x and height > y
    ]
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes)
