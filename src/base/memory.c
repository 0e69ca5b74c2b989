/* memory.c - allocation on the C library's heap.
 *
 * Blocks are 64-byte aligned: a cache line, enough for any SIMD load. Uses posix_memalign because
 * aligned_alloc needs a rounded size, which would hide small overruns from AddressSanitizer. The
 * counters exist only in JL_DEBUG builds and are not thread-safe.
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200112L /* posix_memalign */
#endif
#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 }; /* bytes */

#ifdef JL_DEBUG
static int fail_after = -1, live, forbidden;

void jl_memory_fail_after(int n) {
    fail_after = n;
}

int jl_memory_live(void) {
    return live;
}

void jl_memory_forbid(int on) {
    forbidden = on;
}

static int refused(void) {
    if (forbidden) return 1;
    return fail_after >= 0 && fail_after-- == 0;
}
#define COUNT(n) (live += (n))
#else
#define refused() 0
#define COUNT(n)  ((void)0)
#endif

void *jl_alloc(size_t n) {
    void *p = NULL;
    /* At most half the address space: pointer differences stay in range, and an allocator's header
     * size cannot overflow n (wasm32). */
    if (n > SIZE_MAX / 2 || refused()) return NULL;
#ifdef __wasm__
    /* Emscripten's emmalloc first grows the heap by n, too little with the alignment, then by n
     * again: twice the model. It reuses a freed block that is large enough, so make one. */
    void *volatile room = malloc(n + 2 * ALIGNMENT); /* volatile: keeps the call */
    free(room);
#endif
    if (posix_memalign(&p, ALIGNMENT, n ? n : 1)) return NULL;
    COUNT(1);
    return p;
}

void *jl_alloc_zero(size_t n) {
    void *p = jl_alloc(n);
    if (p) memset(p, 0, n);
    return p;
}

void *jl_alloc_array(uint64_t n, size_t size) {
    if (size && n > SIZE_MAX / size) return NULL;
    return jl_alloc_zero((size_t)n * size);
}

void jl_free(void *p) {
    if (p) COUNT(-1);
    free(p);
}
