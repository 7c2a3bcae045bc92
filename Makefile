# lifeboat. `make help` lists what there is to do. Nothing here needs root, Docker or a cloud account.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := $(or $(CARGO_TARGET_DIR),target)/debug/lifeboat
STAGE := scripts/stage
EVERY_S3 := --moto --seaweedfs
# Cases of each property test; `make soak` has its own.
export PROPTEST_CASES ?= 64

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: quickstart
quickstart: ## the whole loop on real servers, narrated
	@$(STAGE) tools scripts/sandbox install
	@$(STAGE) build cargo build --locked --quiet
	@LIFEBOAT_BIN=$(abspath $(BIN)) scripts/sandbox run -- scripts/quickstart

.PHONY: test
test: ## everything that CI runs
	@$(STAGE) tools scripts/sandbox install $(EVERY_S3)
	@$(STAGE) format cargo fmt --check
	@$(STAGE) workflows scripts/workflows
	@$(STAGE) alerts scripts/alerts
	@$(STAGE) lint cargo clippy --locked --quiet --all-targets -- -D warnings
	@$(STAGE) build cargo build --locked --quiet --all-targets
	@$(STAGE) unit cargo test --locked --quiet --lib
	@$(STAGE) servers scripts/sandbox run $(EVERY_S3) -- cargo test --locked --test it
	@$(STAGE) docs env RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --no-deps --lib

.PHONY: check
check: ## the fast inner loop: format, lints, unit tests, simulator (no servers)
	@$(STAGE) format cargo fmt --check
	@$(STAGE) lint cargo clippy --locked --quiet --all-targets -- -D warnings
	@$(STAGE) unit cargo test --locked --quiet --lib
	@$(STAGE) simulator cargo test --locked --quiet --test it -- --skip servers

.PHONY: soak
soak: ## the same tests with their full counts
	@$(STAGE) tools scripts/sandbox install $(EVERY_S3)
	@LIFEBOAT_SOAK=1 PROPTEST_CASES=20000 $(STAGE) unit cargo test --locked --quiet --lib
	@LIFEBOAT_SOAK=1 PROPTEST_CASES=2000 $(STAGE) servers scripts/sandbox run $(EVERY_S3) -- cargo test --locked --test it

.PHONY: bench
bench: ## figures: a release build against the bare tools, each pair in one run
	@$(STAGE) tools scripts/sandbox install
	@$(STAGE) build cargo build --locked --quiet --release --bins --example bare_reads --example listing --example status
	@LIFEBOAT_BIN=$(abspath $(dir $(BIN))../release/lifeboat) scripts/sandbox run -- scripts/bench

.PHONY: bless
bless: ## rewrite generated files: schemas, reference pages, goldens
	LIFEBOAT_BLESS=1 cargo test --locked --quiet --test it -- generated command formats --skip servers

.PHONY: sandbox
sandbox: ## a shell with PostgreSQL and S3, IAM, STS, KMS running for it
	@scripts/sandbox shell
