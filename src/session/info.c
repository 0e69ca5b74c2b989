/* info.c - the description of a model as JSON.
 *
 * Keys follow the JavaScript API (model.info). Metadata is untrusted: all strings are escaped;
 * invalid UTF-8 is passed through, and the host's decoder handles it.
 */
#include <string.h>

#include "../compute/kernels.h"
#include "../jielong_host.h"
#include "../jielong_inside.h"
#include "../model/model.h"

typedef struct writer {
    char *out;
    size_t cap, n;
    int begun; /* the object has a member */
} writer;

static void put(writer *w, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++, w->n++)
        if (w->n < w->cap) w->out[w->n] = s[i];
}

static void put_text(writer *w, const char *s) {
    put(w, s, strlen(s));
}

/* A JSON string (RFC 8259 §7); NULL becomes null. */
static void put_string(writer *w, const char *s) {
    static const char hex[] = "0123456789abcdef";
    if (!s) {
        put_text(w, "null");
        return;
    }
    put(w, "\"", 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
        if (c < 0x20 || c == 0x7f)
            put(w, escape, 6);
        else if (c == '"' || c == '\\')
            put(w, (char[2]){ '\\', (char)c }, 2);
        else
            put(w, s, 1);
    }
    put(w, "\"", 1);
}

/* The text of a token, null for none. Tokens contain no NUL. */
static void put_token(writer *w, const jl_tokenizer *t, int32_t id) {
    jl_str s = id < 0 ? (jl_str){ 0 } : jl_tokenizer_bytes(t, id);
    char text[64];
    int fits = s.n > 0 && s.n < sizeof text;
    if (fits) memcpy(text, s.data, s.n), text[s.n] = 0;
    put_string(w, fits ? text : NULL);
}

static void put_key(writer *w, const char *key) {
    put_text(w, w->begun ? ",\"" : "\"");
    w->begun = 1;
    put_text(w, key);
    put_text(w, "\":");
}

static void put_number(writer *w, const char *key, uint64_t value) {
    char digits[24];
    put_key(w, key);
    put(w, digits, jl_format(digits, sizeof digits, "%u", value));
}

static void put_field(writer *w, const char *key, const char *value) {
    put_key(w, key);
    put_string(w, value);
}

/* The indices of the blocks of a kind. */
static void put_layers(writer *w, const char *key, const jl_model *m,
                       int (*is)(const jl_block *b)) {
    put_key(w, key);
    put_text(w, "[");
    for (int i = 0, begun = 0; m->w.blocks && i < m->h.n_layers; i++) {
        char number[16];
        if (!is(&m->w.blocks[i])) continue;
        put(w, number, jl_format(number, sizeof number, begun++ ? ",%d" : "%d", i));
    }
    put_text(w, "]");
}

static void put_shape(writer *w, const jl_model *m) {
    const jl_hparams *h = &m->h;
    put_number(w, "parameters", m->n_parameters);
    put_field(w, "fileType", m->arch ? jl_type_get((uint32_t)m->main_type)->name : NULL);
    put_number(w, "vocabularySize", (uint64_t)jl_model_n_vocab(m));
    put_number(w, "contextLength", (uint64_t)h->n_ctx);
    put_number(w, "layers", (uint64_t)h->n_layers);
    int has_heads = h->n_attention > 0;
    put_number(w, "heads", (uint64_t)(has_heads ? h->n_heads : 0));
    put_number(w, "kvHeads", (uint64_t)(has_heads ? h->n_kv_heads : 0));
    put_number(w, "headLength", (uint64_t)(has_heads ? h->head_dim : 0));
    put_number(w, "embeddingLength", (uint64_t)h->n_embd);
    put_number(w, "feedForwardLength", (uint64_t)h->n_ff);
    put_number(w, "experts", (uint64_t)h->n_experts);
    put_number(w, "expertsUsed", (uint64_t)h->n_experts_used);
    put_key(w, "encoder");
    put_text(w, h->encoder ? "true" : "false");
    put_layers(w, "attentionLayers", m, jl_has_attention);
    put_layers(w, "recurrentLayers", m, jl_is_recurrent);
}

#ifdef JL_ALL
/* "reranker": how a query and a text become one input. */
static void put_reranker(writer *w, const jl_model *m) {
    static const char *const places[] = { "\"before\":[", "],\"between\":[", "],\"after\":[" };
    put_key(w, "reranker");
    put_text(w, "{");
    for (int place = 0; place < 3; place++) {
        int32_t ids[2];
        int n = m->tokenizer ? jl_tokenizer_pair_ids(m->tokenizer, place, ids) : 0;
        put_text(w, places[place]);
        for (int i = 0; i < n; i++) {
            char number[16];
            put(w, number, jl_format(number, sizeof number, i ? ",%d" : "%d", ids[i]));
        }
    }
    put_text(w, "],\"template\":");
    put_string(w, m->strings[JL_STRING_RERANK]);
    put_text(w, "}");
}
#endif

static void put_members(writer *w, const jl_model *m, jl_site site, const jl_site_info *info) {
    static const char *const dims[] = { "[\"token\",\"feature\"]",
                                        "[\"token\",\"head\",\"feature\"]",
                                        "[\"head\",\"query\",\"key\"]" };
    put_field(w, "name", info->name);
    put_field(w, "short", info->alias);
    put_number(w, "site", (uint64_t)site);
    put_key(w, "dims");
    put_text(w, dims[info->axes]);
    put_number(w, "heads", (uint64_t)(info->axes == JL_AXES_TOKEN ? 0 : info->heads));
    put_number(w, "size", (uint64_t)info->width);
    put_key(w, "editable");
    put_text(w, info->read_only ? "false" : "true");
    put_key(w, "layers");
    if (!info->per_block) {
        put_text(w, "null");
        return;
    }
    jl_site_info unused;
    put_text(w, "[");
    for (int i = 0, begun = 0; i < m->h.n_layers; i++) {
        char number[16];
        if (!jl_model_site(m, site, i, &unused)) continue;
        put(w, number, jl_format(number, sizeof number, begun++ ? ",%d" : "%d", i));
    }
    put_text(w, "]");
}

/* The sites that this model has, at least in one block. */
static void put_sites(writer *w, const jl_model *m) {
    int begun = 0;
    put_key(w, "sites");
    put_text(w, "[");
    for (jl_site site = 0; site < JL_SITE_COUNT; site++) {
        jl_site_info info;
        int layer = 0, found = 0;
        for (; layer < m->h.n_layers && !found; layer++)
            found = m->w.blocks && jl_model_site(m, site, layer, &info);
        if (!found) continue;
        put_text(w, begun++ ? ",{" : "{");
        w->begun = 0;
        put_members(w, m, site, &info);
        put_text(w, "}");
    }
    put_text(w, "]");
    w->begun = 1;
}

/* A float as a decimal with at most six places, so that 0.8f is 0.8; values are 0 to 4294. */
static void put_decimal(writer *w, const char *key, float value) {
    char digits[24];
    uint64_t millionths = (uint64_t)((double)value * 1e6 + 0.5);
    /* A leading 1 keeps the zeros of the places. */
    size_t n = jl_format(digits, sizeof digits, "%u", 1000000 + millionths % 1000000);
    digits[0] = '.';
    while (n && digits[n - 1] == '0') n--;
    put_number(w, key, millionths / 1000000);
    if (n > 1) put(w, digits, n);
}

static void put_sampling(writer *w) {
    jl_sampling d = jl_sampling_default();
    put_key(w, "sampling");
    put_text(w, "{");
    w->begun = 0;
    const struct {
        const char *key;
        float value;
    } settings[] = { { "temperature", d.temperature },
                     { "topK", (float)d.top_k },
                     { "topP", d.top_p },
                     { "minP", d.min_p },
                     { "repeatPenalty", d.repeat_penalty },
                     { "repeatLast", (float)d.repeat_last },
                     { "frequencyPenalty", d.frequency_penalty },
                     { "presencePenalty", d.presence_penalty },
                     { "dryMultiplier", d.dry_multiplier },
                     { "dryBase", d.dry_base },
                     { "dryAllowedLength", (float)d.dry_allowed },
                     { "dryLast", (float)d.dry_last },
                     { "temperatureRange", d.temperature_range },
                     { "temperatureExponent", d.temperature_exponent },
                     { "typicalP", d.typical_p },
                     { "xtcProbability", d.xtc_probability },
                     { "xtcThreshold", d.xtc_threshold },
                     { "mirostatTau", d.mirostat_tau },
                     { "mirostatEta", d.mirostat_eta } };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        put_decimal(w, settings[i].key, settings[i].value);
    put_key(w, "dryBreakers");
    const char *breaker = d.dry_breakers;
    for (int i = 0; i < d.n_breakers; i++, breaker += strlen(breaker) + 1) {
        put_text(w, i ? "," : "[");
        put_string(w, breaker);
    }
    put_text(w, "]");
    put_key(w, "stages");
    for (int i = 0; i < d.n_stages; i++) {
        put_text(w, i ? "," : "[");
        put_string(w, jl_stage_name((jl_stage)d.stages[i]));
    }
    put_text(w, "]");
    put_text(w, "}");
}

static void put_memory(writer *w, const jl_model *m) {
    uint64_t tokenizer = m->tokenizer ? jl_tokenizer_memory(m->tokenizer) : 0;
    jl_session_options none = { .n_ctx = 1 }, more = { .n_ctx = 1 + JL_KV_TILE };
    uint64_t one = jl_session_bytes(m, &none), two = jl_session_bytes(m, &more);
    put_key(w, "memory");
    put_text(w, "{");
    w->begun = 0;
    put_number(w, "weights", m->memory_bytes);
    put_number(w, "tokenizer", tokenizer);
    put_number(w, "perContextToken", (two - one) / JL_KV_TILE);
    put_number(w, "scratch", one);
    put_text(w, "}");
}

size_t jl_model_info(const jl_model *m, char *json, size_t cap) {
    writer w = { json, cap, 0, 0 };
    const jl_tokenizer *t = m->tokenizer;
    put_text(&w, "{");
    put_field(&w, "architecture", m->strings[JL_STRING_ARCHITECTURE]);
    put_field(&w, "name", m->strings[JL_STRING_NAME]);
    put_field(&w, "license", m->strings[JL_STRING_LICENSE]);
    put_shape(&w, m);
    put_field(&w, "tokenizer", t ? jl_tokenizer_model(t) : NULL);
    put_field(&w, "preTokenizer", t ? jl_tokenizer_pre(t) : NULL);
    put_field(&w, "warning", t && *jl_tokenizer_warning(t) ? jl_tokenizer_warning(t) : NULL);
    put_key(&w, "bosToken");
    put_token(&w, t, t ? jl_tokenizer_bos(t) : -1);
    put_key(&w, "eosToken");
    put_token(&w, t, t ? jl_tokenizer_eos(t) : -1);
    static const char *const poolings[] = { NULL, "mean", "cls", "last", NULL };
    put_field(&w, "pooling", poolings[m->h.pooling]);
    put_field(&w, "chatTemplate", m->strings[JL_STRING_TEMPLATE]);
#ifdef JL_ALL
    if (m->w.cls.w.rows || m->w.cls_out.w.rows) put_reranker(&w, m);
#endif
    put_memory(&w, m);
    put_sites(&w, m);
    put_sampling(&w);
    put_field(&w, "kernels", jl_model_kernels(m));
    put_field(&w, "precision", jl_model_precision(m));
    put_number(&w, "threads", 1);
    put_text(&w, "}");
    if (w.n < cap) json[w.n] = 0;
    return w.n;
}
