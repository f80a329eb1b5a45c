"""What happens to files, and what a reader may do then."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from benchmarks.datasets.errors import DatasetError

GIBIBYTE = 1 << 30
ALWAYS_THE_SAME = settings(max_examples=200, derandomize=True, deadline=None, database=None)


@contextmanager
def little_memory() -> Iterator[None]:
    """A gibibyte more than the process has now."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    limit = pages * resource.getpagesize() + GIBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@st.composite
def damage(draw, whole: bytes) -> bytes:
    """The bytes of a file after something happened to them, more often at its start."""
    place = draw(st.integers(0, min(len(whole), 96)) | st.integers(0, len(whole)))
    kind = draw(st.sampled_from(["cut", "flip", "insert", "remove", "extreme", "flips"]))
    content = bytearray(whole)
    if kind == "cut":
        return whole[:place]
    if kind == "insert":
        content[place:place] = draw(st.binary(min_size=1, max_size=9))
    elif kind == "remove":
        del content[place : place + draw(st.integers(1, 40))]
    elif kind == "extreme":
        size = draw(st.sampled_from([1, 2, 4, 8]))
        value = draw(st.sampled_from([b"\0", b"\xff", b"\x7f", b"\x01", b"9"]))
        content[place : place + size] = value * size
    else:
        places = [place, *draw(st.lists(st.integers(0, len(whole)), max_size=5))]
        for one in places if kind == "flips" else places[:1]:
            content[min(one, len(whole) - 1)] ^= draw(st.integers(1, 255))
    return bytes(content)


def check(name: str, outcome: Callable[[], bool]) -> None:
    """The outcome is right, or one line names the file; neither takes much memory."""
    caught = None
    with little_memory():
        try:
            right = outcome()
        except DatasetError as error:
            right, caught = True, error
    assert right
    if caught:
        message = str(caught)
        assert name in message
        assert "\n" not in message
        assert " at 0x" not in message
        assert not isinstance(caught.__cause__, MemoryError), message
