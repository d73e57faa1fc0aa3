# The commands of a newcomer and of a developer. Everything comes from the lock file, through uv.
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
PY := .venv/bin/python
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: run test lint bench setup debian

run: setup ## start everything on this machine; Ctrl-C stops it
	@HAVENLINE_DEV=1 exec .venv/bin/havenline up

test: setup debian lint ## lint, types and all tests
	@$(PY) -m pytest

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

bench: setup ## measure; a table, and JSON in var/bench
	@.venv/bin/havenline bench

setup: .venv/.installed

.venv/.installed: uv.lock pyproject.toml .python-version | $(UV)
	@echo "installing from uv.lock (about 3 GB, most of it TensorFlow) ..."
	@$(UV) sync --frozen
	@touch $@

.uv/bin/uv:
	@echo "installing uv into .uv ..."
	@python3 -m venv .uv || { echo "python3 cannot make a virtual environment: install python3-venv, or uv"; exit 1; }
	@.uv/bin/pip install --quiet uv

debian:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  echo "installing Chromium and PostgreSQL for the tests ..."; \
	  $(ROOT) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(ROOT) apt-get install -y -qq chromium chromium-driver postgresql >/dev/null; }
