"""A copy of the configuration, of which a test may spoil one file."""

from pathlib import Path

import pytest
import yaml

from benchmarks.settings import folders


def edited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, relative: str, change) -> None:
    """Changes one file of a copy, which stands in for ``config/`` from now on."""
    for path in folders.CONFIG.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(folders.CONFIG)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    spoiled = tmp_path / relative
    content = yaml.safe_load(spoiled.read_text(encoding="utf-8"))
    change(content)
    spoiled.write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setattr(folders, "CONFIG", tmp_path)


def only_lift(data: dict) -> None:
    """Leaves one method of a scale's data set, and the classifiers of pixels."""
    data.update(methods=["lift"], overrides={"lift": data["overrides"]["lift"]})
    if labelled := data.get("classification"):
        names = {"lift", "resnet50", "vit4"}
        labelled["methods"] = [name for name in labelled["methods"] if name in names]
        kept = {name: part for name, part in labelled["overrides"].items() if name in names}
        labelled["overrides"] = kept
