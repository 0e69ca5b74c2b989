/* sites.h - the places of a pass where values are edited and read (jielong_inside.h).
 *
 * One row in the table of sites.c and one jl_at() call per place. A pass with nothing requested
 * tests one bit there. A call sees the rows of its pass; edits apply first, in their order, then
 * taps copy. What a call sees is computed again for every call, except the residual stream, where
 * each row passes each place once.
 */
#ifndef JL_SITES_H
#define JL_SITES_H

#include "pass.h"

/* Edits and reads the values of a site: rows × heads·width of the pass's tokens, in x. */
void jl_visit(const jl_pass *p, jl_site site, int block, float *x);

static inline int jl_watched(const jl_pass *p, jl_site site) {
    return (int)(p->sites >> site & 1);
}

static inline void jl_at(const jl_pass *p, jl_site site, int block, float *x) {
    if (jl_watched(p, site)) jl_visit(p, site, block, x);
}

/* The set of a probe's sites, 1 << site each. */
uint32_t jl_probe_sites(const jl_probe *probe);

/* The scores or weights of one query, of head `head` in row t of the pass: x [S]. Returns whether
 * an edit changed it. */
int jl_visit_row(const jl_pass *p, jl_site site, int block, int head, int t, float *x);

/* Whether a head of a block is read or edited at a site. */
int jl_head_watched(const jl_pass *p, jl_site site, int block, int head);

/* Whether a site of a block is edited. */
int jl_edited(const jl_pass *p, jl_site site, int block);

/* Copies x [n][width], head `head` of a site [T][heads][width], for the taps of it. */
void jl_read_head(const jl_pass *p, jl_site site, int block, int head, const float *x, int width);

#endif
