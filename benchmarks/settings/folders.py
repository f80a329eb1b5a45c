"""Where configuration lies: in ``config/``, and in a folder of one's own.

That folder is named by the environment variable LIFT_INCLUDE (``--include`` of the command line and
``--config include=`` of Snakemake set it). It may hold ``methods/*.yaml``, ``datasets/*.yaml`` and
``scales/*.yaml``, and Python modules that they name.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Literal

from benchmarks.settings.reading import ConfigError

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
VARIABLE = "LIFT_INCLUDE"

Kind = Literal["methods", "image_classifiers", "datasets", "scales"]


def include(folder: str | Path) -> None:
    """Has this process and the programs that it starts read a folder of one's own too.

    Raises:
        ConfigError: there is no such folder.
    """
    os.environ[VARIABLE] = str(Path(folder).expanduser().resolve())
    included()


def included() -> Path | None:
    """The folder of one's own, absolute; None where none is named.

    Raises:
        ConfigError: there is no such folder.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser().resolve()
    if not path.is_dir():
        raise ConfigError(f"{VARIABLE}: {path}: no such folder; expected one with methods/*.yaml")
    return path


def files(kind: Kind) -> dict[str, Path]:
    """The YAML files of a kind by their names, those of one's own last.

    Raises:
        ConfigError: a method or data set of one's own has the name of one here, or this is no
            checkout.
    """
    if not CONFIG.is_dir():
        raise ConfigError(
            f"{CONFIG}: no such folder; the harness runs from a checkout of its repository "
            "(pip install --editable .): an installed package has the code alone"
        )
    found = {path.stem: path for path in sorted((CONFIG / kind).glob("*.yaml"))}
    folder = included()
    for path in sorted((folder / kind).glob("*.yaml")) if folder else ():
        # A scale may extend the one of its own name.
        if path.stem in found and kind != "scales":
            raise ConfigError(
                f"{path}: the name {path.stem!r} is taken by {found[path.stem]}; choose another"
            )
        found[path.stem] = path
    return found


def find(kind: Kind, name: str) -> Path:
    """The file of this kind and name.

    Raises:
        ConfigError: there is none; the message names those that there are.
    """
    known = files(kind)
    if name not in known:
        place = CONFIG / kind / f"{name}.yaml"
        raise ConfigError(f"{shown(place)}: no such file; {kind} has {', '.join(sorted(known))}")
    return known[name]


def shown(path: Path) -> str:
    """How messages name a file: from the project's folder where it lies in it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def load_module(name: str) -> ModuleType:
    """Imports a module that configuration names, of an installed package or of one's own folder.

    Raises:
        ConfigError: it cannot be imported.
    """
    folder = included()
    if folder and str(folder) not in sys.path:
        sys.path.append(str(folder))  # last, so that it hides nothing
    try:
        return importlib.import_module(name)
    except ImportError as error:
        where = f" (looked in {folder} too)" if folder else ""
        raise ConfigError(f"module {name!r} cannot be imported: {error}{where}") from error
    except Exception as error:  # somebody's own code: its cells fail, and no others
        *_, last = traceback.extract_tb(error.__traceback__)
        raise ConfigError(
            f"module {name!r} cannot be imported: {type(error).__name__}: {error} "
            f"({last.filename}, line {last.lineno})"
        ) from error
