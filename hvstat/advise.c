/* SPDX-License-Identifier: BSD-2-Clause */
/* hvstat advise: watches for a while and says what the rules of thumb say. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "hvstat/advice.h"
#include "hvstat/program.h"

static const char usage[] =
	"usage: hvstat advise [-d SECONDS] [--json]\n\n"
	"Watches the machine and applies rules of thumb to what it saw: over-provisioned and\n"
	"over-committed hosts, under-provisioned guests, limits that hold a guest back, the\n"
	"hypervisor's own share, the intercepts that cost most. Ends with 3 if there is a "
	"warning.\n\n"
	"  -d, --duration SECONDS   watch so long (default 10)\n"
	"  -j, --json               an array of findings\n";

enum { WARNED = 3 };

static const char *const severities[] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
};

static void print(struct text *text, const struct findings *findings, bool json)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		if (!json) {
			text_printf(text, "%-8s%s: %s\n        %s (%s)\n",
				severities[finding->severity], finding->subject, finding->text,
				finding->hint, finding->rule);
			continue;
		}
		text_printf(text,
			"%s\n{\"rule\":\"%s\",\"severity\":\"%s\",\"subject\":", i ? "," : "[",
			finding->rule, severities[finding->severity]);
		text_json(text, finding->subject);
		text_say(text, ",\"finding\":");
		text_json(text, finding->text);
		text_say(text, ",\"hint\":");
		text_json(text, finding->hint);
		text_say(text, "}");
	}
	if (json)
		text_say(text, findings->count ? "\n]\n" : "[]\n");
	else if (!findings->count)
		text_say(text, "Nothing to say: nothing happened.\n");
}

/* monitor_next() writes over the older of its two samples: the first one is taken away from it. */
static void watch(struct findings *findings, double seconds)
{
	struct monitor monitor = monitor_open(seconds / 2);
	struct hvstat_sample *begin = NULL;

	if (monitor_next(&monitor)) {
		begin = monitor.before;
		monitor.before = hvstat_sample_new();
		if (!monitor.before)
			die("out of memory");
		if (monitor_next(&monitor))
			advise(findings, begin, monitor.before, monitor.now);
	}
	hvstat_sample_free(begin);
	monitor_close(&monitor);
}

int command_advise(int argc, char **argv)
{
	static const struct option options[] = {{"duration", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	static struct findings findings;
	double seconds = 10;
	bool json = false;
	struct text text = {0};
	int option, result = DONE;

	while ((option = getopt_long(argc, argv, "d:jh", options, NULL)) != -1) {
		if (option == 'd')
			seconds = seconds_argument("-d", optarg);
		else if (option == 'j')
			json = true;
		else if (option == 'h')
			return fputs(usage, stdout), DONE;
		else
			return USAGE;
	}
	if (optind < argc)
		bad_use("advise takes no argument \"%s\"", argv[optind]);
	stop_on_signals();
	watch(&findings, seconds);
	if (stopped)
		return FAILED;
	print(&text, &findings, json);
	write_out(&text);
	text_free(&text);
	for (size_t i = 0; i < findings.count; i++)
		if (findings.list[i].severity == SEVERITY_WARNING)
			result = WARNED;
	return result;
}
