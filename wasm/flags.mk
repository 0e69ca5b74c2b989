# flags.mk - every compiler and linker flag of the engine, each with its reason. Included by the Makefile.
#
# Serves Debian's Emscripten 3.1.6 (clang 14) and a current emsdk. Objects are compiled at -O3 and linked
# at -O1: from -O2 on the link runs wasm-opt over the code, which made the 4-bit kernels 20-40 % slower.

# ---- Every compiler -----------------------------------------------------------------------------------
CFLAGS_ALL := -std=c11
# A warning is a bug here: conversions and shadowing are where sizes from untrusted files go wrong.
CFLAGS_ALL += -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
# No fused multiply-add: native, wasm scalar and wasm SIMD give the same bits.
CFLAGS_ALL += -ffp-contract=off
# sqrtf and floorf become one instruction instead of a call that may set errno.
CFLAGS_ALL += -fno-math-errno

# ---- wasm objects -------------------------------------------------------------------------------------
# simd128 is in every browser since 2021 (Safari: 16.4, March 2023); config=scalar leaves it out.
WASM_SIMD.scalar  :=
WASM_SIMD.release := -msimd128
# Speed where the time goes (kernels, and tokenizers while they load: twice as fast for 1 KB, but for the files that
# are quick anyway), size everywhere else:
# -O3 alone made the module a quarter larger.
WASM_OPTIMISE = $(if $(findstring /compute/,$<)$(filter-out $(WASM_COLD),$(filter src/text/% src/train/bpe_train.c,$<))$(WASM_VECTORISE),-O3,-Os)
WASM_COLD = $(addprefix src/text/,special.c unigram.c wordpiece.c tokenizer.c)
# Layers and optimiser of training are plain loops over long arrays: vectorised by the compiler a step is 1.2 to 1.3
# times as fast, for 4 KB of jielong-train.wasm.
WASM_VECTORISE = $(filter src/train/layers.c src/train/optimizer.c,$<)
WASM_CFLAGS = $(CFLAGS_ALL) $(WASM_OPTIMISE) $(WASM_SIMD.$(config))
# Elsewhere loops that gain from SIMD are written with intrinsics; vectorised by the compiler they only grow.
WASM_CFLAGS += $(if $(WASM_VECTORISE),,-fno-vectorize -fno-slp-vectorize)
# One section a function, so that the linker drops what no export reaches.
WASM_CFLAGS += -ffunction-sections -fdata-sections
# Atomics for worker threads; bulk memory and mutable globals belong to a shared link. All three are older than
# SIMD in every browser.
WASM_CFLAGS += -matomics -mbulk-memory -mmutable-globals

# ---- wasm link ----------------------------------------------------------------------------------------
WASM_LDFLAGS := -O1 -g0
# No Emscripten JavaScript: web/engine/engine.js is the loader. A library has no main.
WASM_LDFLAGS += -sSTANDALONE_WASM --no-entry
# Memory grows with the model, to all that 32-bit addresses reach.
WASM_LDFLAGS += -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=4GB
# The smallest allocator; a decode step allocates nothing, so its speed does not count.
WASM_LDFLAGS += -sMALLOC=emmalloc
# The stack lies below the globals, so that an overflow traps instead of overwriting them.
# TOTAL_STACK is the name that 3.1.6 knows (bytes); a current emcc still takes it for STACK_SIZE.
WASM_LDFLAGS += -Wl,--stack-first -sTOTAL_STACK=262144
WASM_LDFLAGS += -Wl,--gc-sections
# One binary for one thread and for several: a memory from the host, marked shared, which web/engine/instance.js
# unmarks where there is one thread. Data is copied into it once, by the first instance.
WASM_LDFLAGS += -Wl,--shared-memory,--import-memory -sINITIAL_MEMORY=16MB
# Kernels of another module (below) get places in the table.
WASM_LDFLAGS += -Wl,--export-table,--growable-table
# Each thread has a stack of its own.
WASM_LDFLAGS += -Wl,--export=__stack_pointer
# wasm-opt does no harm to what training spends its time on (0.985 of the speed); together with the C library's smaller
# log and pow it takes 12 % off the module.
TRAIN_LDFLAGS := -Oz

# ---- Kernels with relaxed SIMD ------------------------------------------------------------------------
# A module of its own, because engines without relaxed SIMD refuse one that has it. It needs clang 16 or later
# with its linker; from emcc 3.1.6 (clang 14) come older opcodes, and its wasm-opt does not know them.
RELAXED_CFLAGS = $(CFLAGS_ALL) -O3 --target=wasm32 -msimd128 -mrelaxed-simd -fno-vectorize -fno-slp-vectorize
RELAXED_CFLAGS += -matomics -mbulk-memory -mmutable-globals
# memcpy becomes memory.copy; there is no library.
RELAXED_CFLAGS += -ffreestanding
# Its table of forms lies wherever the engine gives it room.
RELAXED_CFLAGS += -fPIC -fvisibility=hidden
RELAXED_LDFLAGS := -shared --experimental-pic --shared-memory --import-memory --max-memory=4294967296 --gc-sections
RELAXED_LDFLAGS += --strip-all --export=jl_act_prepare_fast__relaxed --export=jl_matmul_fast__relaxed
