/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that a child makes for its own processors, and what its parent can ask to be told of. */
#include "tests/emulator/synic/synic.h"

#include "core/lib/string.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/report.h"

#define VECTOR	   0x62
#define SOME_MSR   0x12345
#define CODE_LIMIT 0xffffffff

extern u8 cpu_stacks[MAX_CPUS][16384];
extern u8 page_root[];
extern u64 gdt[];
void child_begin(void (*function)(void), u32 cpu);

static volatile u64 told[16];

/* ---- A second processor, without INIT and SIPI ---- */

static volatile u32 second_is_up, second_may_go;

static void second(void)
{
	prepare_interrupts();
	second_is_up = 1;
	while (!this_cpu()->count[VECTOR])
		interrupts_wait();
	second_may_go = 1;
	for (;;)
		interrupts_wait();
}

/* Where a VP starts that was given no registers for arguments. */
static void second_entry(void)
{
	child_begin(second, CHILD_CPU + 1);
}

static void fill_context(struct hv_initial_vp_context *context)
{
	static const u16 selectors[] = {CODE_64, DATA, DATA, DATA, DATA, DATA};

	memset(context, 0, sizeof(*context));
	context->rip = (u64)second_entry;
	context->rsp = (u64)cpu_stacks[CHILD_CPU + 2] - 8;
	context->rflags = 2;
	for (u32 i = 0; i < ARRAY_SIZE(selectors); i++)
		context->segment[i] = (struct hv_x64_segment_register){.limit = CODE_LIMIT,
			.selector = selectors[i],
			.attributes = i ? 0xc093 : 0xa09b};
	context->segment[6] = (struct hv_x64_segment_register){.attributes = 0x8b};
	context->segment[7] = (struct hv_x64_segment_register){.attributes = 0x82};
	context->gdtr = (struct hv_x64_table_register){.limit = 0x2f + 16 * 16, .base = (u64)gdt};
	context->efer = 0xd00;
	context->cr0 = 0x80010033;
	context->cr3 = (u64)page_root;
	context->cr4 = 0x20;
	context->pat = 0x0007040600070406;
}

static void start_second(void)
{
	struct hv_input_get_vp_index_from_apic_id find = {.partition_id = HV_PARTITION_ID_SELF};
	struct hv_input_start_virtual_processor start = {
		.partition_id = HV_PARTITION_ID_SELF, .vp_index = 1};
	struct {
		struct hv_input_send_synthetic_cluster_ipi_ex head;
		u64 bank;
	} ipi = {.head = {.vector = VECTOR, .vp_set = {HV_GENERIC_SET_SPARSE_4K, 1}}, .bank = 2};
	u32 id = 1;
	u64 result;

	prepare_interrupts();
	result = hypercall_rep(
		HVCALL_GET_VP_INDEX_FROM_APIC_ID, &find, sizeof(find), &id, sizeof(id), 1);
	told[0] = hypercall_status(result);
	told[1] = *(const u32 *)hypercall_output;
	fill_context(&start.context);
	told[2] = hypercall(HVCALL_START_VP, &start, sizeof(start));
	while (!second_is_up)
		relax();
	told[3] = hypercall(HVCALL_START_VP, &start, sizeof(start));
	memcpy(hypercall_input, &ipi, sizeof(ipi));
	told[4] = hypercall_status(hypercall_raw(
		HVCALL_SEND_IPI_EX | 1ull << HV_HYPERCALL_VARHEAD_SHIFT, (u64)hypercall_input, 0));
	while (!second_may_go)
		relax();
	told[5] = cpus[CHILD_CPU + 1].count[VECTOR];
	told[6] = cpuid(HV_CPUID_FEATURES, 0).ebx;
}

void check_processors(void)
{
	struct child child;

	interrupt_handle(VECTOR, interrupt_count);
	begin(&child, start_second);
	child_add_vp(&child, 1);
	child_start(&child, 1);
	child_start(&child, 0);
	check(1, child_finish(&child), "the child starts its second processor");
	check(0, told[0], "HvCallGetVpIndexFromApicId");
	check(1, told[1], "HvCallGetVpIndexFromApicId: index");
	check(0, told[2], "HvCallStartVirtualProcessor");
	check(HV_STATUS_INVALID_VP_STATE, told[3], "HvCallStartVirtualProcessor: it runs");
	check(0, told[4], "HvCallSendSyntheticClusterIpiEx");
	check(1, told[5], "HvCallSendSyntheticClusterIpiEx: one interrupt");
	check(HV_FEATURE_EBX_POST_MESSAGES | HV_FEATURE_EBX_SIGNAL_EVENTS |
			HV_FEATURE_EBX_START_VIRTUAL_PROCESSOR,
		told[6], "the child's privileges");
	check(1, child_destroy(&child), "processors: the child is taken apart");
}

/* ---- Accesses that the parent answers ---- */

static void access(void)
{
	u64 value;

	told[0] = msr_try_write(SOME_MSR, 0x1122334455667788);
	told[1] = msr_try_read(SOME_MSR, &value);
	told[2] = value;
	port_write_8(STEP_PORT, 0);
	told[3] = msr_try_read(SOME_MSR, &value);
}

static u32 install(struct child *child, u32 type, u32 access_type, u64 parameter)
{
	struct hv_input_install_intercept input = {.partition_id = child->id,
		.access_type = access_type,
		.intercept_type = type,
		.parameter.as_u64 = parameter};

	return hypercall(HVCALL_INSTALL_INTERCEPT, &input, sizeof(input));
}

static void check_msr(struct child *child, u8 kind, const char *name)
{
	const struct hv_x64_msr_intercept_message *m = (const void *)child->message[0]->payload;

	check(HVMSG_X64_MSR_INTERCEPT, child_wait_type(child), "%s: message", name);
	check(SOME_MSR, m->msr_number, "%s: number", name);
	check(kind, m->header.intercept_access_type, "%s: access", name);
	check(2, m->header.instruction_length_cr8, "%s: length", name);
}

void check_intercepts(void)
{
	const struct hv_x64_msr_intercept_message *m;
	struct child child;

	begin(&child, access);
	m = (const void *)child.message[0]->payload;
	check(0, install(&child, HV_INTERCEPT_TYPE_X64_MSR, 3, 0), "intercept MSRs");
	check(HV_STATUS_INVALID_PARAMETER, install(&child, HV_INTERCEPT_TYPE_EXCEPTION, 4, 14),
		"intercept exceptions: refused");
	child_start(&child, 0);
	check_msr(&child, HV_INTERCEPT_ACCESS_WRITE, "WRMSR");
	check(0x55667788, (u32)m->rax, "WRMSR: EAX");
	check(0x11223344, (u32)m->rdx, "WRMSR: EDX");
	child_skip(&child, 0);
	check_msr(&child, HV_INTERCEPT_ACCESS_READ, "RDMSR");
	child_set(&child, 0, HV_REGISTER_RAX, 0x99);
	child_set(&child, 0, HV_REGISTER_RDX, 0);
	child_skip(&child, 0);
	check(1, child_step(&child), "the child has its answers");
	check(0, install(&child, HV_INTERCEPT_TYPE_X64_MSR, 0, 0), "intercept MSRs no more");
	child_skip(&child, 0);
	check(1, child_finish(&child), "the child goes on");
	check(NO_FAULT, told[0], "WRMSR: no fault");
	check(NO_FAULT, told[1], "RDMSR: no fault");
	check(0x99, told[2], "RDMSR: what the parent answered");
	check(VECTOR_GP, told[3], "RDMSR: not intercepted any more");
	check(1, child_destroy(&child), "intercepts: the child is taken apart");
}

/* ---- Crash ---- */

static void crash(void)
{
	told[0] = msr_read(HV_X64_MSR_CRASH_CTL);
	for (u32 i = 0; i < 5; i++)
		msr_write(HV_X64_MSR_CRASH_P0 + i, 0xabc0 + i);
	msr_write(HV_X64_MSR_CRASH_CTL, HV_CRASH_CTL_NOTIFY);
}

void check_crash(void)
{
	struct child child;

	begin(&child, crash);
	child_start(&child, 0);
	check(1, child_finish(&child), "the child reports a crash");
	check(HV_CRASH_CTL_NOTIFY, told[0], "crash: what is supported");
	check(0xabc3, child_get(&child, 0, HV_REGISTER_GUEST_CRASH_P3), "crash: the parent's view");
	expect_console("crashed: 0xabc0 0xabc1 0xabc2 0xabc3 0xabc4");
	check(1, child_destroy(&child), "crash: the child is taken apart");
}
