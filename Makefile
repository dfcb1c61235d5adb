# What is done with this project. `make demo` and `make test` need Go and make alone; the rest says what it needs.

GO ?= go
TOOL = $(GO) tool -modfile=.ci/tools.mod
FUZZTIME ?= 10s
BENCHDIR ?= bench

.PHONY: all build test race lint vuln fuzz bench golden fixtures demo check generate clean

all: build

build: ## the program, as ./phonehome
	$(GO) build -trimpath -o phonehome ./cmd/phonehome

test: ## all tests that need no foreign tool; those that do say that they were not run
	GO=$(GO) .ci/test

race: ## the tests under the race detector (needs a C compiler)
	GO=$(GO) CGO_ENABLED=1 .ci/test -race -timeout 30m

lint: ## formatting, go vet and staticcheck, pinned in .ci/tools.mod
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

vuln: ## known vulnerabilities (asks vuln.go.dev)
	$(TOOL) govulncheck ./...

fuzz: ## every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

bench: build ## speed against Go's SHA-256 and, where it is installed, capinfos; on captures of the project's own generator
	.ci/bench $(BENCHDIR)

golden: ## rewrite the goldens: read what changed before it is committed
	$(GO) test ./report ./cmd/phonehome ./fixtures ./docs -update

fixtures: ## the demonstration capture, and the captures of all cases under fixtures/out
	$(GO) run ./fixtures/demo
	$(GO) run ./fixtures/write -o fixtures/out

demo: build ## scan the demonstration capture
	./phonehome scan fixtures/demo.pcap --as-of 2018-12-01 --no-config --no-embedded-geo --catalogue fixtures/data/catalogue.yaml

generate: ## data that is made from other data (see the README beside each)
	$(GO) generate ./...

check: lint test race ## what should pass before a commit

clean:
	rm -rf phonehome $(BENCHDIR) fixtures/out
