/* SPDX-License-Identifier: BSD-2-Clause */
/* The text for Prometheus. That real Prometheus takes it is in prometheus.sh. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/metrics.h"
#include "hvstat/metrics_text.h"
#include "tests/hvstat/test.h"
#include "tests/hvstat/tree.h"

static struct text metrics_of(const struct metrics_options *options, const char *guest_name)
{
	struct tree tree = {test_path("mshv"), 2, 2, 2, 2};
	struct hvstat_options paths = {.root = tree.folder, .no_names = true, .no_wake = true};
	char error[HVSTAT_ERROR];
	struct hvstat_sample *sample = hvstat_sample_new();
	struct text text = {0};

	tree_write(&tree, 10);
	struct hvstat *stat = hvstat_open(&paths, error);

	CHECK(stat && hvstat_read(stat, sample, error));
	if (guest_name)
		snprintf(sample->partitions[1].name, HVSTAT_NAME, "%s", guest_name);
	metrics_write(&text, sample, options);
	hvstat_sample_free(sample);
	hvstat_close(stat);
	return text;
}

/* A line of a metric, "# TYPE" and "# HELP" before its values, no metric in two places. */
static void check_form(char *text, bool open)
{
	static char seen[4096][METRIC_NAME];
	char current[METRIC_NAME] = "", type[16] = "", *rest = NULL;
	size_t count = 0;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char name[METRIC_NAME];

		if (!strcmp(line, "# EOF"))
			continue;
		if (sscanf(line, "# HELP %159s", name) == 1) {
			for (size_t i = 0; i < count; i++)
				CHECK(strcmp(seen[i], name));
			strcpy(seen[count++], name);
			strcpy(current, name);
			CHECK_EQ('.', line[strlen(line) - 1]);
			continue;
		}
		if (sscanf(line, "# TYPE %159s %15s", name, type) == 2) {
			CHECK_TEXT(current, name);
			CHECK_EQ(!open && !strcmp(type, "counter"),
				strlen(name) > 6 && !strcmp(name + strlen(name) - 6, "_total"));
			continue;
		}
		sscanf(line, "%159[^{ ]", name);
		if (open && !strcmp(type, "counter"))
			strcat(current, "_total");
		CHECK_TEXT(current, name);
		if (open && !strcmp(type, "counter"))
			current[strlen(current) - 6] = 0;
		CHECK(isdigit((unsigned char)line[strlen(line) - 1]));
	}
	CHECK(count > 500);
}

TEST(metrics_form)
{
	struct metrics_options options = {0};
	struct text text = metrics_of(&options, NULL);

	REQUIRE(text.data);
	check_form(text.data, false);
	text_free(&text);
}

TEST(metrics_form_of_open_metrics)
{
	struct metrics_options options = {.open_metrics = true};
	struct text text = metrics_of(&options, NULL);

	REQUIRE(text.data);
	CHECK_TEXT("\n# EOF\n", text.data + text.length - 7);
	check_form(text.data, true);
	text_free(&text);
}

TEST(metrics_values)
{
	struct metrics_options options = {0};
	struct text text = metrics_of(&options, "web");
	char line[256];

	REQUIRE(text.data);
	CHECK_HAS(text.data, "\nwindows_hyperv_hypervisor_logical_processors 2\n");
	snprintf(line, sizeof(line),
		"\nwindows_hyperv_hypervisor_virtual_processor_cpuid_instructions_total"
		"{vm=\"web\",core=\"1\"} %llu\n",
		(unsigned long long)tree_vp(1, 1, VP_CpuidInstructionsCount, 10));
	CHECK_HAS(text.data, line);
	/* 100003.0000009 s and so on: 100 ns are not lost */
	uint64_t time = tree_vp(1, 1, VP_TotalRunTime, 10);

	snprintf(line, sizeof(line),
		"\nwindows_hyperv_hypervisor_virtual_processor_run_time_total"
		"{vm=\"web\",core=\"1\"} %llu.%07llu\n",
		(unsigned long long)time / 10000000, (unsigned long long)time % 10000000);
	CHECK_HAS(text.data, line);
	time = tree_lp(1, LP_GlobalTime, 10) - tree_lp(1, LP_TotalRunTime, 10);
	snprintf(line, sizeof(line),
		"\nwindows_hyperv_hypervisor_logical_processor_time_total"
		"{core=\"1\",state=\"idle\"} %llu.%07llu\n",
		(unsigned long long)time / 10000000, (unsigned long long)time % 10000000);
	CHECK_HAS(text.data, line);
	CHECK_HAS(text.data, "\nwindows_hyperv_root_partition_4K_gpa_pages 510\n");
	CHECK_HAS(text.data, "\nwindows_hyperv_vid_physical_pages_allocated{vm=\"web\"} 262144\n");
	CHECK_HAS(text.data, "\nwindows_hyperv_hypervisor_root_virtual_processor_time_total"
			     "{core=\"1\",state=\"guest_run\"} ");
	text_free(&text);
}

TEST(metrics_some)
{
	static const char *const patterns[] = {"*_cpuid_*", "hvstat_*"};
	struct metrics_options options = {.patterns = patterns, .pattern_count = 2};
	struct text text = metrics_of(&options, NULL);
	size_t metrics = 0;

	REQUIRE(text.data);
	for (const char *at = text.data; (at = strstr(at, "# TYPE")); at++)
		metrics++;
	CHECK_EQ(1 + 2 * 4, metrics); /* root and guests: count, time, both forwarded */
	text_free(&text);
}

/* Every counter of the made-up tree is above 0 but the root's GPA pages. */
TEST(metrics_skip_zero)
{
	struct metrics_options options = {0};
	struct text text = metrics_of(&options, NULL);

	CHECK_HAS(text.data, "\nwindows_hyperv_root_partition_gpa_pages 0\n");
	text_free(&text);
	options.skip_zero = true;
	text = metrics_of(&options, NULL);
	CHECK(!strstr(text.data, "windows_hyperv_root_partition_gpa_pages"));
	CHECK_HAS(text.data, "\nwindows_hyperv_root_partition_deposited_pages ");
	text_free(&text);
}

static void check_label(const char *expected, const char *vm)
{
	struct labels labels = labels_of(vm, -1, NULL);

	CHECK_TEXT(expected, labels.text);
	CHECK_EQ(strlen(labels.text), labels.length);
}

TEST(metrics_labels)
{
	char longest[HVSTAT_NAME];

	check_label("{vm=\"a\\\"b\\\\c\\nd\"}", "a\"b\\c\nd");
	check_label("{vm=\"\xef\xbf\xbdx\"}", "\xff"
					      "x");
	check_label("{vm=\"\"}", "");
	CHECK_TEXT("", labels_of(NULL, -1, NULL).text);
	CHECK_TEXT("{core=\"7\",state=\"idle\"}", labels_of(NULL, 7, "idle").text);
	memset(longest, '\xff', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	CHECK_EQ(strlen("{vm=\"\",core=\"1\"}") + 3 * (HVSTAT_NAME - 1),
		labels_of(longest, 1, NULL).length);
}
