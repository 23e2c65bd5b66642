# make serve | test | test-long | test-versions | check | fixtures | bench | bench-peers | bench-store | attack | crash | prism | score
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.ready-dev
PORT ?= 8080
# As variables of the environment the pins hold for build tools too: the second for pip from 25.3 on; older ones ignore it.
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt $(BIN)/python -m pip --disable-pip-version-check --quiet

# The tests start hundreds of processes; without bytecode each would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve test test-long test-versions check fixtures bench bench-peers bench-store attack crash prism score clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Choose one: make PYTHON=python3.12 …" >&2; exit 2; }
	@echo "Making $(VENV) …" >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

$(READY): $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing the pinned dependencies (once) …" >&2
	@$(PIP) install -e .
	@touch $@

$(DEV_READY): $(READY)
	@echo "Installing the pinned development tools (once) …" >&2
	@$(PIP) install -e '.[dev]'
	@touch $@

serve: $(READY) ## serve all five providers on http://127.0.0.1:8080
	@$(BIN)/specimen serve --port $(PORT)

test: $(DEV_READY) ## run the tests but for the long ones
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not long" --hypothesis-profile quick

test-long: $(DEV_READY) ## run the long tests, and those of Hypothesis with all their examples
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "long or hypothesis"

test-versions: $(DEV_READY) ## a part of the tests with the lowest and the newest versions allowed, from the registry
	@$(BIN)/python -m tests.versions

check: $(DEV_READY) ## lint, types, import directions, spec lint
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.lint_specs

fixtures: $(READY) ## remake the golden files
	@$(BIN)/python -m tests.golden

bench: $(DEV_READY) ## measure the mock against a bare ASGI function and stock Connexion
	@$(BIN)/python -m tests.bench

bench-peers: $(DEV_READY) ## the same, with Prism and Mockoon from npm
	@$(BIN)/python -m tests.bench --peers

bench-store: $(DEV_READY) ## measure the stores: CPU a request, round trips, lists up to a million sessions
	@$(BIN)/python -m tests.bench.stores $(BENCH)

crash: $(DEV_READY) ## kill servers amid creates and deliveries, and count what is lost
	@$(BIN)/python -m tests.crash
	@$(BIN)/python -m tests.crash_deliveries

attack: $(DEV_READY) ## attack the mock and the judge for three minutes (ATTACK=long: twenty)
	@ATTACK=$(ATTACK) $(BIN)/python -m tests.attack

prism: $(DEV_READY) ## judge Prism, from npm, serving our kayle and idnow documents
	@$(BIN)/python -m tests.prism

score: $(DEV_READY) ## measure how many broken implementations the judge finds (hours; SCORE="--seeds 1" is quicker)
	@$(BIN)/python -m tests.score $(SCORE)

clean: ## remove the virtual environment
	@rm -rf $(VENV)
