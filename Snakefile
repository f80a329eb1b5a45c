# The graph: a rule a stage, a cell a (scale, data set, method, seed).
#
#   snakemake --cores 8 results/tables.md                       every cell of the demo, and the tables
#   snakemake --cores 8 results/report.html                     the same, with every figure
#   snakemake --cores 8 results/tables.md --config scale=lite
#   snakemake --cores 2 results/demo/embedded-images/lift/seed0/reconstruction.json
#   snakemake --cores 8 results/tables.md --config include=DIR scale=SCALE   with a folder of one's own
#   snakemake --cores 2 results/budget/cifar10/comparison.md --config scale=budget
import sys

from snakemake.utils import min_version

from benchmarks.settings import folders
from benchmarks.workflow import job
from benchmarks.workflow import graph

min_version("9.0")

if "include" in config:
    folders.include(config["include"])
SCALE = config.get("scale", "demo")
PLAN = graph.Plan(SCALE)
graph.forget_failures(SCALE)

CELL = "results/{scale}/{dataset}/{method}/seed{seed}"
PYTHON = sys.executable
STAGE = "{python} -m benchmarks.stages.{name} --scale {{wildcards.scale}} --dataset {{wildcards.dataset}} --method {{wildcards.method}} --seed {{wildcards.seed}}"


def stage(name):
    """Command of a stage, run by hand with the same arguments."""
    program = STAGE.format(python=PYTHON, name=name)
    return f"{PYTHON} -m benchmarks.workflow.job --threads {{params.threads}} --log {{log}} --result {{output}} -- {program}"


onstart:
    job.start_server(PLAN.scale_config.threads)


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
        "results/tables.md",
    log:
        "results/logs/tables.log",
    params:
        scale=PLAN.scale_config.model_dump(mode="json"),
        code=graph.report_digest(),
    shell:
        "{PYTHON} -m benchmarks.tables.tables --scale {SCALE} > {log} 2>&1"


rule report:
    input:
        "results/tables.md",
    output:
        "results/report.html",
    log:
        "results/logs/report.log",
    params:
        code=graph.code_digest("benchmarks.tables.html"),
    shell:
        "{PYTHON} -m benchmarks.tables.html --scale {SCALE} > {log} 2>&1"


rule prepare:
    output:
        "results/prepared/{dataset}/data/seed0/prepare.json",
    log:
        "results/prepared/{dataset}/data/seed0/logs/prepare.log",
    params:
        config=graph.prepare_config,
        code=graph.prepare_digest,
    shell:
        "{PYTHON} -m benchmarks.workflow.job --threads 1 --log {log} --result {output} --"
        " {PYTHON} -m benchmarks.stages.prepare --dataset {wildcards.dataset}"


rule data_report:
    output:
        "results/data_report/report.md",
    log:
        "results/logs/data_report.log",
    params:
        code=graph.data_report_digest(),
        prepared=graph.prepared_manifests(),
    shell:
        "{PYTHON} -m benchmarks.stages.data_report > {log} 2>&1"


rule fit:
    input:
        data="results/prepared/{dataset}/data/seed0/prepare.json",
    output:
        CELL + "/fit.json",
    log:
        CELL + "/logs/fit.log",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.training_config,
        code=graph.stage_digest("fit"),
        threads=PLAN.scale_config.threads,
    shell:
        stage("fit")


rule learning_curve:
    input:
        fit=CELL + "/fit.json",
    output:
        CELL + "/learning_curve.json",
    log:
        CELL + "/logs/learning_curve.log",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.cell_config,
        code=graph.stage_digest("learning_curve"),
        threads=PLAN.scale_config.threads,
    shell:
        stage("learning_curve")


rule comparison:
    input:
        PLAN.learning_curves,
    output:
        "results/{scale}/{dataset}/comparison.md",
    log:
        "results/logs/comparison-{scale}-{dataset}.log",
    params:
        code=graph.code_digest("benchmarks.tables.comparison"),
    shell:
        "{PYTHON} -m benchmarks.tables.comparison --scale {wildcards.scale}"
        " --dataset {wildcards.dataset} > {log} 2>&1"


rule encode:
    input:
        fit=CELL + "/fit.json",
    output:
        CELL + "/encode.json",
    log:
        CELL + "/logs/encode.log",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.cell_config,
        code=graph.stage_digest("encode"),
        threads=PLAN.scale_config.threads,
    shell:
        stage("encode")


rule reconstruct:
    input:
        encode=CELL + "/encode.json",
    output:
        CELL + "/reconstruction.json",
    log:
        CELL + "/logs/reconstruction.log",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.cell_config,
        code=graph.stage_digest("reconstruct"),
        threads=PLAN.scale_config.threads,
    shell:
        stage("reconstruct")


rule generate:
    input:
        encode=CELL + "/encode.json",
    output:
        CELL + "/generation.json",
    log:
        CELL + "/logs/generation.log",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.generate_config,
        code=graph.generate_digest,
        threads=PLAN.scale_config.threads,
    shell:
        stage("generation.generate")


rule interpolate:
    input:
        encode=CELL + "/encode.json",
    output:
        CELL + "/interpolation.json",
    log:
        CELL + "/logs/interpolation.log",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.interpolate_config,
        code=graph.stage_digest("interpolate"),
        threads=PLAN.scale_config.threads,
    shell:
        stage("interpolate")


rule overlay:
    input:
        lift="results/{scale}/{dataset}/lift/seed0/fit.json",
        relift="results/{scale}/{dataset}/relift/seed0/fit.json",
    output:
        "results/{scale}/{dataset}/lift_relift.png",
    log:
        "results/logs/overlay-{scale}-{dataset}.log",
    params:
        code=graph.code_digest("benchmarks.figures.overlay"),
    shell:
        "{PYTHON} -m benchmarks.figures.overlay --scale {wildcards.scale}"
        " --dataset {wildcards.dataset} --methods lift relift > {log} 2>&1"


rule single_signal:
    output:
        "results/{scale}/{dataset}/single_signal/seed0/single_signal.json",
    log:
        "results/{scale}/{dataset}/single_signal/seed0/logs/single_signal.log",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    params:
        config=graph.single_signal_config(),
        code=graph.code_digest("benchmarks.stages.single_signal.compare"),
        threads=PLAN.scale_config.threads,
    shell:
        "{PYTHON} -m benchmarks.workflow.job --threads {params.threads} --log {log} --result {output} --"
        " {PYTHON} -m benchmarks.stages.single_signal.compare --scale {wildcards.scale}"
        " --task {wildcards.dataset}"


rule spectral_bias:
    output:
        "results/{scale}/spectral_bias/spectral_bias.png",
    log:
        "results/{scale}/spectral_bias/logs/spectral_bias.log",
    params:
        config=graph.single_signal_config(),
        code=graph.code_digest("benchmarks.stages.single_signal.spectral_bias"),
    shell:
        "{PYTHON} -m benchmarks.stages.single_signal.spectral_bias --scale {wildcards.scale} > {log} 2>&1"


rule encode_copies:
    input:
        fit=CELL + "/fit.json",
    output:
        CELL + "/encode_copies.json",
    log:
        CELL + "/logs/encode_copies.log",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.copies_config,
        code=graph.stage_digest("classification.encode_copies"),
        threads=PLAN.scale_config.threads,
    shell:
        stage("classification.encode_copies")


rule classify:
    input:
        copies=CELL + "/encode_copies.json",
    output:
        CELL + "/classification.json",
    log:
        CELL + "/logs/classification.log",
    wildcard_constraints:
        method=rf"(?!({graph.PIXELS})/)[\w-]+",
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.classification_config,
        code=graph.classification_digest("classification.classify"),
        threads=PLAN.scale_config.threads,
    shell:
        stage("classification.classify")


rule classify_pixels:
    input:
        data="results/prepared/{dataset}/data/seed0/prepare.json",
    output:
        CELL + "/classification.json",
    log:
        CELL + "/logs/classification.log",
    wildcard_constraints:
        method=graph.PIXELS,
    threads: graph.claimed(PLAN.scale_config.threads, workflow.cores)
    resources:
        gpu=1,
    params:
        config=graph.classification_config,
        code=graph.classification_digest("classification.classify_pixels"),
        threads=PLAN.scale_config.threads,
    shell:
        stage("classification.classify_pixels")


rule cost:
    output:
        "results/published/{dataset}/{method}/seed0/cost.json",
    log:
        "results/published/{dataset}/{method}/seed0/logs/cost.log",
    threads: graph.claimed(1, workflow.cores)
    params:
        config=graph.cost_config,
        code=graph.cost_digest,
        threads=1,
    shell:
        "{PYTHON} -m benchmarks.workflow.job --threads {params.threads} --log {log} --result {output} --"
        " {PYTHON} -m benchmarks.stages.cost --dataset {wildcards.dataset} --method {wildcards.method}"
