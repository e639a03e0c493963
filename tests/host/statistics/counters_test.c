/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of events.def against the pages, and all counters against the rows. */
#include "tests/host/statistics/pages.h"
#include "tests/host/world.h"

#include <stdio.h>
#include <string.h>

static u64 before[STATS_PAGES][HV_STATS_COUNTERS];
static bool begun; /* else all counters began at 0 and only the row's are looked at */

void stats_begin(void)
{
	begun = true;
	for (u32 page = 0; page < STATS_PAGES; page++)
		memcpy(before[page], stats_page_of(page), PAGE_SIZE);
}

/* ---- Rows ---- */

#define M(page, object, name, by)                                                                  \
	{                                                                                          \
		PAGE_##page, STAT_##object##_##name, by                                            \
	}
#define EVENT(name, ...) {#name, {__VA_ARGS__}},
static const struct event events[] = {
#include "tests/host/statistics/events.def"
};
#undef EVENT

/* What is known of a counter by the object of its page and its index. */
struct counter {
	char object; /* H, L, P or V */
	u16 index;
	const char *name;
	bool flows; /* a time: may move in any event that does not name it */
};

#define NS100  true
#define EVENTS false
#define PAGES  false
#define NUMBER false
#define INDEX  false
static const struct counter counters[] = {
#define COUNTER(object, index, name, unit, meaning) {#object[0], index, #name, unit},
#define COUNTER_RESERVED(object, index)
#include "abi/counters.def"
#undef COUNTER
#undef COUNTER_RESERVED
};

static char object_of(enum stats_page page)
{
	static const char objects[STATS_PAGES] = "HLLPPVVV";

	return objects[page];
}

static const struct counter *find_counter(char object, u32 index)
{
	for (u32 i = 0; i < ARRAY_SIZE(counters); i++)
		if (counters[i].object == object && counters[i].index == index)
			return &counters[i];
	return NULL;
}

/* Families have a test of their own, and the page's refresh is no part of most events. */
static bool may_move(char object, u32 index)
{
	static const u16 of_lp[] = {STAT_LP_GlobalTscCount, STAT_LP_ActiveTscCount,
		STAT_LP_ActiveTscCountSnapshot, STAT_LP_IdleAccumulation,
		STAT_LP_IdleAccumulationSnapshot, STAT_LP_CounterRefreshSequenceNumber};
	static const u16 families[] = {
#define HYPERCALL(code, name, form, header, element, out, target, privilege, family)               \
	STAT_VP_##family##Hypercalls,
#include "abi/hypercalls.def"
#undef HYPERCALL
	};
	const struct counter *counter = find_counter(object, index);

	if (counter && counter->flows)
		return true;
	for (u32 i = 0; object == 'L' && i < ARRAY_SIZE(of_lp); i++)
		if (of_lp[i] == index)
			return true;
	for (u32 i = 0; object == 'V' && i < ARRAY_SIZE(families); i++)
		if (families[i] == index)
			return true;
	return false;
}

static const struct move *find_move(const struct event *event, enum stats_page page, u32 index)
{
	for (u32 i = 0; i < MAX_MOVES && event->moves[i].index; i++)
		if (event->moves[i].page == page && event->moves[i].index == index)
			return &event->moves[i];
	return NULL;
}

static void check_counter(const struct event *event, enum stats_page page, u32 index)
{
	const struct move *move = find_move(event, page, index);
	const struct counter *counter = find_counter(object_of(page), index);
	u64 moved = stats_page_of(page)[index] - before[page][index];
	bool right;

	if (!move)
		right = moved == 0 || !begun || may_move(object_of(page), index);
	else if (move->by == SOME)
		right = moved != 0;
	else /* Times are rounded down, at both ends. */
		right = moved == move->by || (counter && counter->flows && moved + 1 == move->by);
	if (!CHECK(right))
		printf("  %s, page %u, %s: moved by %lld\n", event->name, page,
			counter ? counter->name : "?", (long long)moved);
}

void stats_check_event(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(events); i++) {
		if (strcmp(events[i].name, name))
			continue;
		for (u32 page = 0; page < STATS_PAGES; page++)
			for (u32 index = 1; index < HV_STATS_COUNTERS; index++)
				check_counter(&events[i], page, index);
	}
}

/* ---- All of them ---- */

static bool has_event(const struct counter *counter)
{
	for (u32 i = 0; i < ARRAY_SIZE(events); i++)
		for (u32 k = 0; k < MAX_MOVES && events[i].moves[k].index; k++)
			if (events[i].moves[k].index == counter->index &&
				object_of(events[i].moves[k].page) == counter->object)
				return true;
	return false;
}

/* intercepts_test.c and hypercalls_test.c go through all rows of these tables. */
static bool has_table(const struct counter *counter)
{
	static const u16 indices[] = {
#define INTERCEPT_CLASS(name) STAT_VP_##name##Count, STAT_VP_##name##Time,
#include "core/intercept/classes.def"
#undef INTERCEPT_CLASS
#define HYPERCALL(code, name, form, header, element, out, target, privilege, family)               \
	STAT_VP_##family##Hypercalls,
#include "abi/hypercalls.def"
#undef HYPERCALL
	};

	for (u32 i = 0; counter->object == 'V' && i < ARRAY_SIZE(indices); i++)
		if (indices[i] == counter->index)
			return true;
	return false;
}

static bool is_counted(const struct counter *counter)
{
	static const struct counter absent[] = {
#define REASON(name, text)
#define NOT_COUNTED(object, name, reason) {#object[0], STAT_##object##_##name, #name, false},
#include "core/statistics/not_counted.def"
#undef REASON
#undef NOT_COUNTED
	};

	for (u32 i = 0; i < ARRAY_SIZE(absent); i++)
		if (absent[i].object == counter->object && absent[i].index == counter->index)
			return false;
	return true;
}

/* Each counter that is counted has a test, and each that has a test is said to be counted. */
TEST(counters_are_tested)
{
	u32 counted = 0;

	for (u32 i = 0; i < ARRAY_SIZE(counters); i++) {
		bool tested = has_event(&counters[i]) || has_table(&counters[i]);

		counted += tested;
		if (!CHECK_EQ(is_counted(&counters[i]), tested))
			printf("  %c %s\n", counters[i].object, counters[i].name);
	}
	CHECK(counted > 100);
}
