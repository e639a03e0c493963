/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of a made-up tree, and what is made of two of them. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hvstat/lib/use.h"
#include "hvstat/lib/windows.h"
#include "tests/hvstat/test.h"
#include "tests/hvstat/tree.h"

static struct tree small(void)
{
	return (struct tree){test_path("mshv"), 4, 4, 3, 2};
}

static struct hvstat *open_tree(const struct tree *tree)
{
	struct hvstat_options options = {.root = tree->folder, .no_wake = true, .no_names = true};
	char error[HVSTAT_ERROR] = "";
	struct hvstat *stat = hvstat_open(&options, error);

	CHECK_TEXT("", error);
	return stat;
}

/* A sample of the tree at a time, taken at exactly that time. */
static void read_at(
	struct hvstat *stat, const struct tree *tree, double seconds, struct hvstat_sample *sample)
{
	char error[HVSTAT_ERROR];

	tree_write(tree, seconds);
	CHECK(hvstat_read(stat, sample, error));
	sample->time_ns = (int64_t)(seconds * 1e9);
}

TEST(read_every_value)
{
	struct tree tree = small();
	struct hvstat_sample *sample = hvstat_sample_new();
	size_t count;

	tree_write(&tree, 0);
	struct hvstat *stat = open_tree(&tree);

	REQUIRE(stat && sample);
	read_at(stat, &tree, 3, sample);
	CHECK_EQ(4, sample->lp_count);
	CHECK_EQ(4, sample->partition_count);
	CHECK_EQ(4 + 3 * 2, sample->vp_count);
	const struct hvstat_counter *counters = hvstat_counters(HVSTAT_VP, &count);

	for (uint32_t i = 0; i < sample->vp_count; i++) {
		const struct hvstat_vp *vp = &sample->vps[i];

		for (size_t j = 0; j < count; j++)
			CHECK_EQ(tree_vp(vp->partition, vp->index, counters[j].slot, 3),
				vp->counters[counters[j].slot]);
	}
	counters = hvstat_counters(HVSTAT_LP, &count);
	for (uint32_t i = 0; i < sample->lp_count; i++)
		for (size_t j = 0; j < count; j++)
			CHECK_EQ(tree_lp(i, counters[j].slot, 3),
				sample->lps[i].counters[counters[j].slot]);
	counters = hvstat_counters(HVSTAT_PT, &count);
	for (uint32_t i = 0; i < sample->partition_count; i++)
		for (size_t j = 0; j < count; j++)
			CHECK_EQ(tree_partition(&tree, i, counters[j].slot),
				sample->partitions[i].counters[counters[j].slot]);
	counters = hvstat_counters(HVSTAT_HV, &count);
	for (size_t j = 0; j < count; j++) {
		CHECK_EQ(tree_hv(&tree, counters[j].slot), sample->hv[counters[j].slot]);
		CHECK(hvstat_present(sample, HVSTAT_HV, counters[j].slot));
	}
	CHECK(sample->partitions[0].root && !sample->partitions[1].root);
	CHECK_TEXT("root", sample->partitions[0].name);
	CHECK_TEXT("partition 102", sample->partitions[2].name);
	hvstat_sample_free(sample);
	hvstat_close(stat);
}

TEST(read_partitions_come_and_go)
{
	struct tree tree = small();
	struct hvstat_sample *sample = hvstat_sample_new();

	tree_write(&tree, 0);
	struct hvstat *stat = open_tree(&tree);

	REQUIRE(stat && sample);
	read_at(stat, &tree, 0, sample);
	tree.guests = 5; /* two more */
	read_at(stat, &tree, 1, sample);
	CHECK_EQ(6, sample->partition_count);
	CHECK_EQ(4 + 5 * 2, sample->vp_count);
	tree_remove_guest(&tree, 2);
	char error[HVSTAT_ERROR];

	CHECK(hvstat_read(stat, sample, error));
	CHECK_EQ(5, sample->partition_count);
	CHECK_EQ(TREE_GUEST(3), sample->partitions[2].id);
	CHECK_EQ(4 + 4 * 2, sample->vp_count);
	CHECK(!hvstat_find_partition(sample, TREE_GUEST(2), false));
	tree_write(&tree, 2); /* and there it is again */
	CHECK(hvstat_read(stat, sample, error));
	CHECK_EQ(6, sample->partition_count);
	CHECK_EQ(tree_vp(2, 1, VP_CpuidInstructionsCount, 2),
		hvstat_find_vp(sample, &sample->partitions[2], 1)
			->counters[VP_CpuidInstructionsCount]);
	hvstat_sample_free(sample);
	hvstat_close(stat);
}

/* A file that is there but empty, or has a folder's name that the driver would not give. */
TEST(read_strange_folders)
{
	struct tree tree = small();
	struct hvstat_sample *sample = hvstat_sample_new();
	char path[256];

	tree_write(&tree, 0);
	snprintf(path, sizeof(path), "%s/partition/102/vp/1/stats", tree.folder);
	CHECK_EQ(0, truncate(path, 0));
	snprintf(path, sizeof(path),
		"cd %s && cp -r lp/1 lp/01 && cp -r lp/1 lp/x && "
		"mkdir lp/77 lp/99999999999999999999999",
		tree.folder);
	CHECK_EQ(0, system(path));
	struct hvstat *stat = open_tree(&tree);
	char error[HVSTAT_ERROR];

	REQUIRE(stat && sample);
	CHECK(hvstat_read(stat, sample, error));
	CHECK_EQ(4, sample->lp_count);
	CHECK_EQ(9, sample->vp_count);
	CHECK_EQ(1, sample->partitions[2].vp_count);
	hvstat_sample_free(sample);
	hvstat_close(stat);
}

/* It runs on sleeping processors, of which this machine may have fewer, and is free again after. */
TEST(read_wakes)
{
	struct tree tree = small();
	struct hvstat_options options = {.root = tree.folder, .no_names = true};
	struct hvstat_sample *sample = hvstat_sample_new();
	char error[HVSTAT_ERROR];
	cpu_set_t before, after;

	tree.lps = 64;
	tree_write(&tree, 1);
	struct hvstat *stat = hvstat_open(&options, error);

	REQUIRE(stat && sample);
	CHECK_EQ(0, sched_getaffinity(0, sizeof(before), &before));
	for (unsigned i = 0; i < 3; i++) /* the files' clocks stand still */
		CHECK(hvstat_read(stat, sample, error));
	CHECK_EQ(64, sample->lp_count);
	CHECK_EQ(0, sched_getaffinity(0, sizeof(after), &after));
	CHECK(CPU_EQUAL(&before, &after));
	hvstat_sample_free(sample);
	hvstat_close(stat);
}

/* With fewer files than there are objects, all are still read. */
TEST(read_few_files)
{
	struct tree tree = small();
	struct rlimit limit = {90, 90};
	struct hvstat_sample *sample = hvstat_sample_new();

	tree.guests = 40;
	tree_write(&tree, 0);
	CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	struct hvstat *stat = open_tree(&tree);

	REQUIRE(stat && sample);
	char error[HVSTAT_ERROR];

	CHECK(hvstat_read(stat, sample, error));
	CHECK(hvstat_read(stat, sample, error));
	CHECK_EQ(41, sample->partition_count);
	CHECK_EQ(4 + 80, sample->vp_count);
	hvstat_sample_free(sample);
	hvstat_close(stat);
}

TEST(read_nothing_there)
{
	char error[HVSTAT_ERROR] = "";
	struct hvstat_options options = {.root = test_path("nothing")};

	CHECK(!hvstat_open(&options, error));
	CHECK_HAS(error, "CONFIG_MSHV_ROOT");
	struct tree tree = small();
	struct hvstat_sample *sample = hvstat_sample_new();

	tree_write(&tree, 0);
	struct hvstat *stat = open_tree(&tree);

	REQUIRE(stat && sample);
	CHECK_EQ(0, truncate(test_path("mshv/stats"), 0));
	CHECK(!hvstat_read(stat, sample, error));
	CHECK_HAS(error, "no counters any more");
	hvstat_sample_free(sample);
	hvstat_close(stat);
}

/* ---- What happened between two samples ---- */

struct two {
	struct tree tree;
	struct hvstat *stat;
	struct hvstat_sample *before, *now;
};

static struct two ten_seconds(void)
{
	struct two two = {
		.tree = small(), .before = hvstat_sample_new(), .now = hvstat_sample_new()};

	tree_write(&two.tree, 0);
	two.stat = open_tree(&two.tree);
	read_at(two.stat, &two.tree, 0, two.before);
	read_at(two.stat, &two.tree, 10, two.now);
	return two;
}

static void two_free(struct two *two)
{
	hvstat_sample_free(two->before);
	hvstat_sample_free(two->now);
	hvstat_close(two->stat);
}

TEST(use_of_vps)
{
	struct two two = ten_seconds();
	struct hvstat_use use = {0}, all = {0};

	hvstat_add_partition(&use, two.before, two.now, &two.now->partitions[1]);
	CHECK_EQ(2, use.vps);
	CHECK_NEAR(10, use.elapsed);
	CHECK_NEAR(2 * 3.0, use.run);
	CHECK_NEAR(2 * 0.3, use.hypervisor);
	CHECK_NEAR(2 * 4000, use.dispatches);
	CHECK_NEAR(25e-6, use.wait / use.dispatches);
	CHECK_NEAR(2 * 17500, use.intercepts);
	CHECK_NEAR(2 * 2500, use.interrupts);
	CHECK_NEAR(2 * 500, use.hypercalls);
	CHECK_NEAR(2e-6, use.time[HVSTAT_CLASS_CPUID] / use.count[HVSTAT_CLASS_CPUID]);
	CHECK_NEAR(20e-6, use.time[HVSTAT_CLASS_IO] / use.count[HVSTAT_CLASS_IO]);
	CHECK_NEAR(2 * 3000, use.wait_bucket[2]);
	hvstat_add_machine(&all, two.before, two.now);
	CHECK_EQ(10, all.vps);
	CHECK_NEAR(4 * 1.0 + 2 * 3.0 * (1 + 2 + 3), all.run);
	two_free(&two);
}

TEST(use_of_lps)
{
	struct two two = ten_seconds();
	struct hvstat_lp_use use = {0}, all = {0};

	hvstat_add_lp(&use, two.before, two.now, &two.now->lps[1]);
	CHECK_NEAR(10, use.elapsed);
	CHECK_NEAR(3.9 - 0.5, use.guest);
	CHECK_NEAR(0.5, use.hypervisor);
	CHECK_NEAR(6.1, use.idle);
	CHECK_NEAR(3700, use.interrupts);
	hvstat_add_lps(&all, two.before, two.now);
	CHECK_EQ(4, all.lps);
	CHECK_NEAR(40, all.guest + all.hypervisor + all.idle);
	two_free(&two);
}

/* A processor that slept all the time, and one whose counters claim more than there was. */
TEST(use_of_odd_lps)
{
	struct two two = ten_seconds();
	struct hvstat_lp_use asleep = {0}, odd = {0};

	two.now->lps[0] = two.before->lps[0];
	hvstat_add_lp(&asleep, two.before, two.now, &two.now->lps[0]);
	CHECK_NEAR(10, asleep.idle);
	CHECK_NEAR(10, asleep.elapsed);
	two.now->lps[1].counters[LP_TotalRunTime] += 1000000000;
	hvstat_add_lp(&odd, two.before, two.now, &two.now->lps[1]);
	CHECK_NEAR(0, odd.idle);
	CHECK_NEAR(odd.elapsed, odd.guest + odd.hypervisor);
	two_free(&two);
}

/* A counter that goes back (another VP of that number) counts as nothing. */
TEST(use_of_new_vps)
{
	struct two two = ten_seconds();
	struct hvstat_use use = {0};

	memset(two.now->vps[4].counters, 0, sizeof(two.now->vps[4].counters));
	hvstat_add_vp(&use, two.before, two.now, &two.now->vps[4]);
	CHECK_EQ(1, use.vps);
	CHECK_NEAR(0, use.intercepts + use.run + use.wait);
	two.before->partition_count = 1; /* no guest before */
	memset(&use, 0, sizeof(use));
	hvstat_add_vp(&use, two.before, two.now, &two.now->vps[5]);
	CHECK_EQ(0, use.vps);
	two_free(&two);
}

/* ---- Windows' view ---- */

static double windows(const struct two *two, enum hvstat_set set, const char *instance_wanted,
	const char *counter_wanted)
{
	size_t count, instance_count;
	const struct hvstat_windows *counters =
		hvstat_windows_counters(hvstat_sets[set].object, &count);
	struct hvstat_instance *instances = hvstat_instances(two->now, set, &instance_count);
	double value = -1;

	for (size_t i = 0; i < instance_count; i++) {
		char name[HVSTAT_INSTANCE_NAME];

		hvstat_instance_name(two->now, &instances[i], name);
		if (strcmp(name, instance_wanted))
			continue;
		for (size_t j = 0; j < count; j++)
			if (!strcmp(counters[j].name, counter_wanted) &&
				!hvstat_windows_value(
					&counters[j], &instances[i], two->before, two->now, &value))
				value = -2;
	}
	free(instances);
	return value;
}

TEST(windows_values)
{
	struct two two = ten_seconds();
	const char *vp = "partition 101:Hv VP 0";

	CHECK_NEAR(30, windows(&two, HVSTAT_SET_VP, vp, "% Total Run Time"));
	CHECK_NEAR(27, windows(&two, HVSTAT_SET_VP, vp, "% Guest Run Time"));
	CHECK_NEAR(3, windows(&two, HVSTAT_SET_VP, vp, "% Hypervisor Run Time"));
	CHECK_NEAR(1000, windows(&two, HVSTAT_SET_VP, vp, "CPUID Instructions/sec"));
	CHECK_NEAR(2000, windows(&two, HVSTAT_SET_VP, vp, "CPUID Instructions Cost"));
	CHECK_NEAR(25000, windows(&two, HVSTAT_SET_VP, vp, "CPU Wait Time Per Dispatch"));
	CHECK_NEAR(1750, windows(&two, HVSTAT_SET_VP, vp, "Total Intercepts/sec"));
	CHECK_NEAR((1000 * 2000 + 500 * 20000 + 200 * 1000 + 50 * 3000) / 1750.0,
		windows(&two, HVSTAT_SET_VP, vp, "Total Intercepts Cost"));
	CHECK_NEAR(-2, windows(&two, HVSTAT_SET_VP, vp, "MWAIT Instructions Cost"));
	CHECK_NEAR(262144, windows(&two, HVSTAT_SET_PT, "partition 101:HvPt", "GPA Pages"));
	CHECK_NEAR(4, windows(&two, HVSTAT_SET_ROOT_PT, "Root", "Virtual Processors"));
	CHECK_NEAR(9, windows(&two, HVSTAT_SET_ROOT_VP, "Root VP 3", "% Guest Run Time"));
	CHECK_NEAR(40, windows(&two, HVSTAT_SET_LP, "Hv LP 0", "% Total Run Time"));
	CHECK_NEAR(60, windows(&two, HVSTAT_SET_LP, "Hv LP 0", "% Idle Time"));
	CHECK_NEAR(370, windows(&two, HVSTAT_SET_LP, "Hv LP 0", "Total Interrupts/sec"));
	CHECK_NEAR(4, windows(&two, HVSTAT_SET_HV, "", "Partitions"));
	two_free(&two);
}

/* Percentages are averages, rates sums, costs of all events. */
TEST(windows_totals)
{
	struct two two = ten_seconds();

	CHECK_NEAR((40 + 39 + 38 + 37) / 4.0,
		windows(&two, HVSTAT_SET_LP, "_Total", "% Total Run Time"));
	CHECK_NEAR(800 * 4, windows(&two, HVSTAT_SET_LP, "_Total", "Context Switches/sec"));
	CHECK_NEAR(60, windows(&two, HVSTAT_SET_VP, "_Total", "% Total Run Time"));
	CHECK_NEAR(1000 * 2 * 6, windows(&two, HVSTAT_SET_VP, "_Total", "CPUID Instructions/sec"));
	CHECK_NEAR(2000, windows(&two, HVSTAT_SET_VP, "_Total", "CPUID Instructions Cost"));
	CHECK_NEAR(3 * 262144, windows(&two, HVSTAT_SET_PT, "_Total", "GPA Pages"));
	two_free(&two);
}

/* A counter that the driver does not have has no value. */
TEST(windows_missing)
{
	struct two two = ten_seconds();

	two.now->present[HVSTAT_VP][0] &= ~(1ull << VP_CpuidInstructionsCount);
	CHECK_NEAR(-2, windows(&two, HVSTAT_SET_VP, "_Total", "CPUID Instructions/sec"));
	two_free(&two);
}
