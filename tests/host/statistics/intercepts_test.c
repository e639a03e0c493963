/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exactness: one intercept of each kind in intercepts.def moves its Count by one and its Time, and
 * no other counter of the VP but those that the table below names. A new row of intercepts.def is
 * tested like the simplest here until it has a row of its own.
 */
#include "tests/host/world.h"

#include <stdio.h>
#include <string.h>

#define CODE_PAGE 0x10ull
#define CODE_GVA  (CODE_PAGE << PAGE_SHIFT)

struct kind_row {
	const char *name;
	u16 count;
	u16 time;
};

static const struct kind_row kinds[INTERCEPT_KINDS] = {
#define INTERCEPT(kind, counter, handler)                                                          \
	{#kind, STAT_VP_##counter##Count, STAT_VP_##counter##Time},
#include "core/intercept/intercepts.def"
#undef INTERCEPT
};

/* How a kind is provoked, and what else it counts. */
struct provocation {
	void (*act)(struct vp *vp, struct intercept *intercept);
	u16 also; /* a counter that moves by one too; 0: none */
};

static void set(struct vp *vp, u32 name, u64 value)
{
	union hv_register_value wide = {.reg64 = value};

	CHECK(hypervisor.backend->set_register(vp, name, &wide));
}

static void provoke_msr(struct vp *vp, struct intercept *intercept)
{
	intercept->access = INTERCEPT_READ;
	vp->regs.gpr[RCX] = 0x1b;
}

static void provoke_hypercall(struct vp *vp, struct intercept *intercept)
{
	(void)intercept;
	vp->regs.gpr[RCX] = 0xffff;
}

static void provoke_io(struct vp *vp, struct intercept *intercept)
{
	(void)vp;
	intercept->access = INTERCEPT_WRITE;
	intercept->io.port = 0x3f8;
	intercept->io.size = 1;
}

static void provoke_memory(struct vp *vp, struct intercept *intercept)
{
	(void)vp;
	intercept->memory.gpa = 0x12345000;
}

static void provoke_control(struct vp *vp, struct intercept *intercept)
{
	static const u8 mov_cr8_rax[] = {0x44, 0x0f, 0x22, 0xc0};

	intercept->access = INTERCEPT_WRITE;
	intercept->control_register.number = 8;
	memcpy(partition_memory(vp->partition, CODE_GVA, SLAT_READ), mov_cr8_rax,
		sizeof(mov_cr8_rax));
	vp->regs.gpr[RAX] = 3;
}

static void provoke_xsetbv(struct vp *vp, struct intercept *intercept)
{
	(void)intercept;
	set(vp, HV_REGISTER_CR4, BIT(18));
	vp->regs.gpr[RCX] = vp->regs.gpr[RDX] = 0;
	vp->regs.gpr[RAX] = 7;
}

static const struct provocation provocations[INTERCEPT_KINDS] = {
	[INTERCEPT_Msr] = {provoke_msr, 0},
	[INTERCEPT_Hypercall] = {provoke_hypercall, STAT_VP_OtherHypercalls},
	[INTERCEPT_IoPort] = {provoke_io, STAT_VP_IoInterceptMessages},
	[INTERCEPT_Memory] = {provoke_memory, STAT_VP_MemoryInterceptMessages},
	[INTERCEPT_ControlRegister] = {provoke_control, STAT_VP_ApicTprAccesses},
	[INTERCEPT_DebugRegister] = {NULL, STAT_VP_OtherMessages},
	[INTERCEPT_PageInvalidation] = {NULL, STAT_VP_OtherMessages},
	[INTERCEPT_Mwait] = {NULL, STAT_VP_OtherReflectedGuestExceptions},
	[INTERCEPT_Rdpmc] = {NULL, STAT_VP_OtherReflectedGuestExceptions},
	[INTERCEPT_Virtualization] = {NULL, STAT_VP_OtherReflectedGuestExceptions},
	[INTERCEPT_Xsetbv] = {provoke_xsetbv, 0},
	[INTERCEPT_Exception] = {NULL, STAT_VP_OtherMessages},
	[INTERCEPT_Shutdown] = {NULL, STAT_VP_OtherMessages},
	[INTERCEPT_InvalidState] = {NULL, STAT_VP_OtherMessages},
	[INTERCEPT_Other] = {NULL, STAT_VP_OtherMessages},
};

/* Counters that other things than intercepts keep up to date: they may move at any time. */
static bool is_run_time(u32 index)
{
	return index == STAT_VP_TotalRunTime || index == STAT_VP_HypervisorRunTime;
}

/* The interrupt that ends the step after the intercept under test, whose time it brings. */
static u64 expected_move(u32 index, const struct kind_row *row, u16 also, u32 interrupts)
{
	u64 moves = 0;

	moves += index == row->count;
	moves += also && index == also;
	moves += index == STAT_VP_ExternalInterruptsCount ? interrupts : 0;
	return moves;
}

static void check_moves(const struct vp *vp, const u64 *before, u32 kind, u32 interrupts)
{
	const struct kind_row *row = &kinds[kind];
	u16 also = provocations[kind].also;

	for (u32 i = 0; i < HV_STATS_COUNTERS; i++) {
		u64 moved = vp->stats[i] - before[i];
		bool right = moved == expected_move(i, row, also, interrupts);

		if (i == row->time)
			right = moved > 0;
		else if (i == STAT_VP_ExternalInterruptsTime || is_run_time(i))
			continue;
		if (!CHECK(right))
			printf("  %s: counter %u moved by %lld\n", row->name, i, (long long)moved);
	}
}

/* The child VP runs on LP 1; root VP 0, on LP 0, is who makes hypercalls. */
static void check_kind(struct vp *vp, u32 kind)
{
	u64 before[HV_STATS_COUNTERS];
	u32 interrupts;

	world_start(vp);
	world_run_on(1, vp);
	memcpy(before, vp->stats, PAGE_SIZE);
	vp->regs.rip = CODE_GVA;
	fake_exit(kind, 2);
	if (provocations[kind].act)
		provocations[kind].act(vp, &fake_exit_last()->intercept);
	world_step(1);
	/* Its time is told when the VP enters again, or leaves the LP. */
	interrupts = vp->stats[STAT_VP_ExternalInterruptsCount] -
		     before[STAT_VP_ExternalInterruptsCount];
	CHECK_EQ(kinds[kind].count == STAT_VP_ExternalInterruptsCount, interrupts);
	world_step(1);
	check_moves(vp, before, kind, lps[1].vp == vp);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 1));
}

TEST(statistics_of_intercepts)
{
	struct partition *child;

	world_boot();
	world_let_others_run();
	fake.tsc_step = 1000;
	child = world_child(256);
	CHECK_STATUS(SUCCESS, world_map(child, CODE_PAGE, world_page(),
				      HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE));
	world_halt_root(1);
	for (u32 kind = 0; kind < INTERCEPT_KINDS; kind++) {
		struct vp *vp = world_vp(child, kind);

		vp->activity = VP_ACTIVE;
		fake_enter_64(vp);
		check_kind(vp, kind);
	}
}

/* All classes of a VP together are its time in the hypervisor. */
TEST(statistics_add_up)
{
	struct vp *vp;
	u64 sum = 0;

	world_boot();
	vp = root_partition.vps[0];
	fake.tsc_step = 37;
	for (u32 i = 0; i < 500; i++) {
		static const u8 some[] = {INTERCEPT_Cpuid, INTERCEPT_Nmi, INTERCEPT_Window,
			INTERCEPT_Interrupt, INTERCEPT_Rdpmc, INTERCEPT_Mwait, INTERCEPT_NmiReturn};

		fake_exit(some[test_random() % sizeof(some)], 2);
		fake_exit_last()->guest_ticks = test_random() % 5000;
		world_step(0);
	}
	world_step(0);
	for (u32 i = 0; i < INTERCEPT_CLASSES; i++)
		sum += vp->class_tsc[i];
	CHECK_EQ(vp->hypervisor_tsc, sum);
	CHECK_EQ(lps[0].guest_tsc, vp->guest_tsc);
	CHECK(vp->hypervisor_tsc <= lps[0].hypervisor_tsc);
	CHECK_EQ(lps[0].stamp - lps[0].start, lps[0].guest_tsc + lps[0].hypervisor_tsc);
}

/* What all VPs had is what all LPs gave, and each return from a VP is in one class. */
static void check_sums(struct vp *const *vps, u32 count)
{
	u64 guest = 0;

	for (u32 i = 0; i < count; i++) {
		bool seen[HV_STATS_COUNTERS] = {false};
		u64 intercepts = 0;

		for (u32 kind = 0; kind < INTERCEPT_KINDS; kind++) {
			intercepts +=
				seen[kinds[kind].count] ? 0 : vps[i]->stats[kinds[kind].count];
			seen[kinds[kind].count] = true;
		}
		CHECK_EQ(fake_vp(vps[i])->runs, intercepts);
		guest += vps[i]->guest_tsc;
	}
	for (u32 i = 0; i < WORLD_LPS; i++) {
		const struct lp *lp = &lps[i];

		guest -= lp->guest_tsc;
		CHECK_EQ(lp->stamp - lp->start, lp->guest_tsc + lp->hypervisor_tsc + lp->idle_tsc);
	}
	CHECK_EQ(0, guest);
}

TEST(statistics_of_all_add_up)
{
	static const u8 some[] = {
		INTERCEPT_Interrupt, INTERCEPT_Cpuid, INTERCEPT_Halt, INTERCEPT_Nmi};
	struct vp *vps[WORLD_LPS + 3];
	struct partition *child;

	world_boot();
	world_let_others_run();
	child = world_child(64);
	for (u32 i = 0; i < ARRAY_SIZE(vps); i++) {
		vps[i] = i < WORLD_LPS ? root_partition.vps[i] : world_vp(child, i - WORLD_LPS);
		vps[i]->activity = VP_ACTIVE;
		if (i >= WORLD_LPS)
			world_start(vps[i]);
	}
	fake.tsc_step = 13;
	fake.idle_ticks = 12345;
	for (u32 i = 0; i < 2000; i++) {
		fake_exit(some[test_random() % sizeof(some)], 2);
		fake_exit_last()->guest_ticks = test_random() % 100000;
		world_step(test_random() % WORLD_LPS);
		fake_hardware.exit_count = 0;
		if (i % 16 == 0)
			vp_signal(vps[test_random() % ARRAY_SIZE(vps)], ATTENTION_NMI);
	}
	check_sums(vps, ARRAY_SIZE(vps));
}
