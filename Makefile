# One environment in .venv, made from requirements.lock; every target makes it when it is missing or stale.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# Two variables of the shell that change what Textual paints, hence its snapshots.
PYTEST := env -u NO_COLOR -u TEXTUAL_THEME $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help run test check lint types walls bench calibrate test-long snapshots baselines screenshots lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("wizard needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

run: $(STAMP)  ## the wizard; without a terminal, the shipped example's plan
	@$(BIN)/wizard

test: $(STAMP)  ## all tests, on two cores
	$(PYTEST) -n 2 -m "not bench and not long"

check: lint types walls test  ## what CI runs: ruff, mypy, import walls, tests

lint: $(STAMP)  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy

walls: $(STAMP)  ## who may import whom
	$(BIN)/lint-imports --no-cache

bench: $(STAMP)  ## measured times and ratios
	$(PYTEST) -m bench -s tests/bench

test-long: $(STAMP)  ## what is too long for make test
	$(PYTEST) -n 2 -m long

calibrate: $(STAMP)  ## fit the performance model anew and print its errors; ARGS=--write keeps it
	nice $(BIN)/python tests/bench/calibrate.py $(ARGS)

snapshots: $(STAMP)  ## draw the screens' snapshots anew; look at each before committing it
	$(PYTEST) tests/snapshots --snapshot-update

baselines: $(STAMP)  ## solve the saved plans and frozen cases anew; explain each change in the commit
	$(BIN)/python tests/golden/make_baselines.py

screenshots: $(STAMP)  ## the README's pictures, from one sitting at the real app; look at each
	$(BIN)/python tests/snapshots/make_screenshots.py

lock:  ## resolve requirements.lock anew (needs uv)
	uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header -q pyproject.toml -o requirements.lock

clean:  ## remove the environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
