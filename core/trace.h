/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace ring of an LP: what its last intercepts were. Written on every intercept, so it costs
 * a few stores and no lock; read by panic() and when a partition is given up.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "core/intercept/intercept.h"
#include "core/lib/types.h"

#define TRACE_RECORDS 64 /* a power of two */

struct trace_record {
	u64 tsc;
	u64 rip;
	u64 rcx; /* for MSR accesses and hypercalls: which */
	u64 who; /* trace_tag() | enum intercept_kind */
};

static inline u64 trace_tag(u32 partition, u16 vp)
{
	return (u64)partition << 32 | (u32)vp << 16;
}

struct trace {
	u64 count; /* records ever written */
	struct trace_record records[TRACE_RECORDS];
};

static inline struct trace_record *trace_next(struct trace *trace)
{
	return &trace->records[trace->count++ % TRACE_RECORDS];
}

/* Prints the end of the calling LP's ring, oldest first. */
void trace_print(void);

#endif
