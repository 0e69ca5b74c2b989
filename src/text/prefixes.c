/* prefixes.c - walks along a text with a growing hash. See prefixes.h. */
#include "prefixes.h"

static uint32_t first_three(const uint8_t *s) {
    uint32_t h = ((uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2]) * 0x9e3779b1u;
    return h >> (32 - JL_REACH_BITS);
}

jl_status jl_prefixes_init(jl_prefixes *p, const jl_vocab *v, jl_error *error) {
    *p = (jl_prefixes){ .v = v };
    for (uint32_t id = 0; id < v->n; id++) {
        jl_str s = jl_vocab_string(v, (int32_t)id);
        if (s.n > JL_MAX_PREFIX_BYTES)
            return jl_fail(error, JL_ERR_TOKENIZER, JL_NO_OFFSET,
                           jl_string("tokenizer.ggml.tokens"), "token %u is longer than %d bytes",
                           (uint64_t)id, (int)JL_MAX_PREFIX_BYTES);
        uint16_t *reach = s.n < 3 ? NULL : &p->reach[first_three((const uint8_t *)s.data)];
        if (reach && s.n > *reach) *reach = (uint16_t)s.n;
    }
    return JL_OK;
}

jl_prefix_walk jl_prefixes_walk(const jl_prefixes *p, const uint8_t *text, size_t room) {
    size_t limit = room < 3 ? room : p->reach[first_three(text)];
    if (limit > room) limit = room;
    if (limit < 2) limit = room < 2 ? room : 2;
    return (jl_prefix_walk){ p, text, 0, limit, JL_HASH_START };
}

int jl_prefix_step(jl_prefix_walk *w, int32_t *id) {
    if (w->n == w->limit) return 0;
    w->hash = jl_hash_byte(w->hash, w->text[w->n++]);
    *id = jl_vocab_find_hashed(w->p->v, w->hash, w->text, w->n);
    return 1;
}
