/* status.h - how a failure is recorded.
 *
 * The first failure fills the caller's jl_error and keeps its place; later ones change nothing, so
 * a long parse can be checked once at its end. Messages are built by a small formatter of our own
 * (no stdio in the engine): %s string, %d int, %u unsigned 64-bit (pass uint64_t), %S pointer +
 * length (jl_str).
 */
#ifndef JL_STATUS_H
#define JL_STATUS_H

#include "../jielong.h"

#define JL_NO_OFFSET UINT64_MAX

void jl_error_clear(jl_error *e);

/* Records {code, offset, where, message} unless something is recorded already; returns e->code. A
 * `where` of arbitrary bytes is made printable. e may be NULL. */
jl_status jl_fail(jl_error *e, jl_status code, uint64_t offset, jl_str where, const char *format,
                  ...);

/* The same for an allocation that failed. */
jl_status jl_no_memory(jl_error *e, const char *where);

jl_str jl_string(const char *s); /* of a NUL-terminated string */
int jl_str_equal(jl_str a, const char *b);

/* FNV-1a for hash tables, 64 bits (RFC 9923): the whole, or byte by byte. */
uint64_t jl_hash(const void *bytes, size_t n);
#define JL_HASH_START 0xcbf29ce484222325u
static inline uint64_t jl_hash_byte(uint64_t hash, uint8_t byte) {
    return (hash ^ byte) * 0x100000001b3u;
}

/* Writes the formatted text and its NUL into at most cap bytes; returns the whole length. */
size_t jl_format(char *out, size_t cap, const char *format, ...);

#endif
