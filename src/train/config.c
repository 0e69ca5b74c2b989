/* config.c - the table of recipe keys, and the parser. */
#include "config.h"

#include <string.h>

typedef enum kind { INT, FLOAT, SEED, TEXT, PATHS, CHOICE } kind;

typedef struct key {
    const char *name;
    kind kind;
    size_t slot;         /* offset in jlt_config */
    const char *choices; /* CHOICE: names in enum order, separated by one space */
} key;

#define AT(field)    offsetof(jlt_config, field)
#define SHAPE(field) offsetof(jlt_config, train.shape.field)
#define OPT(field)   offsetof(jlt_config, train.optimizer.field)

static const key keys[] = {
    { "name", TEXT, AT(name), 0 },
    { "author", TEXT, AT(author), 0 },
    { "license", TEXT, AT(license), 0 },
    { "description", TEXT, AT(description), 0 },
    { "text", PATHS, AT(text), 0 },
    { "held-out", PATHS, AT(held_out), 0 },
    { "tokenizer", TEXT, AT(tokenizer), 0 },
    { "out", TEXT, AT(out), 0 },
    { "kind", CHOICE, SHAPE(kind), "transformer gru window" },
    { "context", INT, SHAPE(n_ctx), 0 },
    { "width", INT, SHAPE(n_embd), 0 },
    { "layers", INT, SHAPE(n_layers), 0 },
    { "heads", INT, SHAPE(n_heads), 0 },
    { "kv-heads", INT, SHAPE(n_kv_heads), 0 },
    { "hidden", INT, SHAPE(n_ff), 0 },
    { "window", INT, SHAPE(n_window), 0 },
    { "norm", CHOICE, SHAPE(norm), "rms layer" },
    { "activation", CHOICE, SHAPE(ffn), "swiglu gelu" },
    { "position", CHOICE, SHAPE(position), "rope learned sinusoidal alibi none" },
    { "rope-base", FLOAT, SHAPE(rope_base), 0 },
    { "eps", FLOAT, SHAPE(eps), 0 },
    { "dropout", FLOAT, SHAPE(dropout), 0 },
    { "optimizer", CHOICE, OPT(kind), "adamw muon" },
    { "steps", INT, OPT(steps), 0 },
    { "warmup", INT, OPT(warmup), 0 },
    { "lr", FLOAT, OPT(lr), 0 },
    { "lr-matrix", FLOAT, OPT(lr_matrix), 0 },
    { "lr-end", FLOAT, OPT(lr_end), 0 },
    { "beta1", FLOAT, OPT(beta1), 0 },
    { "beta2", FLOAT, OPT(beta2), 0 },
    { "momentum", FLOAT, OPT(momentum), 0 },
    { "adam-eps", FLOAT, OPT(adam_eps), 0 },
    { "decay", FLOAT, OPT(decay), 0 },
    { "clip", FLOAT, OPT(clip), 0 },
    { "batch", INT, AT(train.batch), 0 },
    { "length", INT, AT(train.length), 0 },
    { "shards", INT, AT(train.shards), 0 },
    { "seed", SEED, AT(train.seed), 0 },
    { "log-every", INT, AT(log_every), 0 },
    { "evaluate-every", INT, AT(evaluate_every), 0 },
    { "evaluate-windows", INT, AT(evaluate_windows), 0 },
    { "checkpoint-every", INT, AT(checkpoint_every), 0 },
};

static const jlt_config defaults = {
    .name = "unnamed",
    .train = { .shape = { .n_ctx = 256,
                          .n_embd = 128,
                          .n_layers = 4,
                          .n_heads = 4,
                          .n_ff = 352,
                          .n_window = 8,
                          .rope_base = 10000,
                          .eps = 1e-5f },
               .optimizer = { .steps = 1000,
                              .warmup = 100,
                              .lr = 2e-3f,
                              .lr_matrix = 5e-3f,
                              .lr_end = 0.05f,
                              .beta1 = 0.9f,
                              .beta2 = 0.98f,
                              .momentum = 0.95f,
                              .adam_eps = 1e-8f,
                              .decay = 0.1f,
                              .clip = 1 },
               .batch = 8,
               .shards = 1,
               .seed = 1 },
    .log_every = 10,
    .evaluate_every = 100,
    .evaluate_windows = 32,
    .checkpoint_every = 200,
};

/* ---- One line -------------------------------------------------------------------------------- */

static jl_str trim(jl_str s) {
    while (s.n && (unsigned char)s.data[0] <= ' ') s.data++, s.n--;
    while (s.n && (unsigned char)s.data[s.n - 1] <= ' ') s.n--;
    return s;
}

static jl_status refuse(jl_error *error, uint64_t line, jl_str where, const char *expected,
                        jl_str found) {
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, where, "line %u: expected %s, found '%S'",
                   line, expected, found);
}

/* Index of value in `choices`, −1: none. */
static int choose(const char *choices, jl_str value) {
    for (int i = 0; *choices; i++) {
        size_t n = strcspn(choices, " ");
        if (n == value.n && memcmp(choices, value.data, n) == 0) return i;
        choices += n + (choices[n] == ' ');
    }
    return -1;
}

/* Reads up to 19 digits (which fit 64 bits) at the start of s; returns their number. */
static size_t read_digits(jl_str s, uint64_t *value) {
    size_t i = 0;
    for (; i < s.n && i < 19 && s.data[i] >= '0' && s.data[i] <= '9'; i++)
        *value = *value * 10 + (uint64_t)(s.data[i] - '0');
    return i;
}

static jl_str after(jl_str s, size_t n) {
    return (jl_str){ s.data + n, s.n - n };
}

/* [-]digits[.digits][e[-+]digits]. Up to 15 digits round to the nearest double. strtod() would
 * parse more but take a tenth of the training module. */
static int read_float(jl_str s, float *out) {
    uint64_t mantissa = 0, shift = 0;
    int minus = s.n && s.data[0] == '-', point = 0, down = 0;
    s = after(s, (size_t)minus);
    size_t whole = read_digits(s, &mantissa);
    s = after(s, whole);
    if (s.n && s.data[0] == '.') {
        point = (int)read_digits(after(s, 1), &mantissa);
        s = after(s, 1 + (size_t)point);
    }
    if (whole + (size_t)point == 0 || whole + (size_t)point > 19) return 0;
    if (s.n && (s.data[0] == 'e' || s.data[0] == 'E')) {
        down = s.n > 1 && s.data[1] == '-';
        s = after(s, 1 + (size_t)(down || (s.n > 1 && s.data[1] == '+')));
        size_t digits = read_digits(s, &shift);
        if (digits == 0 || digits > 3) return 0;
        s = after(s, digits);
    }
    int power = (down ? -(int)shift : (int)shift) - point;
    double x = (double)mantissa, ten = 1;
    for (int i = power < 0 ? -power : power; i > 0; i--) ten *= 10;
    x = power < 0 ? x / ten : x * ten;
    *out = (float)(minus ? -x : x);
    return s.n == 0 && fabsf(*out) < INFINITY;
}

static int read_number(kind type, jl_str value, void *slot) {
    uint64_t whole = 0;
    if (type == FLOAT) return read_float(value, slot);
    if (value.n == 0 || read_digits(value, &whole) != value.n) return 0;
    if (type == SEED) memcpy(slot, &whole, sizeof whole);
    if (type == INT) memcpy(slot, &(int){ (int)whole }, sizeof(int));
    return type == SEED || whole <= 1 << 30;
}

static jl_status set(jlt_config *c, const key *k, jl_str value, uint64_t line, jl_error *error) {
    char *slot = (char *)c + k->slot;
    if (k->kind == INT || k->kind == FLOAT || k->kind == SEED)
        return read_number(k->kind, value, slot)
                   ? JL_OK
                   : refuse(error, line, jl_string(k->name), "a number", value);
    if (k->kind == CHOICE) {
        int i = choose(k->choices, value);
        if (i < 0) return refuse(error, line, jl_string(k->name), k->choices, value);
        memcpy(slot, &i, sizeof i); /* enums without negative values have the size of int */
        return JL_OK;
    }
    if (k->kind == PATHS) {
        jlt_config_paths *paths = (jlt_config_paths *)(void *)slot;
        if (paths->n == JLT_CONFIG_TEXTS)
            return refuse(error, line, jl_string(k->name), "at most 8 texts", value);
        slot = paths->path[paths->n++];
    }
    if (value.n >= JLT_CONFIG_TEXT)
        return refuse(error, line, jl_string(k->name), "at most 255 bytes", value);
    memcpy(slot, value.data, value.n);
    slot[value.n] = 0;
    return JL_OK;
}

static jl_status read_line(jlt_config *c, jl_str text, uint64_t line, jl_error *error) {
    const char *equals = text.n ? memchr(text.data, '=', text.n) : NULL;
    if (text.n == 0 || text.data[0] == '#') return JL_OK;
    if (!equals) return refuse(error, line, jl_string("config"), "key = value", text);
    size_t before = (size_t)(equals - text.data);
    jl_str name = trim((jl_str){ text.data, before });
    jl_str value = trim((jl_str){ equals + 1, text.n - before - 1 });
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (jl_str_equal(name, keys[i].name)) return set(c, &keys[i], value, line, error);
    return refuse(error, line, jl_string("config"), "a known key", name);
}

/* ---- Whole recipes -------------------------------------------------------------------------- */

jl_status jlt_config_parse(jlt_config *c, const char *text, size_t n, jl_error *error) {
    *c = defaults;
    jl_status st = JL_OK;
    for (uint64_t line = 1; !st && n > 0; line++) {
        const char *end = memchr(text, '\n', n);
        size_t length = end ? (size_t)(end - text) : n;
        st = read_line(c, trim((jl_str){ text, length }), line, error);
        length += end != NULL;
        text += length;
        n -= length;
    }
    if (!c->train.shape.n_kv_heads) c->train.shape.n_kv_heads = c->train.shape.n_heads;
    if (!c->train.length) c->train.length = c->train.shape.n_ctx;
    return st;
}

size_t jlt_held_out_at(const char *text, size_t n) {
    size_t at = n - n / 50;
    const char *end = at < n ? memchr(text + at, '\n', n - at) : NULL;
    if (end) return (size_t)(end - text) + 1;
    while (at < n && ((unsigned char)text[at] & 0xc0) == 0x80) at++; /* do not cut a character */
    return at;
}
