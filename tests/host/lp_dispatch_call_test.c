/* SPDX-License-Identifier: BSD-2-Clause */
/* The root scheduler: what others do to a dispatched VP, the hypercall, time and counters. */
#include "tests/host/dispatcher.h"

#include <string.h>

/* ---- What others do to it ---- */

TEST(dispatch_suspend)
{
	dispatcher_boot_running();
	world_let_others_run();
	CHECK_STATUS(SUCCESS, world_set_register(dispatched, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	check_answer(BLOCKED, SUSPEND);
	CHECK_EQ(1, world_get_register(dispatched, HV_REGISTER_EXPLICIT_SUSPEND));
	world_start(dispatched);
	check_signal(2);
}

/* Nothing is signalled from then on, so that the root can count what it still waits for. */
TEST(dispatch_suspend_for_good)
{
	dispatcher_boot_running();
	world_let_others_run();
	CHECK_STATUS(SUCCESS, world_set_register(dispatched, HV_REGISTER_DISPATCH_SUSPEND, 1));
	check_answer(BLOCKED, SUSPEND);
	CHECK_EQ(1, world_get_register(dispatched, HV_REGISTER_DISPATCH_SUSPEND));
	CHECK_EQ(0, world_get_register(dispatched, HV_REGISTER_EXPLICIT_SUSPEND));
	vp_interrupt(dispatched, 0x41, false);
	vp_signal(dispatched, ATTENTION_NMI);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	check_answer(BLOCKED, SUSPEND);
	CHECK_EQ(1, world_get_register(dispatched, HV_REGISTER_VP_ROOT_SIGNAL_COUNT));
	check_no_signal(1);
	CHECK_STATUS(SUCCESS, world_set_register(dispatched, HV_REGISTER_DISPATCH_SUSPEND, 0));
	check_signal(2);
}

/* A hypercall that has the VP in its hands is waited for like anything else. */
TEST(dispatch_held)
{
	dispatcher_boot_running();
	dispatcher_halt();
	CHECK(vp_hold(dispatched));
	vp_signal(dispatched, ATTENTION_NMI);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	check_answer(BLOCKED, NOTHING);
	check_no_signal(1);
	vp_release(dispatched);
	check_signal(2);
}

/* Its registers are the parent's only while it does not run. */
TEST(dispatch_registers_need_stopped_vp)
{
	dispatcher_boot_running();
	CHECK_STATUS(INVALID_VP_STATE, world_set_register(dispatched, HV_REGISTER_RAX, 1));
	world_step(1);
	check_runs();
	dispatcher_halt();
	CHECK_STATUS(SUCCESS, world_set_register(dispatched, HV_REGISTER_RAX, 1));
	check_no_signal(1);
}

/* A signal that the root has not taken from the queue yet serves for the next, and counts once.
 */
TEST(dispatch_signal_waits)
{
	dispatcher_boot_running();
	dispatcher_slot()->header.message_type = HVMSG_TIMER_EXPIRED;
	for (u32 i = 0; i < 3; i++) {
		dispatcher_halt();
		vp_signal(dispatched, ATTENTION_NMI);
		dispatched->nmi_blocked = false;
		CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
		world_step(1);
		check_runs();
	}
	CHECK_EQ(2, dispatched->signals);
	CHECK(dispatched->intercept_message.queued);
	CHECK(dispatcher_slot()->header.flags & HV_MESSAGE_FLAG_PENDING);
}

TEST(dispatch_delete)
{
	struct hv_input_delete_vp in = {.vp_index = 0};

	dispatcher_boot_running();
	in.partition_id = dispatched->partition->id;
	world_let_others_run();
	CHECK_STATUS(SUCCESS, WORLD_CALL(DELETE_VP, in));
	CHECK(lps[1].vp == caller);
	CHECK_EQ(BLOCKED, dispatcher_output->dispatch_state);
	CHECK_EQ(SUSPEND, dispatcher_output->dispatch_event);
}

TEST(dispatch_delete_with_signal)
{
	struct partition *child;

	dispatcher_boot_running();
	child = dispatched->partition;
	dispatcher_slot()->header.message_type = HVMSG_TIMER_EXPIRED;
	dispatcher_halt();
	vp_signal(dispatched, ATTENTION_NMI);
	CHECK(caller->synic.head[HV_SYNIC_SINT_INTERCEPT] == &dispatched->intercept_message);
	world_delete(child);
	CHECK(caller->synic.head[HV_SYNIC_SINT_INTERCEPT] == NULL);
}

/* ---- The hypercall ---- */

TEST(dispatch_scans_interrupts)
{
	dispatcher_boot_running();
	dispatcher_halt();
	dispatched->register_page->vector_count = 3;
	dispatched->register_page->vector[0] = 0x41;
	dispatched->register_page->vector[1] = 0x0f; /* no vector of an interrupt */
	dispatched->register_page->vector[2] = 0xfe;
	dispatched->register_page->vector[3] = 0x77; /* beyond the count */
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	check_answer(BLOCKED, NOTHING);
	CHECK_EQ(3, dispatched->register_page->vector_count);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(HV_DISPATCH_VP_SCAN_INTERRUPT_INJECTION));
	world_step(1);
	check_runs();
	CHECK_EQ(0, dispatched->register_page->vectors);
	CHECK_EQ(injected(0xfe), fake_vp(dispatched)->injected);
	CHECK_EQ(0x41, vapic_highest_request(&dispatched->apic));
	check_no_signal(1);
	/* A count that cannot be is one of all there are. */
	dispatched->register_page->vector_count = 0xff;
	fake_exit(INTERCEPT_IoPort, 1);
	world_step(1);
	world_step(1);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(HV_DISPATCH_VP_SCAN_INTERRUPT_INJECTION));
	CHECK_EQ(0, dispatched->register_page->vectors);
}

struct refusal_row {
	struct hv_input_dispatch_vp in;
	enum hv_status status;
};

/* Partition 0 in a row stands for the child. */
TEST(dispatch_refusals)
{
	static const struct refusal_row rows[] = {
		{{.vp_index = 1}, HV_STATUS_INVALID_VP_INDEX},
		{{.vp_index = MAX_VPS}, HV_STATUS_INVALID_VP_INDEX},
		{{.vp_index = ~0u}, HV_STATUS_INVALID_VP_INDEX},
		{{.partition_id = HV_PARTITION_ID_SELF}, HV_STATUS_ACCESS_DENIED},
		{{.partition_id = 0x1234}, HV_STATUS_INVALID_PARTITION_ID},
		{{.flags = HV_DISPATCH_VP_SET_CALLER_SPEC_CTRL}, HV_STATUS_INVALID_PARAMETER},
		{{.flags = 0x80}, HV_STATUS_INVALID_PARAMETER},
		{{.flags = 0x80000000}, HV_STATUS_INVALID_PARAMETER},
	};

	dispatcher_boot();
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hv_input_dispatch_vp in = rows[i].in;

		if (!in.partition_id)
			in.partition_id = dispatched->partition->id;
		if (!CHECK_EQ(rows[i].status, dispatcher_call(&in)))
			CHECK_EQ(~0u, i);
		CHECK(lps[1].dispatch.vp == NULL);
		CHECK_EQ(WORLD_POISON, *(u8 *)dispatcher_output);
	}
}

/* Two threads dispatch one VP: the second is refused, before and after the VP is loaded. */
TEST(dispatch_twice)
{
	struct hv_input_dispatch_vp in = {0};

	dispatcher_boot_running();
	in.partition_id = dispatched->partition->id;
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(DISPATCH_VP, in));
	dispatcher_stop();
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(DISPATCH_VP, in));
	CHECK(lps[0].dispatch.vp == NULL);
	world_step(1);
	check_runs();
}

/* Without an output address nobody is told, and memory that is gone stays untouched. */
TEST(dispatch_output)
{
	u64 places[2] = {0};
	u64 gone;

	dispatcher_boot_running();
	dispatcher_stop();
	places[1] = gone = world_page() << PAGE_SHIFT;

	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
		world_step(1);
		check_runs();
		frame_set(gone, FRAME_USED, 1);
		memset(dispatcher_output, WORLD_POISON, sizeof(*dispatcher_output));
		lps[1].dispatch.output = places[i];
		fake_exit(INTERCEPT_Halt, 1);
		world_step(1);
		world_step(1);
		CHECK(lps[1].vp == caller);
		CHECK_EQ(WORLD_POISON, *(u8 *)dispatcher_output);
		CHECK_EQ(0, *(u64 *)machine_ram(gone));
		dispatched->activity = VP_ACTIVE;
	}
}

/* With Trivium's own scheduler the call and its registers are not there. */
TEST(dispatch_not_chosen)
{
	struct hv_input_dispatch_vp in = {0};
	struct hv_input_get_vp_registers get = {0};
	u32 name = HV_REGISTER_VP_ROOT_SIGNAL_COUNT;
	union hv_register_value value;

	world_boot();
	dispatched = world_vp(world_child(64), 0);
	in.partition_id = get.partition_id = dispatched->partition->id;
	CHECK_STATUS(OPERATION_DENIED, WORLD_CALL(DISPATCH_VP, in));
	CHECK_STATUS(
		INVALID_PARAMETER, world_set_register(dispatched, HV_REGISTER_DISPATCH_SUSPEND, 1));
	CHECK_EQ(SUSPEND_EXPLICIT, dispatched->suspend);
	CHECK_STATUS(INVALID_PARAMETER, world_set_register(dispatched, name, 1));
	CHECK_STATUS(INVALID_PARAMETER, world_list(HVCALL_GET_VP_REGISTERS, 1, &get, sizeof(get),
						&name, sizeof(name), &value, sizeof(value)));
	name = HV_REGISTER_DISPATCH_SUSPEND;
	CHECK_STATUS(INVALID_PARAMETER, world_list(HVCALL_GET_VP_REGISTERS, 1, &get, sizeof(get),
						&name, sizeof(name), &value, sizeof(value)));
}

/* ---- Time and counters ---- */

TEST(dispatch_is_charged)
{
	const struct lp *lp = &lps[1];
	u64 before;

	dispatcher_boot_running();
	before = caller->guest_tsc;
	fake.tsc_step = 10;
	fake_exit(INTERCEPT_Cpuid, 2);
	fake_exit_last()->guest_ticks = 100000;
	world_step(1);
	dispatcher_halt();
	CHECK(dispatched->guest_tsc >= 100000);
	CHECK_EQ(before, caller->guest_tsc);
	CHECK_EQ(lp->stamp - lp->start, lp->guest_tsc + lp->hypervisor_tsc + lp->idle_tsc);
	CHECK_EQ(1, stat_vp(dispatched, LogicalProcessorDispatches));
	CHECK(stat_vp(dispatched, TotalRunTime) >= 500);
	/* From the signal to the dispatch it waits. */
	vp_signal(dispatched, ATTENTION_NMI);
	dispatcher_slot()->header.message_type = HVMSG_NONE;
	world_step(1);
	fake.tsc += 200 * 1000;
	before = stat_vp(dispatched, WaitingForCpuTime);
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	dispatcher_forget_interrupts();
	world_step(1);
	CHECK(stat_vp(dispatched, WaitingForCpuTime) - before >= 1000);
	CHECK_EQ(2, stat_vp(dispatched, LogicalProcessorDispatches));
	CHECK_EQ(0, stat_vp(dispatched, LogicalProcessorMigrations));
}
