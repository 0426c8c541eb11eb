# Procure. `make run` sets everything up and serves the portal; `make test` proves it. See README.md.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
SHELL := /bin/sh
# $(call packages,VENV,FILE): by uv where it is to be had, else, or when it fails (as behind a proxy whose certificate
# only the system's store knows), by pip.
packages = { test -x $(BIN)/uv && VIRTUAL_ENV=$(1) $(BIN)/uv pip install --quiet --require-hashes -r $(2); } \
	 || { echo "Installing $(2) with pip, as uv cannot do it here." >&2; \
	      $(1)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $(2); }

.PHONY: help install run test test-quick test-long faults check lint types floors templates migrations deploy bench lock system-deps tryton peers clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## install      build .venv with what runs
install: .venv/run.stamp

.venv/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Procure needs Python 3.11 or newer: install it, then type  make run PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing. Type  apt-get install python3-venv  (Debian) and try again." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check uv 2>/dev/null || true
	@$(call packages,.venv,requirements.txt)
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	@$(call packages,.venv,requirements-dev.txt)
	@touch $@

## run          set up, load the demo tenant, serve on http://127.0.0.1:$(PORT) until Ctrl-C
run: install
	@exec $(BIN)/python manage.py portal --port $(PORT)

## check        lint, types, import floors, templates, migrations complete, deployment settings
check: lint types floors templates migrations deploy

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev.stamp
	$(BIN)/mypy procure vendors agents approvals contracts ledger

floors: .venv/dev.stamp
	$(BIN)/lint-imports

templates: .venv/dev.stamp
	$(BIN)/djlint --lint --quiet procure agents approvals contracts ledger vendors

migrations: .venv/dev.stamp
	$(BIN)/python manage.py makemigrations --check --dry-run

deploy: .venv/dev.stamp
	SECURE=1 $(BIN)/python manage.py check --deploy --fail-level WARNING

## test         everything: check, then unit, flow and browser tests on SQLite and PostgreSQL
test: check
	$(BIN)/python -m tests.run

## test-quick   unit tests on SQLite only
test-quick: .venv/dev.stamp
	$(BIN)/pytest -m "not browser and not tryton and not faults and not long" -n 2 --dist loadscope --no-loadscope-reorder

## test-long    the long programmes as well
test-long: .venv/dev.stamp
	$(BIN)/python -m tests.run --long

## faults       the fault programme in full, on both databases: 5,000 plans through 1,170 faults (hours)
faults: .venv/dev.stamp
	$(BIN)/python -m tests.run --faults

## bench        benchmarks, printed as a table
bench: .venv/dev.stamp
	$(BIN)/python -m tests.bench

## tryton       build the environment of the real Tryton server that tests talk to
tryton: .venv-tryton/stamp

.venv-tryton/stamp: requirements-tryton.txt | .venv/run.stamp
	@test -x .venv-tryton/bin/python || $(PYTHON) -m venv .venv-tryton
	@$(call packages,.venv-tryton,requirements-tryton.txt)
	@touch $@

## peers        build the environment of the engines that the benchmarks compare ours with
peers: .venv-peers/stamp

.venv-peers/stamp: requirements-peers.txt | .venv/run.stamp
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	@$(call packages,.venv-peers,requirements-peers.txt)
	@touch $@

## system-deps  chromium and PostgreSQL for the tests (Debian; as root or by sudo)
system-deps:
	@sh tests/system_deps.sh

## lock         compile requirements*.in into requirements*.txt with hashes
lock: install
	$(BIN)/uv pip compile -q --upgrade --no-header --generate-hashes requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --upgrade --no-header --generate-hashes requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile -q --upgrade --no-header --generate-hashes requirements-tryton.in -o requirements-tryton.txt
	$(BIN)/uv pip compile -q --upgrade --no-header --generate-hashes requirements-peers.in -o requirements-peers.txt

clean:
	rm -rf .venv .venv-tryton .venv-peers var
