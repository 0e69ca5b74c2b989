/* unicode.c - decoding by the shared definition of UTF-8, classes by search in delta-coded tables.
 *
 * The first step of the text stage. A class is found by bisection over an index of every 16th run
 * and a walk of at most 16 runs (coding: make_unicode.py); ASCII and the run found last need
 * neither.
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

static int ascii_class(uint32_t c) {
    if ((c | 32) - 'a' < 26) return JL_CHAR_LETTER;
    if (c == ' ') return JL_CHAR_BLANK;
    if (c == '\r' || c == '\n') return JL_CHAR_NEWLINE;
    if (c - '0' < 10) return JL_CHAR_NUMBER;
    return c - '\t' < 5 ? JL_CHAR_SPACE : JL_CHAR_OTHER; /* TAB, VT, FF */
}

/* Walks the runs of one block until the one that holds code, which the block's start precedes. */
static void find_run(uint32_t code, jl_char_run *run) {
    static const uint8_t classes[4] = { JL_CHAR_OTHER, JL_CHAR_LETTER, JL_CHAR_NUMBER,
                                        JL_CHAR_SPACE };
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
        uint32_t length = (*p >> 2 & 31u) + 1;
        run->class = classes[*p & 3];
        for (int shift = 5; *p & 0x80; shift += 7) length += (*++p & 0x7fu) << shift;
        p++;
        run->first = end;
        end += length;
    } while (end <= code);
    run->end = end;
}

int jl_char_class(uint32_t code, jl_char_run *run) {
    if (code < 0x80) return ascii_class(code);
    if (code > 0x10ffff) return JL_CHAR_OTHER;
    if (code < run->first || code >= run->end) find_run(code, run);
    return run->class;
}
