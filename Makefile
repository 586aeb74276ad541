# `make run` and `make test` are all the set-up there is: both make .venv and install what they need, once.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test lint types check screenshots bench torture clean

run: $(READY)
	@$(BIN)/model-curator $(if $(ARGS),$(ARGS),demo)

test: lint types check

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(READY)
	$(BIN)/mypy

check: $(READY)
	$(BIN)/pytest --numprocesses=2 --dist=worksteal

screenshots: $(READY)
	$(BIN)/python -m screenshots.make
	$(BIN)/python -m screenshots.record

bench: $(READY)
	$(BIN)/python -m bench $(ARGS)

torture: $(READY)
	$(BIN)/python -m torture $(ARGS)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@
