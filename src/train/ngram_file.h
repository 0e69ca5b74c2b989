/* ngram_file.h - a smaller n-gram model, and its file.
 *
 * What is kept are the n-grams whose loss would cost the text most: times seen × log(p / what the
 * shorter context would give) (weighted difference, Seymore and Rosenfeld 1996), and what they are
 * reached by. A file is GGUF with the architecture `jielong-ngram`; all of it is metadata:
 *
 *   jielong-ngram.order, .vocab_size   U32
 *   jielong-ngram.uniform              F32, weight of the uniform distribution
 *   jielong-ngram.K.tokens             U16[n], K = 1..order: last tokens, n-grams in sorted order
 *   jielong-ngram.K.bits               U8[n]: −8 log2 p, rounded
 *   jielong-ngram.K.children           U16[n], K < order: how many follow in K + 1
 *   tokenizer.*                        the vocabulary
 *
 * Weights of shorter contexts are worked out at load, so that every distribution sums to one.
 */
#ifndef JL_NGRAM_FILE_H
#define JL_NGRAM_FILE_H

#include "../format/gguf.h"
#include "ngram.h"

/* At most `max` n-grams of two tokens and more; those of one all stay. m came from training. NULL
 * with *error filled on failure. */
jl_ngram *jl_ngram_prune(const jl_ngram *m, size_t max, jl_error *error);

/* Writes the file to out, or only counts where out is NULL; returns its length. n_vocab is at most
 * 65,536. */
uint64_t jl_ngram_write(const jl_ngram *m, const jl_gguf *vocabulary, const char *name,
                        uint8_t *out);

/* Copies what they need. NULL with *error filled on failure. */
jl_ngram *jl_ngram_read(const jl_gguf *g, jl_error *error);

#endif
