/* SPDX-License-Identifier: BSD-2-Clause */
/* hvstat exits: intercepts by class, as `perf kvm stat report` shows a KVM guest's exits. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/lib/use.h"
#include "hvstat/program.h"

static const char usage[] =
	"usage: hvstat exits [-d SECONDS] [-i SECONDS] [--json] [GUEST]\n\n"
	"Watches the intercepts of GUEST (a name, a partition's number, or \"root\"; left out: "
	"all)\n"
	"and says for each class how many there were, their share, and their cost. The counters\n"
	"have no single intercept's time: min and max are of the averages of each VP in each "
	"step.\n\n"
	"  -d, --duration SECONDS   watch so long (default 5)\n"
	"  -i, --step SECONDS       between two samples (default 0.5)\n"
	"  -j, --json               an object\n";

/* Of a class. Times in seconds. */
struct row {
	double count, time, least, most;
};

struct exits {
	const char *guest;
	double duration, step, elapsed;
	bool json;
	struct row rows[HVSTAT_CLASSES];
	unsigned order[HVSTAT_CLASSES];
	double count, time;
};

static void add_vp(struct exits *exits, const struct monitor *monitor, const struct hvstat_vp *vp)
{
	struct hvstat_use use = {0};

	hvstat_add_vp(&use, monitor->before, monitor->now, vp);
	for (unsigned i = 0; i < HVSTAT_CLASSES; i++) {
		struct row *row = &exits->rows[i];
		double average = hvstat_part(use.time[i], use.count[i]);

		if (use.count[i] <= 0)
			continue;
		if (row->count <= 0 || average < row->least)
			row->least = average;
		if (average > row->most)
			row->most = average;
		row->count += use.count[i];
		row->time += use.time[i];
		exits->count += use.count[i];
		exits->time += use.time[i];
	}
}

static void add_step(struct exits *exits, const struct monitor *monitor)
{
	const struct hvstat_sample *now = monitor->now;
	const struct hvstat_partition *only = exits->guest ? find_guest(now, exits->guest) : NULL;

	if (exits->guest && !only)
		die("%s is gone", exits->guest);
	for (uint32_t i = 0; i < now->vp_count; i++)
		if (!only || &now->partitions[now->vps[i].partition] == only)
			add_vp(exits, monitor, &now->vps[i]);
	exits->elapsed += hvstat_seconds(monitor->before, now);
}

static const struct exits *sorting; /* for by_time: qsort has no argument to pass on */

static int by_time(const void *left, const void *right)
{
	const struct row *a = &sorting->rows[*(const unsigned *)left];
	const struct row *b = &sorting->rows[*(const unsigned *)right];

	if (a->time == b->time)
		return (a->count < b->count) - (a->count > b->count);
	return a->time < b->time ? 1 : -1;
}

/* Microseconds in eight columns, with a blank before them. */
static void microseconds(struct text *text, double seconds)
{
	text_printf(text, seconds < 0.00999999 ? "%8.2f" : "%8.0f", seconds * 1e6);
}

static void print_text(const struct exits *exits, struct text *text)
{
	text_printf(text, "Intercepts of %s, %.1f s:\n\n",
		exits->guest ? exits->guest : "all partitions", exits->elapsed);
	text_printf(text, "%-19s%10s%10s%9s%7s%8s%8s%8s\n", "INTERCEPT", "Samples", "per s",
		"Samples%", "Time%", "Min us", "Max us", "Avg us");
	for (unsigned i = 0; i < HVSTAT_CLASSES; i++) {
		const struct row *row = &exits->rows[exits->order[i]];

		if (row->count <= 0)
			continue;
		text_printf(text, "%-19s%10.0f%10.1f%8.2f%%%6.2f%%",
			hvstat_classes[exits->order[i]].label, row->count,
			hvstat_part(row->count, exits->elapsed),
			100 * hvstat_part(row->count, exits->count),
			100 * hvstat_part(row->time, exits->time));
		microseconds(text, row->least);
		microseconds(text, row->most);
		microseconds(text, hvstat_part(row->time, row->count));
		text_say(text, "\n");
	}
	text_printf(text, "\nTotal samples %.0f, total time %.3f ms: %.2f %% of one processor.\n",
		exits->count, exits->time * 1e3, 100 * hvstat_part(exits->time, exits->elapsed));
}

static void print_json(const struct exits *exits, struct text *text)
{
	text_say(text, "{\"guest\":");
	if (exits->guest)
		text_json(text, exits->guest);
	else
		text_say(text, "null");
	text_printf(text, ",\"seconds\":%.6g,\"count\":%.12g,\"time_seconds\":%.9g,\"classes\":[",
		exits->elapsed, exits->count, exits->time);
	for (unsigned i = 0; i < HVSTAT_CLASSES; i++) {
		const struct row *row = &exits->rows[exits->order[i]];

		text_printf(text,
			"%s\n{\"class\":\"%s\",\"count\":%.12g,\"time_seconds\":%.9g,"
			"\"min_seconds\":%.9g,\"max_seconds\":%.9g,\"average_seconds\":%.9g}",
			i ? "," : "", hvstat_classes[exits->order[i]].label, row->count, row->time,
			row->least, row->most, hvstat_part(row->time, row->count));
	}
	text_say(text, "\n]}\n");
}

static bool read_options(struct exits *exits, int argc, char **argv)
{
	static const struct option options[] = {{"duration", required_argument, NULL, 'd'},
		{"step", required_argument, NULL, 'i'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "d:i:jh", options, NULL)) != -1) {
		if (option == 'd')
			exits->duration = seconds_argument("-d", optarg);
		else if (option == 'i')
			exits->step = seconds_argument("-i", optarg);
		else if (option == 'j')
			exits->json = true;
		else if (option == 'h')
			return fputs(usage, stdout), false;
		else
			exit(USAGE);
	}
	if (optind < argc)
		exits->guest = argv[optind++];
	if (optind < argc)
		bad_use("one guest, or all: \"%s\"", argv[optind]);
	return true;
}

int command_exits(int argc, char **argv)
{
	struct exits exits = {.duration = 5, .step = 0.5};
	struct text text = {0};

	if (!read_options(&exits, argc, argv))
		return DONE;
	if (exits.step > exits.duration)
		exits.step = exits.duration;
	struct monitor monitor = monitor_open(exits.step);

	if (exits.guest && !find_guest(monitor.now, exits.guest))
		die("there is no guest \"%s\"", exits.guest);
	stop_on_signals(); /* ^C ends the watch, not the report */
	while (exits.elapsed < exits.duration - exits.step / 2 && monitor_next(&monitor))
		add_step(&exits, &monitor);
	if (stopped) {
		monitor_read(&monitor);
		add_step(&exits, &monitor);
	}
	for (unsigned i = 0; i < HVSTAT_CLASSES; i++)
		exits.order[i] = i;
	sorting = &exits;
	qsort(exits.order, HVSTAT_CLASSES, sizeof(exits.order[0]), by_time);
	if (exits.json)
		print_json(&exits, &text);
	else
		print_text(&exits, &text);
	write_out(&text);
	text_free(&text);
	monitor_close(&monitor);
	return DONE;
}
