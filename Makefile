# Everything the project needs is set up by `make setup`; `demo` and `test` call it themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready

AUDIT   := uv tool run --from pip-audit==2.10.1 pip-audit
CYCLONE := uv tool run --from cyclonedx-bom==7.5.0 cyclonedx-py

.PHONY: setup demo test lint types imports check bench storm fuzz lock sbom audit clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: setup
	$(BIN)/samspill demo

test: lint types imports check
	$(BIN)/pytest -n 2 --dist loadgroup

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

check: setup
	$(BIN)/samspill check

bench: setup
	$(BIN)/samspill bench

storm: setup
	$(BIN)/pytest -m storm tests

# Each reader, route and law for about FUZZ_SECONDS (20) seconds.
fuzz: setup
	$(BIN)/pytest -n 2 --dist worksteal -m fuzz tests

# Writes the lock anew from pyproject.toml; needs uv, which is not needed for anything else.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --group dev --output-file requirements.lock pyproject.toml

# What an installation consists of, without what only the checks need (CycloneDX 1.6); needs uv.
sbom:
	uv pip compile --quiet --universal --generate-hashes --no-header --constraints requirements.lock pyproject.toml \
		| $(CYCLONE) requirements --pyproject pyproject.toml --output-file sbom.json -

# Known faults of what is locked; needs uv, and a package index that tells of vulnerabilities. Fails where it cannot know.
audit:
	$(AUDIT) --require-hashes --disable-pip --strict --requirement requirements.lock

clean:
	rm -rf $(VENV) var .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache sbom.json
