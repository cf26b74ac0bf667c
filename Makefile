# Satchel's tasks. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# What is fetched or compiled once and outlives the checkout.
export SATCHEL_CACHE ?= $(HOME)/.cache/satchel

# A clone in any folder hits the compiler cache: paths are hashed relative to the checkout.
export CCACHE_DIR ?= $(SATCHEL_CACHE)/ccache
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := true

BUILD := build
PYTHON := $(SATCHEL_CACHE)/venv/bin/python
# Extra arguments, e.g. make run ARGS='--port 50052', make wire ARGS='-k quota'.
ARGS ?=

.PHONY: help
help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: bootstrap-build bootstrap-test
bootstrap-build:
	@tools/bootstrap build
bootstrap-test:
	@tools/bootstrap test

$(BUILD)/build.ninja: | bootstrap-build
	cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo

.PHONY: run
run: build ## Install what is missing, build, and serve on the embedded default
	exec $(BUILD)/satchel serve $(ARGS)

.PHONY: build
build: bootstrap-build $(BUILD)/build.ninja ## Build build/satchel (optimised; symbols in build/satchel.debug)
	@cmake --build $(BUILD) --target satchel

.PHONY: test
test: bootstrap-test $(BUILD)/build.ninja ## Install what is missing, build, and run every test
	@tools/run-tests $(ARGS)

.PHONY: unit
unit: bootstrap-build $(BUILD)/build.ninja ## Run the unit and contract tests
	@cmake --build $(BUILD)
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j 2 $(ARGS)

.PHONY: wire
wire: bootstrap-test build ## Run the wire suite: the real binary, a real gRPC client
	@$(PYTHON) -m pytest tests/wire --ignore=tests/wire/faults $(ARGS)

.PHONY: backends faults
backends: bootstrap-test $(BUILD)/build.ninja ## Run the wire suite over MinIO, versitygw, MariaDB and TiDB
	@tools/run-tests --only backends
faults: bootstrap-test build ## Run the fault tests: back ends killed, cut off, set up wrongly
	@$(PYTHON) -m pytest tests/wire/faults $(ARGS)

.PHONY: asan
asan: bootstrap-test ## Run the unit tests and a short wire suite under ASan and UBSan
	@tools/run-tests --only asan $(ARGS)

.PHONY: torture
torture: bootstrap-test build ## Run the long forms: more crashes, more load
	@SATCHEL_TORTURE=1 $(PYTHON) -m pytest tests/wire $(ARGS)
	@SATCHEL_TORTURE=1 $(PYTHON) -m pytest tests/legacy $(ARGS)

.PHONY: lint
lint: bootstrap-test $(BUILD)/build.ninja ## Check format, clang-tidy, buf, shellcheck and the house rules
	@tools/lint

.PHONY: format
format: bootstrap-test ## Format the C++ sources, write the reference in docs/api.md
	@git ls-files -z -- '*.h' '*.cc' | xargs -0 --no-run-if-empty clang-format -i
	@$(PYTHON) tools/api-reference

.PHONY: prisma
prisma: bootstrap-test ## Write the C++ that belongs to prisma/schema.prisma
	@tools/prisma generate

.PHONY: bench
bench: bootstrap-test build ## Measure, beside a null server and nginx in the same run
	@bench/run $(ARGS)

.PHONY: clean
clean: ## Remove what was built (not the cache, not the data)
	rm -rf $(BUILD) build-asan
