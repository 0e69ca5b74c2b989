/* host.c - what the commands need of the system: files, clock, JSON in and out, and how to fail. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void cli_die(int status, const char *code, const char *message, const char *what) {
    fprintf(stderr, "jielong: %s: %s%s%s\n", code, what ? what : "", what ? ": " : "", message);
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

static void show_progress(uint64_t done, uint64_t size) {
    if (isatty(2) && size)
        fprintf(stderr, "\rloading %3.0f %%", 100.0 * (double)done / (double)size);
}

jl_model *cli_load(const char *path) {
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
        status = n ? jl_model_feed(m, n, &error) : jl_model_finish(m, &error);
        done += n;
        show_progress(done, size);
    }
    if (isatty(2) && size) fputs("\r\033[K", stderr);
    if (status < 0) cli_fail(&error);
    if (f != stdin) fclose(f);
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
    if (!text) cli_die(1, "OUT_OF_MEMORY", "no room for the file", path);
    if (f != stdin) fclose(f);
    text[*n] = 0;
    return text;
}

void cli_put_json(const char *text, size_t n) {
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20)
            printf("\\u%04x", c);
        else if (c == '"' || c == '\\')
            printf("\\%c", c);
        else
            putchar(c);
    }
    putchar('"');
}

void cli_put_ids(const int32_t *ids, int n) {
    putchar('[');
    for (int i = 0; i < n; i++) printf("%s%d", i ? "," : "", ids[i]);
    putchar(']');
}

int32_t *cli_tokenize(const jl_model *m, const char *text, size_t n, int flags, int *count) {
    jl_error error = { 0 };
    int cap = (int)(n < 1 << 29 ? n : 1 << 29) + 8; /* a token has at least one byte */
    int32_t *ids = malloc((size_t)cap * sizeof *ids);
    if (!ids) cli_die(1, "OUT_OF_MEMORY", "no room for the text's tokens", NULL);
    *count = jl_tokenize(m, text, n, flags, ids, cap, &error);
    if (*count < 0) cli_fail(&error);
    return ids;
}

/* ---- JSON in --------------------------------------------------------------------------------- */

static unsigned hex4(const char **at) {
    char digits[5] = { 0 }, *end;
    for (int i = 0; i < 4 && **at; i++) digits[i] = *(*at)++;
    unsigned value = (unsigned)strtoul(digits, &end, 16);
    if (end != digits + 4)
        cli_die(1, "BAD_ARGUMENT", "a \\u escape needs four hex digits", "--cases");
    return value;
}

static size_t put_utf8(char *out, unsigned c) {
    if (c < 0x80) return out[0] = (char)c, 1;
    if (c < 0x800) return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
    size_t n = c < 0x10000 ? 3 : 4;
    out[0] = (char)(n == 3 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
    for (size_t i = 1; i < n; i++) out[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 63));
    return n;
}

/* After the backslash. */
static size_t unescape(const char **at, char *out) {
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char c = *(*at)++;
    const char *found = c ? strchr(from, c) : NULL;
    if (found) return out[0] = to[found - from], 1;
    if (c != 'u') return out[0] = c, 1;
    unsigned u = hex4(at);
    if (u >= 0xd800 && u < 0xdc00 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        *at += 2;
        u = 0x10000 + ((u - 0xd800) << 10) + (hex4(at) - 0xdc00);
    }
    return put_utf8(out, u);
}

int cli_next_case(const char **at, char *out, size_t *n) {
    *at += strspn(*at, " \t\r\n[,");
    if (**at == ']') return 0;
    if (**at != '"') cli_die(1, "BAD_ARGUMENT", "expected a JSON array of strings", "--cases");
    ++*at;
    *n = 0;
    while (**at && **at != '"') {
        if (**at == '\\')
            ++*at, *n += unescape(at, out + *n);
        else
            out[(*n)++] = *(*at)++;
    }
    if (**at == '"') ++*at;
    return 1;
}
