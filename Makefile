# Two commands do everything on a fresh Debian machine with Swift: `make run` and `make test`.
# `make release` builds the program for other machines, `make install` puts it in PREFIX/bin.
# `make check` is the gate for developers. Proofs, which take long (docs/reliability.md): simulate, simulate-breakages, torture, soak, loss, fuzz,
# hostile, sanitize. Other targets: lint, bench, docs, docc, reference, api, format, package, fuzz-merge, clean.

SWIFT ?= swift
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
FORMATTED := Package.swift Sources Tests Examples/Swift
PREFIX ?= /usr/local

.PHONY: run release install test check lint sanitize format docs bench clean dependencies package symbols docc api reference
.PHONY: diagrams simulate simulate-breakages torture soak loss torture-build fuzz fuzz-build fuzz-merge hostile

run: dependencies
	$(SWIFT) run connmix-durable demo

# With Swift's library inside: it runs where no Swift is installed (SQLite is the system's), and takes a few hundredths less of the CPU.
release: dependencies
	$(SWIFT) build -c release --static-swift-stdlib --product connmix-durable

install: release
	install -D -m 755 "$$($(SWIFT) build -c release --static-swift-stdlib --show-bin-path)/connmix-durable" "$(DESTDIR)$(PREFIX)/bin/connmix-durable"
	install -D -m 644 docs/connmix-durable.1 "$(DESTDIR)$(PREFIX)/share/man/man1/connmix-durable.1"

test: dependencies
	$(SWIFT) build --build-tests
	SWIFT="$(SWIFT)" Tools/test

# The gate for developers: lint, all tests, the documentation and the list of the public API, and unit and integration tests under the
# sanitizers (builds of their own, in .build-sanitize).
check: lint test reference sanitize

lint:
	$(SWIFT) format lint --strict --recursive --configuration .swift-format $(FORMATTED)

# Thread Sanitizer, then Address and Undefined Behaviour Sanitizer together. The latter sees C only (SQLite's shim, BoringSSL, llhttp): Swift
# has no flag for it on Linux, and its runtime comes with the one of Address Sanitizer.
SANITIZED := --skip-build --no-parallel --filter '^(ConnmixDurableTests|ConnmixDevEngineTests|IntegrationTests|FuzzTests)\.'
ADDRESS := --sanitize=address -Xswiftc -use-ld=lld -Xcc -fsanitize=undefined -Xcc -fno-sanitize=vptr --scratch-path .build-sanitize
sanitize: dependencies
	rm -rf .build-sanitize
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build-sanitize
	TSAN_OPTIONS="halt_on_error=0 exitcode=66 suppressions=$(CURDIR)/Tests/thread-sanitizer.txt" \
		$(SWIFT) test --sanitize=thread --scratch-path .build-sanitize $(SANITIZED)
	rm -rf .build-sanitize
	$(SWIFT) build --build-tests $(ADDRESS)
	ASAN_OPTIONS="detect_leaks=0" UBSAN_OPTIONS="print_stacktrace=1 halt_on_error=1" $(SWIFT) test $(ADDRESS) $(SANITIZED)
	rm -rf .build-sanitize

# Every target of Tests/FuzzTests under libFuzzer and Address Sanitizer, RUNS inputs each, FUZZ_JOBS targets at once: docs/fuzzing.md.
# `make fuzz TARGETS=frame RUNS=1000000`: one of them. What it learns is kept in .build-fuzz/corpus, what it finds in .build-fuzz/found.
RUNS ?= 10000000
TARGETS ?= $$($(FUZZ))
FUZZ_JOBS ?= $(shell nproc)
FUZZ := .build-fuzz/release/fuzz
FUZZ_FLAGS := -c release --product fuzz --scratch-path .build-fuzz -Xswiftc -enable-testing \
	-Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
fuzz-build: dependencies
	CONNMIX_FUZZ=1 $(SWIFT) build $(FUZZ_FLAGS)
	mkdir -p .build-fuzz/corpus .build-fuzz/found

fuzz: fuzz-build
	printf '%s\n' $(TARGETS) | xargs -P $(FUZZ_JOBS) -I{} Tests/FuzzTests/run {} -runs=$(RUNS)

# What was learned, cut down to the fewest small inputs that reach as much, goes into the repository's corpus.
fuzz-merge: fuzz-build
	printf '%s\n' $(TARGETS) | xargs -P $(FUZZ_JOBS) -I{} Tests/FuzzTests/run {} -set_cover_merge=1

# Every verb on every hostile and damaged file, and every hostile peer; `make test` tries some of them. Half an hour and more.
hostile: dependencies
	$(SWIFT) build --build-tests
	CONNMIX_HOSTILE=all $(SWIFT) test --skip-build --no-parallel --filter 'HostileFileTests|DamagedFileTests|HostilePeerTests'

format:
	$(SWIFT) format --in-place --recursive --configuration .swift-format $(FORMATTED)

# Writes what is made from commands and tests: docs/cli.md, docs/connmix-durable.1, the lists of docs/reliability.md.
docs: dependencies
	$(SWIFT) build --build-tests
	UPDATE_DOCS=1 $(SWIFT) test --skip-build --no-parallel --filter 'DocumentsTests|PromiseTests'

symbols: dependencies
	$(SWIFT) build --build-tests
	SWIFT="$(SWIFT)" Tools/symbols

# The libraries' documentation, into .build/docc.
docc: symbols
	SWIFT="$(SWIFT)" Tools/docc

# Draws what the articles show, from the sources beside it; needs Graphviz.
diagrams:
	Tools/diagrams

# Writes docs/api/*.txt anew: what is public, one declaration a line.
api: symbols
	Tools/api --write

# Holds what the two above make: documentation without a warning, and a public API that is the one that docs/api lists.
reference: symbols
	Tools/api
	SWIFT="$(SWIFT)" Tools/docc

# Into dist/: the program, a Debian package, a tarball, checksums.
package: dependencies
	SWIFT="$(SWIFT)" Packaging/package

bench: dependencies
	$(MAKE) -C Benchmarks bench

# The consumer in a simulated world, for MINUTES (docs/simulation.md), and whether it finds faults that were made on purpose.
MINUTES ?= 5
simulate: dependencies
	$(SWIFT) build -c release --product simulate
	.build/release/simulate --minutes $(MINUTES) --seed "$$(date +%s)000"

simulate-breakages: dependencies
	SWIFT="$(SWIFT)" Tests/Breakages/run

# Proofs that take longer than a test may (docs/torture.md). SEED repeats what is drawn; TORTURE="--folder /data/torture" has their files there.
SEEDED = $(if $(SEED),--seed $(SEED))
TORTURE_PROGRAM = $(SWIFT) run -c release --skip-build connmix-torture

torture: torture-build
	$(TORTURE_PROGRAM) death --rounds $(or $(ROUNDS),1000) $(SEEDED) $(TORTURE)
	$(TORTURE_PROGRAM) disks $(SEEDED) $(TORTURE)
	$(TORTURE_PROGRAM) locks $(TORTURE)

# SOAK_MINUTES, SOAK_RATE: how long, and messages a second, or half (of what the machine does).
soak: torture-build
	$(TORTURE_PROGRAM) soak --minutes $(or $(SOAK_MINUTES),60) --rate $(or $(SOAK_RATE),1000) $(SEEDED) $(TORTURE)

loss: torture-build
	$(TORTURE_PROGRAM) loss $(TORTURE)

torture-build: dependencies
	$(SWIFT) build -c release --product connmix-torture

clean:
	rm -rf .build .build-sanitize .build-breakages .build-fuzz dist Benchmarks/.build

# SQLite's headers, and make's own prerequisites; nothing is installed where they are there already.
dependencies:
	@command -v $(SWIFT) >/dev/null || { echo "Swift is missing: install 6.2 or newer from https://swift.org/install" >&2; exit 1; }
	@[ -e /usr/include/sqlite3.h ] || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q libsqlite3-dev; }
