/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses to the APIC page and to doorbells that the hypervisor carries out itself. */
#include "abi/hv_msr.h"
#include "core/interrupt/doorbell.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#include <string.h>

#define CODE_PAGE 0x10ull
#define CODE_GVA  (CODE_PAGE << PAGE_SHIFT)
#define APIC	  0xfee00000ull
#define BELL	  0x12345008ull

static struct vp *vp;
static u8 *code;

static void boot(void)
{
	world_boot();
	vp = world_vp_at_code(CODE_PAGE, &code);
}

/* The VP touches `gpa` with the instruction in `bytes`. */
static void touch(const void *bytes, u32 length, u64 gpa, u8 access)
{
	memset(code, 0x90, 32);
	memcpy(code, bytes, length);
	vp->regs.rip = CODE_GVA;
	fake_exit(INTERCEPT_Memory, 0);
	fake_exit_last()->intercept.access = access;
	fake_exit_last()->intercept.memory.gpa = gpa;
	world_step(1);
}

TEST(mmio_apic_write)
{
	static const u8 mov_mem_ecx[] = {0x89, 0x08};		     /* mov %ecx, (%rax) */
	static const u8 mov_mem_imm[] = {0xc7, 0x00, 0x30, 0, 0, 0}; /* movl $0x30, (%rax) */

	boot();
	vp->regs.gpr[RCX] = 0xffffffff00000050;
	touch(mov_mem_ecx, sizeof(mov_mem_ecx), APIC + 0x80, INTERCEPT_WRITE);
	CHECK_EQ(0x50, vp->apic.tpr);
	CHECK_EQ(CODE_GVA + 2, vp->regs.rip);
	touch(mov_mem_imm, sizeof(mov_mem_imm), APIC + 0x80, INTERCEPT_WRITE);
	CHECK_EQ(0x30, vp->apic.tpr);
	CHECK_EQ(CODE_GVA + 6, vp->regs.rip);
	CHECK_EQ(2, stat_vp(vp, ApicMmioAccesses));
	CHECK_EQ(2, stat_vp(vp, EmulatedInstructionsCount));
	CHECK_EQ(0, stat_vp(vp, MemoryInterceptMessages));
	/* Between the registers there is nothing. */
	touch(mov_mem_imm, sizeof(mov_mem_imm), APIC + 0x84, INTERCEPT_WRITE);
	CHECK_EQ(0x30, vp->apic.tpr);
}

TEST(mmio_apic_read)
{
	static const u8 mov_ecx_mem[] = {0x8b, 0x08};	      /* mov (%rax), %ecx */
	static const u8 movzx_ecx_mem[] = {0x0f, 0xb6, 0x08}; /* movzbl (%rax), %ecx */

	boot();
	vp->regs.gpr[RCX] = ~0ull;
	touch(mov_ecx_mem, sizeof(mov_ecx_mem), APIC + 0x30, INTERCEPT_READ);
	CHECK_EQ(0x00060015, vp->regs.gpr[RCX]);
	touch(movzx_ecx_mem, sizeof(movzx_ecx_mem), APIC + 0x32, INTERCEPT_READ);
	CHECK_EQ(6, vp->regs.gpr[RCX]);
	CHECK_EQ(CODE_GVA + 3, vp->regs.rip);
	touch(mov_ecx_mem, sizeof(mov_ecx_mem), APIC + 0x38, INTERCEPT_READ);
	CHECK_EQ(0, vp->regs.gpr[RCX]);
}

/* Its own IPI by way of the page: vector 0x61 to itself. */
TEST(mmio_apic_ipi)
{
	static const u8 mov_mem_ecx[] = {0x89, 0x08};

	boot();
	vp->apic.spurious = 0x1ff;
	vp->regs.gpr[RCX] = 0x40061;
	touch(mov_mem_ecx, sizeof(mov_mem_ecx), APIC + 0x300, INTERCEPT_WRITE);
	CHECK_EQ(0x61, vapic_highest_request(&vp->apic));
	CHECK_EQ(1, stat_vp(vp, ApicIpisSent));
	CHECK_EQ(1, stat_vp(vp, ApicSelfIpisSent));
}

/* In x2APIC mode, or with the APIC off, the page is memory like any other. */
TEST(mmio_no_apic_page)
{
	static const u8 mov_mem_ecx[] = {0x89, 0x08};

	boot();
	vp->apic.base |= VAPIC_BASE_X2APIC;
	touch(mov_mem_ecx, sizeof(mov_mem_ecx), APIC + 0x80, INTERCEPT_WRITE);
	CHECK_EQ(1, stat_vp(vp, MemoryInterceptMessages));
	CHECK_EQ(0, stat_vp(vp, ApicMmioAccesses));
	CHECK_EQ(CODE_GVA, vp->regs.rip);
}

/* What cannot be carried out here the VMM gets: fetches, table walks, strange instructions. */
TEST(mmio_not_understood)
{
	static const u8 movsd[] = {0xa5};

	boot();
	touch(movsd, sizeof(movsd), APIC + 0x80, INTERCEPT_WRITE);
	CHECK_EQ(1, stat_vp(vp, MemoryInterceptMessages));
	CHECK_EQ(0, stat_vp(vp, EmulatedInstructionsCount));
}

static void open_bell(u64 flags)
{
	struct vp *listener = root_partition.vps[0];
	u64 gpa;

	world_deposit(root_partition.id, 1);
	CHECK_EQ(HV_STATUS_SUCCESS,
		doorbell_create(vp->partition, 7, HV_SYNIC_SINT_DOORBELL, HV_ANY_VP));
	CHECK_EQ(HV_STATUS_SUCCESS, doorbell_connect(vp->partition, 3, 7, BELL, 5, flags));
	CHECK_EQ(MSR_DONE, vp_write_msr(listener, HV_X64_MSR_SCONTROL, 1, &gpa));
	CHECK_EQ(MSR_DONE,
		vp_write_msr(listener, HV_X64_MSR_SIRBP, listener->synic.sirbp | 1, &gpa));
}

TEST(mmio_doorbell)
{
	static const u8 mov_mem_cx[] = {0x66, 0x89, 0x08}; /* mov %cx, (%rax) */
	struct hv_synic_event_ring_page *page;

	boot();
	open_bell(HV_DOORBELL_TRIGGER_SIZE_WORD);
	page = root_partition.vps[0]->synic.ring_page;
	vp->regs.gpr[RCX] = 0x12340005;
	touch(mov_mem_cx, sizeof(mov_mem_cx), BELL, INTERCEPT_WRITE);
	CHECK_EQ(7, page->sint[HV_SYNIC_SINT_DOORBELL].data[0]);
	CHECK_EQ(CODE_GVA + 3, vp->regs.rip);
	CHECK_EQ(0, stat_vp(vp, MemoryInterceptMessages));
	CHECK_EQ(1, stat_vp(vp, EmulatedInstructionsCount));
}

/* Another value in the same place: nothing was emulated, the VMM has to look. */
TEST(mmio_doorbell_silent)
{
	static const u8 mov_mem_cx[] = {0x66, 0x89, 0x08};

	boot();
	open_bell(HV_DOORBELL_TRIGGER_SIZE_WORD);
	vp->regs.gpr[RCX] = 6;
	touch(mov_mem_cx, sizeof(mov_mem_cx), BELL, INTERCEPT_WRITE);
	CHECK_EQ(1, stat_vp(vp, MemoryInterceptMessages));
	CHECK_EQ(0, stat_vp(vp, EmulatedInstructionsCount));
	CHECK_EQ(CODE_GVA, vp->regs.rip);
}

/* The root has no parent to ask: touching what is not its own is its fault. */
TEST(mmio_root_refused)
{
	struct vp *root;

	world_boot();
	root = root_partition.vps[0];
	world_run_on(0, root);
	fake_exit(INTERCEPT_Memory, 0);
	fake_exit_last()->intercept.access = INTERCEPT_WRITE;
	fake_exit_last()->intercept.memory.gpa = hypervisor.pool_start;
	world_step(0);
	CHECK_EQ(HV_PENDING_INTERRUPTION_PENDING | HV_INTERRUPTION_HARDWARE_EXCEPTION << 1 |
			 HV_PENDING_INTERRUPTION_DELIVER_ERROR_CODE | 13 << 16,
		root->event);
	CHECK(strstr(fake.console, "refused"));
}
