# Every target sets itself up: Python >= 3.11 with venv, git and make are all it needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
SUITE := .venv/installed-dev
ARGS ?=
# Containers often forbid bytecode: then each process compiles anew all that it imports, a third of what a small run costs. It is made on all cores, as pip does not.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install demo test test-all test-slow lint docs bench ui clean
help:            ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Glasshouse needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e .
	@$(BIN)/python -m compileall -q -j 0 .venv/lib dagster_project || true
	@touch $@

$(SUITE): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e ".[dev,ui,postgres]"
	@touch $@

install: $(INSTALLED)   ## .venv with what the main job needs

demo: $(INSTALLED)      ## the main job on data_samples/
	$(BIN)/glasshouse demo $(ARGS)

test: $(SUITE)          ## all tests that need nothing but Python
	@echo "left out here: browser, server and postgres tests (make test-all) and slow ones (make test-slow)"
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not browser and not server and not postgres and not slow" $(ARGS)

test-all: $(SUITE)      ## what needs a browser, a server or PostgreSQL
	@command -v chromium >/dev/null || { echo "missing: chromium (apt-get install chromium)"; exit 1; }
	@ls /usr/lib/postgresql/*/lib/pgaudit.so >/dev/null 2>&1 || { echo "missing: PostgreSQL with pgAudit (apt-get install postgresql-15 postgresql-15-pgaudit)"; exit 1; }
	@command -v strace >/dev/null || { echo "missing: strace (apt-get install strace)"; exit 1; }
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "browser or server or postgres" $$(grep -rlE 'mark\.(browser|server|postgres)\b' tests --include='*.py') $(ARGS)

test-slow: $(SUITE)     ## wide runs: fuzzing, proofs apart, and what make test takes a sample of
	$(BIN)/python -m pytest -n 2 --dist load -m slow $(ARGS)

lint: $(SUITE)          ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(SUITE)          ## pages that are made from the code
	$(BIN)/python -m tests.write_docs

bench: $(SUITE)         ## speed, side by side with the peers that are installed
	$(BIN)/python -m benchmarks.run $(ARGS)

ui: $(SUITE)            ## Dagster's web page on 127.0.0.1:3000
	$(BIN)/glasshouse ui $(ARGS)

clean:           ## remove what make made
	rm -rf .venv demo build dist
