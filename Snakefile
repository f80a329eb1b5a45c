# The graph: a rule a stage, a cell a (scale, data set, method, seed).
#
#   snakemake --cores 8 results/tables.md                       every cell of the demo, and the tables
#   snakemake --cores 8 results/report.html                     the same, with every figure
#   snakemake results/report.html --report report.zip           afterwards: Snakemake's own, with all figures
#   snakemake --cores 8 results/tables.md --config scale=lite
#   snakemake --cores 2 results/lite/cifar10/lift/seed0/reconstruction.json --config scale=lite
#   snakemake --cores 8 results/tables.md --config include=DIR scale=SCALE   with a folder of one's own
#   snakemake --cores 2 results/budget/cifar10/comparison.md --config scale=budget
#   snakemake --cores 1 results/ablations/smoothness.csv
#
# Nothing here changes a file before a run has Snakemake's lock.
import os
import sys

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from benchmarks.records.result import ResultError
from benchmarks.settings import folders
from benchmarks.settings.resources import load_resources
from benchmarks.workflow import asked, failures, plan, stopping, triggers

min_version("9.0")

RUN = asked.read_config(config)
if RUN.include is not None:
    folders.include(RUN.include)
SCALE = RUN.scale
PLAN = plan.Plan(SCALE, RUN.jobs)
STAGED = (
    rf"(?!({SCALE if PLAN.whole_cells else 'published'}|published|prepared)/)[\w-]+"
)
THREADS = PLAN.scale_config.threads
ASKED = asked.Asked(load_resources(SCALE), THREADS, asked.read_cluster(RUN.cluster))
CELL = "results/{scale}/{dataset}/{method}/seed{seed}"
LOG = CELL + "/logs"
# What jobs run with must not be part of a command: another environment would run all of them again.
os.environ["LIFT_PYTHON"] = sys.executable
PROGRAM = '"$LIFT_PYTHON" -m'
ALONE = f"LIFT_REQUESTER=$PPID exec {PROGRAM}"  # what runs without a job around it
JOB = (
    f"exec {PROGRAM} benchmarks.workflow.job --parent $PPID --threads {{params.threads}}"
    " --log {log:q} --results {output:q}"
)
GPU_JOB = JOB + " --gpus {resources.gpu} {params.programs}"
CPU_JOB = JOB + " {params.programs}"
MAIN = workflow.is_main_process  # and not one job of a run, on a cluster say


def retried(*results):
    """An input function without inputs: a job whose result failed, or cannot be read, runs again."""

    def force(wildcards):
        names = dict(wildcards.items())
        for path in (result.format(**names) for result in results):
            if MAIN and failures.is_failed(path):
                workflow.dag.forcefiles.add(path)
        return []

    return force


def outputs():
    """Every file that this run is about."""
    return [path for job in workflow.dag.jobs for path in job.output]


def say_failures():
    """Lists what failed; a run with failures must not look like one without."""
    said = failures.report(outputs()) if MAIN else ""
    if said:
        raise WorkflowError(said)


onstart:
    if MAIN:
        about = [path for job in workflow.dag.needrun_jobs() for path in job.output]
        try:
            for line in failures.keep_unreadable(about):
                print(line, file=sys.stderr)
        except ResultError as error:
            raise WorkflowError(str(error))
    stopping.pass_signals_on()


onsuccess:
    say_failures()


onerror:
    say_failures()


wildcard_constraints:
    seed=r"\d+",
    method=r"[\w-]+(\+[\w-]+)?",
    dataset=r"[\w-]+",
    scale=r"(?!(published|prepared)/)[\w-]+",


localrules:
    tables,
    report,
    comparison,
    overlay,
    data_report,


rule tables:
    input:
        results=PLAN.results(),
        published="config/published.yaml",
    output:
        report("results/tables.md", category="Tables and report"),
    log:
        "results/logs/tables.log",
    params:
        scale=PLAN.scale_config.model_dump(mode="json", exclude={"resources"}),
        code=triggers.tables_digest(),
        beside=triggers.read_beside(SCALE),
    shell:
        ALONE + " benchmarks.tables.tables --scale {SCALE} > {log:q} 2>&1"


rule report:
    input:
        "results/tables.md",
    output:
        report("results/report.html", category="Tables and report"),
        report(
            directory("results/figures"),
            patterns=["{dataset}/{method}/{budget}/{figure}.png"],
            category="Figures",
            subcategory="{dataset}",
            labels={"method": "{method}", "figure": "{figure}", "budget": "{budget}"},
        ),
    log:
        "results/logs/report.log",
    params:
        code=triggers.report_digest(),
    shell:
        ALONE + " benchmarks.report.page --scale {SCALE} > {log:q} 2>&1"


rule prepare:
    input:
        retried=retried("results/prepared/{dataset}/data/seed0/prepare.json"),
    output:
        "results/prepared/{dataset}/data/seed0/prepare.json",
    log:
        "results/prepared/{dataset}/data/seed0/logs/prepare.log",
    threads: ASKED.cores("prepare", workflow.cores, alone=True)
    resources:
        **ASKED.resources("prepare", alone=True),
    params:
        config=triggers.prepare_config,
        code=triggers.prepare_digest,
        programs="-- benchmarks.stages.prepare --dataset {dataset}",
        threads=1,
    shell:
        CPU_JOB


rule data_report:
    output:
        "results/data_report/report.md",
    log:
        "results/logs/data_report.log",
    params:
        code=triggers.data_report_digest(),
        prepared=triggers.prepared_manifests(),
        sources=triggers.sources_there,
    shell:
        ALONE + " benchmarks.stages.data_report > {log:q} 2>&1"


rule fit:
    input:
        data="results/prepared/{dataset}/data/seed0/prepare.json",
        retried=retried(CELL + "/fit.json"),
    output:
        CELL + "/fit.json",
    log:
        LOG + "/fit.log",
    wildcard_constraints:
        scale=STAGED,
    threads: ASKED.cores("fit", workflow.cores)
    resources:
        **ASKED.resources("fit"),
    params:
        config=triggers.training_config,
        code=triggers.stage_digest("fit"),
        programs=plan.stages("fit"),
        threads=THREADS,
    shell:
        GPU_JOB


rule measure:
    input:
        fit=CELL + "/fit.json",
        retried=retried(
            CELL + "/encode.json",
            CELL + "/reconstruction.json",
            CELL + "/interpolation.json",
        ),
    output:
        CELL + "/encode.json",
        CELL + "/reconstruction.json",
        CELL + "/interpolation.json",
    log:
        LOG + "/measure.log",
    wildcard_constraints:
        scale=STAGED,
    threads: ASKED.cores("measure", workflow.cores)
    resources:
        **ASKED.resources("measure"),
    params:
        config=triggers.reconstruction_config,
        code=triggers.stage_digest("encode", "reconstruction", "interpolation"),
        programs=plan.stages("encode", "reconstruction", "interpolation"),
        threads=THREADS,
    shell:
        GPU_JOB


rule generate:
    input:
        encode=CELL + "/encode.json",
        retried=retried(CELL + "/generation.json"),
    output:
        CELL + "/generation.json",
    log:
        LOG + "/generation.log",
    wildcard_constraints:
        scale=STAGED,
    threads: ASKED.cores("generate", workflow.cores)
    resources:
        **ASKED.resources("generate"),
    params:
        config=triggers.generate_config,
        code=triggers.stage_digest("generation"),
        programs=plan.stages("generation"),
        threads=THREADS,
    shell:
        GPU_JOB


rule classify:
    input:
        fit=CELL + "/fit.json",
        retried=retried(CELL + "/encode_copies.json", CELL + "/classification.json"),
    output:
        CELL + "/encode_copies.json",
        CELL + "/classification.json",
    log:
        LOG + "/classification.log",
    wildcard_constraints:
        scale=STAGED,
        method=rf"(?!({plan.PIXELS})/)[\w-]+(\+[\w-]+)?",
    threads: ASKED.cores("classify", workflow.cores)
    resources:
        **ASKED.resources("classify"),
    params:
        config=triggers.classification_config,
        training=triggers.training_config,
        code=triggers.stage_digest("encode_copies", "classification"),
        programs=plan.stages("encode_copies", "classification"),
        threads=THREADS,
    shell:
        GPU_JOB


rule classify_pixels:
    input:
        data="results/prepared/{dataset}/data/seed0/prepare.json",
        retried=retried(CELL + "/classification.json"),
    output:
        CELL + "/classification.json",
    log:
        LOG + "/classification.log",
    wildcard_constraints:
        method=plan.PIXELS,
    threads: ASKED.cores("classify_pixels", workflow.cores)
    resources:
        **ASKED.resources("classify_pixels"),
    params:
        config=triggers.classification_config,
        code=triggers.pixels_digest,
        programs=plan.commands(plan.PIXEL_PROGRAM),
        threads=THREADS,
    shell:
        GPU_JOB


# A cell that one process does as a whole: `jobs: cell` of the scale, or `--config jobs=cell`.
for cell in PLAN.cells() if PLAN.whole_cells else []:

    rule:
        name:
            f"cell_{cell.dataset}_{cell.method}_{cell.seed}".replace("-", "_")
        input:
            data=cell.prepared,
            retried=retried(*cell.results),
        output:
            cell.results,
        log:
            cell.log,
        threads: ASKED.cores("cell", workflow.cores)
        resources:
            **ASKED.resources("cell"),
        params:
            config=cell.settings,
            code=cell.code,
            programs=plan.stages(*cell.stages)(cell),
            threads=THREADS,
        shell:
            GPU_JOB


rule learning_curve:
    input:
        fit=CELL + "/fit.json",
        retried=retried(CELL + "/learning_curve.json"),
    output:
        CELL + "/learning_curve.json",
    log:
        LOG + "/learning_curve.log",
    wildcard_constraints:
        scale=STAGED,
    threads: ASKED.cores("learning_curve", workflow.cores)
    resources:
        **ASKED.resources("learning_curve"),
    params:
        config=triggers.cell_config,
        code=triggers.stage_digest("learning_curve"),
        programs=plan.stages("learning_curve"),
        threads=THREADS,
    shell:
        GPU_JOB


rule ablation:
    input:
        plan.prepared_for_ablation,
    output:
        "results/ablations/{ablation}.csv",
    log:
        "results/logs/ablation-{ablation}.log",
    threads: ASKED.cores("ablation", workflow.cores, alone=True)
    resources:
        **ASKED.resources("ablation", alone=True),
    params:
        config=triggers.ablation_config,
        code=triggers.code_digest("benchmarks.stages.ablate"),
    shell:
        ALONE
        + " benchmarks.workflow.on_device benchmarks.stages.ablate {wildcards.ablation} > {log:q} 2>&1"


rule comparison:
    input:
        PLAN.learning_curves,
    output:
        report("results/{scale}/{dataset}/comparison.md", category="Tables and report"),
        report("results/{scale}/{dataset}/comparison.png", category="Curves"),
    log:
        "results/logs/comparison-{scale}-{dataset}.log",
    params:
        code=triggers.code_digest("benchmarks.tables.equal_budgets"),
        beside=lambda wildcards: triggers.read_beside(wildcards.scale),
    shell:
        ALONE + " benchmarks.tables.equal_budgets --scale {wildcards.scale}"
        " --dataset {wildcards.dataset} > {log:q} 2>&1"


rule overlay:
    input:
        PLAN.first_trainings,
    output:
        report("results/{scale}/{dataset}/lift_relift.png", category="Curves"),
    log:
        "results/logs/overlay-{scale}-{dataset}.log",
    params:
        code=triggers.code_digest("benchmarks.tables.overlay"),
    shell:
        ALONE + " benchmarks.tables.overlay --scale {wildcards.scale}"
        " --dataset {wildcards.dataset} --methods lift relift > {log:q} 2>&1"


rule single_signal:
    input:
        retried=retried(
            "results/{scale}/{dataset}/single_signal/seed0/single_signal.json"
        ),
    output:
        "results/{scale}/{dataset}/single_signal/seed0/single_signal.json",
    log:
        "results/{scale}/{dataset}/single_signal/seed0/logs/single_signal.log",
    threads: ASKED.cores("single_signal", workflow.cores)
    resources:
        **ASKED.resources("single_signal"),
    params:
        config=triggers.single_signal_config(),
        code=triggers.code_digest("benchmarks.stages.single_signal.compare"),
        programs="-- benchmarks.stages.single_signal.compare --scale {scale} --task {dataset}",
        threads=THREADS,
    shell:
        GPU_JOB


rule spectral_bias:
    output:
        report(f"results/{{scale}}/{plan.SPECTRAL_BIAS}", category="Curves"),
    log:
        "results/{scale}/spectral_bias/logs/spectral_bias.log",
    threads: ASKED.cores("spectral_bias", workflow.cores, alone=True)
    resources:
        **ASKED.resources("spectral_bias", alone=True),
    params:
        config=triggers.single_signal_config(),
        code=triggers.code_digest("benchmarks.stages.single_signal.spectral_bias"),
    shell:
        ALONE
        + " benchmarks.stages.single_signal.spectral_bias --scale {wildcards.scale} > {log:q} 2>&1"


for costs in plan.costs():

    rule:
        name:
            f"cost_{costs.method}".replace("-", "_")
        input:
            retried=retried(*costs.results),
        output:
            costs.results,
        log:
            f"results/published/logs/cost-{costs.method}.log",
        threads: ASKED.cores("cost", workflow.cores, alone=True)
        resources:
            **ASKED.resources("cost", alone=True),
        params:
            config=triggers.cost_config(costs.rows),
            code=triggers.cost_digest(costs.method),
            programs=costs.commands,
            threads=1,
        shell:
            CPU_JOB
