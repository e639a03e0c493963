/* SPDX-License-Identifier: BSD-2-Clause */
/* Each rule of thumb: a machine to which it applies, and one to which it does not. */
#include <string.h>

#include "hvstat/advice.h"
#include "tests/hvstat/test.h"
#include "tests/hvstat/tree.h"

static struct hvstat_sample *samples[3]; /* 0, 5 and 10 s */
static struct findings findings;

static void take_samples(void)
{
	struct tree tree = {test_path("mshv"), 4, 1, 2, 2};
	struct hvstat_options options = {.root = tree.folder, .no_names = true, .no_wake = true};
	char error[HVSTAT_ERROR];

	tree_write(&tree, 0);
	struct hvstat *stat = hvstat_open(&options, error);

	REQUIRE(stat);
	for (unsigned i = 0; i < 3; i++) {
		samples[i] = hvstat_sample_new();
		tree_write(&tree, i * 5);
		CHECK(hvstat_read(stat, samples[i], error));
		samples[i]->time_ns = (int64_t)i * 5000000000;
	}
	hvstat_close(stat);
}

/* Lets a counter of all LPs (VPs of guests) rise so much a second instead. */
static void set_lps(unsigned slot, uint64_t per_second)
{
	for (unsigned i = 1; i < 3; i++)
		for (uint32_t j = 0; j < samples[i]->lp_count; j++)
			samples[i]->lps[j].counters[slot] =
				samples[0]->lps[j].counters[slot] + per_second * 5 * i;
}

static void set_vps(unsigned slot, uint64_t first_half, uint64_t second_half)
{
	for (uint32_t j = 1; j < samples[0]->vp_count; j++) {
		uint64_t begin = samples[0]->vps[j].counters[slot];

		samples[1]->vps[j].counters[slot] = begin + first_half * 5;
		samples[2]->vps[j].counters[slot] = begin + (first_half + second_half) * 5;
	}
}

static const struct finding *find(const char *rule, const char *subject)
{
	advise(&findings, samples[0], samples[1], samples[2]);
	for (size_t i = 0; i < findings.count; i++)
		if (!strcmp(findings.list[i].rule, rule) &&
			!strcmp(findings.list[i].subject, subject))
			return &findings.list[i];
	return NULL;
}

static void done(void)
{
	for (unsigned i = 0; i < 3; i++)
		hvstat_sample_free(samples[i]);
}

TEST(advice_over_provisioned)
{
	take_samples();
	CHECK(!find("over-provisioned-host", "host")); /* 40 % */
	set_lps(LP_TotalRunTime, 2000000);
	set_lps(LP_HypervisorRunTime, 100000);
	REQUIRE(find("over-provisioned-host", "host"));
	CHECK_HAS(find("over-provisioned-host", "host")->text,
		"4 logical processors are 20.0 % busy");
	done();
}

TEST(advice_over_committed)
{
	take_samples();
	set_lps(LP_TotalRunTime, 9700000);
	CHECK(!find("over-committed-host", "host")); /* 25 us */
	set_vps(VP_LogicalProcessorDispatches, 400, 400);
	set_vps(VP_WaitingForCpuTime, 400 * 800, 400 * 800);
	REQUIRE(find("over-committed-host", "host"));
	CHECK_HAS(find("over-committed-host", "host")->text, "wait 80.0 us");
	CHECK_EQ(SEVERITY_WARNING, find("over-committed-host", "host")->severity);
	CHECK(!find("growing-wait", "host"));
	set_vps(VP_WaitingForCpuTime, 400 * 300, 400 * 800);
	REQUIRE(find("growing-wait", "host"));
	CHECK_HAS(find("growing-wait", "host")->text, "from 30.0 us to 80.0 us");
	done();
}

TEST(advice_under_provisioned)
{
	take_samples();
	CHECK(!find("under-provisioned-guest", "partition 101"));
	set_vps(VP_TotalRunTime, 9500000, 9500000);
	REQUIRE(find("under-provisioned-guest", "partition 101"));
	CHECK_HAS(find("under-provisioned-guest", "partition 102")->text, "All 2 VPs");
	CHECK(!find("under-provisioned-guest", "root"));
	samples[2]->vps[1].counters[VP_TotalRunTime] -= 30000000; /* one VP of it has time */
	CHECK(!find("under-provisioned-guest", "partition 101"));
	CHECK(find("under-provisioned-guest", "partition 102"));
	done();
}

TEST(advice_limit)
{
	take_samples();
	CHECK(!find("limit-reached", "partition 101"));
	set_vps(VP_WaitingForCpuTime, 3000000,
		3000000); /* 30 % of the time, with idle processors */
	REQUIRE(find("limit-reached", "partition 101"));
	CHECK_HAS(find("limit-reached", "partition 101")->text, "wait 30.0 %");
	set_lps(LP_TotalRunTime, 9700000); /* without: no limit, only others */
	CHECK(!find("limit-reached", "partition 101"));
	done();
}

TEST(advice_hypervisor_share)
{
	take_samples();
	CHECK(!find("hypervisor-share", "host")); /* 5 % */
	set_lps(LP_HypervisorRunTime, 1500000);
	REQUIRE(find("hypervisor-share", "host"));
	CHECK_HAS(find("hypervisor-share", "host")->text, "takes 15.0 %");
	done();
}

TEST(advice_costliest)
{
	take_samples();
	REQUIRE(find("costliest-intercept", "host"));
	CHECK_HAS(find("costliest-intercept", "host")->text, "\"I/O port\"");
	CHECK_HAS(find("costliest-intercept", "host")->text, "20.00 us each");
	set_vps(VP_HltInstructionsTime, 5000000, 5000000);
	CHECK_HAS(find("costliest-intercept", "host")->text, "\"HLT\"");
	done();
}

TEST(advice_spins)
{
	take_samples();
	CHECK(!find("long-spin-waits", "partition 101"));
	set_vps(VP_LongSpinWaitHypercalls, 2000, 2000);
	REQUIRE(find("long-spin-waits", "partition 101"));
	CHECK_HAS(find("long-spin-waits", "partition 101")->text, "4000 long spin waits");
	done();
}

TEST(advice_nothing)
{
	take_samples();
	advise(&findings, samples[0], samples[0], samples[0]);
	CHECK_EQ(0, findings.count);
	for (unsigned i = 0; i < 3; i++)
		samples[i]->lp_count = samples[i]->partition_count = samples[i]->vp_count = 0;
	advise(&findings, samples[0], samples[1], samples[2]);
	CHECK_EQ(0, findings.count);
	done();
}
