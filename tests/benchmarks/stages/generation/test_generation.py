"""Stage 2 from its command line: what it leaves, and everything that can be wrong with it."""

import json
import re
import shutil

import numpy as np
import pytest
import torch

from benchmarks.records.result import read_result
from benchmarks.settings.cell import resolve
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.generation.settings import generation_config
from benchmarks.stages.interpolate import between
from benchmarks.workflow.plan import Plan
from tests.benchmarks.stages.commands import IMAGES, SHAPES, edit

DATASET, cell, run, failure = SHAPES.dataset, SHAPES.cell, SHAPES.run, SHAPES.failure
STAGES = "generate", "interpolate"
GENERATION = {
    "network": {"widths": [32], "blocks": 1, "cellwise": True},
    "diffusion": {"sampler": "ddim", "sampling_steps": 4},
    "train": {"batch": 4, "steps": 4, "validate_every": 2, "log_every": 2, "precision": "float32"},
    "samples": 8,
}


def change(root, **settings):
    """Replaces settings of LIFT's generation in the demo."""

    def replace(scale_config):
        lift = scale_config["datasets"][DATASET]["overrides"]["lift"]
        lift["generation"] = {**GENERATION, **settings}

    edit(root, replace)


@pytest.fixture(scope="module")
def generated(encoded, tmp_path_factory):
    root = tmp_path_factory.mktemp("generated")
    shutil.copytree(encoded, root, dirs_exist_ok=True)
    change(root)
    with pytest.MonkeyPatch.context() as patch:
        for name in STAGES:
            run(patch, root, name)
    return root


def test_shapes_are_sampled_and_measured(generated):
    result = read_result(cell(generated) / "generation.json")
    metrics = {m.name: m for m in result.metrics}
    assert {"coverage", "mmd", "empty_samples", "nearest_training_ratio"} <= metrics.keys()
    assert metrics["coverage"].samples == 8
    assert result.budget.signals == 16
    assert result.budget.published_signals == 547_000 * 64
    assert result.artifacts.keys() == {"denoiser.safetensors"}


def test_images_are_measured_beside_decoded_training_latents(classified_copy, monkeypatch):
    def few(scale_config):
        data = scale_config["datasets"][IMAGES.dataset]
        data["encode"] = {"train": 8, "test": 4}
        data["overrides"]["lift"]["generation"] = GENERATION

    edit(classified_copy, few)
    for stage in ("encode", "generate"):
        IMAGES.run(monkeypatch, classified_copy, stage)
    metrics = read_result(IMAGES.cell(classified_copy) / "generation.json").metrics
    found = {(m.name, m.split): m for m in metrics}
    names = [f"{name}_effnetlite0" for name in ("fd", "precision", "recall", "f1")]
    measured = [found[name, split] for name in names for split in ("generated", "train")]
    assert {metric.samples for metric in measured} == {8}
    # All eight latents were decoded: nearer to the eight images than samples of an untrained model.
    assert found["fd_effnetlite0", "train"].value < found["fd_effnetlite0", "generated"].value


@pytest.mark.parametrize(
    "name",
    ["samples", "samples_in_training", "nearest_training", "denoiser_curve", "interpolation"],
)
def test_a_picture_is_left(generated, name):
    picture = (cell(generated) / f"{name}.png").read_bytes()
    assert picture[:4] == b"\x89PNG"
    assert len(picture) < 300_000


def test_interpolation_measures_its_ends_as_reconstruction_does(generated):
    ends = read_result(cell(generated) / "interpolation.json").value("psnr_ends", "test")
    mean = read_result(cell(generated) / "reconstruction.json").value("psnr", "test")
    assert ends == pytest.approx(mean, abs=2)  # four of the five signals


def test_a_way_between_latents_starts_and_ends_at_them_and_moves_chosen_scales_alone():
    first = {"global": torch.zeros(1, 2), "local": torch.zeros(1, 3)}
    second = {"global": torch.ones(1, 2), "local": torch.full((1, 3), 4.0)}
    for weight in (0.0, 0.25, 1.0):
        moved = between(first, second, weight, ["global", "local"])
        assert torch.equal(moved["local"], torch.full((1, 3), 4 * weight))
        alone = between(first, second, weight, ["global"])
        assert torch.equal(alone["global"], torch.full((1, 2), weight))
        assert torch.equal(alone["local"], first["local"])


def test_terms_that_forbid_pictures_leave_numbers_alone(generated, tmp_path, monkeypatch):
    shutil.copytree(generated, tmp_path, dirs_exist_ok=True)
    manifest = tmp_path / "data" / DATASET / "manifest.json"
    manifest.write_text(
        json.dumps({**json.loads(manifest.read_text(encoding="utf-8")), "shareable": False}),
        encoding="utf-8",
    )
    for name in ("samples", "samples_in_training", "nearest_training", "interpolation"):
        (cell(tmp_path) / f"{name}.png").unlink()
    (cell(tmp_path) / "denoiser.safetensors").unlink()
    for stage in STAGES:
        run(monkeypatch, tmp_path, stage)
    pictures = {path.name for path in cell(tmp_path).glob("*.png")}
    assert pictures == {"curve.png", "reconstruction.png", "denoiser_curve.png"}


def test_other_samples_need_no_other_training(generated, tmp_path, monkeypatch):
    shutil.copytree(generated, tmp_path, dirs_exist_ok=True)
    before = read_result(cell(generated) / "generation.json")
    other = {"sampler": "ancestral", "sampling_steps": 5}
    change(tmp_path, diffusion=other, samples=6)
    run(monkeypatch, tmp_path, "generate")
    after = read_result(cell(tmp_path) / "generation.json")
    assert after.artifacts == before.artifacts
    seconds = [r.value("training_seconds", "train") for r in (before, after)]
    assert seconds[0] == seconds[1]  # trained again it would have taken another time
    ratios = [r.value("nearest_training_ratio", "generated") for r in (before, after)]
    assert ratios[0] != ratios[1]


def test_a_budget_counts_the_latents_that_were_seen(encoded_copy, monkeypatch):
    change(encoded_copy, train={**GENERATION["train"], "batch": 50})
    run(monkeypatch, encoded_copy, "generate")
    assert read_result(cell(encoded_copy) / "generation.json").budget.signals == 4 * 6


def test_the_same_seed_generates_the_same(generated, tmp_path, monkeypatch):
    shutil.copytree(generated, tmp_path, dirs_exist_ok=True)
    (cell(tmp_path) / "denoiser.safetensors").unlink()
    run(monkeypatch, tmp_path, "generate")
    one, other = (read_result(cell(root) / "generation.json") for root in (generated, tmp_path))
    named = [{m.name: m.value for m in result.metrics if m.unit != "s"} for result in (one, other)]
    assert named[0] == named[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"denoiser": "vit"}, "denoiser: 'vit' is unknown; expected one of residual_mlp, unet"),
        ({"network": {"depth": 3}}, r"network\.depth: .*expected widths, blocks, cellwise"),
        ({"network": {"widths": [40], "blocks": 1, "cellwise": True}}, "multiples of 32"),
        (
            {"denoiser": "residual_mlp", "network": {"width": 32, "blocks": 2}},
            r"residual_mlp: latents of shape \(8, 8, 8, 16\); expected vectors",
        ),
        (
            {"geometry": "grid"},
            "geometry: Input should be 'scales' or 'fused'; got 'grid'",
        ),
        ({"diffusion": {"sampling_steps": 0}}, "diffusion.sampling_steps: .* got '0'"),
        ({"train": {"rate": -1}}, "train.rate: .* got '-1'"),
        ({"samples": 8, "sample": 9}, "sample: Extra inputs are not permitted; got '9'"),
    ],
)
def test_a_wrong_setting_is_one_clear_error(encoded_copy, monkeypatch, settings, message):
    change(encoded_copy, **settings)
    said = failure(monkeypatch, encoded_copy, "generate")
    assert re.search(message, said), said
    assert not (cell(encoded_copy) / "denoiser.safetensors").exists()


def test_latents_of_another_field_are_refused(encoded_copy, monkeypatch):
    change(encoded_copy)
    path = cell(encoded_copy) / "functaset" / "functaset.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text(encoding="utf-8")), "field_sha256": "0" * 64}),
        encoding="utf-8",
    )
    for name in STAGES:
        assert "latents of another field" in failure(monkeypatch, encoded_copy, name)


def test_missing_latents_are_refused(encoded_copy, monkeypatch):
    change(encoded_copy)
    shutil.rmtree(cell(encoded_copy) / "functaset")
    for name in STAGES:
        assert "functaset.json: no such file; encode first" in failure(
            monkeypatch, encoded_copy, name
        )


def keep_latents(root, count):
    folder = cell(root) / "functaset"
    manifest = json.loads((folder / "functaset.json").read_text(encoding="utf-8"))
    manifest["splits"] = {"train": count, "test": count}
    (folder / "functaset.json").write_text(json.dumps(manifest), encoding="utf-8")
    for path in folder.glob("*.npy"):
        np.save(path, np.load(path)[:count])


def test_another_number_of_latents_than_configured_is_refused(encoded_copy, monkeypatch):
    change(encoded_copy)
    keep_latents(encoded_copy, 3)
    for name in STAGES:
        assert "3 train latents, expected 6 as configured; encode again" in failure(
            monkeypatch, encoded_copy, name
        )


def test_too_few_latents_are_refused(encoded_copy, monkeypatch):
    change(encoded_copy)

    def fewer(scale_config):
        scale_config["datasets"][DATASET]["encode"] = {"train": 3, "test": 3}

    edit(encoded_copy, fewer)
    keep_latents(encoded_copy, 3)
    assert "3 training latents, expected 4 or more" in failure(
        monkeypatch, encoded_copy, "generate"
    )
    assert "3 test latents, expected 4 or more" in failure(monkeypatch, encoded_copy, "interpolate")


def test_a_scale_without_generation_says_where_it_is_missing():
    with pytest.raises(ConfigError, match=r"config/scales/lite\.yaml for this data set"):
        generation_config(resolve("lite", "cifar10", "lift", 0))
    with pytest.raises(ConfigError, match="not a variant"):
        generation_config(resolve("demo", "embedded-images", "lift-1600", 0))


@pytest.mark.parametrize("scale", ["demo", "lite", "paper"])
def test_every_method_of_the_tables_has_checked_settings(scale):
    planned = [path for path in Plan(scale).results() if path.endswith("generation.json")]
    cells = [path.split("/")[2:4] for path in planned]
    for dataset, method in cells:
        generation_config(resolve(scale, dataset, method, 0))
    if scale == "demo":
        methods = ["functa", "gem", "lift", "mnif_l", "mnif_s", "spatial_functa"]
        for dataset in ("embedded-images", "embedded-voxels"):
            assert sorted(m for d, m in cells if d == dataset) == methods
