"""How a machine is named."""

import os
import socket

import torch

from benchmarks.records.machine import hardware, processor


def test_the_processor_is_named_as_the_system_does(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor : 0\nmodel name\t: Fast(R)  Chip @ 2 GHz\nflags : a\n", encoding="utf-8"
    )
    assert processor(cpuinfo) == "Fast(R) Chip @ 2 GHz"


def test_a_system_that_names_none_says_its_architecture(tmp_path):
    assert processor(tmp_path / "none")
    (tmp_path / "cpuinfo").write_text("CPU implementer : 0x41\n", encoding="utf-8")
    assert processor(tmp_path / "cpuinfo") == processor(tmp_path / "none")


def test_cores_and_memory_are_said_and_no_host():
    named = hardware(torch.device("cpu"))
    assert f"{len(os.sched_getaffinity(0))} core" in named
    assert named.endswith(" GB")
    assert socket.gethostname() not in named
