/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a VP at each kind of intercept: stepped over, faulted, or stopped. */
#include "core/intercept/handlers.h"

#include "abi/hv_message.h"
#include "abi/hv_msr.h"
#include "core/vp/features.h"
#include "tests/host/world.h"

#include <string.h>

#define CODE_PAGE 0x10ull
#define CODE_GVA  (CODE_PAGE << PAGE_SHIFT)

#define UD 6
#define GP 13

static struct vp *vp;
static u8 *code;

/* A child VP on LP 1 in 64-bit code without paging. */
static void boot(void)
{
	world_boot();
	vp = world_vp_at_code(CODE_PAGE, &code);
}

/* The VP executes `bytes`; the hardware does not tell their length. */
static void execute(enum intercept_kind kind, u8 access, const void *bytes, u32 size)
{
	memset(code, 0x90, 32);
	memcpy(code, bytes, size);
	vp->regs.rip = CODE_GVA;
	vp->event = 0;
	fake_exit(kind, 0);
	fake_exit_last()->intercept.access = access;
	world_step(1);
}

#define EXECUTE(kind, access, bytes)                                                               \
	execute(INTERCEPT_##kind, INTERCEPT_##access, bytes, sizeof(bytes) - 1)

static void check_stepped(u32 length)
{
	CHECK_EQ(CODE_GVA + length, vp->regs.rip);
	CHECK_EQ(0, vp->event);
}

static void check_fault(u8 vector)
{
	CHECK_EQ(CODE_GVA, vp->regs.rip);
	CHECK_EQ(vector, vp->event >> HV_PENDING_INTERRUPTION_VECTOR_SHIFT & 0xff);
	CHECK_EQ(vector == GP, !!(vp->event & HV_PENDING_INTERRUPTION_DELIVER_ERROR_CODE));
}

TEST(handle_cpuid)
{
	u32 expected[4];

	boot();
	vp->regs.gpr[RAX] = 0xffffffff80000008;
	vp->regs.gpr[RCX] = ~0ull;
	vp_cpuid(vp, 0x80000008, ~0u, expected);
	EXECUTE(Cpuid, READ, "\x0f\xa2");
	check_stepped(2);
	CHECK_EQ(expected[0], vp->regs.gpr[RAX]);
	CHECK_EQ(expected[1], vp->regs.gpr[RBX]);
	CHECK_EQ(expected[2], vp->regs.gpr[RCX]);
	CHECK_EQ(expected[3], vp->regs.gpr[RDX]);
}

TEST(handle_msr)
{
	boot();
	vp->regs.gpr[RCX] = 0xffffffff0000001b;
	vp->regs.gpr[RAX] = vp->regs.gpr[RDX] = ~0ull;
	EXECUTE(Msr, READ, "\x0f\x32");
	check_stepped(2);
	CHECK_EQ(0xfee00900, vp->regs.gpr[RAX]);
	CHECK_EQ(0, vp->regs.gpr[RDX]);
	vp->regs.gpr[RCX] = HV_X64_MSR_GUEST_OS_ID;
	vp->regs.gpr[RAX] = 0xffffffff11223344;
	vp->regs.gpr[RDX] = 0xffffffff55667788;
	EXECUTE(Msr, WRITE, "\x0f\x30");
	check_stepped(2);
	CHECK_EQ(0x5566778811223344, vp->partition->guest_os_id);
	vp->regs.gpr[RCX] = 0x12345;
	vp->regs.gpr[RAX] = 7;
	EXECUTE(Msr, READ, "\x0f\x32");
	check_fault(GP);
	CHECK_EQ(7, vp->regs.gpr[RAX]);
	EXECUTE(Msr, WRITE, "\x0f\x30");
	check_fault(GP);
}

/* A page that an MSR names and that is not there is the parent's to bring. */
TEST(handle_msr_needs_memory)
{
	const struct hv_x64_memory_intercept_message *m;

	boot();
	m = (const void *)vp->intercept_page->payload;
	vp->partition->guest_os_id = 1;
	vp->regs.gpr[RCX] = HV_X64_MSR_HYPERCALL;
	vp->regs.gpr[RAX] = 0x5001;
	vp->regs.gpr[RDX] = 0;
	EXECUTE(Msr, WRITE, "\x0f\x30");
	check_stepped(0);
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
	CHECK_EQ(HVMSG_GPA_INTERCEPT, vp->intercept_page->header.message_type);
	CHECK_EQ(0x5000, m->guest_physical_address);
	CHECK_EQ(HV_INTERCEPT_ACCESS_WRITE, m->header.intercept_access_type);
}

TEST(handle_halt)
{
	boot();
	vp->regs.rflags = 2 | RFLAGS_IF;
	vp->apic.spurious = 0x1ff;
	EXECUTE(Halt, READ, "\xf4");
	check_stepped(1);
	CHECK_EQ(VP_HALTED, vp->activity);
	world_step(1);
	CHECK_EQ(-1, vp->running_lp);
	vp_interrupt(vp, 0x55, false);
	world_step(1);
	CHECK_EQ(1, vp->running_lp);
	CHECK_EQ(VP_ACTIVE, vp->activity);
}

/* An interrupt that came before HLT: the VP does not leave. */
TEST(handle_halt_with_interrupt)
{
	boot();
	vp->regs.rflags = 2 | RFLAGS_IF;
	vp->apic.spurious = 0x1ff;
	CHECK(vapic_request(&vp->apic, 0x55, false));
	EXECUTE(Halt, READ, "\xf4");
	world_step(1);
	CHECK_EQ(1, vp->running_lp);
	CHECK_EQ(HV_PENDING_INTERRUPTION_PENDING | 0x55 << 16, fake_vp(vp)->injected);
}

TEST(handle_faults)
{
	boot();
	EXECUTE(Mwait, READ, "\x0f\x01\xc9");
	check_fault(UD);
	EXECUTE(Virtualization, READ, "\x0f\x01\xd8");
	check_fault(UD);
	EXECUTE(Rdpmc, READ, "\x0f\x33");
	check_fault(GP);
}

static void xsetbv(u64 index, u64 value, u8 expected_fault)
{
	vp->regs.gpr[RCX] = index;
	vp->regs.gpr[RAX] = (u32)value;
	vp->regs.gpr[RDX] = value >> 32;
	EXECUTE(Xsetbv, WRITE, "\x0f\x01\xd1");
	if (expected_fault)
		check_fault(expected_fault);
	else
		check_stepped(3);
}

TEST(handle_xsetbv)
{
	union hv_register_value ss = {.segment = {.attributes = 0xc0f3}};

	boot();
	xsetbv(0, 7, UD); /* CR4.OSXSAVE is off */
	vp_set_register64(vp, HV_REGISTER_CR4, BIT(18));
	xsetbv(0, 7, 0);
	CHECK_EQ(7, vp->xcr0);
	CHECK_EQ(1, fake_vp(vp)->updates);
	xsetbv(1, 7, GP);
	xsetbv(0, 0, GP);
	xsetbv(0, 6, GP);
	xsetbv(0, 5, GP);
	xsetbv(0, 1ull << 62 | 7, GP);
	xsetbv(0, 0x100000000 | 7, GP);
	CHECK(hypervisor.backend->set_register(vp, HV_REGISTER_SS, &ss));
	xsetbv(0, 3, GP); /* CPL 3 */
	CHECK_EQ(7, vp->xcr0);
	CHECK_EQ(1, fake_vp(vp)->updates);
}

TEST(handle_cache_flush)
{
	boot();
	EXECUTE(CacheFlush, READ, "\x0f\x09");
	check_stepped(2);
	EXECUTE(CacheFlush, READ, "\x0f\x08");
	check_stepped(2);
	EXECUTE(CacheFlush, READ, "\x90");
	check_fault(UD);
}

/* ---- Control registers ---- */

static void mov_cr0(u64 value, u8 expected_fault)
{
	vp->regs.gpr[RAX] = value;
	EXECUTE(ControlRegister, WRITE, "\x0f\x22\xc0");
	if (expected_fault) {
		check_fault(expected_fault);
		return;
	}
	check_stepped(3);
	CHECK_EQ(value | 0x10, vp_register64(vp, HV_REGISTER_CR0));
}

/* From code without paging. */
static void write_cr0(u64 value, u8 expected_fault)
{
	vp_set_register64(vp, HV_REGISTER_CR0, 0x11);
	mov_cr0(value, expected_fault);
}

TEST(handle_cr0)
{
	union hv_register_value cs = {.segment = {.attributes = 0xc09b}};
	u32 flushes;

	boot();
	CHECK(hypervisor.backend->set_register(vp, HV_REGISTER_CS, &cs));
	vp_set_register64(vp, HV_REGISTER_EFER, 0);
	vp->regs.rflags = 2;
	flushes = fake_vp(vp)->flushes;
	write_cr0(0x11, 0);
	CHECK(fake_vp(vp)->flushes > flushes);
	write_cr0(0x80000011, 0);
	write_cr0(0x80000010, GP); /* paging without protection */
	write_cr0(0x20000011, GP); /* NW without CD */
	write_cr0(0x60000011, 0);
	/* Into long mode: only with PAE. */
	vp_set_register64(vp, HV_REGISTER_EFER, BIT(8));
	write_cr0(0x80000011, GP);
	vp_set_register64(vp, HV_REGISTER_CR4, BIT(5));
	write_cr0(0x80000011, 0);
}

/* Out of 64-bit code paging cannot be switched off. */
TEST(handle_cr0_in_long_mode)
{
	u64 table;

	boot();
	table = world_page();
	/* Level 4, 3 and 2 in one page each would be long: map 1 GiB at 0 with PS in level 3. */
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 0x20, table, HV_MAP_GPA_READABLE));
	*(u64 *)world_memory(table) = 0x21003;
	table = world_page();
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 0x21, table, HV_MAP_GPA_READABLE));
	*(u64 *)world_memory(table) = 0x83;
	vp_set_register64(vp, HV_REGISTER_CR3, 0x20000);
	vp_set_register64(vp, HV_REGISTER_CR4, BIT(5));
	vp_set_register64(vp, HV_REGISTER_EFER, BIT(8) | BIT(10));
	vp_set_register64(vp, HV_REGISTER_CR0, 0x80000011);
	mov_cr0(0x11, GP);
	mov_cr0(0x80010011, 0);
	mov_cr0(0x180010011, GP);
}

TEST(handle_cr8)
{
	boot();
	vp->regs.gpr[RAX] = 9;
	EXECUTE(ControlRegister, WRITE, "\x44\x0f\x22\xc0");
	check_stepped(4);
	CHECK_EQ(0x90, vp->apic.tpr);
	vp->regs.gpr[RAX] = 16;
	EXECUTE(ControlRegister, WRITE, "\x44\x0f\x22\xc0");
	check_fault(GP);
	CHECK_EQ(0x90, vp->apic.tpr);
	/* CLTS and LMSW are writes of CR0 too. */
	vp_set_register64(vp, HV_REGISTER_CR0, 0x19);
	EXECUTE(ControlRegister, WRITE, "\x0f\x06");
	check_stepped(2);
	CHECK_EQ(0x11, vp_register64(vp, HV_REGISTER_CR0));
}

/* What was not asked for, or cannot be decoded, ends the VP but nothing else. */
TEST(handle_unexpected)
{
	boot();
	EXECUTE(ControlRegister, READ, "\x0f\x20\xd8"); /* mov %cr3, %rax */
	CHECK(vp->dead);
	CHECK_EQ(HVMSG_UNRECOVERABLE_EXCEPTION, vp->intercept_page->header.message_type);
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
}

/* The root has nobody to tell: the machine starts again. */
TEST(handle_root_shutdown)
{
	world_boot();
	world_run_on(0, root_partition.vps[0]);
	fake_exit(INTERCEPT_Shutdown, 0);
	CHECK_EQ(FAKE_WAS_RESET, FAKE_ENDS(world_step(0)));
	CHECK(strstr(fake.console, "triple fault"));
}
