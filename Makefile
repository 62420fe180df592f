# Go is all that `make demo` and `make test` need. `make lint` fetches its tools,
# pinned here, into the user's cache; they never enter go.mod.

GO       ?= go
CACHE    := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/comptoir
TOOLS    := $(CACHE)/bin
BIN      := bin/comptoir
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

GOLANGCI_LINT_VERSION := v2.11.0
GOVULNCHECK_VERSION   := v1.2.0
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
GOVULNCHECK   := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/comptoir and the functions' mains.
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X comptoir/local/cli.version=$(VERSION)' -o $(BIN) ./local/cmd/comptoir
	$(GO) build ./...

.PHONY: demo
demo: build ## Load a real shop's year, show its figures, serve them until Ctrl+C.
	$(BIN) demo

.PHONY: test
test: ## Run every test that needs Go alone.
	$(GO) test ./...

.PHONY: test-all
test-all: ## Run everything, with the race detector where cgo is there; say what was skipped and why.
	@GO='$(GO)' ./test/all

.PHONY: lint
lint: $(GOLANGCI_LINT) $(GOVULNCHECK) ## Lint the code, and look for known vulnerabilities.
	$(GOLANGCI_LINT) run --allow-parallel-runners ./...
	@$(GOVULNCHECK) ./... || { code=$$?; [ $$code -ne 3 ] && echo 'govulncheck could not ask for the list of vulnerabilities (no network?): skipped' >&2 || exit $$code; }

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code as the linters want it.
	$(GOLANGCI_LINT) fmt

$(GOLANGCI_LINT):
	@mkdir -p $(TOOLS)
	GOFLAGS= GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv $(TOOLS)/golangci-lint $@

$(GOVULNCHECK):
	@mkdir -p $(TOOLS)
	GOFLAGS= GOBIN=$(TOOLS) $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@mv $(TOOLS)/govulncheck $@

.PHONY: clean
clean: ## Remove what was built. Data directories stay.
	rm -rf bin
