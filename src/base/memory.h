/* memory.h - every allocation of the engine.
 *
 * One door, so that tests can refuse the N-th allocation and check that nothing leaks, and so that
 * a debug build can prove that a decode step allocates nothing: between jl_memory_forbid(1) and
 * jl_memory_forbid(0) an allocation fails there (JL_DEBUG only; elsewhere the call is empty).
 */
#ifndef JL_MEMORY_H
#define JL_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *jl_alloc(size_t n);      /* 64-byte aligned, not cleared; NULL when refused; n ≥ 1 */
void *jl_alloc_zero(size_t n); /* same, cleared */
void *jl_alloc_array(uint64_t n, size_t size); /* cleared; NULL too when n × size overflows */
void jl_free(void *p);                         /* NULL is fine */

#ifdef JL_DEBUG
/* For tests: fail the (n+1)-th allocation from now (n < 0: none); counters of calls and live
 * blocks. */
void jl_memory_fail_after(int n);
int jl_memory_live(void);
void jl_memory_forbid(int on);
#else
#define jl_memory_forbid(on) ((void)(on))
#endif

#endif
