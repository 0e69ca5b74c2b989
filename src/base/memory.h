/* memory.h - the engine's only allocator.
 *
 * Tests can fail the N-th allocation and check for leaks. A debug build can prove that a decode
 * step allocates nothing: between jl_memory_forbid(1) and jl_memory_forbid(0) allocations fail (a
 * no-op without JL_DEBUG).
 */
#ifndef JL_MEMORY_H
#define JL_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *jl_alloc(size_t n);      /* 64-byte aligned, uninitialised; NULL on failure; n ≥ 1 */
void *jl_alloc_zero(size_t n); /* same, zeroed */
void *jl_alloc_array(uint64_t n, size_t size); /* zeroed; NULL if n × size overflows */
void jl_free(void *p);                         /* may be NULL */

#ifdef JL_DEBUG
/* For tests: fail the (n+1)-th allocation from now (n < 0: none); count live blocks. */
void jl_memory_fail_after(int n);
int jl_memory_live(void);
void jl_memory_forbid(int on);
#else
#define jl_memory_forbid(on) ((void)(on))
#endif

#endif
