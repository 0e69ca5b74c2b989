/* jielong_state.h - sessions as bytes: save one, restore it later or on another host.
 *
 * A state holds the rules, edits and tokens of a session, the cache of the evaluated ones, the
 * logits, and the state of the random numbers. It does not hold the options and the held-back text
 * of a generation, nor counters. Only a session of the same model file restores it, whatever its
 * precision and threads; with the same precision, what follows has the same bits as in the saved
 * session. Extends jielong.h, whose conventions apply.
 *
 *   "jl-state", u32 version, u64 fingerprint of the model, u64 bytes in total, u64 random state
 *   f64 base and scale of RoPE, i32[23] sizes and rules (enum in session/save.c), i32 position ids
 *   edits: i32 site, layer, head, from, to, operation, f32 factor, u32 n, f32[n]
 *   i32 ids; K, then V: used tiles of each KV head; convolution rows; recurrent states;
 *   K, V of the sinks; f32 logits
 *
 * All little-endian and without padding; empty slots of a tile are 0.
 */
#ifndef JIELONG_STATE_H
#define JIELONG_STATE_H

#include "jielong.h"

/* Writes bytes [from, from + n) of the state to out; returns the bytes in total, 0 on failure. The
 * session must not change between the parts. Encoders and runs in progress have no state. Abandons
 * a batch in progress, which is evaluated again. */
uint64_t jl_session_save(jl_session *s, uint64_t from, uint8_t *out, uint64_t n, jl_error *error);

/* A session of m that continues a saved one. The bytes may be hostile: NULL and an error, or a
 * session with any values in its cache. pool, now: as in jl_session_options. */
jl_session *jl_session_restore(const jl_model *m, const uint8_t *bytes, uint64_t n, jl_pool *pool,
                               double (*now)(void), jl_error *error);

/* The seed with which a new generation continues the draws of the last one; 0 before the first. */
uint64_t jl_session_next_seed(const jl_session *s);

#endif
