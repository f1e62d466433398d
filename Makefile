# Each target makes the environment it needs by itself, from the locked requirements.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help serve test check format bench docs judges lock clean nightly mutants

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

serve: $(VENV)/ready ## start the sandbox on http://127.0.0.1:8080 (ARGS="--port 9000 --state shop.db")
	@$(BIN)/diddo serve $(ARGS)

test: $(VENV)/ready .venv-api/ready ## run every test (ARGS="-k cart" picks some)
	@scripts/chromium.sh
	@if [ -z "$(ARGS)" ]; then .venv-api/bin/python scripts/api_conformance.py; fi
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

nightly: $(VENV)/ready ## drive the whole checkout for 5,000 random steps, in process and over HTTP
	$(BIN)/python -m pytest --hypothesis-profile nightly tests/diddo_sandbox/test_machine.py -k every_night $(ARGS)

mutants: $(VENV)/ready .venv-mutants/ready ## see which changes of the rules, the plan and the state tables no test notices (ARGS="--module plan")
	$(BIN)/python scripts/mutants $(ARGS)

judges: $(VENV)/ready .venv-node/ready ## have official Stripe SDKs (Python, Node) try the fake Stripe (ARGS=judges/journeys/refunds.json)
	@PATH="$(CURDIR)/.venv-node/bin:$$PATH" $(BIN)/python -m judges $(ARGS)

check: $(VENV)/ready ## format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/ready ## rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/ready ## measure speed as paired ratios (never a test)
	$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/ready ## build the documentation into site/ (needs no network; open site/index.html)
	$(BIN)/python scripts/docs

lock: $(VENV)/ready ## renew the locked requirements
	scripts/lock.sh

clean: ## remove the environments and caches
	rm -rf .venv .venv-* .cache docs/reference site judges/node/node_modules .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/ready: requirements/dev.txt requirements/uv.txt pyproject.toml
	@scripts/venv.sh $(VENV) requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Schemathesis adds seconds to every start of pytest, so it lives apart.
.venv-api/ready: requirements/api.txt requirements/uv.txt
	@scripts/venv.sh .venv-api requirements/api.txt
	@touch $@

# Cosmic Ray brings what the project does not need, and is only asked for mutants.
.venv-mutants/ready: requirements/mutants.txt requirements/uv.txt
	@scripts/venv.sh .venv-mutants requirements/mutants.txt
	@touch $@

# Node comes from PyPI: a distribution's may be too old for the SDK, or not there.
.venv-node/ready: requirements/node.txt requirements/uv.txt judges/node/package-lock.json
	@scripts/venv.sh .venv-node requirements/node.txt
	@cd judges/node && PATH="$(CURDIR)/.venv-node/bin:$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@
