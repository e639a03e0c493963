/* SPDX-License-Identifier: BSD-2-Clause */
/* The performance monitor of the root partition; docs/hvstat.md. */
#include "hvstat/program.h"
#include <string.h>

static const char help[] =
	"hvstat shows what the hypervisor and its guests do.\n"
	"\n"
	"  hvstat [top] [-b] [-n COUNT] [-d SECONDS] [-s COLUMN] [-g NAME] [-v]\n"
	"      who does how much, again and again; h in it for help; -b as plain text,\n"
	"      -s sorted by RUN, HV, WAIT, ..., -g part of the name, -v with VPs\n"
	"  hvstat counters [-a] [-v] [PATTERN]\n"
	"      lists counters; -a also as the kernel names them, -v with their meaning\n"
	"  hvstat get PATH... [-si SECONDS] [-sc COUNT] [-f csv|tsv|json] [-o FILE]\n"
	"      writes counters, for example '\\Hyper-V Hypervisor Virtual Processor(*)\\% *'\n"
	"  hvstat exits [GUEST] [-d SECONDS] [--json]\n"
	"      intercepts by class; GUEST is a name, a partition's number or root\n"
	"  hvstat serve [--listen ADDRESS:PORT]\n"
	"      for Prometheus: http://127.0.0.1:9182/metrics\n"
	"\n"
	"  --root DIR    statistics from DIR instead of " HVSTAT_ROOT "\n"
	"  --names FILE  lines \"ID NAME\": names of partitions\n";

static const struct {
	const char *name;
	int (*run)(const struct options *options, int count, char **words);
} commands[] = {
	{"top", command_top},
	{"counters", command_counters},
	{"get", command_get},
	{"exits", command_exits},
	{"serve", command_serve},
};

/* Takes out what all commands have in common; the rest is what remains of count. */
static int common(struct options *options, int *count, char **words)
{
	char error[512];
	int kept = 0;

	for (int i = 0; i < *count; i++) {
		const char *word, *option = words[i];

		if (strcmp(option, "--root") && strcmp(option, "--names")) {
			words[kept++] = words[i];
			continue;
		}
		word = argument(*count, words, &i);
		if (!word)
			return 2;
		if (!strcmp(option, "--root")) {
			options->root = word;
			continue;
		}
		names_free(options->names);
		options->names = names_load(word, error, sizeof(error));
		if (!options->names)
			return failed("%s", error);
	}
	*count = kept;
	return 0;
}

static int run(const struct options *options, int count, char **words)
{
	const char *command = count ? words[0] : "top";
	bool given = count &&
		     (words[0][0] != '-' || !strcmp(command, "--help") || !strcmp(command, "-h"));

	if (!given)
		return command_top(options, count, words);
	if (!strcmp(command, "--help") || !strcmp(command, "-h") || !strcmp(command, "help")) {
		fputs(help, stdout);
		return 0;
	}
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(command, commands[i].name))
			return commands[i].run(options, count - 1, words + 1);
	return misused("there is no command %s", command);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	int count = argc - 1, status;

	status = common(&options, &count, argv + 1);
	if (!status)
		status = run(&options, count, argv + 1);
	names_free(options.names);
	if (fflush(stdout) && !status)
		status = failed("cannot write");
	return status;
}
