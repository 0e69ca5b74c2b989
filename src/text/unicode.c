/* unicode.c - UTF-8 decoding, and character classes and maps from delta-coded tables.
 *
 * A class lookup bisects an index of every 16th run and walks at most 16 runs (coding:
 * make_unicode.py); ASCII and the cached run skip this. Map lookups work alike.
 */
#include "unicode.h"

#include "../base/utf8.h"
#include "unicode_data.h"

int jl_utf8_decode(const uint8_t *s, size_t n, uint32_t *code) {
    if (s[0] < 0x80) {
        *code = s[0];
        return 1;
    }
    int length = jl_utf8_length(s, n);
    if (length <= 0) {
        *code = JL_INVALID_BYTE;
        return 1;
    }
    uint32_t c = s[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) c = c << 6 | (s[i] & 0x3fu);
    *code = c;
    return length;
}

size_t jl_utf8_encode(uint32_t code, uint8_t out[4]) {
    static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; code >>= 6) out[i] = (uint8_t)(0x80 | (code & 0x3f));
    out[0] = (uint8_t)(lead[n] | code);
    return n;
}

/* Finds the run of code, which must not precede its block's start. */
static void find_run(uint32_t code, jl_char_run *run) {
    static const int classes[8] = {
        JL_CHAR_UNASSIGNED,        JL_CHAR_OTHER_LETTER, JL_CHAR_MARK,    JL_CHAR_OTHER_NUMBER,
        JL_CHAR_OTHER_PUNCTUATION, JL_CHAR_OTHER_SYMBOL, JL_CHAR_CONTROL, JL_CHAR_SPACE
    };
    size_t low = 0, high = sizeof block_starts / sizeof *block_starts;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (block_starts[middle] <= code)
            low = middle;
        else
            high = middle;
    }
    const uint8_t *p = runs + block_offsets[low];
    uint32_t end = block_starts[low];
    do {
        uint32_t length = (*p >> 3 & 15u) + 1;
        run->class = classes[*p & 7];
        for (int shift = 4; *p & 0x80; shift += 7) length += (*++p & 0x7fu) << shift;
        p++;
        run->first = end;
        end += length;
    } while (end <= code);
    run->end = end;
}

int jl_char_class(uint32_t code, jl_char_run *run) {
    if (code < 0x80) return 1 << ascii_bits[code];
    if (code > 0x10ffff) return JL_CHAR_OTHER_SYMBOL;
    if (code < run->first || code >= run->end) find_run(code, run);
    return run->class;
}

static uint32_t next_varint(const uint8_t **p) {
    uint32_t value = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*p)++;
        value |= (byte & 0x7fu) << shift;
        if (byte < 0x80) return value;
    }
}

/* The image of code in a ramp list with an index of n triples. */
static uint32_t image_of(const uint8_t *ramps, const uint32_t (*index)[3], size_t n,
                         uint32_t code) {
    size_t low = 0;
    while (n - low > 1) {
        size_t middle = (low + n) / 2;
        if (index[middle][0] <= code)
            low = middle;
        else
            n = middle;
    }
    const uint8_t *p = ramps + index[low][2];
    uint32_t end = index[low][0], to = index[low][1];
    for (;;) {
        uint32_t head = next_varint(&p), shape = head % 7, first = end + head / 7;
        if (code < first) return code;
        uint32_t count = shape ? next_varint(&p) + 2 : 1, move = next_varint(&p);
        uint32_t step = shape > 3 ? 2 : 1, rise = shape ? (shape - 1) % 3 : 0;
        to += move & 1 ? 0 - (move >> 1) : move >> 1;
        end = first + (count - 1) * step + 1;
        if (code < end) return (code - first) % step ? code : to + (code - first) / step * rise;
        to += (count - 1) * rise;
    }
}

#define IMAGE_OF(name, code)                                                                       \
    image_of(name##_ramps, name##_index, sizeof name##_index / sizeof *name##_index, code)

uint32_t jl_char_lower(uint32_t code) {
    if (code < 0x80) return code - 'A' < 26 ? code + 32 : code;
    return code > 0x10ffff ? code : IMAGE_OF(lower, code);
}

uint32_t jl_char_base(uint32_t code) {
    return code < 0x80 || code > 0x10ffff ? code : IMAGE_OF(base, code);
}
