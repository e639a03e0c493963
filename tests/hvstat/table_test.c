/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables fit together: abi/counters.def, hvstat/lib/windows.def, hvstat/lib/classes.def. */
#include <ctype.h>
#include <string.h>

#include "hvstat/lib/use.h"
#include "hvstat/lib/windows.h"
#include "tests/hvstat/test.h"

static const struct hvstat_counter *in_slot(enum hvstat_object object, unsigned slot)
{
	size_t count;
	const struct hvstat_counter *counters = hvstat_counters(object, &count);

	for (size_t i = 0; i < count; i++)
		if (counters[i].slot == slot)
			return &counters[i];
	return NULL;
}

TEST(table_counters)
{
	static const size_t expected[HVSTAT_OBJECTS] = {11, 42, 37, 203};
	static const size_t slots[HVSTAT_OBJECTS] = {HV_SLOTS, LP_SLOTS, PT_SLOTS, VP_SLOTS};

	for (unsigned object = 0; object < HVSTAT_OBJECTS; object++) {
		size_t count;
		const struct hvstat_counter *counters = hvstat_counters(object, &count);

		CHECK_EQ(expected[object], count);
		CHECK_EQ(slots[object] - 1, counters[count - 1].slot);
		for (size_t i = 0; i < count; i++) {
			CHECK_EQ(strlen(counters[i].name), counters[i].length);
			CHECK(!i || counters[i].slot > counters[i - 1].slot);
			CHECK(hvstat_counter_named(object, counters[i].name, counters[i].length) ==
				&counters[i]);
		}
	}
}

/* Each counter has one row in windows.def, and the row's kind fits the counter's unit. */
TEST(table_windows_rows)
{
	for (unsigned object = 0; object < HVSTAT_OBJECTS; object++) {
		size_t count, rows;
		const struct hvstat_counter *counters = hvstat_counters(object, &count);
		const struct hvstat_windows *windows = hvstat_windows_counters(object, &rows);

		for (size_t i = 0; i < count; i++) {
			unsigned found = 0;

			for (size_t j = 0; j < rows; j++)
				found += windows[j].kind != HVSTAT_DERIVED &&
					 windows[j].slot == counters[i].slot;
			if (!CHECK_EQ(1, found))
				CHECK_TEXT("", counters[i].name);
		}
		for (size_t j = 0; j < rows; j++) {
			const struct hvstat_windows *row = &windows[j];
			const struct hvstat_counter *of = in_slot(object, row->slot);

			CHECK(*row->meaning);
			if (row->kind == HVSTAT_RATE)
				CHECK(of->unit == HVSTAT_EVENTS);
			if (row->kind == HVSTAT_PERCENT || row->kind == HVSTAT_COST)
				CHECK(of->unit == HVSTAT_NS100);
			if (row->kind == HVSTAT_COST)
				CHECK(in_slot(object, row->base)->unit == HVSTAT_EVENTS);
			CHECK_EQ(row->kind == HVSTAT_PERCENT,
				row->kind != HVSTAT_DERIVED && row->name[0] == '%');
			CHECK_EQ(row->kind == HVSTAT_RATE,
				row->kind != HVSTAT_DERIVED && strstr(row->name, "/sec"));
		}
	}
}

/* As many counters as Windows Server 23H2 has in each set, no two of one name. */
TEST(table_windows_sets)
{
	static const size_t expected[HVSTAT_OBJECTS] = {8, 28, 29, 179};

	for (unsigned object = 0; object < HVSTAT_OBJECTS; object++) {
		size_t rows, in_windows = 0;
		const struct hvstat_windows *windows = hvstat_windows_counters(object, &rows);

		for (size_t i = 0; i < rows; i++) {
			in_windows += windows[i].origin == HVSTAT_WINDOWS;
			for (size_t j = 0; j < i; j++)
				CHECK(strcasecmp(windows[i].name, windows[j].name));
		}
		CHECK_EQ(expected[object], in_windows);
	}
}

TEST(table_wmi_names)
{
	static const char *const pairs[][2] = {
		{"% Total Run Time", "PercentTotalRunTime"},
		{"Hypercalls/sec", "HypercallsPersec"},
		{"4K GPA pages", "Value4KGPApages"},
		{"I/O TLB Flushes/sec", "IOTLBFlushesPersec"},
		{"CPU Wait Time Per Dispatch", "CPUWaitTimePerDispatch"},
		{"Virtual TLB Flush Entires/sec", "VirtualTLBFlushEntiresPersec"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char name[HVSTAT_WMI_NAME];

		hvstat_wmi_name(pairs[i][0], name);
		CHECK_TEXT(pairs[i][1], name);
	}
}

/* A class's time is in the slot behind its count, as derived.c expects, and no slot is in two. */
TEST(table_classes)
{
	for (unsigned i = 0; i < HVSTAT_CLASSES; i++) {
		CHECK_EQ(hvstat_classes[i].count + 1, hvstat_classes[i].time);
		CHECK(in_slot(HVSTAT_VP, hvstat_classes[i].count)->unit == HVSTAT_EVENTS);
		CHECK(in_slot(HVSTAT_VP, hvstat_classes[i].time)->unit == HVSTAT_NS100);
		for (unsigned j = 0; j < i; j++)
			CHECK(hvstat_classes[i].count != hvstat_classes[j].count);
	}
}

/* They are the classes that the hypervisor counts in, and page faults, which others count. */
TEST(table_classes_of_the_hypervisor)
{
	static const uint16_t counted[] = {
#define INTERCEPT_CLASS(name) VP_##name##Count,
#include "core/intercept/classes.def"
#undef INTERCEPT_CLASS
		VP_PageFaultInterceptsCount};

	CHECK_EQ(HVSTAT_CLASSES, sizeof(counted) / sizeof(counted[0]));
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		unsigned found = 0;

		for (unsigned j = 0; j < HVSTAT_CLASSES; j++)
			found += hvstat_classes[j].count == counted[i];
		CHECK_EQ(1, found);
	}
}
