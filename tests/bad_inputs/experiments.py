"""Configuration, commands, checkpoints, latents and results."""

import sys
from pathlib import Path

import pytest
import torch

from benchmarks.datasets.loaders import load_raw
from benchmarks.records.result import read_result
from benchmarks.settings import folders
from benchmarks.settings.cell import resolve
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import build_field
from benchmarks.settings.names import parse_cell
from benchmarks.settings.reading import read_mapping
from benchmarks.settings.scale import seed_of
from benchmarks.stages import prepare
from benchmarks.stages.settings import resolve_all
from benchmarks.stages.single_signal import compare
from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.workflow.asked import read_config
from lift.checkpoint import Checkpoint, load_tensors, save_tensors
from lift.field import Domain
from lift.functaset import open_functaset, write_functaset
from tests.bad_inputs.case import Case
from tests.benchmarks.settings.configuration import edited

IMAGES = "embedded-images"


def setting(file: str, change, use=lambda: resolve("demo", IMAGES, "lift", 0)):
    """Uses the configuration after one file of it was changed."""

    def give(folder: Path) -> object:
        with pytest.MonkeyPatch.context() as patch:
            edited(patch, folder, file, change)
            return use()

    return give


def demo(change):
    return setting("scales/demo.yaml", change)


def images(change):
    return demo(lambda scale: change(scale["datasets"][IMAGES]))


def source(change):
    return setting(
        "datasets/cifar10.yaml", change, lambda: load_raw(load_dataset_config("cifar10"))
    )


def lift(change, part: str = "field"):
    return images(lambda c: c["overrides"]["lift"][part].update(change))


def everything():
    return resolve_all("demo", IMAGES, "lift", 0)


def network(change):
    def edit(scale):
        own = scale["datasets"][IMAGES]["overrides"]["lift"]["generation"]
        own["network"].update(change)

    return setting("scales/demo.yaml", edit, everything)


def labelled(change, part: str = "training"):
    def edit(scale):
        scale["datasets"][IMAGES]["classification"]["overrides"]["lift"][part].update(change)

    return setting("scales/demo.yaml", edit, everything)


def head(change):
    return labelled(change, "settings")


def functa(change):
    return setting(
        "scales/demo.yaml",
        lambda c: c["datasets"][IMAGES]["overrides"]["functa"]["fit"].update(change),
        lambda: resolve("demo", IMAGES, "functa", 0),
    )


def single(change):
    return setting("single_signal.yaml", change, load_single_signal)


def text(content: str):
    def give(folder: Path) -> object:
        (folder / "demo.yaml").write_text(content, encoding="utf-8")
        return read_mapping(folder / "demo.yaml")

    return give


def included(folder: Path) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(folders.VARIABLE, str(folder / "nowhere"))
        return resolve("demo", IMAGES, "lift", 0)


def field(spec: str, **settings: object):
    return lambda folder: build_field(spec, Domain(2, 30, 3), settings)


def command(main, *words: str):
    def give(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["command", *words])
            patch.chdir(folder)
            main()

    return give


def checkpoint(content: bytes | None):
    """A state of a wider layer, or these bytes."""

    def give(folder: Path) -> object:
        path, layer = folder / "checkpoint.safetensors", torch.nn.Linear(2, 2)
        state = {"identity": {}, "code": "", "progress": {"step": 1}}
        save_tensors(path, {"field.weight": torch.zeros(3, 3)}, state)
        if content is not None:
            path.write_bytes(content)
        found = Checkpoint(path, {})
        found.peek()
        return found.restore(layer, [torch.optim.Adam(layer.parameters())])

    return give


def latents(spoil=lambda folder: None, weights: str = "a" * 64, count: int = 5, value: float = 0):
    def give(folder: Path) -> object:
        place, values = folder / "functaset", torch.zeros(5, 1, 3)
        values[3, 0, 1] = value
        write_functaset(place, {"train": (count, iter([{"local": values}]))}, "a" * 64)
        spoil(place)
        return open_functaset(place, weights)

    return give


def result(content: str):
    def give(folder: Path) -> object:
        (folder / "fit.json").write_text(content, encoding="utf-8")
        return read_result(folder / "fit.json")

    return give


def cut(name: str):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-9])


CASES = [
    Case("a file that is no YAML", text("scale: [demo")),
    Case("a key that stands twice", text("fit:\n  steps: 1\n  steps: 2\n")),
    Case("an alias of what it stands in", text("fit: &fit\n  more: *fit\n")),
    Case("no such scale", lambda f: resolve("dmeo", IMAGES, "lift", 0)),
    Case("a data set that the scale has not", lambda f: resolve("demo", "imagenet", "lift", 0)),
    Case("a method that the scale does not run", lambda f: resolve("demo", IMAGES, "lyft", 0)),
    Case("a misspelt key", demo(lambda c: c.update(sedes=[1]))),
    Case("no seeds", demo(lambda c: c.update(seeds=[]))),
    Case("a negative seed", demo(lambda c: c.update(seeds=[-1]))),
    Case("a seed twice", demo(lambda c: c.update(seeds=[0, 0]))),
    Case("a list of scales to extend", demo(lambda c: c.update(extends=["lite"]))),
    Case("an unknown table", demo(lambda c: c["tables"].update(cifra10=IMAGES))),
    Case("no methods", images(lambda c: c.update(methods=[]))),
    Case("a method twice", images(lambda c: c["methods"].append("lift"))),
    Case("overrides of a method that is not run", images(lambda c: c["methods"].remove("gem"))),
    Case("overrides of generation where nothing is", images(lambda c: c.pop("generation"))),
    Case(
        "overrides of a method that is not classified",
        images(lambda c: c["classification"]["methods"].remove("gem")),
    ),
    Case("a scale called otherwise than its file", demo(lambda c: c.update(scale="dmeo"))),
    Case("a batch of `yes`", images(lambda c: c["fit"].update(batch=True))),
    Case("a batch of -1", images(lambda c: c["fit"].update(batch=-1))),
    Case("an infinite rate", images(lambda c: c["fit"].update(rate=float("inf")))),
    Case("an unknown method in a list", images(lambda c: c["methods"].append("lyft"))),
    Case("overrides of an unknown method", images(lambda c: c["overrides"].update(lyft={}))),
    Case("a table of an unknown data set", demo(lambda c: c["tables"].update(cifar10="cifra10"))),
    Case("a folder of one's own that is not there", included),
    Case("a field's module that is not there", field("nerf.model:NeRF")),
    Case("a field's class that is not there", field("lift.model:NeRF")),
    Case("a misspelt setting of a field", lift({"widht": 3})),
    Case("a width of 0", lift({"width": 0})),
    Case("a width of null", lift({"width": None})),
    Case("a frequency factor of -30", lift({"w0": -30.0})),
    Case("two numbers of channels where three belong", lift({"latent_channels": [64, 32]})),
    Case("an inner rate of 0", lift({"inner_rates": {"start": 0.0}})),
    Case("regions that do not divide the picture", lift({"regions_per_axis": 7})),
    Case("tied regions of a field without any", functa({"tied_steps": 5})),
    Case("agreement of regions of a field without any", functa({"agreement": 0.1})),
    Case("a misspelt setting of a denoiser", network({"widhts": [32]})),
    Case("a denoiser without blocks", network({"blocks": 0})),
    Case("a misspelt setting of a classifier", head({"widht": 8})),
    Case("a misspelt key of a training of classifiers", labelled({"stpes": 8})),
    Case("`snakemake --config scael=lite`", lambda f: read_config({"scael": "lite"})),
    Case("`snakemake --config jobs=all`", lambda f: read_config({"jobs": "all"})),
    Case(
        "a seed that the scale has not", lambda f: seed_of(parse_cell(f"demo/{IMAGES}/lift/seed7"))
    ),
    Case("a setting of a data set that is unknown", source(lambda c: c.update(resolutoin=3))),
    Case("a source's setting that is unknown", source(lambda c: c["source"].update(pth="x"))),
    Case("a loader that is not there", source(lambda c: c.update(loader="nowhere.at_all"))),
    Case("a loader that loads nothing", source(lambda c: c.update(loader="lift.psnr"))),
    Case(
        "a photograph of 300 pixels", single(lambda c: c["scales"]["demo"].update(image_size=300))
    ),
    Case("a clip of no samples", single(lambda c: c["scales"]["demo"].update(audio_samples=0))),
    Case("a frequency factor of 0 in a search", single(lambda c: c.update(hidden_factors=[0.0]))),
    Case("a seed given twice", single(lambda c: c["scales"]["demo"].update(seeds=[0, 1, 0]))),
    Case("an unknown task", single(lambda c: c["tasks"].update(singing={}))),
    Case("`prepare --dataset nothing`", command(prepare.main, "--dataset", "nothing")),
    Case(
        "`compare --scale nowhere`", command(compare.main, "--scale", "nowhere", "--task", "image")
    ),
    Case("`compare --task singing`", command(compare.main, "--task", "singing")),
    Case("weights that are not there", lambda f: load_tensors(f / "field.safetensors")),
    Case("a checkpoint of text", checkpoint(b"hello, this is no checkpoint")),
    Case("an empty checkpoint", checkpoint(b"")),
    Case("a checkpoint of another field", checkpoint(None)),
    Case("latents that are not there", lambda f: open_functaset(f / "functaset", "a" * 64)),
    Case("latents of other weights", latents(weights="b" * 64)),
    Case("latents cut off", latents(cut("train.local.npy"))),
    Case("fewer latents than announced", latents(count=6)),
    Case("a latent that holds NaN", latents(value=float("nan"))),
    Case("a result that is no JSON", result("{")),
    Case("a result with an unknown key", result('{"stgae": "fit"}')),
]
