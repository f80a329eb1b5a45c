# make tables            the demo: every stage and every table, on data that ships with the code
# make test              the tests
# make test-report       the report in a browser (Debian: apt-get install chromium)
# make test-durability   kills runs at random moments and compares what they end with; half an hour
# make ablations         the tables of config/ablations.yaml; hours, needs CIFAR-10
# make test-cluster      profiles/slurm on a Slurm of one node that it starts; as root
# make lint              ruff, mypy, snakefmt
PYTHON ?= python3
VENV ?= .venv
READY := $(VENV)/.ready
ABLATIONS := pieces smoothness scales inner_steps
# Programs are started through the interpreter: the first line of a script cannot hold every path.
RUN := "$(VENV)/bin/python" -m

.PHONY: tables test test-report test-durability test-cluster ablations lint
tables: $(READY)
	$(RUN) snakemake --cores 8 results/tables.md results/report.html

test: $(READY)
	OMP_NUM_THREADS=1 $(RUN) pytest -n auto --dist loadfile -m "not browser"

test-report: $(READY)
	OMP_NUM_THREADS=1 $(RUN) pytest -rs tests/benchmarks/report

test-durability: $(READY)
	OMP_NUM_THREADS=1 $(RUN) tests.durability.kill

ablations: $(READY)
	$(RUN) snakemake --cores 2 $(ABLATIONS:%=results/ablations/%.csv)

test-cluster: $(READY)
	$(RUN) pip install --quiet --constraint constraints.txt --editable ".[slurm]"
	OMP_NUM_THREADS=1 $(RUN) tests.cluster.scenario

lint: $(READY)
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) snakefmt --check Snakefile
	$(RUN) mypy

$(READY): pyproject.toml constraints.txt
	"$(PYTHON)" -m venv "$(VENV)"
	$(RUN) pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch "$(READY)"
