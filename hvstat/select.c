/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths of counters as Windows writes them, and what they stand for. */
#define _GNU_SOURCE
#include "hvstat/program.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const struct set sets[SETS] = {
	{"Hyper-V Hypervisor", HVSTAT_HV, ANY},
	{"Hyper-V Hypervisor Logical Processor", HVSTAT_LP, ANY},
	{"Hyper-V Hypervisor Partition", HVSTAT_PT, GUESTS},
	{"Hyper-V Hypervisor Root Partition", HVSTAT_PT, ROOT},
	{"Hyper-V Hypervisor Virtual Processor", HVSTAT_VP, GUESTS},
	{"Hyper-V Hypervisor Root Virtual Processor", HVSTAT_VP, ROOT},
};

/* A pattern's parts; an instance or host that is not given is "*". */
struct pattern {
	char host[256], set[256], instance[256], counter[256];
};

bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (tolower((unsigned char)*pattern) == tolower((unsigned char)*text)) {
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

static bool copy(char part[256], const char *from, const char *to)
{
	size_t length = (size_t)(to - from);

	if (!length || length >= 256)
		return false;
	memcpy(part, from, length);
	part[length] = 0;
	return true;
}

/* [\\host]\set[(instance)]\counter, the first backslash may be missing. */
static bool split(const char *text, struct pattern *pattern)
{
	const char *slash, *open, *close;

	strcpy(pattern->host, "*");
	strcpy(pattern->instance, "*");
	if (!strncmp(text, "\\\\", 2)) {
		slash = strchr(text + 2, '\\');
		if (!slash || !copy(pattern->host, text + 2, slash))
			return false;
		text = slash;
	}
	text += *text == '\\';
	slash = strrchr(text, '\\');
	if (!slash || slash == text || !copy(pattern->counter, slash + 1, strchr(slash, 0)))
		return false;
	open = memchr(text, '(', (size_t)(slash - text));
	if (!open)
		return copy(pattern->set, text, slash);
	close = slash - 1;
	return *close == ')' && close > open && copy(pattern->set, text, open) &&
	       copy(pattern->instance, open + 1, close);
}

static bool belongs(const struct set *set, const struct hvstat_object *object,
	const struct hvstat_sample *sample)
{
	if (object->kind != set->kind)
		return false;
	return set->whose == ANY || (object->partition == sample->root) == (set->whose == ROOT);
}

static void instance_name(const struct columns *columns, const struct set *set,
	const struct hvstat_object *object, char *text, size_t size)
{
	char name[64];

	names_of(columns->names, object->partition, name, sizeof(name));
	if (set->kind == HVSTAT_LP)
		snprintf(text, size, "Hv LP %u", object->index);
	else if (set->kind == HVSTAT_PT && set->whose == ROOT)
		snprintf(text, size, "Root");
	else if (set->kind == HVSTAT_PT)
		snprintf(text, size, "%s:HvPt", name);
	else if (set->whose == ROOT)
		snprintf(text, size, "Root VP %u", object->index);
	else
		snprintf(text, size, "%s:Hv VP %u", name, object->index);
}

void columns_init(struct columns *columns, const struct names *names)
{
	memset(columns, 0, sizeof(*columns));
	columns->names = names;
	if (gethostname(columns->host, sizeof(columns->host) - 1))
		strcpy(columns->host, "localhost");
}

void columns_free(struct columns *columns)
{
	for (unsigned i = 0; i < columns->count; i++)
		free(columns->list[i].path);
	free(columns->list);
	columns->list = NULL;
	columns->count = columns->room = 0;
}

/* instance: NULL if the set has none. */
static void add(struct columns *columns, struct column column, const char *instance)
{
	int length;

	if (columns->count == columns->room) {
		unsigned room = 2 * columns->room + 32;
		void *list = realloc(columns->list, room * sizeof(column));

		if (!list)
			return;
		columns->list = list;
		columns->room = room;
	}
	if (instance)
		length = asprintf(&column.path, "\\\\%s\\%s(%s)\\%s", columns->host,
			column.set->name, instance, column.metric->name);
	else
		length = asprintf(&column.path, "\\\\%s\\%s\\%s", columns->host, column.set->name,
			column.metric->name);
	if (length > 0)
		columns->list[columns->count++] = column;
}

/* Counters as they are have to be asked for by the beginning of their name: "Vp*". */
static bool metric_matches(
	const struct hvstat_metric *metric, const struct set *set, const char *pattern)
{
	if (metric->kind != set->kind || !metric->name[0] || !matches(pattern, metric->name))
		return false;
	return !hvstat_is_raw(metric) || !strncasecmp(pattern, metric->name, 2);
}

static void add_instance(struct columns *columns, const struct set *set,
	const struct pattern *pattern, const struct hvstat_object *object, const char *instance)
{
	struct column column = {.set = set, .total = !object};

	if (object) {
		column.partition = object->partition;
		column.index = object->index;
	}
	for (unsigned i = 0; i < hvstat_metric_count; i++) {
		column.metric = &hvstat_metrics[i];
		if (metric_matches(column.metric, set, pattern->counter))
			add(columns, column, instance);
	}
}

static void add_set(struct columns *columns, const struct set *set, const struct pattern *pattern,
	const struct hvstat_sample *sample)
{
	char instance[128];

	for (unsigned i = 0; i < sample->count; i++) {
		const struct hvstat_object *object = &sample->objects[i];

		if (!belongs(set, object, sample))
			continue;
		instance_name(columns, set, object, instance, sizeof(instance));
		if (set->kind == HVSTAT_HV)
			add_instance(columns, set, pattern, object, NULL);
		else if (matches(pattern->instance, instance))
			add_instance(columns, set, pattern, object, instance);
	}
	if (set->kind != HVSTAT_HV && matches(pattern->instance, "_Total"))
		add_instance(columns, set, pattern, NULL, "_Total");
}

bool columns_add(struct columns *columns, const char *text, const struct hvstat_sample *sample,
	char *error, size_t size)
{
	unsigned count = columns->count;
	struct pattern pattern;

	if (!split(text, &pattern)) {
		snprintf(error, size, "%s is no path like \\Set(Instance)\\Counter", text);
		return false;
	}
	if (!matches(pattern.host, columns->host) && !matches(pattern.host, "localhost") &&
		strcmp(pattern.host, ".")) {
		snprintf(error, size, "%s: this machine is %s, others cannot be read", text,
			columns->host);
		return false;
	}
	for (unsigned i = 0; i < SETS; i++)
		if (matches(pattern.set, sets[i].name))
			add_set(columns, &sets[i], &pattern, sample);
	if (columns->count > count)
		return true;
	snprintf(error, size, "nothing matches %s (hvstat counters lists what there is)", text);
	return false;
}

double column_value(const struct column *column, const struct hvstat_sample *before,
	const struct hvstat_sample *after)
{
	struct hvstat_sum sum = {0};

	for (unsigned i = 0; column->total && i < after->count; i++) {
		const struct hvstat_object *object = &after->objects[i];

		if (belongs(column->set, object, after))
			hvstat_add(&sum, column->metric,
				hvstat_find(before, object->kind, object->partition, object->index),
				object);
	}
	if (!column->total) {
		enum hvstat_kind kind = column->set->kind;
		const struct hvstat_object *object =
			hvstat_find(after, kind, column->partition, column->index);

		if (object)
			hvstat_add(&sum, column->metric,
				hvstat_find(before, kind, column->partition, column->index),
				object);
	}
	return hvstat_result(&sum, column->metric);
}
