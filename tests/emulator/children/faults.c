/* SPDX-License-Identifier: BSD-2-Clause */
/* Children that ask for too much or break down. */
#include "tests/emulator/children/children.h"

#include "abi/hv_msr.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

/* ---- Calls and registers that are not for children ---- */

struct call_row {
	u16 code;
	u8 form;
	bool privileged;
};

#define FORM_SIMPLE	   false
#define FORM_REP	   true
#define FORM_VAR	   false
#define FORM_VARREP	   true
#define PRIV_NONE	   false
#define PRIV_CPU	   true
#define PRIV_CREATE	   true
#define PRIV_PARTITION_ID  true
#define PRIV_MEMORY_POOL   true
#define PRIV_VP_REGISTERS  true
#define PRIV_CREATE_PORT   true
#define PRIV_CONNECT_PORT  true
#define PRIV_STATS	   true
#define PRIV_POST_MESSAGES true
#define PRIV_SIGNAL_EVENTS true
#define PRIV_START_VP	   true

static const struct call_row calls[] = {
#define HYPERCALL(code, name, form, header, element, out, target, privilege, family)               \
	{code, FORM_##form, privilege},
#include "abi/hypercalls.def"
#undef HYPERCALL
};

#define CALLS ARRAY_SIZE(calls)

static u32 statuses[CALLS];
static u32 unknown_status;
static u32 msr_vectors[4];

static void call_all(void)
{
	u64 value;

	for (u32 i = 0; i < CALLS; i++) {
		u64 control = calls[i].code;

		if (calls[i].form == FORM_REP)
			control |= 1ull << HV_HYPERCALL_REP_COUNT_SHIFT;
		if (calls[i].privileged)
			statuses[i] = hypercall_status(hypercall_raw(
				control, (u64)hypercall_input, (u64)hypercall_output));
	}
	unknown_status = hypercall_fast(0x7f0, 0, 0);
	msr_vectors[0] = msr_try_read(HV_X64_MSR_SCONTROL, &value);
	msr_vectors[1] = msr_try_write(HV_X64_MSR_RESET, 1);
	msr_vectors[2] = msr_try_read(0x12345678, &value);
	msr_vectors[3] = msr_try_read(HV_X64_MSR_VP_INDEX, &value);
}

void check_denied_calls(void)
{
	struct child child;

	begin_64(&child, call_all);
	child_start(&child, 0);
	check(1, child_finish(&child), "the child tries all hypercalls");
	for (u32 i = 0; i < CALLS; i++)
		if (calls[i].privileged)
			check(HV_STATUS_ACCESS_DENIED, statuses[i], "call 0x%x: denied to a child",
				calls[i].code);
	check(HV_STATUS_INVALID_HYPERCALL_CODE, unknown_status, "unknown call of a child");
	check(VECTOR_GP, msr_vectors[0], "SCONTROL without the privilege");
	check(VECTOR_GP, msr_vectors[1], "RESET without the privilege");
	check(VECTOR_GP, msr_vectors[2], "an MSR that does not exist");
	check(NO_FAULT, msr_vectors[3], "VP_INDEX with the privilege");
	check(1, child_destroy(&child), "calls: the child is taken apart");
}

/* ---- Breakdowns ---- */

static void triple_fault(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) none = {0, 0};

	__asm__ volatile("lidt %0\nud2" : : "m"(none));
}

static void check_dead(struct child *child, const char *name)
{
	check(HVMSG_UNRECOVERABLE_EXCEPTION, child_wait_type(child), "%s: message", name);
	check(child->id, child->message[0]->header.sender, "%s: sender", name);
	check(1, child_get(child, 0, HV_REGISTER_INTERCEPT_SUSPEND), "%s: suspended", name);
	child_resume(child, 0);
	check(HVMSG_UNRECOVERABLE_EXCEPTION, child_wait_type(child), "%s: again at resume", name);
	check(1, child_destroy(child), "%s: the child is taken apart", name);
}

/* 64-bit and 32-bit code at once (AMD APM vol. 2 §15.5.1). */
static void set_bad_code_segment(struct child *child)
{
	union hv_register_value value = {
		.segment = {.limit = ~0u, .selector = CODE_64, .attributes = 0xe09b}};

	check(0, child_try_set(child, 0, HV_REGISTER_CS, &value), "invalid state: set");
}

/* Long mode without PAE. */
static void set_bad_paging(struct child *child)
{
	child_set(child, 0, HV_REGISTER_CR4, 0);
}

void check_faults(void)
{
	struct child child;

	begin_64(&child, triple_fault);
	child_start(&child, 0);
	check_dead(&child, "triple fault");
	begin_64(&child, triple_fault);
	set_bad_code_segment(&child);
	child_start(&child, 0);
	check_dead(&child, "CS.L and CS.D");
	begin_64(&child, triple_fault);
	set_bad_paging(&child);
	child_start(&child, 0);
	check_dead(&child, "long mode without PAE");
	expect_console("triple fault");
	expect_console("invalid state");
}
