/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine's files are tens of megabytes of text a second, so the parser expects what it will
 * find: the lines come in the table's order, and their colons are in one column. Whatever is
 * otherwise costs a search and is right all the same.
 */
#include "hvstat/lib/parse.h"

#include <stdbool.h>
#include <string.h>

struct line {
	const char *at, *end; /* end: of the text, or of the line once that is known */
};

/* The value behind the colon; false if there is something else. The line ends at `*after`. */
static bool number(const char *at, const char *end, uint64_t *value, const char **after)
{
	uint64_t result = 0;
	unsigned digits = 0;

	while (at < end && *at == ' ')
		at++;
	for (; at < end && *at >= '0' && *at <= '9'; at++, digits++) {
		unsigned digit = (unsigned)(*at - '0');

		if (digits >= 19 && (digits > 19 || result > (UINT64_MAX - digit) / 10))
			return false;
		result = result * 10 + digit;
	}
	*value = result;
	*after = at;
	return digits && at < end && *at == '\n';
}

/* Where the colon is: in the last line's column or a few spaces behind the name. NULL: nowhere. */
static const char *colon(struct line line, size_t name, size_t *column)
{
	const char *at = line.at + name;

	if (*column >= name && (size_t)(line.end - line.at) > *column && line.at[*column] == ':' &&
		(*column == name || (*at == ' ' && line.at[*column - 1] == ' ')))
		return line.at + *column;
	while (at < line.end && *at == ' ')
		at++;
	if (at >= line.end || *at != ':')
		return NULL;
	*column = (size_t)(at - line.at);
	return at;
}

static bool begins_with(struct line line, const struct hvstat_counter *counter)
{
	return (size_t)(line.end - line.at) > counter->length &&
	       !memcmp(line.at, counter->name, counter->length) &&
	       (line.at[counter->length] == ' ' || line.at[counter->length] == ':');
}

/* The counter a line out of order is about. */
static const struct hvstat_counter *search(enum hvstat_object object, struct line line)
{
	const char *end = line.at;

	while (end < line.end && *end != ' ' && *end != ':')
		end++;
	return hvstat_counter_named(object, line.at, (size_t)(end - line.at));
}

size_t hvstat_parse(enum hvstat_object object, const char *text, size_t length, uint64_t *counters,
	uint64_t *present)
{
	size_t rows, row = 0, column = 0, found = 0;
	const struct hvstat_counter *table = hvstat_counters(object, &rows);
	struct line line = {text, text + length};

	while (line.at < line.end) {
		const struct hvstat_counter *counter = row < rows ? &table[row] : NULL;
		const char *at = NULL, *after = line.at;
		uint64_t value;

		if (!counter || !begins_with(line, counter))
			counter = search(object, line);
		if (counter)
			at = colon(line, counter->length, &column);
		if (at && number(at + 1, line.end, &value, &after)) {
			counters[counter->slot] = value;
			present[counter->slot / 64] |= 1ull << counter->slot % 64;
			row = (size_t)(counter - table) + 1;
			found++;
		} else {
			after = memchr(line.at, '\n', (size_t)(line.end - line.at));
			if (!after)
				break;
		}
		line.at = after + 1;
	}
	return found;
}
