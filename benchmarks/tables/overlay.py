"""Training curves of several methods of one data set in one figure: PSNR over steps.

python -m benchmarks.tables.overlay --scale demo --dataset embedded-images --methods lift relift
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.figures.curves import COLORS, read_curve
from benchmarks.figures.png import save_png
from benchmarks.records.result import read_result, result_path
from benchmarks.settings.cell import check_in_scale
from benchmarks.settings.scale import load_scale
from benchmarks.settings.trial import split_name
from benchmarks.stages.failure import one_line
from lift.progress import Row


def figure(curves: Mapping[str, Sequence[Row]], path: Path, title: str) -> None:
    """Training PSNR as lines, validation PSNR as dots."""
    drawing = Figure(figsize=(5.2, 3.4), layout="constrained")
    axis = drawing.subplots()
    for place, (name, rows) in enumerate(curves.items()):
        color = COLORS[place % len(COLORS)]
        steps = [row["step"] or 0 for row in rows]
        dots = [(row["step"] or 0, p) for row in rows if (p := row["validation_psnr"]) is not None]
        label = f"{name}, {dots[-1][1]:.2f} dB on validation" if dots else name
        seen = [row["train_psnr"] or 0 for row in rows]
        axis.plot(steps, seen, color=color, linewidth=1.3, label=label)
        if dots:
            axis.plot(*zip(*dots, strict=True), color=color, marker="o", linestyle="")
    axis.set(xlabel="steps", ylabel="PSNR (dB)", title=title)
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="lower right")
    save_png(drawing, path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo", help="config/scales/SCALE.yaml")
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--methods", nargs="+", required=True)
    parser.add_argument("--root", type=Path, default=Path("results"))
    options = parser.parse_args()
    place = (options.root, options.scale, options.dataset)
    with one_line("overlay"):
        scale_config, curves = load_scale(options.scale), {}
        for method in options.methods:
            check_in_scale(scale_config, options.dataset, split_name(method)[0])
            path = result_path(*place, method, scale_config.seeds[0], "fit")
            failed = read_result(path).status == "failed"  # a row of the tables, and no line here
            title = f"{method}, failed" if failed else method
            curves[title] = [] if failed else read_curve(path.with_name("curve.csv"))
        path = options.root / options.scale / options.dataset / "_".join(options.methods)
        figure(curves, path.with_suffix(".png"), options.dataset)


if __name__ == "__main__":
    main()
