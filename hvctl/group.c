/* SPDX-License-Identifier: BSD-2-Clause */
/* hvctl group: guests that together use no more than a cap. */
#include "hvctl/hvctl.h"
#include "abi/hv_property.h"
#include "abi/hv_status.h"
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static int parse_id(const char *word, uint64_t *id)
{
	if (parse_number(word, UINT32_MAX, id) && *id)
		return 0;
	return misused("a group is a number from 1 to %u, not \"%s\"", UINT32_MAX, word);
}

static int group_refused(int status, uint64_t id)
{
	char what[64];

	if (status == HV_STATUS_INVALID_CPU_GROUP_ID)
		return failed("there is no group %" PRIu64, id);
	if (status == HV_STATUS_NO_RESOURCES)
		return failed("there are %d groups already, and can be no more", HV_CPU_GROUPS_MAX);
	snprintf(what, sizeof(what), "that for group %" PRIu64, id);
	return refused(status, what);
}

/* ---- What concerns all partitions goes through one of our own, which ends with it ---- */

static int for_all(const struct machine *machine, uint32_t code, uint64_t value, int *answer)
{
	int file, status = partition_open(machine, &file);

	*answer = status ? DRIVER_FAILED : property_set(machine, file, code, value);
	if (file >= 0)
		close(file);
	return *answer == DRIVER_FAILED ? 1 : 0;
}

static int create(const struct machine *machine, int count, char **words)
{
	uint64_t id;
	int answer, status = count == 1 ? parse_id(words[0], &id) : misused("create which group?");

	if (!status)
		status = for_all(
			machine, HV_PARTITION_PROPERTY_TRIVIUM_CREATE_CPU_GROUP, id, &answer);
	if (status || !answer)
		return status;
	if (answer == HV_STATUS_INVALID_CPU_GROUP_STATE)
		return failed("there is a group %" PRIu64 " already", id);
	return group_refused(answer, id);
}

static int delete (const struct machine *machine, int count, char **words)
{
	uint64_t id;
	int answer, status = count == 1 ? parse_id(words[0], &id) : misused("delete which group?");

	if (!status)
		status = for_all(
			machine, HV_PARTITION_PROPERTY_TRIVIUM_DELETE_CPU_GROUP, id, &answer);
	if (status || !answer)
		return status;
	if (answer == HV_STATUS_INVALID_CPU_GROUP_STATE)
		return failed("group %" PRIu64 " has guests", id);
	return group_refused(answer, id);
}

static int lps(const struct machine *machine, unsigned *count)
{
	uint64_t capacity = 0;
	int device, status = device_open(machine, &device);

	if (status)
		return status;
	status = get(machine, device, HV_PARTITION_PROPERTY_TRIVIUM_CPU_CAPACITY,
		"the number of LPs", &capacity);
	close(device);
	*count = (unsigned)(capacity / WHOLE_LP);
	return status;
}

static int cap(const struct machine *machine, int count, char **words)
{
	uint32_t share = NO_CAP;
	unsigned most = 0;
	uint64_t id;
	int answer, status = count == 2 ? parse_id(words[0], &id)
					: misused("group cap needs a group and N%% or none");

	if (!status)
		status = lps(machine, &most);
	if (!status && strcmp(words[1], "none") &&
		!parse_share(words[1], (uint64_t)most * WHOLE_LP, &share))
		status = failed("the cap of a group is from 0%% to %u00%% of an LP, or none; not "
				"\"%s\"",
			most, words[1]);
	if (!status)
		status = for_all(machine, HV_PARTITION_PROPERTY_TRIVIUM_CPU_GROUP_CAP,
			id << 32 | share, &answer);
	if (status || !answer)
		return status;
	return group_refused(answer, id);
}

/* ---- Members ---- */

static int assign(const struct machine *machine, int count, char **words)
{
	const struct guest *guest;
	struct guests guests;
	uint64_t id = 0;
	int answer, status = 0;

	if (count != 2)
		return misused("group assign needs a guest and a group or none");
	if (strcmp(words[1], "none"))
		status = parse_id(words[1], &id);
	if (status)
		return status;
	status = guest_open(machine, words[0], &guests, &guest);
	if (!status) {
		answer = property_set(machine, guest->file, HV_PARTITION_PROPERTY_CPU_GROUP_ID, id);
		status = answer ? group_refused(answer, id) : 0;
	}
	guests_close(&guests);
	return status;
}

static unsigned print_members(
	const struct machine *machine, const struct guests *guests, uint64_t id)
{
	unsigned members = 0;
	uint64_t group;

	for (unsigned i = 0; i < guests->count; i++) {
		const struct guest *guest = &guests->list[i];

		if (property_get(
			    machine, guest->file, HV_PARTITION_PROPERTY_CPU_GROUP_ID, &group) ||
			group != id)
			continue;
		fputs(members++ ? "," : "", machine->out);
		if (machine->json)
			fprintf(machine->out, "%" PRIu64, guest->id);
		else if (*guest->name)
			fprintf(machine->out, " %s", guest->name);
		else
			fprintf(machine->out, " %" PRIu64, guest->id);
	}
	return members;
}

static void print(const struct machine *machine, const struct guests *guests, uint64_t id,
	uint32_t share, bool first)
{
	char text[16];

	print_share(share, text);
	if (!machine->json) {
		fprintf(machine->out, "%10" PRIu64 " %8s ", id, text);
		if (!print_members(machine, guests, id))
			fputs(" -", machine->out);
		fputs("\n", machine->out);
		return;
	}
	fprintf(machine->out, "%s{\"group\":%" PRIu64 ",\"cap\":", first ? "" : ",\n", id);
	if (share == NO_CAP)
		fputs("null", machine->out);
	else
		fprintf(machine->out, "%.10g", 100.0 * share / WHOLE_LP);
	fputs(",\"partitions\":[", machine->out);
	print_members(machine, guests, id);
	fputs("]}", machine->out);
}

static int list_all(const struct machine *machine, int device, const struct guests *guests)
{
	bool first = true;
	uint64_t value;
	int status = 0;

	fputs(machine->json ? "[" : "     GROUP      CAP  GUESTS\n", machine->out);
	for (uint32_t i = 0; !status && i < HV_CPU_GROUPS_MAX; i++) {
		status = get(machine, device, HV_PARTITION_PROPERTY_TRIVIUM_CPU_GROUPS + i,
			"groups", &value);
		if (status || !value)
			continue;
		print(machine, guests, value >> 32, (uint32_t)value, first);
		first = false;
	}
	if (machine->json)
		fputs("]\n", machine->out);
	return status;
}

static int list(const struct machine *machine, int count, char **words)
{
	struct guests guests;
	int device, status;

	if (count)
		return misused("group list has no use for \"%s\"", words[0]);
	status = device_open(machine, &device);
	if (status)
		return status;
	status = guests_open(machine, &guests);
	if (!status)
		status = list_all(machine, device, &guests);
	guests_close(&guests);
	close(device);
	return status;
}

int command_group(const struct machine *machine, int count, char **words)
{
	static const struct {
		const char *name;
		int (*run)(const struct machine *machine, int count, char **words);
	} commands[] = {
		{"list", list},
		{"create", create},
		{"delete", delete},
		{"cap", cap},
		{"assign", assign},
	};

	if (!count)
		return list(machine, 0, words);
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(words[0], commands[i].name))
			return commands[i].run(machine, count - 1, words + 1);
	return misused("there is no group %s: list, create, delete, cap, assign", words[0]);
}
