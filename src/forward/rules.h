/* rules.h - which keys a query sees, and at which positions, under the rules of a session.
 *
 * Rules (jl_rules in jielong_inside.h) change attention's mask, window and positions. NULL stands
 * for the model's own. Where key ranges cannot express them, the scores get biases.
 */
#ifndef JL_RULES_H
#define JL_RULES_H

#include "pass.h"

/* The position of token t for RoPE. */
double jl_rule_position(const jl_rules *r, int t);

/* cs [n_pairs][2]: cosine and sine of the RoPE angles at a position. */
void jl_rope_angles(const jl_rope_table *r, double position, float *cs);

/* The row of the learned position embeddings for token t; −1: none is added. */
int jl_rule_position_row(const jl_rules *r, int t);

/* How far the sinks' positions are moved for the query of token t (cache_positions). */
int jl_rule_shift(const jl_rules *r, int t);

/* Whether attention of this model under these rules needs biases. */
int jl_rule_biased(const jl_model *m, const jl_rules *r);

/* Keys of the query of token t: slots [*first, result) of the cache. With several texts they count
 * from the first tile of its text. */
int jl_rule_keys(const jl_pass *p, const jl_block *b, int t, int *first);

/* bias [n slots] of the query of token t with ALiBi slope `slope`: −∞ for keys it does not see. */
void jl_rule_bias(const jl_pass *p, const jl_block *b, int t, float slope, int n, float *bias);

#endif
