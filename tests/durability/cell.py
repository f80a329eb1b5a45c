"""A small cell of the demo in a copy of the project, and which of its results must be equal."""

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tests.benchmarks.settings.configuration import only_lift
from tests.benchmarks.workflow.commands import CELL, ROOT, edit

RESULTS = ("reconstruction", "interpolation", "generation", "classification")
STATE = ("results", "data", ".snakemake")
RULES = {
    "fit": ("fit.json", "field.safetensors", "checkpoint.safetensors"),
    "measure": ("encode.json", "reconstruction.json", "interpolation.json", "functaset"),
    "generate": ("generation.json", "denoiser.safetensors"),
    "classify": ("encode_copies.json", "classification.json", "copies", "classifier_1.safetensors"),
}
"""Rule -> what of the cell it makes, besides pictures."""
LOGS = {"fit": "fit", "measure": "measure", "generate": "generation", "classify": "classification"}


def shrink(scale):
    """One cell, whose stages take some seconds each and save every second."""
    scale["jobs"] = "stage"
    scale["datasets"] = {"embedded-images": scale["datasets"]["embedded-images"]}
    scale["tables"] = dict.fromkeys(scale["tables"], "embedded-images")
    data = scale["datasets"]["embedded-images"]
    only_lift(data)
    data.update(train=64, validation=4)
    data.update(encode={"train": 16, "test": 8}, evaluate={"train": 4, "test": 4})
    data["fit"].update(batch=4, log_every=2, validate_every=10, checkpoint_seconds=1)
    data["overrides"]["lift"]["fit"]["steps"] = 40
    data["generation"]["train"].update(
        batch=4, steps=40, validate_every=20, log_every=2, checkpoint_seconds=1
    )
    data["generation"]["samples"] = 8
    data["overrides"]["lift"]["generation"]["train"] = {"batch": 4}
    labelled = data["classification"]
    labelled.update(methods=["lift"], signals={"train": 48, "validation": 24, "test": 36})
    labelled["training"].update(
        steps=40, batch=8, warmup=0, log_every=2, validate_every=20, checkpoint_seconds=1
    )
    labelled["overrides"] = {
        "lift": {"copies": [1], "settings": {"width": 8, "depth": 1}, "training": {"steps": 40}}
    }


def copy_of_the_project(folder: Path) -> Path:
    """The project's code and configuration, with the small cell for its demo."""
    project = folder / "project"
    for name in ("lift", "baselines", "benchmarks", "config", "profiles"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", project)
    edit(project, "config/scales/demo.yaml", shrink)
    return project


def keep(project: Path, place: Path) -> None:
    """Copies all that runs have left."""
    shutil.rmtree(place, ignore_errors=True)
    for name in STATE:
        shutil.copytree(project / name, place / name)


def put_back(project: Path, place: Path, rule: str) -> None:
    """The state of ``place``, without what a rule and those after it make."""
    for name in STATE:
        shutil.rmtree(project / name, ignore_errors=True)
        shutil.copytree(place / name, project / name)
    cell = project / CELL
    removed = RULES if rule == "fit" else {rule: RULES[rule]}
    if rule == "measure":
        removed = {name: RULES[name] for name in ("measure", "generate")}
    for names in removed.values():
        for name in names:
            path = cell / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.rmtree(cell / "logs")


def outcome(project: Path) -> dict[str, object]:
    """Every number that must not depend on interruptions: weights, latents, metrics."""
    cell, found = project / CELL, {}
    for path in sorted(cell.glob("*.safetensors")):
        if "checkpoint" not in path.name:
            found |= {f"{path.name}:{name}": a.tobytes() for name, a in load_file(path).items()}
    for path in sorted([*cell.glob("functaset/*.npy"), *cell.glob("copies/*.npy")]):
        found[str(path.relative_to(cell))] = np.load(path).tobytes()
    for stage in RESULTS:
        content = json.loads((cell / f"{stage}.json").read_text(encoding="utf-8"))
        found[stage] = (
            content["status"],
            [
                metric
                for metric in content["metrics"]
                if not metric["name"].endswith(("_seconds", "_speed"))
            ],
        )
    return found
