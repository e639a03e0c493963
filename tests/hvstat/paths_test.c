/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "hvstat/paths.h"
#include "tests/hvstat/test.h"
#include "tests/hvstat/tree.h"

TEST(paths_patterns)
{
	CHECK(matches("", ""));
	CHECK(matches("*", ""));
	CHECK(matches("% guest*", "% Guest Run Time"));
	CHECK(matches("*time", "% Guest Run Time"));
	CHECK(matches("*a*b*c", "xxaxxbaxbxxc"));
	CHECK(matches("h? LP 0", "Hv LP 0"));
	CHECK(!matches("h? LP 0", "Hv LP 00"));
	CHECK(!matches("*x", "abc"));
	CHECK(!matches("abc", "ab"));
	/* No more work than length times length. */
	CHECK(!matches("*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
						 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static struct hvstat_sample *sample_of_tree(void)
{
	struct tree tree = {test_path("mshv"), 2, 1, 2, 2};
	struct hvstat_options options = {.root = tree.folder, .no_names = true, .no_wake = true};
	char error[HVSTAT_ERROR];
	struct hvstat_sample *sample = hvstat_sample_new();

	tree_write(&tree, 0);
	struct hvstat *stat = hvstat_open(&options, error);

	CHECK(stat && hvstat_read(stat, sample, error));
	hvstat_close(stat);
	return sample;
}

TEST(paths_expand)
{
	static const struct {
		const char *path;
		long found;
	} cases[] = {
		{"\\Hyper-V Hypervisor Logical Processor(Hv LP 1)\\% Guest Run Time", 1},
		{"\\\\other-host\\hyper-v hypervisor logical processor(_total)\\% guest run time",
			1},
		{"\\Hyper-V Hypervisor Logical Processor(*)\\% Guest Run Time", 3},
		{"\\Hyper-V Hypervisor Logical Processor\\% Guest Run Time", 3},
		{"\\Hyper-V Hypervisor Virtual Processor(partition 101:*)\\% Guest Run Time", 2},
		{"\\Hyper-V Hypervisor Root Virtual Processor(*)\\% Guest Run Time", 2},
		{"\\Hyper-V Hypervisor*(_Total)\\% Guest Run Time", 3},
		{"\\Hyper-V Hypervisor\\Partitions", 1},
		{"\\Hyper-V Hypervisor(x)\\Partitions", 1},
		{"\\Hyper-V Hypervisor Virtual Processor(gone:*)\\% Guest Run Time", 0},
		{"\\Hyper-V Hypervisor Virtual Processor(partition 101:*)\\VpHypercallsCount", 2},
		{"\\Hyper-V Hypervisor Virtual Processor(_Total)\\Vp*", 203},
		{"\\Hyper-V Hypervisor Logical Processor(Hv LP 0)\\lpGlobalTime", 0},
		{"\\Hyper-V Hypervisor Logical Processor(Hv LP 0)\\*GlobalTime", 0},
		{"\\Hyper-V Hypervisor\\HvPartitions", 1},
		{"\\Nothing(*)\\% Guest Run Time", 0},
		{"Hyper-V Hypervisor\\Partitions", -1},
		{"\\Hyper-V Hypervisor", -1},
		{"\\Hyper-V Hypervisor\\", -1},
		{"\\\\host", -1},
		{"\\Set(x\\Counter", -1},
		{"\\(x)\\Counter", -1},
		{"", -1},
		{"\\a\\b\\c", -1},
	};
	struct hvstat_sample *sample = sample_of_tree();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct queries queries = {0};
		char error[HVSTAT_ERROR];

		if (!CHECK_EQ(cases[i].found, queries_add(&queries, sample, cases[i].path, error)))
			CHECK_TEXT("", cases[i].path);
		CHECK_EQ(cases[i].found > 0 ? cases[i].found : 0, queries.count);
		queries_free(&queries);
	}
	hvstat_sample_free(sample);
}

/* A kernel's name is the counter as it is. */
TEST(paths_kernel_names)
{
	struct hvstat_sample *sample = sample_of_tree();
	struct queries queries = {0};
	char error[HVSTAT_ERROR];
	double value = -1;

	REQUIRE(queries_add(&queries, sample,
			"\\Hyper-V Hypervisor Virtual Processor(partition 102:Hv VP 1)"
			"\\VpCpuidInstructionsCount",
			error) == 1);
	CHECK(hvstat_windows_value(
		queries.list[0].counter, &queries.list[0].instance, sample, sample, &value));
	CHECK_NEAR(tree_vp(2, 1, VP_CpuidInstructionsCount, 0), value);
	queries_free(&queries);
	hvstat_sample_free(sample);
}

/* What a path prints is a path to the same. The same twice is there once. */
TEST(paths_round_trip)
{
	struct hvstat_sample *sample = sample_of_tree();
	struct queries all = {0}, again = {0};
	char error[HVSTAT_ERROR];

	CHECK(queries_add(&all, sample, "\\*(*)\\*", error) > 1000);
	size_t count = all.count;

	CHECK_EQ(count, queries_add(&all, sample, "\\*(*)\\*", error));
	CHECK_EQ(count, all.count);
	for (size_t i = 0; i < all.count; i += 7) {
		struct text path = {0};

		path_of(&path, sample, &all.list[i]);
		again.count = 0;
		CHECK_EQ(1, queries_add(&again, sample, path.data, error));
		CHECK(again.list[0].counter == all.list[i].counter);
		text_free(&path);
	}
	queries_free(&all);
	queries_free(&again);
	hvstat_sample_free(sample);
}
