# "make help" prints what there is. The first target that needs an environment installs it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

AIRFLOW := 3.3.2
OLDER_AIRFLOWS := 3.2.2 3.1.8 3.0.6 2.11.2
# Before 3.1 the REST API that the tests use differs.
STANDALONE_AIRFLOWS := 3.2.2 3.1.8
NEWER_PYTHONS := 3.12 3.13
README_DAG := tests/e2e/test_dags_test.py
# "make test" leaves these to targets of their own: another Airflow, servers that only these need, and the search of the
# documentation, which no change of code affects.
BUTTON_OF_AIRFLOW_2 := tests/browser/test_button_of_airflow_2.py
EXECUTORS := tests/e2e/executors
DOCS := tests/browser/test_docs.py
PIECES = $(OLDER_AIRFLOWS:%=test-airflow-%) $(OLDER_AIRFLOWS:%=test-dags-%) $(OLDER_AIRFLOWS:%=test-readme-%) \
  $(STANDALONE_AIRFLOWS:%=test-standalone-%) test-button test-executors test-docs test-random \
  $(NEWER_PYTHONS:%=test-python-%)
DAG_SHAPES := $(addprefix tests/scenario/test_dag_,shapes.py variants.py settings.py mapping.py callbacks.py)

BIN := .venv/bin
INSTALLED := .venv/.installed
# Python without its cache of compiled modules, as images of containers often set it up, takes twice as long to start
# Airflow, which tests do many times.
unexport PYTHONDONTWRITEBYTECODE

# One more than processors: some tests wait, for servers and for Airflow, and others use the processors meanwhile.
PROCESSES := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# With a line for each file of tests.
PARALLEL := -n $(PROCESSES) --dist worksteal -p tests.support.lines
# By file, and with tests that share an Airflow in one process.
SHARING := -n $(PROCESSES) --dist loadscope --no-loadscope-reorder -p tests.support.lines -p tests.support.sharing

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "PYTHON=/path/to/python3.11 names the Python that environments are made with."

.PHONY: check
check: $(INSTALLED) ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: format
format: $(INSTALLED) ## Format the code and repair what lint can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: quick
quick: $(INSTALLED) ## Run most unit tests, on all processors
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not ffmpeg and not slow" -k "not postgresql" tests/unit

.PHONY: test
test: $(INSTALLED) ## Run all tests of code with this Airflow, a real scheduler and triggerer included
	$(BIN)/python -m pytest -q $(PARALLEL) tests/unit tests/emulator
	$(BIN)/python -m pytest -q $(SHARING) tests/e2e tests/browser tests/scenario tests/resilience tests/demo \
	  --ignore $(EXECUTORS) --ignore $(DOCS) --ignore $(BUTTON_OF_AIRFLOW_2)

.PHONY: test-executors
test-executors: $(INSTALLED) ## Run imports with LocalExecutor over PostgreSQL, and with CeleryExecutor on two hosts
	$(BIN)/python -m pytest -q $(SHARING) $(EXECUTORS)

.PHONY: test-docs
test-docs: $(INSTALLED) ## Find in the documentation what people look for, with clicks and with its search
	$(BIN)/python -m pytest -q $(DOCS)

.PHONY: test-random
test-random: $(INSTALLED) ## Run many more random histories and inputs than "make test"
	CI=true $(BIN)/python -m pytest -q $(PARALLEL) -m hypothesis tests/unit tests/resilience
	GONG_HISTORIES=300 $(BIN)/python -m pytest -q $(PARALLEL) tests/resilience/histories

.PHONY: test-matrix
test-matrix: test-dags-2.11.2 $(OLDER_AIRFLOWS:%=test-readme-%) test-button ## Run with older Airflows what a change is most likely to break

.PHONY: test-everything
test-everything: ## Run the whole matrix besides "make test", with a table at the end (hours; PIECES="test-dags-3.0.6 ..." for parts)
	.ci/pieces $(PIECES)

.PHONY: test-dags
test-dags: $(OLDER_AIRFLOWS:%=test-dags-%) $(OLDER_AIRFLOWS:%=test-readme-%) ## Run DAGs in all forms, and the README's to its end, with each older Airflow

.PHONY: test-pythons
test-pythons: $(NEWER_PYTHONS:%=test-python-%) ## Run the unit and emulator tests with newer Pythons (python3.12, python3.13)

.PHONY: $(OLDER_AIRFLOWS:%=test-airflow-%)
$(OLDER_AIRFLOWS:%=test-airflow-%): test-airflow-%: .venv-%/.installed
	@echo "Airflow $*"
	.venv-$*/bin/python -m pytest -q $(PARALLEL) -m "not ffmpeg" tests/unit tests/emulator

.PHONY: $(OLDER_AIRFLOWS:%=test-dags-%)
$(OLDER_AIRFLOWS:%=test-dags-%): test-dags-%: .venv-%/.installed
	@echo "Airflow $*"
	.venv-$*/bin/python -m pytest -q $(PARALLEL) $(DAG_SHAPES)

.PHONY: $(OLDER_AIRFLOWS:%=test-readme-%)
$(OLDER_AIRFLOWS:%=test-readme-%): test-readme-%: .venv-%/.installed
	@echo "Airflow $*"
	.venv-$*/bin/python -m pytest -q $(PARALLEL) $(README_DAG)

.PHONY: $(STANDALONE_AIRFLOWS:%=test-standalone-%)
$(STANDALONE_AIRFLOWS:%=test-standalone-%): test-standalone-%: .venv-%/.installed
	@echo "Airflow $*"
	.venv-$*/bin/python -m pytest -q $(SHARING) tests/e2e --ignore $(EXECUTORS) --ignore $(README_DAG)

.PHONY: $(NEWER_PYTHONS:%=test-python-%)
$(NEWER_PYTHONS:%=test-python-%): test-python-%: .venv-python%/.installed
	@echo "Python $*"
	.venv-python$*/bin/python -m pytest -q $(PARALLEL) -m "not ffmpeg" tests/unit tests/emulator

.PHONY: test-button
test-button: $(INSTALLED) .venv-2.11.2/.installed ## Click the Test button of the connection form of Airflow 2.11
	$(BIN)/python -m pytest $(BUTTON_OF_AIRFLOW_2)

.PHONY: check-wheel
check-wheel: $(INSTALLED) ## Build the wheel, install it and look at it with Airflow's eyes
	.ci/check-wheel $(AIRFLOW)

.PHONY: wheel
wheel: $(INSTALLED) ## Build the wheel and the source distribution into dist/
	rm -rf dist
	$(BIN)/uv build --quiet --out-dir dist
	@ls dist

.PHONY: release-check
release-check: $(INSTALLED) ## Check a release: metadata, README, lowest and newest dependencies, public API
	.ci/release-check

.PHONY: update-public-api
update-public-api: $(INSTALLED) ## Write the list of public names, once CHANGELOG.md mentions what has changed
	$(BIN)/python .ci/public_api.py update

.PHONY: test-lowest
test-lowest: .venv-lowest/.installed ## Run the unit tests with the lowest allowed dependencies
	.venv-lowest/bin/python -m pytest -q $(PARALLEL) -m "not ffmpeg" tests/unit

.PHONY: docs
docs: $(INSTALLED) ## Build the documentation into build/docs; warnings are errors
	AIRFLOW_HOME=$(CURDIR)/build/airflow $(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --builder html docs build/docs
	@echo "Open build/docs/index.html"

.PHONY: pictures
pictures: $(INSTALLED) ## Take the pictures of the documentation from the running product (needs Chromium)
	$(BIN)/python -m tests.pictures

.PHONY: demo
demo: $(INSTALLED) ## Import calls into an emulated Gong with a real Airflow (DEMO_ROWS=number of calls)
	$(if $(DEMO_ROWS),DEMO_ROWS=$(DEMO_ROWS) )$(BIN)/python -m tests.demo

.PHONY: playground
playground: $(INSTALLED) ## Keep an Airflow and an emulated Gong running, to try things in the browser
	$(BIN)/python -m tests.demo --playground

.PHONY: bench
bench: $(INSTALLED) ## Measure request budget, plans, uploads, imports, exports and ledgers (hours; BENCH="virtual plan" for parts)
	$(BIN)/uv pip install --quiet --python $(BIN)/python \
	  --constraint .ci/constraints/airflow-$(AIRFLOW).txt --editable ".[bench]"
	$(BIN)/python -m tests.benchmarks $(BENCH)

.PHONY: update-constraints
update-constraints: $(INSTALLED) ## Pin the versions again that tests run with
	PATH="$(CURDIR)/$(BIN):$$PATH" .ci/update-constraints

$(INSTALLED): pyproject.toml .ci/constraints/airflow-$(AIRFLOW).txt
	PYTHON="$(PYTHON)" .ci/create-env .venv dev $(AIRFLOW)
	@touch $@

.venv-lowest/.installed: pyproject.toml .ci/create-lowest-env
	PYTHON="$(PYTHON)" .ci/create-lowest-env .venv-lowest test
	@touch $@

$(OLDER_AIRFLOWS:%=.venv-%/.installed): .venv-%/.installed: pyproject.toml .ci/constraints/airflow-%.txt
	PYTHON="$(PYTHON)" .ci/create-env .venv-$* test $*
	@touch $@

$(NEWER_PYTHONS:%=.venv-python%/.installed): .venv-python%/.installed: pyproject.toml .ci/constraints/airflow-$(AIRFLOW).txt
	PYTHON=python$* .ci/create-env .venv-python$* test $(AIRFLOW)
	@touch $@
