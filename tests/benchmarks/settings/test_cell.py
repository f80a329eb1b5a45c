"""Configuration: cells resolve from three kinds of files, and mistakes name their place."""

import pytest

from benchmarks.settings.cell import merged_settings, resolve
from benchmarks.settings.digest import digest
from benchmarks.settings.fields import build_field
from benchmarks.settings.merge import leaves
from benchmarks.settings.method import find_method, published_settings
from benchmarks.settings.reading import ConfigError, parse_yaml, read_mapping, read_yaml
from benchmarks.settings.scale import ScaleConfig, load_scale
from lift import Domain
from tests.benchmarks.settings.configuration import edited

IMAGES = "embedded-images"


@pytest.fixture
def edit(tmp_path, monkeypatch):
    return lambda relative, change: edited(monkeypatch, tmp_path, relative, change)


def override(changes):
    """Overrides of the demo's images by method, added to those that there are."""
    return lambda demo: demo["datasets"][IMAGES]["overrides"].update(changes)


@pytest.mark.parametrize("scale", ["demo", "lite", "budget", "paper"])
def test_every_cell_of_every_scale_resolves(scale):
    scale_config = load_scale(scale)
    for dataset, data in scale_config.datasets.items():
        for method in data.methods:
            cell = resolve(scale, dataset, method, scale_config.seeds[0])
            assert cell.training.fit.steps > 0
            assert bool(cell.published_signals) == find_method(method).published


def test_lite_and_paper_run_lift_at_its_published_size():
    for scale, dataset, published in (
        ("lite", "cifar10", "cifar10"),
        ("lite", "celeba64", "celebahq64"),
        ("lite", "infomr64", "shapenet64"),
        ("paper", "celebahq64", "celebahq64"),
    ):
        settings = dict(resolve(scale, dataset, "lift", 0).training.settings)
        expected = dict(published_settings("lift", published).field)
        # Where learned inner rates start is a matter of the data set, not of size.
        for chosen in (settings, expected):
            chosen["inner_rates"] = {**chosen["inner_rates"], "start": None}
        assert settings == expected


def test_a_scale_overrides_what_it_names_and_nothing_else():
    published = published_settings("lift", "cifar10")
    cell = resolve("demo", "embedded-images", "lift", 0)
    assert cell.training.settings["width"] < published.field["width"]
    assert cell.training.settings["w0"] == published.field["w0"]
    assert cell.training.fit.inner_steps == published.fit.inner_steps


def test_rows_of_one_table_have_one_budget():
    rows = [resolve("lite", "celeba64", f"lift-{size}", 0) for size in (1600, 6400, 12800, 1792)]
    # The largest learn at an outer rate of their own, which is not the budget's.
    assert len({row.training.fit.model_copy(update={"rate": 1.0}) for row in rows}) == 1
    whole = resolve("lite", "celeba64", "lift", 0)
    assert rows[0].training.fit.steps < whole.training.fit.steps
    assert (rows[0].encode.train, whole.encode.train) == (500, None)


def test_the_variants_are_the_rows_of_the_table_of_latent_sizes():
    for floats in (1600, 3200, 6400, 12800, 1792):
        settings = published_settings(f"lift-{floats}", "celebahq64").field
        field = build_field("lift.model:LIFT", Domain(2, 64, 3), settings)
        assert field.cost().latent_floats == floats


def test_the_digest_of_a_cell_follows_its_values():
    one = resolve("demo", "embedded-images", "lift", 0)
    assert digest(one) == digest(resolve("demo", "embedded-images", "lift", 0))
    assert digest(one) != digest(
        resolve("demo", "embedded-images", "lift", 0).model_copy(update={"published_signals": 1})
    )


def test_a_variant_differs_from_its_method_at_every_scale():
    """The demo overrides the channels of `lift`, which its variants change."""
    channels = {
        method: resolve("demo", IMAGES, method, 0).training.settings["latent_channels"]
        for method in ("lift", "lift-1600", "lift-12800")
    }
    assert channels == {
        "lift": [256, 128, 64],
        "lift-1600": [64, 32, 16],
        "lift-12800": [512, 256, 128],
    }


def test_an_override_of_a_variants_own_setting_wins(edit):
    edit("scales/demo.yaml", override({"relift": {"field": {"gamma": 4.0}}}))
    relift = resolve("demo", IMAGES, "relift", 0).training.settings
    assert (relift["gamma"], relift["residual"]) == (4.0, True)
    assert relift["width"] == resolve("demo", IMAGES, "lift", 0).training.settings["width"]


def test_every_setting_says_where_it_stands():
    found = {key: str(leaf) for key, leaf in leaves(merged_settings("demo", IMAGES, "relift"))}
    at = "config/scales/demo.yaml: datasets.embedded-images"
    assert found["field.gamma"] == "config/methods/lift.yaml: variants.relift.gamma"
    assert found["field.w0"] == "config/methods/lift.yaml: settings.cifar10.field.w0"
    assert found["field.width"] == f"{at}.overrides.lift.field.width"
    assert found["fit.batch"] == f"{at}.fit.batch"
    assert found["fit.rate"] == f"{at}.overrides.lift.fit.rate"
    assert found["evaluate.train"] == f"{at}.evaluate.train"


def test_another_denoiser_takes_nothing_of_the_first_ones_network(edit):
    demo = resolve("demo", IMAGES, "lift", 0).generation
    assert demo.settings["network"] == {"widths": [32, 64], "blocks": 1, "cellwise": True}
    other = {"geometry": "scales", "denoiser": "residual_mlp", "network": {"width": 32}}
    edit("scales/demo.yaml", override({"lift": {"generation": other}}))
    changed = resolve("demo", IMAGES, "lift", 0).generation
    assert changed.settings["network"] == {"width": 32}


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("scales/demo.yaml", lambda c: c.update(sedes=[1]), r"demo\.yaml: sedes: Extra.*expected"),
        (
            "scales/demo.yaml",
            override({"lift": {"fti": {"steps": 3}}}),
            r"demo\.yaml: .*overrides\.lift\.fti.*; expected field, fit, generation",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES].update(fti=3),
            r"demo\.yaml: datasets\.embedded-images\.fti: Extra.*; expected methods, train, val",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES]["classification"].update(fti=3),
            r"demo\.yaml: .*classification\.fti: Extra.*; expected methods, signals",
        ),
        ("scales/demo.yaml", lambda c: c.update(seeds=[]), r"demo\.yaml: seeds: .*at least 1"),
        ("scales/demo.yaml", lambda c: c.update(seeds=[-1]), r"demo\.yaml: seeds: .*or equal to 0"),
        ("scales/demo.yaml", lambda c: c.update(scale="dmeo"), r"scale: 'dmeo', expected 'demo'"),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES]["fit"].update(batch=-1),
            r"demo\.yaml: datasets\.embedded-images\.fit\.batch: .*'-1'",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES]["fit"].update(batch=True),
            r"demo\.yaml: datasets\.embedded-images\.fit\.batch: .*integer; got 'True'",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES]["fit"].update(rate=float("inf")),
            r"demo\.yaml: datasets\.embedded-images\.fit\.rate: inf, expected a finite number",
        ),
        (
            "scales/demo.yaml",
            override({"lyft": {"fit": {"steps": 3}}}),
            r"demo\.yaml: datasets\.embedded-images\.overrides: 'lyft' is unknown; .*lift",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES]["methods"].append("lyft"),
            r"demo\.yaml: datasets\.embedded-images\.methods: 'lyft' is unknown; .*lift",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["tables"].update(cifar10="cifra10"),
            r"demo\.yaml: tables: 'cifra10' is unknown; expected one of embedded-images",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"].update(cifra10=c["datasets"][IMAGES]),
            r"demo\.yaml: datasets: 'cifra10' is unknown; expected one of celeba64",
        ),
        ("scales/demo.yaml", lambda c: c.update(seeds=[0, 0]), r"demo\.yaml: seeds: .*0 stands"),
        ("scales/demo.yaml", lambda c: c.update(extends=["lite"]), r"extends: \['lite'\], exp"),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"].update(cifra10={"methods": ["lift"]}),
            r"demo\.yaml: datasets: 'cifra10' is unknown; expected one of celeba64",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["tables"].update(cifra10=IMAGES),
            r"demo\.yaml: tables: 'cifra10' is unknown; expected one of celebahq64",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES].update(methods=[]),
            r"demo\.yaml: datasets\.embedded-images\.methods: .*at least 1 item",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES]["methods"].append("lift"),
            r"datasets\.embedded-images\.methods: .*'lift' stands twice",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"]["embedded-voxels"].update(methods=["lift"]),
            r"embedded-voxels\.overrides: 'functa' is not used; this data set runs lift",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES].pop("generation"),
            r"overrides\.\w+\.generation: .*generates nothing",
        ),
        (
            "scales/demo.yaml",
            override({"relift": {"generation": {"tran": {"stps": 5}}}}),
            r"overrides\.relift\.generation: .*'stps'.* a variant generates nothing, lift does",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES]["classification"]["methods"].remove("gem"),
            r"classification\.overrides: 'gem' is not used; this data set classifies lift",
        ),
        (
            "scales/demo.yaml",
            lambda c: c["datasets"][IMAGES]["classification"]["methods"].append("relift-2"),
            r"classification\.methods: 'relift-2' is unknown",
        ),
        (
            "methods/lift.yaml",
            lambda c: c["settings"]["cifar10"]["fit"].update(batch="many"),
            r"lift\.yaml: settings\.cifar10\.fit\.batch: .*'many'",
        ),
        (
            "methods/lift.yaml",
            lambda c: c.update(field="lift"),
            r"lift\.yaml: field: .*pattern.*'lift'",
        ),
    ],
)  # fmt: skip
def test_a_mistake_names_file_key_and_value(edit, file, change, message):
    edit(file, change)
    with pytest.raises(ConfigError, match=message) as caught:
        resolve("demo", IMAGES, "lift", 0)
    assert "\n" not in str(caught.value)


def test_a_wrong_method_file_spoils_its_own_cells_alone(edit):
    edit("methods/gem.yaml", lambda c: c["settings"]["cifar10"]["fit"].pop("steps"))
    assert resolve("demo", IMAGES, "lift-1600", 0)
    with pytest.raises(ConfigError, match=r"gem\.yaml: settings\.cifar10\.fit\.steps: Field req"):
        resolve("demo", IMAGES, "gem", 0)


def test_a_method_may_have_settings_for_a_data_set_itself(edit):
    def own(method):
        method["settings"] = {IMAGES: method["settings"]["cifar10"]}
        method["settings"][IMAGES]["field"]["w0"] = 7.0

    edit("methods/functa.yaml", own)
    assert published_settings("functa", IMAGES).field["w0"] == 7.0
    with pytest.raises(ConfigError, match="no settings for 'embedded-voxels' or 'shapenet64'; it"):
        resolve("demo", "embedded-voxels", "functa", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dmeo", IMAGES, "lift"), r"dmeo\.yaml: no such file; scales has budget, demo"),
        (("demo", "imagenet", "lift"), r"demo\.yaml: no data set 'imagenet'; it has embedded"),
        (("demo", IMAGES, "lyft"), r"does not run 'lyft'; it runs lift"),
    ],
)
def test_an_unknown_cell_says_what_there_is(arguments, message):
    with pytest.raises(ConfigError, match=message):
        resolve(*arguments, 0)


def test_broken_yaml_is_one_clear_error(tmp_path):
    path = tmp_path / "demo.yaml"
    path.write_text("scale: [demo", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"demo\.yaml: not YAML"):
        read_yaml(path, ScaleConfig)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scale: demo\nseeds: [0]\nscale: lite\n", "scale: stands twice, in lines 1 and 3"),
        ("fit:\n  steps: 1\n  steps: 2\n", r"fit\.steps: stands twice, in lines 2 and 3"),
        ("a: [{b: 1, b: 2}]\n", r"a\.b: stands twice"),
        ("fit: &fit\n  more: *fit\n", r"fit\.more: an alias of what it stands in"),
        ("seeds: &seeds [0, *seeds]\n", "seeds: an alias of what it stands in"),
    ],
)
def test_a_key_stands_once_and_holds_no_loop(tmp_path, text, message):
    path = tmp_path / "demo.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"demo\.yaml: {message}"):
        read_yaml(path, ScaleConfig)


def test_numbers_are_those_of_yaml_1_2(tmp_path):
    path = tmp_path / "any.yaml"
    path.write_text(
        "[1, -20, 1_000, 0x10, 1e-4, 5.0, .5, 2.e3, 010, 1:30, 2026-01-01]", encoding="utf-8"
    )
    text, numbers = path.read_text(encoding="utf-8"), [1, -20, 1000, 16, 1e-4, 5.0, 0.5, 2000.0]
    assert parse_yaml(text) == [*numbers, "010", "1:30", "2026-01-01"]


def test_a_merge_may_be_changed_and_an_alias_used_twice(tmp_path):
    path = tmp_path / "any.yaml"
    text = "a: &a {b: 1}\nc: &c {<<: *a, b: 2}\nd: {<<: *c, e: 3}\nf: [*a, *a]\n"
    path.write_text(text, encoding="utf-8")
    assert read_mapping(path)["d"] == {"b": 2, "e": 3}


@pytest.mark.parametrize("part", ["classification", "generation"])
def test_null_leaves_a_data_sets_classification_or_generation_out(edit, part):
    def leave_out(scale):
        data = scale["datasets"][IMAGES]
        data[part] = None

    edit("scales/demo.yaml", leave_out)
    assert part not in merged_settings("demo", IMAGES, "lift")
    assert resolve("demo", IMAGES, "lift", 0)


def test_regions_that_do_not_divide_are_one_clear_error():
    settings = published_settings("lift", "cifar10").field
    with pytest.raises(ConfigError, match="regions_per_axis: 8 does not divide the resolution 30"):
        build_field("lift.model:LIFT", Domain(2, 30, 3), settings)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nerf.model:NeRF", "module 'nerf.model' cannot be imported: No module named 'nerf'"),
        ("lift.model:NeRF", "field: 'lift.model:NeRF': expected package.module:Class"),
        ("lift.psnr:psnr", "field: 'lift.psnr:psnr': expected package.module:Class"),
    ],
)
def test_an_unknown_field_is_one_clear_error(spec, message):
    with pytest.raises(ConfigError, match=message):
        build_field(spec, Domain(2, 32, 3), {})
