/* SPDX-License-Identifier: BSD-2-Clause */
/* The library: tables, parser, metrics, and samples of a tree that changes. */
#include "tests/hvstat/test.h"
#include <stdlib.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	enum hvstat_kind kind;
	unsigned index, per;
	const char *name;
	enum hvstat_form form;
};

static const struct row windows[] = {
#define WINDOWS(object, index, property, name, form, per)                                          \
	{HVSTAT_##object, index, per, name, HVSTAT_##form},
#include "hvstat/windows.def"
};

static const char *const core_classes[] = {
#define INTERCEPT_CLASS(name) #name,
#include "core/intercept/classes.def"
};

/* windows.def has the rows of abi/counters.def, and forms that suit the units. */
static void test_rows(void)
{
	CHECK(LENGTH(windows) == hvstat_counter_count);
	for (unsigned i = 0; i < LENGTH(windows) && i < hvstat_counter_count; i++) {
		const struct hvstat_counter *counter = &hvstat_counters[i];

		CHECK(windows[i].kind == counter->kind && windows[i].index == counter->index);
		CHECK(counter->index < HVSTAT_SLOTS && counter->index);
		if (windows[i].form == HVSTAT_RATE)
			CHECK(counter->unit == HVSTAT_EVENTS);
		if (windows[i].form == HVSTAT_PERCENT || windows[i].form == HVSTAT_AVERAGE)
			CHECK(counter->unit == HVSTAT_NS100);
		CHECK(!windows[i].per == (windows[i].form != HVSTAT_AVERAGE));
	}
}

void test_table(void)
{
	test_rows();
	for (unsigned i = 0; i < hvstat_metric_count; i++) /* no name is there twice */
		if (hvstat_metrics[i].name[0])
			CHECK(hvstat_metric(hvstat_metrics[i].kind, hvstat_metrics[i].name) ==
				&hvstat_metrics[i]);
	for (unsigned i = 0; i < LENGTH(core_classes); i++) { /* all classes that the core counts */
		char name[64];
		unsigned found = 0;
		const struct hvstat_metric *counter;

		snprintf(name, sizeof(name), "Vp%sCount", core_classes[i]);
		counter = hvstat_metric(HVSTAT_VP, name);
		CHECK(counter);
		for (unsigned j = 0; counter && j < hvstat_class_count; j++)
			found += hvstat_classes[j].count == counter->numerator[0] &&
				 hvstat_classes[j].time == counter->numerator[0] + 1;
		CHECK(found == 1);
	}
	CHECK(!hvstat_metric(HVSTAT_VP, ""));
	CHECK(!hvstat_metric(HVSTAT_LP, "VpTotalRunTime"));
}

static unsigned parse(struct hvstat_object *object, const char *text)
{
	return hvstat_parse(object, text, strlen(text));
}

void test_parse(void)
{
	struct hvstat_object vp = {.kind = HVSTAT_VP}, hv = {.kind = HVSTAT_HV};

	CHECK(parse(&vp, "VpTotalRunTime   : 12\nVpHypervisorRunTime:3\n") == 2);
	CHECK(vp.values[1] == 12 && vp.values[2] == 3 && vp.present[0] == 6);
	CHECK(parse(&vp, "VpHypercallsCount: 5\nVpTotalRunTime: 4") == 2); /* any order, no end */
	CHECK(vp.values[7] == 5 && vp.values[1] == 4 && vp.values[2] == 0);
	CHECK(parse(&vp, "VpTotalRunTime: 18446744073709551615") == 1 && vp.values[1] + 1 == 0);
	CHECK(!parse(&vp, "VpTotalRunTime: 18446744073709551616")); /* does not fit */
	CHECK(!parse(
		&vp, "VpTotalRunTime: -1\nVpTotalRunTime: 1x\nVpTotalRunTime:\nVpTotalRun: 1"));
	CHECK(!parse(&vp, "VpTotalRunTimes: 1\n:\n : 3\nVpTotalRunTime 3\nLpTotalRunTime: 3\n\n"));
	CHECK(!parse(&vp, ""));
	CHECK(parse(&hv, "HvSubsumedPages : 1\nLpGlobalTime : 2\n") ==
		1); /* not the next table's */
}

static void test_sums(void)
{
	struct hvstat_object before = {.kind = HVSTAT_VP, .seconds = 1}, after = before;
	const struct hvstat_metric *total = hvstat_metric(HVSTAT_VP, "% Total Run Time");
	const struct hvstat_metric *cost = hvstat_metric(HVSTAT_VP, "Hypercalls Cost");
	struct hvstat_sum sum = {0};

	after.seconds = 3; /* 2 s, of them 1 s running */
	set(&before, 1, 5), set(&after, 1, 10000005);
	CHECK_NEAR(hvstat_value(total, &before, &after), 50);
	CHECK(isnan(hvstat_value(total, NULL, &after)));
	CHECK(isnan(hvstat_value(total, &after, &before))); /* it fell: another VP */
	hvstat_add(&sum, total, &before, &after);
	set(&after, 1, 5);
	hvstat_add(&sum, total, &before, &after);
	CHECK_NEAR(hvstat_result(&sum, total), 25); /* the average of two */
	CHECK(isnan(hvstat_value(cost, &before, &after)));
	set(&before, 7, 0), set(&before, 8, 0), set(&after, 7, 4), set(&after, 8, 30);
	CHECK_NEAR(hvstat_value(cost, &before, &after), 750);
	CHECK_NEAR(hvstat_value(hvstat_metric(HVSTAT_VP, "Hypercalls/sec"), &before, &after), 2);
	set(&after, 7, 0);
	CHECK_NEAR(hvstat_value(cost, &before, &after), 0);
	CHECK_NEAR(hvstat_value(hvstat_metric(HVSTAT_VP, "vphypercallstime"), NULL, &after), 30);
}

void test_metric(void)
{
	struct hvstat_object before = {.kind = HVSTAT_LP, .seconds = 1}, after = before;

	test_sums();
	after.seconds = 2; /* but the page says that 2 s went by */
	for (unsigned i = 1; i <= 8; i++)
		set(&before, i, 100), set(&after, i, 110);
	set(&after, 1, 20000100), set(&after, 2, 5000100), set(&after, 3, 1000100);
	CHECK_NEAR(hvstat_value(hvstat_metric(HVSTAT_LP, "% Total Run Time"), &before, &after), 25);
	CHECK_NEAR(hvstat_value(hvstat_metric(HVSTAT_LP, "% Guest Run Time"), &before, &after), 20);
	CHECK_NEAR(hvstat_value(hvstat_metric(HVSTAT_LP, "% Idle Time"), &before, &after), 75);
	CHECK_NEAR(hvstat_value(hvstat_metric(HVSTAT_LP, "Total Interrupts/sec"), &before, &after),
		20);
	set(&after, 2, 20000110); /* sampled a little later: no less than nothing */
	CHECK_NEAR(hvstat_value(hvstat_metric(HVSTAT_LP, "% Idle Time"), &before, &after), 0);
}

static void test_change(struct hvstat *hvstat)
{
	struct hvstat_sample *sample = hvstat_sample(hvstat);

	CHECK(sample && sample->count == 1 + 2 + 3 + 5 && sample->root == 1);
	CHECK(hvstat_find(sample, HVSTAT_VP, 7, 1)->values[212] == 2123);
	CHECK(!hvstat_find(sample, HVSTAT_VP, 7, 2) && !hvstat_find(sample, HVSTAT_LP, 1, 0));
	hvstat_free(sample);
	tree_take(7, 1);
	tree_take(5, -1);
	tree_write(HVSTAT_PT, 6, 0, 9);
	sample = hvstat_sample(hvstat);
	CHECK(sample && sample->count == 1 + 2 + 3 + 3);
	CHECK(!hvstat_find(sample, HVSTAT_PT, 5, 0) && !hvstat_find(sample, HVSTAT_VP, 7, 1));
	CHECK(hvstat_find(sample, HVSTAT_PT, 6, 0)->values[1] == 19);
	hvstat_free(sample);
}

void test_sample(void)
{
	char error[256], path[256];
	const char *root = tree_new();
	struct hvstat *hvstat = hvstat_open(root, error, sizeof(error));
	FILE *file;

	CHECK(!hvstat && strstr(error, "/stats: No such file") &&
		strstr(error, "CONFIG_MSHV_ROOT"));
	tree_usual(root, 3);
	hvstat = hvstat_open(root, error, sizeof(error));
	CHECK(hvstat);
	test_change(hvstat);
	for (unsigned turn = 0; turn < 2; turn++) { /* files that others have emptied: no object */
		snprintf(path, sizeof(path), "%s/partition/7/vp/0/stats", root);
		file = fopen(path, "w");
		fclose(file);
		struct hvstat_sample *sample = hvstat_sample(hvstat);

		CHECK(sample && !hvstat_find(sample, HVSTAT_VP, 7, 0));
		hvstat_free(sample);
	}
	tree_write(HVSTAT_VP, 7, 0, 4); /* and back */
	struct hvstat_sample *sample = hvstat_sample(hvstat);

	CHECK(sample && hvstat_find(sample, HVSTAT_VP, 7, 0)->values[1] == 14);
	hvstat_free(sample);
	tree_remove();
	CHECK(!hvstat_sample(hvstat) && hvstat_error(hvstat)[0]);
	hvstat_close(hvstat);
}

/* ---- Anything may stand in the files ---- */

static uint64_t chance = 1;

static unsigned below(unsigned limit)
{
	chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(chance >> 33) % limit;
}

static size_t spoil(char *text, size_t length)
{
	for (unsigned i = 1 + below(8); i && length; i--) {
		size_t at = below((unsigned)length), many = below(64);

		many = many < length - at ? many : length - at;
		switch (below(4)) {
		case 0:
			text[at] = (char)below(256);
			break;
		case 1:
			text[at] = ":\n 9"[below(4)];
			break;
		case 2: /* cut some out */
			memmove(text + at, text + at + many, length - at - many);
			length -= many;
			break;
		default: /* cut off */
			length = below(8) ? length : at;
		}
	}
	return length;
}

static size_t sound(enum hvstat_kind kind, char *text, size_t size)
{
	size_t length = 0;

	for (unsigned i = 0; i < hvstat_counter_count; i++)
		if (hvstat_counters[i].kind == kind)
			length += (size_t)snprintf(text + length, size - length, "%-43s: %u\n",
				hvstat_counters[i].name, below(1u << 30));
	return length;
}

void test_fuzz(void)
{
	static char text[32768];

	for (unsigned turn = 0; turn < 4000; turn++) {
		struct hvstat_object before = {.kind = turn % HVSTAT_KINDS, .seconds = 1}, after;
		size_t length = sound(before.kind, text, sizeof(text));
		/* of its own, so that the sanitizer sees a step past the end */
		char *copy = malloc(length);

		memcpy(copy, text, length);
		hvstat_parse(&before, copy, spoil(copy, length));
		memcpy(copy, text, length);
		after = before;
		after.seconds = 1 + below(3);
		length = spoil(copy, length);
		copy = realloc(copy, length + !length);
		hvstat_parse(&after, copy, length);
		for (unsigned i = 0; i < hvstat_metric_count; i++)
			if (hvstat_metrics[i].kind == before.kind) {
				double value = hvstat_value(&hvstat_metrics[i], &before, &after);

				CHECK(isnan(value) || (value >= 0 && isfinite(value)));
			}
		free(copy);
	}
}
