/* SPDX-License-Identifier: BSD-2-Clause */
/* The synthetic MSRs (TLFS "Synthetic MSRs") as a table, and the x2APIC range. */
#include "abi/hv_cpuid.h"
#include "abi/hv_msr.h"
#include "core/hypervisor.h"
#include "core/log.h"
#include "core/lp.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"

struct msr_row {
	u64 privilege; /* 0: everybody */
	enum msr_outcome (*read)(struct vp *vp, u32 msr, u64 *value);
	enum msr_outcome (*write)(struct vp *vp, u32 msr, u64 value, u64 *gpa);
};

/* ---- Partition-wide ---- */

static const u8 hypercall_code[] = {0x0f, 0x01, 0xd9, 0xc3}; /* vmmcall; ret */

static enum msr_outcome read_guest_os_id(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	*value = vp->partition->guest_os_id;
	return MSR_DONE;
}

static enum msr_outcome write_guest_os_id(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	(void)msr;
	(void)gpa;
	vp->partition->guest_os_id = value;
	/* TLFS: without an identity the hypercall page is disabled. */
	if (!value)
		vp->partition->hypercall_msr &= ~HV_MSR_PAGE_ENABLE;
	return MSR_DONE;
}

static enum msr_outcome read_hypercall(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	*value = vp->partition->hypercall_msr;
	return MSR_DONE;
}

bool vp_page_allowed(const struct vp *vp, u64 old, u64 value)
{
	return !vp->partition->is_root || !((old ^ value) & HV_MSR_PAGE_ADDRESS_MASK);
}

static enum msr_outcome write_hypercall(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	struct partition *partition = vp->partition;
	u8 *page;

	(void)msr;
	if (!vp_page_allowed(vp, partition->hypercall_msr, value) || (value & 0xffc))
		return MSR_FAULT;
	if (partition->hypercall_msr & HV_HYPERCALL_MSR_LOCKED)
		return MSR_FAULT;
	if (!partition->guest_os_id)
		value &= ~HV_MSR_PAGE_ENABLE;
	if ((value & HV_MSR_PAGE_ENABLE) && !partition->is_root) {
		*gpa = value & HV_MSR_PAGE_ADDRESS_MASK;
		page = partition_memory(partition, *gpa, SLAT_READ | SLAT_WRITE);
		if (!page)
			return MSR_RETRY;
		for (u32 i = 0; i < PAGE_SIZE; i++)
			page[i] = i < sizeof(hypercall_code) ? hypercall_code[i] : 0xcc;
	}
	partition->hypercall_msr = value;
	return MSR_DONE;
}

static enum msr_outcome read_reference_tsc(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	*value = vp->partition->reference_tsc_msr;
	return MSR_DONE;
}

static enum msr_outcome write_reference_tsc(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	struct partition *partition = vp->partition;

	(void)msr;
	if (!vp_page_allowed(vp, partition->reference_tsc_msr, value))
		return MSR_FAULT;
	*gpa = value & HV_MSR_PAGE_ADDRESS_MASK;
	if ((value & HV_MSR_PAGE_ENABLE) &&
		!partition_memory(partition, *gpa, SLAT_READ | SLAT_WRITE))
		return MSR_RETRY;
	partition->reference_tsc_msr = value;
	partition_update_tsc_page(partition);
	return MSR_DONE;
}

static enum msr_outcome read_reference_time(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	*value = partition_reference_time(vp->partition, machine_tsc());
	return MSR_DONE;
}

static enum msr_outcome read_frequency(struct vp *vp, u32 msr, u64 *value)
{
	(void)vp;
	*value = msr == HV_X64_MSR_TSC_FREQUENCY ? machine.tsc_hz : APIC_TIMER_HZ;
	return MSR_DONE;
}

static enum msr_outcome read_zero(struct vp *vp, u32 msr, u64 *value)
{
	(void)vp;
	(void)msr;
	*value = 0;
	return MSR_DONE;
}

static enum msr_outcome write_reset(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	(void)msr;
	(void)gpa;
	if (!(value & HV_RESET_MSR_RESET))
		return MSR_DONE;
	if (!vp->partition->is_root)
		return MSR_FAULT;
	log_info("root asked for a reset");
	machine_reset();
}

/* ---- Per VP ---- */

static enum msr_outcome read_vp_index(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	*value = vp->index;
	return MSR_DONE;
}

static enum msr_outcome read_run_time(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	lp_publish(lp_self());
	*value = stat_vp(vp, TotalRunTime);
	return MSR_DONE;
}

void vp_end_of_interrupt(struct vp *vp)
{
	struct vapic_effect effect = {.kind = VAPIC_ENDED};
	int vector = vapic_end(&vp->apic, &effect.level);

	if (vector < 0)
		return;
	effect.vector = (u8)vector;
	vp_apic_effect(vp, &effect);
}

enum msr_outcome vp_write_apic(struct vp *vp, enum vapic_register reg, bool x2apic, u64 value)
{
	struct vapic_effect effect = {0};
	bool timer = reg == VAPIC_LVT_TIMER || reg == VAPIC_INITIAL_COUNT || reg == VAPIC_DIVIDE;
	bool legal;

	if (timer)
		spin_lock(&vp->timer_lock);
	legal = vapic_write(&vp->apic, reg, x2apic, value, machine_tsc(), &effect);
	if (timer)
		spin_unlock(&vp->timer_lock);
	if (!legal)
		return MSR_FAULT;
	if (reg == VAPIC_EOI)
		stat_vp(vp, ApicEoiAccesses)++;
	if (reg == VAPIC_TPR)
		stat_vp(vp, ApicTprAccesses)++;
	/* These decide what can be delivered. */
	if (reg == VAPIC_TPR || reg == VAPIC_SPURIOUS)
		atomic_or(&vp->attention, ATTENTION_INTERRUPT);
	vp_apic_effect(vp, &effect);
	return MSR_DONE;
}

static enum msr_outcome write_eoi(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	(void)msr;
	(void)gpa;
	(void)value;
	stat_vp(vp, ApicEoiAccesses)++;
	vp_end_of_interrupt(vp);
	return MSR_DONE;
}

static enum msr_outcome read_icr(struct vp *vp, u32 msr, u64 *value)
{
	u64 high = 0;
	u64 low = 0;

	(void)msr;
	(void)vapic_read(&vp->apic, VAPIC_ICR, false, machine_tsc(), &low);
	(void)vapic_read(&vp->apic, VAPIC_ICR_HIGH, false, machine_tsc(), &high);
	*value = high << 32 | (u32)low;
	return MSR_DONE;
}

static enum msr_outcome write_icr(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	(void)msr;
	(void)gpa;
	(void)vp_write_apic(vp, VAPIC_ICR_HIGH, false, value >> 32);
	return vp_write_apic(vp, VAPIC_ICR, false, (u32)value);
}

static enum msr_outcome read_tpr(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	stat_vp(vp, ApicTprAccesses)++;
	*value = vp->apic.tpr;
	return MSR_DONE;
}

static enum msr_outcome write_tpr(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	(void)msr;
	(void)gpa;
	return value > 0xff ? MSR_FAULT : vp_write_apic(vp, VAPIC_TPR, false, value);
}

static enum msr_outcome read_assist_page(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	*value = vp->assist_page_msr;
	return MSR_DONE;
}

static enum msr_outcome write_assist_page(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	(void)msr;
	(void)gpa;
	if (!vp_page_allowed(vp, vp->assist_page_msr, value))
		return MSR_FAULT;
	vp->assist_page_msr = value;
	return MSR_DONE;
}

/*
 * The page that counts for the VP, or for its partition; one register for all VPs, as the page is
 * (TLFS "Statistics Page Mapping MSRs").
 */
static struct overlay *stats_overlay(struct vp *vp, u32 msr, u64 *const **place)
{
	bool own = msr == HV_X64_MSR_STATS_VP_RETAIL_PAGE;

	*place = own ? &vp->stats : &vp->partition->stats;
	return own ? &vp->stats_overlay : &vp->partition->stats_overlay;
}

static enum msr_outcome read_stats_page(struct vp *vp, u32 msr, u64 *value)
{
	u64 *const *place;

	*value = stats_overlay(vp, msr, &place)->msr;
	return MSR_DONE;
}

static enum msr_outcome write_stats_page(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	u64 *const *place;
	struct overlay *overlay = stats_overlay(vp, msr, &place);

	(void)gpa;
	return partition_set_overlay(vp->partition, overlay, place, value) ? MSR_DONE : MSR_FAULT;
}

void vp_stats_reset(struct vp *vp)
{
	struct partition *partition = vp->partition;

	(void)partition_set_overlay(partition, &vp->stats_overlay, &vp->stats, 0);
	if (vp->index == 0)
		(void)partition_set_overlay(
			partition, &partition->stats_overlay, &partition->stats, 0);
}

/* RDMSR stops the VP until an interrupt could be delivered, RFLAGS.IF or not (TLFS "Guest Idle").
 */
static enum msr_outcome read_guest_idle(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	*value = 0;
	vp->activity = VP_IDLE;
	atomic_or(&vp->attention, ATTENTION_INTERRUPT);
	return MSR_SUSPEND;
}

/* ---- Synthetic timers ---- */

static enum msr_outcome read_stimer(struct vp *vp, u32 msr, u64 *value)
{
	const struct stimer *timer = &vp->stimers[(msr - HV_X64_MSR_STIMER0_CONFIG) / 2];

	*value = msr & 1 ? timer->count : timer->config;
	return MSR_DONE;
}

static enum msr_outcome write_stimer(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	struct stimer *timer = &vp->stimers[(msr - HV_X64_MSR_STIMER0_CONFIG) / 2];
	u64 now = partition_reference_time(vp->partition, machine_tsc());
	bool legal = true;

	(void)gpa;
	spin_lock(&vp->timer_lock);
	if (msr & 1)
		stimer_write_count(timer, value, now);
	else
		legal = stimer_write_config(timer, value, now);
	spin_unlock(&vp->timer_lock);
	if (legal)
		vp_timers_update(vp);
	return legal ? MSR_DONE : MSR_FAULT;
}

/* ---- The table: low nine bits of 0x40000xxx ---- */

#define SYNTHETIC_ROWS 0x200

/* DOC: synthetic-msrs */
static const struct msr_row synthetic_rows[SYNTHETIC_ROWS] = {
	[0x00] = {HV_FEATURE_EAX_HYPERCALL_MSRS, read_guest_os_id, write_guest_os_id},
	[0x01] = {HV_FEATURE_EAX_HYPERCALL_MSRS, read_hypercall, write_hypercall},
	[0x02] = {HV_FEATURE_EAX_VP_INDEX, read_vp_index, NULL},
	[0x03] = {HV_FEATURE_EAX_RESET, read_zero, write_reset},
	[0x10] = {HV_FEATURE_EAX_VP_RUNTIME, read_run_time, NULL},
	[0x20] = {HV_FEATURE_EAX_TIME_REF_COUNT, read_reference_time, NULL},
	[0x21] = {HV_FEATURE_EAX_REFERENCE_TSC, read_reference_tsc, write_reference_tsc},
	[0x22 ... 0x23] = {HV_FEATURE_EAX_FREQUENCY_MSRS, read_frequency, NULL},
	[0x70] = {HV_FEATURE_EAX_APIC_MSRS, NULL, write_eoi},
	[0x71] = {HV_FEATURE_EAX_APIC_MSRS, read_icr, write_icr},
	[0x72] = {HV_FEATURE_EAX_APIC_MSRS, read_tpr, write_tpr},
	/* The root maps its assist pages whatever the privilege says. */
	[0x73] = {HV_FEATURE_EAX_APIC_MSRS, read_assist_page, write_assist_page},
	[0x80] = {HV_FEATURE_EAX_SYNIC, vp_read_synic, vp_write_synic},
	[0x81] = {HV_FEATURE_EAX_SYNIC, vp_read_synic, NULL},
	[0x82 ... 0x85] = {HV_FEATURE_EAX_SYNIC, vp_read_synic, vp_write_synic},
	[0x90 ... 0x9f] = {HV_FEATURE_EAX_SYNIC, vp_read_synic, vp_write_synic},
	[0xb0 ... 0xb7] = {HV_FEATURE_EAX_SYNTHETIC_TIMERS, read_stimer, write_stimer},
	/* Nothing is kept for the internal pages, 0xe1 and 0xe3. */
	[0xe0] = {HV_FEATURE_EAX_STATS, read_stats_page, write_stats_page},
	[0xe2] = {HV_FEATURE_EAX_STATS, read_stats_page, write_stats_page},
	[0xf0] = {HV_FEATURE_EAX_GUEST_IDLE, read_guest_idle, NULL},
	/* Their feature is no privilege: they look for themselves. */
	[0x100 ... 0x105] = {0, vp_read_crash, vp_write_crash},
};

/* NULL: no such MSR for this VP. */
static const struct msr_row *synthetic_row(const struct vp *vp, u32 msr)
{
	const struct msr_row *row = &synthetic_rows[msr % SYNTHETIC_ROWS];

	return (vp->partition->privileges & row->privilege) == row->privilege ? row : NULL;
}

/* Apart, so that what it needs to remember costs other reads nothing. */
static __attribute__((noinline)) enum msr_outcome read_x2apic(struct vp *vp, u32 msr, u64 *value)
{
	if (!vp_in_x2apic(vp) || !vapic_read(&vp->apic, msr & 0xff, true, machine_tsc(), value))
		return MSR_FAULT;
	if ((msr & 0xff) == VAPIC_TPR)
		stat_vp(vp, ApicTprAccesses)++;
	return MSR_DONE;
}

enum msr_outcome vp_read_msr(struct vp *vp, u32 msr, u64 *value)
{
	const struct msr_row *row;

	if (msr / SYNTHETIC_ROWS == 0x40000000 / SYNTHETIC_ROWS) {
		row = synthetic_row(vp, msr);
		return row && row->read ? row->read(vp, msr, value) : MSR_FAULT;
	}
	if (msr >> 8 == 0x8)
		return read_x2apic(vp, msr, value);
	return vp_read_architectural_msr(vp, msr, value);
}

enum msr_outcome vp_write_msr(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	const struct msr_row *row;

	if (msr >> 8 == 0x8)
		return vp_in_x2apic(vp) ? vp_write_apic(vp, msr & 0xff, true, value) : MSR_FAULT;
	if (msr / SYNTHETIC_ROWS == 0x40000000 / SYNTHETIC_ROWS) {
		row = synthetic_row(vp, msr);
		return row && row->write ? row->write(vp, msr, value, gpa) : MSR_FAULT;
	}
	return vp_write_architectural_msr(vp, msr, value);
}
