"""What is noted around a stage: its own peak of memory, whatever the process did before."""

import os

import pytest
import torch

from benchmarks.records.recording import Recording

MEGABYTE = 2**20


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="the system forgets no peak"
)
def test_memory_is_the_stages_own_and_not_that_of_one_before_it():
    def peak(megabytes: int) -> int:
        recording = Recording("", torch.device("cpu"))
        used = torch.ones(megabytes * MEGABYTE, dtype=torch.uint8)
        del used
        return recording.provenance({}).peak_memory_bytes

    large, small = peak(400), peak(10)
    assert large - small > 300 * MEGABYTE
