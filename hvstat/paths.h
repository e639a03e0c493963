/* SPDX-License-Identifier: BSD-2-Clause */
/* Counter paths as Windows writes them: \\host\Set(Instance)\Counter. */
#ifndef HVSTAT_PATHS_H
#define HVSTAT_PATHS_H

#include "hvstat/lib/windows.h"
#include "hvstat/text.h"

/* A counter of an instance. */
struct query {
	const struct hvstat_windows *counter;
	struct hvstat_instance instance;
};

struct queries {
	struct query *list;
	size_t count, room;
};

/* Adds all that the path means; * and ? stand for anything, case does not count, the host may be
 * left out, an instance left out is each. A counter may also have the name that Linux gives it, in
 * Linux' spelling at least of the first two letters ("Vp*"). The number of those added, or -1 with
 * a message: the path is not one. What is there already is not added again.
 */
long queries_add(struct queries *queries, const struct hvstat_sample *sample, const char *path,
	char error[HVSTAT_ERROR]);
void queries_free(struct queries *queries);

/* The full path of a query, with this host's name. */
void path_of(struct text *text, const struct hvstat_sample *sample, const struct query *query);

/* Whether `text` is what a pattern with * and ? means; case does not count. */
bool matches(const char *pattern, const char *text);

#endif
