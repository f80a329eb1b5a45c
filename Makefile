# make tables   the demo: every stage and every table, on data that ships with the code
# make test     the tests
# make lint     ruff, mypy, snakefmt
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: tables test lint
tables: $(READY)
	$(BIN)/snakemake --cores 8 results/tables.md results/report.html

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile
	$(BIN)/mypy

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(READY)
