/* tokenizer.h - text ↔ token ids, for every family of tokenizer that GGUF stores.
 *
 * Built once from a file's metadata, of which it copies what it needs; immutable afterwards and
 * shared. encode() first cuts out special tokens (when asked), then the family's own rules run on
 * what lies between: byte-level BPE splits by a pre-tokeniser (a class table and a small state
 * machine), then joins the pair of lowest rank until none is left (Sennrich et al. 2016;
 * byte-level: Radford et al. 2019).
 */
#ifndef JL_TOKENIZER_H
#define JL_TOKENIZER_H

#include "../format/gguf.h"
#include "../jielong.h"
#include "vocab.h"

typedef struct jl_tokenizer jl_tokenizer;

/* NULL with *error filled on failure. NULL and no error: the file has no tokenizer ("none" or no
 * key). */
jl_tokenizer *jl_tokenizer_new(const jl_gguf *g, jl_error *error);
void jl_tokenizer_free(jl_tokenizer *t);

/* flags: JL_TOKENIZE_*. Writes at most cap ids; returns how many there are, or a negative status.
 * */
int jl_tokenizer_encode(const jl_tokenizer *t, const char *text, size_t n, int flags, int32_t *ids,
                        int cap, jl_error *error);

/* The same with quotes, as jl_tokenize_quoted(). */
int jl_tokenizer_encode_quoted(const jl_tokenizer *t, const char *text, size_t n, int flags,
                               const jl_quote *quotes, size_t n_quotes, int32_t *ids, int cap,
                               jl_error *error);

/* The same in steps: see jl_encoding_new(), which calls it. */
jl_encoding *jl_tokenizer_begin(const jl_tokenizer *t, const char *text, size_t n, int flags,
                                const jl_quote *quotes, size_t n_quotes, jl_error *error);

int jl_tokenizer_n_vocab(const jl_tokenizer *t);
/* The token's bytes as they appear in text (byte-level alphabet undone); special tokens as written.
 * */
jl_str jl_tokenizer_bytes(const jl_tokenizer *t, int32_t id);
jl_token_kind jl_tokenizer_kind(const jl_tokenizer *t, int32_t id);

/* Special ids, -1 where the file names none. is_end: eos, eot and the like. */
int32_t jl_tokenizer_bos(const jl_tokenizer *t);
int32_t jl_tokenizer_eos(const jl_tokenizer *t);
int jl_tokenizer_is_end(const jl_tokenizer *t, int32_t id);

/* Whether encoding puts a blank before a text; a text's first token then brings it back. */
int jl_tokenizer_space_prefix(const jl_tokenizer *t);

/* Names for people: "gpt2" and "smollm". warning: "" or a sentence (an unknown pre-tokeniser). */
const char *jl_tokenizer_model(const jl_tokenizer *t);
const char *jl_tokenizer_pre(const jl_tokenizer *t);
const char *jl_tokenizer_warning(const jl_tokenizer *t);
size_t jl_tokenizer_memory(const jl_tokenizer *t); /* bytes it holds */

#endif
