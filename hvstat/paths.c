/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/paths.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One star at a time: when the rest does not fit, the last star takes one character more. */
bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = text;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?' || (*pattern && tolower((unsigned char)*pattern) ==
								   tolower((unsigned char)*text))) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* A path taken apart. Names of guests may have brackets only in pairs inside the instance's own. */
struct parts {
	char set[128], instance[256], counter[256];
};

static bool cut(char *to, size_t room, const char *from, size_t length)
{
	if (!length || length >= room)
		return false;
	memcpy(to, from, length);
	to[length] = 0;
	return true;
}

static bool take_apart(const char *path, struct parts *parts)
{
	const char *at = path, *open, *close, *end;

	if (at[0] == '\\' && at[1] == '\\') {
		at = strchr(at + 2, '\\'); /* any host is this one */
		if (!at)
			return false;
	}
	if (*at++ != '\\')
		return false;
	end = strchr(at, '\\');
	if (!end || strchr(end + 1, '\\') ||
		!cut(parts->counter, sizeof(parts->counter), end + 1, strlen(end + 1)))
		return false;
	open = memchr(at, '(', (size_t)(end - at));
	close = end - 1;
	if (!open) {
		strcpy(parts->instance, "*");
		return cut(parts->set, sizeof(parts->set), at, (size_t)(end - at));
	}
	return *close == ')' && close > open &&
	       cut(parts->set, sizeof(parts->set), at, (size_t)(open - at)) &&
	       cut(parts->instance, sizeof(parts->instance), open + 1, (size_t)(close - open - 1));
}

static bool same(const struct query *a, const struct query *b)
{
	return a->counter == b->counter && a->instance.set == b->instance.set &&
	       a->instance.total == b->instance.total &&
	       a->instance.lp_or_vp == b->instance.lp_or_vp &&
	       a->instance.partition == b->instance.partition &&
	       a->instance.root == b->instance.root;
}

/* `old`: those before are of other paths and may be the same; -1: no memory. */
static long add(struct queries *queries, size_t old, struct query query)
{
	for (size_t i = 0; i < old; i++)
		if (same(&queries->list[i], &query))
			return 0;
	if (queries->count == queries->room) {
		size_t room = queries->room * 2 + 64;
		struct query *moved = reallocarray(queries->list, room, sizeof(*moved));

		if (!moved)
			return -1;
		queries->list = moved;
		queries->room = room;
	}
	queries->list[queries->count++] = query;
	return 1;
}

/* Adds those of an instance whose name fits. The number of them, -1: no memory. */
static long add_counters(struct queries *queries, size_t old, const struct hvstat_windows *counters,
	size_t count, const struct hvstat_instance *instance, const char *pattern)
{
	long found = 0, added = 0;

	for (size_t i = 0; i < count && added >= 0; i++) {
		if (!matches(pattern, counters[i].name))
			continue;
		added = add(queries, old, (struct query){&counters[i], *instance});
		found++;
	}
	return added < 0 ? -1 : found;
}

/* "*" means Windows' counters; Linux' have to be meant. */
static bool means_kernel(const struct hvstat_windows *kernel, const char *pattern)
{
	return strncmp(pattern, kernel->name, 2) == 0;
}

static long add_set(struct queries *queries, size_t old, const struct hvstat_sample *sample,
	enum hvstat_set set, const struct parts *parts)
{
	size_t counter_count, kernel_count, instance_count;
	const struct hvstat_windows *counters =
		hvstat_windows_counters(hvstat_sets[set].object, &counter_count);
	const struct hvstat_windows *kernel =
		hvstat_kernel_counters(hvstat_sets[set].object, &kernel_count);
	struct hvstat_instance *instances = hvstat_instances(sample, set, &instance_count);
	long found = 0, more = 0;

	if (!means_kernel(kernel, parts->counter))
		kernel_count = 0;
	for (size_t i = 0; instances && i < instance_count && more >= 0; i++) {
		char name[HVSTAT_INSTANCE_NAME];

		hvstat_instance_name(sample, &instances[i], name);
		if (hvstat_sets[set].instances && !matches(parts->instance, name))
			continue;
		more = add_counters(
			queries, old, counters, counter_count, &instances[i], parts->counter);
		found += more;
		if (more < 0)
			break;
		more = add_counters(
			queries, old, kernel, kernel_count, &instances[i], parts->counter);
		found += more;
	}
	free(instances);
	return !instances || more < 0 ? -1 : found;
}

long queries_add(struct queries *queries, const struct hvstat_sample *sample, const char *path,
	char error[HVSTAT_ERROR])
{
	struct parts parts;
	size_t old = queries->count;
	long found = 0;

	if (!take_apart(path, &parts)) {
		snprintf(error, HVSTAT_ERROR,
			"\"%.100s\" is not a counter path like \\Set(Instance)\\Counter", path);
		return -1;
	}
	for (unsigned set = 0; set < HVSTAT_SETS; set++) {
		long more = matches(parts.set, hvstat_sets[set].name)
				    ? add_set(queries, old, sample, set, &parts)
				    : 0;

		if (more < 0) {
			snprintf(error, HVSTAT_ERROR, "out of memory");
			return -1;
		}
		found += more;
	}
	return found;
}

void queries_free(struct queries *queries)
{
	free(queries->list);
	*queries = (struct queries){0};
}

static const char *host(void)
{
	static char name[128];

	if (!*name && (gethostname(name, sizeof(name) - 1) || !*name))
		strcpy(name, "localhost");
	return name;
}

void path_of(struct text *text, const struct hvstat_sample *sample, const struct query *query)
{
	char name[HVSTAT_INSTANCE_NAME];
	const char *set = hvstat_sets[query->instance.set].name;

	hvstat_instance_name(sample, &query->instance, name);
	if (*name)
		text_printf(text, "\\\\%s\\%s(%s)\\%s", host(), set, name, query->counter->name);
	else
		text_printf(text, "\\\\%s\\%s\\%s", host(), set, query->counter->name);
}
