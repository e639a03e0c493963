/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens to a VP before it is entered: events, interrupts, NMIs, INIT and SIPI, halting. */
#include "tests/host/world.h"

#include <string.h>

#define EVENT(type, vector)                                                                        \
	(HV_PENDING_INTERRUPTION_PENDING |                                                         \
		(u64)HV_INTERRUPTION_##type << HV_PENDING_INTERRUPTION_TYPE_SHIFT |                \
		(u64)(vector) << HV_PENDING_INTERRUPTION_VECTOR_SHIFT)

/* A child VP that could run: not suspended, interrupts open, its APIC on. */
static struct vp *boot(void)
{
	struct vp *vp;

	world_boot();
	vp = world_vp(world_child(64), 0);
	vp->suspend = 0;
	vp->attention = 0;
	vp->regs.rflags |= RFLAGS_IF;
	vp->apic.spurious = 0x1ff;
	return vp;
}

static void request(struct vp *vp, u8 vector)
{
	CHECK(vapic_request(&vp->apic, vector, false));
	vp->attention |= ATTENTION_INTERRUPT;
}

/* The event of this entry; the entry consumes it. */
static u64 enter(struct vp *vp)
{
	u64 event = vp->event;

	vp->event = 0;
	return event;
}

TEST(deliver_nothing)
{
	struct vp *vp = boot();

	vp->attention = ATTENTION_INTERRUPT;
	CHECK(vp_prepare(vp));
	CHECK_EQ(0, vp->attention);
	CHECK_EQ(0, vp->event);
	CHECK(!vp->window_open);
}

TEST(deliver_interrupt)
{
	struct vp *vp = boot();

	request(vp, 0x41);
	request(vp, 0x52);
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(EXTERNAL_INTERRUPT, 0x52), enter(vp));
	CHECK_EQ(1, stat_vp(vp, VirtualInterrupts));
	/* The other waits for the end of this one. */
	vp->attention = ATTENTION_INTERRUPT;
	CHECK(vp_prepare(vp));
	CHECK_EQ(0, vp->event);
	CHECK(!fake_vp(vp)->window);
	vapic_end(&vp->apic, &(bool){false});
	vp->attention = ATTENTION_INTERRUPT;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(EXTERNAL_INTERRUPT, 0x41), enter(vp));
}

/* With interrupts off the VP runs until the window opens. */
TEST(deliver_window)
{
	struct vp *vp = boot();

	vp->regs.rflags = 2;
	request(vp, 0x41);
	CHECK(vp_prepare(vp));
	CHECK_EQ(0, vp->event);
	CHECK(vp->window_open && fake_vp(vp)->window);
	vp->regs.rflags |= RFLAGS_IF;
	vp->shadow = 1;
	CHECK(vp_prepare(vp));
	CHECK(fake_vp(vp)->window);
	vp->shadow = 0;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(EXTERNAL_INTERRUPT, 0x41), enter(vp));
	CHECK(!fake_vp(vp)->window && !vp->window_open);
}

/* An event that is there already goes first, whatever it is; the interrupt asks for a window. */
TEST(deliver_after_event)
{
	struct vp *vp = boot();

	vp_inject_exception(vp, 14, 2);
	request(vp, 0x41);
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(HARDWARE_EXCEPTION, 14) | HV_PENDING_INTERRUPTION_DELIVER_ERROR_CODE |
			 2ull << HV_PENDING_INTERRUPTION_ERROR_CODE_SHIFT,
		enter(vp));
	CHECK(fake_vp(vp)->window);
	vp->attention = ATTENTION_INTERRUPT;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(EXTERNAL_INTERRUPT, 0x41), enter(vp));
}

/* Only the task priority holds it back: writes of CR8 must be seen. */
TEST(deliver_task_priority)
{
	struct vp *vp = boot();

	vp->apic.tpr = 0x50;
	request(vp, 0x41);
	CHECK(vp_prepare(vp));
	CHECK_EQ(0, vp->event);
	CHECK(vp->tpr_intercept && fake_vp(vp)->cr8_writes);
	CHECK(!fake_vp(vp)->window);
	request(vp, 0x61);
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(EXTERNAL_INTERRUPT, 0x61), enter(vp));
	vp->apic.tpr = 0;
	vapic_end(&vp->apic, &(bool){false});
	vp->attention = ATTENTION_INTERRUPT;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(EXTERNAL_INTERRUPT, 0x41), enter(vp));
	vp->attention = ATTENTION_INTERRUPT;
	CHECK(vp_prepare(vp));
	CHECK(!fake_vp(vp)->cr8_writes && !vp->tpr_intercept);
}

TEST(deliver_nmi)
{
	struct vp *vp = boot();

	vp->regs.rflags = 2; /* NMIs do not ask */
	vp->attention = ATTENTION_NMI;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(NMI, 2), enter(vp));
	CHECK(vp->nmi_blocked && fake_vp(vp)->nmi_return);
	/* One more waits, however many come, for the end of the first. */
	for (u32 i = 0; i < 3; i++) {
		vp->attention |= ATTENTION_NMI;
		CHECK(vp_prepare(vp));
		CHECK_EQ(0, vp->event);
	}
	CHECK(vp->nmi_pending);
	CHECK_EQ(RESUME, handle_nmi_return(vp, &(struct intercept){0}));
	CHECK(!vp->nmi_blocked && !fake_vp(vp)->nmi_return);
	CHECK(vp->attention);
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(NMI, 2), enter(vp));
	handle_nmi_return(vp, &(struct intercept){0});
	CHECK(vp_prepare(vp));
	CHECK_EQ(0, vp->event);
}

/* An NMI and an exception: the exception first, and the NMI is not forgotten. */
TEST(deliver_nmi_after_event)
{
	struct vp *vp = boot();

	vp_inject_exception(vp, 6, -1);
	vp->attention = ATTENTION_NMI;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(HARDWARE_EXCEPTION, 6), enter(vp));
	CHECK(vp->attention); /* looked at again at the next entry */
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(NMI, 2), enter(vp));
}

TEST(deliver_nmi_before_interrupt)
{
	struct vp *vp = boot();

	request(vp, 0x41);
	vp->attention |= ATTENTION_NMI;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(NMI, 2), enter(vp));
	CHECK(fake_vp(vp)->window);
	vp->attention = ATTENTION_INTERRUPT;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(EXTERNAL_INTERRUPT, 0x41), enter(vp));
}

/* ---- Halting ---- */

struct wake_row {
	enum vp_activity activity;
	bool interrupts_on;
	u32 attention;
	u8 vector; /* requested; 0: none */
	u8 tpr;
	bool wakes;
};

TEST(deliver_wakes)
{
	static const struct wake_row rows[] = {
		{VP_HALTED, true, ATTENTION_INTERRUPT, 0, 0, false},
		{VP_HALTED, true, ATTENTION_INTERRUPT, 0x41, 0, true},
		{VP_HALTED, false, ATTENTION_INTERRUPT, 0x41, 0, false},
		{VP_HALTED, true, ATTENTION_INTERRUPT, 0x41, 0x50, false},
		{VP_HALTED, false, ATTENTION_NMI, 0, 0, true},
		{VP_IDLE, false, ATTENTION_INTERRUPT, 0x41, 0, true},
		{VP_IDLE, true, ATTENTION_INTERRUPT, 0x41, 0, true},
		{VP_IDLE, false, ATTENTION_INTERRUPT, 0x41, 0x50, false},
		{VP_IDLE, false, ATTENTION_INTERRUPT, 0, 0, false},
		{VP_IDLE, false, ATTENTION_NMI, 0, 0, true},
		{VP_WAIT_SIPI, true, ATTENTION_INTERRUPT, 0x41, 0, false},
		{VP_WAIT_SIPI, true, ATTENTION_NMI, 0, 0, false},
		{VP_WAIT_SIPI, true, ATTENTION_STARTUP, 0, 0, true},
		{VP_ACTIVE, false, 0, 0, 0, true},
	};
	struct vp *vp = boot();

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct wake_row *row = &rows[i];

		vapic_init(&vp->apic);
		vp->apic.spurious = 0x1ff;
		vp->apic.tpr = row->tpr;
		vp->nmi_blocked = vp->nmi_pending = false;
		vp->event = 0;
		vp->activity = row->activity;
		vp->regs.rflags = row->interrupts_on ? 2 | RFLAGS_IF : 2;
		if (row->vector)
			CHECK(vapic_request(&vp->apic, row->vector, false));
		vp->attention = row->attention;
		/* What says whether it can run, and what lets it run, agree. */
		if (!CHECK_EQ(row->wakes, vp_runnable(vp)) || !CHECK_EQ(row->wakes, vp_prepare(vp)))
			CHECK_EQ(~0u, i);
		CHECK_EQ(row->wakes ? VP_ACTIVE : row->activity, vp->activity);
	}
}

/* An event that the parent stored wakes a halted VP. */
TEST(deliver_event_wakes)
{
	struct vp *vp = boot();

	vp->activity = VP_HALTED;
	vp->regs.rflags = 2;
	vp->event = EVENT(HARDWARE_EXCEPTION, 13);
	vp->attention = ATTENTION_EVENT;
	CHECK(vp_runnable(vp));
	CHECK(vp_prepare(vp));
	CHECK_EQ(VP_ACTIVE, vp->activity);
}

/* ---- INIT and SIPI ---- */

TEST(deliver_init_sipi)
{
	struct vp *vp = boot();
	union hv_register_value cs;

	vp->regs.gpr[RBX] = 5;
	vp->apic.tpr = 0x30;
	request(vp, 0x41);
	vp->event = EVENT(HARDWARE_EXCEPTION, 13);
	vp->attention = ATTENTION_INIT;
	CHECK(!vp_prepare(vp));
	CHECK_EQ(VP_WAIT_SIPI, vp->activity);
	CHECK_EQ(0, vp->event);
	CHECK_EQ(0, vp->regs.gpr[RBX]);
	CHECK_EQ(0, vp->apic.tpr);
	CHECK_EQ(-1, vapic_highest_request(&vp->apic));
	vp->startup_vector = 0x9a;
	vp->attention = ATTENTION_STARTUP;
	CHECK(vp_prepare(vp));
	(void)hypervisor.backend->get_register(vp, HV_REGISTER_CS, &cs);
	CHECK_EQ(0x9a000, cs.segment.base);
	CHECK_EQ(0x9a00, cs.segment.selector);
	CHECK_EQ(0, vp->regs.rip);
	/* A second SIPI is no news. */
	vp->regs.rip = 0x77;
	vp->attention = ATTENTION_STARTUP;
	CHECK(vp_prepare(vp));
	CHECK_EQ(0x77, vp->regs.rip);
	/* Both at once: INIT first. */
	vp->attention = ATTENTION_INIT | ATTENTION_STARTUP;
	CHECK(vp_prepare(vp));
	CHECK_EQ(0, vp->regs.rip);
	CHECK_EQ(VP_ACTIVE, vp->activity);
}

/* ---- Suspension ---- */

TEST(suspend_keeps_what_came)
{
	struct vp *vp = boot();

	vp->suspend = SUSPEND_EXPLICIT;
	request(vp, 0x41);
	vp->attention |= ATTENTION_NMI | ATTENTION_SUSPEND;
	CHECK(!vp_runnable(vp));
	CHECK(!vp_prepare(vp));
	CHECK_EQ(ATTENTION_INTERRUPT | ATTENTION_NMI, vp->attention);
	vp->suspend = 0;
	CHECK(vp_prepare(vp));
	CHECK_EQ(EVENT(NMI, 2), enter(vp));
}

TEST(suspend_flags_add_up)
{
	struct vp *vp = boot();

	vp->suspend = SUSPEND_EXPLICIT;
	message_unrecoverable(vp);
	CHECK_EQ(SUSPEND_EXPLICIT | SUSPEND_INTERCEPT, vp->suspend);
	vp_resume(vp, SUSPEND_INTERCEPT);
	CHECK_EQ(SCHED_BLOCKED, vp->sched.state);
	CHECK_EQ(1, world_get_register(vp, HV_REGISTER_EXPLICIT_SUSPEND));
	CHECK_EQ(0, world_get_register(vp, HV_REGISTER_INTERCEPT_SUSPEND));
	vp_resume(vp, SUSPEND_EXPLICIT);
	CHECK_EQ(SCHED_READY, vp->sched.state);
	vp_suspend(vp, SUSPEND_EXPLICIT);
	CHECK_EQ(SCHED_BLOCKED, vp->sched.state);
}

/* When the call that suspends returns, no processor has the VP. */
TEST(suspend_waits_for_lp)
{
	struct vp *vp = boot();

	world_halt_root(2);
	vp->suspend = SUSPEND_EXPLICIT;
	world_start(vp);
	world_run_on(2, vp);
	CHECK_EQ(2, vp->running_lp);
	world_let_others_run();
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	CHECK_EQ(-1, vp->running_lp);
	CHECK(lps[2].vp != vp);
	CHECK(fake.lps[2].kicks > 0);
	CHECK_EQ(fake_vp(vp)->loads, fake_vp(vp)->puts);
}

/* The root cannot be stopped, and a VP that is dead says so each time it is resumed. */
TEST(suspend_special_cases)
{
	struct vp *vp = boot();

	CHECK_EQ(HV_STATUS_OPERATION_DENIED,
		vp_set_register(root_partition.vps[1], HV_REGISTER_EXPLICIT_SUSPEND,
			&(union hv_register_value){.reg64 = 1}));
	vp->dead = true;
	vp->suspend = SUSPEND_EXPLICIT;
	world_start(vp);
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
	CHECK_EQ(HVMSG_UNRECOVERABLE_EXCEPTION, vp->intercept_page->header.message_type);
	CHECK_EQ(SCHED_BLOCKED, vp->sched.state);
}

/* A signal reaches a VP wherever it is: running, ready, blocked. */
TEST(signal_wakes_and_kicks)
{
	struct vp *vp = boot();
	u32 kicks;

	vp->activity = VP_HALTED;
	vp_interrupt(vp, 0x41, false);
	CHECK_EQ(SCHED_READY, vp->sched.state);
	world_halt_root(3);
	world_run_on(3, vp);
	kicks = fake.lps[3].kicks;
	vp_interrupt(vp, 0x42, false);
	CHECK_EQ(kicks + 1, fake.lps[3].kicks);
	CHECK(lps[3].attention & LP_RESCHEDULE);
	/* Already pending: nothing new to say. */
	vp_interrupt(vp, 0x42, false);
	CHECK_EQ(kicks + 1, fake.lps[3].kicks);
}
