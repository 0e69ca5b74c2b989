/* meter.h - counts the work of a session by part of the pass (jl_counters in jielong_inside.h).
 *
 * jl_part() names the part that follows. linear.c and attention.c count multiplications and bytes
 * into it; with a clock, the time since the last call belongs to the part before.
 */
#ifndef JL_METER_H
#define JL_METER_H

#include "../jielong_inside.h"

typedef struct jl_meter {
    jl_counters counters;
    jl_part part;
    double since;        /* time of the last jl_part() */
    double (*now)(void); /* milliseconds; NULL: no clock */
} jl_meter;

/* Returns the part before, for calls within a part. */
static inline jl_part jl_part_begin(jl_meter *m, jl_part part) {
    jl_part before = m->part;
    if (m->now) {
        double now = m->now();
        m->counters.ms[before] += now - m->since;
        m->since = now;
    }
    m->part = part;
    return before;
}

#endif
