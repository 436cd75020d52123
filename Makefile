# Rostra: the commands a person needs. Each does its own set-up.
SHELL := /bin/bash
PY := .venv/bin/python
STAMP := .venv/.ready
PAGES := src/rostra/pages/.built
WEB := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: setup serve test check bench bench-door bench-evidence bench-rehearsal bench-shield bench-verdict pictures format lock clean

setup: $(STAMP) $(PAGES)  ## .venv with Rostra in it, and the built pages

$(STAMP): pyproject.toml requirements/dev.lock .ci/python
	@bash .ci/python
	@touch $@

$(PAGES): $(STAMP) $(WEB)
	@bash .ci/pages
	@touch $@

serve: setup  ## start Rostra here: make serve ARGS="--port 8080"
	@.venv/bin/rostra serve $(ARGS)

test: setup  ## all tests, with real browsers and servers: make test ARGS="-m 'not live'"
	@bash .ci/system
	@$(PY) -m pytest $(ARGS)

check: setup  ## format, lint, strict types, house rules
	@.venv/bin/ruff format --check -q src tests bench
	@.venv/bin/ruff check -q src tests bench
	@.venv/bin/mypy --no-error-summary
	@$(PY) -m pytest -q tests/test_house_rules.py
	@bash .ci/pages check

pictures: setup  ## the documentation's screenshots, from a real evening
	@bash .ci/system
	@$(PY) -m tests.live.pictures

format:
	@.venv/bin/ruff format -q src tests bench
	@.venv/bin/ruff check -q --fix src tests bench

bench: setup  ## every published figure, beside its peer
	@bash .ci/system bench
	@$(PY) -m bench $(ARGS)

bench-door: setup  ## the door's figures: tickets, passes, a crowd that waits, fairness, the count
	@bash .ci/system bench
	@$(PY) -m bench door_pass door_crowd door_simulation door_count $(ARGS)

bench-rehearsal: setup  ## the rehearsal's figures: listeners beside peers, the generator, the simulation
	@bash .ci/system bench
	@$(PY) -m bench rehearsal_listeners rehearsal_generator rehearsal_agreement $(ARGS)

bench-shield: setup  ## the shield's figures: the night, who is wronged, refusals, kernel, paths
	@bash .ci/system bench
	@$(PY) -m bench shield_night shield_honest shield_refusals shield_kernel shield_path $(ARGS)

bench-evidence: setup  ## the ledger's figures: what a second costs, bytes an hour, time to verify
	@$(PY) -m bench evidence_ledger $(ARGS)

bench-verdict: setup  ## the verdict on nights with known truth, beside two naive rules
	@$(PY) -m bench verdict_nights $(ARGS)

lock:  ## write the lock files anew from pyproject.toml
	@.venv/bin/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal pyproject.toml -o requirements/run.lock
	@.venv/bin/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --group dev pyproject.toml -o requirements/dev.lock

clean:
	rm -rf .venv node_modules web/node_modules src/rostra/pages build dist
