/* main.c - the native `jielong` command: options and dispatch.
 *
 * Options and usage errors match web/node/cli.js. Data goes to stdout, all else to stderr; exit
 * status 1 for a failure, 2 for wrong usage.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: jielong COMMAND MODEL.gguf [options]      all: [--precision auto|exact|fast]\n"
    "  generate [MODEL] [PROMPT] [-n N] [--temperature T] [--top-k K] [--top-p P] [--min-p P]\n"
    "           [--repeat-penalty R] [--repeat-last N] [--seed S] [--stop TEXT] [--ignore-eos]\n"
    "           [--frequency-penalty F] [--presence-penalty F] [--dry-multiplier M] [--dry-base "
    "B]\n"
    "           [--dry-allowed-length N] [--dry-last N] [--temperature-range R] [--typical-p P]\n"
    "           [--temperature-exponent E] [--xtc-probability P] [--xtc-threshold P]\n"
    "           [--mirostat-tau T] [--mirostat-eta E] [--stages bias,mask,...] [--grammar FILE]\n"
    "           [--special] [--json] [--echo] [--context N] [--threads N]\n"
    "                                    continue PROMPT (or standard input), streaming the text\n"
    "                                    after it, with --echo also PROMPT;\n"
    "                                    without MODEL: the bundled tales model\n"
    "  tokenize MODEL TEXT | --file F | --cases F  [--special]\n"
    "                                    token ids as JSON; --cases: a JSON array of texts\n"
    "  logits MODEL --ids 1,2,3 --out F  every position's logits, float32 little-endian\n"
    "  score MODEL --file F [-n N] [--special]\n"
    "                                    a text's perplexity, as JSON\n"
    "  embed MODEL TEXT | --ids 1,2,3 [--pooling mean|cls|last]\n"
    "                                    a text's embedding, unit length, as JSON\n"
    "  info MODEL                        the model's description, as JSON\n"
    "  bench MODEL [--pp N] [--tg N]     tokens per second, as JSON\n"
    "  train RECIPE [--threads N] [--bfloat16]\n"
    "                                    trains a tiny model, or resumes training; with factors\n"
    "                                    in bfloat16 where the processor multiplies those faster\n"
    "  train RECIPE --out F [--type T]   exports the checkpoint: F32, F16, Q8_0, Q4_0\n"
    "  train-tokenizer TEXT [TEXT] --out F [--vocab N] [--pre P | --characters]\n"
    "           [--merges N]             trains a vocabulary: byte-level BPE, or characters, of\n"
    "                                    which N tokens are merges\n"
    "  ngram VOCABULARY TEXT [TEXT] [--order N] [--out F -n N]\n"
    "                                    trains and scores n-grams, as JSON; F: pruned to N\n";

typedef struct command {
    const char *name;
    int (*run)(const cli_options *);
    int takes; /* max positional arguments; the first is required */
    const char *options;
} command;

#define SAMPLING                                                                                   \
    "-n --temperature --top-k --top-p --min-p --repeat-penalty --repeat-last --seed --stop "       \
    "--frequency-penalty --presence-penalty --dry-multiplier --dry-base --dry-allowed-length "     \
    "--dry-last --temperature-range --temperature-exponent --typical-p --xtc-probability "         \
    "--xtc-threshold --mirostat-tau --mirostat-eta --stages --grammar "

static const command commands[] = {
    { "generate", cli_generate, 2,
      SAMPLING "--ignore-eos --chat --special --json --echo --context" },
    { "tokenize", cli_do_tokenize, 2, "--file --cases --special" },
    { "logits", cli_logits, 1, "--ids --out --context" },
    { "score", cli_score, 1, "--file -n --special --context" },
    { "embed", cli_embed, 2, "--ids --pooling" },
    { "info", cli_info, 1, "" },
    { "bench", cli_bench, 1, "--pp --tg" },
    { "train", cli_train, 1, "--out --type --bfloat16" },
    { "train-tokenizer", cli_train_tokenizer, 2, "--out --vocab --pre --characters --merges" },
    { "ngram", cli_ngram, 3, "--order --out -n" },
};

typedef enum kind { FLAG, INT, FLOAT, SEED, STRING, STOP } kind;

typedef struct option {
    const char *name;
    kind kind;
    size_t slot; /* in cli_options */
    int min;     /* of an INT */
} option;

#define SLOT(field) offsetof(cli_options, field)
static const option options[] = {
    { "-n", INT, SLOT(n), 0 },
    { "--temperature", FLOAT, SLOT(generation.sampling.temperature), 0 },
    { "--top-k", INT, SLOT(generation.sampling.top_k), 0 },
    { "--top-p", FLOAT, SLOT(generation.sampling.top_p), 0 },
    { "--min-p", FLOAT, SLOT(generation.sampling.min_p), 0 },
    { "--repeat-penalty", FLOAT, SLOT(generation.sampling.repeat_penalty), 0 },
    { "--repeat-last", INT, SLOT(generation.sampling.repeat_last), 0 },
    { "--frequency-penalty", FLOAT, SLOT(generation.sampling.frequency_penalty), 0 },
    { "--presence-penalty", FLOAT, SLOT(generation.sampling.presence_penalty), 0 },
    { "--dry-multiplier", FLOAT, SLOT(generation.sampling.dry_multiplier), 0 },
    { "--dry-base", FLOAT, SLOT(generation.sampling.dry_base), 0 },
    { "--dry-allowed-length", INT, SLOT(generation.sampling.dry_allowed), 0 },
    { "--dry-last", INT, SLOT(generation.sampling.dry_last), 0 },
    { "--temperature-range", FLOAT, SLOT(generation.sampling.temperature_range), 0 },
    { "--temperature-exponent", FLOAT, SLOT(generation.sampling.temperature_exponent), 0 },
    { "--typical-p", FLOAT, SLOT(generation.sampling.typical_p), 0 },
    { "--xtc-probability", FLOAT, SLOT(generation.sampling.xtc_probability), 0 },
    { "--xtc-threshold", FLOAT, SLOT(generation.sampling.xtc_threshold), 0 },
    { "--mirostat-tau", FLOAT, SLOT(generation.sampling.mirostat_tau), 0 },
    { "--mirostat-eta", FLOAT, SLOT(generation.sampling.mirostat_eta), 0 },
    { "--stages", STRING, SLOT(stages), 0 },
    { "--grammar", STRING, SLOT(grammar), 0 },
    { "--seed", SEED, SLOT(generation.sampling.seed), 0 },
    { "--stop", STOP, 0, 0 },
    { "--ignore-eos", FLAG, SLOT(generation.ignore_end), 0 },
    { "--chat", FLAG, SLOT(chat), 0 },
    { "--special", FLAG, SLOT(special), 0 },
    { "--json", FLAG, SLOT(json), 0 },
    { "--echo", FLAG, SLOT(echo), 0 },
    { "--context", INT, SLOT(context), 1 },
    { "--threads", INT, SLOT(threads), 1 },
    { "--file", STRING, SLOT(file), 0 },
    { "--cases", STRING, SLOT(cases), 0 },
    { "--ids", STRING, SLOT(ids), 0 },
    { "--out", STRING, SLOT(out), 0 },
    { "--pooling", STRING, SLOT(pooling), 0 },
    { "--precision", STRING, SLOT(precision), 0 },
    { "--pre", STRING, SLOT(pre), 0 },
    { "--type", STRING, SLOT(type), 0 },
    { "--vocab", INT, SLOT(vocab), 1 },
    { "--order", INT, SLOT(order), 1 },
    { "--characters", FLAG, SLOT(characters), 0 },
    { "--merges", INT, SLOT(merges), 0 },
    { "--bfloat16", FLAG, SLOT(bfloat16), 0 },
    { "--pp", INT, SLOT(pp), 1 },
    { "--tg", INT, SLOT(tg), 1 },
};

static void add_stop(cli_options *o, const char *text) {
    size_t n = strlen(text) + 1;
    if (o->stops_length + n > sizeof o->stops || o->generation.n_stop == JL_MAX_STOP)
        cli_die(1, "BAD_ARGUMENT", "too many or too long stop strings", "--stop");
    memcpy(o->stops + o->stops_length, text, n);
    o->stops_length += n;
    o->generation.n_stop++;
}

static const char *skip_digits(const char *s) {
    return s + strspn(s, "0123456789");
}

/* digits[.digits][e[±]digits], as in web/node/cli.js: no sign, space, hexadecimal. */
static int is_decimal(const char *s) {
    const char *end = skip_digits(s);
    size_t digits = (size_t)(end - s);
    if (*end == '.') s = end + 1, end = skip_digits(s), digits += (size_t)(end - s);
    if (digits && (*end == 'e' || *end == 'E')) {
        end += end[1] == '-' || end[1] == '+' ? 2 : 1;
        digits = (size_t)(skip_digits(end) - end);
        end += digits;
    }
    return digits && !*end;
}

static void set_number(cli_options *o, const option *opt, const char *value) {
    char *slot = (char *)o + opt->slot;
    int whole = *value && !*skip_digits(value);
    errno = 0;
    if (opt->kind == FLOAT) {
        float number = is_decimal(value) ? (float)strtod(value, NULL) : INFINITY;
        if (!isfinite(number)) cli_die(2, "USAGE", "expected a number from 0", opt->name);
        memcpy(slot, &number, sizeof number);
        return;
    }
    uint64_t integer = whole ? strtoull(value, NULL, 10) : 0;
    int fits = opt->kind == SEED || (integer <= INT32_MAX && (int)integer >= opt->min);
    if (!whole || errno || !fits)
        cli_die(2, "USAGE", opt->min ? "expected an integer from 1" : "expected an integer from 0",
                opt->name);
    if (opt->kind == SEED)
        memcpy(slot, &integer, sizeof integer);
    else
        memcpy(slot, &(int){ (int)integer }, sizeof(int));
}

static void set(cli_options *o, const option *opt, const char *value) {
    if (opt->kind == STOP)
        add_stop(o, value);
    else if (opt->kind == STRING)
        memcpy((char *)o + opt->slot, &value, sizeof value);
    else
        set_number(o, opt, value);
    if (strcmp(opt->name, "-n") == 0) o->n_given = 1;
}

/* Whether the space-separated list contains name[n]. */
static int lists(const char *list, const char *name, size_t n) {
    while (*list) {
        size_t length = strcspn(list, " ");
        if (length == n && memcmp(list, name, n) == 0) return 1;
        list += length + (list[length] == ' ');
    }
    return 0;
}

/* The option named by a word, up to any "=". */
static const option *find_option(const command *c, const char *word) {
    size_t n = word[1] == '-' ? strcspn(word, "=") : strlen(word);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strlen(options[i].name) == n && memcmp(options[i].name, word, n) == 0 &&
            (lists(c->options, word, n) || lists("--threads --precision", word, n)))
            return &options[i];
    cli_die(2, "USAGE", "unknown option; see jielong --help", word);
}

static void take_positional(const command *c, cli_options *o, const char *word) {
    const char **places[] = { &o->model, &o->text, &o->second };
    for (int i = 0; i < c->takes; i++)
        if (!*places[i]) {
            *places[i] = word;
            return;
        }
    cli_die(2, "USAGE", "one argument too many", word);
}

static void parse(const command *c, cli_options *o, int argc, char **argv) {
    int only_words = 0;
    for (int i = 2; i < argc; i++) {
        int is_option = argv[i][0] == '-' && argv[i][1] && !only_words;
        if (is_option && strcmp(argv[i], "--") == 0) {
            only_words = 1;
            continue;
        }
        if (!is_option) {
            take_positional(c, o, argv[i]);
            continue;
        }
        const option *opt = find_option(c, argv[i]);
        const char *value = argv[i] + strlen(opt->name);
        if (opt->kind == FLAG && *value) cli_die(2, "USAGE", "takes no value", opt->name);
        if (opt->kind == FLAG)
            memcpy((char *)o + opt->slot, &(int){ 1 }, sizeof(int));
        else if (*value == '=')
            set(o, opt, value + 1);
        else if (++i < argc)
            set(o, opt, argv[i]);
        else
            cli_die(2, "USAGE", "expected a value", opt->name);
    }
}

static const command *find_command(const char *name) {
    if (!name) cli_die(2, "USAGE", "the command is missing; see jielong --help", NULL);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    if (strcmp(name, "inspect") == 0 || strcmp(name, "lens") == 0)
        cli_die(2, "USAGE", "runs in Node: node web/node/cli.js inspect|lens MODEL TEXT", name);
    cli_die(2, "USAGE", "unknown command; see jielong --help", name);
}

static int is_model_path(const char *word) {
    size_t n = strlen(word);
    if (n > 5 && strcmp(word + n - 5, ".gguf") == 0) return 1;
    FILE *file = fopen(word, "rb");
    if (file) fclose(file);
    return file != NULL;
}

static void print_usage(void) {
    jl_sampling d = jl_sampling_default();
    fputs(usage, stdout);
    printf("defaults of generate: --temperature %g --top-k %d --top-p %g --min-p %g\n"
           "           --repeat-penalty %g --repeat-last %d --frequency-penalty %g\n"
           "           --presence-penalty %g --typical-p %g --temperature-range %g\n"
           "           --temperature-exponent %g --mirostat-tau %g --mirostat-eta %g\n",
           (double)d.temperature, d.top_k, (double)d.top_p, (double)d.min_p,
           (double)d.repeat_penalty, d.repeat_last, (double)d.frequency_penalty,
           (double)d.presence_penalty, (double)d.typical_p, (double)d.temperature_range,
           (double)d.temperature_exponent, (double)d.mirostat_tau, (double)d.mirostat_eta);
    printf("           --dry-multiplier %g --dry-base %g --dry-allowed-length %d --dry-last %d\n"
           "           --xtc-probability %g --xtc-threshold %g\n"
           "           --stages ",
           (double)d.dry_multiplier, (double)d.dry_base, d.dry_allowed, d.dry_last,
           (double)d.xtc_probability, (double)d.xtc_threshold);
    for (int i = 0; i < d.n_stages; i++)
        printf("%s%s", i ? "," : "", jl_stage_name((jl_stage)d.stages[i]));
    puts("");
}

/* "topK,temperature": names as in JavaScript. */
static void set_stages(jl_sampling *g, const char *names) {
    g->n_stages = 0;
    while (*names) {
        size_t n = strcspn(names, ",");
        int stage = 0;
        while (stage < JL_STAGE_COUNT && (strlen(jl_stage_name((jl_stage)stage)) != n ||
                                          memcmp(jl_stage_name((jl_stage)stage), names, n) != 0))
            stage++;
        if (stage == JL_STAGE_COUNT || g->n_stages == JL_STAGE_COUNT)
            cli_die(2, "USAGE", "unknown stage, or too many", "--stages");
        g->stages[g->n_stages++] = (uint8_t)stage;
        names += n + (names[n] == ',');
    }
}

/* generate [PROMPT] without MODEL uses the bundled model. */
static void use_bundled_model(const command *c, cli_options *o) {
    if (strcmp(c->name, "generate") != 0) return;
    if (o->text || (o->model && is_model_path(o->model))) return;
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
    };
    o.generation.sampling = jl_sampling_default();
    o.generation.sampling.seed = (uint64_t)(cli_now() * 1000);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_usage();
            return 0;
        }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) return puts(CLI_VERSION) == EOF;
    const command *c = find_command(argc > 1 ? argv[1] : NULL);
    parse(c, &o, argc, argv);
    use_bundled_model(c, &o);
    o.generation.max_tokens = o.n;
    o.generation.stop = o.stops;
    size_t length;
    if (o.grammar) o.generation.sampling.grammar = cli_read(o.grammar, &length);
    if (o.stages) set_stages(&o.generation.sampling, o.stages);
    if (!o.model) cli_die(2, "USAGE", "needs a file; see jielong --help", c->name);
    int status = c->run(&o);
    if (fflush(stdout) || ferror(stdout))
        cli_die(1, "FILE", "the results cannot be written", "standard output");
    return status;
}
