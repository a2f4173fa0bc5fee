# make demo: the main job, on a fresh machine with Python 3.11 and make. make test: lint and all quick tests. The rest: make help.
PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: help demo test lint test-core test-all test-long bench wheel-check clean

help:
	@echo "make demo        assess examples/runner.yaml: prints the report, writes report.html"
	@echo "make test        lint (ruff, mypy --strict) and all quick tests"
	@echo "make test-core   the core of the suite without experta installed"
	@echo "make test-all    the tests on every Python from 3.11 to 3.13 that is here"
	@echo "make test-long   the laws over 10,000 examples"
	@echo "make wheel-check build the wheel, check what it holds, run it installed in an empty environment"
	@echo "make bench       time one assessment against the committed baseline"

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "myologic needs Python 3.11 or newer: try make PYTHON=python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "myologic needs Python 3.11 or newer"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[experta,dev]'
	@touch $(STAMP)

demo: $(STAMP)
	@$(VENV)/bin/myologic assess examples/runner.yaml
	@$(VENV)/bin/myologic assess examples/runner.yaml --format html -o report.html
	@echo "Open report.html in a browser for the same with pictures."

test: lint
	$(RUN) -m pytest

lint: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/myologic kb lint

test-core:
	@bash .ci/without_experta $(PYTHON)

test-all:
	@bash .ci/every_python

test-long: $(STAMP)
	HYPOTHESIS_PROFILE=long $(RUN) -m pytest tests/test_laws.py tests/test_inference.py

wheel-check: $(STAMP)
	@bash .ci/check_wheel $(RUN)

bench: $(STAMP)
	$(RUN) benchmarks/bench.py

clean:
	rm -rf $(VENV) .venvs dist build report.html .pytest_cache .mypy_cache .ruff_cache .hypothesis
