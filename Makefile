# Every target does its own set-up. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PY := .venv/bin/python
STAMP := .venv/.set-up
ARGS ?=

.PHONY: help
help: ## List the targets
	@echo "Leeward. Targets:"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20 | sed 's/^/  /'

.PHONY: setup
setup: $(STAMP) ## Make .venv with the tested versions of everything

$(STAMP): pyproject.toml constraints.txt
	python="$$(tools/python.sh)" && "$$python" -m venv .venv
	$(PY) -m pip install -q --upgrade "pip>=25.1"
	$(PY) -m pip install -q -c constraints.txt -e . --group dev
	touch $@

.PHONY: programs
programs: ## Install the programs that tests start, where they are missing
	@missing=""; for name in strace curl chromium ffmpeg; do \
		command -v $$name >/dev/null || missing="$$missing $$name"; done; \
	[ -z "$$missing" ] || tools/packages.sh $$missing

.PHONY: demo
demo: setup ## Simulate a platform, find the network hidden in it, and write a page about it
	.venv/bin/leeward demo $(ARGS)

.PHONY: test
test: setup programs ## Run all tests, the slow ones in a reduced form (ARGS="-k name" for some)
	tools/services.sh run $(PY) -m pytest $(ARGS)

.PHONY: test-slow
test-slow: setup programs ## Run all tests in full
	LEEWARD_TEST_FULL=1 tools/services.sh run $(PY) -m pytest $(ARGS)

.PHONY: check
check: setup ## Check format, style, types and the layers of the rooms
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports

.PHONY: format
format: setup ## Format the code and mend what can be mended by itself
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

.PHONY: bench
bench: setup ## Measure, and print a table and the machine (ARGS=--full for the sizes of the goals)
	$(PY) benchmarks/run.py $(ARGS)

.PHONY: docs
docs: setup ## Write the command reference anew
	$(PY) docs/build.py

.PHONY: services-start
services-start: setup ## Start PostgreSQL for the tests and leave it running
	@tools/services.sh start
	@echo "export LEEWARD_TEST_POSTGRESQL=\"\$$(tools/services.sh url)\""

.PHONY: services-stop
services-stop: ## Stop PostgreSQL
	@tools/services.sh stop

.PHONY: clean
clean: ## Remove everything that these targets made
	tools/services.sh remove
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -prune -exec rm -rf {} +
