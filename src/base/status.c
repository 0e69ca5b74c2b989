/* status.c - status names, the first-failure record, and the formatter behind its messages.
 *
 * Records every failure of the engine. Texts may contain bytes of a hostile file (a tensor name, a
 * key), so they are made printable: well-formed UTF-8 without control characters, NUL-terminated,
 * truncated between characters. No stdio: it would double the .wasm.
 */
#include "status.h"

#include <stdarg.h>
#include <string.h>

#include "utf8.h"

#define AT(status) [JL_DONE - (status)]

const char *jl_status_name(jl_status status) {
    static const char *const names[] = {
        AT(JL_OK) = "OK",
        AT(JL_MORE) = "MORE",
        AT(JL_DONE) = "DONE",
        AT(JL_ERR_MEMORY) = "OUT_OF_MEMORY",
        AT(JL_ERR_NOT_GGUF) = "NOT_GGUF",
        AT(JL_ERR_FORMAT) = "BAD_FORMAT",
        AT(JL_ERR_TRUNCATED) = "TRUNCATED",
        AT(JL_ERR_ARCHITECTURE) = "UNKNOWN_ARCHITECTURE",
        AT(JL_ERR_TYPE) = "UNKNOWN_TYPE",
        AT(JL_ERR_TENSOR) = "BAD_TENSOR",
        AT(JL_ERR_TOKENIZER) = "BAD_TOKENIZER",
        AT(JL_ERR_CONTEXT) = "CONTEXT_FULL",
        AT(JL_ERR_ARGUMENT) = "BAD_ARGUMENT",
        AT(JL_ERR_NUMERIC) = "NOT_A_NUMBER",
        AT(JL_ERR_THREAD) = "THREAD_LOST",
    };
    int known = status <= JL_DONE && status >= JL_ERR_THREAD;
    return names[JL_DONE - (known ? status : JL_ERR_ARGUMENT)];
}

jl_str jl_string(const char *s) {
    return (jl_str){ s, strlen(s) };
}

int jl_str_equal(jl_str a, const char *b) {
    size_t n = strlen(b);
    return a.n == n && (n == 0 || memcmp(a.data, b, n) == 0);
}

uint64_t jl_hash(const void *bytes, size_t n) {
    const uint8_t *p = bytes;
    uint64_t h = JL_HASH_START;
    for (size_t i = 0; i < n; i++) h = jl_hash_byte(h, p[i]);
    return h;
}

/* ---- The formatter --------------------------------------------------------------------------- */

typedef struct sink {
    char *out;
    size_t cap, n; /* n: full length, also beyond cap */
} sink;

static void put(sink *s, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++, s->n++)
        if (s->n < s->cap) s->out[s->n] = text[i];
}

static void put_unsigned(sink *s, uint64_t value) {
    char digits[20]; /* 2^64 has 20 */
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put(s, digits + at, sizeof digits - at);
}

static void put_int(sink *s, int value) {
    if (value < 0) put(s, "-", 1);
    put_unsigned(s, value < 0 ? 0u - (uint64_t)value : (uint64_t)value);
}

static size_t format_list(char *out, size_t cap, const char *format, va_list list) {
    sink s = { out, cap ? cap - 1 : 0, 0 };
    for (const char *f = format; *f; f++) {
        if (*f != '%' || !f[1]) {
            put(&s, f, 1);
            continue;
        }
        jl_str text;
        switch (*++f) {
        case 's':
            text = jl_string(va_arg(list, const char *));
            break;
        case 'S':
            text = va_arg(list, jl_str);
            break;
        case 'd':
            put_int(&s, va_arg(list, int));
            continue;
        case 'u':
            put_unsigned(&s, va_arg(list, uint64_t));
            continue;
        default:
            text = (jl_str){ f, 1 };
            break; /* %% is a percent sign */
        }
        put(&s, text.data, text.n);
    }
    if (cap) out[s.n < s.cap ? s.n : s.cap] = 0;
    return s.n;
}

size_t jl_format(char *out, size_t cap, const char *format, ...) {
    va_list list;
    va_start(list, format);
    size_t n = format_list(out, cap, format, list);
    va_end(list);
    return n;
}

/* ---- The record ------------------------------------------------------------------------------ */

/* Makes the first n of `whole` bytes printable in place and NUL-terminates them (n + 1 bytes).
 * Invalid UTF-8 and control characters (C0, DEL, C1) become '?'; a character truncated at n is
 * dropped. */
static void make_printable(char *text, size_t n, size_t whole) {
    uint8_t *s = (uint8_t *)text;
    for (size_t i = 0; i < n;) {
        int length = jl_utf8_length(s + i, n - i);
        if (length < 0 && n < whole) {
            n = i;
            break;
        }
        size_t step = length > 0 ? (size_t)length : 1;
        int control = s[i] < 0x20 || s[i] == 0x7f || (step == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0);
        if (length <= 0 || control) memset(s + i, '?', step);
        i += step;
    }
    s[n] = 0;
}

static size_t min(size_t a, size_t b) {
    return a < b ? a : b;
}

void jl_error_clear(jl_error *e) {
    if (!e) return;
    memset(e, 0, sizeof *e);
    e->offset = JL_NO_OFFSET;
}

jl_status jl_fail(jl_error *e, jl_status code, uint64_t offset, jl_str where, const char *format,
                  ...) {
    if (!e) return code;
    if (e->code != JL_OK) return e->code;
    e->code = code;
    e->offset = offset;

    size_t n = min(where.n, sizeof e->where - 1);
    if (n) memcpy(e->where, where.data, n);
    make_printable(e->where, n, where.n);

    va_list list;
    va_start(list, format);
    size_t whole = format_list(e->message, sizeof e->message, format, list);
    va_end(list);
    make_printable(e->message, min(whole, sizeof e->message - 1), whole);
    return code;
}

jl_status jl_no_memory(jl_error *e, const char *where) {
    return jl_fail(e, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string(where),
                   "not enough memory; close other pages or programs");
}
