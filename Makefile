# `make run` and `make test` are all the set-up there is: both make .venv and install what they need, once.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
FLOOR := 85

LOCK := requirements-dev.lock
LOCKED := $(if $(wildcard $(LOCK)),--constraint $(LOCK))

.PHONY: run test lint types check coverage docs screenshots bench torture lock clean

run: $(READY)
	@$(BIN)/model-curator $(if $(ARGS),$(ARGS),demo)

test: lint types check

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell
	$(BIN)/python -m tests.support.prose

types: $(READY)
	$(BIN)/mypy

# Twice as many processes as the two cores it is made for: some tests wait for programs that they started.
check: $(READY)
	$(BIN)/pytest --numprocesses=4 --dist=worksteal

# Programs that tests start are not counted, so the true figure is higher.
coverage: $(READY)
	$(BIN)/pytest --numprocesses=4 --dist=worksteal --cov --cov-report=term --cov-fail-under=$(FLOOR) tests/unit tests/cli tests/app

docs: $(READY)
	$(BIN)/python -m tests.support.key_docs

screenshots: $(READY)
	$(BIN)/python -m screenshots.make
	$(BIN)/python -m screenshots.record

bench: $(READY)
	$(BIN)/python -m tests.bench $(ARGS)

torture: $(READY)
	$(BIN)/python -m tests.torture $(ARGS)

# Made with the oldest Python that is supported, so that newer ones can use the same versions.
lock:
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet '.[dev]'
	build/lock/bin/python -m pip freeze --exclude model-curator > $(LOCK)
	rm -rf build/lock

clean:
	rm -rf .venv .venv-3.* .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

# An index that lacks a locked version, such as an old mirror, is no reason not to run.
$(READY): pyproject.toml $(wildcard $(LOCK))
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]' $(LOCKED) || \
		{ echo 'The locked versions cannot be installed here; installing the newest that fit.' >&2; \
		$(BIN)/python -m pip install --quiet --editable '.[dev]'; }
	@touch $@
