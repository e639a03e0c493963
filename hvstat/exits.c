/* SPDX-License-Identifier: BSD-2-Clause */
/* The command `exits`: why the hypervisor got control, how often, and how long that took. */
#include "hvstat/program.h"
#include <stdlib.h>
#include <string.h>

#define MAX_CLASSES 32

struct row {
	const char *name;
	uint64_t count, time; /* 100 ns */
	double rate;
};

static void add(struct row *row, const struct hvstat_object *before,
	const struct hvstat_object *after, const struct hvstat_class *class)
{
	uint64_t count, time;

	if (!hvstat_risen(before, after, (unsigned)class->count, &count) ||
		!hvstat_risen(before, after, (unsigned)class->time, &time))
		return;
	row->count += count;
	row->time += time;
	if (after->seconds > before->seconds)
		row->rate += (double)count / (after->seconds - before->seconds);
}

static void add_up(struct row *row, const struct hvstat_class *class,
	const struct hvstat_sample *before, const struct hvstat_sample *after,
	const uint64_t *partition)
{
	row->name = class->name;
	for (unsigned i = 0; i < after->count; i++) {
		const struct hvstat_object *object = &after->objects[i];

		if (object->kind == HVSTAT_VP && (!partition || object->partition == *partition))
			add(row, hvstat_find(before, HVSTAT_VP, object->partition, object->index),
				object, class);
	}
}

static int by_count(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->name, b->name);
}

static double share(const struct row *row, const struct row *all)
{
	return all->count ? 100.0 * (double)row->count / (double)all->count : 0;
}

static double average(const struct row *row)
{
	return row->count ? 100.0 * (double)row->time / (double)row->count : 0;
}

static void print_text(FILE *file, const struct row *row, const struct row *all)
{
	fprintf(file, "%-29s%12llu%8.1f%12.1f%9.0f%10.3f\n", row->name,
		(unsigned long long)row->count, share(row, all), row->rate, average(row),
		(double)row->time / 1e4);
}

static void print_json(FILE *file, const struct row *row, const struct row *all)
{
	fputs("{\"name\":", file);
	write_json_text(file, row->name);
	fprintf(file,
		",\"count\":%llu,\"share_percent\":%.3f,\"rate\":%.3f,\"average_ns\":%.1f,"
		"\"total_ns\":%llu}",
		(unsigned long long)row->count, share(row, all), row->rate, average(row),
		(unsigned long long)row->time * 100);
}

static void write_json(FILE *file, const char *name, const struct row *rows, unsigned count,
	const struct row *all, const struct row *emulated)
{
	fputs("{\"partition\":", file);
	write_json_text(file, name);
	fputs(",\"classes\":[", file);
	for (unsigned i = 0; i < count; i++) {
		fputs(i ? "," : "", file);
		print_json(file, &rows[i], all);
	}
	fputs("],\"all\":", file);
	print_json(file, all, all);
	fputs(",\"emulated\":", file);
	print_json(file, emulated, all);
	fputs("}\n", file);
}

void write_exits(FILE *file, bool json, const struct hvstat_sample *before,
	const struct hvstat_sample *after, const uint64_t *partition, const char *name)
{
	static const struct hvstat_class emulation = {"of these emulated", 29, 30};
	struct row rows[MAX_CLASSES] = {0}, all = {.name = "All"}, emulated = {0};
	unsigned count = hvstat_class_count < MAX_CLASSES ? hvstat_class_count : MAX_CLASSES;

	for (unsigned i = 0; i < count; i++) {
		add_up(&rows[i], &hvstat_classes[i], before, after, partition);
		all.count += rows[i].count;
		all.time += rows[i].time;
		all.rate += rows[i].rate;
	}
	add_up(&emulated, &emulation, before, after, partition);
	qsort(rows, count, sizeof(rows[0]), by_count);
	if (json) {
		write_json(file, name, rows, count, &all, &emulated);
		return;
	}
	fprintf(file, "%-29s%12s%8s%12s%9s%10s\n", name, "intercepts", "%", "a second", "ns each",
		"ms");
	for (unsigned i = 0; i < count; i++)
		if (rows[i].count)
			print_text(file, &rows[i], &all);
	print_text(file, &all, &all);
	if (emulated.count)
		print_text(file, &emulated, &all);
}

static int run(const struct options *options, const char *guest, double seconds, bool json)
{
	char error[512], name[64] = "all partitions";
	struct hvstat *hvstat = hvstat_open(options->root, error, sizeof(error));
	struct hvstat_sample *before = hvstat ? hvstat_sample(hvstat) : NULL, *after = NULL;
	struct ticks ticks = {0};
	uint64_t partition = 0;
	int status = 0;

	if (before && guest && !names_find(options->names, before, guest, &partition)) {
		status = failed("there is no partition %s", guest);
	} else if (before) {
		wait_tick(&ticks, seconds); /* interrupted: what there is until then */
		after = hvstat_sample(hvstat);
	}
	if (!status && !after)
		status = failed("%s", hvstat ? hvstat_error(hvstat) : error);
	if (guest && partition == (before ? before->root : 0))
		snprintf(name, sizeof(name), "root");
	else if (guest)
		names_of(options->names, partition, name, sizeof(name));
	if (!status)
		write_exits(stdout, json, before, after, guest ? &partition : NULL, name);
	hvstat_free(before);
	hvstat_free(after);
	hvstat_close(hvstat);
	return status;
}

int command_exits(const struct options *options, int count, char **words)
{
	const char *guest = NULL, *word;
	double seconds = 1;
	bool json = false;

	for (int i = 0; i < count; i++) {
		if (!strcmp(words[i], "--json")) {
			json = true;
		} else if (!strcmp(words[i], "-d")) {
			word = argument(count, words, &i);
			if (!word)
				return 2;
			if (!parse_seconds(word, &seconds))
				return misused("%s is no time", word);
		} else if (words[i][0] == '-' || guest) {
			return misused("exits cannot do with %s", words[i]);
		} else {
			guest = words[i];
		}
	}
	catch_signals();
	return run(options, guest, seconds, json);
}
