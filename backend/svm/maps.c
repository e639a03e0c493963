/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which MSR and port accesses leave the VP. Two sets serve all partitions: the root owns the
 * machine and is stopped only where it would meet the hypervisor; a child is stopped everywhere
 * except at the MSRs that the world switch exchanges anyway.
 */
#include "backend/svm/svm.h"
#include "core/lib/string.h"
#include "machine/machine.h"

#define MSRPM_SIZE 0x2000
#define IOPM_SIZE  0x3000

static u8 root_msrpm[MSRPM_SIZE] __attribute__((aligned(4096)));
static u8 child_msrpm[MSRPM_SIZE] __attribute__((aligned(4096)));
static u8 root_iopm[IOPM_SIZE] __attribute__((aligned(4096)));
static u8 child_iopm[IOPM_SIZE] __attribute__((aligned(4096)));

enum { STOP_READ = 1, STOP_WRITE = 2, STOP_BOTH = 3 };

struct msr_range {
	u32 first;
	u32 last;
	u8 stop;
};

static const struct msr_range root_stops[] = {
	{0x10, 0x10, STOP_BOTH},	      /* TSC: offset, and absent from emulators */
	{0x1b, 0x1b, STOP_BOTH},	      /* APIC_BASE */
	{0x277, 0x277, STOP_BOTH},	      /* PAT: switched in software if the CPU does not */
	{0x3b, 0x3b, STOP_BOTH},	      /* TSC_ADJUST: our clock */
	{0x6a0, 0x6a8, STOP_BOTH},	      /* CET: not switched */
	{0x6e0, 0x6e0, STOP_BOTH},	      /* TSC_DEADLINE: our timer */
	{0x800, 0x8ff, STOP_BOTH},	      /* x2APIC */
	{0xda0, 0xda0, STOP_BOTH},	      /* XSS: not switched */
	{0xc0000080, 0xc0000080, STOP_BOTH},  /* EFER: SVME is ours */
	{0xc0010010, 0xc0010010, STOP_WRITE}, /* SYSCFG and below: what is RAM, and whose */
	{0xc0010016, 0xc001001d, STOP_WRITE}, /* IORR, TOP_MEM */
	{0xc0010020, 0xc0010020, STOP_WRITE}, /* PATCH_LOADER */
	{0xc0010058, 0xc0010058, STOP_WRITE}, /* MMIO configuration base */
	{0xc0010132, 0xc0010133, STOP_WRITE}, /* RMP */
	{0xc0010111, 0xc0010113, STOP_WRITE}, /* SMM_BASE, TSEG */
	{0xc0010114, 0xc0010119, STOP_BOTH},  /* VM_CR, IGNNE, SMM_CTL, VM_HSAVE_PA, SVM_KEY */
};

static const struct msr_range child_passes[] = {
	{0x174, 0x176, STOP_BOTH},	     /* SYSENTER */
	{0xc0000081, 0xc0000084, STOP_BOTH}, /* STAR, LSTAR, CSTAR, SFMASK */
	{0xc0000100, 0xc0000102, STOP_BOTH}, /* FS, GS and kernel GS base */
	{0xc0000103, 0xc0000103, STOP_BOTH}, /* TSC_AUX */
};

/* Two bits an MSR, three ranges of 8192 (§15.11). */
static void mark(u8 *map, u32 msr, u8 stop, bool set)
{
	u32 base = msr < 0x2000 ? 0 : msr < 0xc0010000 ? 0x800 : 0x1000;
	u32 byte = base + (msr & 0x1fff) / 4;
	u32 shift = (msr & 3) * 2;

	if (set)
		map[byte] |= (u8)(stop << shift);
	else
		map[byte] &= (u8) ~(stop << shift);
}

static void mark_all(u8 *map, const struct msr_range *ranges, u32 count, bool set)
{
	for (u32 i = 0; i < count; i++)
		for (u32 msr = ranges[i].first; msr <= ranges[i].last; msr++)
			mark(map, msr, ranges[i].stop, set);
}

void svm_maps_init(void)
{
	memset(child_msrpm, 0xff, sizeof(child_msrpm));
	memset(child_iopm, 0xff, sizeof(child_iopm));
	mark_all(child_msrpm, child_passes, ARRAY_SIZE(child_passes), false);
	mark_all(root_msrpm, root_stops, ARRAY_SIZE(root_stops), true);
}

u64 svm_iopm(bool root)
{
	return machine_spa(root ? root_iopm : child_iopm);
}

u64 svm_msrpm(bool root)
{
	return machine_spa(root ? root_msrpm : child_msrpm);
}
