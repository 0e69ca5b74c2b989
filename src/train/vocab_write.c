/* vocab_write.c - writes tokenizer keys in the order of llama.cpp's converters. */
#include "vocab_write.h"

#include <stdlib.h>
#include <string.h>

#include "../base/utf8.h"
#include "../format/gguf_write.h"
#include "../text/tokenizer.h"
#include "../text/unicode.h"

/* ---- Byte-level BPE -------------------------------------------------------------------------- */

/* Spells bytes in the printable alphabet, out [2·n]. Returns the length. */
static size_t spell(jl_str bytes, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < bytes.n; i++)
        n += (size_t)jl_bpe_spell_byte((uint8_t)bytes.data[i], out + n);
    return n;
}

/* One or two tokens in the alphabet, separated by a space. */
static void put_spelled(jl_gguf_writer *w, jl_str a, jl_str b, int two) {
    char scratch[2];
    uint64_t length = two ? 1 : 0;
    for (size_t i = 0; i < a.n; i++) length += spell((jl_str){ a.data + i, 1 }, scratch);
    for (size_t i = 0; i < b.n; i++) length += spell((jl_str){ b.data + i, 1 }, scratch);
    char *out = jl_gguf_add_string_of(w, length);
    if (!out) return;
    out += spell(a, out);
    if (two) *out++ = ' ';
    spell(b, out);
}

static void put_merges(jl_gguf_writer *w, const jl_bpe_trainer *t) {
    int n = jl_bpe_trainer_n_merges(t);
    jl_gguf_put_array(w, "tokenizer.ggml.merges", JL_GGUF_STRING, (uint64_t)n);
    for (int i = 0; i < n; i++) {
        int32_t left, right;
        jl_bpe_trainer_merge(t, i, &left, &right);
        put_spelled(w, jl_bpe_trainer_token(t, left), jl_bpe_trainer_token(t, right), 1);
    }
}

uint64_t jl_bpe_vocabulary_write(const jl_bpe_trainer *t, const char *pre, const char *name,
                                 uint8_t *out) {
    jl_gguf_writer w;
    int n = jl_bpe_trainer_n_tokens(t);
    jl_gguf_begin(&w, out, 10, 0);
    jl_gguf_put_string(&w, "general.architecture", jl_string("llama"));
    jl_gguf_put_string(&w, "general.name", jl_string(name));
    jl_gguf_put_string(&w, "tokenizer.ggml.model", jl_string("gpt2"));
    jl_gguf_put_string(&w, "tokenizer.ggml.pre", jl_string(pre));
    jl_gguf_put_array(&w, "tokenizer.ggml.tokens", JL_GGUF_STRING, (uint64_t)n);
    jl_gguf_add_string(&w, jl_bpe_trainer_token(t, JL_BPE_END_OF_TEXT));
    for (int id = 1; id < n; id++) put_spelled(&w, jl_bpe_trainer_token(t, id), (jl_str){ 0 }, 0);
    jl_gguf_put_array(&w, "tokenizer.ggml.token_type", JL_GGUF_I32, (uint64_t)n);
    for (int id = 0; id < n; id++)
        jl_gguf_add_u32(&w, id == JL_BPE_END_OF_TEXT ? JL_TOKEN_CONTROL : JL_TOKEN_NORMAL);
    put_merges(&w, t);
    jl_gguf_put_u32(&w, "tokenizer.ggml.bos_token_id", JL_BPE_END_OF_TEXT);
    jl_gguf_put_u32(&w, "tokenizer.ggml.eos_token_id", JL_BPE_END_OF_TEXT);
    jl_gguf_put_bool(&w, "tokenizer.ggml.add_bos_token", 0);
    return w.n;
}

/* ---- Characters ------------------------------------------------------------------------------ */

void jl_characters_count(jl_str text, uint64_t *counts) {
    const uint8_t *s = (const uint8_t *)text.data;
    for (size_t i = 0; i < text.n;) {
        int length = jl_utf8_length(s + i, text.n - i);
        uint32_t code;
        if (length > 0) {
            jl_utf8_decode(s + i, (size_t)length, &code);
            counts[code]++;
        }
        i += length > 0 ? (size_t)length : 1;
    }
}

static int descending(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? 1 : x > y ? -1 : 0;
}

int jl_characters_choose(uint64_t *counts, int n, uint32_t *codes, uint64_t *rest) {
    int kept = 0, found = 0;
    /* Sort key: count in the high bits, then lower code points first. */
    for (uint32_t code = 0; code < JL_CODES; code++)
        if (counts[code]) counts[found++] = counts[code] << 21 | (0x1fffff - code);
    qsort(counts, (size_t)found, sizeof *counts, descending);
    for (; kept < found && kept < n; kept++)
        codes[kept] = 0x1fffff - (uint32_t)(counts[kept] & 0x1fffff);
    *rest = 0;
    for (int i = kept; i < found; i++) *rest += counts[i] >> 21;
    return kept;
}

static void put_special(jl_gguf_writer *w) {
    static const char *const special[] = { "<unk>", "<s>", "</s>" };
    static const char digits[] = "0123456789ABCDEF";
    for (int i = 0; i < 3; i++) jl_gguf_add_string(w, jl_string(special[i]));
    for (int b = 0; b < 256; b++) {
        char byte[] = { '<', '0', 'x', digits[b >> 4], digits[b & 15], '>' };
        jl_gguf_add_string(w, (jl_str){ byte, sizeof byte });
    }
}

/* SentencePiece writes a space as U+2581. */
static void put_piece(jl_gguf_writer *w, jl_str s) {
    jl_gguf_add_string(w, jl_str_equal(s, " ") ? jl_string("\xe2\x96\x81") : s);
}

static jl_token_kind kind_of(int id) {
    if (id == 0) return JL_TOKEN_UNKNOWN;
    if (id < 3) return JL_TOKEN_CONTROL;
    return id < JL_CHARACTERS_FIRST ? JL_TOKEN_BYTE : JL_TOKEN_NORMAL;
}

static void begin_characters(jl_gguf_writer *w, const char *name, int n, uint8_t *out) {
    jl_gguf_begin(w, out, 12, 0);
    jl_gguf_put_string(w, "general.architecture", jl_string("llama"));
    jl_gguf_put_string(w, "general.name", jl_string(name));
    jl_gguf_put_string(w, "tokenizer.ggml.model", jl_string("llama"));
    jl_gguf_put_array(w, "tokenizer.ggml.tokens", JL_GGUF_STRING, (uint64_t)n);
    put_special(w);
}

/* After the tokens. Scores: merges before characters, in the order of training (the first merge
 * is the best); a character's score is never compared. */
static void end_characters(jl_gguf_writer *w, int n, int n_characters) {
    int merges = n - JL_CHARACTERS_FIRST - n_characters, end = JL_CHARACTERS_FIRST + n_characters;
    jl_gguf_put_array(w, "tokenizer.ggml.scores", JL_GGUF_F32, (uint64_t)n);
    for (int id = 0; id < n; id++) {
        int after = id < end ? merges + id - JL_CHARACTERS_FIRST : id - end;
        jl_gguf_add_f32(w, id < JL_CHARACTERS_FIRST ? 0 : (float)-after);
    }
    jl_gguf_put_array(w, "tokenizer.ggml.token_type", JL_GGUF_I32, (uint64_t)n);
    for (int id = 0; id < n; id++) jl_gguf_add_u32(w, kind_of(id));
    jl_gguf_put_u32(w, "tokenizer.ggml.unknown_token_id", 0);
    jl_gguf_put_u32(w, "tokenizer.ggml.bos_token_id", 1);
    jl_gguf_put_u32(w, "tokenizer.ggml.eos_token_id", 2);
    jl_gguf_put_bool(w, "tokenizer.ggml.add_bos_token", 0);
    jl_gguf_put_bool(w, "tokenizer.ggml.add_eos_token", 0);
    jl_gguf_put_bool(w, "tokenizer.ggml.add_space_prefix", 0);
}

uint64_t jl_characters_write(const uint32_t *codes, int n, const char *name, uint8_t *out) {
    jl_gguf_writer w;
    begin_characters(&w, name, JL_CHARACTERS_FIRST + n, out);
    for (int i = 0; i < n; i++) {
        uint8_t utf8[4];
        size_t length = jl_utf8_encode(codes[i], utf8);
        put_piece(&w, (jl_str){ (const char *)utf8, length });
    }
    end_characters(&w, JL_CHARACTERS_FIRST + n, n);
    return w.n;
}

uint64_t jl_character_merges_write(const jl_bpe_trainer *t, const char *name, uint8_t *out) {
    jl_gguf_writer w;
    int n = jl_bpe_trainer_n_tokens(t), n_characters = jl_bpe_trainer_n_characters(t);
    begin_characters(&w, name, n, out);
    for (int id = JL_CHARACTERS_FIRST; id < n; id++) put_piece(&w, jl_bpe_trainer_token(t, id));
    end_characters(&w, n, n_characters);
    return w.n;
}
