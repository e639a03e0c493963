/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sample as text for Prometheus: all counters under names of their own and in base units, and
 * those that windows_exporter has under its names and in its units (100 ns).
 */
#include "hvstat/prometheus.h"
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define FOREIGN "windows_hyperv_"

enum whose { ANY_OBJECT, ROOT_ONLY, GUESTS_ONLY };

/* A row of windows_exporter's; rows of one name follow each other. */
static const struct foreign {
	const char *name, *state;
	enum hvstat_kind kind;
	enum whose whose;
	bool counter;
	short plus, minus;
} foreign[] = {
#define LP(name, state, plus, minus)                                                               \
	{                                                                                          \
		"hypervisor_logical_processor_" name, state, HVSTAT_LP, ANY_OBJECT, true, plus,    \
			minus                                                                      \
	}
#define ROOT_VP(name, state, plus, minus)                                                          \
	{                                                                                          \
		"hypervisor_root_virtual_" name, state, HVSTAT_VP, ROOT_ONLY, true, plus, minus    \
	}
#define VP(name, state, plus, minus)                                                               \
	{                                                                                          \
		"hypervisor_virtual_processor_" name, state, HVSTAT_VP, GUESTS_ONLY, true, plus,   \
			minus                                                                      \
	}
#define ROOT(name, index)                                                                          \
	{                                                                                          \
		"root_partition_" name, NULL, HVSTAT_PT, ROOT_ONLY, false, index, 0                \
	}
	LP("time", "guest", 2, 3),
	LP("time", "hypervisor", 3, 0),
	LP("time", "idle", 1, 2),
	LP("total_run_time", NULL, 2, 0),
	LP("context_switches", NULL, 5, 0),
	ROOT_VP("processor_time", "guest_run", 1, 2),
	ROOT_VP("processor_time", "hypervisor", 2, 0),
	ROOT_VP("processor_time", "remote", 3, 0),
	ROOT_VP("processor_total_run_time", NULL, 1, 0),
	ROOT_VP("cpu_wait_time_per_dispatch", NULL, 75, 0),
	VP("time", "guest", 1, 2),
	VP("time", "hypervisor", 2, 0),
	VP("time", "remote", 3, 0),
	VP("mode_time", "guest", 1, 2),
	VP("mode_time", "hypervisor", 2, 0),
	VP("mode_time", "remote", 3, 0),
	VP("total_run_time", NULL, 1, 0),
	VP("run_time", NULL, 1, 0),
	VP("cpu_wait_time_per_dispatch", NULL, 75, 0),
	ROOT("address_spaces", 4),
	ROOT("attached_devices", 18),
	ROOT("deposited_pages", 5),
	ROOT("device_dma_errors", 23),
	ROOT("device_interrupt_errors", 22),
	ROOT("device_interrupt_mappings", 19),
	ROOT("device_interrupt_throttle_events", 24),
	ROOT("preferred_numa_node_index", 6), /* so it is there: the GPA pages */
	ROOT("gpa_space_modifications", 7),
	ROOT("io_tlb_flush_cost", 21),
	ROOT("io_tlb_flush", 20),
	ROOT("recommended_virtual_tlb_size", 9),
	ROOT("physical_pages_allocated", 25), /* and this one the skipped timer ticks */
	ROOT("1G_device_pages", 16),
	ROOT("1G_gpa_pages", 12),
	ROOT("2M_device_pages", 15),
	ROOT("2M_gpa_pages", 11),
	ROOT("4K_device_pages", 14),
	ROOT("4K_gpa_pages", 10),
	ROOT("virtual_tlb_flush_entries", 8),
	ROOT("virtual_tlb_pages", 3),
};

static bool present(const struct hvstat_object *object, unsigned index)
{
	return object->present[index / 64] >> index % 64 & 1;
}

static void write_label(FILE *file, const char *name, const char *text)
{
	fprintf(file, "%s=\"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', file);
		if (*text == '\n')
			fputs("\\n", file);
		else
			putc(*text, file);
	}
	putc('"', file);
}

/* The family's head: OpenMetrics names a counter's family without _total. */
static void write_family(FILE *file, const struct prometheus *how, const char *name, bool counter,
	const char *meaning)
{
	const char *total = counter && !how->openmetrics ? "_total" : "";

	fprintf(file, "# TYPE %s%s %s\n", name, total, counter ? "counter" : "gauge");
	if (meaning)
		fprintf(file, "# HELP %s%s %s\n", name, total, meaning);
}

/* ---- windows_exporter's ---- */

static void write_foreign(FILE *file, const struct prometheus *how, const struct foreign *row,
	const struct hvstat_object *object)
{
	uint64_t value = object->values[row->plus];
	uint64_t minus = row->minus ? object->values[row->minus] : 0;
	char name[64], core[16];

	if (!present(object, (unsigned)row->plus))
		return;
	names_of(how->names, object->partition, name, sizeof(name));
	snprintf(core, sizeof(core), "%u", object->index);
	fprintf(file, FOREIGN "%s%s", row->name, row->counter ? "_total" : "");
	if (row->kind != HVSTAT_PT) {
		putc('{', file);
		if (row->whose == GUESTS_ONLY) {
			write_label(file, "vm", name);
			putc(',', file);
		}
		write_label(file, "core", core);
		if (row->state) {
			putc(',', file);
			write_label(file, "state", row->state);
		}
		putc('}', file);
	}
	fprintf(file, " %" PRIu64 "\n", value > minus ? value - minus : 0);
}

static void write_all_foreign(
	FILE *file, const struct prometheus *how, const struct hvstat_sample *sample)
{
	for (unsigned i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		const struct foreign *row = &foreign[i];
		char name[128];

		snprintf(name, sizeof(name), FOREIGN "%s", row->name);
		if (!i || strcmp(row->name, row[-1].name) || row->whose != row[-1].whose)
			write_family(file, how, name, row->counter, NULL);
		for (unsigned j = 0; j < sample->count; j++) {
			const struct hvstat_object *object = &sample->objects[j];
			bool root = object->partition == sample->root;

			if (object->kind == row->kind &&
				(row->whose == ANY_OBJECT || root == (row->whose == ROOT_ONLY)))
				write_foreign(file, how, row, object);
		}
	}
}

/* ---- Our own ---- */

/* Times that are no sum of times: moments, and the cost of one thing. */
static bool is_gauge(const struct hvstat_counter *counter)
{
	if (counter->unit == HVSTAT_NS100)
		return counter->kind == HVSTAT_HV || counter->kind == HVSTAT_PT
			       ? counter->index != 21
			       : counter->kind == HVSTAT_LP && counter->index == 11;
	return counter->unit != HVSTAT_EVENTS;
}

/* LpC1RunTime: hvstat_lp_c1_run_time_seconds. */
static void own_name(const struct hvstat_counter *counter, char *name, size_t size)
{
	const char *from = counter->name;
	size_t at = (size_t)snprintf(name, size, "hvstat");

	for (; *from && at + 16 < size; from++) {
		bool after_small = from > counter->name && islower((unsigned char)from[-1]);
		bool before_small = from[1] && islower((unsigned char)from[1]);

		if (from == counter->name ||
			(isupper((unsigned char)*from) && (after_small || before_small)))
			name[at++] = '_';
		name[at++] = (char)tolower((unsigned char)*from);
	}
	name[at] = 0;
	if (counter->unit == HVSTAT_NS100)
		strcpy(name + at, "_seconds");
	else if (counter->unit == HVSTAT_PAGES)
		strcpy(name + at, "_bytes");
}

static void write_own_labels(
	FILE *file, const struct prometheus *how, const struct hvstat_object *object)
{
	char text[64];

	snprintf(text, sizeof(text), "%u", object->index);
	if (object->kind == HVSTAT_LP) {
		write_label(file, "{lp", text);
	} else if (object->kind != HVSTAT_HV) {
		char name[64], number[32];

		if (object->partition == how->root)
			strcpy(name, "root");
		else
			names_of(how->names, object->partition, name, sizeof(name));
		snprintf(number, sizeof(number), "%" PRIu64, object->partition);
		write_label(file, "{partition", number);
		write_label(file, ",name", name);
		if (object->kind == HVSTAT_VP)
			write_label(file, ",vp", text);
	}
	fputs(object->kind == HVSTAT_HV ? " " : "} ", file);
}

static void write_own_value(FILE *file, const struct hvstat_counter *counter, uint64_t value)
{
	if (counter->unit == HVSTAT_NS100)
		fprintf(file, "%" PRIu64 ".%07" PRIu64 "\n", value / 10000000, value % 10000000);
	else if (counter->unit == HVSTAT_PAGES)
		fprintf(file, "%.0f\n", (double)value * 4096);
	else
		fprintf(file, "%" PRIu64 "\n", value);
}

static void write_own(FILE *file, const struct prometheus *how, const struct hvstat_sample *sample,
	const struct hvstat_counter *counter)
{
	bool gauge = is_gauge(counter), first = true;
	char name[128];

	own_name(counter, name, sizeof(name));
	for (unsigned i = 0; i < sample->count; i++) {
		const struct hvstat_object *object = &sample->objects[i];

		if (object->kind != counter->kind || !present(object, counter->index))
			continue;
		if (first)
			write_family(file, how, name, !gauge, counter->meaning);
		first = false;
		fprintf(file, "%s%s", name, gauge ? "" : "_total");
		write_own_labels(file, how, object);
		write_own_value(file, counter, object->values[counter->index]);
	}
}

void write_prometheus(
	FILE *file, const struct names *names, bool openmetrics, const struct hvstat_sample *sample)
{
	struct prometheus how = {names, openmetrics, sample->root};

	write_all_foreign(file, &how, sample);
	for (unsigned i = 0; i < hvstat_counter_count; i++)
		write_own(file, &how, sample, &hvstat_counters[i]);
	if (openmetrics)
		fputs("# EOF\n", file);
}
