/* constraint.c - masks over the vocabulary. See constraint.h. */
#include "constraint.h"

#include <string.h>

#include "../base/heap.h"
#include "../base/memory.h"

/* Tokens sorted by their bytes. `shared` bytes are those of the token before; the others follow
 * each other in `bytes`. */
typedef struct token_list {
    int n;
    int32_t *ids;             /* [n] */
    uint8_t *shared, *length; /* [n] */
    uint8_t *bytes;
    uint32_t first[257], offset[257]; /* of the tokens that begin with a byte, and their bytes */
} token_list;

struct jl_constraint {
    jl_pieces pieces;
    token_list all;                         /* tokens that have bytes */
    token_list other;                       /* of them, those with a byte that is not plain */
    int32_t *plain;                         /* [n_plain] tokens of plain bytes only, by length */
    uint32_t by_length[JL_PIECE_BYTES + 2]; /* the first of each length */
    int words;                              /* of a mask */
    uint32_t *ends;                         /* [words] end tokens */
    uint32_t *masks;                        /* [JL_CONSTRAINT_MASKS][words] */
    uint32_t owner[JL_CONSTRAINT_MASKS];    /* state of each mask, 0: none */
    int next_mask;
    jl_grammar *grammar; /* NULL: none set */
    uint32_t state;
    char *text; /* [n_text] of the grammar */
    size_t n_text;
};

/* Printable ASCII that strings of JSON need not escape. */
static int is_plain(uint8_t byte) {
    return byte >= ' ' && byte < 127 && byte != '"' && byte != '\\';
}

/* ---- Sorting --------------------------------------------------------------------------------- */

/* A token, its bytes, and the first eight of them as a number. */
typedef struct piece {
    uint64_t key;
    const uint8_t *bytes;
    int32_t id;
    uint32_t length;
} piece;

static const char *bytes_of(const jl_constraint *c, int32_t id, size_t *n) {
    *n = 0;
    return c->pieces.bytes(c->pieces.context, id, n);
}

static int after(const void *context, const piece *a, const piece *b) {
    (void)context;
    uint32_t n = a->length, m = b->length;
    int order = memcmp(a->bytes, b->bytes, n < m ? n : m);
    return order ? order > 0 : n != m ? n > m : a->id > b->id;
}
JL_HEAP(pieces, piece, const void *, after)

static void heap_sort(piece *list, size_t n) {
    for (size_t i = n / 2; i-- > 0;) pieces_down(NULL, list, n, i);
    while (n > 1) {
        piece last = list[--n];
        list[n] = list[0];
        list[0] = last;
        pieces_down(NULL, list, n, 0);
    }
}

/* By the keys: a radix sort from the last byte to the first. Then tokens of the same key. */
static void sort(piece *list, piece *other, size_t n) {
    for (int shift = 0; shift < 64; shift += 8) {
        uint32_t start[257] = { 0 };
        for (size_t i = 0; i < n; i++) start[(list[i].key >> shift & 255) + 1]++;
        for (int b = 0; b < 256; b++) start[b + 1] += start[b];
        for (size_t i = 0; i < n; i++) other[start[list[i].key >> shift & 255]++] = list[i];
        piece *swap = list;
        list = other;
        other = swap;
    }
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && list[to].key == list[from].key;) to++;
        if (to - from > 1) heap_sort(list + from, to - from);
    }
}

static size_t collect(const jl_constraint *c, piece *list) {
    size_t n = 0, length;
    for (int32_t id = 0; id < c->pieces.n; id++) {
        const uint8_t *s = (const uint8_t *)bytes_of(c, id, &length);
        if (!s || length == 0 || length > JL_PIECE_BYTES) continue;
        if (c->ends[id / 32] >> (id & 31) & 1) continue;
        piece p = { 0, s, id, (uint32_t)length };
        for (size_t i = 0; i < 8; i++) p.key = p.key << 8 | (i < length ? s[i] : 0);
        list[n++] = p;
    }
    return n;
}

static void fill(token_list *t, const piece *list) {
    const uint8_t *last = NULL;
    uint32_t used = 0, before = 0;
    int byte = 0;
    for (int i = 0; i < t->n; i++) {
        const uint8_t *s = list[i].bytes;
        uint32_t shared = 0, length = list[i].length;
        while (shared < before && shared < length && s[shared] == last[shared]) shared++;
        for (; byte <= s[0]; byte++) t->first[byte] = (uint32_t)i, t->offset[byte] = used;
        memcpy(t->bytes + used, s + shared, length - shared);
        t->ids[i] = list[i].id;
        t->shared[i] = (uint8_t)shared;
        t->length[i] = (uint8_t)length;
        used += length - shared;
        last = s, before = length;
    }
    for (; byte <= 256; byte++) t->first[byte] = (uint32_t)t->n, t->offset[byte] = used;
}

static int build(token_list *t, const piece *list, size_t n) {
    size_t bytes = 1;
    for (size_t i = 0; i < n; i++) bytes += list[i].length;
    t->n = (int)n;
    t->ids = jl_alloc_array(n + 1, sizeof *t->ids);
    t->shared = jl_alloc_array(2 * (uint64_t)n + 1, 1);
    t->length = t->shared ? t->shared + n : NULL;
    t->bytes = jl_alloc(bytes);
    if (!t->ids || !t->shared || !t->bytes) return 0;
    fill(t, list);
    return 1;
}

static void free_list(token_list *t) {
    jl_free(t->ids);
    jl_free(t->shared);
    jl_free(t->bytes);
}

/* Moves plain tokens to c->plain; returns how many of the list remain. */
static size_t part(jl_constraint *c, piece *list, size_t n) {
    uint32_t *first = c->by_length;
    size_t kept = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            uint32_t length = list[i].length, k = 0;
            while (k < length && is_plain(list[i].bytes[k])) k++;
            if (k < length && pass)
                list[kept++] = list[i];
            else if (k == length && pass)
                c->plain[first[length]++] = list[i].id;
            else if (k == length)
                first[length + 1]++;
        }
        for (int k = 0; k <= JL_PIECE_BYTES && !pass; k++) first[k + 1] += first[k];
    }
    memmove(first + 1, first, (JL_PIECE_BYTES + 1) * sizeof *first);
    first[0] = 0;
    return kept;
}

static jl_status index_pieces(jl_constraint *c) {
    uint64_t n = (uint64_t)c->pieces.n;
    piece *list = jl_alloc_array(2 * n, sizeof *list);
    c->plain = jl_alloc_array(n, sizeof *c->plain);
    int fine = list && c->plain;
    if (fine) {
        size_t used = collect(c, list);
        sort(list, list + n, used);
        fine = build(&c->all, list, used);
        if (fine) fine = build(&c->other, list, part(c, list, used));
    }
    jl_free(list);
    return fine ? JL_OK : JL_ERR_MEMORY;
}

jl_constraint *jl_constraint_new(const jl_pieces *pieces, jl_error *error) {
    jl_constraint *c = jl_alloc_zero(sizeof *c);
    if (c) {
        c->pieces = *pieces;
        c->words = (pieces->n + 31) / 32;
        c->ends = jl_alloc_array((uint64_t)c->words, sizeof *c->ends);
        c->masks = jl_alloc_array((uint64_t)c->words * JL_CONSTRAINT_MASKS, sizeof *c->masks);
    }
    int fine = c && c->ends && c->masks;
    for (int32_t id = 0; fine && id < pieces->n; id++)
        if (pieces->is_end(pieces->context, id)) c->ends[id / 32] |= 1u << (id & 31);
    if (fine && !index_pieces(c)) return c;
    jl_constraint_free(c);
    jl_no_memory(error, "grammar");
    return NULL;
}

void jl_constraint_free(jl_constraint *c) {
    if (!c) return;
    jl_grammar_free(c->grammar);
    jl_free(c->text);
    free_list(&c->all);
    free_list(&c->other);
    jl_free(c->plain);
    jl_free(c->ends);
    jl_free(c->masks);
    jl_free(c);
}

/* ---- Masks ----------------------------------------------------------------------------------- */

static jl_status too_deep(jl_error *error) {
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("grammar"),
                   "the text so far can continue in too many ways, or nests too deeply");
}

/* Drops all states but the current. */
static void drop(jl_constraint *c) {
    c->state = jl_grammar_drop(c->grammar, c->state);
    memset(c->owner, 0, sizeof c->owner);
}

/* The states after each byte of a token. */
typedef struct path {
    uint32_t at[JL_PIECE_BYTES + 1];
    uint8_t bytes[JL_PIECE_BYTES];
} path;

/* One more byte, the depth-th; if the memory is full, the path is walked again after a drop. */
static uint32_t walk(jl_constraint *c, path *p, int depth, uint8_t byte) {
    p->bytes[depth] = byte;
    uint32_t next = jl_grammar_step(c->grammar, p->at[depth], byte);
    if (next == JL_GRAMMAR_FULL) {
        drop(c);
        p->at[0] = next = c->state;
        for (int i = 0; i <= depth && next != JL_GRAMMAR_FULL; i++)
            p->at[i + 1] = next = jl_grammar_step(c->grammar, next, p->bytes[i]);
    }
    return p->at[depth + 1] = next;
}

/* Sets the bits of the tokens that begin with a byte; 0: the memory is too small. */
static int mark_tokens(jl_constraint *c, const token_list *t, path *p, uint8_t first,
                       uint32_t *mask) {
    uint32_t next = walk(c, p, 0, first);
    if (next == JL_GRAMMAR_DEAD) return 1;
    const uint8_t *bytes = t->bytes + t->offset[first];
    int dead = JL_PIECE_BYTES + 1; /* bytes of the last token up to the one that does not match */
    for (uint32_t i = t->first[first]; i < t->first[first + 1]; i++) {
        int depth = t->shared[i], length = t->length[i];
        const uint8_t *rest = bytes - depth;
        bytes = rest + length;
        if (depth >= dead) continue;
        for (dead = JL_PIECE_BYTES + 1; depth < length; depth++) {
            next = walk(c, p, depth, rest[depth]);
            if (next == JL_GRAMMAR_FULL) return 0;
            if (next == JL_GRAMMAR_DEAD) break;
        }
        if (depth < length)
            dead = depth + 1;
        else
            mask[t->ids[i] / 32] |= 1u << (t->ids[i] & 31);
    }
    return next != JL_GRAMMAR_FULL;
}

/* The state that every plain byte leads to, or JL_GRAMMAR_FULL: they lead to several. */
static uint32_t plain_step(jl_constraint *c, uint32_t state) {
    uint32_t next = jl_grammar_step(c->grammar, state, ' ');
    for (int byte = 126; byte > ' ' && next != JL_GRAMMAR_FULL; byte--)
        if (is_plain((uint8_t)byte) && jl_grammar_step(c->grammar, state, (uint8_t)byte) != next)
            return JL_GRAMMAR_FULL;
    return next;
}

/* How many plain bytes may follow, whichever they are; −1: that depends on the bytes. */
static int plain_length(jl_constraint *c) {
    uint32_t state = c->state, next;
    int longest = JL_PIECE_BYTES;
    while (longest > 0 && c->by_length[longest] == c->by_length[longest + 1]) longest--;
    for (int n = 0; n < longest; n++, state = next) {
        next = plain_step(c, state);
        if (next == JL_GRAMMAR_FULL || (n == 0 && next == JL_GRAMMAR_DEAD)) return -1;
        if (next == JL_GRAMMAR_DEAD) return n;
        if (next == state) break;
    }
    return longest;
}

/* Tokens that the grammar names. */
static void mark_named(const jl_constraint *c, uint32_t *mask) {
    const jl_grammar *g = c->grammar;
    jl_grammar_state s = g->states[c->state];
    for (uint32_t i = 0; i < s.n; i++) {
        uint32_t e = g->rules.elements[g->nodes[g->pool[s.first + i]].element];
        int32_t id = (int32_t)jl_gbnf_value(e), known = id < c->pieces.n;
        if (jl_gbnf_kind(e) == JL_GBNF_TOKEN && known) mask[id / 32] |= 1u << (id & 31);
        if (jl_gbnf_kind(e) != JL_GBNF_TOKEN_NOT) continue;
        for (int32_t k = 0; k < c->pieces.n; k++)
            if (k != id && !(c->ends[k / 32] >> (k & 31) & 1)) mask[k / 32] |= 1u << (k & 31);
    }
}

static int compute(jl_constraint *c, uint32_t *mask) {
    path p;
    memset(mask, 0, (size_t)c->words * sizeof *mask);
    c->grammar->work = 0;
    int plain = plain_length(c);
    p.at[0] = c->state;
    for (uint32_t i = 0; plain >= 0 && i < c->by_length[plain + 1]; i++)
        mask[c->plain[i] / 32] |= 1u << (c->plain[i] & 31);
    const token_list *t = plain < 0 ? &c->all : &c->other;
    for (int byte = 0; byte < 256; byte++)
        if (t->first[byte] < t->first[byte + 1] && !mark_tokens(c, t, &p, (uint8_t)byte, mask))
            return 0;
    mark_named(c, mask);
    for (int i = 0; c->grammar->states[c->state].accepts && i < c->words; i++)
        mask[i] |= c->ends[i];
    return 1;
}

static int is_empty(const uint32_t *mask, int words) {
    for (int i = 0; i < words; i++)
        if (mask[i]) return 0;
    return 1;
}

const uint32_t *jl_constraint_mask(jl_constraint *c, jl_error *error) {
    int slot = c->grammar->states[c->state].mask;
    if (slot >= 0) return c->masks + (size_t)slot * (size_t)c->words;
    slot = c->next_mask;
    c->next_mask = (slot + 1) % JL_CONSTRAINT_MASKS;
    uint32_t *mask = c->masks + (size_t)slot * (size_t)c->words;
    if (c->owner[slot]) c->grammar->states[c->owner[slot]].mask = -1;
    c->owner[slot] = 0;
    if (!compute(c, mask)) {
        too_deep(error);
        return NULL;
    }
    if (is_empty(mask, c->words)) {
        jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("grammar"),
                "no token of the vocabulary continues the text as the grammar requires");
        return NULL;
    }
    c->owner[slot] = c->state;
    c->grammar->states[c->state].mask = (int16_t)slot;
    return mask;
}

/* ---- The text -------------------------------------------------------------------------------- */

int jl_constraint_is(const jl_constraint *c, jl_str grammar) {
    return c->grammar && c->n_text == grammar.n && memcmp(c->text, grammar.data, grammar.n) == 0;
}

static jl_status set(jl_constraint *c, jl_str grammar, jl_error *error) {
    jl_grammar_free(c->grammar);
    jl_free(c->text);
    c->n_text = grammar.n;
    c->text = jl_alloc(grammar.n + 1);
    c->grammar =
        c->text ? jl_grammar_new(grammar, c->pieces.token, c->pieces.context, error) : NULL;
    if (!c->text) return jl_no_memory(error, "grammar");
    if (!c->grammar) return error ? error->code : JL_ERR_ARGUMENT;
    memcpy(c->text, grammar.data, grammar.n);
    c->state = c->grammar->start;
    memset(c->owner, 0, sizeof c->owner);
    return JL_OK;
}

jl_status jl_constraint_begin(jl_constraint *c, jl_str grammar, jl_error *error) {
    if (!jl_constraint_is(c, grammar)) return set(c, grammar, error);
    uint32_t start = c->grammar->start;
    if (start == JL_GRAMMAR_DEAD) { /* it was dropped */
        start = jl_grammar_begin(c->grammar);
        memset(c->owner, 0, sizeof c->owner);
    }
    c->state = start;
    return JL_OK;
}

jl_status jl_constraint_accept(jl_constraint *c, int32_t id, jl_error *error) {
    if (c->ends[id / 32] >> (id & 31) & 1) return JL_OK;
    size_t n;
    const char *bytes = bytes_of(c, id, &n);
    uint32_t round = c->grammar->n_drops;
    uint32_t next = jl_grammar_accept(c->grammar, c->state, id, bytes, n);
    if (c->grammar->n_drops != round) memset(c->owner, 0, sizeof c->owner);
    if (next == JL_GRAMMAR_FULL || next == JL_GRAMMAR_DEAD) return too_deep(error);
    c->state = next;
    return JL_OK;
}

int jl_constraint_done(const jl_constraint *c) {
    jl_grammar_state s = c->grammar->states[c->state];
    return s.accepts && s.n == 0;
}
