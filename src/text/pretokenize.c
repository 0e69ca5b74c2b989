/* pretokenize.c - runs the rules of a pre-tokeniser.
 *
 * At each position rules are tried in order; each reads the characters it takes a few times at
 * most. A rule that needs the whole run of whitespace or digits measures it once. So time is
 * linear, without backtracking. Text is neither copied nor changed; positions count bytes.
 */
#include "pretokenize.h"

#include <string.h>

/* Class and end of the character at `at`; JL_CHAR_END at the stage's limit. */
static int class_at(jl_pieces *p, size_t at, size_t *end) {
    size_t limit = p->stage->limit;
#ifdef JL_DEBUG
    p->looks++;
#endif
    if (at >= limit) return JL_CHAR_END;
    if (p->text[at] < 0x80) {
        *end = at + 1;
        return jl_char_class(p->code = p->text[at], &p->found);
    }
    *end = at + (size_t)jl_utf8_decode(p->text + at, limit - at, &p->code);
    return jl_char_class(p->code, &p->found);
}

/* Whether a set such as "a-zé" or "^a-z" contains the code point. */
static int in_set(const char *set, uint32_t code) {
    const uint8_t *s = (const uint8_t *)set;
    int negated = *s == '^';
    s += negated;
    while (*s) {
        uint32_t low, high;
        s += jl_utf8_decode(s, 4, &low);
        high = low;
        if (*s == '-') {
            s++;
            s += jl_utf8_decode(s, 4, &high);
        }
        if (low <= code && code <= high) return !negated;
    }
    return negated;
}

/* Whether the character at `at` may be in the body. Sets exclude non-ASCII whitespace. */
static int is_body(jl_pieces *p, const jl_split_rule *r, size_t at, size_t *end) {
    int class = class_at(p, at, end);
    return (class & r->body) &&
           (!r->set || (!(class & JL_CHAR_SPACE && p->code >= 0x80) && in_set(r->set, p->code)));
}

/* Skips up to max characters of the mask (0: unlimited); returns their end. */
static size_t skip(jl_pieces *p, size_t at, int mask, int max) {
    size_t end;
    for (int i = 0; (max == 0 || i < max) && (class_at(p, at, &end) & mask); i += max > 0) at = end;
    return at;
}

/* Each match_… returns the end of the match at `at`, or `at` for no match. */

static size_t match_contraction(const jl_pieces *p, size_t at, int any_case) {
    const uint8_t *s = p->text + at;
    size_t room = p->stage->limit - at;
    if (room < 2 || s[0] != '\'') return at;
    int fold = any_case ? 0x20 : 0;
    int a = s[1] | fold, b = room > 2 ? s[2] | fold : 0;
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return at + 2;
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return at + 3;
    return at;
}

static size_t match_run(jl_pieces *p, const jl_split_rule *r, size_t at) {
    size_t start = at, end;
    if (r->before && (class_at(p, at, &end) & r->before)) {
        size_t unused;
        /* taken only if the body follows; else it may be body */
        if (is_body(p, r, end, &unused)) start = end;
    }
    if (r->kind == JL_SPLIT_PREFIXED && start == at) return at;
    size_t body = start;
    int count = 0;
    for (; (r->max == 0 || count < r->max) && is_body(p, r, body, &end); body = end) count++;
    if (count == 0 || count < r->min) return at;
    if (r->after) body = skip(p, body, r->after, r->max_after);
    return r->contraction ? match_contraction(p, body, 1) : body;
}

/* U*W+: U are capitals, W small letters, caseless characters (`both`) are in both. The match ends
 * after the small letters, or else after the last caseless one. */
static size_t capitals_then_small(jl_pieces *p, size_t at, int both) {
    size_t last = at, end;
    for (int class; (class = class_at(p, at, &end)) & (both | JL_CHAR_UPPER); at = end)
        if (class & both) last = end;
    if (class_at(p, at, &end) & JL_CHAR_LOWER) return skip(p, at, both | JL_CHAR_LOWER, 0);
    return last;
}

/* before?U*W+|before?U+W* as by backtracking: with `before` if that matches. */
static size_t match_cased(jl_pieces *p, const jl_split_rule *r, size_t at) {
    int both = r->body;
    size_t start, end = at;
    if (!(class_at(p, at, &start) & r->before)) start = at;
    end = capitals_then_small(p, start, both);
    if (end == start && start != at) {
        size_t without = capitals_then_small(p, at, both);
        if (without > at) start = at, end = without;
    }
    if (end == start) end = skip(p, start, both | JL_CHAR_UPPER, 0);
    if (end == start) return at;
    return r->contraction ? match_contraction(p, end, 1) : end;
}

static size_t match_phrase(jl_pieces *p, const jl_split_rule *r, size_t at) {
    size_t start = at, end, next;
    if (class_at(p, at, &end) & r->before) start = end;
    for (size_t word = start;; word = next) {
        int class = class_at(p, word, &next);
        if (word > start && class == JL_CHAR_BLANK) class = class_at(p, next, &next);
        if (!(class & JL_CHAR_LETTER)) return word > start ? word : at;
        next = skip(p, next, JL_CHAR_MARK, 0);
    }
}

static size_t match_text(const jl_pieces *p, const char *text, size_t at) {
    size_t n = strlen(text);
    return p->stage->limit - at >= n && memcmp(p->text + at, text, n) == 0 ? at + n : at;
}

static size_t match_between(jl_pieces *p, const jl_split_rule *r, size_t at) {
    size_t start = match_text(p, r->open, at), body = start, end;
    if (start == at) return at;
    for (int i = 0; (r->max == 0 || i < r->max) && is_body(p, r, body, &end); i += r->max > 0)
        body = end;
    end = match_text(p, r->close, body);
    return body > start && end > body ? end : at;
}

/* ---- Whitespace --------------------------------------------------------------------------- */

/* Measures the run of whitespace around `at`; 0: none. */
static int measure_white(jl_pieces *p, size_t at) {
    jl_stage_place *s = p->stage;
    size_t end = at;
    if (at >= s->run && at < s->run_end) return 1;
    if (!(class_at(p, at, &end) & JL_CHAR_WHITE)) return 0;
    s->run = s->run_last = s->newline_end = at;
    for (int class; (class = class_at(p, at, &end)) & JL_CHAR_WHITE; at = end) {
        s->run_last = at;
        if (class & JL_CHAR_NEWLINE) s->newline_end = end;
    }
    s->run_end = at;
    return 1;
}

static size_t match_white_newline(jl_pieces *p, size_t at) {
    return measure_white(p, at) && p->stage->newline_end > at ? p->stage->newline_end : at;
}

static size_t match_white(jl_pieces *p, size_t at) {
    const jl_stage_place *s = p->stage;
    if (!measure_white(p, at)) return at;
    /* (?!\S): before other text the last space is left to it, unless it is alone. */
    return s->run_end < s->limit && s->run_last > at ? s->run_last : s->run_end;
}

static size_t match_white_end(jl_pieces *p, size_t at) {
    return measure_white(p, at) && p->stage->run_end == p->stage->limit ? p->stage->limit : at;
}

static size_t match_white_powers(jl_pieces *p, size_t at) {
    if (!measure_white(p, at)) return at;
    size_t stop = p->stage->run_end, best = at, end = at;
    class_at(p, at, &best); /* \s */
    for (int n = 1; n <= 512 && at < stop; n++, at = end) {
        class_at(p, at, &end);
        /* (?!\S): more whitespace or the end follows */
        if ((n & (n - 1)) == 0 && (end < stop || stop == p->stage->limit)) best = end;
    }
    return best;
}

/* ---- Digits -------------------------------------------------------------------------------- */

/* Measures the run of the mask from `at`; returns its length modulo 3. */
static int measure_digits(jl_pieces *p, size_t at, int mask) {
    size_t end = at;
    int count = 0;
    p->stage->run = at;
    for (; class_at(p, at, &end) & mask; at = end) count = (count + 1) % 3;
    p->stage->run_end = at;
    return count;
}

/* Text before a run joins its first one to three. */
static size_t match_threes(jl_pieces *p, const jl_split_rule *r, size_t at) {
    int inside = at > p->stage->run && at < p->stage->run_end, rest = 0;
    size_t end = at;
    while (!inside && at < p->stage->limit && !(class_at(p, at, &end) & r->body)) at = end;
    if (!inside) rest = measure_digits(p, at, r->body);
    return skip(p, at, r->body, rest ? rest : 3);
}

/* (?=(\d{3})+(?!\d)) splits before a digit; a match is all text up to the next split. */
static size_t match_before_threes(jl_pieces *p, size_t at) {
    jl_stage_place *s = p->stage;
    size_t start = at, end = at;
    for (int class; (class = class_at(p, at, &end)) != JL_CHAR_END; at = end) {
        if (class != JL_CHAR_DIGIT) continue;
        if (at < s->run || at >= s->run_end) measure_digits(p, at, JL_CHAR_DIGIT);
        size_t left = s->run_end - at; /* digits, one byte each */
        if (left >= 3 && left % 3 == 0 && at > start) return at;
        end = left <= 3 ? s->run_end : at + (left % 3 ? left % 3 : 3);
    }
    return at;
}

/* ---- Stages -------------------------------------------------------------------------------- */

static size_t match(jl_pieces *p, const jl_split_rule *r, size_t at) {
    switch (r->kind) {
    case JL_SPLIT_RUN:
    case JL_SPLIT_PREFIXED:
        return match_run(p, r, at);
    case JL_SPLIT_CASED:
        return match_cased(p, r, at);
    case JL_SPLIT_PHRASE:
        return match_phrase(p, r, at);
    case JL_SPLIT_BETWEEN:
        return match_between(p, r, at);
    case JL_SPLIT_CONTRACTION:
        return match_contraction(p, at, 0);
    case JL_SPLIT_CONTRACTION_CI:
        return match_contraction(p, at, 1);
    case JL_SPLIT_WHITE_NEWLINE:
        return match_white_newline(p, at);
    case JL_SPLIT_WHITE:
        return match_white(p, at);
    case JL_SPLIT_WHITE_POWERS:
        return match_white_powers(p, at);
    case JL_SPLIT_WHITE_END:
        return match_white_end(p, at);
    case JL_SPLIT_THREES:
        return match_threes(p, r, at);
    case JL_SPLIT_BEFORE_THREES:
        return match_before_threes(p, at);
    case JL_SPLIT_END:
        break;
    }
    return at;
}

void jl_pieces_begin(jl_pieces *p, const jl_pretokenizer *how, const uint8_t *text, size_t n) {
    *p = (jl_pieces){ .how = how, .text = text };
    p->stages[0].limit = n;
    while (how->stages[p->last + 1]) p->last++;
}

/* End of the first rule's match at `at`, or `at`. */
static size_t match_any(jl_pieces *p, const jl_split_rule *rules, size_t at) {
    for (const jl_split_rule *r = rules; r->kind != JL_SPLIT_END; r++) {
        size_t end = match(p, r, at);
        if (end > at) return end;
    }
    return at;
}

/* The next piece [*from, *to) of stage k; 0: end of text. */
static int next_of_stage(jl_pieces *p, int k, size_t *from, size_t *to) {
    jl_stage_place *s = &p->stages[k];
    if (s->at == s->limit) {
        size_t at, limit;
        if (k == 0 || !next_of_stage(p, k - 1, &at, &limit)) return 0;
        *s = (jl_stage_place){ .at = at, .limit = limit };
    }
    p->stage = s;
    *from = s->at;
    size_t at = s->at, end = s->next;
    while (!end) {
        size_t match = match_any(p, p->how->stages[k], at);
        if (match > at)
            end = match;
        else
            class_at(p, at, &at);
        if (at == s->limit) break;
    }
    s->next = at > *from ? end : 0;
    *to = s->at = at > *from ? at : end;
    return 1;
}

int jl_pieces_next(jl_pieces *p, jl_str *piece) {
    size_t from, to;
    if (!next_of_stage(p, p->last, &from, &to)) return 0;
    *piece = (jl_str){ (const char *)p->text + from, to - from };
    return 1;
}
