/* SPDX-License-Identifier: BSD-2-Clause */
/* hvstat counters: the counters there are. Needs no hypervisor; with one it says which it has. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/paths.h"
#include "hvstat/program.h"

static const char usage[] =
	"usage: hvstat counters [--json] [PATTERN]\n\n"
	"Lists the counters whose path, Windows name or Linux name has PATTERN in it, or is what\n"
	"PATTERN with * and ? means. Instances: hvstat get -qx.\n\n"
	"  -j, --json    an array of objects\n";

static const char *const kinds[] = {
	[HVSTAT_PERCENT] = "%",
	[HVSTAT_RATE] = "1/s",
	[HVSTAT_VALUE] = "value",
	[HVSTAT_COST] = "ns",
	[HVSTAT_DERIVED] = "derived",
};
static const char *const origins[] = {
	[HVSTAT_WINDOWS] = "Windows Server 23H2",
	[HVSTAT_SERVER2025] = "Windows Server 2025",
	[HVSTAT_OURS] = "hvstat",
};

static const char *linux_name(const struct hvstat_windows *counter)
{
	size_t count;
	const struct hvstat_counter *counters = hvstat_counters(counter->object, &count);

	for (size_t i = 0; counter->kind != HVSTAT_DERIVED && i < count; i++)
		if (counters[i].slot == counter->slot)
			return counters[i].name;
	return "";
}

static bool wanted(const char *pattern, const char *path, const struct hvstat_windows *counter)
{
	char around[512];

	snprintf(around, sizeof(around), strpbrk(pattern, "*?") ? "%s" : "*%s*", pattern);
	return matches(around, path) || matches(around, counter->name) ||
	       matches(around, linux_name(counter));
}

struct list {
	struct text text;
	const char *pattern;
	bool json;
	size_t count;
	const struct hvstat_sample *sample; /* NULL: no driver */
};

static void say_json(struct list *list, const struct hvstat_set_facts *set, const char *path,
	const struct hvstat_windows *counter)
{
	char wmi[HVSTAT_WMI_NAME];

	hvstat_wmi_name(counter->name, wmi);
	text_say(&list->text, list->count ? ",\n" : "[\n");
	text_say(&list->text, "{\"path\":");
	text_json(&list->text, path);
	text_printf(&list->text,
		",\"set\":\"%s\",\"counter\":\"%s\",\"wmi\":\"%s\",\"linux\":\"%s\",\"unit\":\"%"
		"s\",",
		set->name, counter->name, wmi, linux_name(counter), kinds[counter->kind]);
	text_printf(&list->text, "\"named_by\":\"%s\",\"meaning\":", origins[counter->origin]);
	text_json(&list->text, counter->meaning);
	if (list->sample && counter->kind != HVSTAT_DERIVED)
		text_printf(&list->text, ",\"present\":%s",
			hvstat_present(list->sample, counter->object, counter->slot) ? "true"
										     : "false");
	text_say(&list->text, "}");
}

static void say(struct list *list, enum hvstat_set set, const struct hvstat_windows *counter)
{
	char path[256];
	const struct hvstat_set_facts *facts = &hvstat_sets[set];

	snprintf(path, sizeof(path), "\\%s%s\\%s", facts->name, facts->instances ? "(*)" : "",
		counter->name);
	if (!wanted(list->pattern, path, counter))
		return;
	if (list->json)
		say_json(list, facts, path, counter);
	else
		text_printf(&list->text, "%s\n    %s%s%s%s%s\n", path, linux_name(counter),
			*linux_name(counter) ? ": " : "", counter->meaning,
			counter->kind == HVSTAT_COST ? ", in ns for each" : "",
			counter->origin == HVSTAT_OURS ? " (not in Windows)" : "");
	list->count++;
}

static void say_all(struct list *list)
{
	for (unsigned set = 0; set < HVSTAT_SETS; set++) {
		size_t count;
		const struct hvstat_windows *counters =
			hvstat_windows_counters(hvstat_sets[set].object, &count);

		for (size_t i = 0; i < count; i++)
			say(list, set, &counters[i]);
	}
	if (list->json)
		text_say(&list->text, list->count ? "\n]\n" : "[]\n");
}

int command_counters(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct list list = {.pattern = ""};
	char error[HVSTAT_ERROR];
	struct hvstat_sample *sample = hvstat_sample_new();
	struct hvstat *stat = hvstat_open(&common_options, error);
	int option;

	while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return DONE;
		}
		if (option != 'j')
			return USAGE;
		list.json = true;
	}
	if (optind < argc)
		list.pattern = argv[optind++];
	if (optind < argc)
		bad_use("one pattern is enough: \"%s\"", argv[optind]);
	if (sample && stat && hvstat_read(stat, sample, error))
		list.sample = sample;
	say_all(&list);
	write_out(&list.text);
	text_free(&list.text);
	hvstat_close(stat);
	hvstat_sample_free(sample);
	return list.count ? DONE : FAILED;
}
