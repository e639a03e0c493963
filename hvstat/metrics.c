/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: windows_exporter's where it has them. Its rule, applied to all other counters: the set's
 * prefix and the counter's display name in lower case; events end in _total, times are in seconds
 * and end in _seconds_total. An average cost becomes its two parts, which can be added and divided.
 */
#include "hvstat/metrics.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/metrics_text.h"
#include "hvstat/program.h"

static const char *const prefixes[HVSTAT_SETS] = {
	[HVSTAT_SET_HV] = "windows_hyperv_hypervisor_",
	[HVSTAT_SET_LP] = "windows_hyperv_hypervisor_logical_processor_",
	[HVSTAT_SET_PT] = "windows_hyperv_hypervisor_partition_",
	[HVSTAT_SET_ROOT_PT] = "windows_hyperv_root_partition_",
	[HVSTAT_SET_VP] = "windows_hyperv_hypervisor_virtual_processor_",
	[HVSTAT_SET_ROOT_VP] = "windows_hyperv_hypervisor_root_virtual_processor_",
};

static enum hvstat_unit unit_of(const struct hvstat_windows *counter)
{
	size_t count, i = 0;
	const struct hvstat_counter *counters = hvstat_counters(counter->object, &count);

	while (i < count - 1 && counters[i].slot != counter->slot)
		i++;
	return counters[i].unit;
}

static enum metric_type type_of(const struct hvstat_windows *counter)
{
	return unit_of(counter) == HVSTAT_EVENTS ||
			       (unit_of(counter) == HVSTAT_NS100 && counter->kind != HVSTAT_VALUE)
		       ? METRIC_COUNTER
		       : METRIC_GAUGE;
}

/* What of the display name stays: neither % and /sec nor Cost and Per Dispatch. */
static size_t kept(const char *name)
{
	static const char *const ends[] = {"/sec", " Cost", " Per Dispatch"};
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (length > end && !strcmp(name + length - end, ends[i]))
			return length - end;
	}
	return length;
}

void metric_name(enum hvstat_set set, const struct hvstat_windows *counter, char name[METRIC_NAME])
{
	size_t length = (size_t)snprintf(name, METRIC_NAME, "%s", prefixes[set]);
	size_t end = kept(counter->name);
	bool is_time = unit_of(counter) == HVSTAT_NS100;

	for (size_t i = 0; i < end && length < METRIC_NAME - 24; i++) {
		char c = counter->name[i];

		if (isalnum((unsigned char)c))
			name[length++] = (char)tolower((unsigned char)c);
		else if (c != '/' && c != '%' && name[length - 1] != '_')
			name[length++] = '_';
	}
	snprintf(name + length, METRIC_NAME - length, "%s%s", is_time ? "_seconds" : "",
		type_of(counter) == METRIC_COUNTER ? "_total" : "");
}

/* ---- One counter of all instances of a set ---- */

static void help_of(const struct hvstat_windows *counter, char *help, size_t room)
{
	bool is_time = unit_of(counter) == HVSTAT_NS100;

	snprintf(help, room, "%c%s%s (%s).", toupper((unsigned char)*counter->meaning),
		counter->meaning + 1, is_time ? ", in seconds" : "", counter->name);
}

static void put(struct metrics *metrics, const char *name, const struct hvstat_windows *counter,
	const struct labels *labels, const uint64_t *counters)
{
	if (unit_of(counter) == HVSTAT_NS100)
		metric_time(metrics, name, labels, counters[counter->slot]);
	else
		metric_number(metrics, name, labels, counters[counter->slot]);
}

static bool in_set(const struct hvstat_partition *partition, enum hvstat_set set)
{
	return partition->root == (set == HVSTAT_SET_ROOT_PT || set == HVSTAT_SET_ROOT_VP);
}

/* Calls `each` with the labels and counters of every instance. True: one of them returned true. */
static bool for_each(struct metrics *metrics, enum hvstat_set set, const char *name,
	const struct hvstat_windows *counter,
	bool (*each)(struct metrics *, const char *, const struct hvstat_windows *,
		const struct labels *, const uint64_t *))
{
	const struct hvstat_sample *sample = metrics->sample;
	enum hvstat_object object = hvstat_sets[set].object;
	bool result = false;

	if (object == HVSTAT_HV)
		return each(metrics, name, counter, NULL, sample->hv);
	for (uint32_t i = 0; object == HVSTAT_LP && i < sample->lp_count && !result; i++)
		result = each(metrics, name, counter, &metrics->lps[i], sample->lps[i].counters);
	for (uint32_t i = 0; object == HVSTAT_PT && i < sample->partition_count && !result; i++)
		if (in_set(&sample->partitions[i], set))
			result = each(metrics, name, counter, &metrics->partitions[i],
				sample->partitions[i].counters);
	for (uint32_t i = 0; object == HVSTAT_VP && i < sample->vp_count && !result; i++)
		if (in_set(&sample->partitions[sample->vps[i].partition], set))
			result = each(
				metrics, name, counter, &metrics->vps[i], sample->vps[i].counters);
	return result;
}

static bool not_zero(struct metrics *metrics, const char *name,
	const struct hvstat_windows *counter, const struct labels *labels, const uint64_t *counters)
{
	(void)metrics;
	(void)name;
	(void)labels;
	return counters[counter->slot];
}

static bool put_one(struct metrics *metrics, const char *name, const struct hvstat_windows *counter,
	const struct labels *labels, const uint64_t *counters)
{
	put(metrics, name, counter, labels, counters);
	return false;
}

static void write_set(struct metrics *metrics, enum hvstat_set set)
{
	size_t count;
	const struct hvstat_windows *counters =
		hvstat_windows_counters(hvstat_sets[set].object, &count);

	for (size_t i = 0; i < count; i++) {
		const struct hvstat_windows *counter = &counters[i];
		char name[METRIC_NAME], help[256];

		if (counter->kind == HVSTAT_DERIVED ||
			!hvstat_present(metrics->sample, counter->object, counter->slot) ||
			(set == HVSTAT_SET_ROOT_PT && metrics_legacy_only(counter->slot)))
			continue;
		metric_name(set, counter, name);
		help_of(counter, help, sizeof(help));
		if (metrics->options->skip_zero && !for_each(metrics, set, name, counter, not_zero))
			continue;
		if (metric_begin(metrics, name, type_of(counter), help))
			for_each(metrics, set, name, counter, put_one);
	}
}

/* ---- All ---- */

static bool make_labels(struct metrics *metrics)
{
	const struct hvstat_sample *sample = metrics->sample;

	metrics->lps = calloc(sample->lp_count + 1, sizeof(struct labels));
	metrics->partitions = calloc(sample->partition_count + 1, sizeof(struct labels));
	metrics->vps = calloc(sample->vp_count + 1, sizeof(struct labels));
	if (!metrics->lps || !metrics->partitions || !metrics->vps)
		return false;
	for (uint32_t i = 0; i < sample->lp_count; i++)
		metrics->lps[i] = labels_of(NULL, sample->lps[i].index, NULL);
	for (uint32_t i = 0; i < sample->partition_count; i++)
		if (!sample->partitions[i].root)
			metrics->partitions[i] = labels_of(sample->partitions[i].name, -1, NULL);
	for (uint32_t i = 0; i < sample->vp_count; i++) {
		const struct hvstat_partition *owner =
			&sample->partitions[sample->vps[i].partition];

		metrics->vps[i] =
			labels_of(owner->root ? NULL : owner->name, sample->vps[i].index, NULL);
	}
	return true;
}

void metrics_write(struct text *text, const struct hvstat_sample *sample,
	const struct metrics_options *options)
{
	struct metrics metrics = {.text = text, .sample = sample, .options = options};
	static const char info[] = "hvstat_build_info";

	if (make_labels(&metrics)) {
		if (metric_begin(&metrics, info, METRIC_GAUGE, "Which hvstat this is of."))
			text_printf(text, "%s{version=\"%s\"} 1\n", info, HVSTAT_VERSION);
		for (unsigned set = 0; set < HVSTAT_SETS; set++)
			write_set(&metrics, set);
		metrics_legacy(&metrics);
		if (options->open_metrics)
			text_say(text, "# EOF\n");
	} else {
		text->failed = true;
	}
	free(metrics.lps);
	free(metrics.partitions);
	free(metrics.vps);
}
