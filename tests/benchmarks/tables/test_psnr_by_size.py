"""PSNR against latent floats: what is drawn, and what has no mark."""

from pathlib import Path

import pytest

from benchmarks.records.result import Metric
from benchmarks.report.comparisons import comparisons
from benchmarks.tables.psnr_by_size import Sized, marks, measured, printed
from benchmarks.tables.published import load_published
from tests.benchmarks.tables.results_tree import psnr, scale_config, write

PUBLISHED = load_published()
FLOATS = Metric(name="latent_floats", value=1600, unit="1", split="none")


def test_a_method_is_its_seeds_mean_at_the_size_of_the_field_that_was_measured(tmp_path: Path):
    for seed, decibels in enumerate((30.0, 32.0)):
        write(tmp_path, "cifar10", [*psnr(decibels, 40.0), FLOATS], seed=seed)
    (one,) = measured(tmp_path, scale_config([0, 1]), "cifar10")
    assert (one.title, one.floats, one.psnr) == ("LIFT", 1600, 31.0)
    assert one.spread == pytest.approx(2**0.5)


def test_a_mean_says_how_many_seeds_it_leaves_out(tmp_path: Path):
    write(tmp_path, "cifar10", [*psnr(30.0), FLOATS])
    write(tmp_path, "cifar10", [], seed=1, failed="diverged")
    (one,) = measured(tmp_path, scale_config([0, 1]), "cifar10")
    assert (one.psnr, one.seeds) == (30.0, "1 of 2 seeds")
    (figure,) = [part.figures for part in comparisons([one], [], [])]
    assert figure[0].chart is not None
    assert "LIFT, 1 of 2 seeds" in str(figure[0].chart)


def test_a_failure_and_a_result_without_a_size_have_no_mark(tmp_path: Path):
    write(tmp_path, "cifar10", [*psnr(30.0), FLOATS], failed="diverged")
    write(tmp_path, "crops", psnr(30.0))
    assert not list(measured(tmp_path, scale_config([0]), "cifar10"))
    assert not marks(tmp_path, scale_config([0]), PUBLISHED, "cifar10")


def test_printed_systems_are_those_of_the_very_data_set_each_once():
    on_cifar = {
        system.title: (system.floats, system.psnr) for system in printed(PUBLISHED, "cifar10")
    }
    assert on_cifar["MetaLF"] == (1650, 47.7)
    assert on_cifar["ENF"] == (1650, 42.5)
    assert not list(printed(PUBLISHED, "celeba64"))
    on_faces = [system.title for system in printed(PUBLISHED, "celebahq64")]
    assert len(set(on_faces)) == len(on_faces)
    assert "LIFT" in on_faces


def test_one_mark_compares_nothing(tmp_path: Path):
    write(tmp_path, "crops", [*psnr(30.0), FLOATS])
    assert not marks(tmp_path, scale_config([0]), PUBLISHED, "crops")


def test_what_was_measured_stands_beside_what_is_printed(tmp_path: Path):
    write(tmp_path, "cifar10", [*psnr(30.0), FLOATS])
    found = marks(tmp_path, scale_config([0]), PUBLISHED, "cifar10")
    assert found[0] == Sized("LIFT", 1600, 30.0)
    assert Sized("MetaLF", 1650, 47.7, printed=True) in found
