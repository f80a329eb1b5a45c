"""What jobs ask for, here and on a cluster, and what they take of what they are given."""

import pytest

from benchmarks.settings.reading import ConfigError
from benchmarks.settings.resources import load_resources
from benchmarks.workflow.allocation import cpus, owns_its_devices
from benchmarks.workflow.asked import Asked, read_cluster, read_config
from benchmarks.workflow.job import environment
from tests.benchmarks.settings.configuration import edited

CPU = {"account": None, "cpu": "short", "gpu": None}
GPU = {"account": "me", "cpu": "short", "gpu": "big"}


def asked(cluster, threads=0):
    return Asked(load_resources("demo"), threads, read_cluster(cluster))


def test_only_jobs_that_compute_on_a_gpu_go_to_its_partition():
    cell, cost = asked(GPU).resources("cell"), asked(GPU).resources("cost")
    assert (cell["slurm_partition"], cell["gpu"], cell["slurm_account"]) == ("big", 1, "me")
    assert (cost["slurm_partition"], cost["gpu"]) == ("short", 0)


def test_a_cluster_without_gpus_is_asked_for_none():
    cell = asked(CPU).resources("cell")
    assert (cell["slurm_partition"], cell["gpu"]) == ("short", 0)
    assert "slurm_account" not in cell


def test_a_scale_asks_for_less_than_the_papers_data_needs():
    demo, paper = load_resources("demo").cell, load_resources("paper").cell
    assert (demo.memory_gb, demo.minutes) < (paper.memory_gb, paper.minutes)
    assert asked(CPU).resources("cell")["mem_mb"] == demo.memory_gb * 1000


def test_cpus_come_from_the_scale_and_not_from_the_submitting_machine():
    assert asked(CPU, threads=1).cores("fit", 64) == 1
    assert asked(CPU, threads=0).cores("fit", 64) == load_resources("demo").fit.cpus
    assert asked(CPU, threads=0).cores("cost", 64, alone=True) == 1
    assert (
        asked(CPU, threads=0).resources("fit")["cpus_per_task"] == load_resources("demo").fit.cpus
    )
    assert asked(CPU, threads=4).resources("cost", alone=True)["cpus_per_task"] == 1


@pytest.fixture
def four_gpus(tmp_path, monkeypatch):
    """`gpus: 4` for a rule."""

    def ask(rule):
        edited(monkeypatch, tmp_path, "resources.yaml", lambda rules: rules[rule].update(gpus=4))

    return ask


@pytest.mark.parametrize("rule", ["fit", "measure", "generate"])
def test_rules_whose_work_is_shared_ask_for_many_gpus_of_one_node(rule, four_gpus):
    four_gpus(rule)
    found = asked(GPU, threads=1).resources(rule)
    assert (found["gpu"], found["nodes"], found["slurm_partition"]) == (4, 1, "big")
    assert asked(GPU, threads=1).cores(rule, 64) == 4
    assert asked(CPU).resources(rule)["gpu"] == 0
    assert asked(None).resources(rule) == {"gpu": 4}


@pytest.mark.parametrize("rule", ["cell", "classify", "prepare"])
def test_other_rules_refuse_more_than_one(rule, four_gpus):
    four_gpus(rule)
    wrong = rf"resources\.yaml: {rule}\.gpus: .* less than or equal to 1; got '4'$"
    with pytest.raises(ConfigError, match=wrong):
        load_resources("demo")


def test_gpus_are_counted(tmp_path, monkeypatch):
    edited(monkeypatch, tmp_path, "resources.yaml", lambda rules: rules["fit"].update(gpus=True))
    with pytest.raises(ConfigError, match=r"resources\.yaml: fit\.gpus: .* integer; got 'True'"):
        load_resources("demo")


def test_a_run_on_this_machine_reads_only_who_needs_a_gpu():
    assert asked(None).resources("fit") == {"gpu": 1}
    assert asked(None).resources("prepare") == {"gpu": 0}


def test_a_wrong_key_of_a_cluster_is_named():
    with pytest.raises(ConfigError, match=r"cluster\.yaml: cluster\..*partition"):
        read_cluster({**CPU, "partition": "x"})


def test_threads_inside_a_job_are_those_of_its_allocation(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    assert cpus() == 3
    assert environment(0, [])["OMP_NUM_THREADS"] == "3"
    assert environment(1, [])["OMP_NUM_THREADS"] == "1"


def test_processes_with_a_device_each_share_a_jobs_threads():
    variables = environment(8, ["0", "2"])
    assert (variables["CUDA_VISIBLE_DEVICES"], variables["OMP_NUM_THREADS"]) == ("0,2", "4")
    assert environment(1, ["0", "2"])["OMP_NUM_THREADS"] == "1"


def test_gpus_of_a_scheduler_need_no_slot(monkeypatch):
    monkeypatch.delenv("SLURM_STEP_GPUS", raising=False)
    monkeypatch.delenv("SLURM_JOB_GPUS", raising=False)
    assert not owns_its_devices()
    monkeypatch.setenv("SLURM_JOB_GPUS", "2")
    assert owns_its_devices()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"scael": "lite"},
            "--config: scael: .*got .lite.; expected scale, include, jobs",
        ),
        ({"jobs": "all"}, "--config: jobs: Input should be 'stage' or 'cell'; got 'all'"),
        ({"scale": ["demo"]}, "--config: scale: .*string"),
    ],
)
def test_a_run_takes_known_settings_alone(values, message):
    with pytest.raises(ConfigError, match=message):
        read_config(values)
    assert read_config({"scale": "lite", "jobs": "cell"}).scale == "lite"
