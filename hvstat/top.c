/* SPDX-License-Identifier: BSD-2-Clause */
/* hvstat top: the command; on a terminal full screen, else lines. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvstat/top.h"

static const char usage[] =
	"usage: hvstat [top] [OPTIONS]\n\n"
	"Live: the machine, its partitions, their VPs, the VPs' intercepts by cost. Percentages "
	"are\n"
	"of one processor. h shows the keys.\n\n"
	"  -d, --delay SECONDS      between two samples (default 1)\n"
	"  -b, --batch              lines instead of a screen, as without a terminal\n"
	"  -n, --iterations COUNT   end after so many samples\n"
	"  -1                       the same as -b -n 1\n"
	"  -j, --json               in batch: an object a line\n"
	"  -o, --sort COLUMN        name, total, guest, hyper, wait, intercepts, interrupts,\n"
	"                           hypercalls\n"
	"  -f, --filter REGEX       partitions whose name fits\n"
	"  -v, --vps                with all VPs\n"
	"  -l, --lps                with each LP\n"
	"  -z, --skip-zero          without what did nothing\n"
	"      --no-colour          as with NO_COLOR in the environment\n";

struct options {
	double delay;
	unsigned long count; /* 0: for ever */
	bool batch, json, colour;
};

static void print_text(struct top *top, struct monitor *monitor)
{
	struct text all = {0}, line = {0};
	unsigned lps = top->lps ? monitor->now->lp_count : 0;

	for (unsigned i = 0; i < TOP_HEAD + lps + 1 + top->count; i++) {
		if (i < TOP_HEAD)
			top_head(&line, i, monitor, 1000);
		else if (i < TOP_HEAD + lps)
			top_lp_line(&line, monitor, i - TOP_HEAD, 1000);
		else if (i == TOP_HEAD + lps)
			top_title(&line, top, 1000);
		else
			top_line(&line, &top->rows[i - TOP_HEAD - lps - 1], 1000);
		text_printf(&all, "%s\n", line.data ? line.data : "");
		text_free(&line);
	}
	text_say(&all, "\n");
	write_out(&all);
	text_free(&all);
}

static void json_use(struct text *text, const struct hvstat_use *use)
{
	text_printf(text,
		"\"vps\":%u,\"run_percent\":%.6g,\"guest_percent\":%.6g,"
		"\"hypervisor_percent\":%.6g,\"wait_per_dispatch_seconds\":%.6g,",
		use->vps, 100 * hvstat_part(use->run, use->elapsed),
		100 * hvstat_part(use->run - use->hypervisor, use->elapsed),
		100 * hvstat_part(use->hypervisor, use->elapsed),
		hvstat_part(use->wait, use->dispatches));
	text_printf(text,
		"\"intercepts_per_second\":%.9g,\"interrupts_per_second\":%.9g,"
		"\"hypercalls_per_second\":%.9g",
		hvstat_part(use->intercepts, use->elapsed),
		hvstat_part(use->interrupts, use->elapsed),
		hvstat_part(use->hypercalls, use->elapsed));
}

static void print_json(struct top *top, struct monitor *monitor)
{
	struct text text = {0};
	struct hvstat_lp_use lps = {0};
	struct hvstat_use machine = {0};
	const struct hvstat_sample *now = monitor->now;

	hvstat_add_lps(&lps, monitor->before, now);
	hvstat_add_machine(&machine, monitor->before, now);
	text_printf(&text,
		"{\"time\":%lld.%03ld,\"lps\":%u,\"lp_percent\":{\"guest\":%.6g,"
		"\"hypervisor\":%.6g,\"idle\":%.6g},\"machine\":{",
		(long long)now->when.tv_sec, now->when.tv_nsec / 1000000, now->lp_count,
		100 * hvstat_part(lps.guest, lps.elapsed),
		100 * hvstat_part(lps.hypervisor, lps.elapsed),
		100 * hvstat_part(lps.idle, lps.elapsed));
	json_use(&text, &machine);
	text_say(&text, "},\"rows\":[");
	for (size_t i = 0; i < top->count; i++) {
		const struct top_row *row = &top->rows[i];

		if (row->key.kind >= 0)
			continue;
		text_printf(&text, "%s{\"partition\":%llu,", i ? "," : "",
			(unsigned long long)row->key.id);
		if (row->key.vp >= 0)
			text_printf(&text, "\"vp\":%lld,", (long long)row->key.vp);
		text_say(&text, "\"name\":");
		text_json(&text, row->name);
		text_say(&text, ",");
		json_use(&text, &row->use);
		text_say(&text, "}");
	}
	text_say(&text, "]}\n");
	write_out(&text);
	text_free(&text);
}

static void batch(struct top *top, struct monitor *monitor, const struct options *options)
{
	stop_on_signals();
	for (unsigned long i = 0; (!options->count || i < options->count) && monitor_next(monitor);
		i++) {
		if (!top_make_rows(top, monitor->before, monitor->now))
			die("out of memory");
		if (options->json)
			print_json(top, monitor);
		else
			print_text(top, monitor);
	}
}

static enum top_sort sort_named(const char *name)
{
	for (unsigned i = 0; i < SORTS; i++)
		if (!strcmp(name, top_sort_names[i]))
			return i;
	bad_use("there is no column \"%s\"", name);
}

static void take_option(struct top *top, struct options *options, int option)
{
	if (option == 'd')
		options->delay = seconds_argument("-d", optarg);
	else if (option == 'n')
		options->count = number_argument("-n", optarg, 1, 1000000000);
	else if (option == 'o')
		top->sort = sort_named(optarg);
	else if (option == 'v')
		top->all_open = true;
	else if (option == 'l')
		top->lps = true;
	else if (option == 'z')
		top->skip_idle = true;
	else if (option == 'C')
		options->colour = false;
	else if (option == 'f' && !top_set_filter(top, optarg))
		bad_use("\"%s\" is not a regular expression", optarg);
	if (option == 'b' || option == 'j' || option == '1')
		options->batch = true;
	if (option == 'j')
		options->json = true;
	if (option == '1')
		options->count = 1;
}

static bool read_options(struct top *top, struct options *options, int argc, char **argv)
{
	static const struct option known[] = {{"delay", required_argument, NULL, 'd'},
		{"batch", no_argument, NULL, 'b'}, {"iterations", required_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'}, {"sort", required_argument, NULL, 'o'},
		{"filter", required_argument, NULL, 'f'}, {"vps", no_argument, NULL, 'v'},
		{"lps", no_argument, NULL, 'l'}, {"skip-zero", no_argument, NULL, 'z'},
		{"no-colour", no_argument, NULL, 'C'}, {"no-color", no_argument, NULL, 'C'},
		{"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "d:bn:jo:f:vlz1h", known, NULL)) != -1) {
		if (option == 'h')
			return fputs(usage, stdout), false;
		if (option == '?')
			exit(USAGE);
		take_option(top, options, option);
	}
	if (optind < argc)
		bad_use("top takes no argument \"%s\"", argv[optind]);
	return true;
}

int command_top(int argc, char **argv)
{
	struct top top = {0};
	struct options options = {.delay = 1, .colour = !getenv("NO_COLOR")};

	if (!read_options(&top, &options, argc, argv))
		return DONE;
	struct monitor monitor = monitor_open(options.delay);

	if (options.batch || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		batch(&top, &monitor, &options);
	else
		top_screen(&top, &monitor, options.colour, options.count);
	top_free(&top);
	monitor_close(&monitor);
	return DONE;
}
