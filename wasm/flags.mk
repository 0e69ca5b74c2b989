# flags.mk - the engine's compiler and linker flags, with reasons. Included by the Makefile.
#
# Works with Debian's Emscripten 3.1.6 (clang 14) and a current emsdk. Objects are compiled at -O3 or -Oz and linked
# at -O1, because from -O2 the link runs wasm-opt, which made the 4-bit kernels 20-40 % slower.

# ---- Every compiler -----------------------------------------------------------------------------------
CFLAGS_ALL := -std=c11
# Warnings are errors: conversions and shadowing can corrupt sizes from untrusted files.
CFLAGS_ALL += -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
# No fused multiply-add, so that native, wasm scalar and wasm SIMD results are bit-identical.
CFLAGS_ALL += -ffp-contract=off
# sqrtf and floorf compile to one instruction instead of a call that sets errno.
CFLAGS_ALL += -fno-math-errno

# ---- wasm objects -------------------------------------------------------------------------------------
# Every browser has simd128 since 2021 (Safari 16.4: March 2023); config=scalar omits it.
WASM_SIMD.scalar  :=
WASM_SIMD.release := -msimd128
# -O3 for kernels and slow tokenizer files (loading twice as fast for 1 KB), -Oz for the rest: -O3 everywhere made
# the module a quarter larger.
WASM_OPTIMISE = $(if $(findstring /compute/,$<)$(filter-out $(WASM_COLD),$(filter src/text/% src/train/bpe_train.c,$<))$(WASM_VECTORISE),-O3,-Oz)
WASM_COLD = $(addprefix src/text/,special.c unigram.c wordpiece.c tokenizer.c trace.c vocab.c)
# Packing at -O2 is 1 KB smaller than at -O3 and a tenth slower (20 ms of loading 94 MB); at -Os a load takes twice as long.
WASM_PACK = $(filter src/compute/pack.c src/format/quant_rare.c,$<)
# Masks of grammars at -O2: a third of the time for 150 bytes.
WASM_MASKS = $(filter src/session/constraint.c,$<)
# Training's layers and optimiser are plain loops over long arrays. Compiler vectorisation makes a step 1.2 to 1.3
# times as fast for 4 KB of jielong-train.wasm.
WASM_VECTORISE = $(filter src/train/layers.c src/train/optimizer.c src/forward/delta_net.c src/forward/mamba.c,$<)
WASM_CFLAGS = $(CFLAGS_ALL) $(if $(WASM_PACK)$(WASM_MASKS),-O2,$(WASM_OPTIMISE)) $(WASM_SIMD.$(config))
# Other loops that gain from SIMD use intrinsics; compiler vectorisation only makes them larger.
WASM_CFLAGS += $(if $(WASM_VECTORISE),,-fno-vectorize -fno-slp-vectorize)
# One section per function, so that the linker drops unreachable functions.
WASM_CFLAGS += -ffunction-sections -fdata-sections
# Worker threads need atomics; a shared link needs bulk memory and mutable globals. All are older than SIMD in
# every browser.
WASM_CFLAGS += -matomics -mbulk-memory -mmutable-globals

# ---- wasm link ----------------------------------------------------------------------------------------
WASM_LDFLAGS := -O1 -g0
# No Emscripten JavaScript: web/engine/engine.js is the loader. A library has no main.
WASM_LDFLAGS += -sSTANDALONE_WASM --no-entry
# Memory grows with the model, up to the 32-bit limit.
WASM_LDFLAGS += -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=4GB
# The smallest allocator; its speed is irrelevant because a decode step allocates nothing.
WASM_LDFLAGS += -sMALLOC=emmalloc
# The stack is below the globals, so that an overflow traps instead of overwriting them.
# TOTAL_STACK (bytes) is the 3.1.6 name of STACK_SIZE; current emcc accepts it.
WASM_LDFLAGS += -Wl,--stack-first -sTOTAL_STACK=262144
WASM_LDFLAGS += -Wl,--gc-sections
# One binary for one or more threads: it imports a shared memory, and web/engine/instance.js removes the shared flag
# for one thread. The first instance initialises the data.
WASM_LDFLAGS += -Wl,--shared-memory,--import-memory -sINITIAL_MEMORY=16MB
# The table has room for kernels of another module (below).
WASM_LDFLAGS += -Wl,--export-table,--growable-table
# Each thread has its own stack.
WASM_LDFLAGS += -Wl,--export=__stack_pointer
# wasm-opt hardly slows training (0.985 of the speed); with the C library's smaller log and pow it shrinks the
# module by 12 %.
TRAIN_LDFLAGS := -Oz

# ---- Kernels with relaxed SIMD ------------------------------------------------------------------------
# A separate module, because engines without relaxed SIMD reject it. It needs clang 16 or later and its linker:
# emcc 3.1.6 (clang 14) emits older opcodes, which its wasm-opt rejects.
RELAXED_CFLAGS = $(CFLAGS_ALL) -O3 --target=wasm32 -msimd128 -mrelaxed-simd -fno-vectorize -fno-slp-vectorize
RELAXED_CFLAGS += -matomics -mbulk-memory -mmutable-globals
# No C library: memcpy compiles to memory.copy.
RELAXED_CFLAGS += -ffreestanding
# Position-independent: the engine chooses the address of its format table.
RELAXED_CFLAGS += -fPIC -fvisibility=hidden
RELAXED_LDFLAGS := -shared --experimental-pic --shared-memory --import-memory --max-memory=4294967296 --gc-sections
RELAXED_LDFLAGS += --strip-all --export=jl_act_prepare_fast__relaxed --export=jl_matmul_fast__relaxed
