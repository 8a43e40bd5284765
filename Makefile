# Every target sets up what it needs: `make demo` and `make test` are the first commands on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup dictionary demo test test-slow test-timescale faults fuzz lint format format-check types imports sql-lint dbt-parse check check-full lock audit licences sbom bench bench-quick clean

setup: .venv/.installed

# --no-build-isolation: the build tool is pinned in the lock file too.
.venv/.installed: requirements.lock pyproject.toml
	@echo "Setting up .venv from the lock file: about a minute"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The demo shows results; `dataops run` shows the log of each step.
demo: setup
	LOG_LEVEL=CRITICAL $(BIN)/dataops demo

# Processes share the tests file by file, each with a server of its own: one more than cores, as many tests wait.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: setup
	$(PYTEST)

# What takes too long for every day, such as connections cut at many more moments: about a quarter of an hour.
test-slow: setup
	$(PYTEST) --slow

# Runs killed, cut, filled and cancelled at random, in two lanes at once; an hour makes some 300 faults.
SECONDS ?= 600
faults: setup
	$(BIN)/python -m tests.faults.soak --seconds $(SECONDS)

# Files and histories nobody has thought of, until one breaks the reader or core: an hour or so.
fuzz: setup
	$(BIN)/python -m pytest tests/faults/test_fuzz.py tests/integration/test_any_order.py tests/integration/test_feature_histories.py --hypothesis-profile=fuzz

# The tests that use a database once more, on the TimescaleDB server of TIMESCALE_URL, or on PGlite where node can run it.
test-timescale: setup tests/timescale/node_modules/.package-lock.json
	$(PYTEST) --timescale

tests/timescale/node_modules/.package-lock.json: tests/timescale/package-lock.json
	if command -v node && command -v npm; then npm ci --prefix tests/timescale --no-audit --no-fund; fi

lint: setup imports sql-lint dbt-parse
	$(BIN)/ruff check .

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

format-check: setup
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# Two runs: the models of dbt are templates of another kind than the statements that the program runs.
sql-lint: setup
	$(BIN)/sqlfluff lint --processes 2 dbt/models dbt/tests
	$(BIN)/sqlfluff lint --processes 2 --config .sqlfluff-statements tasks schemas/migrations

# Needs no database; a warning fails it.
dbt-parse: setup
	$(BIN)/dbt --warn-error parse --project-dir dbt --profiles-dir dbt --target-path target/parse --log-path dbt/logs --no-version-check --no-partial-parse

# What .ci/run does.
check: test lint format-check types licences sbom

# What .ci/run has no time for, or what changes while nobody commits: about two hours.
check-full: check test-timescale audit test-slow fuzz bench-quick

bench: setup .venv-peers/.installed
	$(BIN)/python -m benchmarks

# What we compare with lives apart: none of it is a dependency of ours.
.venv-peers/.installed: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --no-deps --requirement benchmarks/peers/requirements.txt
	touch $@

bench-quick: setup
	$(BIN)/python -m benchmarks --quick

# The image takes no development tools: the same versions without them.
lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraint requirements.lock pyproject.toml --output-file deployments/requirements.lock

# Known vulnerabilities of the locked versions; where the list of them cannot be asked, it says so.
audit: setup
	$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip --progress-spinner off --format json | $(BIN)/python .ci/audit.py

licences: setup
	$(BIN)/pip-licenses --order license --with-urls

# docs/data_dictionary.md, from the descriptions of the dbt project; a test compares.
dictionary: setup
	$(BIN)/python -m tests.data_dictionary

SBOM ?= artifacts/sbom

# CycloneDX: what is installed here, with its licences, and what the image takes, with its hashes. Both need no network.
# --no-validate: to check the file against the format's schema takes twenty times as long as to write it.
sbom: setup
	mkdir -p $(SBOM)
	$(BIN)/cyclonedx-py environment --no-validate --output-reproducible --pyproject pyproject.toml --output-file $(SBOM)/environment.cdx.json $(BIN)/python
	$(BIN)/cyclonedx-py requirements --no-validate --output-reproducible --pyproject pyproject.toml --output-file $(SBOM)/image.cdx.json deployments/requirements.lock

clean:
	rm -rf .venv .venv-peers .dataops dbt/target dbt/logs tests/timescale/node_modules
