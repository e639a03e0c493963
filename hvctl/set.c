/* SPDX-License-Identifier: BSD-2-Clause */
/* hvctl set, hvctl affinity. */
#include "hvctl/hvctl.h"
#include "abi/hv_property.h"

/* What is given changes what is set already; the rest stays. */
static int merge(int count, char **words, struct settings *settings)
{
	char reserve[16], limit[16];
	unsigned given = 0;

	for (int i = 0; i < count; i++) {
		int status = parse_setting(words[i], settings, &given);

		if (status)
			return status;
	}
	if (settings->reserve <= settings->limit)
		return 0;
	print_share(settings->reserve, reserve);
	print_share(settings->limit, limit);
	return failed("reserve=%s is above limit=%s", reserve, limit);
}

int command_set(const struct machine *machine, int count, char **words)
{
	struct settings settings = {0, 0, WHOLE_LP};
	const struct guest *guest;
	struct guests guests;
	unsigned given = 0;
	int status;

	if (count < 2)
		return misused("set which guest, and what? weight=N reserve=N%% limit=N%%");
	/* What is no setting at all is told even where there is no guest. */
	for (int i = 1; i < count; i++) {
		status = parse_setting(words[i], &settings, &given);
		if (status)
			return status;
	}
	status = guest_open(machine, words[0], &guests, &guest);
	if (!status)
		status = settings_get(machine, guest->file, &settings);
	if (!status)
		status = merge(count - 1, words + 1, &settings);
	if (!status)
		status = settings_set(machine, guest, &settings);
	guests_close(&guests);
	return status;
}

static int set_affinity(
	const struct machine *machine, const struct guest *guest, uint32_t vp, const char *word)
{
	uint32_t code = HV_PARTITION_PROPERTY_TRIVIUM_VP_AFFINITY_SET + vp;
	uint64_t capacity = 0, now, set;
	int status = get(machine, guest->file, HV_PARTITION_PROPERTY_TRIVIUM_CPU_CAPACITY,
		"the number of LPs", &capacity);
	unsigned lps = (unsigned)(capacity / WHOLE_LP);

	if (status)
		return status;
	if (!parse_lps(word, lps, &set))
		return failed(
			"LPs are from 0 to %u, such as 0,2-3, or all; not \"%s\"", lps - 1, word);
	status = property_get(machine, guest->file, code, &now);
	if (status)
		return failed(
			"guest %s has no VP %u", *guest->name ? guest->name : "of that number", vp);
	status = property_set(machine, guest->file, code, set);
	return status ? refused(status, "that set of LPs") : 0;
}

int command_affinity(const struct machine *machine, int count, char **words)
{
	char name[NAME_MAX_LENGTH];
	const struct guest *guest;
	struct guests guests;
	uint32_t vp;
	int status;

	if (count != 2)
		return misused("affinity needs GUEST:VP and LPs, such as 0,2-3 or all");
	if (!parse_guest_vp(words[0], name, &vp))
		return misused("\"%s\" is not GUEST:VP", words[0]);
	status = guest_open(machine, name, &guests, &guest);
	if (!status)
		status = set_affinity(machine, guest, vp, words[1]);
	guests_close(&guests);
	return status;
}
