"""Latents of small fields, written and opened as stage 2 finds them."""

import pytest

from lift.functaset import Functaset, open_functaset, write_functaset
from tests.lift.fields import SIGNALS, latents_of


@pytest.fixture
def functaset_of(tmp_path):
    def write(field) -> Functaset:
        write_functaset(tmp_path / "f", {"train": (SIGNALS, [latents_of(field)])}, "weights")
        return open_functaset(tmp_path / "f", "weights")

    return write
