"""Configuration: cells resolve from three kinds of files, and mistakes name their place."""

import pytest
import yaml

from benchmarks.settings import files as config
from benchmarks.settings.cell import resolve
from benchmarks.settings.fields import build_field
from benchmarks.settings.files import ConfigError, ScaleConfig, digest, read_yaml
from lift import Domain


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """Copies the configuration, so that a test may spoil one file of it."""

    def edit(relative, change):
        for path in config.CONFIG.rglob("*.yaml"):
            copy = tmp_path / path.relative_to(config.CONFIG)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text())
        spoiled = tmp_path / relative
        content = yaml.safe_load(spoiled.read_text())
        change(content)
        spoiled.write_text(yaml.safe_dump(content))
        monkeypatch.setattr(config, "CONFIG", tmp_path)

    return edit


@pytest.mark.parametrize("scale", ["demo", "lite", "budget", "paper"])
def test_every_cell_of_every_profile_resolves(scale):
    scale_config = config.load_scale(scale)
    for dataset, data in scale_config.datasets.items():
        for method in data.methods:
            cell = resolve(scale, dataset, method, scale_config.seeds[0])
            assert cell.training.fit.steps > 0
            assert cell.published_signals > 0


def test_lite_and_paper_run_lift_at_its_published_size():
    for scale, dataset, published in (
        ("lite", "cifar10", "cifar10"),
        ("lite", "celeba64", "celebahq64"),
        ("lite", "infomr64", "shapenet64"),
        ("paper", "celebahq64", "celebahq64"),
    ):
        settings = resolve(scale, dataset, "lift", 0).training.settings
        assert settings == config.published_settings("lift", published).field


def test_a_profile_overrides_what_it_names_and_nothing_else():
    published = config.published_settings("lift", "cifar10")
    cell = resolve("demo", "embedded-images", "lift", 0)
    assert cell.training.settings["width"] < published.field["width"]
    assert cell.training.settings["w0"] == published.field["w0"]
    assert cell.training.fit.inner_steps == published.fit.inner_steps


def test_the_variants_are_the_rows_of_the_table_of_latent_sizes():
    for floats in (1600, 3200, 6400, 12800, 1792):
        settings = config.published_settings(f"lift-{floats}", "celebahq64").field
        field = build_field("lift", Domain(2, 64, 3), settings)
        assert field.cost().latent_floats == floats


def test_the_digest_of_a_cell_follows_its_values():
    one = resolve("demo", "embedded-images", "lift", 0)
    assert digest(one) == digest(resolve("demo", "embedded-images", "lift", 0))
    assert digest(one) != digest(
        resolve("demo", "embedded-images", "lift", 0).model_copy(update={"published_signals": 1})
    )


def test_an_unknown_key_names_file_and_key(edited):
    edited("scale/demo.yaml", lambda content: content.update(sedes=[1]))
    with pytest.raises(ConfigError, match=r"demo\.yaml: sedes: Extra inputs are not permitted"):
        resolve("demo", "embedded-images", "lift", 0)


def test_a_wrong_type_names_file_key_and_value(edited):
    edited("methods/lift.yaml", lambda c: c["settings"]["cifar10"]["fit"].update(batch="many"))
    with pytest.raises(ConfigError, match=r"lift\.yaml: settings\.cifar10\.fit\.batch: .*'many'"):
        resolve("demo", "embedded-images", "lift", 0)


def test_an_override_of_the_wrong_type_names_the_profile(edited):
    edited("scale/demo.yaml", lambda c: c["datasets"]["embedded-images"]["fit"].update(batch=-1))
    with pytest.raises(ConfigError, match=r"demo\.yaml: embedded-images, lift, fit\.batch.*-1"):
        resolve("demo", "embedded-images", "lift", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dmeo", "embedded-images", "lift"), r"dmeo\.yaml: no such file; scale has budget, demo"),
        (("demo", "imagenet", "lift"), r"demo\.yaml: no data set 'imagenet'; it has embedded"),
        (("demo", "embedded-images", "lyft"), r"does not run 'lyft'; it runs lift"),
    ],
)
def test_an_unknown_cell_says_what_there_is(arguments, message):
    with pytest.raises(ConfigError, match=message):
        resolve(*arguments, 0)


def test_broken_yaml_is_one_clear_error(tmp_path):
    path = tmp_path / "demo.yaml"
    path.write_text("scale: [demo")
    with pytest.raises(ConfigError, match=r"demo\.yaml: not YAML"):
        read_yaml(path, ScaleConfig)


def test_unknown_and_missing_field_settings_are_named():
    settings = {**config.published_settings("lift", "cifar10").field, "widht": 3}
    del settings["width"]
    with pytest.raises(
        ConfigError, match=r"unknown settings \['widht'\], missing settings \['width'\]"
    ):
        build_field("lift", Domain(2, 32, 3), settings)


def test_regions_that_do_not_divide_are_one_clear_error():
    settings = config.published_settings("lift", "cifar10").field
    with pytest.raises(ConfigError, match="regions_per_axis: 8 does not divide the resolution 30"):
        build_field("lift", Domain(2, 30, 3), settings)


def test_an_unknown_field_is_one_clear_error():
    with pytest.raises(ConfigError, match="field: 'nerf' is unknown; expected one of lift"):
        build_field("nerf", Domain(2, 32, 3), {})
