# Commands for developers and operators; `make` alone lists them.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DATA ?= data
SERVE_ARGS ?=
FUZZ_ARGS ?=
SOAK_ARGS ?=
CODE := src tests benchmarks scripts
# Nearly all fast tests of the product; the other folders start servers, browsers and models.
FAST := tests/unit tests/property tests/http tests/security tests/golden --ignore=tests/unit/benchmarks
# Keep compiled bytecode: without it each test process and each server of a test compiles everything.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install serve test check format bench fuzz soak lock docs clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.run ## Create .venv with the runtime packages (about 600 MB)
serve: install ## Start the server at http://127.0.0.1:8000 (SERVE_ARGS=--no-auth, SERVE_ARGS="--port 9000")
	$(BIN)/web-image-ocr serve --data-dir $(DATA) $(SERVE_ARGS)

test: $(VENV)/.dev ## Run all tests; as root, install the Debian packages that some of them need
	@scripts/debian-packages requirements/debian.txt
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=25

check: $(VENV)/.dev ## Check format, lint, types, imports, documentation, prose; run the fast tests
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.docs --check
	$(BIN)/python -m scripts.prose
	$(BIN)/python -m pytest -n auto -m "not models and not server and not slow" -q $(FAST)

format: $(VENV)/.dev ## Format the code and apply ruff's fixes
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

docs: $(VENV)/.dev ## Generate the reference pages
	$(BIN)/python -m scripts.docs

bench: $(VENV)/.dev ## Measure accuracy, latency and load on labelled images (DIR=images, see docs/benchmarks.md)
	@test -n "$(DIR)" || { echo "DIR is not set. Name the folder of labelled images: make bench DIR=..."; exit 2; }
	$(BIN)/python -m benchmarks.accuracy --data $(DIR) --engine ours --engine rapidocr
	$(BIN)/python -m benchmarks.latency --data $(DIR)
	$(BIN)/python -m benchmarks.load --data $(DIR)

fuzz: $(VENV)/.dev ## Fuzz the parsers and a server, about 20 minutes (other inputs: FUZZ_ARGS="--seed 2")
	$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

soak: $(VENV)/.dev ## Run servers under load, kills and restarts, about 20 minutes (some: SOAK_ARGS="kill stop")
	$(BIN)/python -m tests.soak $(SOAK_ARGS)

COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --no-annotate \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
lock: $(VENV)/.dev ## Update the lock files from pyproject.toml and requirements/*.in
	$(COMPILE) pyproject.toml -o requirements/run.txt
	$(COMPILE) --extra dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt
	$(COMPILE) requirements/build.in -o requirements/build.txt
	$(COMPILE) --no-deps requirements/models.in -o requirements/models.txt

clean: ## Remove the virtual environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The lock files are complete: pip installs each line without resolving dependencies.
$(VENV)/.run: requirements/run.txt requirements/build.txt requirements/models.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked packages (about 190 MB, once; a minute or two) ..."
	@$(PIP) install --no-deps --require-hashes -r requirements/build.txt -r requirements/run.txt -r requirements/models.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing the development packages ..."
	@$(PIP) install --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(BIN)/python:
	@scripts/make-venv $(PYTHON) $(VENV)
