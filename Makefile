# The commands of the project; `make` alone lists them. Needed: python3 (3.11 or newer), make and git.
# All paths are relative to this folder: an absolute one may have spaces in it, which make cannot quote.

PYTHON ?= python3
OURS := .venv/bin/python
EMBEDDED := exec $(OURS) -m oms.embedded

# A dozen processes start from this code; where Python may keep nothing, each of them would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.SUFFIXES:
.PHONY: help demo run test check faults bench replay release-dump lint format types imports shell manage superuser stop lock clean install

help: ## this list
	@echo "make ... "
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

demo: install ## a running system with simulated shops, played through a story; ONCE=1 ends after it; PORT=8000
	@$(EMBEDDED) demo $(if $(ONCE),--once) $(if $(PORT),--port '$(PORT)')

run: install ## an empty system for real use on this machine; PORT=8000
	@$(EMBEDDED) run $(if $(PORT),--port '$(PORT)')

stop: install ## end what `make demo` or `make run` started here, from another terminal
	@$(EMBEDDED) stop

test: install ## all tests on a throw-away PostgreSQL, or on DATABASE_URL and BROKER_URL; ARGS="tests/orders -x"
	@$(EMBEDDED) test $(ARGS)

check: ## everything that a change must pass, as the CI runs it
	@exec .ci/run

faults: install ## kill what works while it works, for two minutes (LONG=1: an hour), then hold all books against each other
	@exec $(OURS) -m tests.faults $(if $(LONG),--seconds 3600 --every 7) $(ARGS)

bench: install ## our actions against hand-written SQL, one JSON object a line; QUICK=1 under two minutes
	@$(EMBEDDED) bench $(if $(QUICK),--quick) $(ARGS)

replay: install ## a year of orders on throw-away servers, with orders per second; ARGS="FILE.csv --limit 500"
	@$(EMBEDDED) replay $(ARGS)

release-dump: install ## at a release: keep its database in tests/releases, for later versions to migrate from
	@$(EMBEDDED) scratch $(OURS) -m tests.releases

lint: install ## ruff: faults and format
	@$(OURS) -m ruff check . && $(OURS) -m ruff format --check .

format: install ## let ruff mend what it can
	@$(OURS) -m ruff check --fix . ; $(OURS) -m ruff format .

types: install ## mypy
	@exec $(OURS) -m mypy manage.py oms inventory orders fulfillment returns channels

imports: install ## import-linter: who may import whom
	@exec .venv/bin/lint-imports

shell: install ## a Django shell on what is up, else on the data of `make run` (DEMO=1: of `make demo`)
	@$(EMBEDDED) shell

manage: install ## a management command on the same; ARGS="createsuperuser"
	@$(EMBEDDED) manage $(ARGS)

superuser: install ## make the first login
	@$(EMBEDDED) manage createsuperuser

lock: install ## resolve pyproject.toml anew into requirements.lock: every platform, with hashes
	@UV_SYSTEM_CERTS=$${UV_SYSTEM_CERTS:-true} $(OURS) -m uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --upgrade \
		--no-header --no-emit-index-url -o requirements.lock
	@if grep -n 'http' requirements.lock; then echo 'requirements.lock names an address'; exit 1; fi

clean: ## delete caches and .venv; asks before it deletes the data
	@exec $(PYTHON) -m oms.embedded clean

install:
	@exec $(PYTHON) oms/embedded/bootstrap.py
