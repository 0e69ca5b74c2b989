/* special.c - longest-first search for special tokens in one pass over the text.
 *
 * Each position pushes its longest token to a heap ordered by (length, id, position). A popped span
 * that overlaps a taken one is replaced by the longest token that still fits. Spans are taken in
 * decreasing length, so two overlap exactly if an end of the new one is taken.
 *
 * Cost, for n bytes and tokens of at most L = JL_MAX_SPECIAL_BYTES: at most 3 L n trie steps (twice
 * that with quotes) and O(n log n log L) for the heap, for any set of tokens. Proof: a position's
 * first push walks at most L steps. Let r1, r2, … be the free bytes there when its pushed spans of
 * length l1, l2, … are popped and do not fit: l1 > r1 ≥ l2 > r2 ≥ … The span that cut r1 to r2 was
 * popped before l2, so it has at least l2 bytes, all in the cut part: r1 − r2 ≥ l2 > r2. Each r is
 * thus less than half the previous one: a position pushes at most log2 L + 2 spans and walks at
 * most L + L + L/2 + L/4 + … steps. The heap holds at most one span per position.
 */
#include "special.h"

#include <string.h>

#include "../base/memory.h"
#include "tokenizer.h"

/* Trie values and heap entries pack the id (low 24 bits) with its strip flags. */
enum { STRIP_SHIFT = 24 };
_Static_assert((int)JL_MAX_TOKENS <= 1 << STRIP_SHIFT, "ids fit below");

/* Tries of special tokens: those matched in quoted text (user-defined, not looking like control
 * tokens), all user-defined, all. Each contains the previous one. */
enum { QUOTED, USER, ALL };

static int begins_with(jl_str text, const char *start) {
    size_t n = strlen(start);
    return text.n >= n && memcmp(text.data, start, n) == 0;
}

static int ends_with(jl_str text, const char *end) {
    size_t n = strlen(end);
    return text.n >= n && memcmp(text.data + text.n - n, end, n) == 0;
}

/* <|…|> and <｜…｜>, which llama.cpp's converter types as control tokens in every model. */
static int looks_like_control(jl_str text) {
    return (begins_with(text, "<|") && ends_with(text, "|>")) ||
           (begins_with(text, "<｜") && ends_with(text, "｜>"));
}

/* The tries that contain a token, one bit each. */
static int tries_of(uint8_t kind, jl_str text) {
    if (kind == JL_TOKEN_USER)
        return 1 << USER | 1 << ALL | (looks_like_control(text) ? 0 : 1 << QUOTED);
    return kind == JL_TOKEN_CONTROL || kind == JL_TOKEN_UNKNOWN ? 1 << ALL : 0;
}

static int strip_of(jl_strip strip, jl_str text) {
    int right = strip.right && !jl_str_equal(text, "<unk>") && !jl_str_equal(text, "<s>") &&
                !jl_str_equal(text, "<|endoftext|>");
    int left = strip.left && jl_str_equal(text, strip.left);
    return (left ? JL_STRIP_LEFT : 0) | (right ? JL_STRIP_RIGHT : 0);
}

static jl_status add(jl_specials *s, jl_str text, uint32_t id, int tries, int strip,
                     jl_error *error) {
    jl_status status = JL_OK;
    if (text.n > JL_MAX_SPECIAL_BYTES)
        return jl_fail(error, JL_ERR_TOKENIZER, JL_NO_OFFSET, jl_string("tokenizer.ggml.tokens"),
                       "special token %u is longer than %d bytes", (uint64_t)id,
                       (int)JL_MAX_SPECIAL_BYTES);
    for (int which = 0; which <= ALL && status == JL_OK; which++) {
        if (!(tries >> which & 1)) continue;
        s->begins[which][(uint8_t)text.data[0]] = 1;
        status = jl_trie_add(&s->tries[which], (const uint8_t *)text.data, text.n,
                             (int32_t)id | strip << STRIP_SHIFT, error);
    }
    return status;
}

jl_status jl_specials_init(jl_specials *s, const jl_vocab *v, jl_strip strip, jl_error *error) {
    jl_status status = JL_OK;
    *s = (jl_specials){ 0 };
    for (uint32_t id = 0; id < v->n_tokens && status == JL_OK; id++) {
        jl_str text = jl_vocab_string(v, (int32_t)id);
        int tries = tries_of(v->kind[id], text);
        if (tries && text.n) status = add(s, text, id, tries, strip_of(strip, text), error);
    }
    if (status != JL_OK) jl_specials_free(s);
    return status;
}

void jl_specials_free(jl_specials *s) {
    for (int which = 0; which <= ALL; which++) jl_trie_free(&s->tries[which]);
    *s = (jl_specials){ 0 };
}

size_t jl_specials_memory(const jl_specials *s) {
    size_t bytes = 0;
    for (int which = 0; which <= ALL; which++) bytes += jl_trie_memory(&s->tries[which]);
    return bytes;
}

/* The longest token that is a prefix of the text. */
typedef struct found {
    int32_t what; /* its trie value, -1 for none */
    size_t n;     /* its bytes */
    size_t walk;  /* common prefix of the text and any token, in bytes */
} found;

static found longest(const jl_trie *t, const uint8_t *text, size_t n) {
    found f = { -1, 0, 0 };
    if (t->n == 0) return f;
    for (uint32_t node = 0; f.walk < n && (node = jl_trie_step(t, node, text[f.walk])) != 0;) {
        f.walk++;
        if (t->value[node] >= 0) f.what = t->value[node], f.n = f.walk;
    }
    return f;
}

size_t jl_specials_common_prefix(const jl_specials *s, const uint8_t *text, size_t n) {
    return n && s->begins[USER][*text] ? longest(&s->tries[USER], text, n).walk : 0;
}

/* Bytes from `at` to the next quote; 0 inside a quote. */
static size_t unquoted(const jl_marked_text *in, size_t at) {
    size_t low = 0, high = in->n_quotes; /* the first quote that ends after `at` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (in->quotes[middle].end > at)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == in->n_quotes) return in->n - at;
    return in->quotes[low].start > at ? in->quotes[low].start - at : 0;
}

/* The trie to match outside quotes. */
static int trie_of(const jl_marked_text *in) {
    return in->control ? ALL : USER;
}

/* Pushes the longest token at `at` of at most room bytes; 0: no memory. */
static int push_longest(jl_special_search *x, size_t at, size_t room, int64_t *work) {
    const jl_trie *tries = x->specials->tries;
    const uint8_t *text = x->in.text + at;
    int which = trie_of(&x->in), quoted = x->in.n_quotes > 0;
    found best = longest(&tries[quoted ? QUOTED : which], text, room);
    *work -= (int64_t)best.walk + 1;
    if (quoted) {
        size_t own = unquoted(&x->in, at);
        found any = longest(&tries[which], text, own < room ? own : room);
        *work -= (int64_t)any.walk;
        if (any.what >= 0 && any.n >= best.n) best = any;
    }
    if (best.what < 0) return 1;
    /* longest first, then lowest id (21 bits: JL_MAX_TOKENS) */
    uint32_t rank = (JL_MAX_SPECIAL_BYTES - (uint32_t)best.n) << 21 |
                    ((uint32_t)best.what & ((1u << STRIP_SHIFT) - 1));
    return jl_spans_push(&x->heap, (jl_span){ rank, (uint32_t)at, (uint32_t)best.n, best.what });
}

static int32_t *new_marks(size_t n) {
    int32_t *marks = jl_alloc_array(n, sizeof *marks);
    for (size_t i = 0; marks && i < n; i++) marks[i] = JL_MARK_TEXT;
    return marks;
}

static int is_space(uint8_t c) { /* isspace(), C locale */
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Marks the whitespace stripped by a taken span. */
static void mark_stripped(const jl_marked_text *in, jl_span span, int strip, int32_t *marks) {
    size_t at = span.at, end = at + span.length;
    for (; strip & JL_STRIP_LEFT && at > 0 && marks[at - 1] == JL_MARK_TEXT; at--)
        if (is_space(in->text[at - 1]))
            marks[at - 1] = JL_MARK_INSIDE;
        else
            break;
    for (; strip & JL_STRIP_RIGHT && end < in->n && marks[end] == JL_MARK_TEXT; end++)
        if (is_space(in->text[end]))
            marks[end] = JL_MARK_INSIDE;
        else
            break;
}

/* Takes the span if its bytes are free, else pushes the longest token that fits. */
static int take_span(jl_special_search *x, jl_span span, int64_t *work) {
    int32_t *marks = x->marks;
    *work -= span.length;
    if (marks[span.at] != JL_MARK_TEXT) return 1;
    if (marks[span.at + span.length - 1] == JL_MARK_TEXT) {
        for (uint32_t i = 0; i < span.length; i++) marks[span.at + i] = JL_MARK_INSIDE;
        marks[span.at] = span.id & ((1 << STRIP_SHIFT) - 1);
        mark_stripped(&x->in, span, span.id >> STRIP_SHIFT, marks);
        return 1;
    }
    uint32_t room = 1;
    while (marks[span.at + room] == JL_MARK_TEXT) room++;
    return push_longest(x, span.at, room, work);
}

/* The next position ≥ x->at whose byte starts some token. */
static size_t next_start(const jl_special_search *x, int64_t *work) {
    const uint8_t *begins = x->specials->begins[trie_of(&x->in)];
    size_t at = x->at, n = x->in.n;
    while (at < n && !begins[x->in.text[at]]) at++;
    *work -= (int64_t)(at - x->at) / 4;
    return at;
}

jl_status jl_special_search_step(jl_special_search *x, int64_t *work, jl_error *error) {
    if (x->specials->tries[trie_of(&x->in)].n == 0) return JL_OK;
    for (size_t at; x->at < x->in.n; x->at = at + 1) {
        if (*work <= 0) return JL_MORE;
        at = next_start(x, work);
        if (at < x->in.n && !push_longest(x, at, x->in.n - at, work))
            return jl_no_memory(error, "special tokens");
    }
    if (x->heap.n && !x->marks && !(x->marks = new_marks(x->in.n)))
        return jl_no_memory(error, "special tokens");
    while (x->heap.n) {
        if (*work <= 0) return JL_MORE;
        if (!take_span(x, jl_spans_pop(&x->heap), work))
            return jl_no_memory(error, "special tokens");
    }
    jl_free(x->heap.items);
    x->heap = (jl_spans){ 0 };
    return JL_OK;
}

void jl_special_search_free(jl_special_search *x) {
    jl_free(x->heap.items);
    jl_free(x->marks);
    x->heap = (jl_spans){ 0 };
    x->marks = NULL;
}
