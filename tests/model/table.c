/* table.c - model/: the table of architectures in src/README.md says what model/arch.c says.
 *
 * Run in the repository's root. Called with an argument, it prints the rows.
 */
#include <stdio.h>
#include <string.h>

#include "../../src/model/arch.h"
#include "../helpers/check.h"

static void add(char *out, size_t cap, const char *text) {
    size_t n = strlen(out);
    snprintf(out + n, cap - n, "%s%s", n && out[n - 1] != ' ' && *text != '|' ? ", " : "", text);
}

/* A row of the table without cell padding. */
static void describe(const jl_arch *a, char *out, size_t cap) {
    char further[400] = "", number[64];
    int gated = (a->required >> JL_FFN_GATE & 1) != 0;
    int halves = a->rope == JL_ROPE_HALVES, biases = (a->required >> JL_ATTN_Q_B & 1) != 0;
    int attends = (a->required & jl_attention_set) != 0, has_ffn = a->required >> JL_FFN_UP & 1;
    const char *unrotated = !attends                              ? "none"
                            : a->required >> JL_POSITION_EMBD & 1 ? "learned"
                            : a->optional >> JL_POSITION_EMBD & 1 ? "learned or ALiBi"
                                                                  : "ALiBi";
    const char *positions = halves                          ? "RoPE, half"
                            : a->rope == JL_ROPE_NEIGHBOURS ? "RoPE, adjacent"
                                                            : unrotated;
    static const char *const plain[] = { "SiLU", "GELU", "GELU", "ReLU²" };
    static const char *const with_gate[] = { "SwiGLU", "GeGLU", "GeGLU", "gated ReLU²" };
    const char *hidden = has_ffn ? (gated ? with_gate : plain)[a->activation] : "none";
    if (a->rules & JL_ENCODER) add(further, sizeof further, "encoder");
    if (a->rules & JL_PARALLEL) add(further, sizeof further, "parallel residual");
    if (a->rules & JL_PARALLEL_KEY) add(further, sizeof further, "parallel or sequential residual");
    if (biases) add(further, sizeof further, "biases");
    if (a->required >> JL_HEAD_Q_NORM & 1)
        add(further, sizeof further,
            a->rules & JL_NORM_AFTER_ROPE ? "QK norm per head after RoPE" : "QK norm per head");
    if (a->required >> JL_WHOLE_Q_NORM & 1) add(further, sizeof further, "QK norm over all heads");
    if (a->required >> JL_ATTN_POST_NORM & 1) add(further, sizeof further, "output norms");
    if (a->required >> JL_ATTN_SUM_NORM & 1) add(further, sizeof further, "post-norm");
    if (a->rules & JL_ROPE_IN_WINDOWS)
        add(further, sizeof further, "sliding window (RoPE only there)");
    else if (a->window_step > 0)
        add(further, sizeof further,
            a->rules & JL_WINDOW_BOTH ? "sliding window in both directions" : "sliding window");
    if (a->score_cap > 0) add(further, sizeof further, "logit soft-capping");
    if (a->local_base > 0) add(further, sizeof further, "two RoPE bases");
    if (a->rope_skip) {
        snprintf(number, sizeof number, "no RoPE in every %dth block", a->rope_skip);
        add(further, sizeof further, number);
    }
    if (a->optional >> JL_ROPE_LONG & 1) add(further, sizeof further, "LongRoPE factors");
    if (a->rules & JL_DIVIDE_LOGITS) add(further, sizeof further, "multipliers");
    if (a->rules & JL_HAS_EXPERTS) add(further, sizeof further, "MoE");
    if (a->required & jl_shared_set) add(further, sizeof further, "shared expert");
    if (a->rules & JL_ALTERNATE)
        add(further, sizeof further, "MoE in every n-th block if the file has experts");
    else if (a->rules & JL_MAY_HAVE_EXPERTS)
        add(further, sizeof further, "MoE if the file has experts");
    static const char *const mixers[] = {
        NULL,      "short convolutions",      "gated delta nets", "Mamba",
        "Mamba 2", "Mamba 2 beside attention"
    };
    if (a->mixer) add(further, sizeof further, mixers[a->mixer]);
    if (a->required >> JL_ATTN_Q_GATE & 1) add(further, sizeof further, "gated heads");
    snprintf(out, cap, "| `%s` | %s | %s | %s | %s%s|", a->name,
             a->norm == JL_LAYER_NORM ? "LayerNorm" : "RMSNorm", positions, hidden, further,
             *further ? " " : "");
}

/* Collapses runs of spaces. */
static void squeeze(char *text) {
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ' ' || to == text || to[-1] != ' ') *to++ = *from;
    *to = 0;
}

static void test_readme_table(void) {
    static char text[1 << 18];
    FILE *file = fopen("src/README.md", "rb");
    if (!file) SKIP("src/README.md is not in the working directory");
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    squeeze(text);
    for (int i = 0; jl_arch_at(i); i++) {
        char row[600];
        describe(jl_arch_at(i), row, sizeof row);
        CHECK(strstr(text, row) != NULL, "src/README.md needs the row %s", row);
    }
}

int main(int argc, char **argv) {
    (void)argv;
    char row[600];
    for (int i = 0; argc > 1 && jl_arch_at(i); i++)
        describe(jl_arch_at(i), row, sizeof row), puts(row);
    if (argc > 1) return 0;
    RUN(test_readme_table);
    return check_report("model/table");
}
