"""PNG files written byte by byte, so that they may be wrong."""

import struct
import zlib

from benchmarks.datasets.formats.png import CHANNELS, SIGNATURE


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png(side: int, depth: int, kind: int, rows: int | None = None, between: bytes = b"") -> bytes:
    """A black square of a colour type, with fewer rows perhaps, and chunks before the pixels."""
    row = bytes(1 + (side * depth * CHANNELS[kind] + 7) // 8)
    return from_pixels(side, depth, kind, row * (side if rows is None else rows), between=between)


def from_pixels(
    side: int, depth: int, kind: int, pixels: bytes, interlaced: int = 0, between: bytes = b""
) -> bytes:
    """A square of filtered rows."""
    header = struct.pack(">IIBBBBB", side, side, depth, kind, 0, 0, interlaced)
    body = between + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return SIGNATURE + chunk(b"IHDR", header) + body
