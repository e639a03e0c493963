/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/trace.h"
#include "core/log.h"
#include "core/lp.h"

static const char *const names[INTERCEPT_KINDS] = {
#define INTERCEPT(kind, counter, handler) #kind,
#include "core/intercept/intercepts.def"
#undef INTERCEPT
};

#define PRINTED 16

void trace_print(void)
{
	const struct trace *trace = &lp_self()->trace;
	u64 count = MIN(trace->count, (u64)PRINTED);

	log_error("last %lu intercepts of LP %u (TSC, partition:VP, kind, RIP, RCX):", count,
		machine_lp_index());
	for (u64 i = trace->count - count; i < trace->count; i++) {
		const struct trace_record *record = &trace->records[i % TRACE_RECORDS];

		log_error("  %lu %u:%u %s %#lx %#lx", record->tsc, (u32)(record->who >> 32),
			(u32)(record->who >> 16) & 0xffff,
			names[(record->who & 0xffff) % INTERCEPT_KINDS], record->rip, record->rcx);
	}
}
