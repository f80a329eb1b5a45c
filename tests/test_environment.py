"""The pins that every install line shares, checked without installing anything."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def normal(requirement):
    return re.split(r"[<>=~!\[; ]", requirement)[0].lower().replace("_", "-")


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = {normal(name) for name in pins()}
    assert {normal(name) for name in wanted} <= pinned


def test_conda_users_get_the_same_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    names = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    pinned = dict(entry.split("=") for entry in names if "=" in entry)
    assert pinned["pytorch"] == pins()["torch"]
    assert pinned["torchvision"] == pins()["torchvision"]
    assert pinned["python"] in ("3.11", "3.12")
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert "--constraint constraints.txt" in pip


def test_uv_users_get_the_same_pins():
    uv = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
    assert uv["constraint-dependencies"] == [f"{name}=={pin}" for name, pin in pins().items()]


@pytest.mark.parametrize("name", ["environment.yml", "environment-mamba.yml"])
def test_pip_can_read_what_conda_hands_it(name):
    environment = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    (lines,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    allowed = ("--constraint ", "--editable ", "--requirement ")  # others are no requirements
    for line in lines:
        assert line.startswith(allowed) or Requirement(line)


def test_mamba_is_never_in_the_base_environment():
    for name in ("environment.yml", "pyproject.toml", "constraints.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if "mamba" in line and not line.startswith("#")], name
    extra = yaml.safe_load((ROOT / "environment-mamba.yml").read_text(encoding="utf-8"))
    assert "mamba-ssm" in str(extra)


def test_pins_name_no_host_and_no_build():
    for name in ("constraints.txt", "pyproject.toml", "environment.yml", "Makefile"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        assert "+cpu" not in text, name


@pytest.mark.parametrize("name", ["Dockerfile", "apptainer.def"])
def test_containers_get_the_same_pins(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert len(installs) == 1
    assert "--constraint constraints.txt" in installs[0]
    assert "==" not in text
    assert ":3.11-" in text
