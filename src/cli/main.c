/* main.c - the native `jielong` command: options and dispatch.
 *
 * The same words as web/cli.js. Data goes to standard output, everything else to standard error;
 * exit status 1 for a failure, 2 for wrong usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: jielong COMMAND MODEL.gguf [options]\n"
    "  generate [MODEL] [PROMPT] [-n N] [--temperature T] [--top-k K] [--top-p P] [--min-p P]\n"
    "           [--repeat-penalty R] [--repeat-last N] [--seed S] [--stop TEXT] [--ignore-eos]\n"
    "           [--chat] [--special] [--json] [--context N] [--threads N]\n"
    "                                    continue PROMPT (or standard input), streaming the text;\n"
    "                                    without MODEL by the tales model that comes along\n"
    "  tokenize MODEL TEXT | --file F | --cases F  [--special]\n"
    "                                    token ids as JSON; --cases: a JSON array of texts\n"
    "  logits MODEL --ids 1,2,3 --out F  every position's logits, float32 little-endian\n"
    "  score MODEL --file F [-n N] [--special]\n"
    "                                    perplexity of a text, as JSON\n"
    "  embed MODEL TEXT | --ids 1,2,3 [--pooling mean|cls|last]\n"
    "                                    a text as one vector of length 1, as JSON\n"
    "  info MODEL                        the model's description, as JSON\n"
    "  bench MODEL [--pp N] [--tg N]     tokens per second, as JSON\n"
    "  train RECIPE [--threads N]        trains a tiny model, or continues to\n"
    "  train RECIPE --out F [--type T]   writes it as it is: F32, F16, Q8_0 or Q4_0\n"
    "  train-tokenizer TEXT [TEXT] --out F [--vocab N] [--pre P | --characters]\n"
    "                                    learns a vocabulary: merges of bytes, or characters\n"
    "  ngram VOCABULARY TEXT [TEXT] [--order N] [--out F -n N]\n"
    "                                    what counted n-grams predict, as JSON; F: N of them\n";

typedef struct command {
    const char *name;
    int (*run)(const cli_options *);
} command;

static const command commands[] = {
    { "generate", cli_generate },
    { "tokenize", cli_do_tokenize },
    { "logits", cli_logits },
    { "score", cli_score },
    { "embed", cli_embed },
    { "info", cli_info },
    { "bench", cli_bench },
    { "train", cli_train },
    { "train-tokenizer", cli_train_tokenizer },
    { "ngram", cli_ngram },
};

typedef enum kind { FLAG, INT, FLOAT, SEED, STRING, STOP } kind;

typedef struct option {
    const char *name;
    kind kind;
    size_t slot; /* in cli_options */
} option;

#define SLOT(field) offsetof(cli_options, field)
static const option options[] = {
    { "-n", INT, SLOT(n) },
    { "--temperature", FLOAT, SLOT(generation.sampling.temperature) },
    { "--top-k", INT, SLOT(generation.sampling.top_k) },
    { "--top-p", FLOAT, SLOT(generation.sampling.top_p) },
    { "--min-p", FLOAT, SLOT(generation.sampling.min_p) },
    { "--repeat-penalty", FLOAT, SLOT(generation.sampling.repeat_penalty) },
    { "--repeat-last", INT, SLOT(generation.sampling.repeat_last) },
    { "--seed", SEED, SLOT(generation.sampling.seed) },
    { "--stop", STOP, 0 },
    { "--ignore-eos", FLAG, SLOT(generation.ignore_end) },
    { "--chat", FLAG, SLOT(chat) },
    { "--special", FLAG, SLOT(special) },
    { "--json", FLAG, SLOT(json) },
    { "--context", INT, SLOT(context) },
    { "--threads", INT, SLOT(threads) },
    { "--file", STRING, SLOT(file) },
    { "--cases", STRING, SLOT(cases) },
    { "--ids", STRING, SLOT(ids) },
    { "--out", STRING, SLOT(out) },
    { "--pooling", STRING, SLOT(pooling) },
    { "--pre", STRING, SLOT(pre) },
    { "--type", STRING, SLOT(type) },
    { "--vocab", INT, SLOT(vocab) },
    { "--order", INT, SLOT(order) },
    { "--characters", FLAG, SLOT(characters) },
    { "--pp", INT, SLOT(pp) },
    { "--tg", INT, SLOT(tg) },
};

static void add_stop(cli_options *o, const char *text) {
    size_t n = strlen(text) + 1;
    if (o->stops_length + n > sizeof o->stops || o->generation.n_stop == JL_MAX_STOP)
        cli_die(2, "BAD_ARGUMENT", "too many or too long stop strings", "--stop");
    memcpy(o->stops + o->stops_length, text, n);
    o->stops_length += n;
    o->generation.n_stop++;
}

static void set(cli_options *o, const option *opt, const char *value) {
    char *slot = (char *)o + opt->slot, *end = NULL;
    long integer = 0;
    double number = 0;
    uint64_t seed = 0;
    if (opt->kind == INT) integer = strtol(value, &end, 10);
    if (opt->kind == FLOAT) number = strtod(value, &end);
    if (opt->kind == SEED) seed = strtoull(value, &end, 10);
    if (end && (end == value || *end || integer > 1 << 30 || integer < 0))
        cli_die(2, "BAD_ARGUMENT", "expected a number", opt->name);
    if (opt->kind == STOP) add_stop(o, value);
    if (opt->kind == STRING) memcpy(slot, &value, sizeof value);
    if (opt->kind == SEED) memcpy(slot, &seed, sizeof seed);
    if (opt->kind == FLOAT) memcpy(slot, &(float){ (float)number }, sizeof(float));
    if (opt->kind == INT && opt->slot) memcpy(slot, &(int){ (int)integer }, sizeof(int));
    if (strcmp(opt->name, "-n") == 0) o->n_given = 1;
}

static const option *find_option(const char *name) {
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(options[i].name, name) == 0) return &options[i];
    cli_die(2, "BAD_ARGUMENT", "unknown option; see jielong --help", name);
}

static int takes_two_texts(const char *name) {
    return strcmp(name, "ngram") == 0;
}

static void take_positional(cli_options *o, const char *word) {
    if (!o->command)
        o->command = word;
    else if (!o->model)
        o->model = word;
    else if (!o->text)
        o->text = word;
    else if (!o->second && takes_two_texts(o->command))
        o->second = word;
    else
        cli_die(2, "BAD_ARGUMENT", "one argument too many", word);
}

static void parse(cli_options *o, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        int is_option = argv[i][0] == '-' && argv[i][1];
        if (!is_option) {
            take_positional(o, argv[i]);
            continue;
        }
        const option *opt = find_option(argv[i]);
        if (opt->kind == FLAG)
            memcpy((char *)o + opt->slot, &(int){ 1 }, sizeof(int));
        else if (++i < argc)
            set(o, opt, argv[i]);
        else
            cli_die(2, "BAD_ARGUMENT", "expected a value after it", opt->name);
    }
}

static int names_model(const char *word) {
    size_t n = strlen(word);
    if (n > 5 && strcmp(word + n - 5, ".gguf") == 0) return 1;
    FILE *file = fopen(word, "rb");
    if (file) fclose(file);
    return file != NULL;
}

/* generate [PROMPT]: the model that comes with the project continues it. */
static void use_own_model(cli_options *o) {
    if (!o->command || strcmp(o->command, "generate") != 0) return;
    if (o->text || (o->model && names_model(o->model))) return;
    o->text = o->model;
    o->model = CLI_OWN_MODEL;
}

int main(int argc, char **argv) {
    static cli_options o = {
        .n = 256,
        .pp = 128,
        .tg = 32,
        .vocab = 4096,
        .order = 5,
        .generation.sampling = { 0.8f, 40, 0.95f, 0.05f, 1, 64, 0 },
    };
    o.generation.sampling.seed = (uint64_t)(cli_now() * 1000);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    parse(&o, argc, argv);
    use_own_model(&o);
    o.generation.max_tokens = o.n;
    o.generation.stop = o.stops;
    if (!o.command || !o.model) {
        fputs(usage, stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, o.command) == 0) return commands[i].run(&o);
    cli_die(2, "BAD_ARGUMENT", "unknown command; see jielong --help", o.command);
}
