# `make check` is the gate. Every target runs with the tools of $(PYTHON); see AGENTS.md for making that environment.
PYTHON ?= .venv/bin/python
TESTS ?=
ENGINES ?=

.PHONY: check format-check lint types layers test docs-check docs format fuzz engines bench environment

check: format-check lint types layers test docs-check

environment:
	python3 -m venv .venv
	.venv/bin/pip install -q -e '.[dev]'

format-check:
	$(PYTHON) -m ruff format --check .

lint:
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy

layers:
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command as run; run()' --no-cache --no-logo

# The checks of the docs have a target of their own, so they are left out here.
test:
	$(PYTHON) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --ignore=tests/house/test_docs.py --ignore=tests/docs/test_site.py $(TESTS)

docs-check:
	$(PYTHON) -m pytest -q tests/house/test_docs.py tests/docs/test_site.py

# The site, in build/site: open build/site/index.html.
docs:
	$(PYTHON) -m sphinx -q -W -n --keep-going -c docs . build/site

format:
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

fuzz:
	HYPOTHESIS_PROFILE=fuzz $(PYTHON) -m pytest -q tests/agreement tests/laws $(TESTS)

# Flows compared with engines' own evaluators, which Go builds once: `make engines ENGINES="cilium --flows 5000"`.
engines:
	$(PYTHON) -m tests.engines $(ENGINES)

bench:
	$(PYTHON) -m bench
