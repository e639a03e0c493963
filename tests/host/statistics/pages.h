/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests of counters share: the pages of a small world, and the rows of events.def. In that
 * world the root VPs of LPs 0 and 1 run there, and a child has one VP.
 */
#ifndef TESTS_HOST_STATISTICS_PAGES_H
#define TESTS_HOST_STATISTICS_PAGES_H

#include "core/lib/types.h"

enum stats_page {
	PAGE_HV,
	PAGE_LP0,
	PAGE_LP1,
	PAGE_ROOT,
	PAGE_CHILD,
	PAGE_ROOT_VP0,
	PAGE_ROOT_VP1,
	PAGE_CHILD_VP,
	STATS_PAGES,
};

/* An event moves a counter of a page by so much; SOME: by any amount but 0. */
#define SOME	  (~0ull)
#define MAX_MOVES 24

struct move {
	enum stats_page page;
	u16 index;
	u64 by;
};

struct event {
	const char *name;
	struct move moves[MAX_MOVES]; /* up to the first of index 0 */
};

/* Where the page lies in the test that runs. */
const u64 *stats_page_of(enum stats_page page);
/* Takes note of all counters: what follows is the event. */
void stats_begin(void);
/* Checks that what moved since then is what the row of events.def says. */
void stats_check_event(const char *name);

#endif
