/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvstat: what the hypervisor does, seen from its root partition. One command for each way to look
 * at the counters; libhvstat (hvstat/lib) reads them.
 */
#include <stdio.h>
#include <string.h>

#include "hvstat/program.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *about;
} commands[] = {
	{"top", command_top, "live, full screen: machine, guests, VPs, intercepts (the default)"},
	{"counters", command_counters, "the counters there are, by Windows' and Linux' names"},
	{"get", command_get, "values of counters: typeperf's options, PDH-CSV, TSV or JSON"},
	{"exits", command_exits, "intercepts by class: how many, and what they cost"},
	{"serve", command_serve, "Prometheus' and OpenMetrics' text over HTTP"},
	{"record", command_record, "samples into a file"},
	{"report", command_report, "a recording as a page with plots"},
	{"advise", command_advise, "what the rules of thumb say about this machine"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(void)
{
	printf("usage: hvstat [--root DIR] [--proc DIR] [--no-names] [--no-wake] [COMMAND "
	       "...]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  hvstat %-10s%s\n", commands[i].name, commands[i].about);
	printf("\n"
	       "hvstat COMMAND --help has a command's options, hvstat(1) and hvstat-COMMAND(1) "
	       "all.\n"
	       "--root DIR is where the driver's files are, " HVSTAT_ROOT " if not given.\n"
	       "It needs the root partition of the hypervisor, and its superuser.\n");
	return DONE;
}

/* The options that stand before the command. Returns how many arguments they are. */
static int common(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] == '-'; i++) {
		if (!strcmp(argv[i], "--root") && i + 1 < argc)
			common_options.root = argv[++i];
		else if (!strcmp(argv[i], "--proc") && i + 1 < argc)
			common_options.proc = argv[++i];
		else if (!strcmp(argv[i], "--no-names"))
			common_options.no_names = true;
		else if (!strcmp(argv[i], "--no-wake"))
			common_options.no_wake = true;
		else
			break;
	}
	return i;
}

int main(int argc, char **argv)
{
	int used = common(argc, argv);
	const char *name = used < argc ? argv[used] : "top";

	if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
		return help();
	if (!strcmp(name, "--version")) {
		printf("hvstat " HVSTAT_VERSION "\n");
		return DONE;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - used, argv + used);
	if (*name == '-') /* options of the default command */
		return command_top(argc - used + 1, argv + used - 1);
	bad_use("there is no command \"%s\"", name);
}
