# A user's way in. What a target does is in scripts/, so that it can be run without make, too.

PREFIX ?= $(HOME)/.local
# Not every shell expands make PREFIX=~/.local.
override PREFIX := $(patsubst ~/%,$(HOME)/%,$(PREFIX))
FUZZTIME ?= 10s

export PREFIX DESTDIR FUZZTIME

.DEFAULT_GOAL := help
.PHONY: help quickstart build install uninstall test race e2e e2e-clients e2e-kubernetes fresh-machine check bench lint vuln stress fuzz cover snapshot reproducible deb-round go-install-check clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  PREFIX=$(PREFIX) is where install puts things, FUZZTIME=$(FUZZTIME) is for each fuzz target.'

quickstart: ## build, install, and do the main job: with your keys, or in a throw-away demonstration
	@scripts/quickstart

build: ## build both programs into bin/
	@scripts/build bin

install: build ## install them, their man pages and completions below PREFIX (~/.local)
	@scripts/install bin

uninstall: ## remove what install put there; keys and configuration stay
	@scripts/install --uninstall

test: ## run the tests, with the keychains and shells they need installed where that is possible
	@scripts/test

race: ## run the tests of all code that starts goroutines under the race detector
	@rc=0; RAGENV_TEST_RACE=goroutines scripts/test || rc=$$?; if [ $$rc -ne 77 ]; then exit $$rc; fi

e2e: build ## prove the whole job with a real Docker engine, in a private world
	@E2E_BIN=$(CURDIR)/bin scripts/e2e

e2e-clients: build ## prove the helper with every client that asks it
	@E2E_BIN=$(CURDIR)/bin scripts/e2e-clients

e2e-kubernetes: build ## prove the Kubernetes Secrets and the kubelet's provider with a real API server
	@rc=0; E2E_BIN=$(CURDIR)/bin scripts/e2e-kubernetes || rc=$$?; if [ $$rc -eq 77 ]; then echo 'e2e-kubernetes: SKIP: no API server can be had here'; else exit $$rc; fi

fresh-machine: ## prove that a clean checkout works on a bare machine, and list what it installs
	@rc=0; test/worlds/fresh-machine || rc=$$?; if [ $$rc -ne 77 ]; then exit $$rc; fi

check: build ## check that the programs are static, small and free of local paths
	@scripts/check-binaries bin

bench: ## measure what starting the programs costs, next to others; the page is .cache/bench/benchmarks.md
	@scripts/bench

lint: ## gofmt, vet, staticcheck for every system; shellcheck; actionlint
	@scripts/lint

vuln: ## look for known vulnerabilities in what the programs link
	@rc=0; scripts/vuln || rc=$$?; if [ $$rc -ne 77 ]; then exit $$rc; fi

stress: ## kill, break and race both programs for thousands of rounds
	@scripts/stress

fuzz: ## run every fuzz target for FUZZTIME
	@scripts/fuzz

cover: ## measure which statements the tests reach; the report is .cache/cover.html
	@mkdir -p .cache
	@go test -coverpkg=./cmd/...,./pkg/... -coverprofile=.cache/cover.out ./...
	@go tool cover -html=.cache/cover.out -o .cache/cover.html
	@go tool cover -func=.cache/cover.out | tail -n 1

snapshot: ## build what a release consists of into dist/: archives, packages, manifests
	@scripts/release --snapshot

reproducible: ## build that twice, in different surroundings, and compare every byte
	@scripts/reproducible

deb-round: ## install, use, upgrade and purge the .deb in a bare machine; the .rpm, too
	@rc=0; test/worlds/deb-round || rc=$$?; if [ $$rc -ne 77 ]; then exit $$rc; fi

go-install-check: ## install both programs with go install ...@version
	@rc=0; scripts/go-install-check || rc=$$?; if [ $$rc -ne 77 ]; then exit $$rc; fi

clean: ## remove what was built
	rm -rf bin dist .cache
