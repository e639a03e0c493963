/* SPDX-License-Identifier: BSD-2-Clause */
/* One deadline for the APIC timer and the synthetic timers of a VP, watched by one LP. */
#include "abi/hv_msr.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

static struct vp *vp;

static void boot(void)
{
	world_boot();
	vp = root_partition.vps[0];
	vp->apic.spurious = 0x1ff;
	world_run_on(0, vp);
}

static void write(u32 msr, u64 value)
{
	u64 gpa;

	CHECK_EQ(MSR_DONE, vp_write_msr(vp, msr, value, &gpa));
}

/* Reference time from now, 100 ns. */
static u64 after(u64 time)
{
	return partition_reference_time(&root_partition, fake.tsc) + time;
}

static void set_stimer(u32 index, u64 time, u8 vector)
{
	write(HV_X64_MSR_STIMER0_COUNT + 2 * index, after(time));
	write(HV_X64_MSR_STIMER0_CONFIG + 2 * index,
		HV_STIMER_CONFIG_ENABLE | HV_STIMER_CONFIG_DIRECT_MODE |
			(u64)vector << HV_STIMER_CONFIG_VECTOR_SHIFT);
}

static void set_apic_timer(u32 count, u8 vector)
{
	write(0x832, vector);
	write(0x838, count);
}

/* Time passes until the LP's deadline, and its interrupt comes. */
static void expire(void)
{
	fake.tsc = fake.lps[0].timer_tsc;
	fake_interrupt(0, VECTOR_TIMER, false);
	world_step(0);
	world_step(0);
}

static bool pending(u8 vector)
{
	return vp->apic.irr[vector / 32] & 1u << vector % 32;
}

/* The earlier of the two kinds, whichever it is. */
TEST(timers_earliest)
{
	boot();
	set_stimer(0, 2000, 0x61);    /* 200 us = 400,000 ticks */
	set_apic_timer(100000, 0x62); /* divided by 2: 1 ms */
	CHECK(vp->timer_deadline_tsc - fake.tsc < 500000);
	expire();
	CHECK(pending(0x61) && !pending(0x62));
	CHECK(vp->timer_deadline_tsc - fake.tsc > 500000);
	set_stimer(0, 1000000, 0x61);
	CHECK(vp->timer_deadline_tsc - fake.tsc < 5000000);
	expire();
	CHECK(pending(0x62));
	CHECK(vp->timer_deadline_tsc - fake.tsc > 5000000);
}

TEST(timers_of_four)
{
	boot();
	for (u32 i = 0; i < STIMER_COUNT; i++)
		set_stimer(i, 1000 * (4 - i), (u8)(0x61 + i));
	for (u32 i = STIMER_COUNT; i--;) {
		CHECK(!pending((u8)(0x61 + i)));
		expire();
		CHECK(pending((u8)(0x61 + i)));
		CHECK_EQ(STIMER_COUNT - i, stat_vp(vp, SyntheticInterrupts));
	}
	CHECK_EQ(~0ull, vp->timer_deadline_tsc);
}

/* Never early: at the deadline the reference time has come. */
TEST(timers_not_early)
{
	boot();
	for (u64 i = 1; i < 300; i++) {
		u64 due = after(i * 7);

		set_stimer(0, i * 7, 0x61);
		if (!CHECK(partition_reference_time(&root_partition, vp->timer_deadline_tsc) >=
			    due) ||
			!CHECK(vp->timer_deadline_tsc - fake.tsc <= (i * 7 + 2) * 200))
			return;
		fake.tsc += test_random() % 1000;
	}
}

/* A child that moves to another LP takes its deadline along. */
TEST(timers_move)
{
	struct partition *child;

	world_boot();
	child = world_child(64);
	vp = world_vp(child, 0);
	vp->apic.spurious = 0x1ff;
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	fake.lp = 1;
	set_stimer(0, 50000, 0x61);
	fake.lp = 0;
	CHECK_EQ(1, vp->timer_lp);
	CHECK(lps[1].timer_list == vp);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	world_halt_root(2);
	vp->sched.lp = 2;
	world_start(vp);
	world_run_on(2, vp);
	CHECK_EQ(2, vp->timer_lp);
	CHECK(lps[2].timer_list == vp);
	CHECK(lps[1].timer_list == NULL);
	CHECK_EQ(vp->timer_deadline_tsc, fake.lps[2].timer_tsc);
}
