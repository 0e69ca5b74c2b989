/* text_stream.h - bytes of drawn tokens → text that is safe to show.
 *
 * Holds back an incomplete UTF-8 character, and text that may be the beginning of a stop string.
 * Allocates nothing; the session owns the buffer.
 */
#ifndef JL_TEXT_STREAM_H
#define JL_TEXT_STREAM_H

#include "../jielong.h"

typedef struct jl_text_stream {
    char *buffer;  /* [cap] text of the last push, then held text */
    size_t cap, n; /* bytes */
    size_t shown;  /* bytes returned by the last push */
    char stops[JL_MAX_STOP][JL_MAX_STOP_BYTES + 1];
    size_t stop_length[JL_MAX_STOP];
    int n_stops;
} jl_text_stream;

/* Size of the buffer, for a longest token of `longest` bytes. */
size_t jl_text_stream_bytes(size_t longest);

/* stops: n concatenated strings, each NUL-terminated and not empty. */
jl_status jl_text_stream_begin(jl_text_stream *s, char *buffer, size_t cap, const char *stops,
                               int n, jl_error *error);

/* Adds a token's bytes. *text, *length: the safe text (borrowed until the next push). Returns
 * nonzero if a stop string is complete: the text ends before it. */
int jl_text_stream_push(jl_text_stream *s, const char *bytes, size_t n, const char **text,
                        size_t *length);

/* At the end: the text of the last push and all held text. */
void jl_text_stream_flush(jl_text_stream *s, const char **text, size_t *length);

#endif
