# Every target is a line or two over scripts/; `make help` lists them.

PREFIX ?= /usr/local
DESTDIR ?=
BINARY ?= target/release/pointsman
# systemd reads units below /usr and /usr/local, but below no other prefix.
UNITDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),$(PREFIX)/lib/systemd/system,/etc/systemd/system)
export VLLM_URL VLLM_PAIR_URL
# Given to this one script and not exported: the tests run a make of their own.
INSTALL = PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' BINARY='$(BINARY)' UNITDIR='$(UNITDIR)' scripts/install.sh

# Each process of `make bench-streams` has this many descriptors at most, and needs most of them.
OPEN_FILES = 16384

.DEFAULT_GOAL := help
.PHONY: help run build test test-vllm lint check-unsafe bench bench-encoder bench-route bench-guard bench-cache bench-streams soak-cache eval-cache eval-guard install uninstall clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

run: ## build, then the router with two simulated vLLM servers; prints what to try
	@scripts/demo.sh

build: ## target/release/pointsman
	@scripts/setup.sh build
	cargo build --release --locked

test: ## all tests
	@scripts/test.sh

test-vllm: ## compare with a vLLM asked directly: make test-vllm VLLM_URL=http://host:port
	@scripts/test-vllm.sh

lint: ## formatting and clippy, warnings denied
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

check-unsafe: ## the kernels under Miri and valgrind, where they are installed
	@scripts/check-unsafe.sh

bench: ## what a decision and a request cost, beside Envoy, vllm-router and nginx
	@scripts/bench.sh

bench-encoder: ## the encoder beside candle and ONNX Runtime
	@scripts/setup.sh build
	cargo bench --locked --bench encoder

bench-route: ## what a decision takes, and what one by a keyword adds to a request
	@scripts/setup.sh build
	cargo bench --locked --bench decision --bench keyword

bench-guard: ## what the guardrails cost, on ordinary and on hostile text
	@scripts/setup.sh build
	cargo bench --locked --bench guard --bench token_head

bench-cache: ## the cache's store: lookups, recall, memory; up to SIZES="… 1000000" entries
	@scripts/setup.sh build
	cargo bench --locked --bench cache -- $(or $(SIZES),1000 10000 100000 1000000)

bench-streams: ## 10,000 idle clients and 2,000 streams at once: errors, and memory for each
	@scripts/setup.sh build
	ulimit -n $(OPEN_FILES) && cargo bench --locked --bench streams

soak-cache: ## the cache's memory while everything changes, for SECONDS (600)
	@scripts/setup.sh build
	cargo bench --locked --bench cache -- --soak $(or $(SECONDS),600)

eval-cache: ## what the cache serves, rightly and wrongly; QQP=pairs.jsonl.gz adds labelled pairs
	@scripts/setup.sh build
	$(if $(QQP),gzip -dcf '$(QQP)' | QQP=- )cargo bench --locked --bench cache_quality

eval-guard: build ## what the guardrails find and take for more than it is; DATA="…" takes labelled files
	python3 benches/guard_quality.py --binary '$(BINARY)' $(DATA)

install: $(BINARY) ## binary, model, config and unit; honours PREFIX, DESTDIR and UNITDIR
	@$(INSTALL) install

uninstall: ## what install brought, except the config
	@$(INSTALL) uninstall

clean: ## all that was built
	rm -rf target .venv .venv-bench .venv-milvus .pytest_cache

# Without prerequisites: a binary that is there is installed as it is, so that `sudo make install` needs no toolchain.
target/release/pointsman:
	@$(MAKE) build
