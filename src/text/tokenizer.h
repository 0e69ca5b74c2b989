/* tokenizer.h - text ↔ token ids, for every tokenizer family of GGUF.
 *
 * Built once from a copy of the file's metadata; then immutable and shared. Encoding first extracts
 * special tokens (if requested), then applies the family's rules to the text between them.
 * Byte-level BPE pre-tokenises, then merges the pair of lowest rank until none is left (Sennrich et
 * al. 2016; byte-level: Radford et al. 2019).
 */
#ifndef JL_TOKENIZER_H
#define JL_TOKENIZER_H

#include "../format/gguf.h"
#include "../jielong_inside.h"
#include "vocab.h"

typedef struct jl_tokenizer jl_tokenizer;

/* NULL with *error filled on failure. NULL and no error: the file has no tokenizer ("none" or no
 * key). */
jl_tokenizer *jl_tokenizer_new(const jl_gguf *g, jl_error *error);
void jl_tokenizer_free(jl_tokenizer *t);

/* flags: JL_TOKENIZE_*. Writes at most cap ids; returns the total number or a negative status. */
int jl_tokenizer_encode(const jl_tokenizer *t, const char *text, size_t n, int flags, int32_t *ids,
                        int cap, jl_error *error);

/* The same with quotes, as jl_tokenize_quoted(). */
int jl_tokenizer_encode_quoted(const jl_tokenizer *t, const char *text, size_t n, int flags,
                               const jl_quote *quotes, size_t n_quotes, int32_t *ids, int cap,
                               jl_error *error);

/* The same in steps; see jl_encoding_new(). */
jl_encoding *jl_tokenizer_begin(const jl_tokenizer *t, const char *text, size_t n, int flags,
                                const jl_quote *quotes, size_t n_quotes, jl_error *error);

/* The same with a record of its events; see jl_trace_new(). */
jl_trace *jl_tokenizer_trace(const jl_tokenizer *t, const char *text, size_t n, int flags,
                             jl_error *error);

int jl_tokenizer_n_vocab(const jl_tokenizer *t);
/* The token's bytes in text (byte-level alphabet decoded); special tokens literally. */
jl_str jl_tokenizer_bytes(const jl_tokenizer *t, int32_t id);
jl_token_kind jl_tokenizer_kind(const jl_tokenizer *t, int32_t id);

/* Special ids, -1: none. is_end: eos, eot and other tokens that end a generation. */
int32_t jl_tokenizer_bos(const jl_tokenizer *t);
int32_t jl_tokenizer_eos(const jl_tokenizer *t);
int jl_tokenizer_is_end(const jl_tokenizer *t, int32_t id);
/* The special ids before (place 0), between (1) and after (2) two texts that a reranker reads as
 * one; their number. As in llama.cpp's server (format_prompt_rerank). Only under JL_ALL. */
int jl_tokenizer_pair_ids(const jl_tokenizer *t, int place, int32_t ids[2]);

/* Whether encoding prepends a space, which the first token's text then includes. */
int jl_tokenizer_space_prefix(const jl_tokenizer *t);

/* Display names: "gpt2", "smollm". warning: "" or a sentence (unknown pre-tokeniser). */
const char *jl_tokenizer_model(const jl_tokenizer *t);
const char *jl_tokenizer_pre(const jl_tokenizer *t);
const char *jl_tokenizer_warning(const jl_tokenizer *t);
size_t jl_tokenizer_memory(const jl_tokenizer *t); /* bytes */

#endif
