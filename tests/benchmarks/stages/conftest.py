"""A cell that is classified, made once for all tests that look at it or spoil it."""

import shutil

import pytest

from tests.benchmarks.stages.classify_cell import finished_cell, point_at


@pytest.fixture(scope="session")
def classified(tmp_path_factory):
    """A finished cell of four steps of each training."""
    return finished_cell(tmp_path_factory.mktemp("cell"))


@pytest.fixture
def project(classified, tmp_path, monkeypatch):
    """A copy of it that a test may spoil."""
    shutil.copytree(classified, tmp_path, dirs_exist_ok=True)
    point_at(monkeypatch, tmp_path)
    return tmp_path
