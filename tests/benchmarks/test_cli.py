"""The command ``lift``: what it says, and what a name that is not there says."""

import sys

import pytest

from benchmarks import cli
from benchmarks.settings import folders
from benchmarks.settings.cell import resolve
from benchmarks.settings.names import configured_cells, parse_cell
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.trial import changes_of, trial_of, write_trial
from benchmarks.stages.settings import resolve_all
from tests.benchmarks.workflow.outside import write_folder
from tests.benchmarks.workflow.test_outside import training

IMAGES = "embedded-images"


@pytest.fixture
def lift(monkeypatch, capsys):
    """Runs the command; gives its exit code and what it said."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lift", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return left.value.code or 0, said.out + said.err

    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv(folders.VARIABLE, "")  # the command sets it for what it starts
    return run


def test_help_names_every_command_and_choice(lift):
    code, said = lift("--help")
    assert code == 0
    commands = ("list", "show", "run", "plan", "verify", "gate", "check", "--include")
    assert all(name in said for name in commands)
    assert all(name in lift("run", "--help")[1] for name in ("fit|", "--set", "--name"))


def test_methods_data_sets_scales_and_cells_are_listed(lift, tmp_path):
    code, said = lift("list", "--results", tmp_path, "--data", tmp_path)
    assert code == 0
    for word in (
        "gem-two-layers",
        "ResNet-50",
        "celeba64",
        "demo/embedded-voxels/relift/seed0",
        "lite",
    ):
        assert word in said
    assert "python -m benchmarks.stages.prepare --dataset embedded-images" in said


def test_results_are_the_repositorys_wherever_the_command_is_typed(lift, tmp_path, monkeypatch):
    expected = tmp_path / "expected.yaml"
    entry = "{dataset: x, method: lift, stage: fit, metric: psnr, value: 1, absolute: 1}"
    expected.write_text(f"expected: [{entry}]", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert f"{folders.ROOT}" in lift("gate", "--expected", expected, "--scale", "none")[1]
    assert "in the repository" in " ".join(lift("verify", "--help")[1].split())


def test_as_many_cells_are_counted_as_listed(lift, tmp_path):
    counted = lift("list", "scales")[1].split("config/scales/demo.yaml")[0].split()[-1]
    listed = lift("list", "cells", "--results", tmp_path)[1].splitlines()
    assert int(counted) == sum(line.startswith("demo/") for line in listed)


def test_a_folder_of_ones_own_is_listed(lift, tmp_path):
    code, said = lift("--include", write_folder(tmp_path, training()), "list", "methods")
    assert code == 0
    assert "Plane" in said
    (tmp_path / "methods" / "wrong.yaml").write_text("method: wrong\n", encoding="utf-8")
    assert "wrong.yaml: title: Field required" in lift("--include", tmp_path, "list", "methods")[1]


def test_every_setting_is_shown_with_its_place(lift):
    code, said = lift("show", f"demo/{IMAGES}/lift")
    lines = {line.split()[0]: line for line in said.splitlines()}
    assert code == 0
    assert lines["fit.rate"].split()[1] == "0.0005"
    at = f"config/scales/demo.yaml: datasets.{IMAGES}."
    assert lines["fit.rate"].endswith(f"{at}overrides.lift.fit.rate")
    assert lines["generation.train.average"].endswith(f"{at}generation.train.average")
    assert lines["classification.settings.width"].endswith(
        f"{at}classification.overrides.lift.settings.width"
    )
    assert lines["fit.precision"].endswith("(default)")
    assert "classification.head" in lift("show", f"demo/{IMAGES}/resnet50")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "demo"), "cell: 'demo', expected SCALE/DATASET/METHOD"),
        (("show", "dmeo/x/lift"), "config/scales/dmeo.yaml: no such file; scales has budget, demo"),
        (("show", f"demo/{IMAGES}/lyft"), "'lyft' is unknown; expected one of"),
        (("show", "lite/cifar10/lift/seed7"), "lite.yaml: seeds: no seed 7; it has [0]"),
        (("plan", "--scale", "nope"), "nope.yaml: no such file; scales has budget, demo"),
        (("run", f"demo/{IMAGES}/lift", "--set", "steps=3"), "expected GROUP.NAME=VALUE"),
        (("run", f"demo/{IMAGES}/lyft", "--set", "fit.steps=3"), "does not run 'lyft'"),
        (("run", f"demo/{IMAGES}/lift", "--set", "fit.steps=3", "--name", "a/b"), "--name: 'a/b'"),
        (("run", f"demo/{IMAGES}/lift", "--name", "b"), "--name is for a result with --set"),
        (("run", f"demo/{IMAGES}/relift", "generation"), "relift: has no generation; its stages"),
        (("run", f"demo/{IMAGES}/relift", "interpolation"), "relift: has no interpolation"),
        (("run", f"demo/{IMAGES}/resnet50", "fit"), "has no fit; its stages are classification"),
        (("run", f"demo/{IMAGES}/lift", "fti"), "'fti' is not one of 'fit'"),
        (("--include", "/nowhere", "list"), "LIFT_INCLUDE: /nowhere: no such folder"),
        (("verify", f"demo/{IMAGES}/lift", "--device", "tpu"), "'tpu' is not one of 'auto', 'cpu'"),
        (("verify", f"demo/{IMAGES}/resnet50"), "resnet50: classifies pixels, and has no field to"),
        (("gate", "--expected", "/nowhere/x.yaml"), "no such file; no YAML in /nowhere"),
        (("check", "nerf:NeRF"), "module 'nerf' cannot be imported"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_one_clear_error_and_exit_code_2(lift, arguments, message):
    code, said = lift(*arguments)
    assert code == 2
    assert message in " ".join(said.replace("│", "").split())


@pytest.mark.parametrize(
    "change", ["fit.stepss=5", "fit.steps=abc", "train=many", "validation=x", "validation.x=3"]
)
def test_a_wrong_change_leaves_no_folder_and_takes_no_name(lift, tmp_path, monkeypatch, change):
    monkeypatch.setattr(cli, "_results", lambda: tmp_path)
    code, said = lift("run", f"demo/{IMAGES}/lift", "--set", change, "--name", "x")
    assert code == 2
    assert said.startswith(f"lift: --set: {change.partition('=')[0]}: ")
    assert not list(tmp_path.iterdir())


def test_cells_complete_without_reading_settings():
    assert {f"demo/{IMAGES}/relift", "paper/cifar10/vit4"} <= set(configured_cells())
    assert cli._cells("lite/infomr64/l") == ["lite/infomr64/lift"]


def test_an_outside_scales_cells_and_seeds_are_those_of_what_it_extends_too(lift, tmp_path):
    (tmp_path / "scales").mkdir()
    mine = tmp_path / "scales" / "mine.yaml"
    mine.write_text(
        f"scale: mine\nextends: demo\ndatasets: {{{IMAGES}: {{generation: null}}}}\n",
        encoding="utf-8",
    )
    code, said = lift("--include", tmp_path, "show", f"mine/{IMAGES}/lift")
    assert code == 0
    assert "config/scales/demo.yaml: seeds" in said
    assert "generation." not in said
    assert f"mine/{IMAGES}/lift" in set(configured_cells())


def test_a_cell_is_named_by_its_results_too():
    assert parse_cell("results/demo/a-b/lift+x/seed3/") == ("demo", "a-b", "lift+x", 3)


def test_a_trial_changes_what_it_says_and_keeps_away_from_the_cell(tmp_path):
    changes = changes_of(["fit.steps=5", "fit.rate=1e-4", "generation.train.steps=7"])
    trial = trial_of("lift", changes, None)
    assert trial == trial_of("lift", changes, None) != trial_of("lift", {}, None)
    write_trial("demo", IMAGES, trial, changes, tmp_path)
    cell, configured = (resolve("demo", IMAGES, name, 0, tmp_path) for name in (trial, "lift"))
    assert (cell.training.fit.steps, cell.training.fit.rate) == (5, 1e-4)
    assert cell.generation.settings["train"]["steps"] == 7
    assert cell.training.method == trial
    assert cell.encode == configured.encode
    assert configured.training.fit.steps != 5


def test_a_trial_of_a_variant_takes_the_variants_settings_and_its_own_changes(tmp_path):
    changes = changes_of(["fit.steps=3", "field.gamma=4.0"])
    write_trial("demo", IMAGES, "relift+x", changes, tmp_path)
    training = resolve("demo", IMAGES, "relift+x", 0, tmp_path).training
    settings = {**resolve("demo", IMAGES, "relift", 0).training.settings, "gamma": 4.0}
    assert (training.fit.steps, training.settings) == (3, settings)
    assert settings["residual"]
    write_trial("demo", IMAGES, "relift+y", changes_of(["generation.samples=5"]), tmp_path)
    with pytest.raises(ConfigError, match=r"generation\.samples: this cell has no generation"):
        resolve("demo", IMAGES, "relift+y", 0, tmp_path)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("fit.stpes=5", r"settings\.yaml: fit\.stpes: Extra inputs are not permitted"),
        ("fit.steps=many", r"settings\.yaml: fit\.steps: Input should be a valid integer"),
        ("fit.rate=.inf", "expected a finite number"),
        ("train=0", r"settings\.yaml: train: Input should be greater than or equal to 1"),
        ("fit=5", r"settings\.yaml: fit: 5, expected settings: fit\.NAME"),
        ("encode=3", r"settings\.yaml: encode: 3, expected settings: encode\.NAME"),
        ("fit.steps.x=3", r"settings\.yaml: fit\.steps\.x: Input should be a valid integer"),
        ("fit.steps=1:30", r"settings\.yaml: fit\.steps: Input should be a valid integer"),
        ("fit.steps=2026-01-01", r"settings\.yaml: fit\.steps: Input should be a valid integer"),
        ("fit.steps=!!set {1, 2}", r"value: \{1, 2\}, expected a number, text or a list"),
        ("fit.stride=5", r"settings\.yaml: fit\.stride: 5 does not divide the resolution 32"),
        ("fti.steps=5", "expected GROUP.NAME=VALUE"),
        ("fit.steps", "expected GROUP.NAME=VALUE"),
    ],
)
def test_a_wrong_change_is_one_clear_error(tmp_path, assignment, message):
    def resolved():
        changes = changes_of([assignment])
        write_trial("demo", IMAGES, "lift+x", changes, tmp_path)
        resolve("demo", IMAGES, "lift+x", 0, tmp_path)

    with pytest.raises(ConfigError, match=message):
        resolved()


@pytest.mark.parametrize(
    ("cell", "change"),
    [
        (("budget", "cifar10", "lift"), "generation.samples"),
        (("demo", IMAGES, "resnet50"), "fit.steps"),
        (("demo", IMAGES, "resnet50"), "train"),
    ],
)
def test_a_change_of_what_a_cell_lacks_is_refused(tmp_path, cell, change):
    scale, dataset, method = cell
    write_trial(scale, dataset, f"{method}+x", changes_of([f"{change}=5"]), tmp_path)
    lacking = rf"{change}: this cell has no {change.partition('.')[0]}"
    with pytest.raises(ConfigError, match=lacking):
        resolve_all(scale, dataset, f"{method}+x", 0, tmp_path)


@pytest.mark.parametrize(
    "twice",
    [
        ["fit.rate=1e-3", "fit.rate=1e-4"],
        ["fit={steps: 3}", "fit.steps=4"],
        ["fit.steps=3", "fit={steps: 4}"],
    ],
)
def test_what_is_set_twice_is_refused(twice):
    with pytest.raises(ConfigError, match="is set already; expected once"):
        changes_of(twice)


def test_one_change_leaves_nothing_for_the_next_to_find():
    assert changes_of(["fit={steps: 3}", "fit.rate=1.0"]) == {"fit": {"steps": 3, "rate": 1.0}}
    assert changes_of(["fit={steps: 3}"]) == {"fit": {"steps": 3}}


@pytest.mark.parametrize(
    "change",
    ["generation.train=5", "generation.samples=1", "generation.network=5", "generation.train.x=5"],
)
def test_a_wrong_change_of_generation_names_its_place(lift, tmp_path, monkeypatch, change):
    monkeypatch.setattr(cli, "_results", lambda: tmp_path)
    code, said = lift("run", f"demo/{IMAGES}/lift", "--set", change, "--name", "x")
    assert code == 2
    assert said.startswith(f"lift: --set: {change.partition('=')[0]}: ")


@pytest.mark.parametrize("name", ["", "../x", "x" * 101])
def test_a_trial_has_a_name_that_a_folder_can_have(tmp_path, name):
    with pytest.raises(ConfigError, match=r"expected METHOD or METHOD\+NAME"):
        resolve("demo", IMAGES, f"lift+{name}", 0, tmp_path)


def test_a_name_is_not_taken_twice(tmp_path):
    write_trial("demo", IMAGES, "lift+x", {"fit": {"steps": 5}}, tmp_path)
    [path] = tmp_path.rglob("settings.yaml")
    written = path.stat()
    write_trial("demo", IMAGES, "lift+x", {"fit": {"steps": 5}}, tmp_path)
    assert path.stat().st_ino == written.st_ino  # the same file, not an equal one
    with pytest.raises(ConfigError, match="give this trial another --name"):
        write_trial("demo", IMAGES, "lift+x", {"fit": {"steps": 6}}, tmp_path)
    with pytest.raises(ConfigError, match="no such file; `lift run` with --set"):
        resolve("demo", IMAGES, "lift+y", 0, tmp_path)
