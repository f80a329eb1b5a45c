"""The single-signal comparison as a section of the tables page, and as one long CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.records.result import Result, ResultError, read_result, result_path
from benchmarks.stages.single_signal.recorded import budget
from benchmarks.stages.single_signal.settings import SingleSignalConfig, TaskName
from benchmarks.tables.about import short
from benchmarks.tables.layout import Grid, Section, Shown, split

TITLE = "ReLIFT and others on one signal"
HEADERS = {
    "psnr": "PSNR, Adam (dB) ↑",
    "psnr_muon": "PSNR, Muon (dB) ↑",
    "ssim_gaussian": "SSIM (Gaussian window), Adam ↑",
    "ssim_gaussian_muon": "SSIM (Gaussian window), Muon ↑",
    "iou": "IoU, Adam ↑",
    "iou_muon": "IoU, Muon ↑",
    "first_factor": "first frequencies times",
    "hidden_factor": "others times, Adam",
    "hidden_factor_muon": "others times, Muon",
    "rate": "Adam's rate",
    "muon_rate": "Muon's rate",
    "parameters": "parameters",
    "macs": "MACs a point",
    "seconds": "seconds, Adam",
    "seconds_muon": "seconds, Muon",
}
FORMATS = {
    "rate": ".2g",
    "muon_rate": ".2g",
    "first_factor": "g",
    "hidden_factor": "g",
    "hidden_factor_muon": "g",
    "parameters": ",.0f",
    "macs": ",.0f",
    "seconds": ".1f",
    "seconds_muon": ".1f",
}
LEGEND = (
    "Every network at the same width (WIRE's over the root of two, as published: its numbers are "
    "complex), depth, steps and points a step. One search for each chose the factors of its "
    "frequencies (the first layer's is ReLIFT's gamma), Adam's rate, and Muon's for matrices "
    "without a side of three or less; both optimisers are shown, under one schedule. The paper's "
    "protocol is not printed: steps and sizes are ours (`config/single_signal.yaml`), and its "
    "numbers stand beside ours without a difference."
)


def rows(config: SingleSignalConfig, task: TaskName, result: Result) -> list[dict]:
    """One task's table, a row a network that ran, with every metric that its stage measured."""
    values = {metric.name: metric.value for metric in result.metrics}
    found = []
    for method, settings in config.methods.items():
        prefix = f"{method}_"
        mine = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
        if "first_factor" not in mine:  # what every search chooses
            continue
        printed = config.published.get(task, {}).get(method)
        found.append({"task": task, "method": settings.title, **mine, "paper_psnr": printed})
    return found


def section(config: SingleSignalConfig, root: Path, scale: str) -> tuple[Section, pd.DataFrame]:
    """All tasks, and their rows; tasks without a result say why."""
    grids: list[Grid] = []
    remarks, everything = [], []
    missing = []
    for task in config.tasks:
        name = task.replace("_", " ")
        try:
            result = read_result(
                result_path(root, scale, task, "single_signal", 0, "single_signal")
            )
        except ResultError:
            missing.append(name)
            continue
        if result.status == "failed":
            remarks.append(f"{name} failed: {short(result.reason)}")
            continue
        found = rows(config, task, result)
        there = [row["method"] for row in found]
        absent = [one.title for one in config.methods.values() if one.title not in there]
        if not found:
            missing.append(name)
            continue
        if absent:
            remarks.append(f"{name}: {', '.join(absent)} not run.")
        everything += found
        if spent := budget(result):
            remarks.append(f"{name}: {spent}.")
        grids += _grids(name, found)
    if missing:
        remarks.append(f"Not run in scale `{scale}`: {', '.join(missing)}.")
    return Section("single_signal", TITLE, LEGEND, grids, remarks=remarks), pd.DataFrame(everything)


def _grids(task: str, found: list[dict]) -> Iterator[Grid]:
    columns = []
    for name, heading in HEADERS.items():
        if any(row.get(name) is not None for row in found):
            paper = name == "psnr" and any(row["paper_psnr"] is not None for row in found)
            cells = [[_shown(name, row)] for row in found]
            columns.append(([heading + " (paper)" * paper], cells))
    widest = max(len(row["method"]) for row in found)
    for headings, body in split(columns, [widest], lambda shown: len(shown.marked)):
        lines = [[Shown(row["method"]), *cells] for row, cells in zip(found, body, strict=True)]
        yield Grid(task, ["network", *headings], lines)


def _shown(name: str, row: dict) -> Shown:
    value = row.get(name)
    digits = ".3f" if name.startswith(("ssim", "iou")) else ".2f"
    text = "diverged" if value is None else format(value, FORMATS.get(name, digits))
    if (deviation := row.get(f"{name}_deviation")) is not None:
        text += f" ± {deviation:.2f}"
    if name == "psnr" and row["paper_psnr"] is not None:
        text += f" ({row['paper_psnr']:.2f})"
    return Shown(text, value)
