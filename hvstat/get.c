/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands `get` and `counters`, like Windows' typeperf and typeperf -q. */
#include "hvstat/program.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct request {
	const struct options *options;
	const char **paths;
	int path_count;
	double seconds;
	unsigned long turns; /* 0: until interrupted */
	enum format format;
	const char *output;
};

static bool parse_format(const char *text, enum format *format)
{
	static const char *const names[] = {"csv", "tsv", "json"};

	for (unsigned i = 0; i < 3; i++)
		if (matches(names[i], text)) {
			*format = (enum format)i;
			return true;
		}
	return false;
}

/* An option and the word behind it. */
static int parse_option(struct request *request, const char *option, const char *word)
{
	if (!strcmp(option, "-si"))
		return parse_seconds(word, &request->seconds) ? 0
							      : misused("%s is no interval", word);
	if (!strcmp(option, "-sc"))
		return parse_count(word, &request->turns) ? 0 : misused("%s is no count", word);
	if (!strcmp(option, "-f"))
		return parse_format(word, &request->format)
			       ? 0
			       : misused("%s is no format: csv, tsv, json", word);
	if (strcmp(option, "-o"))
		return misused("get has no option %s", option);
	request->output = word;
	return 0;
}

static int parse(struct request *request, int count, char **words)
{
	for (int i = 0; i < count; i++) {
		const char *option = words[i], *word;
		int status;

		if (option[0] != '-') {
			request->paths[request->path_count++] = option;
			continue;
		}
		word = argument(count, words, &i);
		status = word ? parse_option(request, option, word) : 2;
		if (status)
			return status;
	}
	return request->path_count ? 0 : misused("get what? A path like '\\*Processor(*)\\*'");
}

static bool expand(const struct request *request, struct columns *columns,
	const struct hvstat_sample *sample, char *error, size_t size)
{
	columns_free(columns);
	for (int i = 0; i < request->path_count; i++)
		if (!columns_add(columns, request->paths[i], sample, error, size))
			return false;
	return true;
}

/* The columns of a table stay; of JSON they follow the guests that come and go. */
static int loop(const struct request *request, struct hvstat *hvstat, struct columns *columns,
	struct hvstat_sample **before, FILE *file)
{
	struct ticks ticks = {0};
	char error[512];

	if (!expand(request, columns, *before, error, sizeof(error)))
		return failed("%s", error);
	write_head(file, request->format, columns);
	fflush(file);
	for (unsigned long turn = 0; !request->turns || turn < request->turns; turn++) {
		if (!wait_tick(&ticks, request->seconds))
			return 0;
		struct hvstat_sample *after = hvstat_sample(hvstat);

		if (!after)
			return failed("%s", hvstat_error(hvstat));
		if (request->format == FORMAT_JSON)
			expand(request, columns, after, error, sizeof(error));
		write_row(file, request->format, columns, *before, after);
		hvstat_free(*before);
		*before = after;
		if (fflush(file))
			return failed("cannot write: %s", strerror(errno));
	}
	return 0;
}

static int run(const struct request *request)
{
	char error[512];
	struct columns columns;
	struct hvstat *hvstat = hvstat_open(request->options->root, error, sizeof(error));
	struct hvstat_sample *sample = hvstat ? hvstat_sample(hvstat) : NULL;
	FILE *file = NULL;
	int status;

	columns_init(&columns, request->options->names);
	if (sample)
		file = request->output ? fopen(request->output, "w") : stdout;
	if (file)
		status = loop(request, hvstat, &columns, &sample, file);
	else if (sample)
		status = failed("cannot write %s: %s", request->output, strerror(errno));
	else
		status = failed("%s", hvstat ? hvstat_error(hvstat) : error);
	if (file && file != stdout && fclose(file) && !status)
		status = failed("cannot write %s: %s", request->output, strerror(errno));
	columns_free(&columns);
	hvstat_free(sample);
	hvstat_close(hvstat);
	return status;
}

int command_get(const struct options *options, int count, char **words)
{
	struct request request = {.options = options, .seconds = 1};
	int status;

	request.paths = calloc((size_t)count + 1, sizeof(*request.paths));
	if (!request.paths)
		return failed("out of memory");
	status = parse(&request, count, words);
	if (!status) {
		catch_signals();
		status = run(&request);
	}
	free(request.paths);
	return status;
}

/* ---- counters ---- */

static const char *meaning_of(const struct hvstat_metric *metric)
{
	for (unsigned i = 0; i < hvstat_counter_count; i++)
		if (hvstat_counters[i].kind == metric->kind &&
			(int)hvstat_counters[i].index == metric->numerator[0] &&
			!metric->numerator[1])
			return hvstat_counters[i].meaning;
	return "worked out from several counters";
}

/* Without a Windows name, or all. */
static bool listed(const struct hvstat_metric *metric, const struct set *set, bool all)
{
	if (metric->kind != set->kind || !metric->name[0])
		return false;
	if (all || !hvstat_is_raw(metric))
		return true;
	for (unsigned i = 0; i < hvstat_metric_count; i++)
		if (!hvstat_is_raw(&hvstat_metrics[i]) && hvstat_metrics[i].kind == metric->kind &&
			hvstat_metrics[i].numerator[0] == metric->numerator[0] &&
			!hvstat_metrics[i].numerator[1])
			return !hvstat_metrics[i].name[0];
	return true;
}

static unsigned list_set(const struct set *set, const char *pattern, bool all, bool verbose)
{
	const char *instance = set->kind == HVSTAT_HV ? "" : "(*)";
	char path[256], wide[256];
	unsigned found = 0;

	snprintf(wide, sizeof(wide), "*%s*", pattern);
	for (unsigned i = 0; i < hvstat_metric_count; i++) {
		const struct hvstat_metric *metric = &hvstat_metrics[i];

		if (!listed(metric, set, all))
			continue;
		snprintf(path, sizeof(path), "\\%s%s\\%s", set->name, instance, metric->name);
		if (!matches(wide, path))
			continue;
		found++;
		if (verbose)
			printf("%s\t%s\t%s\n", path, metric->property, meaning_of(metric));
		else
			printf("%s\n", path);
	}
	return found;
}

int command_counters(const struct options *options, int count, char **words)
{
	const char *pattern = "*";
	bool all = false, verbose = false;
	unsigned found = 0;

	(void)options;
	for (int i = 0; i < count; i++) {
		if (!strcmp(words[i], "-a"))
			all = true;
		else if (!strcmp(words[i], "-v"))
			verbose = true;
		else if (words[i][0] == '-')
			return misused("counters has no option %s", words[i]);
		else
			pattern = words[i];
	}
	for (unsigned i = 0; i < SETS; i++)
		found += list_set(&sets[i], pattern, all, verbose);
	return found ? 0 : failed("nothing matches %s", pattern);
}
