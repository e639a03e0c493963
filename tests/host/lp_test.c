/* SPDX-License-Identifier: BSD-2-Clause */
/* The run loop: time, physical interrupts, calls between LPs, timers, blocking and waking. */
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#include <string.h>

static void check_time(u32 index)
{
	const struct lp *lp = &lps[index];

	CHECK_EQ(lp->stamp - lp->start, lp->guest_tsc + lp->hypervisor_tsc + lp->idle_tsc);
}

/* Guest, hypervisor and idle time are all the time there is, at every round. */
TEST(lp_time_is_wall_time)
{
	static const u8 some[] = {
		INTERCEPT_Interrupt, INTERCEPT_Cpuid, INTERCEPT_Halt, INTERCEPT_Nmi};
	struct partition *child;

	world_boot();
	world_let_others_run();
	child = world_child(64);
	for (u32 i = 0; i < 3; i++) {
		world_vp(child, i)->activity = VP_ACTIVE;
		world_start(child->vps[i]);
	}
	fake.tsc_step = 13;
	fake.idle_ticks = 12345;
	for (u32 i = 0; i < 2000; i++) {
		u32 lp = test_random() % WORLD_LPS;

		fake_exit(some[test_random() % sizeof(some)], 2);
		fake_exit_last()->guest_ticks = test_random() % 100000;
		world_step(lp);
		fake_hardware.exit_count = 0;
		check_time(lp);
		if (i % 16 == 0)
			vp_signal(root_partition.vps[test_random() % WORLD_LPS], ATTENTION_NMI);
		if (i % 32 == 0)
			vp_signal(child->vps[test_random() % 3], ATTENTION_NMI);
	}
	for (u32 i = 0; i < WORLD_LPS; i++) {
		CHECK(lps[i].idle_tsc > 0);
		CHECK(lps[i].guest_tsc > 0);
	}
}

TEST(lp_publishes_time)
{
	const u64 *stats;

	world_boot();
	stats = lps[0].stats;
	world_run_on(0, root_partition.vps[0]);
	fake_exit(INTERCEPT_Interrupt, 0);
	fake_exit_last()->guest_ticks = 200 * 1000;
	fake.tsc_step = 200;
	world_step(0);
	CHECK(stats[STAT_LP_TotalRunTime] >= 1000);
	CHECK(stats[STAT_LP_GlobalTime] >= stats[STAT_LP_TotalRunTime]);
	CHECK(stats[STAT_LP_HypervisorRunTime] < stats[STAT_LP_TotalRunTime]);
	CHECK_EQ(1, stats[STAT_LP_ContextSwitches]);
	fake.idle_ticks = 200 * 5000;
	world_halt_root(0);
	world_step(0);
	world_step(0); /* an idle period is told when it is over */
	CHECK(stats[STAT_LP_C1RunTime] >= 5000);
	CHECK(stats[STAT_LP_ProcessorHalts] >= 1);
	CHECK_EQ(stats[STAT_LP_ProcessorHalts], stats[STAT_LP_C1TransitionsCount]);
}

/* ---- Physical interrupts ---- */

static bool pending(const struct vp *vp, u8 vector)
{
	return vp->apic.irr[vector / 32] & 1u << vector % 32;
}

TEST(lp_device_interrupt)
{
	struct vp *vp;

	world_boot();
	vp = root_partition.vps[1];
	vp->apic.spurious = 0x1ff;
	world_run_on(1, vp);
	fake_interrupt(1, 0x45, false);
	world_step(1);
	CHECK(pending(vp, 0x45));
	CHECK_EQ(1, fake.lps[1].ends);
	CHECK_EQ(1, stat_lp(&lps[1], HardwareInterrupts));
	CHECK_EQ(1, stat_vp(vp, HardwareInterrupts));
	vp->regs.rflags |= RFLAGS_IF;
	world_step(1);
	CHECK_EQ(HV_PENDING_INTERRUPTION_PENDING | 0x45 << 16, fake_vp(vp)->injected);
	CHECK_EQ(1, stat_vp(vp, VirtualInterrupts));
}

/* A level interrupt stays in service until the root ends it: else it would come again at once. */
TEST(lp_level_interrupt)
{
	struct vapic_effect effect = {0};
	struct vp *vp;

	world_boot();
	vp = root_partition.vps[0];
	vp->apic.spurious = 0x1ff;
	world_run_on(0, vp);
	vp->regs.rflags |= RFLAGS_IF;
	fake_interrupt(0, 0x51, true);
	world_step(0);
	CHECK_EQ(0, fake.lps[0].ends);
	world_step(0);
	CHECK_EQ(HV_PENDING_INTERRUPTION_PENDING | 0x51 << 16, fake_vp(vp)->injected);
	CHECK_EQ(0, fake.lps[0].ends);
	CHECK(vapic_write(&vp->apic, VAPIC_EOI, true, 0, 0, &effect));
	vp_apic_effect(vp, &effect);
	CHECK_EQ(1, fake.lps[0].ends);
}

TEST(lp_own_vectors)
{
	world_boot();
	world_run_on(0, root_partition.vps[0]);
	fake_interrupt(0, VECTOR_KICK, false);
	fake_interrupt(0, VECTOR_TIMER, false);
	world_step(0);
	CHECK_EQ(2, fake.lps[0].ends);
	CHECK_EQ(1, stat_lp(&lps[0], InterProcessorInterrupts));
	CHECK_EQ(1, stat_lp(&lps[0], TimerInterrupts));
	CHECK_EQ(0, stat_lp(&lps[0], HardwareInterrupts));
	CHECK_EQ(-1, vapic_highest_request(&root_partition.vps[0]->apic));
	CHECK(lps[0].attention & LP_TIMER);
	world_step(0);
	CHECK_EQ(0, lps[0].attention);
}

/* The physical NMI is the root VP's, also when a child has the LP. */
TEST(lp_nmi)
{
	struct vp *vp;

	world_boot();
	vp = root_partition.vps[2];
	world_halt_root(2);
	fake.lp = 2;
	lp_physical_nmi();
	fake.lp = 0;
	world_step(2);
	CHECK(lps[2].vp == vp);
	CHECK(vp->nmi_blocked);
	CHECK_EQ(HV_PENDING_INTERRUPTION_PENDING | HV_INTERRUPTION_NMI << 1 | 2 << 16,
		fake_vp(vp)->injected);
}

/* ---- Calls between LPs ---- */

static u32 called_on;

static void note_lp(void *argument)
{
	*(u32 *)argument += 1;
	called_on = fake.lp;
}

TEST(lp_calls)
{
	u32 count = 0;

	world_boot();
	world_let_others_run();
	for (u32 i = 0; i < WORLD_LPS; i++) {
		called_on = ~0u;
		lp_call(i, note_lp, &count);
		CHECK_EQ(i, called_on);
		CHECK_EQ(i + 1, count);
	}
	CHECK_EQ(0, fake.lps[0].kicks);
	CHECK(fake.lps[3].kicks > 0);
	CHECK_EQ(3, stat_lp(&lps[0], InterProcessorInterruptsSent));
}

/* LP 0 waits for LP 1, which waits for LP 0: each does what the other wants while it waits. */
static u32 calls_of_1;

static void cross(void)
{
	static bool begun;

	if (fake.lp == 0 && !begun) {
		begun = true;
		fake.lp = 1;
		lp_call(0, note_lp, &calls_of_1);
		fake.lp = 0;
	} else if (fake.lp == 1) {
		fake.lp = 0;
		lp_relax();
		fake.lp = 1;
	}
}

TEST(lp_calls_cross)
{
	u32 calls_of_0 = 0;

	world_boot();
	fake.on_relax = cross;
	lp_call(1, note_lp, &calls_of_0);
	CHECK_EQ(1, calls_of_0);
	CHECK_EQ(1, calls_of_1);
}

/* ---- Timers ---- */

TEST(lp_timer)
{
	struct vapic_effect effect = {0};
	struct vp *vp;
	u64 deadline;

	world_boot();
	vp = root_partition.vps[0];
	world_run_on(0, vp);
	CHECK(vapic_write(&vp->apic, VAPIC_SPURIOUS, true, 0x1ff, 0, &effect));
	CHECK(vapic_write(&vp->apic, VAPIC_LVT_TIMER, true, 0x71, 0, &effect));
	CHECK(vapic_write(&vp->apic, VAPIC_INITIAL_COUNT, true, 10000, fake.tsc, &effect));
	CHECK_EQ(VAPIC_TIMER_CHANGED, effect.kind);
	vp_apic_effect(vp, &effect);
	deadline = vapic_timer_deadline(&vp->apic);
	CHECK_EQ(deadline, fake.lps[0].timer_tsc);
	fake.tsc = deadline + 5;
	fake_interrupt(0, VECTOR_TIMER, false);
	world_step(0);
	CHECK(!pending(vp, 0x71));
	world_step(0);
	CHECK(pending(vp, 0x71));
	CHECK_EQ(~0ull, lps[0].armed_tsc);
}

/* A halted VP's timer is watched by the LP it left, and wakes it. */
TEST(lp_timer_wakes)
{
	struct vp *vp;

	world_boot();
	vp = root_partition.vps[1];
	vp->apic.spurious = 0x1ff;
	world_halt_root(1);
	vp->regs.rflags |= RFLAGS_IF;
	vp->apic.lvt[1] = 0x71;
	vp->apic.timer_period_tsc = 1000;
	vp->apic.timer_start_tsc = fake.tsc;
	vp->apic.timer_deadline_tsc = fake.tsc + 1000;
	fake.lp = 1;
	vp_timers_update(vp);
	fake.lp = 0;
	CHECK_EQ(vp->apic.timer_deadline_tsc, fake.lps[1].timer_tsc);
	fake.idle_ticks = 2000;
	fake_interrupt(1, VECTOR_TIMER, false);
	world_step(1);
	CHECK(lps[1].vp == NULL);
	world_step(1);
	world_step(1);
	CHECK(lps[1].vp == vp);
}

/*
 * A VP stops with a message for its parent, and at the same moment somebody else must run on its
 * LP. The message is posted all the same: a VP in the queue could be suspended, and never would be.
 */
TEST(lp_message_before_switch)
{
	struct partition *child;
	struct vp *vp;

	world_boot();
	child = world_child(64);
	vp = world_vp(child, 0);
	vp->activity = VP_ACTIVE;
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	fake_exit(INTERCEPT_IoPort, 2);
	world_step(1);
	CHECK(vp->message_waits);
	vp_signal(root_partition.vps[1], ATTENTION_NMI);
	world_step(1);
	CHECK(lps[1].vp == root_partition.vps[1]);
	CHECK(!vp->message_waits);
	CHECK(vp->intercept_message.queued);
	CHECK_EQ(SCHED_BLOCKED, vp->sched.state);
	CHECK_EQ(0, vp->posting);
}
