/* SPDX-License-Identifier: BSD-2-Clause */
/* The one state of the hypervisor as a whole. */
#ifndef CORE_HYPERVISOR_H
#define CORE_HYPERVISOR_H

#include "backend/backend.h"
#include "core/lib/spinlock.h"
#include "core/memory/pool.h"
#include "core/memory/share.h"
#include "core/options.h"

#define TRIVIUM_VERSION "0.1"

struct hypervisor {
	const struct backend *backend;
	struct options options;
	struct pool pool; /* our own pages: tables of the root, LP areas */
	u64 pool_start;	  /* bytes, where those pages came from */
	u64 pool_end;
	u64 *stats;
	u64 stats_covers[PAGE_COVERS]; /* places over the root's memory */
	u64 sleep_types;	       /* pm1a | pm1b << 8 | 1 << 16 once the root has told them */
};

extern struct hypervisor hypervisor;

/* The root's scheduler decides which child VP runs, and where: then ours knows root VPs only. */
static inline bool root_schedules(void)
{
	return hypervisor.options.scheduler == SCHEDULER_ROOT;
}

/* A zeroed page of our own; panics when there is none: boot-time use only. */
void *hypervisor_page(void);

/* core/main.c: called by the machine on the boot processor. Does not return. */
_Noreturn void hypervisor_main(void);

#endif
