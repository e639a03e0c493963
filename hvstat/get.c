/* SPDX-License-Identifier: BSD-2-Clause */
/* hvstat get: values of counters as Windows' typeperf would print them. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvstat/paths.h"
#include "hvstat/program.h"

static const char usage[] =
	"usage: hvstat get [OPTIONS] PATH...          values, an interval after the other\n"
	"       hvstat get -q [SET] | -qx [SET]       the paths there are; -qx with instances\n\n"
	"A path is \\\\host\\Set(Instance)\\Counter; the host may be left out, * and ? stand for\n"
	"anything, an instance left out is each. hvstat counters lists them.\n\n"
	"  -si TIME     between two samples: seconds or [[hh:]mm:]ss (default 1)\n"
	"  -sc COUNT    samples (default: until ^C)\n"
	"  -f FORMAT    csv (PDH-CSV, the default), tsv, or json: an object a line\n"
	"  -o FILE      into FILE, which must not exist unless -y is given\n"
	"  -y           yes to all questions: overwrite FILE\n"
	"  -cf FILE     paths from FILE, one a line; - is standard input\n";

enum format { CSV, TSV, JSON };

struct get {
	struct queries queries;
	enum format format;
	double interval;
	unsigned long samples; /* 0: for ever */
	const char *output;
	bool yes, list, instances;
	FILE *to;
};

/* ---- What it prints ---- */

static void put(struct get *get, struct text *text)
{
	if (text->failed)
		die("out of memory");
	if (fwrite(text->data, 1, text->length, get->to) != text->length || fflush(get->to))
		die("cannot write: %s", strerror(errno));
	text_free(text);
}

/* A quote in a CSV field is doubled. */
static void quoted(struct text *text, const struct text *field)
{
	text_say(text, "\"");
	for (size_t i = 0; i < field->length; i++)
		text_add(text, field->data[i] == '"' ? "\"\"" : &field->data[i],
			field->data[i] == '"' ? 2 : 1);
	text_say(text, "\"");
}

/* relog and logman write the time zone's name and its distance to UTC in minutes. */
static void header(struct get *get, const struct hvstat_sample *sample)
{
	struct text text = {0};
	struct tm local;

	if (get->format == JSON)
		return;
	localtime_r(&sample->when.tv_sec, &local);
	text_printf(&text, "\"(PDH-%cSV 4.0) (%s)(%ld)\"", get->format == CSV ? 'C' : 'T',
		local.tm_zone, -local.tm_gmtoff / 60);
	for (size_t i = 0; i < get->queries.count; i++) {
		struct text path = {0};

		path_of(&path, sample, &get->queries.list[i]);
		text_say(&text, get->format == CSV ? "," : "\t");
		quoted(&text, &path);
		text_free(&path);
	}
	text_say(&text, "\r\n");
	put(get, &text);
}

static bool value_of(
	const struct get *get, size_t query, const struct monitor *monitor, double *value)
{
	const struct query *what = &get->queries.list[query];

	return hvstat_windows_value(
		what->counter, &what->instance, monitor->before, monitor->now, value);
}

static void pdh_row(struct get *get, const struct monitor *monitor)
{
	struct text text = {0};
	struct tm local;
	char date[64];

	localtime_r(&monitor->now->when.tv_sec, &local);
	strftime(date, sizeof(date), "%m/%d/%Y %H:%M:%S", &local);
	text_printf(&text, "\"%s.%03ld\"", date, monitor->now->when.tv_nsec / 1000000);
	for (size_t i = 0; i < get->queries.count; i++) {
		double value;

		text_say(&text, get->format == CSV ? "," : "\t");
		if (value_of(get, i, monitor, &value))
			text_printf(&text, "\"%.6f\"", value);
		else
			text_say(&text, "\" \"");
	}
	text_say(&text, "\r\n");
	put(get, &text);
}

static void json_row(struct get *get, const struct monitor *monitor)
{
	struct text text = {0};
	struct tm utc;
	char date[64];

	gmtime_r(&monitor->now->when.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	text_printf(&text, "{\"time\":\"%s.%03ldZ\",\"values\":{", date,
		monitor->now->when.tv_nsec / 1000000);
	for (size_t i = 0; i < get->queries.count; i++) {
		struct text path = {0};
		double value;

		path_of(&path, monitor->now, &get->queries.list[i]);
		text_say(&text, i ? "," : "");
		text_json(&text, path.data ? path.data : "");
		text_say(&text, ":");
		if (value_of(get, i, monitor, &value))
			text_json_number(&text, value);
		else
			text_say(&text, "null");
		text_free(&path);
	}
	text_say(&text, "}}\n");
	put(get, &text);
}

static void open_output(struct get *get)
{
	get->to = stdout;
	if (!get->output)
		return;
	if (!get->yes && !access(get->output, F_OK))
		die("%s exists; -y overwrites it", get->output);
	get->to = fopen(get->output, "w");
	if (!get->to)
		die("%s: %s", get->output, strerror(errno));
}

static int values(struct get *get, struct monitor *monitor)
{
	open_output(get);
	stop_on_signals();
	header(get, monitor->now);
	for (unsigned long i = 0; (!get->samples || i < get->samples) && monitor_next(monitor);
		i++) {
		if (get->format == JSON)
			json_row(get, monitor);
		else
			pdh_row(get, monitor);
	}
	if (fclose(get->to))
		die("cannot write: %s", strerror(errno));
	return DONE;
}

/* ---- -q and -qx ---- */

static int list(struct get *get, const struct hvstat_sample *sample, const char *set)
{
	char path[512], error[HVSTAT_ERROR];
	struct text text = {0};

	snprintf(path, sizeof(path), "\\%s(%s)\\*", set ? set : "*",
		get->instances ? "*" : "_Total");
	if (queries_add(&get->queries, sample, path, error) < 0)
		die("%s", error);
	if (!get->queries.count)
		die("there is no counter set \"%s\"", set);
	for (size_t i = 0; i < get->queries.count; i++) {
		const struct query *query = &get->queries.list[i];
		const struct hvstat_set_facts *facts = &hvstat_sets[query->instance.set];

		if (get->instances)
			path_of(&text, sample, query);
		else
			text_printf(&text, "\\%s%s\\%s", facts->name, facts->instances ? "(*)" : "",
				query->counter->name);
		text_say(&text, "\n");
	}
	get->to = stdout;
	put(get, &text);
	return DONE;
}

/* ---- Arguments ---- */

static void add_path(struct get *get, const struct hvstat_sample *sample, const char *path)
{
	char error[HVSTAT_ERROR];
	long added = queries_add(&get->queries, sample, path, error);

	if (added < 0)
		bad_use("%s", error);
	if (!added)
		die("there is no counter %s", path);
}

static void paths_from(struct get *get, const struct hvstat_sample *sample, const char *name)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "r") : stdin;
	char line[1024];

	if (!file)
		die("%s: %s", name, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = 0;
		if (*line)
			add_path(get, sample, line);
	}
	if (file != stdin)
		fclose(file);
}

static enum format format_of(const char *name)
{
	static const char *const names[] = {[CSV] = "csv", [TSV] = "tsv", [JSON] = "json"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcasecmp(name, names[i]))
			return i;
	bad_use("there is no format \"%s\": csv, tsv or json", name);
}

/* Reads the options; false if the command is done. */
static bool read_options(struct get *get, int argc, char **argv, const char **file)
{
	static const struct option options[] = {{"si", required_argument, NULL, 'i'},
		{"sc", required_argument, NULL, 'c'}, {"f", required_argument, NULL, 'f'},
		{"o", required_argument, NULL, 'o'}, {"y", no_argument, NULL, 'y'},
		{"cf", required_argument, NULL, 'p'}, {"q", no_argument, NULL, 'q'},
		{"qx", no_argument, NULL, 'x'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
		if (option == 'i')
			get->interval = seconds_argument("-si", optarg);
		else if (option == 'c')
			get->samples = number_argument("-sc", optarg, 1, 1000000000);
		else if (option == 'f')
			get->format = format_of(optarg);
		else if (option == 'o')
			get->output = optarg;
		else if (option == 'y')
			get->yes = true;
		else if (option == 'p')
			*file = optarg;
		else if (option == 'q' || option == 'x')
			get->list = true, get->instances |= option == 'x';
		else if (option == 'h')
			return fputs(usage, stdout), false;
		else
			exit(USAGE);
	}
	return true;
}

int command_get(int argc, char **argv)
{
	struct get get = {.interval = 1};
	const char *file = NULL;
	int result;

	if (!read_options(&get, argc, argv, &file))
		return DONE;
	if (!get.list && !file && optind >= argc)
		bad_use("which counters? for example '\\Hyper-V Hypervisor Logical "
			"Processor(_Total)\\%% Guest Run Time'");
	struct monitor monitor = monitor_open(get.interval);

	if (get.list) {
		result = list(&get, monitor.now, optind < argc ? argv[optind] : NULL);
	} else {
		if (file)
			paths_from(&get, monitor.now, file);
		while (optind < argc)
			add_path(&get, monitor.now, argv[optind++]);
		result = values(&get, &monitor);
	}
	queries_free(&get.queries);
	monitor_close(&monitor);
	return result;
}
