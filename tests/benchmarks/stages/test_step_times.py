"""Steps of all methods in turn, on data that ships with the code."""

import pytest
import torch

from benchmarks.settings.cell import resolve
from benchmarks.settings.digest import digest
from benchmarks.settings.scale import load_scale
from benchmarks.stages.experiment import StageError
from benchmarks.stages.step_times import measure, path_of
from benchmarks.stages.trials import Place
from benchmarks.tables.step_times import step_times
from tests.benchmarks.stages.commands import IMAGES


def test_what_is_measured_stands_for_the_configured_trainings(classified_copy):
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    found = measure("demo", IMAGES.dataset, place, rounds=2)
    assert list(found["method"]) == ["lift"]
    row = found.iloc[0]
    assert row["settings"] == digest(resolve("demo", IMAGES.dataset, "lift", 0).training)
    assert 0 < row["fastest"] <= row["seconds"] <= row["slowest"]
    found.to_csv(path_of(place.results, "demo", IMAGES.dataset), index=False)
    read = step_times(place.results, load_scale("demo"), IMAGES.dataset)
    assert read.seconds == {"lift": row["seconds"] / row["batch"]}


def test_steps_that_differ_along_a_training_are_refused(classified_copy):
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    IMAGES.change_lift(classified_copy, "fit", tied_steps=1)
    with pytest.raises(StageError, match=r"lift: fit\.tied_steps 1 of 4 steps, expected 0 or all"):
        measure("demo", IMAGES.dataset, place)
