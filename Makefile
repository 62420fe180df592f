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
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/comptoir and the functions' mains.
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X comptoir/local/cli.version=$(VERSION)' -o $(BIN) ./local/cmd/comptoir
	$(GO) build ./...

IMAGE        ?= comptoir
CERTIFICATES ?= /etc/ssl/certs/ca-certificates.crt

.PHONY: image
image: build ## Make the container image IMAGE=comptoir of what this machine built.
	rm -rf bin/image && mkdir -p bin/image/data
	cp $(BIN) $(CERTIFICATES) bin/image/
	sed -n '/^FROM scratch/,$$p' Dockerfile | sed 's|--from=compile||; s|/out/|./|' | docker build -q -t $(IMAGE) -f - bin/image

.PHONY: demo
demo: build ## Load a real shop's year, show its figures, serve them until Ctrl+C.
	$(BIN) demo

.PHONY: test
test: ## Run every test that needs Go alone.
	$(GO) test ./...

.PHONY: test-all
test-all: ## Run everything: race detector, real servers, simulation, mutants; say what was skipped and why.
	@GO='$(GO)' ./test/all

.PHONY: test-servers
test-servers: ## Run what runs on real servers, on some that it starts and stops.
	@GO='$(GO)' ./test/all servers

.PHONY: test-serverless
test-serverless: ## Run the deployed programs on a month of the real year; SERVERLESS_WHOLE_YEAR=1: all of it.
	@GO='$(GO)' ./test/all serverless

.PHONY: page
page: ## Build the manager's page, and the accountant's script and style. It needs Node.
	cd admin && npm ci --no-audit --no-fund && npm run build
	cd local/accountant/web && npm ci --no-audit --no-fund && npm run build

.PHONY: test-page
test-page: ## Check the page's code, and see it work in Chromium.
	@GO='$(GO)' ./test/all page

.PHONY: servers-up
servers-up: ## Start Apache Kafka and a MongoDB for the tests; print their addresses.
	@./test/servers/up.sh $(SERVERS)
	@echo 'Tests use them where the variables above are set with COMPTOIR_TEST_ before their names.' >&2

.PHONY: servers-down
servers-down: ## Stop what servers-up started; their data stays. SERVERS=--remove deletes it.
	@./test/servers/down.sh $(SERVERS)

SEEDS ?= 10000

.PHONY: simulate
simulate: ## Play SEEDS=10000 histories of a shop on a Kafka and a store that misbehave.
	SIMULATE_SEEDS=$(SEEDS) $(GO) test ./test/simulation -count=1 -timeout 0 -v -run TestHistories

ROUNDS ?= 20

.PHONY: faults
faults: ## Take the real year through every real fault, ROUNDS=20 times each, on servers of its own.
	@GO='$(GO)' ./test/all faults -all -rounds $(ROUNDS) $(FAULTS)

SOAK ?= 10m

.PHONY: soak
soak: ## Send events for SOAK=10m at half of the greatest rate, while servers and network fail.
	@GO='$(GO)' ./test/all faults -rounds 0 -soak $(SOAK) $(FAULTS)

.PHONY: mutants
mutants: ## Put faults into the code, one at a time; each must be caught by its test.
	$(GO) run ./test/mutants

.PHONY: lambda-invoke
lambda-invoke: ## Run FUNCTION=product-winners of Lambda here, on the payload EVENT=file.
	@./deploy/lambda/invoke.sh $(INVOKE) '$(FUNCTION)' '$(or $(EVENT),functions/testdata/lambda/$(FUNCTION).json)'

.PHONY: lambda-build
lambda-build: ## Build what sam deploy uploads.
	CGO_ENABLED=0 GOFLAGS='-trimpath -tags=lambda.norpc -ldflags=-s' ./deploy/lambda/sam.sh sam build

.PHONY: template-check
template-check: ## Check template.yaml as SAM, CloudFormation and Comptoir see it.
	COMPTOIR_TEST_DEPLOY=1 $(GO) test -count=1 ./test/deploy -run 'Template|Mapp|Role|API|Page|Alarm|Secret|Settings|Functions'

.PHONY: deploy-page
deploy-page: ## Upload the page to the stack STACK=comptoir.
	@./deploy/lambda/page.sh '$(or $(STACK),comptoir)'

.PHONY: knative-image
knative-image: ## Build and push the functions' image for Knative, and name it in its manifests.
	@./deploy/knative/image.sh

.PHONY: test-deploy
test-deploy: ## Check the deployments: templates, manifests, image, units; run what can be run.
	@GO='$(GO)' ./test/all deploy

.PHONY: bench
bench: ## Measure the year, on real servers too where they can be started.
	@GO='$(GO)' ./test/all bench

.PHONY: lint
lint: $(GOLANGCI_LINT) $(GOVULNCHECK) ## Lint the code, and look for known vulnerabilities.
	$(GOLANGCI_LINT) run --allow-parallel-runners ./...
	cd test/faults && $(GOLANGCI_LINT) run --allow-parallel-runners ./...
	@$(GOVULNCHECK) ./... || { code=$$?; [ $$code -ne 3 ] && echo 'govulncheck could not ask for the list of vulnerabilities (no network?): skipped' >&2 || exit $$code; }

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code as the linters want it.
	$(GOLANGCI_LINT) fmt
	cd test/faults && $(GOLANGCI_LINT) fmt

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
