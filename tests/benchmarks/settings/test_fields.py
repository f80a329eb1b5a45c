"""A cell's field is checked where the cell is resolved: before anything runs."""

import pytest

from benchmarks.settings import folders
from benchmarks.settings.cell import resolve
from benchmarks.settings.reading import ConfigError
from tests.benchmarks.settings.configuration import edited

IMAGES = "embedded-images"
NUMBERS = [None, 0, -1, "64", True, []]
OUTSIDE = '''
import torch
from torch import nn
from lift import NeuralField


class Plain(NeuralField):
    """A field of somebody's, who annotates less than is checked here."""

    def __init__(self, domain, width: int, slope=1.0, activation: nn.Module | None = None):
        super().__init__()
        self.domain = domain
        self.layer = nn.Linear(domain.dimensions + width, domain.channels)
        self.slope = 1 / slope
        if slope == 7:
            self.nothing()

    def zero_latent(self, batch):
        return {"global": torch.zeros(batch, self.layer.in_features - self.domain.dimensions)}

    def inner_rates(self, step):
        return {"global": torch.ones(())}

    def locate(self, coords):
        return {"coords": coords}

    def evaluate(self, latent, query):
        raise NotImplementedError

    def cost(self):
        raise NotImplementedError
'''


@pytest.fixture
def override(tmp_path, monkeypatch):
    """Resolves the demo's images after an override of a method's field, or of another group."""

    def resolved(method: str, settings: dict, part: str = "field"):
        def change(demo: dict) -> None:
            own = demo["datasets"][IMAGES]["overrides"].setdefault(method, {})
            own[part] = own.get(part, {}) | settings

        edited(monkeypatch, tmp_path, "scales/demo.yaml", change)
        return resolve("demo", IMAGES, method, 0)

    return resolved


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """Resolves a cell of a method from outside, with these settings of its field."""

    def resolved(settings: str, code: str = OUTSIDE):
        place = tmp_path / "mine"
        for name in ("methods", "scales"):
            (place / name).mkdir(parents=True, exist_ok=True)
        module = f"plain_{tmp_path.name}".replace("-", "_")
        (place / f"{module}.py").write_text(code, encoding="utf-8")
        fit = "{inner_steps: 1, gradient: unrolled, batch: 2, steps: 1, rate: 1.0, clip: null, "
        fit += "schedule: constant, latent_noise: 0.0, stride: 1}"
        (place / "methods" / "plain.yaml").write_text(
            f"method: plain\ntitle: Plain\nfield: {module}:Plain\n"
            f"settings:\n  cifar10: {{field: {settings}, fit: {fit}}}\n",
            encoding="utf-8",
        )
        (place / "scales" / "demo.yaml").write_text(
            f"scale: demo\nextends: demo\ndatasets: {{{IMAGES}: {{methods: [plain]}}}}\n",
            encoding="utf-8",
        )
        monkeypatch.setenv(folders.VARIABLE, str(place))
        return resolve("demo", IMAGES, "plain", 0)

    return resolved


@pytest.mark.parametrize("method", ["lift", "functa", "spatial_functa", "mnif_s", "gem"])
@pytest.mark.parametrize("key", ["width", "w0"])
def test_a_number_that_is_none_is_refused_with_its_place(override, method, key):
    for value in NUMBERS:
        with pytest.raises(ConfigError, match=rf"overrides\.{method}\.field\.{key}\b"):
            override(method, {key: value})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widht": 3}, r"demo\.yaml: datasets.*lift\.field\.widht: .*got '3'; expected .*width"),
        ({"latent_channels": [4, 4]}, r"latent_channels: .*got "),
        ({"latent_channels": [4, 4, 0]}, r"latent_channels: .*got '0'"),
        ({"inner_rates": {"strat": 3.0}}, r"inner_rates\.strat: .*got '3.0'"),
        ({"inner_rates": {"start": 0.0}}, r"inner_rates\.start: .*got '0.0'"),
        ({"inner_rates": {"learned": "all"}}, r"inner_rates\.learned: .*'coordinate'.*got 'all'"),
        ({"inner_rates": {"clamp": [2.0, 1.0]}}, r"inner_rates\.clamp: .*smaller end first"),
        ({"regions_per_axis": 7}, r"field\.regions_per_axis: 7 does not divide the resolution 32"),
    ],
)
def test_field_settings_are_checked_where_a_cell_is_resolved(override, settings, message):
    with pytest.raises(ConfigError, match=message):
        override("lift", settings)


def test_a_missing_setting_names_the_methods_file(tmp_path, monkeypatch):
    def change(method: dict) -> None:
        for settings in method["settings"].values():
            settings["field"].pop("w0")

    edited(monkeypatch, tmp_path, "methods/lift.yaml", change)
    with pytest.raises(ConfigError, match=r"lift\.yaml: embedded-images: field\.w0: Field requ"):
        resolve("demo", IMAGES, "lift", 0)


@pytest.mark.parametrize("method", ["functa", "mnif_s"])
def test_regions_are_tied_only_where_a_field_has_networks_of_their_own(override, method):
    for name, value in (("tied_steps", 5), ("agreement", 0.1)):
        with pytest.raises(ConfigError, match=rf"fit\.{name}: {value}, expected 0: baselines"):
            override(method, {name: value}, "fit")
        override(method, {name: 0}, "fit")
    override("lift", {"tied_steps": 5, "agreement": 0.1}, "fit")


def test_muon_is_asked_only_of_a_field_with_hidden_matrices(override):
    with pytest.raises(ConfigError, match=r"gem\.fit\.muon_rate: 0\.002, expected null: baselines"):
        override("gem", {"muon_rate": 2e-3}, "fit")
    override("gem", {"muon_rate": None}, "fit")
    override("functa", {"muon_rate": 2e-3}, "fit")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{}", r"field\.width: Field required"),
        ("{width: 4, widht: 3}", r"plain\.yaml: .*field\.widht: .*expected width, slope"),
        ("{width: 1.5}", r"field\.width: Input should be a valid integer.*got '1.5'"),
        ("{width: null}", r"field\.width: .*got 'None'"),
        ("{width: 0}", r"field\.width: 0 is refused; .*latent global has no numbers"),
        ("{width: -4}", r"field\.width: -4 is refused; RuntimeError: .*negative dimension"),
        ("{width: 4, slope: 0}", r"field\.slope: 0 is refused; ZeroDivisionError"),
        ("{width: 4, slope: 7}", r"AttributeError: .*'nothing' \(.*line \d+\); with .*slope 7"),
    ],
)
def test_a_field_from_outside_is_checked_too(outside, settings, message):
    with pytest.raises(ConfigError, match=message):
        outside(settings)


def test_a_field_from_outside_that_can_be_built_is_taken(outside):
    assert outside("{width: 4, slope: 2}").training.settings == {"width": 4, "slope": 2}


def test_a_module_from_outside_that_cannot_be_imported_is_named_with_its_line(outside):
    with pytest.raises(ConfigError, match=r"cannot be imported: NameError: .*\.py, line 2\)"):
        outside("{width: 4}", "\nnothing_at_all\n")


def test_a_rate_of_inner_rates_that_are_fixed_is_refused(override):
    with pytest.raises(
        ConfigError, match=r"rates_rate: 0\.5, expected null: inner rates are fixed"
    ):
        override("lift", {"rates_rate": 0.5}, "fit")


def test_inner_rates_of_a_latent_that_is_not_there_are_refused(override):
    start = {"global": 1.0, "intermediate": 1.0, "local": 1.0, "lokal": 1.0}
    with pytest.raises(ConfigError, match="lokal; expected one for each of"):
        override("lift", {"inner_rates": {"start": start}})
