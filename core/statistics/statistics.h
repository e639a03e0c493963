/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics pages: one 4 KiB page of 512 counters per object, the page itself being the storage
 * (TLFS "Statistics"; layout: counter number = index). A page has one writer at a time: the LP
 * that runs the VP, the LP itself, or the holder of the partition's lock.
 */
#ifndef CORE_STATISTICS_STATISTICS_H
#define CORE_STATISTICS_STATISTICS_H

#include "abi/hv_stats.h"
#include "core/lib/types.h"

/* TSC ticks → 100 ns as a 0.64 fixed-point factor; set once at boot. */
extern u64 stats_tsc_scale;

void stats_set_frequency(u64 tsc_hz);

static inline u64 stats_100ns(u64 tsc)
{
	return mul_shift_64(tsc, stats_tsc_scale);
}

/* The inverse: TSC ticks that make up a time. */
u64 stats_tsc_of_100ns(u64 time_100ns);

/* The object's prefix is pasted, so that a VP counter cannot be bumped on an LP's page. */
#define stat_vp(vp, name)	   ((vp)->stats[STAT_VP_##name])
#define stat_lp(lp, name)	   ((lp)->stats[STAT_LP_##name])
#define stat_partition(part, name) ((part)->stats[STAT_PT_##name])
#define stat_hypervisor(hyp, name) ((hyp)->stats[STAT_HV_##name])

#endif
