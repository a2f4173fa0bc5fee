# make demo: the main job, on a fresh machine with Python 3.11 and make. make test: lint and all quick tests. The rest: make help.
PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
ASSETS := expert/web/vendor/versions.json
PORT ?= 8000

.PHONY: help demo serve assets pictures test lint figures mutate pages test-core test-all test-long test-rest bench bench-interview bench-load wheel-check clean

help:
	@echo "make demo        assess examples/runner.yaml: prints the report, why and next for its first hypothesis, writes report.html"
	@echo "make serve       open the pages for clinic and classroom on 127.0.0.1 (PORT=8000); needs node and npm once"
	@echo "make test        lint (ruff, mypy --strict), all quick tests, and the figures of the knowledge"
	@echo "make figures     coverage of the sources, agreement with measured anatomy, counts"
	@echo "make mutate      break every rule in every small way: do the stored cases notice?"
	@echo "make pages       print the generated pages of docs/ anew"
	@echo "make pictures    take the pictures of the README anew, in Chromium"
	@echo "make test-core   the core of the suite without experta installed"
	@echo "make test-all    the tests on every Python from 3.11 to 3.13 that is here"
	@echo "make test-long   the laws over 10,000 examples"
	@echo "make test-rest   more than 5,000 requests generated from REST's own document, right and wrong ones"
	@echo "make wheel-check build the wheel, check what it holds, run it installed in an empty environment"
	@echo "make bench       time one assessment against the committed baseline"
	@echo "make bench-load  twenty users at once against a server of its own; each answer held to its own case's"
	@echo "make bench-interview   how many questions an interview takes: writes docs/interview.svg"

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "myologic needs Python 3.11 or newer: try make PYTHON=python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "myologic needs Python 3.11 or newer"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[experta,pdf,web,dev]'
	@touch $(STAMP)

demo: $(STAMP)
	@$(VENV)/bin/myologic assess examples/runner.yaml
	@echo && echo "WHY ITS FIRST HYPOTHESIS?" && $(VENV)/bin/myologic why examples/runner.yaml
	@echo && $(VENV)/bin/myologic next examples/runner.yaml --target "gluteus medius:left"
	@$(VENV)/bin/myologic assess examples/runner.yaml --format html -o report.html
	@echo "Open report.html in a browser for the same with pictures."

serve: $(STAMP) $(ASSETS)
	@$(VENV)/bin/myologic serve --port $(PORT)

assets: $(ASSETS)

$(ASSETS): frontend/package-lock.json $(wildcard frontend/*.mjs)
	@command -v npm >/dev/null && command -v node >/dev/null || { echo "the pages are built once with node and npm: install them (Debian: apt-get install nodejs npm), then make serve"; exit 1; }
	npm ci --prefix frontend --ignore-scripts --no-audit --no-fund --loglevel=error
	node frontend/build.mjs

test: lint
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory assets; else echo "without node and npm the tests of the pages are skipped"; fi
	$(RUN) -m pytest
	@$(MAKE) --no-print-directory figures

figures: $(STAMP)
	@$(VENV)/bin/myologic kb coverage | sed -n 3p
	@$(VENV)/bin/myologic kb anatomy | sed -n 3p
	@$(VENV)/bin/myologic kb version | sed -n 3,5p
	@$(VENV)/bin/myologic kb lint

mutate: $(STAMP)
	$(RUN) tests/mutation.py

pictures: $(STAMP) $(ASSETS)
	MYOLOGIC_BROWSER=required MYOLOGIC_PICTURES=$(CURDIR)/docs/pictures $(RUN) -m pytest tests/browser/test_pictures.py -n 0

pages: $(STAMP)
	$(VENV)/bin/myologic kb coverage > docs/coverage.md
	$(VENV)/bin/myologic kb mechanics > docs/mechanics.md
	$(VENV)/bin/myologic kb anatomy > docs/anatomy.md
	$(VENV)/bin/myologic kb glossary > docs/glossary.md

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

test-rest: $(STAMP) $(ASSETS)
	MYOLOGIC_REST_EXAMPLES=120 $(RUN) -m pytest -n 0 -s tests/web/test_rest_contract.py

wheel-check: $(STAMP) $(ASSETS)
	@bash .ci/check_wheel $(RUN)

bench: $(STAMP)
	$(RUN) benchmarks/bench.py

bench-load: $(STAMP) $(ASSETS)
	$(RUN) benchmarks/load.py

bench-interview: $(STAMP)
	$(RUN) benchmarks/interview.py

clean:
	rm -rf $(VENV) .venvs dist build report.html .pytest_cache .mypy_cache .ruff_cache .hypothesis
