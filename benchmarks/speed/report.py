"""The speed suite's results as one CSV table and one figure."""

from __future__ import annotations

import csv
import json
import statistics
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.png import save_png
from lift.files import replacing

PLAIN = "plain"
KINDS = {
    "unrolled (plain autograd)": "#9aa5b1",
    "replayed": "#5b8db8",
    "unrolled, first step shared": "#3f8f8c",
    "unrolled in micro-batches": "#6aa84f",
    "unrolled, compiled": "#d9a05b",
    "replayed, compiled": "#b5533c",
    "unrolled in micro-batches, compiled": "#7d4f9e",
}


def kind(side: str) -> str | None:
    """A way to take a meta-step as the figure names it; None for encoding."""
    if side.startswith("encode"):
        return None
    if side == PLAIN:
        return "unrolled (plain autograd)"
    if side == "unrolled eager":
        return "unrolled, first step shared"
    words = "replayed" if side.startswith("replayed") else "unrolled"
    words += " in micro-batches" if "at once" in side else ""
    return words + (", compiled" if "compiled" in side else "")


def eager(side: str) -> str:
    """The same way without compiling: it has as many multiply-adds."""
    return side.replace("compiled", "eager")


def timed_rows(benchmarks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a side of every timed case.

    ``times_plain`` is the median, over rounds, of the plain step's seconds by this side's in the
    same round. ``matmul_fraction`` is the multiply-adds a second by those of the matrix product.
    """
    rows = []
    for info in (entry["extra_info"] for entry in benchmarks):
        if "seconds" not in info:
            continue
        taken, encode = info["seconds"], info["encode_macs"]
        peak = info["matmul_macs"] / statistics.median(taken["matmul"])
        for side, times in taken.items():
            if side == "matmul":
                continue
            middle = statistics.median(times)
            encodes = kind(side) is None
            counted = {"macs": encode} if encodes else info["counted"][eager(side)]
            seen = None if "compiled" in side else counted.get("peak_bytes")
            rows.append(
                {
                    "case": info["title"],
                    **{key: info[key] for key in ("device", "threads", "batch", "inner_steps")},
                    "side": side,
                    "signals_per_second": info["batch"] / middle,
                    "median": middle,
                    "fastest": min(times),
                    "slowest": max(times),
                    "rounds": len(times),
                    "times_plain": statistics.median(
                        plain / mine for plain, mine in zip(taken[PLAIN], times, strict=True)
                    ),
                    "macs": counted["macs"],
                    "matmul_fraction": counted["macs"] / middle / peak,
                    "peak_bytes": info["peak_bytes"][side] or seen,
                    "first_seconds": info["first_seconds"][side],
                }
            )
    return rows


def memory_rows(benchmarks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for every case, number of inner steps and way, with the largest batch in 8 GiB."""
    return [
        {
            "case": info["title"],
            "batch": info["batch"],
            "inner_steps": int(steps),
            "way": way,
            **count,
            "largest_batch_at_3_steps": info["largest_batch"].get(way),
        }
        for info in (entry["extra_info"] for entry in benchmarks)
        if "largest_batch" in info
        for steps, ways in info["counted"].items()
        for way, count in ways.items()
    ]


def write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    """Writes rows as CSV, whole or not at all; floats with six digits."""
    with replacing(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()}
            )


def draw(timed: list[dict[str, Any]], memory: list[dict[str, Any]], path: Path) -> None:
    """Speed beside memory: three inner steps at every batch; bytes against inner steps."""
    figure = Figure(figsize=(11, 6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    _speed(left, [row for row in timed if row["inner_steps"] == 3])
    _memory(right, memory)
    save_png(figure, path)


def _speed(axis: Axes, rows: list[dict[str, Any]]) -> None:
    cases = list(dict.fromkeys((row["case"], row["batch"]) for row in rows))
    height = 0.84 / len(KINDS)
    for index, (name, color) in enumerate(KINDS.items()):
        kept = []
        for case in cases:
            ways = [
                row
                for row in rows
                if (row["case"], row["batch"]) == case and kind(row["side"]) == name
            ]
            kept += [max(ways, key=lambda row: row["times_plain"])] if ways else []
        places = [
            cases.index((row["case"], row["batch"])) + (index - (len(KINDS) - 1) / 2) * height
            for row in kept
        ]
        ratios = [row["times_plain"] for row in kept]
        axis.barh(places, ratios, height, color=color, label=name)
        for place, row in zip(places, kept, strict=True):
            text = f" {row['signals_per_second']:.3g}/s"
            axis.text(row["times_plain"], place, text, va="center", fontsize=6)
    axis.set_yticks(range(len(cases)), [f"{case}\nbatch {batch}" for case, batch in cases])
    axis.tick_params(labelsize=8)
    axis.invert_yaxis()
    axis.axvline(1, color="black", linewidth=0.6)
    axis.margins(x=0.12)
    axis.set_xlabel("speed, times the plain unrolled step (labels: signals a second)", fontsize=8)
    axis.set_title("One meta-step, three inner steps, float32", fontsize=9)
    axis.legend(fontsize=7, frameon=False)
    axis.spines[["top", "right"]].set_visible(False)


def _memory(axis: Axes, rows: list[dict[str, Any]]) -> None:
    for index, case in enumerate(dict.fromkeys(row["case"] for row in rows)):
        for way, style in ((PLAIN, "--"), ("replayed eager", "-")):
            kept = [row for row in rows if row["case"] == case and row["way"] == way]
            axis.plot(
                [row["inner_steps"] for row in kept],
                [row["peak_bytes"] / 2**30 for row in kept],
                style,
                marker="o",
                markersize=3,
                color=f"C{index}",
                label=case if style == "-" else None,
            )
    axis.set(xscale="log", yscale="log")
    axis.set_xticks([1, 3, 10], ["1", "3", "10"])
    axis.minorticks_off()
    axis.tick_params(labelsize=8)
    axis.set_xlabel("inner steps (dashed: unrolled, solid: replayed)", fontsize=8)
    axis.set_ylabel("GiB alive at once", fontsize=8)
    axis.set_title("Memory of one eager meta-step of 16 signals", fontsize=9)
    axis.legend(fontsize=7, frameon=False)
    axis.spines[["top", "right"]].set_visible(False)


def report(folder: Path) -> list[dict[str, Any]]:
    """Reads the suite's JSON files in a folder; leaves two CSV files and a figure beside them."""
    paths = sorted(path for what in ("time", "memory") for path in folder.glob(f"{what}*.json"))
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    benchmarks = [entry for run in runs for entry in run["benchmarks"]]
    timed, memory = timed_rows(benchmarks), memory_rows(benchmarks)
    if timed:
        write_csv(timed, folder / "meta_step.csv")
    if memory:
        write_csv(memory, folder / "memory.csv")
    if timed and memory:
        draw(timed, memory, folder / "speed.png")
    return timed
