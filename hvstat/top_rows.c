/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/top.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool top_same(const struct top_key *a, const struct top_key *b)
{
	return a->id == b->id && a->root == b->root && a->vp == b->vp && a->kind == b->kind;
}

static size_t opened(const struct top *top, const struct top_key *key)
{
	size_t i = 0;

	while (i < top->opened_count && !top_same(&top->opened[i], key))
		i++;
	return i;
}

void top_toggle(struct top *top, const struct top_key *key)
{
	size_t place = opened(top, key);

	if (key->kind >= 0)
		return;
	if (place < top->opened_count) {
		top->opened[place] = top->opened[--top->opened_count];
		return;
	}
	if (top->opened_count == top->opened_room) {
		size_t room = top->opened_room * 2 + 16;
		struct top_key *moved = reallocarray(top->opened, room, sizeof(*moved));

		if (!moved)
			return;
		top->opened = moved;
		top->opened_room = room;
	}
	top->opened[top->opened_count++] = *key;
}

bool top_set_filter(struct top *top, const char *expression)
{
	regex_t filter;

	if (*expression && regcomp(&filter, expression, REG_EXTENDED | REG_ICASE | REG_NOSUB))
		return false;
	if (top->filtered)
		regfree(&top->filter);
	top->filtered = *expression;
	if (top->filtered)
		top->filter = filter;
	return true;
}

void top_free(struct top *top)
{
	top_set_filter(top, "");
	free(top->opened);
	free(top->rows);
}

static struct top_row *new_row(struct top *top)
{
	if (top->count == top->room) {
		size_t room = top->room * 2 + 64;
		struct top_row *moved = reallocarray(top->rows, room, sizeof(*moved));

		if (!moved)
			return NULL;
		top->rows = moved;
		top->room = room;
	}
	top->rows[top->count] = (struct top_row){0};
	return &top->rows[top->count++];
}

static double sort_value(const struct top *top, const struct hvstat_use *use)
{
	switch (top->sort) {
	case SORT_TOTAL:
		return use->run;
	case SORT_GUEST:
		return use->run - use->hypervisor;
	case SORT_HYPERVISOR:
		return use->hypervisor;
	case SORT_WAIT:
		return hvstat_part(use->wait, use->dispatches);
	case SORT_INTERCEPTS:
		return use->intercepts;
	case SORT_INTERRUPTS:
		return use->interrupts;
	case SORT_HYPERCALLS:
		return use->hypercalls;
	default:
		return 0;
	}
}

/* Ascending by what stands first: the largest value, or root and lowest number. */
static int order(const struct top *top, const struct top_row *a, const struct top_row *b)
{
	double difference = sort_value(top, &b->use) - sort_value(top, &a->use);
	int result = (difference > 0) - (difference < 0);

	if (!result && a->key.root != b->key.root)
		result = a->key.root ? -1 : 1;
	if (!result)
		result = (a->key.id > b->key.id) - (a->key.id < b->key.id);
	if (!result)
		result = (a->key.vp > b->key.vp) - (a->key.vp < b->key.vp);
	return top->reverse ? -result : result;
}

static const struct top *sorting; /* qsort has no argument to pass on */

static int compare(const void *left, const void *right)
{
	return order(sorting, left, right);
}

static void sort_rows(const struct top *top, struct top_row *rows, size_t count)
{
	sorting = top;
	qsort(rows, count, sizeof(*rows), compare);
}

static bool idle(const struct hvstat_use *use)
{
	return use->run <= 0 && use->intercepts <= 0;
}

/* ---- The three levels ---- */

static bool add_partitions(
	struct top *top, const struct hvstat_sample *before, const struct hvstat_sample *now)
{
	for (uint32_t i = 0; i < now->partition_count; i++) {
		const struct hvstat_partition *partition = &now->partitions[i];
		struct top_row *row;

		if (top->filtered && regexec(&top->filter, partition->name, 0, NULL, 0))
			continue;
		row = new_row(top);
		if (!row)
			return false;
		row->key = (struct top_key){partition->id, partition->root, -1, -1};
		memcpy(row->name, partition->name, HVSTAT_NAME);
		row->open = top->all_open || opened(top, &row->key) < top->opened_count;
		hvstat_add_partition(&row->use, before, now, partition);
		if (top->skip_idle && idle(&row->use))
			top->count--;
	}
	sort_rows(top, top->rows, top->count);
	return true;
}

static int by_cost(const void *left, const void *right)
{
	const struct top_row *a = left, *b = right;
	double difference = b->use.time[b->key.kind] - a->use.time[a->key.kind];

	if (difference == 0)
		difference = b->use.count[b->key.kind] - a->use.count[a->key.kind];
	if (difference == 0)
		difference = a->key.kind - b->key.kind;
	return (difference > 0) - (difference < 0);
}

static bool add_classes(struct top *top, size_t vp)
{
	size_t first = top->count;

	for (int kind = 0; kind < HVSTAT_CLASSES; kind++) {
		struct top_row *row;

		if (top->rows[vp].use.count[kind] <= 0)
			continue;
		row = new_row(top);
		if (!row)
			return false;
		*row = top->rows[vp];
		row->key.kind = kind;
		row->open = false;
		snprintf(row->name, sizeof(row->name), "%s", hvstat_classes[kind].label);
	}
	qsort(top->rows + first, top->count - first, sizeof(*top->rows), by_cost);
	return true;
}

static bool add_vps(struct top *top, const struct hvstat_sample *before,
	const struct hvstat_sample *now, const struct hvstat_partition *partition)
{
	size_t first = top->count;

	for (uint32_t i = 0; i < partition->vp_count; i++) {
		const struct hvstat_vp *vp = &now->vps[partition->first_vp + i];
		struct top_row *row = new_row(top);

		if (!row)
			return false;
		row->key = (struct top_key){partition->id, partition->root, vp->index, -1};
		snprintf(row->name, sizeof(row->name), "VP %" PRIu32, vp->index);
		row->open = opened(top, &row->key) < top->opened_count;
		hvstat_add_vp(&row->use, before, now, vp);
		if (top->skip_idle && idle(&row->use))
			top->count--;
	}
	sort_rows(top, top->rows + first, top->count - first);
	return true;
}

/* The partitions are in order at the array's begin; the final order is made behind them, and then
 * they are taken away.
 */
bool top_make_rows(
	struct top *top, const struct hvstat_sample *before, const struct hvstat_sample *now)
{
	size_t partitions, vps_end;

	top->count = 0;
	if (!add_partitions(top, before, now))
		return false;
	partitions = top->count;
	for (size_t i = 0; i < partitions; i++) {
		struct top_row *row = new_row(top);
		size_t first;

		if (!row)
			return false;
		*row = top->rows[i];
		if (!row->open)
			continue;
		first = top->count;
		if (!add_vps(top, before, now,
			    hvstat_find_partition(now, row->key.id, row->key.root)))
			return false;
		/* The VPs stay where they are; those with open parts are taken out and put back. */
		vps_end = top->count;
		for (size_t j = first; j < vps_end; j++) {
			row = new_row(top);
			if (!row)
				return false;
			*row = top->rows[j];
			if (row->open && !add_classes(top, top->count - 1))
				return false;
		}
		memmove(&top->rows[first], &top->rows[vps_end],
			(top->count - vps_end) * sizeof(*top->rows));
		top->count -= vps_end - first;
	}
	memmove(top->rows, &top->rows[partitions], (top->count - partitions) * sizeof(*top->rows));
	top->count -= partitions;
	return true;
}
