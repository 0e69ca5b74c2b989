/* bpe_train.c - trains BPE, of bytes or of characters, from unique pieces and counts of pairs.
 *
 * Counts are exact. A step visits the pieces that contain the merged pair: it subtracts their
 * pairs, merges, and adds the new pairs. The maximum comes from a heap with lazy updates: a count
 * in it may be too high, never too low. Only the entry equal to `pushed` is valid; the pop corrects
 * or returns it.
 */
#include "bpe_train.h"

#include <string.h>

#include "../base/heap.h"
#include "../base/memory.h"
#include "../base/utf8.h"
#include "../text/pretokenize.h"
#include "../text/unicode.h"
#include "../text/vocab.h"

typedef struct word {
    uint32_t start, length; /* in symbols */
    uint64_t count;
} word;

typedef struct pair {
    int32_t left, right;
    uint64_t count, pushed;
    uint32_t places;  /* index + 1 of the first node of its pieces */
    uint32_t touched; /* step that last increased its count */
} pair;

typedef struct node {
    uint32_t word, next; /* next + 1 */
} node;

typedef struct entry {
    uint64_t count;
    uint32_t pair;
} entry;

/* A growing array. A push may move the items. */
typedef struct list {
    void *items;
    size_t n, cap;
} list;

struct jl_bpe_trainer {
    jl_vocab tokens, pieces; /* byte strings, indexed by token and by word */
    list words;              /* word */
    list symbols;            /* int32_t, the tokens of all words in order */
    list pairs;              /* pair */
    list nodes;              /* node */
    list heap;               /* entry, largest first */
    list touched;            /* uint32_t, pairs whose count the step increased */
    list merges;             /* int32_t, two per merge */
    list sample;             /* int32_t */
    list breaks;             /* uint8_t per symbol of the sample: 1 begins a piece */
    uint32_t *slots;         /* [n_slots] pair + 1, 0 for none; linear probing */
    uint32_t n_slots;        /* a power of two */
    uint32_t step;
    uint64_t n_text;
    int characters; /* tokens that are characters; 0: of bytes */
};

#define AT(list_, type) ((type *)(list_).items)

/* Returns 0 without memory and changes nothing. */
static int push(list *l, const void *item, size_t size) {
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 256;
        void *items = l->cap > UINT32_MAX / 2 ? NULL : jl_alloc_array(cap, size);
        if (!items) return 0;
        if (l->n) memcpy(items, l->items, l->n * size);
        jl_free(l->items);
        l->items = items;
        l->cap = cap;
    }
    memcpy((char *)l->items + l->n++ * size, item, size);
    return 1;
}

/* ---- Maximum count -------------------------------------------------------------------------- */

static int before(const jl_bpe_trainer *t, const entry *a, const entry *b) {
    if (a->count != b->count) return a->count > b->count;
    const pair *p = &AT(t->pairs, pair)[a->pair], *q = &AT(t->pairs, pair)[b->pair];
    return p->left != q->left ? p->left < q->left : p->right < q->right;
}
JL_HEAP(pair_heap, entry, const jl_bpe_trainer *, before)

static int heap_push(jl_bpe_trainer *t, uint32_t which) {
    pair *p = &AT(t->pairs, pair)[which];
    entry item = { p->count, which };
    if (!push(&t->heap, &item, sizeof item)) return 0;
    p->pushed = p->count;
    pair_heap_up(t, t->heap.items, t->heap.n - 1);
    return 1;
}

static entry heap_pop(jl_bpe_trainer *t) {
    entry *h = t->heap.items, top = h[0];
    h[0] = h[--t->heap.n];
    pair_heap_down(t, h, t->heap.n, 0);
    return top;
}

/* The most frequent pair with count ≥ 2: 1 found, 0 none, −1 no memory. */
static int most_frequent(jl_bpe_trainer *t, uint32_t *which) {
    while (t->heap.n > 0) {
        entry top = heap_pop(t);
        pair *p = &AT(t->pairs, pair)[top.pair];
        if (top.count != p->pushed) continue;
        p->pushed = 0;
        *which = top.pair;
        if (p->count == top.count) return 1;
        if (p->count >= 2 && !heap_push(t, top.pair)) return -1;
    }
    return 0;
}

/* ---- Pairs ----------------------------------------------------------------------------------- */

static uint32_t hash_pair(int32_t left, int32_t right) {
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
    return (uint32_t)((h ^ h >> 29) * 0xd6e8feb86659fd93u >> 32);
}

/* The slot of a pair, or the free slot for it. */
static uint32_t *slot_of(const jl_bpe_trainer *t, int32_t left, int32_t right) {
    for (uint32_t at = hash_pair(left, right);; at++) {
        uint32_t *slot = &t->slots[at & (t->n_slots - 1)];
        if (!*slot) return slot;
        const pair *p = &AT(t->pairs, pair)[*slot - 1];
        if (p->left == left && p->right == right) return slot;
    }
}

static int grow_slots(jl_bpe_trainer *t) {
    uint32_t n = t->n_slots ? 2 * t->n_slots : 1024;
    uint32_t *old = t->slots, *slots = n ? jl_alloc_array(n, sizeof *slots) : NULL;
    if (!slots) return 0;
    t->slots = slots;
    t->n_slots = n;
    for (uint32_t i = 0; i < t->pairs.n; i++) {
        const pair *p = &AT(t->pairs, pair)[i];
        *slot_of(t, p->left, p->right) = i + 1;
    }
    jl_free(old);
    return 1;
}

/* Adds a pair of word w to the counts. 0: no memory. */
static int count_up(jl_bpe_trainer *t, uint32_t w, int32_t left, int32_t right) {
    if (t->pairs.n >= t->n_slots / 2 && !grow_slots(t)) return 0;
    uint32_t *slot = slot_of(t, left, right);
    if (!*slot) {
        if (!push(&t->pairs, &(pair){ .left = left, .right = right }, sizeof(pair))) return 0;
        *slot = (uint32_t)t->pairs.n;
    }
    uint32_t which = *slot - 1;
    pair *p = &AT(t->pairs, pair)[which];
    p->count += AT(t->words, word)[w].count;
    if (p->touched != t->step) {
        if (!push(&t->touched, &which, sizeof which)) return 0;
        p->touched = t->step;
    }
    if (p->places && AT(t->nodes, node)[p->places - 1].word == w) return 1;
    if (!push(&t->nodes, &(node){ w, p->places }, sizeof(node))) return 0;
    p->places = (uint32_t)t->nodes.n;
    return 1;
}

static int count_word_up(jl_bpe_trainer *t, uint32_t w) {
    const word *at = &AT(t->words, word)[w];
    for (uint32_t i = 1; i < at->length; i++) {
        const int32_t *s = &AT(t->symbols, int32_t)[at->start + i];
        if (!count_up(t, w, s[-1], s[0])) return 0;
    }
    return 1;
}

static void count_word_down(jl_bpe_trainer *t, const word *w) {
    const int32_t *s = &AT(t->symbols, int32_t)[w->start];
    for (uint32_t i = 1; i < w->length; i++)
        AT(t->pairs, pair)[*slot_of(t, s[i - 1], s[i]) - 1].count -= w->count;
}

/* Pushes the pairs whose count now exceeds their heap entry. */
static int push_touched(jl_bpe_trainer *t) {
    for (size_t i = 0; i < t->touched.n; i++) {
        uint32_t which = AT(t->touched, uint32_t)[i];
        const pair *p = &AT(t->pairs, pair)[which];
        if (p->count >= 2 && p->count > p->pushed && !heap_push(t, which)) return 0;
    }
    t->touched.n = 0;
    return 1;
}

/* ---- Building -------------------------------------------------------------------------------- */

int jl_bpe_spell_byte(uint8_t byte, char out[2]) {
    unsigned code = byte;
    if (byte <= 0x20) code = 0x100u + byte;
    if (byte >= 0x7f && byte <= 0xa0) code = 0x121u + byte - 0x7f;
    if (byte == 0xad) code = 0x143;
    out[0] = (char)code;
    if (code < 0x80) return 1;
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3f));
    return 2;
}

/* Tokens 0..256, in the order of GPT-2's alphabet: bytes that stand for themselves first. */
static jl_status add_bytes(jl_bpe_trainer *t, jl_error *error) {
    static const char name[] = JL_BPE_END_OF_TEXT_NAME;
    jl_status st = jl_vocab_init(&t->tokens, 0, 0, error);
    if (!st) st = jl_vocab_add(&t->tokens, (const uint8_t *)name, sizeof name - 1, error);
    for (int moved = 0; moved < 2; moved++)
        for (int b = 0; b < 256 && !st; b++) {
            char spelled[2];
            uint8_t byte = (uint8_t)b;
            unsigned high = jl_bpe_spell_byte(byte, spelled) == 2 ? (uint8_t)spelled[0] : 0;
            if ((high >= 0xc4) == moved && jl_vocab_intern(&t->tokens, &byte, 1, error) < 0)
                st = jl_no_memory(error, "tokenizer training");
        }
    return st;
}

static int32_t byte_token(const jl_bpe_trainer *t, char byte) {
    return jl_vocab_find(&t->tokens, (const uint8_t *)&byte, 1);
}

/* Appends the first tokens of a piece to the symbols; returns their number, 0: no memory. */
static uint32_t add_symbols(jl_bpe_trainer *t, jl_str piece) {
    const uint8_t *s = (const uint8_t *)piece.data;
    uint32_t n = 0;
    for (size_t i = 0, length; i < piece.n; i += length, n++) {
        length = t->characters ? (size_t)jl_utf8_length(s + i, piece.n - i) : 1;
        int32_t id = jl_vocab_find(&t->tokens, s + i, length);
        if (!push(&t->symbols, &id, sizeof id)) return 0;
    }
    return n;
}

/* Counts one piece of the text; stores the symbols of a new one. */
static jl_status add_piece(jl_bpe_trainer *t, jl_str piece, jl_error *error) {
    int32_t w = jl_vocab_intern(&t->pieces, (const uint8_t *)piece.data, piece.n, error);
    if (w < 0) return jl_no_memory(error, "tokenizer training"); /* keeps the recorded error */
    if ((size_t)w == t->words.n) {
        word fresh = { .start = (uint32_t)t->symbols.n };
        fresh.length = add_symbols(t, piece);
        if (!fresh.length || !push(&t->words, &fresh, sizeof fresh))
            return jl_no_memory(error, "tokenizer training");
    }
    word *at = &AT(t->words, word)[w];
    at->count++;
    t->n_text += at->length;
    return JL_OK;
}

static jl_status add_sample_piece(jl_bpe_trainer *t, jl_str piece, jl_error *error) {
    for (size_t i = 0; i < piece.n; i++) {
        int32_t id = byte_token(t, piece.data[i]);
        uint8_t begins = i == 0;
        if (!push(&t->sample, &id, sizeof id) || !push(&t->breaks, &begins, 1))
            return jl_no_memory(error, "tokenizer training");
    }
    return JL_OK;
}

/* Length of the text before the next end-of-text mark; *mark: the mark's length, 0: none. */
static size_t next_mark(jl_str text, size_t *mark) {
    static const char name[] = JL_BPE_END_OF_TEXT_NAME;
    const size_t length = sizeof name - 1;
    const char *at = text.data, *end = text.data + text.n;
    *mark = 0;
    while ((size_t)(end - at) >= length &&
           (at = memchr(at, '<', (size_t)(end - at) - length + 1))) {
        if (memcmp(at, name, length) == 0) {
            *mark = length;
            return (size_t)(at - text.data);
        }
        at++;
    }
    return text.n;
}

static jl_status add_text(jl_bpe_trainer *t, jl_str text, const jl_pretokenizer *pre,
                          jl_status (*add)(jl_bpe_trainer *, jl_str, jl_error *), jl_error *error) {
    jl_status st = JL_OK;
    while (!st && text.n > 0) {
        size_t mark, n = next_mark(text, &mark);
        jl_pieces pieces;
        jl_str piece;
        jl_pieces_begin(&pieces, pre, (const uint8_t *)text.data, n);
        while (!st && jl_pieces_next(&pieces, &piece)) st = add(t, piece, error);
        text.data += n + mark;
        text.n -= n + mark;
    }
    return st;
}

/* After all pieces: counts their pairs. */
static jl_status count_pairs(jl_bpe_trainer *t, jl_error *error) {
    jl_vocab_free(&t->pieces); /* words now hold the symbols */
    t->step = 1;
    for (uint32_t w = 0; w < t->words.n; w++)
        if (!count_word_up(t, w)) return jl_no_memory(error, "tokenizer training");
    return push_touched(t) ? JL_OK : jl_no_memory(error, "tokenizer training");
}

static jl_status fill(jl_bpe_trainer *t, jl_str text, jl_str sample, const jl_pretokenizer *pre,
                      jl_error *error) {
    jl_status st = add_bytes(t, error);
    if (!st) st = jl_vocab_init(&t->pieces, 0, 0, error);
    if (!st) st = add_text(t, text, pre, add_piece, error);
    if (!st) st = add_text(t, sample, pre, add_sample_piece, error);
    return st ? st : count_pairs(t, error);
}

static jl_bpe_trainer *allocate(jl_str text, jl_str sample, jl_error *error) {
    jl_bpe_trainer *t = NULL;
    if (text.n > INT32_MAX || sample.n > INT32_MAX)
        jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("text"),
                "the text is longer than 2 GB");
    else if (!(t = jl_alloc_zero(sizeof *t)))
        jl_no_memory(error, "tokenizer training");
    return t;
}

jl_bpe_trainer *jl_bpe_trainer_new(jl_str text, jl_str sample, jl_str pre, jl_error *error) {
    const jl_pretokenizer *how = jl_pretokenizer_find(pre);
    if (!how || how->raw) {
        jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("pre"),
                "no pre-tokenizer of byte-level BPE is called '%S'", pre);
        return NULL;
    }
    jl_bpe_trainer *t = allocate(text, sample, error);
    if (t && fill(t, text, sample, how, error)) {
        jl_bpe_trainer_free(t);
        t = NULL;
    }
    return t;
}

/* ---- Characters ------------------------------------------------------------------------------ */

static jl_status add_characters(jl_bpe_trainer *t, const uint32_t *codes, int n, jl_error *error) {
    static const uint8_t unnamed[] = "?"; /* vocab_write.c names the special tokens */
    jl_status st = jl_vocab_init(&t->tokens, 0, 0, error);
    for (int i = 0; i < JL_CHARACTERS_FIRST && !st; i++)
        st = jl_vocab_add(&t->tokens, unnamed, 1, error);
    for (int i = 0; i < n && !st; i++) {
        uint8_t utf8[4];
        size_t length = jl_utf8_encode(codes[i], utf8);
        if (jl_vocab_intern(&t->tokens, utf8, length, error) < 0)
            st = jl_no_memory(error, "tokenizer training");
    }
    return st;
}

/* Length of the run of letters with tokens at text's begin. 0: *other is the length of another
 * character, with *tokens. */
static size_t letters(const jl_bpe_trainer *t, jl_str text, jl_char_run *run, size_t *other,
                      int *tokens) {
    size_t n = 0;
    while (n < text.n) {
        const uint8_t *s = (const uint8_t *)text.data + n;
        uint32_t code;
        int length = jl_utf8_decode(s, text.n - n, &code);
        int known = code != JL_INVALID_BYTE && jl_vocab_find(&t->tokens, s, (size_t)length) >= 0;
        *other = (size_t)length;
        *tokens = known ? 1 : length;
        if (!known || !(jl_char_class(code, run) & JL_CHAR_LETTER)) break;
        n += (size_t)length;
    }
    return n;
}

static jl_status fill_characters(jl_bpe_trainer *t, jl_str text, const uint32_t *codes, int n,
                                 jl_error *error) {
    jl_char_run run = { 0 };
    jl_status st = add_characters(t, codes, n, error);
    t->characters = n;
    if (!st) st = jl_vocab_init(&t->pieces, 0, 0, error);
    while (!st && text.n > 0) {
        int tokens = 0;
        size_t other = 0, length = letters(t, text, &run, &other, &tokens);
        if (length)
            st = add_piece(t, (jl_str){ text.data, length }, error);
        else
            t->n_text += (uint64_t)tokens;
        length = length ? length : other;
        text.data += length;
        text.n -= length;
    }
    return st ? st : count_pairs(t, error);
}

jl_bpe_trainer *jl_bpe_trainer_of_characters(jl_str text, const uint32_t *codes, int n,
                                             jl_error *error) {
    jl_bpe_trainer *t = allocate(text, (jl_str){ 0 }, error);
    if (t && fill_characters(t, text, codes, n, error)) {
        jl_bpe_trainer_free(t);
        t = NULL;
    }
    return t;
}

void jl_bpe_trainer_free(jl_bpe_trainer *t) {
    if (!t) return;
    list *lists[] = { &t->words,   &t->symbols, &t->pairs,  &t->nodes, &t->heap,
                      &t->touched, &t->merges,  &t->sample, &t->breaks };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) jl_free(lists[i]->items);
    jl_vocab_free(&t->tokens);
    jl_vocab_free(&t->pieces);
    jl_free(t->slots);
    jl_free(t);
}

/* ---- A step ---------------------------------------------------------------------------------- */

/* Merges left right → id in s[n], leftmost first, never across a 1 in begins (may be NULL).
 * Returns the new length. */
static uint32_t join(int32_t *s, uint8_t *begins, uint32_t n, int32_t left, int32_t right,
                     int32_t id) {
    uint32_t out = 0;
    for (uint32_t i = 0; i < n; i++, out++) {
        int32_t first = s[i];
        if (begins) begins[out] = begins[i];
        if (first == left && i + 1 < n && s[i + 1] == right && !(begins && begins[i + 1])) {
            first = id;
            i++;
        }
        s[out] = first;
    }
    return out;
}

/* The token with the bytes of both, added if new; −1 with *error filled. */
static int32_t token_of(jl_bpe_trainer *t, int32_t left, int32_t right, jl_error *error) {
    jl_str a = jl_vocab_string(&t->tokens, left), b = jl_vocab_string(&t->tokens, right);
    uint8_t *bytes = jl_alloc(a.n + b.n);
    if (!bytes) return (int32_t)jl_no_memory(error, "tokenizer training");
    memcpy(bytes, a.data, a.n);
    memcpy(bytes + a.n, b.data, b.n);
    int32_t id = jl_vocab_intern(&t->tokens, bytes, a.n + b.n, error);
    jl_free(bytes);
    return id;
}

static int join_word(jl_bpe_trainer *t, uint32_t which, const jl_bpe_step *s) {
    word *w = &AT(t->words, word)[which];
    int32_t *symbols = &AT(t->symbols, int32_t)[w->start];
    uint32_t i = 1;
    while (i < w->length && (symbols[i - 1] != s->left || symbols[i] != s->right)) i++;
    if (i >= w->length) return 1; /* an earlier step merged its pairs */
    count_word_down(t, w);
    uint32_t length = join(symbols, NULL, w->length, s->left, s->right, s->id);
    t->n_text -= (w->length - length) * w->count;
    w->length = length;
    return count_word_up(t, which);
}

jl_status jl_bpe_trainer_step(jl_bpe_trainer *t, jl_bpe_step *step, jl_error *error) {
    uint32_t which;
    int found = t->tokens.n >= JL_MAX_TOKENS ? 0 : most_frequent(t, &which);
    if (found < 0) return jl_no_memory(error, "tokenizer training");
    if (!found) return JL_DONE;
    const pair *p = &AT(t->pairs, pair)[which];
    jl_bpe_step s = { .left = p->left, .right = p->right, .count = p->count };
    uint32_t at = p->places;
    s.sample_before = (int)t->sample.n;
    s.id = token_of(t, s.left, s.right, error);
    if (s.id < 0) return jl_no_memory(error, "tokenizer training");
    t->step++;
    for (; at; at = AT(t->nodes, node)[at - 1].next)
        if (!join_word(t, AT(t->nodes, node)[at - 1].word, &s))
            return jl_no_memory(error, "tokenizer training");
    if (!push_touched(t) || !push(&t->merges, &s.left, sizeof s.left) ||
        !push(&t->merges, &s.right, sizeof s.right))
        return jl_no_memory(error, "tokenizer training");
    t->breaks.n = t->sample.n =
        join(t->sample.items, t->breaks.items, (uint32_t)t->sample.n, s.left, s.right, s.id);
    s.sample_after = (int)t->sample.n;
    s.tokens = t->n_text;
    *step = s;
    return JL_OK;
}

/* ---- Results -------------------------------------------------------------------------------- */

int jl_bpe_trainer_n_tokens(const jl_bpe_trainer *t) {
    return (int)t->tokens.n;
}

int jl_bpe_trainer_n_characters(const jl_bpe_trainer *t) {
    return t->characters;
}

int jl_bpe_trainer_n_merges(const jl_bpe_trainer *t) {
    return (int)(t->merges.n / 2);
}

uint64_t jl_bpe_trainer_text_tokens(const jl_bpe_trainer *t) {
    return t->n_text;
}

void jl_bpe_trainer_merge(const jl_bpe_trainer *t, int i, int32_t *left, int32_t *right) {
    *left = AT(t->merges, int32_t)[2 * i];
    *right = AT(t->merges, int32_t)[2 * i + 1];
}

jl_str jl_bpe_trainer_token(const jl_bpe_trainer *t, int32_t id) {
    return jl_vocab_string(&t->tokens, id);
}

const int32_t *jl_bpe_trainer_sample(const jl_bpe_trainer *t, int *n) {
    *n = (int)t->sample.n;
    return t->sample.items;
}
