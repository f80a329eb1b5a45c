"""Ablations: one choice changed at a time, measured once, shown in the tables of their scale."""

import pandas as pd
import pytest
import torch

from benchmarks.settings.cell import resolve
from benchmarks.settings.names import parse_cell
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.trial import write_trial
from benchmarks.stages.ablate import Ablation, Changed, changes_of, csv_path, load_ablations, run
from benchmarks.stages.trials import Place
from benchmarks.tables.ablations import sections
from lift.meta.rates import InnerRates
from tests.benchmarks.stages.commands import IMAGES

WEIGHTS = Ablation(
    title="Weights", cell=f"demo/{IMAGES.dataset}/lift", seeds=[0, 1], signals=[8, 16],
    all={"fit": {"steps": 4, "validate_every": 2}},
    rows={
        "none": Changed(says="0", field={"smoothness_weight": 0.0}),
        "ruined": Changed(says="too fast", fit={"rate": 1e30, "clip": None}),
    },
)  # fmt: skip


def test_rows_are_measured_at_equal_signals_and_shown(classified_copy):
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    run("weights", WEIGHTS, place)
    path = csv_path(place.results, "weights")
    measured, written = pd.read_csv(path), path.stat().st_size
    assert measured.groupby("row")["validation_psnr"].count().to_dict() == {"none": 4, "ruined": 0}
    run("weights", WEIGHTS.model_copy(update={"rows": {"none": WEIGHTS.rows["none"]}}), place)
    assert path.stat().st_size < written
    run("weights", WEIGHTS, place)
    pd.testing.assert_frame_equal(pd.read_csv(path), measured)

    [(section, _)] = sections({"weights": WEIGHTS}, place.results, "demo")
    (none, ruined) = section.grids[0].rows
    mean = measured[(measured["row"] == "none") & (measured["signals"] == 16)]["validation_psnr"]
    assert none[2].text == f"{mean.mean():.2f} ± {mean.std():.2f}"
    assert ruined[1].text == "diverged in 2 of 2"
    assert not list(sections({"weights": WEIGHTS}, place.results, "lite"))


def test_signals_without_a_validation_are_named(classified_copy):
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    odd = WEIGHTS.model_copy(update={"signals": [9], "rows": {"none": WEIGHTS.rows["none"]}})
    with pytest.raises(
        ConfigError, match=r"weights: no validation at 9 signals; there are \[8, 16"
    ):
        run("weights", odd, place)


def test_every_configured_row_is_a_cell(tmp_path):
    for name, ablation in load_ablations().items():
        cell = parse_cell(ablation.cell)
        for row, changed in ablation.rows.items():
            trial = f"{cell.method}+{name}-{row}"
            write_trial(cell.scale, cell.dataset, trial, changes_of(ablation, changed), tmp_path)
            found = resolve(cell.scale, cell.dataset, trial, 0, tmp_path)
            rates = found.training.settings["inner_rates"]
            shapes = {"global": (2,), "intermediate": (2,), "local": (2,)}
            InnerRates(shapes, **rates)
            seen = found.training.fit.batch * found.training.fit.steps
            assert max(ablation.signals) <= seen


def test_configured_rows_change_what_they_say():
    ablations = load_ablations()
    for ablation in ablations.values():
        changes = [changes_of(ablation, row) for row in ablation.rows.values()]
        assert all(changes.count(one) == 1 for one in changes)
    pieces = ablations["pieces"]
    untied = changes_of(pieces, pieces.rows["untied"])["fit"]
    assert untied == {**pieces.all["fit"], "tied_steps": 0}
