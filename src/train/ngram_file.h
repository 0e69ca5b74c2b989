/* ngram_file.h - prunes an n-gram model; reads and writes its file.
 *
 * Pruning keeps the n-grams with the highest weighted difference (Seymore and Rosenfeld 1996),
 * count × log(p / p by back-off), and their prefixes. A file is GGUF with the architecture
 * `jielong-ngram` and metadata only:
 *
 *   jielong-ngram.order, .vocab_size   U32
 *   jielong-ngram.uniform              F32, weight of the uniform distribution
 *   jielong-ngram.K.tokens             U16[n], K = 1..order: last tokens, n-grams in sorted order
 *   jielong-ngram.K.bits               U8[n]: −8 log2 p, rounded
 *   jielong-ngram.K.children           U16[n], K < order: number of children in K + 1
 *   tokenizer.*                        the vocabulary
 *
 * Loading computes the back-off weights, so every distribution sums to one.
 */
#ifndef JL_NGRAM_FILE_H
#define JL_NGRAM_FILE_H

#include "../format/gguf.h"
#include "ngram.h"

/* Keeps all unigrams and at most `max` longer n-grams. m must be trained, not loaded. NULL with
 * *error filled on failure. */
jl_ngram *jl_ngram_prune(const jl_ngram *m, size_t max, jl_error *error);

/* Writes the file to out (NULL: only counts); returns its length. n_vocab ≤ 65,536. */
uint64_t jl_ngram_write(const jl_ngram *m, const jl_gguf *vocabulary, const char *name,
                        uint8_t *out);

/* Both copy the data. NULL with *error filled on failure. */
jl_ngram *jl_ngram_read(const jl_gguf *g, jl_error *error);

#endif
