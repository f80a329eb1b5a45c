"""``config/scales/SCALE.yaml``: how much data, how many steps, which cells and tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from benchmarks.settings import folders
from benchmarks.settings.checking import checked
from benchmarks.settings.classification import ClassificationScale
from benchmarks.settings.extending import scale_tree
from benchmarks.settings.merge import group
from benchmarks.settings.method import base_of, image_classifiers, known_methods
from benchmarks.settings.names import CellName
from benchmarks.settings.reading import ConfigError, Data, Distinct, read_mapping

RESERVED = ("published", "prepared", "features", "logs", "tables", "data_report", "speed")
"""Folders of ``results`` that belong to no scale."""
LARGEST_SEED = 2**32 - 1
"""That every generator takes."""
MOST_THREADS = 1024
"""Of one process: a machine refuses a hundred thousand."""


class Counts(Data):
    """How many signals of each split, evenly spaced; null takes all."""

    train: int | None = Field(ge=1)
    test: int | None = Field(ge=1)


class Overrides(Data):
    """What a scale changes about a method on a data set."""

    field: dict[str, Any] = Field(default={})
    fit: dict[str, Any] = Field(default={})
    generation: dict[str, Any] = Field(default={})
    encode: Counts | None = None


class DatasetScale(Data):
    """One data set in a scale. Counts are evenly spaced subsets; null takes everything."""

    methods: Distinct[str] = Field(min_length=1)
    train: int | None = Field(default=None, ge=1)
    validation: int = Field(ge=1, description="signals of the training split kept for curves")
    encode: Counts = Field(description="signals that become latents")
    evaluate: Counts = Field(description="those of them whose reconstructions are measured")
    fit: dict[str, Any] = Field(default={})
    generation: dict[str, Any] | None = Field(
        default=None, description="changes for all methods; without it nothing is generated"
    )
    overrides: dict[str, Overrides] = Field(default={})
    classification: ClassificationScale | None = None
    quality: list[Annotated[float, Field(gt=0)]] = Field(
        default=[26, 30, 34, 36],
        min_length=1,
        max_length=7,
        description="PSNR (dB): how long each method took to each of them is a table",
    )


class ScaleConfig(Data):
    """A scale, with all of what it extends.

    ``extends`` names a scale of ``config/scales``: groups are merged, lists of methods joined, and
    a data set or table that is null is left out, and so are a data set's classification and
    generation, with what is overridden of it.
    """

    scale: str = Field(pattern=r"^[\w-]+$")
    extends: str | None = None
    seeds: Distinct[Annotated[int, Field(ge=0, le=LARGEST_SEED)]] = Field(min_length=1)
    threads: int = Field(
        ge=0, le=MOST_THREADS, description="CPU threads of one training; 0 takes all"
    )
    jobs: Literal["stage", "cell"] = Field(
        default="stage",
        description="what a process does: some stages of a cell, or all of them; small cells take "
        "longer to start than to measure again",
    )
    resources: dict[str, dict[str, Any]] = Field(
        default={}, description="rule -> what of config/resources.yaml is otherwise in this scale"
    )
    datasets: dict[str, DatasetScale]
    tables: dict[str, str] = Field(description="table -> the data set that fills its own column")


def load_scale(scale: str) -> ScaleConfig:
    """The scale of that name.

    Raises:
        ConfigError: its file is missing or wrong, or names a method or data set that is not there.
    """
    tree, where = scale_tree(scale), folders.shown(folders.find("scales", scale))
    # Before the rest: what a misspelt data set lacks is no mistake of its own.
    _known(f"{where}: datasets", group(tree, "datasets"), set(folders.files("datasets")))
    config = checked(ScaleConfig, tree, where)
    if config.scale != scale or scale in RESERVED:
        expected = "another name" if scale in RESERVED else f"{scale!r} as the file is called"
        raise ConfigError(f"{where}: scale: {config.scale!r}, expected {expected}")
    _check_names(config, where)
    return config


def find_dataset(config: ScaleConfig, dataset: str) -> DatasetScale:
    """What a scale says about one of its data sets.

    Raises:
        ConfigError: the scale does not have it.
    """
    if dataset not in config.datasets:
        where, known = folders.shown(folders.find("scales", config.scale)), config.datasets
        raise ConfigError(f"{where}: no data set {dataset!r}; it has {', '.join(known)}")
    return config.datasets[dataset]


def seed_of(cell: CellName) -> int:
    """The seed of a cell that is named; without one, its scale's first.

    Raises:
        ConfigError: the scale has no such seed.
    """
    seeds = load_scale(cell.scale).seeds
    if cell.seed not in (None, *seeds):
        where = folders.shown(folders.find("scales", cell.scale))
        raise ConfigError(f"{where}: seeds: no seed {cell.seed}; it has {seeds}")
    return seeds[0] if cell.seed is None else cell.seed


def _check_names(config: ScaleConfig, where: str) -> None:
    """Whatever a scale names is there, and is used."""
    methods = known_methods()
    path = folders.CONFIG / "published.yaml"
    published = read_mapping(path).get("tables", {})
    if not isinstance(published, dict):
        raise ConfigError(f"{path}: tables: {str(published)[:80]!r}, expected tables by name")
    _known(f"{where}: tables", config.tables, set(published))
    _known(f"{where}: tables", config.tables.values(), set(config.datasets))
    for name, data in config.datasets.items():
        at = f"{where}: datasets.{name}"
        _known(f"{at}.methods", data.methods, methods)
        _used(f"{at}.overrides", data.overrides, methods, data.methods, "runs")
        if data.generation is None:
            for method, changes in data.overrides.items():
                if changes.generation:
                    raise ConfigError(
                        f"{at}.overrides.{method}.generation: {changes.generation}, expected "
                        f"nothing: without `generation` {name} generates nothing"
                    )
        for method, changes in data.overrides.items():
            if changes.generation and base_of(method) != method:
                raise ConfigError(
                    f"{at}.overrides.{method}.generation: {changes.generation}, expected nothing: "
                    f"a variant generates nothing, {base_of(method)} does"
                )
        if labelled := data.classification:
            at = f"{at}.classification"
            _known(f"{at}.methods", labelled.methods, methods)
            pixels = set(image_classifiers())
            _used(f"{at}.methods", labelled.methods, methods, {*data.methods, *pixels}, "runs")
            _used(f"{at}.overrides", labelled.overrides, methods, labelled.methods, "classifies")


def _known(where: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{where}: {name!r} is unknown; expected one of {', '.join(sorted(known))}"
            )


def _used(
    where: str, names: Iterable[str], known: set[str], among: Collection[str], does: str
) -> None:
    """Names of methods are known, and are among those that the data set uses, or their base."""
    _known(where, names, known)
    bases = {base_of(name) for name in among}
    for name in names:
        if name not in {*among, *bases}:
            raise ConfigError(
                f"{where}: {name!r} is not used; this data set {does} {', '.join(among)}"
            )
