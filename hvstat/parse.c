/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of a statistics file: lines "Name  : value". Anything may stand there. */
#include "hvstat/hvstat.h"
#include <string.h>

/* The counters of a kind are consecutive in the table. */
static unsigned first_of(enum hvstat_kind kind)
{
	unsigned i = 0;

	while (i < hvstat_counter_count && hvstat_counters[i].kind != kind)
		i++;
	return i;
}

static bool is(const struct hvstat_counter *counter, const char *name, size_t length)
{
	return strlen(counter->name) == length && !memcmp(counter->name, name, length);
}

/* Looks first at *next, as files have the table's order. NULL: not a counter of ours. */
static const struct hvstat_counter *look_up(
	enum hvstat_kind kind, unsigned *next, const char *name, size_t length)
{
	const struct hvstat_counter *table = hvstat_counters;

	if (*next < hvstat_counter_count && is(&table[*next], name, length))
		return &table[(*next)++];
	for (unsigned i = first_of(kind); i < hvstat_counter_count && table[i].kind == kind; i++) {
		if (!is(&table[i], name, length))
			continue;
		*next = i + 1;
		return &table[i];
	}
	return NULL;
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* A decimal number and nothing else; false also if it does not fit. */
static bool number(const char *at, const char *end, uint64_t *value)
{
	if (at == end)
		return false;
	for (*value = 0; at < end && *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*value, 10, value) ||
			__builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
			return false;
	return skip_blanks(at, end) == end;
}

static bool line(struct hvstat_object *object, unsigned *next, const char *at, const char *end)
{
	const char *name = skip_blanks(at, end), *after = name;
	const struct hvstat_counter *counter;
	uint64_t value;

	while (after < end && *after != ' ' && *after != '\t' && *after != ':')
		after++;
	at = skip_blanks(after, end);
	if (after == name || at == end || *at != ':')
		return false;
	at = skip_blanks(at + 1, end);
	if (at == end || *at < '0' || *at > '9' || !number(at, end, &value))
		return false;
	counter = look_up(object->kind, next, name, (size_t)(after - name));
	if (!counter || counter->kind != object->kind)
		return false;
	object->values[counter->index] = value;
	object->present[counter->index / 64] |= UINT64_C(1) << counter->index % 64;
	return true;
}

unsigned hvstat_parse(struct hvstat_object *object, const char *text, size_t length)
{
	const char *end = text + length;
	unsigned next = first_of(object->kind), found = 0;

	memset(object->present, 0, sizeof(object->present));
	memset(object->values, 0, sizeof(object->values));
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop : end;
		found += line(object, &next, text, stop);
		text = stop + 1;
	}
	return found;
}
