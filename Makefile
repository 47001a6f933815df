# `make check` is the gate. Every target runs with the tools of $(PYTHON); see AGENTS.md for making that environment.
PYTHON ?= .venv/bin/python
TESTS ?=
ENGINES ?=
HOSTILE ?=

NIGHTLY = live engines hostile properties fuzz mutants pythons oldest

.PHONY: nightly $(NIGHTLY)
.PHONY: check format-check lint types layers test docs-check docs format fuzz bench environment constraints

check: format-check lint types layers test docs-check

environment:
	python3 -m venv .venv
	.venv/bin/pip install -q -e '.[dev]'

# The newest versions that pyproject.toml allows, for .ci/run.
constraints:
	rm -rf build/constraints
	python3 -m venv build/constraints
	build/constraints/bin/pip install -q '.[dev]'
	sed -n '/^#/p' .ci/constraints.txt > build/constraints.txt
	build/constraints/bin/pip freeze --exclude reachproof >> build/constraints.txt
	mv build/constraints.txt .ci/constraints.txt

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

# The whole suite, with new examples, and of heavy properties all.
properties:
	HYPOTHESIS_PROFILE=nightly $(PYTHON) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

# The suite on every Python that is supported, and with the oldest versions of the dependencies.
pythons:
	.ci/suite python3.11 python3.12 python3.13

oldest:
	.ci/suite --oldest python3.11

# Faults planted in the modules that verdicts rest on, and the share that the tests find; MUTANTS="--count 300" or less.
mutants:
	$(PYTHON) -m tests.mutants $(MUTANTS)

bench:
	$(PYTHON) -m bench

# The long runs, each a target of its own; a build server has them run at night.
nightly: $(NIGHTLY)

# Beside a real API server and real packets: root, Go and Debian's iptables and ipset; docs/live-checks.md.
live:
	if command -v go; then $(PYTHON) -m tests.live.programs; fi
	$(PYTHON) -m pytest -q -s -p no:cacheprovider --timeout=1800 tests/live/check_*.py

# 20,000 good and hostile requests to a service, mixed at random: `make hostile HOSTILE="--requests 1000 --seed 7"`.
hostile:
	$(PYTHON) -m tests.hostile $(HOSTILE)

# 100,000 new flows for each engine, whose drivers Go builds once: `make engines ENGINES="cilium --flows 5000"`.
engines:
	$(PYTHON) -m tests.engines $(ENGINES)
