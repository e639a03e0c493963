/* SPDX-License-Identifier: BSD-2-Clause */
/* The root scheduler: how a dispatch begins and ends, and signals to threads of the root. */
#include "tests/host/dispatcher.h"

TEST(dispatch_type)
{
	struct hv_input_get_system_property in = {.property_id = HV_SYSTEM_PROPERTY_SCHEDULER_TYPE};
	struct hv_output_get_system_property out;

	dispatcher_boot();
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_SYSTEM_PROPERTY, in, out));
	CHECK_EQ(HV_SCHEDULER_TYPE_ROOT, out.value);
}

/* The first dispatch of every VP; any VP can be named by a signal. */
TEST(dispatch_first)
{
	static const u32 indices[] = {1, 63, 64, 255};

	dispatcher_boot();
	for (u32 i = 0; i < ARRAY_SIZE(indices); i++) {
		dispatcher_create(dispatched->partition, indices[i]);
		check_no_signal(0);
		dispatcher_start();
		check_signal(1);
		CHECK_EQ(0, fake_vp(dispatched)->loads);
		CHECK_EQ(0x50, vapic_highest_request(&caller->apic));
	}
}

TEST(dispatch_runs)
{
	dispatcher_boot_running();
	CHECK_EQ(1, fake_vp(dispatched)->runs);
	/* What is the hypervisor's own affair does not end it. */
	fake_exit(INTERCEPT_Cpuid, 2);
	world_step(1);
	check_runs();
	fake_interrupt(1, VECTOR_TIMER, false);
	world_step(1);
	world_step(1);
	check_runs();
	CHECK_EQ(4, fake_vp(dispatched)->runs);
	CHECK_EQ(1, fake_vp(dispatched)->loads);
	check_no_signal(1);
}

/* ---- How it ends ---- */

TEST(dispatch_intercept)
{
	const struct hv_message *message;

	dispatcher_boot_running();
	fake_exit(INTERCEPT_IoPort, 1);
	world_step(1);
	world_step(1);
	check_answer(READY, INTERCEPT);
	message = dispatched->intercept_page;
	CHECK_EQ(HVMSG_X64_IO_PORT_INTERCEPT, message->header.message_type);
	CHECK(!dispatched->message_waits);
	check_no_signal(1);
	/* The intercept stays until it is cleared, and so does the VP. */
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	check_answer(READY, INTERCEPT);
	CHECK_EQ(1, fake_vp(dispatched)->loads);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(HV_DISPATCH_VP_CLEAR_INTERCEPT_SUSPEND));
	world_step(1);
	check_runs();
	check_no_signal(1);
}

/* Both suspensions at once: the intercept comes first, for its thread would wait for ever. */
TEST(dispatch_intercept_and_suspend)
{
	dispatcher_boot_running();
	fake_exit(INTERCEPT_IoPort, 1);
	world_step(1);
	CHECK(dispatched->message_waits);
	world_let_others_run();
	CHECK_STATUS(SUCCESS, world_set_register(dispatched, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	check_answer(READY, INTERCEPT);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(HV_DISPATCH_VP_CLEAR_INTERCEPT_SUSPEND));
	check_answer(BLOCKED, SUSPEND);
	world_start(dispatched);
	check_signal(2);
}

TEST(dispatch_halt)
{
	dispatcher_boot_running();
	dispatcher_halt();
	check_no_signal(1);
	vp_interrupt(dispatched, 0x41, false);
	check_signal(2);
	/* One signal for each time that its thread has to wait. */
	vp_interrupt(dispatched, 0x42, false);
	vp_signal(dispatched, ATTENTION_NMI);
	check_no_signal(2);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	world_step(1);
	check_runs();
}

/* Its thread may dispatch it although it waits; that changes nothing. */
TEST(dispatch_halted)
{
	dispatcher_boot_running();
	dispatcher_halt();
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	check_answer(BLOCKED, NOTHING);
	dispatched->regs.rflags &= ~RFLAGS_IF;
	vp_interrupt(dispatched, 0x41, false);
	check_no_signal(1);
	vp_signal(dispatched, ATTENTION_NMI);
	check_signal(2);
}

/* The reason to run comes after the VP has stopped, and before its state is out of the LP. */
TEST(dispatch_wake_while_it_stops)
{
	dispatcher_boot_running();
	dispatched->activity = VP_HALTED;
	CHECK(vapic_request(&dispatched->apic, 0x41, false));
	dispatcher_stop();
	check_answer(READY, NOTHING);
	check_no_signal(1);
}

TEST(dispatch_root_interrupt)
{
	dispatcher_boot_running();
	fake_interrupt(1, 0x61, false);
	world_step(1);
	world_step(1);
	check_answer(READY, NOTHING);
	CHECK_EQ(injected(0x61), fake_vp(caller)->injected);
	CHECK_EQ(2, fake_vp(dispatched)->runs);
	check_no_signal(1);
}

/* From another LP, for another VP of the root too: only the one that dispatched must be back. */
TEST(dispatch_root_interrupt_from_elsewhere)
{
	dispatcher_boot_running();
	vp_interrupt(root_partition.vps[2], 0x61, false);
	world_step(1);
	check_runs();
	fake.lps[1].kicks = 0;
	vp_interrupt(caller, 0x62, false);
	CHECK_EQ(1, fake.lps[1].kicks);
	world_step(1);
	check_answer(READY, NOTHING);
}

static void interrupt_itself(struct vp *self)
{
	CHECK(vapic_request(&self->apic, 0x61, false));
}

/* It came together with the hypercall: the VP is not even loaded. */
TEST(dispatch_root_interrupt_before)
{
	dispatcher_boot();
	dispatcher_start();
	check_signal(1);
	fake_exit(INTERCEPT_Cpuid, 2);
	fake_exit_last()->act = interrupt_itself;
	world_step(1);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	CHECK_EQ(1, dispatched->running_lp);
	world_step(1);
	check_answer(READY, NOTHING);
	CHECK_EQ(0, fake_vp(dispatched)->loads);
	vp_interrupt(caller, 0x62, false);
	world_step(1);
	CHECK_EQ(injected(0x62), fake_vp(caller)->injected);
}

struct masked_row {
	u32 flags;
	bool enabled;
	u32 attention;
	bool ends;
};

/* A caller with interrupts off is disturbed by interrupts if it says so, and always by an NMI. */
TEST(dispatch_root_masked)
{
	static const struct masked_row rows[] = {
		{0, true, 0, true},
		{0, false, 0, false},
		{HV_DISPATCH_VP_ENABLE_CALLER_INTERRUPTS, false, 0, true},
		{0, false, ATTENTION_NMI, true},
		{0, false, ATTENTION_INIT, true},
	};

	dispatcher_boot_running();
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		dispatcher_stop();
		dispatcher_forget_interrupts();
		caller->regs.rflags = rows[i].enabled ? 0x202 : 2;
		CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(rows[i].flags));
		world_step(1);
		check_runs();
		if (rows[i].attention)
			vp_signal(caller, rows[i].attention);
		else
			vp_interrupt(caller, 0x61, false);
		world_step(1);
		if (!CHECK_EQ(rows[i].ends, lps[1].dispatch.vp == NULL))
			CHECK_EQ(~0u, i);
	}
}

TEST(dispatch_time_slice)
{
	struct hv_input_dispatch_vp in = {.time_slice = 50};
	u64 begin;

	dispatcher_boot_running();
	dispatcher_stop();
	in.partition_id = dispatched->partition->id;
	begin = fake.tsc;
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_call(&in));
	world_step(1);
	check_runs();
	CHECK(fake.lps[1].timer_tsc > begin + 40 * 200 && fake.lps[1].timer_tsc < begin + 70 * 200);
	fake.tsc = fake.lps[1].timer_tsc;
	fake_interrupt(1, VECTOR_TIMER, false);
	world_step(1);
	world_step(1);
	check_answer(READY, NOTHING);
	/* So long that the clock would pass its end: for ever. */
	in.time_slice = ~0ull;
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_call(&in));
	CHECK_EQ(~0ull, lps[1].dispatch.end);
}

/* The child ends for good, and is told again with every attempt. */
TEST(dispatch_dead)
{
	const struct hv_message *message;

	dispatcher_boot_running();
	fake_exit(INTERCEPT_Shutdown, 0);
	world_step(1);
	world_step(1);
	check_answer(READY, INTERCEPT);
	message = dispatched->intercept_page;
	CHECK_EQ(HVMSG_UNRECOVERABLE_EXCEPTION, message->header.message_type);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(HV_DISPATCH_VP_CLEAR_INTERCEPT_SUSPEND));
	check_answer(READY, INTERCEPT);
	/* The same by registers, while its thread waits. */
	CHECK_STATUS(SUCCESS, world_set_register(dispatched, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	dispatched->suspend = SUSPEND_EXPLICIT;
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	check_answer(BLOCKED, SUSPEND);
	world_start(dispatched);
	check_signal(2);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	check_answer(READY, INTERCEPT);
	check_no_signal(2);
}
