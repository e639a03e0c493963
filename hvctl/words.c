/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the command line, and numbers as people read them. */
#include "hvctl/hvctl.h"
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
	uint64_t sum = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++) {
		sum = sum * 10 + (uint64_t)(*text - '0');
		if (sum > most)
			return false;
	}
	*number = sum;
	return !*text;
}

/* ---- Shares ---- */

#define DECIMALS 1000000u /* as many as are looked at, one at a time */

bool parse_share(const char *text, uint64_t most, uint32_t *share)
{
	uint64_t whole = 0, part = 0, parts;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++) {
		whole = whole * 10 + (uint64_t)(*text - '0');
		if (whole > 100000)
			return false;
	}
	if (*text == '.')
		for (uint32_t unit = DECIMALS / 10; isdigit((unsigned char)*++text); unit /= 10)
			part += unit * (uint64_t)(*text - '0');
	if (strcmp(text, "%") && *text)
		return false;
	parts = (whole * DECIMALS + part) * WHOLE_LP;
	parts = (parts + 50 * DECIMALS) / (100 * (uint64_t)DECIMALS);
	*share = (uint32_t)parts;
	return parts <= most;
}

/* As few decimals as tell it from its neighbours. */
void print_share(uint32_t share, char text[16])
{
	if (share == NO_CAP) {
		strcpy(text, "none");
		return;
	}
	for (int decimals = 0; decimals <= 4; decimals++) {
		uint32_t again;

		snprintf(text, 16, "%.*f%%", decimals, 100.0 * share / WHOLE_LP);
		if (parse_share(text, UINT32_MAX, &again) && again == share)
			return;
	}
}

/* ---- Sets of LPs ---- */

static bool parse_range(const char *text, unsigned count, uint64_t *set)
{
	char first[8] = "";
	size_t length = strcspn(text, "-");
	uint64_t from, to;

	if (length >= sizeof(first))
		return false;
	memcpy(first, text, length);
	if (!parse_number(first, count - 1, &from))
		return false;
	to = from;
	if (text[length] && !parse_number(text + length + 1, count - 1, &to))
		return false;
	for (uint64_t lp = from; lp <= to; lp++)
		*set |= 1ull << lp;
	return from <= to;
}

bool parse_lps(const char *text, unsigned count, uint64_t *set)
{
	uint64_t found = 0;
	char range[32];
	bool more = true;

	*set = count < 64 ? (1ull << count) - 1 : ~0ull;
	if (!strcmp(text, "all"))
		return true;
	for (; more; text++) {
		size_t length = strcspn(text, ",");

		if (length >= sizeof(range))
			return false;
		memcpy(range, text, length);
		range[length] = 0;
		if (!parse_range(range, count, &found))
			return false;
		text += length;
		more = *text;
	}
	*set = found;
	return true;
}

void print_lps(uint64_t set, char text[256])
{
	size_t length = 0;

	*text = 0;
	for (unsigned lp = 0; lp < 64; lp++) {
		unsigned last = lp;

		if (!(set >> lp & 1))
			continue;
		while (last < 63 && set >> (last + 1) & 1)
			last++;
		length += (size_t)snprintf(text + length, 256 - length,
			last > lp ? "%s%u-%u" : "%s%u", length ? "," : "", lp, last);
		lp = last;
	}
}

/* ---- Others ---- */

bool parse_guest_vp(const char *text, char guest[NAME_MAX_LENGTH], uint32_t *vp)
{
	const char *colon = strrchr(text, ':');
	uint64_t number;

	if (!colon || colon == text || (size_t)(colon - text) >= NAME_MAX_LENGTH)
		return false;
	if (!parse_number(colon + 1, MAX_VPS - 1, &number))
		return false;
	memcpy(guest, text, (size_t)(colon - text));
	guest[colon - text] = 0;
	*vp = (uint32_t)number;
	return true;
}

int parse_setting(const char *text, struct settings *settings, unsigned *given)
{
	const char *value = strchr(text, '=');
	size_t length = value ? (size_t)(value - text) : 0;
	uint64_t weight = 0;

	if (!value)
		return misused("\"%s\" is no setting: weight=N, reserve=N%% or limit=N%%", text);
	value++;
	if (length == 6 && !strncmp(text, "weight", length)) {
		if (!parse_number(value, 10000, &weight) || !weight)
			return misused("weight is from 1 to 10000, not \"%s\"", value);
		settings->weight = (uint32_t)weight;
		*given |= GIVEN_WEIGHT;
	} else if (length == 7 && !strncmp(text, "reserve", length)) {
		if (!parse_share(value, WHOLE_LP, &settings->reserve))
			return misused("reserve is from 0%% to 100%%, not \"%s\"", value);
		*given |= GIVEN_RESERVE;
	} else if (length == 5 && !strncmp(text, "limit", length)) {
		if (!parse_share(value, WHOLE_LP, &settings->limit))
			return misused("limit is from 0%% to 100%%, not \"%s\"", value);
		*given |= GIVEN_LIMIT;
	} else {
		return misused(
			"there is no setting %.*s: weight, reserve, limit", (int)length, text);
	}
	return 0;
}

void print_json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}
