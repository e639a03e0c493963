/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds the rows of `top` from two samples. */
#include "hvstat/view.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const struct {
	const char *name;   /* for -s and the head */
	const char *metric; /* of a VP */
	int width, digits;
} columns[VIEW_COLUMNS] = {
	[RUN] = {"RUN%", "% Total Run Time", 7, 1},
	[HYPERVISOR] = {"HV%", "% Hypervisor Run Time", 6, 1},
	[WAIT] = {"WAITns", "CPU Wait Time Per Dispatch", 8, 0},
	[INTERCEPTS] = {"INTERC/s", "Total Intercepts/sec", 9, 0},
	[COST] = {"nsEACH", "Total Intercepts Cost", 7, 0},
	[INTERRUPTS] = {"INTERR/s", "Virtual Interrupts/sec", 9, 0},
	[HYPERCALLS] = {"HYPERC/s", "Hypercalls/sec", 9, 0},
};

int view_column(const char *name)
{
	if (!strcasecmp(name, "id"))
		return -1;
	for (int i = 0; i < VIEW_COLUMNS; i++)
		if (!strncasecmp(name, columns[i].name, strlen(name)) && name[0])
			return i;
	return -2;
}

const char *view_column_name(int column)
{
	return column < 0 ? "ID" : columns[column].name;
}

static bool expanded(const struct view_choice *choice, uint64_t partition)
{
	for (unsigned i = 0; i < choice->expanded_count; i++)
		if (choice->expanded[i] == partition)
			return true;
	return choice->expand_all;
}

void view_toggle(struct view_choice *choice, uint64_t partition, bool expand)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < choice->expanded_count; i++)
		if (choice->expanded[i] != partition)
			choice->expanded[kept++] = choice->expanded[i];
	choice->expanded_count = kept;
	if (expand && kept < MAX_EXPANDED)
		choice->expanded[choice->expanded_count++] = partition;
}

/* ---- Rows ---- */

/* Adds a VP to the sums of a row. */
static void add(struct hvstat_sum sums[VIEW_COLUMNS], const struct hvstat_sample *before,
	const struct hvstat_object *vp)
{
	const struct hvstat_object *earlier =
		hvstat_find(before, HVSTAT_VP, vp->partition, vp->index);

	for (int i = 0; i < VIEW_COLUMNS; i++)
		hvstat_add(&sums[i], hvstat_metric(HVSTAT_VP, columns[i].metric), earlier, vp);
}

/* Of a partition, 100 % is one processor: the VPs' shares are added. */
static void finish(struct view_row *row, const struct hvstat_sum sums[VIEW_COLUMNS])
{
	for (int i = 0; i < VIEW_COLUMNS; i++) {
		const struct hvstat_metric *metric = hvstat_metric(HVSTAT_VP, columns[i].metric);

		row->values[i] = hvstat_result(&sums[i], metric);
		if (metric->form == HVSTAT_PERCENT)
			row->values[i] *= sums[i].objects;
	}
}

static struct view_row *append(struct view *view, const struct hvstat_object *object)
{
	struct view_row *row = &view->rows[view->count++];

	memset(row, 0, sizeof(*row));
	row->partition = object->partition;
	row->index = object->index;
	row->vp = object->kind == HVSTAT_VP;
	return row;
}

static bool contains(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (; *text; text++)
		if (!strncasecmp(text, part, length))
			return true;
	return !length;
}

/* The row of a partition and, where wanted, those of its VPs. */
static void add_partition(struct view *view, const struct view_choice *choice,
	const struct hvstat_sample *before, const struct hvstat_sample *after,
	const struct hvstat_object *partition)
{
	struct hvstat_sum all[VIEW_COLUMNS] = {0};
	struct view_row *row = append(view, partition);

	row->root = partition->partition == after->root;
	row->expanded = expanded(choice, partition->partition);
	if (row->root)
		snprintf(row->name, sizeof(row->name), "root");
	else
		names_of(choice->names, partition->partition, row->name, sizeof(row->name));
	if (!contains(row->name, choice->filter)) {
		view->count--;
		return;
	}
	for (unsigned i = 0; i < after->count; i++) {
		const struct hvstat_object *vp = &after->objects[i];
		struct hvstat_sum one[VIEW_COLUMNS] = {0};

		if (vp->kind != HVSTAT_VP || vp->partition != partition->partition)
			continue;
		row->vps++;
		add(all, before, vp);
		if (!row->expanded)
			continue;
		struct view_row *vp_row = append(view, vp);

		snprintf(vp_row->name, sizeof(vp_row->name), "VP %u", vp->index);
		add(one, before, vp);
		finish(vp_row, one);
	}
	finish(row, all);
}

/* ---- Order ---- */

struct block { /* a partition's rows stay together */
	const struct view_row *first;
	unsigned count;
	double key;
};

static int by_key(const void *left, const void *right)
{
	const struct block *a = left, *b = right;

	if (a->key < b->key || a->key > b->key)
		return a->key < b->key ? 1 : -1;
	return (a->first > b->first) - (a->first < b->first);
}

static bool sort(struct view *view, const struct view_choice *choice)
{
	struct view_row *sorted = calloc(view->count + 1, sizeof(*sorted));
	struct block *blocks = calloc(view->count + 1, sizeof(*blocks));
	unsigned count = 0, done = 0;

	for (unsigned i = 0; sorted && blocks && i < view->count; i++) {
		const struct view_row *row = &view->rows[i];

		if (row->vp) {
			blocks[count - 1].count++;
			continue;
		}
		double key = choice->sort < 0 ? -(double)i : row->values[choice->sort];

		key = isnan(key) ? -1 : key;
		blocks[count++] = (struct block){row, 1, choice->reverse ? -key : key};
	}
	if (count)
		qsort(blocks, count, sizeof(*blocks), by_key);
	for (unsigned i = 0; i < count; done += blocks[i++].count)
		memcpy(sorted + done, blocks[i].first, blocks[i].count * sizeof(*sorted));
	free(blocks);
	if (!sorted)
		return false;
	free(view->rows);
	view->rows = sorted;
	return true;
}

/* ---- The machine ---- */

static double lps(const char *name, const struct hvstat_sample *before,
	const struct hvstat_sample *after, unsigned *count)
{
	const struct hvstat_metric *metric = hvstat_metric(HVSTAT_LP, name);
	struct hvstat_sum sum = {0};
	double value;

	*count = 0;
	for (unsigned i = 0; i < after->count; i++) {
		const struct hvstat_object *lp = &after->objects[i];

		if (lp->kind != HVSTAT_LP)
			continue;
		++*count;
		hvstat_add(&sum, metric, hvstat_find(before, HVSTAT_LP, 0, lp->index), lp);
	}
	value = hvstat_result(&sum, metric);
	return isnan(value) ? 0 : value;
}

static void describe(
	struct view *view, const struct hvstat_sample *before, const struct hvstat_sample *after)
{
	struct hvstat_sum sums[VIEW_COLUMNS] = {0};
	struct view_row all = {0};
	unsigned lp_count, vps = 0, partitions = 0;
	time_t seconds = (time_t)(after->time_ms / 1000);
	struct tm local;
	char clock[16];

	for (unsigned i = 0; i < after->count; i++) {
		partitions += after->objects[i].kind == HVSTAT_PT;
		if (after->objects[i].kind != HVSTAT_VP)
			continue;
		vps++;
		add(sums, before, &after->objects[i]);
	}
	finish(&all, sums);
	for (int i = 0; i < VIEW_COLUMNS; i++)
		all.values[i] = isnan(all.values[i]) ? 0 : all.values[i];
	double guest = lps("% Guest Run Time", before, after, &lp_count);
	double hypervisor = lps("% Hypervisor Run Time", before, after, &lp_count);
	double idle = lps("% Idle Time", before, after, &lp_count);

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&seconds, &local));
	snprintf(view->machine[0], sizeof(view->machine[0]),
		"hvstat %s   %u LPs, %u partitions, %u VPs", clock, lp_count, partitions, vps);
	snprintf(view->machine[1], sizeof(view->machine[1]),
		"processors: %5.1f %% guest  %5.1f %% hypervisor  %5.1f %% idle", guest, hypervisor,
		idle);
	snprintf(view->machine[2], sizeof(view->machine[2]),
		"a second:   %.0f intercepts  %.0f virtual interrupts  %.0f hypercalls",
		all.values[INTERCEPTS], all.values[INTERRUPTS], all.values[HYPERCALLS]);
	view->machine[3][0] = 0;
}

bool view_build(struct view *view, const struct view_choice *choice,
	const struct hvstat_sample *before, const struct hvstat_sample *after)
{
	view->rows = calloc(after->count + 1, sizeof(*view->rows));
	view->count = 0;
	if (!view->rows)
		return false;
	describe(view, before, after);
	for (unsigned i = 0; i < after->count; i++)
		if (after->objects[i].kind == HVSTAT_PT)
			add_partition(view, choice, before, after, &after->objects[i]);
	if (sort(view, choice))
		return true;
	view_free(view);
	return false;
}

void view_free(struct view *view)
{
	free(view->rows);
	view->rows = NULL;
	view->count = 0;
}

/* ---- Text ---- */

void view_head(const struct view_choice *choice, char *text, size_t size)
{
	int at = snprintf(text, size, "%-20s%4s", "  PARTITION", "VPS");

	for (int i = 0; i < VIEW_COLUMNS && at > 0 && (size_t)at < size; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%s%s", i == choice->sort ? "*" : "", columns[i].name);
		at += snprintf(text + at, size - (size_t)at, "%*s", columns[i].width, name);
	}
}

/* A number in at most width - 1 places: with k, M, G if it must be. */
static void number(double value, int width, int digits, char *text, size_t size)
{
	static const char units[] = " kMGT";
	unsigned unit = 0;

	snprintf(text, size, "%.*f", digits, value);
	while ((int)strlen(text) > width - 1 && unit < 4) {
		value /= 1000;
		snprintf(text, size, "%.1f%c", value, units[++unit]);
	}
}

void view_line(const struct view_row *row, char *text, size_t size)
{
	const char *mark = row->vp ? "   " : row->expanded ? "- " : "+ ";
	char cell[64] = "";
	int at;

	if (!row->vp)
		snprintf(cell, sizeof(cell), "%u", row->vps);
	at = snprintf(text, size, "%s%-*.*s%4s", mark, 20 - (int)strlen(mark),
		20 - (int)strlen(mark), row->name, cell);
	for (int i = 0; i < VIEW_COLUMNS && at > 0 && (size_t)at < size; i++) {
		if (isnan(row->values[i]))
			strcpy(cell, "-");
		else
			number(row->values[i], columns[i].width, columns[i].digits, cell,
				sizeof(cell));
		at += snprintf(text + at, size - (size_t)at, "%*s", columns[i].width, cell);
	}
}
