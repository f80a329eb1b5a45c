# docker build -t lift . && docker run --rm -v "$PWD/results:/lift/results" lift
FROM python:3.11-slim-bookworm
WORKDIR /lift
# Snakemake's shell commands need bash, and a result records the commit of its code.
RUN apt-get update \
 && apt-get install --no-install-recommends -y git build-essential \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN pip install --no-cache-dir --constraint constraints.txt --editable ".[dev,slurm]"
CMD ["python", "-m", "snakemake", "--cores", "8", "results/tables.md"]
