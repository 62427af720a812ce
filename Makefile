# Every task of the project. `make test` and `make demo` set up what they need on a Debian machine
# that has git, make, a C compiler, Rust and Node; on others they say what is missing.

# rustup puts cargo there and relies on a new login for the path.
export PATH := $(PATH):$(HOME)/.cargo/bin
# Each step says how long it took and how long all took since this moment.
export SKYPACT_STARTED_S := $(shell date +%s)
# Cargo takes make's job server for its own and finds it closed: it has one itself.
unexport MAKEFLAGS MFLAGS

STEP := scripts/step
CARGO_RUN := cargo run --locked

.DEFAULT_GOAL := help
# The steps share one target directory, so in parallel they would only wait for each other.
.NOTPARALLEL:
.PHONY: help test demo bench torture simulate mutate fuzz openapi fmt tidy setup

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | tr '|' '\t'

test: ## set up, check format, lints and house rules, run every test
	@$(STEP) "1/5 set-up" scripts/setup test
	@$(STEP) "2/5 format" cargo fmt --all --check
	@$(STEP) "3/5 clippy" cargo clippy --locked --workspace --all-targets -- --deny warnings
	@$(STEP) "4/5 tidy" $(CARGO_RUN) --package xtask -- tidy
	@$(STEP) "5/5 tests" cargo test --locked --workspace

demo: ## set up, then play the scenarios: make demo ARGS="..."
	@$(STEP) "set-up" scripts/setup demo
	$(CARGO_RUN) --release --package skypact -- demo $(ARGS)

bench: ## set up, then measure this machine: make bench ARGS="..."
	@$(STEP) "set-up" scripts/setup demo
	$(CARGO_RUN) --release --package skypact -- bench $(ARGS)

torture: ## set up, then kill a DSS under load 50 times: make torture KILLS=50 SEED=...
	@$(STEP) "set-up" scripts/setup test
	SKYPACT_TORTURE_KILLS=$(or $(KILLS),50) cargo test --locked --package skypact --test it dss_torture -- --nocapture

simulate: ## set up, then run fleets under faults: make simulate SEEDS=10000 STEPS=300
	@$(STEP) "set-up" scripts/setup test
	$(CARGO_RUN) --release --package skypact-simulator -- --seeds "$(or $(SEEDS),10000)" --steps "$(or $(STEPS),300)"

mutate: ## set up, then plant bugs in a copy of the sources, and see that the simulator finds each
	@$(STEP) "set-up" scripts/setup test
	$(CARGO_RUN) --package xtask -- mutate $(ARGS)

fuzz: ## set up, then run every fuzz target: make fuzz SECONDS=60 TARGET=request
	@$(STEP) "set-up" scripts/setup test
	scripts/fuzz "$(or $(SECONDS),60)" $(TARGET)

openapi: ## write openapi/ anew from the code
	$(CARGO_RUN) --package skypact --example openapi

fmt: ## format all Rust
	cargo fmt --all

tidy: ## check the house rules alone
	$(CARGO_RUN) --package xtask -- tidy --verbose

setup: ## install what `make test` needs, and nothing else
	@scripts/setup test
