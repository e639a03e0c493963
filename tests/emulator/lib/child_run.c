/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting children and hearing from them. */
#include "tests/emulator/lib/child.h"

#include "abi/hv_msr.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/report.h"

#define TIMEOUT_VECTOR 0x51
#define PATIENCE       100000000ull /* 10 s */
#define SERIAL_PORT    0x3f8
#define EXIT_PORT      0xf4

extern u8 cpu_stacks[MAX_CPUS][16384];
extern u8 page_root[];
extern u64 gdt[];
void child_begin(void (*function)(void), u32 cpu);

static struct hv_message *slot;

void child_listen(void)
{
	interrupt_handle(CHILD_SINT_VECTOR, interrupt_count);
	interrupt_handle(TIMEOUT_VECTOR, interrupt_count);
	msr_write(HV_X64_MSR_SIMP, msr_read(HV_X64_MSR_SIMP) | HV_MSR_PAGE_ENABLE);
	msr_write(HV_X64_MSR_SIRBP, msr_read(HV_X64_MSR_SIRBP) | HV_MSR_PAGE_ENABLE);
	slot = (struct hv_message *)(msr_read(HV_X64_MSR_SIMP) & HV_MSR_PAGE_ADDRESS_MASK);
	msr_write(HV_X64_MSR_SINT0, CHILD_SINT_VECTOR);
	msr_write(HV_X64_MSR_SCONTROL, HV_SCONTROL_ENABLE);
}

/* ---- Entry ---- */

static void set_segment(
	struct child *child, u32 vp, u32 name, u16 selector, u64 base, u32 limit, u16 attributes)
{
	union hv_register_value value = {.segment = {.base = base,
						 .limit = limit,
						 .selector = selector,
						 .attributes = attributes}};

	(void)child_try_set(child, vp, name, &value);
}

void child_enter_real(struct child *child, u32 vp, u16 segment, u16 offset)
{
	set_segment(child, vp, HV_REGISTER_CS, segment, (u64)segment << 4, 0xffff, 0x9b);
	child_set(child, vp, HV_REGISTER_RIP, offset);
	child_set(child, vp, HV_REGISTER_RFLAGS, 2);
}

static void set_tables(struct child *child, u32 vp)
{
	union hv_register_value table = {.table = {.limit = 0x2f + 16 * 16, .base = (u64)gdt}};
	static const u32 data[] = {
		HV_REGISTER_DS, HV_REGISTER_ES, HV_REGISTER_SS, HV_REGISTER_FS, HV_REGISTER_GS};

	(void)child_try_set(child, vp, HV_REGISTER_GDTR, &table);
	set_segment(child, vp, HV_REGISTER_CS, CODE_64, 0, ~0u, 0xa09b);
	for (u32 i = 0; i < ARRAY_SIZE(data); i++)
		set_segment(child, vp, data[i], DATA, 0, ~0u, 0xc093);
}

/* The first code of a 64-bit child; its arguments have been put into registers. */
void child_begin(void (*function)(void), u32 cpu)
{
	cpu_prepare(cpu);
	function();
	for (;;)
		port_write_8(CHILD_DONE_PORT, 0);
}

void child_enter_64(struct child *child, u32 vp, void (*function)(void))
{
	u32 cpu = CHILD_CPU + vp;

	set_tables(child, vp);
	child_set(child, vp, HV_REGISTER_CR4, 0x20);
	child_set(child, vp, HV_REGISTER_CR3, (u64)page_root);
	child_set(child, vp, HV_REGISTER_CR0, 0x80010033);
	child_set(child, vp, HV_REGISTER_EFER, 0xd00);
	child_set(child, vp, HV_REGISTER_RSP, (u64)cpu_stacks[cpu + 1] - 8);
	child_set(child, vp, HV_REGISTER_RIP, (u64)child_begin);
	child_set(child, vp, HV_REGISTER_RDI, (u64)function);
	child_set(child, vp, HV_REGISTER_RSI, cpu);
	child_set(child, vp, HV_REGISTER_RFLAGS, 2);
	child_set(child, vp, HV_REGISTER_INTERNAL_ACTIVITY_STATE, 0);
}

void child_start(struct child *child, u32 vp)
{
	child_set(child, vp, HV_REGISTER_EXPLICIT_SUSPEND, 0);
}

void child_resume(struct child *child, u32 vp)
{
	child_set(child, vp, HV_REGISTER_INTERCEPT_SUSPEND, 0);
}

void child_skip(struct child *child, u32 vp)
{
	const struct hv_x64_intercept_message_header *header =
		(const void *)child->message[vp]->payload;

	child_set(child, vp, HV_REGISTER_RIP,
		header->rip +
			(header->instruction_length_cr8 & HV_INTERCEPT_INSTRUCTION_LENGTH_MASK));
	child_resume(child, vp);
}

/* ---- Messages ---- */

static void set_timeout(u64 time)
{
	u64 config = HV_STIMER_CONFIG_DIRECT_MODE | HV_STIMER_CONFIG_AUTO_ENABLE |
		     (u64)TIMEOUT_VECTOR << HV_STIMER_CONFIG_VECTOR_SHIFT;

	msr_write(HV_X64_MSR_STIMER3_CONFIG, time ? config : 0);
	msr_write(HV_X64_MSR_STIMER3_COUNT, time);
}

static void empty_slot(void)
{
	atomic_store(&slot->header.message_type, HVMSG_NONE);
	memory_fence();
	if (READ_ONCE(slot->header.flags) & HV_MESSAGE_FLAG_PENDING)
		msr_write(HV_X64_MSR_EOM, 0);
}

/* Takes the message in the slot, if it is from the child; sleeps if there is none. */
static u32 take_message(struct child *child)
{
	u32 vp = ~0u;

	interrupts_off();
	if (atomic_load(&slot->header.message_type) == HVMSG_NONE) {
		interrupts_wait();
		return vp;
	}
	if (slot->header.sender == child->id && slot->header.message_type == HVMSG_OPAQUE_INTERCEPT)
		memcpy(&vp, slot->payload, sizeof(vp));
	empty_slot();
	return vp;
}

u32 child_wait_forever(struct child *child)
{
	u32 vp;

	do
		vp = take_message(child);
	while (vp == ~0u);
	return vp;
}

u32 child_wait(struct child *child, u64 timeout_100ns)
{
	u64 end = time_100ns() + timeout_100ns;
	u32 vp = ~0u;

	set_timeout(end);
	while (vp == ~0u && time_100ns() < end)
		vp = take_message(child);
	set_timeout(0);
	interrupts_off();
	return vp;
}

u32 child_wait_type(struct child *child)
{
	return child_wait(child, PATIENCE) == 0 ? child_message_type(child, 0) : 0;
}

bool child_finish(struct child *child)
{
	for (;;) {
		u32 type = child_wait_type(child);
		const struct hv_x64_io_port_intercept_message *port = child_port(child, 0);

		if (type != HVMSG_X64_IO_PORT_INTERCEPT) {
			print("child stopped with message 0x%x RIP 0x%lx GPA 0x%lx\n", type,
				port->header.rip, child_memory(child, 0)->guest_physical_address);
			return false;
		}
		if (port->port_number == CHILD_DONE_PORT)
			return true;
		/* A child that gives up says so on the serial port, then leaves. */
		if (port->port_number == EXIT_PORT)
			return false;
		if (port->port_number == SERIAL_PORT)
			port_write_8(SERIAL_PORT, (u8)port->rax);
		if (port->header.intercept_access_type == HV_INTERCEPT_ACCESS_READ)
			child_set(child, 0, HV_REGISTER_RAX, 0x20);
		child_skip(child, 0);
	}
}
