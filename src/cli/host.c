/* host.c - system services of the commands: files, clock, JSON, errors. */
#include "cli.h"

#include "../base/utf8.h"
#include "../jielong_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Replaces control characters, so that no model's text or file's name controls the terminal: C0 and
 * DEL by their symbols (U+2400 …), C1 and invalid UTF-8 by U+FFFD. */
static void put_printable(FILE *f, const char *text, size_t n, const char *kept) {
    const uint8_t *s = (const uint8_t *)text, *end = s + n;
    for (int length; s<end; s += length> 0 ? length : 1) {
        length = jl_utf8_length(s, (size_t)(end - s));
        if (length <= 0 || (*s == 0xc2 && s[1] < 0xa0))
            fputs("\xef\xbf\xbd", f);
        else if (*s == 0x7f || (*s < 0x20 && !(*s && strchr(kept, *s))))
            fprintf(f, "\xe2\x90%c", *s == 0x7f ? 0xa1 : 0x80 + *s);
        else
            fwrite(s, 1, (size_t)length, f);
    }
}

void cli_put_text(const char *text, size_t n) {
    if (isatty(1))
        put_printable(stdout, text, n, "\n\t");
    else
        fwrite(text, 1, n, stdout);
}

void cli_die(int status, const char *code, const char *message, const char *what) {
    fprintf(stderr, "jielong: %s: ", code);
    if (what) put_printable(stderr, what, strlen(what), "");
    if (what) fputs(": ", stderr);
    put_printable(stderr, message, strlen(message), "");
    fputc('\n', stderr);
    exit(status);
}

void cli_fail(const jl_error *error) {
    cli_die(1, jl_status_name(error->code), error->message, error->where[0] ? error->where : NULL);
}

double cli_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static FILE *open_file(const char *path) {
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!f) cli_die(1, "FILE", "the file cannot be opened", path);
    return f;
}

/* A directory opens like a file; only reading it fails. */
static void close_file(FILE *f, const char *path) {
    if (ferror(f)) cli_die(1, "FILE", "the file cannot be read", path);
    if (f != stdin) fclose(f);
}

static void show_progress(uint64_t done, uint64_t size) {
    if (isatty(2) && size)
        fprintf(stderr, "\rloading %3.0f %%", 100.0 * (double)done / (double)size);
}

/* `auto` is what a browser without relaxed SIMD takes (web/engine/kernels.js). */
static void set_precision(jl_model *m, const char *name) {
    static const jl_precision fast = { .fast = 1 };
    if (!name || strcmp(name, "auto") == 0 || strcmp(name, "exact") == 0) return;
    if (strcmp(name, "fast") != 0)
        cli_die(2, "USAGE", "expected auto, exact or fast", "--precision");
    jl_model_set_precision(m, JL_WEIGHTS_BELOW_8, &fast);
    jl_model_set_precision(m, JL_WEIGHTS_OF_8, &fast);
}

jl_model *cli_load(const cli_options *o) {
    const char *path = o->model;
    struct stat info;
    jl_error error = { 0 };
    FILE *f = open_file(path);
    uint64_t size =
        fstat(fileno(f), &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    uint64_t done = 0;
    jl_model *m = jl_model_new(size, 0, &error);
    jl_status status = m ? JL_MORE : error.code;
    while (status == JL_MORE) {
        size_t room = 0;
        uint8_t *to = jl_model_reserve(m, &room, &error);
        if (!to) cli_fail(&error);
        size_t n = fread(to, 1, room, f);
        if (ferror(f)) break;
        status = n ? jl_model_feed(m, n, &error) : jl_model_finish(m, &error);
        done += n;
        show_progress(done, size);
    }
    if (isatty(2) && size) fputs("\r\033[K", stderr);
    close_file(f, path);
    if (status < 0) cli_fail(&error);
    set_precision(m, o->precision);
    return m;
}

char *cli_read(const char *path, size_t *n) {
    FILE *f = open_file(path);
    size_t cap = 1 << 16;
    char *text = malloc(cap + 1);
    *n = 0;
    for (size_t got; text && (got = fread(text + *n, 1, cap - *n, f)) > 0;) {
        *n += got;
        if (*n == cap) text = realloc(text, (cap *= 2) + 1);
    }
    if (!text) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the file", path);
    close_file(f, path);
    text[*n] = 0;
    return text;
}

void cli_put_json(const char *text, size_t n) {
    putchar('"');
    for (size_t i = 0, plain; i < n; i += plain) {
        for (plain = 0; i + plain < n && (unsigned char)text[i + plain] >= 0x20; plain++)
            if (text[i + plain] == '"' || text[i + plain] == '\\') break;
        cli_put_text(text + i, plain);
        if (plain || i == n) continue;
        printf((unsigned char)text[i] < 0x20 ? "\\u%04x" : "\\%c", (unsigned char)text[i]);
        plain = 1;
    }
    putchar('"');
}

void cli_put_ids(const int32_t *ids, int n) {
    putchar('[');
    for (int i = 0; i < n; i++) printf("%s%d", i ? "," : "", ids[i]);
    putchar(']');
}

void cli_append_encoded(cli_tokens *to, jl_encoding *e, jl_error *error) {
    int count;
    jl_status status = e ? JL_MORE : error->code;
    while (status == JL_MORE) status = jl_encoding_step(e, UINT32_MAX, error);
    if (status != JL_OK) cli_fail(error);
    const int32_t *ids = jl_encoding_ids(e, &count);
    to->ids = realloc(to->ids, (to->n + (size_t)count + 1) * sizeof *ids);
    if (!to->ids) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the text's tokens", NULL);
    if (count) memcpy(to->ids + to->n, ids, (size_t)count * sizeof *ids);
    to->n += (size_t)count;
    jl_encoding_free(e);
}

int32_t *cli_tokenize(const jl_model *m, const char *text, size_t n, int flags, int *count) {
    jl_error error = { 0 };
    cli_tokens tokens = { 0 };
    cli_append_encoded(&tokens, jl_encoding_new(m, text, n, flags, NULL, 0, &error), &error);
    *count = (int)tokens.n;
    return tokens.ids;
}

/* ---- JSON in --------------------------------------------------------------------------------- */

_Noreturn static void no_cases(void) {
    cli_die(1, "BAD_ARGUMENT", "expected a JSON array of strings", "--cases");
}

static unsigned hex4(const char **at) {
    char digits[5] = { 0 };
    if (strspn(*at, "0123456789abcdefABCDEF") < 4) no_cases();
    memcpy(digits, *at, 4);
    *at += 4;
    return (unsigned)strtoul(digits, NULL, 16);
}

static size_t put_utf8(char *out, unsigned c) {
    if (c < 0x80) return out[0] = (char)c, 1;
    if (c < 0x800) return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
    size_t n = c < 0x10000 ? 3 : 4;
    out[0] = (char)(n == 3 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
    for (size_t i = 1; i < n; i++) out[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 63));
    return n;
}

/* *at: after the backslash. A lone surrogate becomes U+FFFD. */
static size_t unescape(const char **at, char *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = *(*at)++;
    const char *found = c ? strchr(from, c) : NULL;
    if (found) return out[0] = to[found - from], 1;
    if (c != 'u') no_cases();
    unsigned u = hex4(at);
    if (u >= 0xd800 && u < 0xdc00 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        const char *second = *at + 2;
        unsigned low = hex4(&second);
        if (low >= 0xdc00 && low < 0xe000) {
            *at = second;
            return put_utf8(out, 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00));
        }
    }
    return put_utf8(out, u >= 0xd800 && u < 0xe000 ? 0xfffd : u);
}

static void skip_space(const char **at) {
    *at += strspn(*at, " \t\r\n");
}

/* Skips "[" or "," before the next string; 0: "]" ends the text. */
static int next_element(const char **at) {
    int first = **at == '[';
    if (!first && **at != ',' && **at != ']') no_cases();
    if (**at != ']') ++*at;
    skip_space(at);
    if (**at == '"') return 1;
    if (**at != ']' || (*at)[-1] == ',') no_cases();
    ++*at;
    skip_space(at);
    if (**at) no_cases();
    return 0;
}

int cli_next_case(const char **at, char *out, size_t *n) {
    skip_space(at);
    if (!next_element(at)) return 0;
    ++*at;
    *n = 0;
    while (**at != '"') {
        if ((unsigned char)**at < 0x20) no_cases();
        if (**at == '\\')
            ++*at, *n += unescape(at, out + *n);
        else
            out[(*n)++] = *(*at)++;
    }
    ++*at;
    skip_space(at);
    return 1;
}
