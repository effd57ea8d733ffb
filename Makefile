# What people do every day. `make demo` and `make test` create the environment that they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUBS := proto/python
PROTOS := $(wildcard proto/ostwald/v1/*.proto)
TARGET_NM ?= 520
SEED ?= 0

.PHONY: demo test check lint types imports contract stubs stubs-check lock bench clean

.venv-codegen/.installed: requirements/codegen.txt
	$(PYTHON) -m venv .venv-codegen
	.venv-codegen/bin/pip install --quiet --require-hashes -r requirements/codegen.txt
	touch $@

# Writes the Python stubs of the contract into the folder STUBS.
stubs: .venv-codegen/.installed
	PATH=$(CURDIR)/.venv-codegen/bin:$$PATH .venv-codegen/bin/python -m grpc_tools.protoc -I proto \
	  --python_out=$(STUBS) --mypy_out=$(STUBS) \
	  --grpc_python_out=$(STUBS) --mypy_grpc_out=$(STUBS) $(PROTOS)
