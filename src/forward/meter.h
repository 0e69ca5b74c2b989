/* meter.h - counts the work of a session by part of the pass (jl_counters in jielong_inside.h).
 *
 * jl_part_begin() names the part that follows. linear.c and attention.c count multiplications and
 * bytes; with a clock, the time since the last call belongs to the part before.
 */
#ifndef JL_METER_H
#define JL_METER_H

#include "../jielong_inside.h"

typedef struct jl_meter {
    jl_counters counters;
    jl_part part;
    double since;        /* time of the last call */
    double (*now)(void); /* milliseconds; NULL: no clock */
} jl_meter;

/* Forgets the time since the last call. */
static inline void jl_part_resume(jl_meter *m) {
    m->part = JL_PART_OTHER;
    if (m->now) m->since = m->now();
}

static inline void jl_part_begin(jl_meter *m, jl_part part) {
    if (m->now) {
        double now = m->now();
        m->counters.ms[m->part] += now - m->since;
        m->since = now;
    }
    m->part = part;
}

#endif
