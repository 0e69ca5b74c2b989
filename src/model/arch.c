/* arch.c - the table of architectures.
 *
 * Place in the flow: metadata → [a row] → shape-checked weights → forward pass. Names of tensors
 * are those of the GGUF specification ("Standardized tensor names"). A row says only what differs.
 */
#include "arch.h"

#include <string.h>

#define GLOBAL(field) offsetof(jl_weights, field)
#define BLOCK(field)  offsetof(jl_layer, field)

static const jl_weight_spec llama_globals[] = {
    { "token_embd.weight", GLOBAL(token_embd), JL_DIM_VOCAB, JL_DIM_EMBD, 0 },
    { "output_norm.weight", GLOBAL(output_norm), JL_DIM_ONE, JL_DIM_EMBD, 0 },
    { "output.weight", GLOBAL(output), JL_DIM_VOCAB, JL_DIM_EMBD, 1 },
    { "rope_freqs.weight", GLOBAL(rope_factors), JL_DIM_ONE, JL_DIM_PAIRS, 1 },
    { 0 },
};

static const jl_weight_spec llama_blocks[] = {
    { "attn_norm.weight", BLOCK(attn_norm), JL_DIM_ONE, JL_DIM_EMBD, 0 },
    { "attn_q.weight", BLOCK(wq), JL_DIM_Q, JL_DIM_EMBD, 0 },
    { "attn_k.weight", BLOCK(wk), JL_DIM_KV, JL_DIM_EMBD, 0 },
    { "attn_v.weight", BLOCK(wv), JL_DIM_KV, JL_DIM_EMBD, 0 },
    { "attn_output.weight", BLOCK(wo), JL_DIM_EMBD, JL_DIM_Q, 0 },
    { "ffn_norm.weight", BLOCK(ffn_norm), JL_DIM_ONE, JL_DIM_EMBD, 0 },
    { "ffn_gate.weight", BLOCK(w_gate), JL_DIM_FF, JL_DIM_EMBD, 0 },
    { "ffn_up.weight", BLOCK(w_up), JL_DIM_FF, JL_DIM_EMBD, 0 },
    { "ffn_down.weight", BLOCK(w_down), JL_DIM_EMBD, JL_DIM_FF, 0 },
    { 0 },
};

static const jl_arch table[] = {
    /* RMSNorm, grouped-query attention, RoPE, SwiGLU (Touvron et al. 2023); SmolLM, Mistral, … */
    { "llama", JL_ROPE_NEIGHBOURS, llama_globals, llama_blocks },
};

enum { ROWS = sizeof table / sizeof table[0] };

const jl_arch *jl_arch_at(int i) {
    return i >= 0 && i < ROWS ? &table[i] : NULL;
}

const jl_arch *jl_arch_find(const char *name, size_t n) {
    for (int i = 0; i < ROWS; i++)
        if (strlen(table[i].name) == n && memcmp(table[i].name, name, n) == 0) return &table[i];
    return NULL;
}
