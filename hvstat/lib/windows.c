/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/lib/windows.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/lib/derived.h"
#include "hvstat/lib/use.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const struct hvstat_set_facts hvstat_sets[HVSTAT_SETS] = {
	[HVSTAT_SET_HV] = {"Hyper-V Hypervisor", HVSTAT_HV, false},
	[HVSTAT_SET_LP] = {"Hyper-V Hypervisor Logical Processor", HVSTAT_LP, true},
	[HVSTAT_SET_PT] = {"Hyper-V Hypervisor Partition", HVSTAT_PT, true},
	[HVSTAT_SET_ROOT_PT] = {"Hyper-V Hypervisor Root Partition", HVSTAT_PT, true},
	[HVSTAT_SET_VP] = {"Hyper-V Hypervisor Virtual Processor", HVSTAT_VP, true},
	[HVSTAT_SET_ROOT_VP] = {"Hyper-V Hypervisor Root Virtual Processor", HVSTAT_VP, true},
};

/* The rows of windows.def, in its order; a kind of object's rows of both sorts are not adjacent. */
static const struct hvstat_windows rows[] = {
#define WINDOWS(object, counter, kind, origin, name)                                               \
	{name, NULL, HVSTAT_##object, HVSTAT_##kind, HVSTAT_##origin, object##_##counter, 0},
#define WINDOWS_COST(object, time, events, origin, name)                                           \
	{name, NULL, HVSTAT_##object, HVSTAT_COST, HVSTAT_##origin, object##_##time,               \
		object##_##events},
#define DERIVED(object, id, origin, name, meaning)                                                 \
	{name, meaning, HVSTAT_##object, HVSTAT_DERIVED, HVSTAT_##origin, DERIVED_##id, 0},
#include "hvstat/lib/windows.def"
#undef DERIVED
#undef WINDOWS_COST
#undef WINDOWS
};

/* Sorted by object once, with the meanings of abi/counters.def. */
static struct hvstat_windows sorted[LENGTH(rows)];
static size_t first[HVSTAT_OBJECTS + 1];

static const char *meaning_of(enum hvstat_object object, unsigned slot)
{
	size_t count;
	const struct hvstat_counter *counters = hvstat_counters(object, &count);

	for (size_t i = 0; i < count; i++)
		if (counters[i].slot == slot)
			return counters[i].meaning;
	return "";
}

static void sort(void)
{
	size_t place = 0;

	for (unsigned object = 0; object < HVSTAT_OBJECTS; object++) {
		first[object] = place;
		for (size_t i = 0; i < LENGTH(rows); i++) {
			if (rows[i].object != object)
				continue;
			sorted[place] = rows[i];
			if (!sorted[place].meaning)
				sorted[place].meaning = meaning_of(object, rows[i].slot);
			place++;
		}
	}
	first[HVSTAT_OBJECTS] = place;
}

const struct hvstat_windows *hvstat_windows_counters(enum hvstat_object object, size_t *count)
{
	if (!first[HVSTAT_OBJECTS])
		sort();
	*count = first[object + 1] - first[object];
	return &sorted[first[object]];
}

const struct hvstat_windows *hvstat_kernel_counters(enum hvstat_object object, size_t *count)
{
	static struct hvstat_windows kernel[HVSTAT_OBJECTS][VP_SLOTS]; /* VPs have the most */
	const struct hvstat_counter *counters = hvstat_counters(object, count);

	for (size_t i = 0; i < *count; i++)
		kernel[object][i] = (struct hvstat_windows){
			.name = counters[i].name,
			.meaning = counters[i].meaning,
			.object = object,
			.kind = HVSTAT_VALUE,
			.origin = HVSTAT_OURS,
			.slot = counters[i].slot,
		};
	return kernel[object];
}

void hvstat_wmi_name(const char *display_name, char name[HVSTAT_WMI_NAME])
{
	size_t length = 0;

	if (isdigit((unsigned char)*display_name))
		length = (size_t)sprintf(name, "Value");
	for (const char *at = display_name; *at && length < HVSTAT_WMI_NAME - 8; at++) {
		if (*at == '%')
			length += (size_t)sprintf(name + length, "Percent");
		else if (!strcmp(at, "/sec"))
			length += (size_t)sprintf(name + length, "Per");
		else if (isalnum((unsigned char)*at))
			name[length++] = *at;
	}
	name[length] = 0;
}

/* ---- Instances ---- */

static bool root_set(enum hvstat_set set)
{
	return set == HVSTAT_SET_ROOT_PT || set == HVSTAT_SET_ROOT_VP;
}

struct hvstat_instance *hvstat_instances(
	const struct hvstat_sample *sample, enum hvstat_set set, size_t *count)
{
	size_t most = (size_t)sample->lp_count + sample->partition_count + sample->vp_count + 1;
	struct hvstat_instance *list = calloc(most, sizeof(*list));
	enum hvstat_object object = hvstat_sets[set].object;

	*count = 0;
	if (!list)
		return NULL;
	for (uint32_t i = 0; object == HVSTAT_LP && i < sample->lp_count; i++)
		list[(*count)++] =
			(struct hvstat_instance){.set = set, .lp_or_vp = sample->lps[i].index};
	for (uint32_t i = 0; i < sample->partition_count; i++) {
		const struct hvstat_partition *partition = &sample->partitions[i];
		struct hvstat_instance one = {
			.set = set, .partition = partition->id, .root = partition->root};

		if (partition->root != root_set(set))
			continue;
		if (object == HVSTAT_PT)
			list[(*count)++] = one;
		for (uint32_t j = 0; object == HVSTAT_VP && j < partition->vp_count; j++) {
			one.lp_or_vp = sample->vps[partition->first_vp + j].index;
			list[(*count)++] = one;
		}
	}
	list[(*count)++] = (struct hvstat_instance){.set = set, .total = true};
	return list;
}

void hvstat_instance_name(const struct hvstat_sample *sample,
	const struct hvstat_instance *instance, char name[HVSTAT_INSTANCE_NAME])
{
	enum hvstat_set set = instance->set;
	const struct hvstat_partition *partition =
		hvstat_find_partition(sample, instance->partition, instance->root);
	const char *owner = partition ? partition->name : "gone";

	if (!hvstat_sets[set].instances)
		*name = 0;
	else if (instance->total)
		snprintf(name, HVSTAT_INSTANCE_NAME, "_Total");
	else if (set == HVSTAT_SET_LP)
		snprintf(name, HVSTAT_INSTANCE_NAME, "Hv LP %" PRIu32, instance->lp_or_vp);
	else if (set == HVSTAT_SET_ROOT_VP)
		snprintf(name, HVSTAT_INSTANCE_NAME, "Root VP %" PRIu32, instance->lp_or_vp);
	else if (set == HVSTAT_SET_VP)
		snprintf(
			name, HVSTAT_INSTANCE_NAME, "%s:Hv VP %" PRIu32, owner, instance->lp_or_vp);
	else if (set == HVSTAT_SET_ROOT_PT)
		snprintf(name, HVSTAT_INSTANCE_NAME, "Root");
	else
		snprintf(name, HVSTAT_INSTANCE_NAME, "%s:HvPt", owner);
}

/* ---- Values ---- */

static struct fraction value_of(const struct hvstat_windows *counter, const uint64_t *before,
	const uint64_t *after, double elapsed)
{
	double risen = hvstat_risen(before[counter->slot], after[counter->slot]);

	switch (counter->kind) {
	case HVSTAT_PERCENT:
		return (struct fraction){risen * 1e-5, elapsed, false};
	case HVSTAT_RATE:
		return (struct fraction){risen, elapsed, true};
	case HVSTAT_COST:
		return (struct fraction){risen * 100,
			hvstat_risen(before[counter->base], after[counter->base]), false};
	default:
		return (struct fraction){(double)after[counter->slot], 1, true};
	}
}

static void add(struct fraction *sum, const struct hvstat_windows *counter, const uint64_t *before,
	const uint64_t *after, double elapsed)
{
	struct fraction one = counter->kind == HVSTAT_DERIVED
				      ? derived_value(counter->slot, before, after, elapsed)
				      : value_of(counter, before, after, elapsed);

	sum->above += one.above;
	sum->below = one.same_below ? one.below : sum->below + one.below;
}

static void add_lp(struct fraction *sum, const struct hvstat_windows *counter,
	const struct hvstat_sample *before, const struct hvstat_sample *after, uint32_t index)
{
	const struct hvstat_lp *old = hvstat_find_lp(before, index);
	const struct hvstat_lp *new = hvstat_find_lp(after, index);
	double elapsed;

	if (!old || !new)
		return;
	elapsed = hvstat_risen(old->counters[LP_GlobalTime], new->counters[LP_GlobalTime]) * 1e-7;
	if (elapsed <= 0)
		elapsed = hvstat_seconds(before, after);
	add(sum, counter, old->counters, new->counters, elapsed);
}

static void add_partition(struct fraction *sum, const struct hvstat_windows *counter,
	const struct hvstat_sample *before, const struct hvstat_sample *after,
	const struct hvstat_instance *instance)
{
	const struct hvstat_partition *old =
		hvstat_find_partition(before, instance->partition, instance->root);
	const struct hvstat_partition *new =
		hvstat_find_partition(after, instance->partition, instance->root);
	double elapsed = hvstat_seconds(before, after);

	if (!old || !new)
		return;
	if (counter->object == HVSTAT_PT) {
		add(sum, counter, old->counters, new->counters, elapsed);
		return;
	}
	const struct hvstat_vp *a = hvstat_find_vp(before, old, instance->lp_or_vp);
	const struct hvstat_vp *b = hvstat_find_vp(after, new, instance->lp_or_vp);

	if (a && b)
		add(sum, counter, a->counters, b->counters, elapsed);
}

static void add_total(struct fraction *sum, const struct hvstat_windows *counter,
	enum hvstat_set set, const struct hvstat_sample *before, const struct hvstat_sample *after)
{
	for (uint32_t i = 0; counter->object == HVSTAT_LP && i < after->lp_count; i++)
		add_lp(sum, counter, before, after, after->lps[i].index);
	for (uint32_t i = 0; i < after->partition_count; i++) {
		const struct hvstat_partition *partition = &after->partitions[i];
		struct hvstat_instance one = {
			.set = set, .partition = partition->id, .root = partition->root};
		uint32_t count = counter->object == HVSTAT_VP ? partition->vp_count : 1;

		if (counter->object == HVSTAT_LP || partition->root != root_set(set))
			continue;
		for (uint32_t j = 0; j < count; j++) {
			if (counter->object == HVSTAT_VP)
				one.lp_or_vp = after->vps[partition->first_vp + j].index;
			add_partition(sum, counter, before, after, &one);
		}
	}
}

bool hvstat_windows_value(const struct hvstat_windows *counter,
	const struct hvstat_instance *instance, const struct hvstat_sample *before,
	const struct hvstat_sample *after, double *value)
{
	struct fraction sum = {0};

	if (counter->kind != HVSTAT_DERIVED &&
		!hvstat_present(after, counter->object, counter->slot))
		return false;
	if (counter->object == HVSTAT_HV)
		add(&sum, counter, before->hv, after->hv, hvstat_seconds(before, after));
	else if (instance->total)
		add_total(&sum, counter, instance->set, before, after);
	else if (counter->object == HVSTAT_LP)
		add_lp(&sum, counter, before, after, instance->lp_or_vp);
	else
		add_partition(&sum, counter, before, after, instance);
	if (sum.below <= 0)
		return false;
	*value = sum.above / sum.below;
	return true;
}
