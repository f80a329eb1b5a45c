"""What a rule's jobs ask for: of Snakemake's ``--cores`` here, or of a cluster's scheduler."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError

from benchmarks.settings.reading import ConfigError, Data, explain
from benchmarks.settings.resources import Resources
from benchmarks.workflow.allocation import cpus

MB_OF_A_GB = 1000


class RunConfig(Data):
    """What ``--config`` and a profile's configuration file say of a run."""

    scale: str = "demo"
    include: str | None = Field(default=None, description="a folder of one's own")
    jobs: Literal["stage", "cell"] | None = Field(default=None, description="null: as the scale")
    cluster: dict[str, Any] | None = None


def read_config(values: Mapping[str, Any]) -> RunConfig:
    """What a run was asked for.

    Raises:
        ConfigError: a key is unknown or wrong.
    """
    try:
        return RunConfig.model_validate(dict(values), strict=True)
    except ValidationError as error:
        raise ConfigError(f"--config: {explain(error, RunConfig)}") from error


class Cluster(Data):
    """``cluster`` of a profile's cluster.yaml: what a user's cluster calls its parts."""

    account: str | None = Field(description="who pays; null leaves it to the scheduler")
    cpu: str | None = Field(description="partition of jobs without a GPU; null is the default one")
    gpu: str | None = Field(description="partition with GPUs; null: everything on CPUs")


def read_cluster(values: Mapping[str, Any] | None) -> Cluster | None:
    """What a profile says of its cluster; None where nothing does.

    Raises:
        ConfigError: a key is unknown, missing or wrong.
    """
    if values is None:
        return None
    try:
        return Cluster.model_validate(dict(values), strict=True)
    except ValidationError as error:
        raise ConfigError(f"cluster.yaml: cluster.{explain(error, Cluster)}") from error


@dataclass(frozen=True)
class Asked:
    """What jobs ask for.

    Args:
        needs: of every rule.
        threads: of the scale; 0 takes all.
        cluster: where jobs go; None for this machine.
    """

    needs: Resources
    threads: int
    cluster: Cluster | None

    def cores(self, rule: str, available: int, alone: bool = False) -> int:
        """CPUs of a job on a cluster; else what it claims of ``--cores``.

        Args:
            available: the ``--cores`` of this run.
            alone: the job's program has one thread whatever the scale says.
        """
        if self.cluster:
            return self._cpus(rule, alone)
        return claimed(1 if alone else self.threads, available)

    def _cpus(self, rule: str, alone: bool) -> int:
        needs = self.needs.of(rule)
        return 1 if alone else max(self.threads or needs.cpus, needs.gpus)

    def resources(self, rule: str, alone: bool = False) -> dict[str, Any]:
        """Snakemake's resources of a rule.

        Args:
            alone: as of ``cores``.
        """
        needs = self.needs.of(rule)
        if self.cluster is None:
            return {"gpu": needs.gpus}
        gpus = needs.gpus if self.cluster.gpu is not None else 0
        wanted = {
            "gpu": gpus,
            "nodes": 1,  # processes of a job meet on one machine
            # Snakemake cuts a rule's threads to the submitting machine's cores, on a cluster too.
            "cpus_per_task": self._cpus(rule, alone),
            "mem_mb": math.ceil(needs.memory_gb * MB_OF_A_GB),
            "runtime": needs.minutes,
            "slurm_partition": self.cluster.gpu if gpus else self.cluster.cpu,
            "slurm_account": self.cluster.account,
        }
        return {name: value for name, value in wanted.items() if value is not None}


def claimed(threads: int, cores: int) -> int:
    """Cores that a job claims of ``--cores`` so that its threads fit on this machine.

    ``--cores 8`` on two cores is eight eighths of two: a job of one thread claims four.
    """
    real = min(cores, cpus())
    return math.ceil((threads or real) * cores / real)
