/* special.c - longest-first search for special tokens, without one pass over the text for each of
 * them.
 *
 * Each place of the text offers its longest token to a heap that pops by (length, id, place). A
 * popped span that runs into one already taken offers the longest that still fits. Taken spans
 * come in falling length, so two overlap exactly if an end of the new one is taken. Cost: O(n log
 * n) plus at most JL_MAX_SPECIAL_BYTES steps a place, however many tokens there are.
 */
#include "special.h"

#include "heap.h"
#include "tokenizer.h"

/* In the heap a token's id carries what it swallows. */
enum { STRIP_SHIFT = 24 };
_Static_assert((int)JL_MAX_TOKENS <= 1 << STRIP_SHIFT, "ids fit below");

static jl_status no_memory(jl_error *error) {
    return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("special tokens"),
                   "there is not enough memory to look for special tokens");
}

/* Bytewise, a prefix before what it begins; equal texts by id. */
static int before(const jl_special *a, const jl_special *b) {
    int order = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);
    if (order == 0 && a->n != b->n) order = a->n < b->n ? -1 : 1;
    return order ? order < 0 : a->id < b->id;
}

/* Heapsort, ascending. */
static void sort(jl_special *list, size_t n) {
    for (size_t end = n, top = n / 2; end > 1;) {
        jl_special item;
        if (top > 0)
            item = list[--top];
        else
            item = list[--end], list[end] = list[0];
        size_t i = top;
        for (size_t child; (child = 2 * i + 1) < end; i = child) {
            if (child + 1 < end && before(&list[child], &list[child + 1])) child++;
            if (!before(&item, &list[child])) break;
            list[i] = list[child];
        }
        list[i] = item;
    }
}

/* Which of the two lists a kind is in: bit 0 user-defined, bit 1 all. */
static int lists_of(uint8_t kind) {
    if (kind == JL_TOKEN_USER) return 3;
    return kind == JL_TOKEN_CONTROL || kind == JL_TOKEN_UNKNOWN ? 2 : 0;
}

static int strip_of(jl_strip strip, jl_str text) {
    int right = strip.right && !jl_str_equal(text, "<unk>") && !jl_str_equal(text, "<s>") &&
                !jl_str_equal(text, "<|endoftext|>");
    int left = strip.left && jl_str_equal(text, strip.left);
    return (left ? JL_STRIP_LEFT : 0) | (right ? JL_STRIP_RIGHT : 0);
}

static void collect(jl_specials *s, const jl_vocab *v, jl_strip strip, int which) {
    uint32_t n = 0;
    for (uint32_t id = 0; id < v->n_tokens; id++) {
        jl_str text = jl_vocab_string(v, (int32_t)id);
        if (!(lists_of(v->kind[id]) >> which & 1) || text.n == 0) continue;
        s->begins[which][(uint8_t)text.data[0]] = 1;
        s->list[which][n++] = (jl_special){ (const uint8_t *)text.data, (uint32_t)text.n,
                                            (int32_t)id, strip_of(strip, text) };
    }
    s->count[which] = n;
    sort(s->list[which], n);
}

jl_status jl_specials_init(jl_specials *s, const jl_vocab *v, jl_strip strip, jl_error *error) {
    uint32_t room[2] = { 0, 0 };
    *s = (jl_specials){ 0 };
    for (uint32_t id = 0; id < v->n_tokens; id++) {
        int lists = lists_of(v->kind[id]);
        room[0] += lists & 1;
        room[1] += lists >> 1 & 1;
        if (lists && jl_vocab_string(v, (int32_t)id).n > JL_MAX_SPECIAL_BYTES)
            return jl_fail(error, JL_ERR_TOKENIZER, JL_NO_OFFSET,
                           jl_string("tokenizer.ggml.tokens"),
                           "special token %u is longer than %d bytes", (uint64_t)id,
                           (int)JL_MAX_SPECIAL_BYTES);
    }
    for (int which = 0; which < 2; which++) {
        s->list[which] = jl_alloc_array((uint64_t)room[which] + 1, sizeof(jl_special));
        if (!s->list[which]) {
            jl_specials_free(s);
            return no_memory(error);
        }
        collect(s, v, strip, which);
    }
    return JL_OK;
}

void jl_specials_free(jl_specials *s) {
    jl_free(s->list[0]);
    jl_free(s->list[1]);
    *s = (jl_specials){ 0 };
}

/* The first entry of list[low, high) whose byte at `depth` is ≥ c; all are longer than depth. */
static uint32_t lower_bound(const jl_special *list, uint32_t low, uint32_t high, uint32_t depth,
                            unsigned c) {
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list[middle].text[depth] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The longest token that text[n] begins with, NULL for none; *common: how many bytes it has in
 * common with any. */
static const jl_special *longest(const jl_special *list, uint32_t count, const uint8_t *text,
                                 size_t n, size_t *common) {
    const jl_special *best = NULL;
    *common = 0;
    uint32_t low = 0, high = count; /* the entries that begin with text[depth] */
    for (uint32_t depth = 0; depth < n; depth++) {
        unsigned c = text[depth];
        if (list[low].text[depth] != c) low = lower_bound(list, low, high, depth, c);
        if (low == high) break;
        if (list[high - 1].text[depth] != c) high = lower_bound(list, low, high, depth, c + 1);
        if (low == high) break;
        *common = depth + 1;
        if (list[low].n == depth + 1) best = &list[low];
        while (low < high && list[low].n == depth + 1) low++;
        if (low == high) break;
    }
    return best;
}

size_t jl_specials_common_prefix(const jl_specials *s, const uint8_t *text, size_t n) {
    size_t common = 0;
    if (n && s->begins[0][*text]) longest(s->list[0], s->count[0], text, n, &common);
    return common;
}

/* Bytes from `at` to the next quote; 0 inside of one. */
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

/* Offers the longest token at `at` that takes at most room bytes; 0 when there is no memory. */
static int offer(jl_heap *heap, const jl_specials *s, const jl_marked_text *in, size_t at,
                 size_t room) {
    const uint8_t *text = in->text + at;
    const jl_special *found = NULL;
    size_t common;
    if (s->begins[0][*text]) found = longest(s->list[0], s->count[0], text, room, &common);
    if (in->control && s->begins[1][*text]) {
        size_t own = in->n_quotes ? unquoted(in, at) : room;
        const jl_special *any =
            longest(s->list[1], s->count[1], text, own < room ? own : room, &common);
        if (any && (!found || any->n >= found->n)) found = any;
    }
    if (!found) return 1;
    /* Longer first, then the lower id: 10 bits and 21 bits (JL_MAX_TOKENS). */
    uint32_t rank = (JL_MAX_SPECIAL_BYTES - found->n) << 21 | (uint32_t)found->id;
    int32_t what = found->id | found->strip << STRIP_SHIFT;
    return jl_heap_push(heap, (jl_span){ rank, (uint32_t)at, found->n, what });
}

static int32_t *new_marks(size_t n) {
    int32_t *marks = jl_alloc_array(n, sizeof *marks);
    for (size_t i = 0; marks && i < n; i++) marks[i] = JL_MARK_TEXT;
    return marks;
}

static int is_space(uint8_t c) { /* isspace() of the C locale */
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Marks the white space that the taken span swallows. */
static void swallow(const jl_marked_text *in, jl_span span, int strip, int32_t *marks) {
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

/* Takes the span if it is free, else offers what still fits at its place. */
static int settle(jl_heap *heap, const jl_specials *s, const jl_marked_text *in, jl_span span,
                  int32_t *marks) {
    if (marks[span.at] != JL_MARK_TEXT) return 1;
    if (marks[span.at + span.length - 1] == JL_MARK_TEXT) {
        for (uint32_t i = 0; i < span.length; i++) marks[span.at + i] = JL_MARK_INSIDE;
        marks[span.at] = span.id & ((1 << STRIP_SHIFT) - 1);
        swallow(in, span, span.id >> STRIP_SHIFT, marks);
        return 1;
    }
    uint32_t room = 1;
    while (marks[span.at + room] == JL_MARK_TEXT) room++;
    return offer(heap, s, in, span.at, room);
}

jl_status jl_specials_mark(const jl_specials *s, const jl_marked_text *in, int32_t **marks,
                           jl_error *error) {
    int fine = 1;
    jl_heap heap = { 0 };
    *marks = NULL;
    if (s->count[in->control != 0] == 0) return JL_OK;
    for (size_t at = 0; at < in->n && fine; at++) fine = offer(&heap, s, in, at, in->n - at);
    if (fine && heap.n) fine = (*marks = new_marks(in->n)) != NULL;
    while (fine && heap.n) fine = settle(&heap, s, in, jl_heap_pop(&heap), *marks);
    jl_free(heap.items);
    if (fine) return JL_OK;
    jl_free(*marks);
    *marks = NULL;
    return no_memory(error);
}
