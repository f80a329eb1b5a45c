"""The speed suite's results as one CSV table and one figure."""

from __future__ import annotations

import csv
import json
import statistics
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report.png import save_png
from lift.files import replacing

PLAIN = "exact eager"
NAMES = {
    "exact eager": "unrolled (plain autograd)",
    "exact-low-memory eager": "replayed",
    "exact compiled": "unrolled, compiled",
    "exact-low-memory compiled": "replayed, compiled",
}
COLORS = dict(zip(NAMES, ("#9aa5b1", "#5b8db8", "#d9a05b", "#b5533c"), strict=True))


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
            order = side.split()[0]
            macs = encode if order == "encode" else info["counted"][order]["macs"]
            middle = statistics.median(times)
            counted = info["counted"].get(order, {}) if side.endswith("eager") else {}
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
                    "macs": macs,
                    "matmul_fraction": macs / middle / peak,
                    "peak_bytes": info["peak_bytes"][side] or counted.get("peak_bytes"),
                    "first_seconds": info["first_seconds"][side],
                }
            )
    return rows


def memory_rows(benchmarks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for every case, order and number of inner steps, with the largest batch in 8 GiB."""
    return [
        {
            "case": info["title"],
            "batch": info["batch"],
            "inner_steps": int(steps),
            "order": order,
            **count,
            "largest_batch_at_3_steps": info["largest_batch"][order],
        }
        for info in (entry["extra_info"] for entry in benchmarks)
        if "largest_batch" in info
        for steps, orders in info["counted"].items()
        for order, count in orders.items()
    ]


def write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    """Writes rows as CSV, whole or not at all; floats with six digits."""
    with replacing(path) as unfinished, unfinished.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()}
            )


def draw(timed: list[dict[str, Any]], memory: list[dict[str, Any]], path: Path) -> None:
    """Speed beside memory: three inner steps at the smallest batch; bytes against inner steps."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    _speed(left, [row for row in timed if row["inner_steps"] == 3])
    _memory(right, memory)
    save_png(figure, path)


def _speed(axis: Axes, rows: list[dict[str, Any]]) -> None:
    batches = {row["case"]: row["batch"] for row in reversed(rows)}
    cases = list(dict.fromkeys(row["case"] for row in rows))
    height = 0.8 / len(NAMES)
    for index, (side, name) in enumerate(NAMES.items()):
        kept = [r for r in rows if r["side"] == side and r["batch"] == batches[r["case"]]]
        places = [cases.index(row["case"]) + (index - 1.5) * height for row in kept]
        ratios = [row["times_plain"] for row in kept]
        axis.barh(places, ratios, height, color=COLORS[side], label=name)
        for place, row in zip(places, kept, strict=True):
            text = f" {row['signals_per_second']:.3g}/s"
            axis.text(row["times_plain"], place, text, va="center", fontsize=7)
    axis.set_yticks(range(len(cases)), [f"{case}\nbatch {batches[case]}" for case in cases])
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
        for order, style in (("exact", "--"), ("exact-low-memory", "-")):
            kept = [row for row in rows if row["case"] == case and row["order"] == order]
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
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    benchmarks = [entry for run in runs for entry in run["benchmarks"]]
    timed, memory = timed_rows(benchmarks), memory_rows(benchmarks)
    if timed:
        write_csv(timed, folder / "meta_step.csv")
    if memory:
        write_csv(memory, folder / "memory.csv")
    if timed and memory:
        draw(timed, memory, folder / "speed.png")
    return timed
