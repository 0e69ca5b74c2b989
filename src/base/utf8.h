/* utf8.h - validates untrusted UTF-8 (Unicode standard, table 3-7).
 *
 * Overlong forms, surrogates and values above U+10FFFF are not well-formed.
 */
#ifndef JL_UTF8_H
#define JL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length 1..4 of the sequence at s[0..n); 0: not well-formed; −1: truncated by n. */
static inline int jl_utf8_length(const uint8_t *s, size_t n) {
    if (n == 0) return -1;
    uint8_t lead = s[0];
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    int length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    /* The second byte's range depends on the lead, to reject overlong forms and surrogates. */
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (int i = 1; i < length; i++) {
        if ((size_t)i >= n) return -1;
        if (s[i] < low || s[i] > high) return 0;
        low = 0x80, high = 0xbf;
    }
    return length;
}

/* Whether text[n] is well-formed. */
static inline int jl_is_utf8(const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        int length = jl_utf8_length((const uint8_t *)text + i, n - i);
        if (length <= 0) return 0;
        i += (size_t)length;
    }
    return 1;
}

#endif
