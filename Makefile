# One word per chore; people and CI say the same words. `make` alone lists them.
#
# Every word prepares .venv by itself when it is missing or out of date, so each
# works alone on a machine that has Python 3.11 and pip.

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Torch goes in first and pinned: met as a dependency of something else, pip may
# take another build of it, with gigabytes of GPU libraries.
TORCH := torch==2.13.0
PIP   := -m pip --disable-pip-version-check --no-input install --quiet

# A file's tests stay together, in one of so many processes.
WORKERS  ?= 2
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

QUICK := not slow and not crash and not browser and not gpu and not live

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-crash test-browser test-all check fix docs lock \
        bench-accuracy bench-serving clean distclean

help: ## list the words
	@echo "make WORD, where WORD is one of:"
	@sed -n 's/^\([a-z][a-z-]*\):.*## /  \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-15s %s\n", $$1, $$2}'
	@for file in benchmarks/[a-z]*.py; do \
	  if [ -f "$$file" ]; then printf '  %-13s run %s\n' "bench-$$(basename "$$file" .py)" "$$file"; fi; \
	done

setup: $(READY) ## make .venv and install everything from requirements.lock (once)

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "aprendiz needs Python 3.11, and '$(PYTHON)' does not run here."; \
	  echo "  Debian or Ubuntu:  apt-get install python3.11 python3.11-venv"; \
	  echo "  macOS:             brew install python@3.11"; \
	  echo "  a newer Python:    make PYTHON=python3.12 ... (the lock is made with 3.11)"; \
	  exit 1; } >&2
	$(eval START := $(shell date +%s))
	@echo "Setting up $(VENV): usually two minutes, 2.2 GB on disk, only once."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "  1 of 3  $(TORCH) (about 30 seconds)"
	@$(BIN)/python $(PIP) --constraint requirements.lock $(TORCH)
	@echo "  2 of 3  the other $$(grep -c == requirements.lock) packages of requirements.lock (about a minute)"
	@$(BIN)/python $(PIP) --no-deps --requirement requirements.lock
	@echo "  3 of 3  aprendiz itself"
	@$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check
	@echo "$(VENV) is ready after $$(( $$(date +%s) - $(START) )) seconds."
	@touch $(READY)

demo: $(READY) ## train, measure and question a first model (under a minute after setup)
	@$(BIN)/aprendiz demo

test: $(READY) ## the quick tests (a few minutes)
	$(BIN)/python -m pytest $(PARALLEL) -m "$(QUICK)"

test-slow: $(READY) ## trainings that take more than ten seconds
	$(BIN)/python -m pytest $(PARALLEL) -m "slow and not crash and not browser and not gpu and not live"

test-crash: $(READY) ## processes killed in the middle of their work
	$(BIN)/python -m pytest -m "crash and not gpu and not live"

test-browser: $(READY) ## pages opened in headless Chromium (skipped where there is none)
	$(BIN)/python -m pytest -m "browser and not crash and not gpu and not live"

test-all: $(READY) ## every test but those that need a GPU or a provider
	$(BIN)/python -m pytest -m "not gpu and not live"

check: $(READY) ## style, types and who may import whom; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(READY) ## what the tools can mend by themselves
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## the documentation as HTML, in docs/_build
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build
	@echo "docs/_build/index.html"

bench-%: $(READY)
	@test -f benchmarks/$*.py || { echo "there is no benchmarks/$*.py" >&2; exit 1; }
	$(BIN)/python benchmarks/$*.py $(ARGS)

bench-accuracy: $(READY) ## aprendiz beside its peers: DATA=FOLDER, ARGS="--quick"; goes on where it was stopped
	@test -d "$(DATA)" || { \
	  echo 'where the sets are: make bench-accuracy DATA=FOLDER [ARGS="--quick"]' >&2; exit 2; }
	$(BIN)/python benchmarks/accuracy/run.py --data "$(DATA)" $(ARGS)

bench-serving: $(READY) ## aprendiz beside other servers: DATA=FOLDER, ARGS="--quick"; goes on where it was stopped
	@test -d "$(DATA)" || { \
	  echo 'where banking77 is: make bench-serving DATA=FOLDER [ARGS="--quick"]' >&2; exit 2; }
	$(BIN)/python benchmarks/serving/run.py --data "$(DATA)" $(ARGS)

# The library and its extras are resolved afresh in an environment of their own and
# written down as exact versions, without addresses. Torch's GPU libraries follow
# torch's build on each machine and are left out; so is the build's name (+cpu).
lock: ## resolve pyproject.toml afresh and rewrite requirements.lock
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	echo "resolving in a fresh environment: usually two minutes"; \
	$(PYTHON) -m venv "$$fresh/venv"; \
	"$$fresh/venv/bin/python" $(PIP) $(TORCH); \
	"$$fresh/venv/bin/python" $(PIP) --editable ".[all,dev]"; \
	"$$fresh/venv/bin/python" -m pip check; \
	"$$fresh/venv/bin/python" -m pip freeze --all --exclude pip --exclude aprendiz > "$$fresh/frozen"; \
	{ echo "# Exact versions of everything in the extras all and dev, for Python 3.11."; \
	  echo "# Made by 'make lock' from pyproject.toml; do not edit by hand."; \
	  echo "# Install with 'make setup': $(TORCH) first, then this file with --no-deps."; \
	  sed -E -e '/^(nvidia-(c|nccl|nv)|cuda-|triton)/d' -e 's/\+[A-Za-z0-9.]+$$//' "$$fresh/frozen"; \
	} > "$$fresh/lock"; \
	mv "$$fresh/lock" requirements.lock; \
	grep -c == requirements.lock | sed 's/$$/ packages in requirements.lock/'

clean: ## remove what the words above made, but for .venv
	rm -rf build dist docs/_build docs/reference/generated demo-model .pytest_cache .mypy_cache \
	  .ruff_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests docs projects benchmarks \( -name __pycache__ -o -name .mypy_cache \) -prune -exec rm -rf {} +

distclean: clean ## the same, and .venv
	rm -rf $(VENV)
