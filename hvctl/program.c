/* SPDX-License-Identifier: BSD-2-Clause */
/* Which command it is. */
#include "hvctl/hvctl.h"
#include <string.h>

static const char help[] =
	"hvctl sets how the hypervisor schedules its guests.\n"
	"\n"
	"  hvctl list                     guests and what is set for them\n"
	"  hvctl show GUEST               the same of one, and the LPs of its VPs\n"
	"  hvctl set GUEST [weight=N] [reserve=N%] [limit=N%]\n"
	"      weight from 1 to 10000 (100); reserve and limit are of one LP for each VP\n"
	"  hvctl affinity GUEST:VP LPS    where a VP may run: 0,2-3 or all\n"
	"  hvctl group list\n"
	"  hvctl group create ID | delete ID\n"
	"  hvctl group cap ID N%|none     of an LP for all members together; 150% is one and a "
	"half\n"
	"  hvctl group assign GUEST ID|none\n"
	"\n"
	"GUEST is the name QEMU was given (-name) or the number of the partition.\n"
	"\n"
	"  --json     list, show and group list in JSON\n"
	"  --version\n"
	"  --help\n";

static const struct {
	const char *name;
	int (*run)(const struct machine *machine, int count, char **words);
} commands[] = {
	{"list", command_list},
	{"show", command_show},
	{"set", command_set},
	{"affinity", command_affinity},
	{"group", command_group},
};

/* Takes the options out of the words, wherever they stand. */
static int options(struct machine *machine, int *count, char **words, bool *done)
{
	int kept = 0;

	for (int i = 0; i < *count; i++) {
		if (!strcmp(words[i], "--json")) {
			machine->json = true;
		} else if (!strcmp(words[i], "--help") || !strcmp(words[i], "-h")) {
			fputs(help, machine->out);
			*done = true;
		} else if (!strcmp(words[i], "--version")) {
			fprintf(machine->out, "hvctl %s\n", HVCTL_VERSION);
			*done = true;
		} else if (words[i][0] == '-') {
			return misused("there is no option %s", words[i]);
		} else {
			words[kept++] = words[i];
		}
	}
	*count = kept;
	return 0;
}

int hvctl(struct machine *machine, int count, char **words)
{
	bool done = false;
	int status = options(machine, &count, words, &done);

	if (status || done)
		return status;
	if (!count)
		return misused("what is to be done? hvctl --help");
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(words[0], commands[i].name))
			return commands[i].run(machine, count - 1, words + 1);
	return misused("there is no command %s: hvctl --help", words[0]);
}
