/* text_stream.h - bytes of drawn tokens → text that is safe to show.
 *
 * Holds back what may still change: the first bytes of an unfinished UTF-8 character, and text that
 * may turn out to be the beginning of a stop string. Never allocates after its start; owns nothing:
 * the buffer is the session's.
 */
#ifndef JL_TEXT_STREAM_H
#define JL_TEXT_STREAM_H

#include "../jielong.h"

typedef struct jl_text_stream {
    char *buffer;  /* [cap] what has not been shown, after what the last push showed */
    size_t cap, n; /* bytes */
    size_t shown;  /* of the buffer's front, by the last push */
    char stops[JL_MAX_STOP][JL_MAX_STOP_BYTES + 1];
    size_t stop_length[JL_MAX_STOP];
    int n_stops;
} jl_text_stream;

/* Bytes of buffer that a vocabulary whose longest token has `longest` bytes needs. */
size_t jl_text_stream_bytes(size_t longest);

/* stops: n strings one after another, each NUL-terminated and not empty. */
jl_status jl_text_stream_begin(jl_text_stream *s, char *buffer, size_t cap, const char *stops,
                               int n, jl_error *error);

/* Adds a token's bytes. *text, *length: what is safe now (borrowed until the next push). Returns
 * nonzero if a stop string is complete: the text then ends before it and nothing follows. */
int jl_text_stream_push(jl_text_stream *s, const char *bytes, size_t n, const char **text,
                        size_t *length);

/* The end: everything still held, appended to what the last push gave. */
void jl_text_stream_flush(jl_text_stream *s, const char **text, size_t *length);

#endif
