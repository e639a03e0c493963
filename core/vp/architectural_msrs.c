/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Architectural MSRs that do not simply pass through: of the root those that would reach the
 * hypervisor, of a child all that the world switch does not exchange.
 */
#include "core/hypervisor.h"
#include "core/log.h"
#include "core/vp/features.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"
#include "machine/machine.h"

#define MSR_TSC		0x10
#define MSR_APIC_BASE	0x1b
#define MSR_BIOS_SIGN	0x8b
#define MSR_MTRR_CAP	0xfe
#define MSR_MCG_CAP	0x179
#define MSR_MCG_STATUS	0x17a
#define MSR_MISC_ENABLE 0x1a0
#define MSR_DEBUG_CTL	0x1d9
#define MSR_MTRR_FIRST	0x200
#define MSR_PAT		0x277
#define MSR_MTRR_TYPE	0x2ff
#define MSR_EFER	0xc0000080
#define MSR_SYSCFG	0xc0010010
#define MSR_HWCR	0xc0010015
#define MSR_VM_CR	0xc0010114
#define MSR_VM_HSAVE	0xc0010117

#define EFER_LME  BIT(8)
#define EFER_LMA  BIT(10)
#define EFER_SVME BIT(12)
#define CR0_PG	  BIT(31)

/* What the VP may set follows from what CPUID shows it; SVME is ours (APM vol. 2 §3.1.7). */
static u64 efer_writable(struct vp *vp)
{
	u64 bits = EFER_LME | BIT(0);
	u32 out[4];

	vp_cpuid(vp, 0x80000001, 0, out);
	bits |= out[3] & BIT(20) ? BIT(11) : 0; /* NX → NXE */
	bits |= out[3] & BIT(25) ? BIT(14) : 0; /* FFXSR */
	bits |= out[2] & BIT(17) ? BIT(15) : 0; /* TCE */
	return bits;
}

static bool write_efer(struct vp *vp, u64 value)
{
	u64 old = vp_register64(vp, HV_REGISTER_EFER);
	u64 paging = vp_register64(vp, HV_REGISTER_CR0) & CR0_PG;

	if (value & ~(efer_writable(vp) | EFER_LMA))
		return false;
	/* AMD APM vol. 2 §3.1.7: long mode cannot be switched under paging. */
	if (paging && ((old ^ value) & EFER_LME))
		return false;
	vp_set_register64(vp, HV_REGISTER_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	return true;
}

bool vp_pat_valid(u64 value)
{
	for (u32 i = 0; i < 8; i++, value >>= 8)
		if ((value & 0xff) > 7 || (value & 0xff) == 2 || (value & 0xff) == 3)
			return false;
	return true;
}

/* A child's MTRRs have no effect: nested paging types its memory. They keep what was written. */
static u64 *mtrr(struct vp *vp, u32 msr)
{
	static const u32 fixed[] = {
		0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

	if (msr == MSR_MTRR_TYPE)
		return &vp->mtrr_def_type;
	if (msr >= MSR_MTRR_FIRST && msr < MSR_MTRR_FIRST + 2 * MTRR_VARIABLE)
		return &vp->mtrr_variable[msr - MSR_MTRR_FIRST];
	for (u32 i = 0; i < ARRAY_SIZE(fixed); i++)
		if (msr == fixed[i])
			return &vp->mtrr_fixed[i];
	return NULL;
}

/* There are no virtual performance counters; who looks for them is counted (AMD APM vol. 2 §13.1).
 */
static void count_monitoring(struct vp *vp, u32 msr)
{
	if ((msr >= 0xc0010000 && msr <= 0xc0010007) || (msr >= 0xc0010200 && msr <= 0xc001020b))
		stat_vp(vp, PerfmonPmuMsrAccessesCount)++;
	else if (msr >= 0x1db && msr <= 0x1de)
		stat_vp(vp, PerfmonLbrMsrAccessesCount)++;
	else if (msr >= 0x560 && msr <= 0x587)
		stat_vp(vp, PerfmonIptMsrAccessesCount)++;
}

enum msr_outcome vp_read_architectural_msr(struct vp *vp, u32 msr, u64 *value)
{
	bool root = vp->partition->is_root;
	u64 *range = root ? NULL : mtrr(vp, msr);

	*value = 0;
	if (range) {
		*value = *range;
		return MSR_DONE;
	}
	switch (msr) {
	case MSR_TSC:
		*value = machine_tsc() + vp->tsc_offset;
		return MSR_DONE;
	case MSR_APIC_BASE:
		*value = vp->apic.base;
		return MSR_DONE;
	case MSR_PAT:
		*value = vp->pat;
		return MSR_DONE;
	case MSR_EFER:
		*value = vp_register64(vp, HV_REGISTER_EFER);
		return MSR_DONE;
	case MSR_VM_CR:
		*value = BIT(3) | BIT(4); /* LOCK, SVMDIS */
		return MSR_DONE;
	case MSR_MTRR_CAP:
		*value = MTRR_VARIABLE | BIT(8) | BIT(10);
		return MSR_DONE;
	case MSR_BIOS_SIGN:
	case MSR_MCG_CAP:
	case MSR_MCG_STATUS:
	case MSR_MISC_ENABLE:
	case MSR_DEBUG_CTL:
	case MSR_SYSCFG:
	case MSR_HWCR:
		return root ? MSR_FAULT : MSR_DONE;
	}
	count_monitoring(vp, msr);
	return !root && vp->partition->unimplemented_msr_action ? MSR_DONE : MSR_FAULT;
}

static enum msr_outcome write_apic_base(struct vp *vp, u64 value)
{
	bool legal;

	spin_lock(&vp->timer_lock);
	legal = vapic_write_base(&vp->apic, value);
	spin_unlock(&vp->timer_lock);
	if (!legal)
		return MSR_FAULT;
	vp_timers_update(vp);
	return MSR_DONE;
}

enum msr_outcome vp_write_architectural_msr(struct vp *vp, u32 msr, u64 value)
{
	bool root = vp->partition->is_root;
	u64 *range = root ? NULL : mtrr(vp, msr);

	if (range) {
		*range = value;
		return MSR_DONE;
	}
	switch (msr) {
	case MSR_TSC:
		/* All VPs of a partition share one TSC: a write by one of them is without effect.
		 */
		return MSR_DONE;
	case MSR_APIC_BASE:
		return write_apic_base(vp, value);
	case MSR_PAT:
		if (!vp_pat_valid(value))
			return MSR_FAULT;
		vp->pat = value;
		hypervisor.backend->vp_update(vp);
		return MSR_DONE;
	case MSR_EFER:
		return write_efer(vp, value) ? MSR_DONE : MSR_FAULT;
	}
	if (root && partition_may_log(vp->partition))
		log_warning("root VP %u: write of MSR %#x refused", vp->index, msr);
	count_monitoring(vp, msr);
	return !root && vp->partition->unimplemented_msr_action ? MSR_DONE : MSR_FAULT;
}
