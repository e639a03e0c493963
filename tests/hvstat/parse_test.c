/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/lib/parse.h"
#include "tests/hvstat/test.h"

#define WORDS ((VP_SLOTS + 63) / 64)

/* A file as the driver writes it; counter in slot N has the value N * 1000 + 7. */
static size_t driver_text(enum hvstat_object object, int width, char *text)
{
	size_t count, length = 0;
	const struct hvstat_counter *counters = hvstat_counters(object, &count);

	for (size_t i = 0; i < count; i++)
		length += (size_t)sprintf(text + length, "%-*s: %u\n", width, counters[i].name,
			counters[i].slot * 1000 + 7);
	return length;
}

static void check_all(enum hvstat_object object, int width)
{
	static char text[32768];
	uint64_t values[VP_SLOTS] = {0}, present[WORDS] = {0};
	size_t count, length = driver_text(object, width, text);
	const struct hvstat_counter *counters = hvstat_counters(object, &count);

	CHECK_EQ(count, hvstat_parse(object, text, length, values, present));
	for (size_t i = 0; i < count; i++) {
		unsigned slot = counters[i].slot;

		CHECK_EQ(slot * 1000 + 7, values[slot]);
		CHECK(present[slot / 64] >> slot % 64 & 1);
	}
}

TEST(parse_every_counter)
{
	check_all(HVSTAT_HV, 27);
	check_all(HVSTAT_LP, 32);
	check_all(HVSTAT_PT, 37);
	check_all(HVSTAT_VP, 43);
	check_all(HVSTAT_VP, 1); /* no column at all */
}

static size_t parse_lp(const char *text, uint64_t values[LP_SLOTS])
{
	uint64_t present[WORDS] = {0};

	return hvstat_parse(HVSTAT_LP, text, strlen(text), values, present);
}

TEST(parse_other_order_and_unknown_lines)
{
	uint64_t values[LP_SLOTS] = {0};

	CHECK_EQ(3, parse_lp("LpTimerInterrupts               : 5\n"
			     "LpPlaceholder9                  : 77\n"
			     "LpFromTheFuture                 : 78\n"
			     "\n"
			     "no colon at all\n"
			     "LpGlobalTime: 9\n"
			     "LpTotalRunTime                  : 6\n",
			    values));
	CHECK_EQ(5, values[LP_TimerInterrupts]);
	CHECK_EQ(9, values[LP_GlobalTime]);
	CHECK_EQ(6, values[LP_TotalRunTime]);
}

TEST(parse_name_must_be_whole)
{
	uint64_t values[LP_SLOTS] = {0};

	/* One name is the beginning of the other. */
	CHECK_EQ(2, parse_lp("LpInterProcessorInterruptsSent  : 2\n"
			     "LpInterProcessorInterrupts      : 1\n"
			     "LpGlobalTimes                   : 3\n"
			     "LpGlobalTim                     : 4\n",
			    values));
	CHECK_EQ(1, values[LP_InterProcessorInterrupts]);
	CHECK_EQ(2, values[LP_InterProcessorInterruptsSent]);
	CHECK_EQ(0, values[LP_GlobalTime]);
}

TEST(parse_numbers)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{"LpGlobalTime: 0\n", true, 0},
		{"LpGlobalTime: 18446744073709551615\n", true, UINT64_MAX},
		{"LpGlobalTime: 18446744073709551616\n", false, 0},
		{"LpGlobalTime: 99999999999999999999\n", false, 0},
		{"LpGlobalTime: 100000000000000000000\n", false, 0},
		{"LpGlobalTime:\n", false, 0},
		{"LpGlobalTime: -1\n", false, 0},
		{"LpGlobalTime: 12x\n", false, 0},
		{"LpGlobalTime: 12", false, 0}, /* the line may go on */
		{"LpGlobalTime 12\n", false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t values[LP_SLOTS] = {0};

		CHECK_EQ(cases[i].good, parse_lp(cases[i].text, values));
		CHECK_EQ(cases[i].value, values[LP_GlobalTime]);
	}
}

/* Cut anywhere: exactly the whole lines count. The text is on the heap, so that a step beyond its
 * end is seen.
 */
TEST(parse_cut_at_every_byte)
{
	static char text[32768];
	size_t length = driver_text(HVSTAT_VP, 43, text), lines = 0;

	for (size_t cut = 0; cut <= length; cut++) {
		uint64_t values[VP_SLOTS] = {0}, present[WORDS] = {0};
		char *copy = malloc(cut + 1);

		REQUIRE(copy);
		lines += cut && text[cut - 1] == '\n';
		memcpy(copy, text, cut);
		char *exact = realloc(copy, cut ? cut : 1);

		REQUIRE(exact);
		if (!CHECK_EQ(lines, hvstat_parse(HVSTAT_VP, exact, cut, values, present)))
			cut = length;
		free(exact);
	}
}

/* Whatever the bytes: no step outside, and no value from a line that is not the counter's. */
TEST(parse_mutations)
{
	static char text[32768];
	size_t length = driver_text(HVSTAT_VP, 43, text);

	for (unsigned i = 0; i < 4000; i++) {
		uint64_t values[VP_SLOTS] = {0}, present[WORDS] = {0};
		char *copy = malloc(length * 2);
		size_t mutated, whole = 0, found, marked = 0;

		REQUIRE(copy);
		mutated = test_mutate(text, length, copy);
		for (size_t at = 0; at < mutated; at++)
			whole += copy[at] == '\n';
		found = hvstat_parse(HVSTAT_VP, copy, mutated, values, present);
		CHECK(found <= whole);
		for (unsigned slot = 0; slot < VP_SLOTS; slot++) {
			bool is = present[slot / 64] >> slot % 64 & 1;

			marked += is;
			CHECK(is || !values[slot]);
		}
		CHECK(marked <= found);
		free(copy);
	}
}
