/* text_stream.c - the hold-back buffer between tokens and shown text.
 *
 * Place in the flow: sample → token bytes → here → the host's callback. Stop strings match only
 * generated text, across token boundaries. Invariant: after a push the held text is shorter than
 * the longest stop string plus one character; this bounds the buffer.
 */
#include "text_stream.h"

#include <string.h>

#include "../base/status.h"

size_t jl_text_stream_bytes(size_t longest) {
    return longest + JL_MAX_STOP_BYTES + 4;
}

jl_status jl_text_stream_begin(jl_text_stream *s, char *buffer, size_t cap, const char *stops,
                               int n, jl_error *error) {
    if (n < 0 || n > JL_MAX_STOP)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("stop"),
                       "at most %d stop strings, found %d", JL_MAX_STOP, n);
    if (n > 0 && !stops)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("stop"),
                       "expected %d stop strings, found none", n);
    *s = (jl_text_stream){ .buffer = buffer, .cap = cap, .n_stops = n };
    for (int i = 0; i < n; i++) {
        size_t length = strlen(stops);
        if (length == 0 || length > JL_MAX_STOP_BYTES)
            return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("stop"),
                           "a stop string has 1 to %d bytes, number %d has %u", JL_MAX_STOP_BYTES,
                           i + 1, (uint64_t)length);
        memcpy(s->stops[i], stops, length + 1);
        s->stop_length[i] = length;
        stops += length + 1;
    }
    return JL_OK;
}

/* Start of the earliest complete stop string, or s->n. */
static size_t find_stop(const jl_text_stream *s) {
    for (size_t at = 0; at < s->n; at++)
        for (int i = 0; i < s->n_stops; i++)
            if (s->stop_length[i] <= s->n - at &&
                memcmp(s->buffer + at, s->stops[i], s->stop_length[i]) == 0)
                return at;
    return s->n;
}

/* Start of the longest tail that is a prefix of a stop string, or s->n. */
static size_t find_possible_stop(const jl_text_stream *s) {
    size_t first = s->n > JL_MAX_STOP_BYTES ? s->n - JL_MAX_STOP_BYTES : 0;
    for (size_t at = first; at < s->n; at++)
        for (int i = 0; i < s->n_stops; i++)
            if (s->stop_length[i] > s->n - at &&
                memcmp(s->buffer + at, s->stops[i], s->n - at) == 0)
                return at;
    return s->n;
}

/* Start of an incomplete UTF-8 character at the end of n bytes, or n (RFC 3629 §3). */
static size_t find_unfinished(const char *bytes, size_t n) {
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        unsigned char c = (unsigned char)bytes[n - back];
        if ((c & 0xc0) == 0x80) continue;
        size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        return length > back && c < 0xf8 ? n - back : n;
    }
    return n;
}

int jl_text_stream_push(jl_text_stream *s, const char *bytes, size_t n, const char **text,
                        size_t *length) {
    memmove(s->buffer, s->buffer + s->shown, s->n - s->shown);
    s->n -= s->shown;
    if (n > s->cap - s->n) n = s->cap - s->n; /* unreachable by the invariant */
    memcpy(s->buffer + s->n, bytes, n);
    s->n += n;
    size_t stop = find_stop(s);
    int stopped = stop < s->n;
    if (stopped) s->n = stop;
    s->shown = stopped ? stop : find_unfinished(s->buffer, find_possible_stop(s));
    *text = s->buffer;
    *length = s->shown;
    return stopped;
}

void jl_text_stream_flush(jl_text_stream *s, const char **text, size_t *length) {
    s->shown = s->n;
    *text = s->buffer;
    *length = s->n;
}
