/* status.h - records failures; string helpers.
 *
 * The first failure fills the caller's jl_error; later ones are ignored, so a long parse can be
 * checked once at its end. Messages use jl_format, not stdio: %s string, %d int, %u unsigned 64-bit
 * (pass uint64_t), %S jl_str.
 */
#ifndef JL_STATUS_H
#define JL_STATUS_H

#include "../jielong.h"

#define JL_NO_OFFSET UINT64_MAX

void jl_error_clear(jl_error *e);

/* Records {code, offset, where, message} unless e holds an error; returns e->code. Makes `where`
 * printable. e may be NULL. */
jl_status jl_fail(jl_error *e, jl_status code, uint64_t offset, jl_str where, const char *format,
                  ...);

/* The same for a failed allocation. */
jl_status jl_no_memory(jl_error *e, const char *where);

jl_str jl_string(const char *s); /* s: NUL-terminated */
int jl_str_equal(jl_str a, const char *b);

/* 64-bit FNV-1a (RFC 9923) for hash tables, of a block or byte by byte. */
uint64_t jl_hash(const void *bytes, size_t n);
#define JL_HASH_START 0xcbf29ce484222325u
static inline uint64_t jl_hash_byte(uint64_t hash, uint8_t byte) {
    return (hash ^ byte) * 0x100000001b3u;
}

/* Writes at most cap bytes including the NUL; returns the full length. */
size_t jl_format(char *out, size_t cap, const char *format, ...);

#endif
