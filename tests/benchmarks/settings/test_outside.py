"""A folder of one's own beside ``config/``: what it may hold, and what it may not."""

import pytest

from benchmarks.records.provenance import code_digest
from benchmarks.settings import folders
from benchmarks.settings.cell import resolve
from benchmarks.settings.fields import build_field
from benchmarks.settings.method import find_method
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import load_scale
from lift.field import Domain
from tests.benchmarks.workflow.outside import write_folder
from tests.benchmarks.workflow.test_outside import training

IMAGES = "embedded-images"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(folders.VARIABLE, str(write_folder(tmp_path, training())))
    return tmp_path


def test_a_cell_of_ones_own_resolves(folder):
    cell = resolve("mine", "noise", "plane", 0)
    assert cell.training.settings == {"latent": 2}
    assert cell.training.fit.steps == 4
    assert cell.published_signals is None
    field = build_field(cell.training.field, Domain(2, 8, 3), cell.training.settings)
    assert field.cost().latent_floats == 2


def test_extending_adds_a_method_and_changes_nothing_else(folder, monkeypatch):
    extended = load_scale("demo")
    monkeypatch.delenv(folders.VARIABLE)
    demo = load_scale("demo")
    assert extended.datasets[IMAGES].methods == [*demo.datasets[IMAGES].methods, "plane"]
    assert extended.datasets["embedded-voxels"] == demo.datasets["embedded-voxels"]
    assert extended.tables == demo.tables


def test_a_cell_here_is_the_same_with_the_folder(folder, monkeypatch):
    with_folder = resolve("demo", IMAGES, "lift", 0), code_digest("lift.model")
    monkeypatch.delenv(folders.VARIABLE)
    assert (resolve("demo", IMAGES, "lift", 0), code_digest("lift.model")) == with_folder


def test_the_digest_of_a_module_follows_what_it_imports(folder):
    before = code_digest("plane")
    (folder / "layers.py").write_text("WIDTH = 9\n", encoding="utf-8")
    # Files are read once a process; another folder is another file.
    other = write_folder(folder / "other", training())
    (other / "layers.py").write_text("WIDTH = 9\n", encoding="utf-8")
    folders.include(other)
    assert code_digest("plane") != before


def test_a_data_set_that_is_left_out(folder):
    path = folder / "scales" / "demo.yaml"
    path.write_text(
        "scale: demo\nextends: demo\ndatasets: {embedded-voxels: null}\n"
        "tables: {shapenet64: null, relift_voxels: null}\n",
        encoding="utf-8",
    )
    assert list(load_scale("demo").datasets) == [IMAGES]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("methods/lift.yaml", "method: lift", r"lift\.yaml: the name 'lift' is taken by .*config"),
        ("scales/demo.yaml", "scale: demo", r"demo\.yaml: there is a scale 'demo' .*extends: demo"),
        ("scales/mine.yaml", "scale: mine\nextends: dmeo", r"dmeo\.yaml: no such file; scales has"),
        ("scales/mine.yaml", "scale: logs\nextends: demo", r"scale: 'logs', expected 'mine'"),
        ("scales/mine.yaml", "[]", r"mine\.yaml: '\[\]', expected keys with values"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_error(folder, file, content, message):
    (folder / file).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_scale("mine" if "mine" in file else "demo")


def test_a_missing_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(folders.VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(ConfigError, match=r"LIFT_INCLUDE: .*gone: no such folder"):
        find_method("lift")


def test_a_title_that_another_method_has_is_refused(folder):
    path = folder / "methods" / "plane.yaml"
    text = path.read_text(encoding="utf-8")
    title = next(line for line in text.splitlines() if line.startswith("title:"))
    # Files are read once a process; another folder is another file.
    other = write_folder(folder / "other", training())
    (other / "methods" / "plane.yaml").write_text(
        text.replace(title, "title: LIFT"), encoding="utf-8"
    )
    folders.include(other)
    with pytest.raises(ConfigError, match="title: 'LIFT' is that of 'lift' too"):
        find_method("plane")
