# `make` lists the targets. Everything Python runs from .venv, which scripts/lib/venv.sh makes and keeps up to date.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export PYTHONPATH := scripts
# A tool that is installed wins over the one in .venv.
export PATH := $(PATH):$(CURDIR)/.venv/bin
PYTHON := .venv/bin/python
SCHEMATHESIS := 4.32.5
SHELL_SCRIPTS = $(shell git ls-files '*.sh' .ci/run)

.PHONY: help
help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: # Names what is missing, then makes .venv
	@scripts/lib/prerequisites.sh
	@scripts/lib/venv.sh

.PHONY: demo
demo: setup ## Deploys to a local AWS and shows the whole chain on a simulated fleet
	@$(PYTHON) -m demo

.PHONY: plan
plan: setup ## Plans again against the running demo: 0 nothing would change, 2 something would
	@$(PYTHON) -m local plan

.PHONY: destroy
destroy: setup ## Runs terraform destroy on the running demo
	@$(PYTHON) -m local destroy

.PHONY: down
down: setup ## Stops the local AWS of the demo
	@$(PYTHON) -m local down

.PHONY: test
test: setup ## Everything: format, lints, tests, licences, Terraform, configuration, shell, the page, the chain on the local AWS
	@scripts/test.sh fmt clippy unit-test doc-test deny tf-check config-check shell-check page-test chain-test

.PHONY: check
check: setup ## The quick part of it: format, lints, unit and property tests
	@scripts/test.sh fmt clippy unit-test

.PHONY: fmt
fmt:
	cargo fmt --all --check

.PHONY: clippy
clippy:
	cargo clippy --workspace --all-targets --locked -- --deny warnings

.PHONY: unit-test
unit-test:
	cargo nextest run --workspace --locked --no-tests=fail

.PHONY: doc-test
doc-test:
	cargo test --workspace --locked --doc

.PHONY: deny
deny: ## Bans, licences and sources of the dependencies (advisories need the internet: see ci.yml)
	cargo deny --locked check bans licenses sources

.PHONY: tf-check
tf-check: ## Terraform: format, validity, tests with a mocked provider
	$(PYTHON) -m local.terraform

.PHONY: config-check
config-check: ## config/*.json against their schemas
	for file in config/*.json; do check-jsonschema --schemafile "config/schemas/$$(basename "$$file" .json).schema.json" "$$file"; done

.PHONY: shell-check
shell-check:
	shellcheck --external-sources $(SHELL_SCRIPTS)

.PHONY: page
page: ## Builds the web page into dashboard/dist
	scripts/page.sh

.PHONY: page-test
page-test: ## The web page: lints, types, unit tests, size, and the tests in a browser
	scripts/page.sh --test

.PHONY: page-dev
page-dev: page ## The web page on a mock API, to work on it
	npm --prefix dashboard run dev

.PHONY: chain-test
chain-test: ## The patches of the local AWS, and the chain on it
	scripts/lib/chromium.sh
	$(PYTHON) -m pytest

.PHONY: scenarios
scenarios: setup ## Every fault of tests/scenarios on the local AWS, with what was said and how long it took
	SCENARIOS=all $(PYTHON) -m pytest --capture=no tests/chain/test_scenarios.py

.PHONY: storm
storm: setup ## 10,000 alerts of 1,000 resources through the local AWS, and how many notifications leave
	STORM=all $(PYTHON) -m pytest --capture=no tests/chain/test_storm.py

.PHONY: fuzz
fuzz: ## Counted: a million hostile inputs for the detector, 200,000 for the log miner, 100,000 for the security rules, 100,000 histories of remediation
	cargo run --package nightjar-model --locked --example fuzz -- 1000000
	cargo run --package nightjar-logs --locked --example fuzz -- 200000
	cargo run --package nightjar-security --locked --example fuzz -- 100000
	NIGHTJAR_HISTORIES=100000 cargo test --package nightjar-domain --locked --test it -- no_history --nocapture

.PHONY: bench
bench: bench-cold-start bench-events bench-detector bench-logs bench-audit ## Cold starts, memory and package sizes beside Python's; the speed of the detector, the log miner and an audit

.PHONY: bench-detector
bench-detector:
	cargo bench --package nightjar-model --locked
	cargo bench --package nightjar-security --locked
	python3 -m venv target/forests-venv
	target/forests-venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement scripts/requirements/forests.txt
	target/forests-venv/bin/python scripts/bench/forests.py

.PHONY: bench-logs
bench-logs:
	cargo bench --package nightjar-logs --locked
	cargo build --package nightjar-logs --locked --profile bench --example mine --example generate
	cargo run --package nightjar-logs --locked --example accuracy
	python3 -m venv target/logs-venv
	target/logs-venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement scripts/requirements/log_templates.txt
	target/logs-venv/bin/python scripts/bench/log_templates.py

.PHONY: bench-audit
bench-audit: ## How long a million entries of the audit trail take to verify
	cargo bench --package nightjar-domain --locked --bench audit

.PHONY: bench-events
bench-events: setup ## How long GET /events takes with 100,000 incidents in the table, on the API's release package
	scripts/package.sh --arch "$$(uname -m | sed s/aarch64/arm64/)" api
	$(PYTHON) -m bench.event_list

.PHONY: bench-live
bench-live: setup ## How long a change takes to reach 500 open pages, on the running demo
	$(PYTHON) -m bench.fan_out

.PHONY: api-fuzz
api-fuzz: setup ## Schemathesis against the API of the running demo: 5,000 cases and more
	python3 -m venv target/api-venv
	target/api-venv/bin/pip install --quiet --disable-pip-version-check schemathesis==$(SCHEMATHESIS)
	PATH=$(CURDIR)/target/api-venv/bin:$$PATH $(PYTHON) -m api.fuzz

.PHONY: bench-cold-start
bench-cold-start:
	scripts/package.sh --arch "$$(uname -m | sed s/aarch64/arm64/)"
	scripts/bench/cold_start/run.sh

.PHONY: package
package: ## Reproducible release zips, for AWS
	scripts/package.sh

.PHONY: requirements
requirements: setup ## Compiles what Python needs again, with hashes
	scripts/lib/requirements.sh

.PHONY: clean
clean: ## Removes what was built here; the local AWS must be down
	cargo clean
	rm -rf .local .venv
