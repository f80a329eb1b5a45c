"""PSNR over the floats of a signal's latent: filled marks measured here, hollow ones printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png


@dataclass(frozen=True)
class Sized:
    """One system: floats of its latent, PSNR in dB, and the deviation over seeds (0 for one)."""

    title: str
    floats: float
    psnr: float
    spread: float = 0.0
    printed: bool = False


def size_figure(systems: Sequence[Sized], path: Path, title: str) -> None:
    """Draws every system as one mark; one title has one colour, measured or printed."""
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axis = figure.subplots()
    styles = {name: place for place, name in enumerate(dict.fromkeys(s.title for s in systems))}
    for system in systems:
        place = styles[system.title]
        color = COLORS[place % len(COLORS)]
        axis.errorbar(
            system.floats,
            system.psnr,
            yerr=system.spread or None,
            color=color,
            marker=MARKERS[(place // len(COLORS) + place) % len(MARKERS)],
            markerfacecolor="none" if system.printed else color,
            markersize=6,
            linestyle="",
            capsize=2,
            label=f"{system.title}, printed" if system.printed else system.title,
        )
    axis.set(xscale="log", xlabel="floats of a signal's latent", ylabel="test PSNR (dB)")
    axis.set_title(title, fontsize=9)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    save_png(figure, path)
