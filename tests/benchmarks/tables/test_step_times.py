"""Seconds that are measured in turn stand in for those of trainings, or nothing does."""

import pandas as pd
import pytest

from benchmarks.settings.cell import resolve
from benchmarks.settings.digest import digest
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import ScaleConfig, load_scale
from benchmarks.stages.step_times import path_of
from benchmarks.tables.step_times import step_times
from benchmarks.tables.time_to_quality import reached, section
from tests.benchmarks.tables.test_time_to_quality import leave, rows


@pytest.fixture
def budget() -> ScaleConfig:
    return load_scale("budget")


def timed(root, methods, **changes):
    """Every method's step takes 4 s for 16 signals."""
    path = path_of(root, "budget", "cifar10")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "method": name,
            "settings": digest(resolve("budget", "cifar10", name, 0, root).training),
            "batch": 16,
            "seconds": 4.0,
            "threads": 1,
            "device": "cpu",
            "machine": "a processor",
            **changes,
        }
        for name in methods
    ]
    pd.DataFrame(lines).to_csv(path, index=False)
    return path


def test_seconds_are_signals_times_the_steps_share(tmp_path, budget):
    timed(tmp_path, budget.datasets["cifar10"].methods)
    found = step_times(tmp_path, budget, "cifar10")
    assert found.seconds["lift"] == pytest.approx(0.25)
    assert "cpu, a processor, 1 thread)" in found.about


def test_time_to_quality_takes_them_in_place_of_the_trainings_own(tmp_path, budget):
    curve = rows((1000, 10, 20, 20), (9000, 1000, 40, 40))
    leave(tmp_path, "lift", 0, curve, scale="budget")
    own = reached(tmp_path, budget)
    timed(tmp_path, budget.datasets["cifar10"].methods)
    ours = reached(tmp_path, budget)
    level = next(entry for entry in ours if entry.level == 30)
    before = next(entry for entry in own if entry.level == 30)
    assert level.seeds[0].signals == pytest.approx(100) == before.seeds[0].signals
    assert level.seeds[0].seconds == pytest.approx(25)
    assert before.seeds[0].seconds == pytest.approx(3000)
    assert "in turn in one process" in section(tmp_path, budget, ours).about


def test_one_method_not_timed_as_configured_leaves_all_methods_their_own(tmp_path, budget):
    methods = budget.datasets["cifar10"].methods
    assert step_times(tmp_path, budget, "cifar10") is None
    timed(tmp_path, methods[1:])
    assert step_times(tmp_path, budget, "cifar10") is None
    timed(tmp_path, methods, settings="other")
    assert step_times(tmp_path, budget, "cifar10") is None


def test_a_damaged_file_is_named(tmp_path, budget):
    path = timed(tmp_path, budget.datasets["cifar10"].methods)
    path.write_text("method,seconds\nlift,soon\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"step_times\.csv: no column .*run benchmarks"):
        step_times(tmp_path, budget, "cifar10")
