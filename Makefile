# What people do every day. Each target creates the environment that it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUBS := proto/python
PROTOS := $(wildcard proto/ostwald/v1/*.proto)
TARGET_NM ?= 520
SEED ?= 0
DATA ?= ../shared/data

export MPLBACKEND := Agg

.PHONY: help demo test test-deep fuzz check lint types imports contract stubs stubs-check bench bench-control bench-tick bench-twins bench-trainer bench-ensemble firmware test-firmware twin-docs lock clean

help:
	@echo "make demo [TARGET_NM=520] [SEED=0]   a simulated reactor learns to make the particle asked for"
	@echo "make test                            the tests"
	@echo "make test-deep                       the tests that need torch, in an environment of its own"
	@echo "make fuzz                            ten million bytes of damage and noise through every decoder"
	@echo "make check                           lint, types, layers, contract, stubs"
	@echo "make bench | bench-control | bench-tick   the benchmarks, on a machine that does nothing else"
	@echo "make bench-twins                     a day of every simulated rig, against 180 s and against its plant alone"
	@echo "make bench-trainer | bench-ensemble   the trainer against FLAML and GridSearchCV; 1600 networks, here and on dask"
	@echo "make firmware | test-firmware        the board's firmware, into build/firmware/; its tests, run in simavr"
	@echo "make stubs | lock | clean            write the stubs, pin the versions, remove what was made"

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv-codegen/.installed: requirements/codegen.txt
	test -x .venv-codegen/bin/python || $(PYTHON) -m venv .venv-codegen
	.venv-codegen/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/codegen.txt
	touch $@

.venv-bench/.installed: requirements/bench.txt pyproject.toml
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# On Linux, torch brings its libraries for GPUs: 5 GB.
.venv-deep/.installed: requirements/deep.txt pyproject.toml
	test -x .venv-deep/bin/python || $(PYTHON) -m venv .venv-deep
	.venv-deep/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/deep.txt
	.venv-deep/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(VENV)/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh $(TARGET_NM) $(SEED)

test: $(VENV)/.installed
	$(BIN)/pytest -n 2 --dist worksteal

test-deep: .venv-deep/.installed
	.venv-deep/bin/pytest -m deep tests/unit/trainer

# 10 million bytes through each of them, on all cores: ten minutes on one that others use, too.
fuzz: $(VENV)/.installed
	$(BIN)/python -m tests.fuzz

check: lint types imports contract stubs-check

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

imports: $(VENV)/.installed
	$(BIN)/lint-imports

contract: $(VENV)/.installed
	$(BIN)/buf lint proto
	$(BIN)/buf format --diff --exit-code proto

# Writes the Python stubs of the contract into the folder STUBS.
stubs: .venv-codegen/.installed
	PATH="$(CURDIR)/.venv-codegen/bin:$$PATH" .venv-codegen/bin/python -m grpc_tools.protoc -I proto \
	  --python_out=$(STUBS) --mypy_out=quiet:$(STUBS) \
	  --grpc_python_out=$(STUBS) --mypy_grpc_out=quiet:$(STUBS) $(PROTOS)

stubs-check: .venv-codegen/.installed
	rm -rf build/stubs && mkdir -p build/stubs
	$(MAKE) --no-print-directory stubs STUBS=build/stubs
	diff -r --exclude=__init__.py --exclude=__pycache__ build/stubs/ostwald/v1 proto/python/ostwald/v1

bench: bench-control bench-tick bench-twins

# Needs root, or the rights of the daemon's systemd unit, and cyclictest from rt-tests; takes half an hour.
bench-control: $(VENV)/.installed
	$(BIN)/python -m benchmarks.control

bench-tick: $(VENV)/.installed
	$(BIN)/python -m benchmarks.tick

# Two minutes for each twin.
bench-twins: $(VENV)/.installed
	$(BIN)/python -m benchmarks.twins

# On the published data sets in the folder DATA; takes 25 minutes on two cores.
bench-trainer: .venv-bench/.installed
	.venv-bench/bin/python -m benchmarks.trainer $(DATA) --cores 2

# Simulates its experiments once, into build/bench/: five minutes on two cores.
bench-ensemble: $(VENV)/.installed
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.trainer_ensemble

# Both boards, with their flash, RAM and stack; needs gcc-avr and avr-libc, and no environment.
firmware:
	@$(MAKE) --no-print-directory -C firmware_bridge/firmware PYTHON=$(PYTHON)

# One suite over the board's twin and its firmware in a simulated ATmega; needs gcc, libsimavr-dev and libelf-dev, too.
test-firmware: firmware $(VENV)/.installed
	$(BIN)/pytest -n 2 tests/contract/test_firmware_*.py tests/contract/test_board_over_links.py \
	  tests/scenario/test_firmware_in_the_loop.py tests/unit/firmware_bridge/firmware

# Writes the pages of the twins, with their figures, from what the twins themselves say.
twin-docs: $(VENV)/.installed
	$(BIN)/ostwaldd twins --docs docs/twins

# Pins every version with its hashes, for x86-64 and aarch64 and Python 3.11 to 3.13 alike.
lock: $(VENV)/.installed
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra device --extra trainer --extra cluster --group dev -o requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra device -o requirements/device.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra trainer --extra cluster --group bench -c requirements/dev.txt -o requirements/bench.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra device --extra trainer --extra cluster --extra deep --group dev -c requirements/dev.txt \
	  -o requirements/deep.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --group pyproject.toml:codegen -o requirements/codegen.txt

clean:
	rm -rf $(VENV) .venv-codegen .venv-bench .venv-deep build demo-out .mypy_cache .ruff_cache .pytest_cache
