"""Synthetic results on disk, written by the code that stages write theirs with."""

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.records.provenance import sha256
from benchmarks.records.result import (
    Budget,
    Metric,
    Provenance,
    Result,
    Stage,
    result_path,
    write_result,
)
from benchmarks.settings.dataset import DatasetConfig
from benchmarks.settings.scale import ScaleConfig

CIFAR = DatasetConfig(
    name="cifar10", title="CIFAR-10", kind="image", loader="cifar10", resolution=32, channels=3,
    stands_for="cifar10", published=True,
)  # fmt: skip
CROPS = DatasetConfig(
    name="crops", title="Photograph crops", kind="image", loader="crops", resolution=64, channels=3,
    stands_for="celebahq64",
)  # fmt: skip


def scale_config(seeds: list[int]) -> ScaleConfig:
    """A scale that trains LIFT on CIFAR-10 and on crops that stand in for CelebA-HQ."""
    counts = {"train": 1, "test": 1}
    data = {"methods": ["lift"], "validation": 1, "encode": counts, "evaluate": counts}
    return ScaleConfig.model_validate(
        {
            "scale": "tiny",
            "seeds": seeds,
            "threads": 1,
            "tables": {"cifar10": "cifar10", "celebahq64": "crops", "latent_size": "crops"},
            "datasets": {"cifar10": data, "crops": data},
        }
    )


def write(
    root: Path,
    dataset: str,
    metrics: list[Metric],
    *,
    scale: str = "tiny",
    method: str = "lift",
    seed: int = 0,
    stage: Stage = "reconstruction",
    file: str = "",
    failed: str = "",
    recorded: Provenance | None = None,
    artifacts: dict[str, str] | None = None,
) -> Path:
    """Writes one result; ``failed`` is the reason of a failure, ``file`` another stage's file."""
    path = result_path(root, scale, dataset, method, seed, file or stage)
    write_result(
        path,
        Result(
            stage=stage,
            scale=scale,
            dataset=dataset,
            method=method,
            seed=seed,
            status="failed" if failed else "ok",
            reason=failed,
            metrics=metrics,
            budget=Budget(signals=3200, published_signals=40_000_000),
            provenance=recorded,
            artifacts=artifacts or {},
        ),
    )
    return path


def leave_learning_curve(root: Path, method: str, curve: pd.DataFrame, seed: int = 0) -> Path:
    """What the stage leaves on CIFAR-10 at the scale ``budget``; returns its folder."""
    path = result_path(root, "budget", "cifar10", method, seed, "learning_curve")
    path.parent.mkdir(parents=True, exist_ok=True)
    curve.to_csv(path.with_suffix(".csv"), index=False)
    artifacts = {"learning_curve.csv": sha256(path.with_suffix(".csv"))}
    names = {"scale": "budget", "method": method, "seed": seed, "artifacts": artifacts}
    return write(root, "cifar10", [], stage="learning_curve", **names).parent


def provenance(config: dict[str, Any], device: str = "cpu") -> Provenance:
    """Of a result that was made with these settings."""
    return Provenance(
        config=config,
        config_hash="0",
        code_digest="0",
        git_commit="0",
        packages={},
        device=device,
        threads=1,
        wall_seconds=1.0,
        peak_memory_bytes=1,
    )


def psnr(test: float, train: float | None = None) -> list[Metric]:
    """PSNR of 2,000 test and 1,000 train signals."""
    metrics = [Metric(name="psnr", value=test, unit="dB", split="test", samples=2000)]
    if train is not None:
        metrics.append(Metric(name="psnr", value=train, unit="dB", split="train", samples=1000))
    return metrics


def counts(**values: float) -> list[Metric]:
    """Counted quantities."""
    return [
        Metric(name=name, value=value, unit="1", split="none") for name, value in values.items()
    ]
