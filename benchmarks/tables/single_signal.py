"""The single-signal comparison as a section of the tables page, and as one long CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tabulate import tabulate

from benchmarks.records.result import Result, ResultError, read_result, result_path
from benchmarks.stages.single_signal.settings import SingleSignalConfig, TaskName

TITLE = "ReLIFT and others on one signal"
HEADERS = {
    "psnr": "PSNR (dB)",
    "psnr_best_rate": "PSNR, best rate (dB)",
    "best_rate": "best rate",
    "frequency_factor": "frequencies times",
    "ssim_gaussian_best_rate": "SSIM (Gaussian window), best rate",
    "iou_best_rate": "IoU, best rate",
    "parameters": "parameters",
    "macs": "MACs a point",
    "seconds_best_rate": "seconds",
}
FORMATS = {
    "best_rate": ".2g",
    "frequency_factor": "g",
    "parameters": ",.0f",
    "macs": ",.0f",
    "seconds_best_rate": ".1f",
}
LEGEND = (
    "Every network at the same width, depth, steps and points a step. A search of one budget for "
    "each chose the factor of its frequencies (ReLIFT's gamma) and its best rate, which stands "
    "beside the task's own. The paper's protocol is not printed: steps and sizes are ours "
    "(`config/single_signal.yaml`), and its numbers stand beside ours without a difference."
)


def rows(config: SingleSignalConfig, task: TaskName, result: Result) -> list[dict]:
    """One task's table, a row a network, with every metric that its stage measured."""
    values = {metric.name: metric.value for metric in result.metrics}
    found = []
    for method, settings in config.methods.items():
        prefix = f"{method}_"
        mine = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
        printed = config.published.get(task, {}).get(method)
        found.append({"task": task, "method": settings.title, **mine, "paper_psnr": printed})
    return found


def section(config: SingleSignalConfig, root: Path, scale: str) -> tuple[str, pd.DataFrame]:
    """The Markdown of all tasks, and their rows; tasks without a result say why."""
    parts, everything = [f"## {TITLE}", LEGEND], []
    for task in config.tasks:
        name = task.replace("_", " ")
        try:
            result = read_result(
                result_path(root, scale, task, "single_signal", 0, "single_signal")
            )
        except ResultError:
            parts.append(f"**{name}**: not run in scale `{scale}`.")
            continue
        if result.status == "failed":
            parts.append(f"**{name}**: failed: {result.reason}")
            continue
        found = rows(config, task, result)
        everything += found
        parts += [f"**{name}**", _grid(found)]
    return "\n\n".join(parts), pd.DataFrame(everything)


def _grid(found: list[dict]) -> str:
    columns = [name for name in HEADERS if any(row.get(name) is not None for row in found)]
    body = [
        [row["method"]]
        + [_shown(name, row.get(name)) for name in columns]
        + ["-" if row["paper_psnr"] is None else f"{row['paper_psnr']:.2f}"]
        for row in found
    ]
    headers = ["network", *(HEADERS[name] for name in columns), "paper, PSNR (dB)"]
    alignment = ["left", *["right"] * (len(headers) - 1)]
    return tabulate(body, headers, tablefmt="pipe", disable_numparse=True, colalign=alignment)


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "diverged"
    digits = ".3f" if name.startswith(("ssim", "iou")) else ".2f"
    return format(value, FORMATS.get(name, digits))
