"""Error per frequency over training, of SIREN and ReLIFT on a sum of sines (ReLIFT's figure).

python -m benchmarks.stages.single_signal.spectral_bias --scale demo
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.figures.single_signal import spectral_figure
from benchmarks.records.provenance import code_digest
from benchmarks.stages.experiment import StageError
from benchmarks.stages.failure import one_line
from benchmarks.stages.lock import written_here
from benchmarks.stages.single_signal.settings import SpectralBiasSettings, load_single_signal
from benchmarks.stages.single_signal.tasks import centres
from benchmarks.stages.stage import add_resume_anyway
from lift.checkpoint import Checkpoint
from lift.network_training import TrainingConfig, train
from lift.relift import ReLIFT

SECONDS = 2.0
"""The domain [-1, 1] in the figure's time."""
CHECKS = 50


def sines(settings: SpectralBiasSettings) -> tuple[Tensor, Tensor]:
    """Sample centres ``(n, 1)`` and the sum of sines of equal amplitude at them ``(n, 1)``."""
    coords = centres(settings.samples)
    angles = 2 * torch.pi * torch.tensor(settings.frequencies) * coords
    return coords, angles.sin().mean(1, keepdim=True)


def relative_errors(prediction: Tensor, target: Tensor, frequencies: list[float]) -> list[float]:
    """``|F(prediction) - F(target)| / |F(target)|`` at each frequency (Hz)."""
    places = np.rint(np.array(frequencies) * SECONDS).astype(int)
    ours, theirs = (np.fft.rfft(part.flatten().numpy())[places] for part in (prediction, target))
    return (np.abs(ours - theirs) / np.abs(theirs)).tolist()


def follow(
    settings: SpectralBiasSettings, steps: int, folder: Path, resume_anyway: bool = False
) -> dict[str, np.ndarray]:
    """Errors ``(checks, frequencies)`` of both networks, trained from the same first weights."""
    coords, target = sines(settings)

    def loss(network: nn.Module, _: int) -> Tensor:
        return (network(coords) - target).square().mean()

    def validation(network: nn.Module, _: int) -> dict[str, float]:
        with torch.no_grad():
            errors = relative_errors(network(coords), target, settings.frequencies)
        return {f"error_{f:g}Hz": e for f, e in zip(settings.frequencies, errors, strict=True)}

    training = TrainingConfig(
        batch=settings.samples,
        steps=steps,
        rate=settings.rate,
        schedule="constant",
        log_every=steps // CHECKS,
        validate_every=steps // CHECKS,
    )
    found = {}
    for title, gamma, residual in (("SIREN", 1.0, False), ("ReLIFT", settings.gamma, True)):
        torch.manual_seed(0)
        network = ReLIFT(
            1,
            1,
            width=settings.width,
            hidden=settings.hidden,
            first_w0=settings.first_w0,
            w0=30.0,
            gamma=gamma,
            residual=residual,
        )
        checkpoint = Checkpoint(
            folder / f"{title.lower()}_checkpoint.safetensors",
            {"settings": settings.model_dump(mode="json"), "network": title, "steps": steps},
            code_digest("benchmarks.stages.single_signal.spectral_bias"),
            resume_anyway,
        )
        curve = train(
            network, loss, validation, training,
            checkpoint=checkpoint, name=title.lower(), seed=0,
        ).curve  # fmt: skip
        names = [f"error_{f:g}Hz" for f in settings.frequencies]
        found[title] = np.array([[row[name] for name in names] for row in curve if names[0] in row])
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--results", type=Path, default=Path("results"))
    add_resume_anyway(parser)
    options = parser.parse_args()
    with one_line("spectral_bias"):
        settings = load_single_signal().spectral_bias
        if options.scale not in settings.steps:
            known = ", ".join(settings.steps)
            raise StageError(f"--scale {options.scale}: spectral_bias.steps has {known}")
        steps = settings.steps[options.scale]
        figure = options.results / options.scale / "spectral_bias" / "spectral_bias.png"
        with written_here(figure):
            errors = follow(settings, steps, figure.parent, options.resume_anyway)
            spectral_figure(errors, settings.frequencies, steps, figure)


if __name__ == "__main__":
    main()
