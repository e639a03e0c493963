/* SPDX-License-Identifier: BSD-2-Clause */
/* hvctl list, hvctl show. */
#include "hvctl/hvctl.h"
#include "abi/hv_property.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* All that can be said about a guest's scheduling. */
struct facts {
	struct settings settings;
	uint32_t group; /* 0: none */
	unsigned vps;
	uint64_t lps[MAX_VPS]; /* of VPs that there are; an empty set is of none */
};

static int learn(const struct machine *machine, const struct guest *guest, struct facts *facts)
{
	int status = settings_get(machine, guest->file, &facts->settings);
	uint64_t group = 0;

	memset(facts->lps, 0, sizeof(facts->lps));
	facts->vps = 0;
	if (!status)
		status = get(
			machine, guest->file, HV_PARTITION_PROPERTY_CPU_GROUP_ID, "groups", &group);
	facts->group = (uint32_t)group;
	for (uint32_t vp = 0; !status && vp < MAX_VPS; vp++) {
		/* There is no such VP, otherwise. */
		if (property_get(machine, guest->file,
			    HV_PARTITION_PROPERTY_TRIVIUM_VP_AFFINITY_SET + vp, &facts->lps[vp]))
			facts->lps[vp] = 0;
		else
			facts->vps++;
	}
	return status;
}

static void print_group(uint32_t group, char text[16])
{
	if (group)
		snprintf(text, 16, "%u", group);
	else
		strcpy(text, "none");
}

static void print_json(const struct machine *machine, const struct guest *guest,
	const struct facts *facts, bool with_vps)
{
	const char *comma = "";
	char lps[256];

	fprintf(machine->out, "{\"partition\":%" PRIu64 ",\"name\":", guest->id);
	print_json_string(machine->out, guest->name);
	fprintf(machine->out,
		",\"process\":%d,\"vps\":%u,\"weight\":%u,\"reserve\":%.10g,\"limit\":%.10g,"
		"\"group\":%u",
		(int)guest->process, facts->vps, facts->settings.weight,
		100.0 * facts->settings.reserve / WHOLE_LP,
		100.0 * facts->settings.limit / WHOLE_LP, facts->group);
	if (with_vps)
		fputs(",\"affinity\":{", machine->out);
	for (uint32_t vp = 0; with_vps && vp < MAX_VPS; vp++) {
		if (!facts->lps[vp])
			continue;
		print_lps(facts->lps[vp], lps);
		fprintf(machine->out, "%s\"%u\":\"%s\"", comma, vp, lps);
		comma = ",";
	}
	fputs(with_vps ? "}}" : "}", machine->out);
}

static void print_line(
	const struct machine *machine, const struct guest *guest, const struct facts *facts)
{
	char reserve[16], limit[16], group[16];

	print_share(facts->settings.reserve, reserve);
	print_share(facts->settings.limit, limit);
	print_group(facts->group, group);
	fprintf(machine->out, "%9" PRIu64 " %8d %4u %7u %8s %8s %10s  %s\n", guest->id,
		(int)guest->process, facts->vps, facts->settings.weight, reserve, limit, group,
		*guest->name ? guest->name : "-");
}

static int list(const struct machine *machine, const struct guests *guests)
{
	struct facts *facts = malloc(sizeof(*facts));
	int status = facts ? 0 : failed("out of memory");

	fputs(machine->json
			? "["
			: "PARTITION  PROCESS  VPS  WEIGHT  RESERVE    LIMIT      GROUP  NAME\n",
		machine->out);
	for (unsigned i = 0; !status && i < guests->count; i++) {
		status = learn(machine, &guests->list[i], facts);
		if (status)
			break;
		if (!machine->json)
			print_line(machine, &guests->list[i], facts);
		if (machine->json && i)
			fputs(",\n", machine->out);
		if (machine->json)
			print_json(machine, &guests->list[i], facts, false);
	}
	if (machine->json)
		fputs("]\n", machine->out);
	free(facts);
	return status;
}

int command_list(const struct machine *machine, int count, char **words)
{
	struct guests guests;
	int status;

	if (count)
		return misused("list has no use for \"%s\"", words[0]);
	status = guests_open(machine, &guests);
	if (!status)
		status = list(machine, &guests);
	guests_close(&guests);
	return status;
}

static void show(
	const struct machine *machine, const struct guest *guest, const struct facts *facts)
{
	char reserve[16], limit[16], group[16], lps[256];

	print_share(facts->settings.reserve, reserve);
	print_share(facts->settings.limit, limit);
	print_group(facts->group, group);
	fprintf(machine->out, "partition %" PRIu64 "\nname      %s\nprocess   %d\n", guest->id,
		*guest->name ? guest->name : "-", (int)guest->process);
	fprintf(machine->out, "weight    %u\nreserve   %s of an LP for each VP\n",
		facts->settings.weight, reserve);
	fprintf(machine->out, "limit     %s of an LP for each VP\ngroup     %s\n", limit, group);
	for (uint32_t vp = 0; vp < MAX_VPS; vp++) {
		if (!facts->lps[vp])
			continue;
		print_lps(facts->lps[vp], lps);
		fprintf(machine->out, "VP %-6u LPs %s\n", vp, lps);
	}
}

int command_show(const struct machine *machine, int count, char **words)
{
	struct facts *facts = malloc(sizeof(*facts));
	const struct guest *guest;
	struct guests guests = {0};
	int status;

	if (!facts)
		return failed("out of memory");
	status = count == 1 ? guest_open(machine, words[0], &guests, &guest)
			    : misused("show which guest?");
	if (!status)
		status = learn(machine, guest, facts);
	if (!status && machine->json)
		print_json(machine, guest, facts, true);
	if (!status && machine->json)
		fputs("\n", machine->out);
	if (!status && !machine->json)
		show(machine, guest, facts);
	guests_close(&guests);
	free(facts);
	return status;
}
