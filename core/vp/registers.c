/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers by name, as a parent reads and writes them (TLFS "Virtual Processor Registers").
 * Three kinds: those in vp->regs, those with a pair of functions here, and the back-end's.
 * Synthetic registers that are MSRs go through the MSR table.
 */
#include "abi/hv_msr.h"
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"
#include "machine/machine.h"

struct register_row {
	u32 first;
	u32 last;
	enum hv_status (*get)(struct vp *vp, u32 name, u64 *value);
	enum hv_status (*set)(struct vp *vp, u32 name, u64 value);
};

/* ---- Suspension and activity ---- */

static u32 suspend_flag(u32 name)
{
	switch (name) {
	case HV_REGISTER_EXPLICIT_SUSPEND:
		return SUSPEND_EXPLICIT;
	case HV_REGISTER_INTERCEPT_SUSPEND:
		return SUSPEND_INTERCEPT;
	default:
		return SUSPEND_DISPATCH;
	}
}

static enum hv_status get_suspend(struct vp *vp, u32 name, u64 *value)
{
	*value = atomic_load(&vp->suspend) & suspend_flag(name) ? HV_SUSPEND_SUSPENDED : 0;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_suspend(struct vp *vp, u32 name, u64 value)
{
	if (vp->partition->is_root)
		return HV_STATUS_OPERATION_DENIED;
	if (value & HV_SUSPEND_SUSPENDED)
		vp_suspend(vp, suspend_flag(name));
	else
		vp_resume(vp, suspend_flag(name));
	return HV_STATUS_SUCCESS;
}

/* What is there only if the root schedules. */
static enum hv_status get_dispatch_suspend(struct vp *vp, u32 name, u64 *value)
{
	*value = 0;
	return root_schedules() ? get_suspend(vp, name, value) : HV_STATUS_INVALID_PARAMETER;
}

static enum hv_status set_dispatch_suspend(struct vp *vp, u32 name, u64 value)
{
	return root_schedules() ? set_suspend(vp, name, value) : HV_STATUS_INVALID_PARAMETER;
}

static enum hv_status get_signals(struct vp *vp, u32 name, u64 *value)
{
	(void)name;
	*value = root_schedules() ? vp->signals : 0;
	return root_schedules() ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
}

/* The hypervisor counts them. */
static enum hv_status set_signals(struct vp *vp, u32 name, u64 value)
{
	(void)vp;
	(void)name;
	(void)value;
	return HV_STATUS_INVALID_PARAMETER;
}

static enum hv_status get_activity(struct vp *vp, u32 name, u64 *value)
{
	(void)name;
	*value = vp->activity == VP_WAIT_SIPI ? HV_ACTIVITY_STARTUP_SUSPEND
		 : vp->activity == VP_HALTED  ? HV_ACTIVITY_HALT_SUSPEND
		 : vp->activity == VP_IDLE    ? HV_ACTIVITY_IDLE_SUSPEND
					      : 0;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_activity(struct vp *vp, u32 name, u64 value)
{
	(void)name;
	vp->activity = value & HV_ACTIVITY_STARTUP_SUSPEND ? VP_WAIT_SIPI
		       : value & HV_ACTIVITY_HALT_SUSPEND  ? VP_HALTED
		       : value & HV_ACTIVITY_IDLE_SUSPEND  ? VP_IDLE
							   : VP_ACTIVE;
	return HV_STATUS_SUCCESS;
}

/* ---- Interruption state ---- */

static enum hv_status get_event(struct vp *vp, u32 name, u64 *value)
{
	*value = name == HV_REGISTER_PENDING_INTERRUPTION ? vp->event : 0;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_event(struct vp *vp, u32 name, u64 value)
{
	if (name != HV_REGISTER_PENDING_INTERRUPTION) {
		/* A pending exception is one more form of a pending interruption. */
		if (!(value & HV_PENDING_EVENT_PENDING))
			return HV_STATUS_SUCCESS;
		if ((value & HV_PENDING_EVENT_TYPE_MASK) >> HV_PENDING_EVENT_TYPE_SHIFT !=
			HV_PENDING_EVENT_EXCEPTION)
			return HV_STATUS_INVALID_REGISTER_VALUE;
		vp_inject_exception(vp, (u8)(value >> HV_PENDING_EXCEPTION_VECTOR_SHIFT),
			value & HV_PENDING_EXCEPTION_DELIVER_ERROR_CODE ? (s64)(value >> 32) : -1);
	} else {
		vp->event = value & EVENT_PENDING ? value : 0;
	}
	if (vp->event)
		atomic_or(&vp->attention, ATTENTION_EVENT);
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_interrupt_state(struct vp *vp, u32 name, u64 *value)
{
	(void)name;
	*value = vp->nmi_blocked ? HV_INTERRUPT_STATE_NMI_MASKED : 0;
	if (vp->shadow & 1)
		*value |= HV_INTERRUPT_STATE_SHADOW;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_interrupt_state(struct vp *vp, u32 name, u64 value)
{
	(void)name;
	vp->nmi_blocked = value & HV_INTERRUPT_STATE_NMI_MASKED;
	hypervisor.backend->watch(vp, vp->tpr_intercept, vp->nmi_blocked);
	if (!(value & HV_INTERRUPT_STATE_SHADOW))
		vp_end_shadow(vp);
	return HV_STATUS_SUCCESS;
}

/* ---- Processor registers that are not in the hardware's block ---- */

static enum hv_status get_cr8(struct vp *vp, u32 name, u64 *value)
{
	(void)name;
	*value = vp->apic.tpr >> 4;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_cr8(struct vp *vp, u32 name, u64 value)
{
	(void)name;
	if (value > 15)
		return HV_STATUS_INVALID_REGISTER_VALUE;
	vp->apic.tpr = (u32)value << 4;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_apic_base(struct vp *vp, u32 name, u64 *value)
{
	(void)name;
	*value = vp->apic.base;
	return HV_STATUS_SUCCESS;
}

/*
 * VMMs write APIC_BASE with every full store of state, from a copy that may never have seen the
 * guest switch to x2APIC; taking that at its word would reset the APIC of a running guest. At
 * the reset vector it is a reset and means what it says.
 */
static enum hv_status set_apic_base(struct vp *vp, u32 name, u64 value)
{
	union hv_register_value cs;

	(void)name;
	(void)hypervisor.backend->get_register(vp, HV_REGISTER_CS, &cs);
	if (vp->regs.rip != 0xfff0 || cs.segment.base != 0xffff0000)
		return HV_STATUS_SUCCESS;
	spin_lock(&vp->timer_lock);
	vapic_init(&vp->apic);
	spin_unlock(&vp->timer_lock);
	vp_synic_reset(vp);
	vp_stats_reset(vp);
	vp->apic.base = (value & ~(u64)VAPIC_BASE_BSP) | (vp->apic.base & VAPIC_BASE_BSP);
	vp->activity = vp->index == 0 ? VP_ACTIVE : VP_WAIT_SIPI;
	vp->dead = false;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_tsc(struct vp *vp, u32 name, u64 *value)
{
	(void)name;
	*value = machine_tsc() + vp->partition->tsc_offset;
	return HV_STATUS_SUCCESS;
}

/*
 * One TSC serves the partition. It can be set until a VP runs; afterwards VMMs store stale values
 * along with other state, and following them would turn time back.
 */
static enum hv_status set_tsc(struct vp *vp, u32 name, u64 value)
{
	(void)name;
	if (vp->partition->has_run)
		return HV_STATUS_SUCCESS;
	vp->partition->tsc_offset = value - machine_tsc();
	return HV_STATUS_SUCCESS;
}

static u64 *stored(struct vp *vp, u32 name)
{
	if (name >= HV_REGISTER_MSR_MTRR_PHYS_BASE0 &&
		name < HV_REGISTER_MSR_MTRR_PHYS_BASE0 + MTRR_VARIABLE)
		return &vp->mtrr_variable[2 * (name - HV_REGISTER_MSR_MTRR_PHYS_BASE0)];
	if (name >= HV_REGISTER_MSR_MTRR_PHYS_MASK0 &&
		name < HV_REGISTER_MSR_MTRR_PHYS_MASK0 + MTRR_VARIABLE)
		return &vp->mtrr_variable[2 * (name - HV_REGISTER_MSR_MTRR_PHYS_MASK0) + 1];
	if (name >= HV_REGISTER_MSR_MTRR_FIX64K00000 && name <= HV_REGISTER_MSR_MTRR_FIX4KF8000)
		return &vp->mtrr_fixed[name - HV_REGISTER_MSR_MTRR_FIX64K00000];
	if (name >= HV_REGISTER_GUEST_CRASH_P0 && name <= HV_REGISTER_GUEST_CRASH_CTL)
		return &vp->crash[name - HV_REGISTER_GUEST_CRASH_P0];
	switch (name) {
	case HV_REGISTER_MSR_MTRR_DEF_TYPE:
		return &vp->mtrr_def_type;
	case HV_REGISTER_PAT:
		return &vp->pat;
	case HV_REGISTER_TSC_AUX:
		return &vp->tsc_aux;
	}
	return NULL;
}

static enum hv_status get_stored(struct vp *vp, u32 name, u64 *value)
{
	const u64 *place = stored(vp, name);

	*value = place ? *place : 0;
	return place ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
}

static enum hv_status set_stored(struct vp *vp, u32 name, u64 value)
{
	u64 *place = stored(vp, name);

	/* The processor would not take it. */
	if (name == HV_REGISTER_PAT && !vp_pat_valid(value))
		return HV_STATUS_INVALID_REGISTER_VALUE;
	if (place)
		*place = value;
	return place ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
}

/* ---- Registers that are MSRs ---- */

struct msr_name {
	u32 name;
	u32 msr;
};

static const struct msr_name msr_names[] = {
	{HV_REGISTER_VP_RUNTIME, HV_X64_MSR_VP_RUNTIME},
	{HV_REGISTER_HYPERCALL, HV_X64_MSR_HYPERCALL},
	{HV_REGISTER_GUEST_OS_ID, HV_X64_MSR_GUEST_OS_ID},
	{HV_REGISTER_VP_INDEX, HV_X64_MSR_VP_INDEX},
	{HV_REGISTER_TIME_REF_COUNT, HV_X64_MSR_TIME_REF_COUNT},
	{HV_REGISTER_VP_ASSIST_PAGE, HV_X64_MSR_VP_ASSIST_PAGE},
	{HV_REGISTER_REFERENCE_TSC, HV_X64_MSR_REFERENCE_TSC},
	{HV_REGISTER_SCONTROL, HV_X64_MSR_SCONTROL},
	{HV_REGISTER_SVERSION, HV_X64_MSR_SVERSION},
	{HV_REGISTER_SIEFP, HV_X64_MSR_SIEFP},
	{HV_REGISTER_SIMP, HV_X64_MSR_SIMP},
	{HV_REGISTER_EOM, HV_X64_MSR_EOM},
	{HV_REGISTER_SIRBP, HV_X64_MSR_SIRBP},
};

static u32 msr_of(u32 name)
{
	if (name >= HV_REGISTER_SINT0 && name <= HV_REGISTER_SINT15)
		return HV_X64_MSR_SINT0 + (name - HV_REGISTER_SINT0);
	if (name >= HV_REGISTER_STIMER0_CONFIG && name <= HV_REGISTER_STIMER3_COUNT)
		return HV_X64_MSR_STIMER0_CONFIG + (name - HV_REGISTER_STIMER0_CONFIG);
	for (u32 i = 0; i < ARRAY_SIZE(msr_names); i++)
		if (msr_names[i].name == name)
			return msr_names[i].msr;
	return 0;
}

static enum hv_status get_msr(struct vp *vp, u32 name, u64 *value)
{
	u32 msr = msr_of(name);

	return msr && vp_read_msr(vp, msr, value) == MSR_DONE ? HV_STATUS_SUCCESS
							      : HV_STATUS_INVALID_PARAMETER;
}

static enum hv_status set_msr(struct vp *vp, u32 name, u64 value)
{
	u32 msr = msr_of(name);
	enum msr_outcome outcome;
	u64 gpa;

	if (!msr)
		return HV_STATUS_INVALID_REGISTER_VALUE;
	outcome = vp_write_msr(vp, msr, value, &gpa);
	/* A parent restores state before or after memory, as it likes. */
	if (outcome == MSR_RETRY && vp_synic_restore_page(vp, msr, value))
		outcome = MSR_DONE;
	return outcome == MSR_DONE ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_REGISTER_VALUE;
}

/* ---- Dispatch ---- */

static const struct register_row rows[] = {
	{HV_REGISTER_EXPLICIT_SUSPEND, HV_REGISTER_INTERCEPT_SUSPEND, get_suspend, set_suspend},
	{HV_REGISTER_DISPATCH_SUSPEND, HV_REGISTER_DISPATCH_SUSPEND, get_dispatch_suspend,
		set_dispatch_suspend},
	{HV_REGISTER_INTERNAL_ACTIVITY_STATE, HV_REGISTER_INTERNAL_ACTIVITY_STATE, get_activity,
		set_activity},
	{HV_REGISTER_GUEST_CRASH_P0, HV_REGISTER_GUEST_CRASH_CTL, get_stored, set_stored},
	{HV_REGISTER_PENDING_INTERRUPTION, HV_REGISTER_PENDING_INTERRUPTION, get_event, set_event},
	{HV_REGISTER_INTERRUPT_STATE, HV_REGISTER_INTERRUPT_STATE, get_interrupt_state,
		set_interrupt_state},
	{HV_REGISTER_PENDING_EVENT0, HV_REGISTER_PENDING_EVENT1, get_event, set_event},
	{HV_REGISTER_CR8, HV_REGISTER_CR8, get_cr8, set_cr8},
	{HV_REGISTER_TSC, HV_REGISTER_TSC, get_tsc, set_tsc},
	{HV_REGISTER_APIC_BASE, HV_REGISTER_APIC_BASE, get_apic_base, set_apic_base},
	{HV_REGISTER_PAT, HV_REGISTER_PAT, get_stored, set_stored},
	{HV_REGISTER_MSR_MTRR_DEF_TYPE, HV_REGISTER_TSC_AUX, get_stored, set_stored},
	{HV_REGISTER_VP_ROOT_SIGNAL_COUNT, HV_REGISTER_VP_ROOT_SIGNAL_COUNT, get_signals,
		set_signals},
	{HV_REGISTER_VP_RUNTIME, HV_REGISTER_REFERENCE_TSC, get_msr, set_msr},
	{HV_REGISTER_SINT0, HV_REGISTER_SIRBP, get_msr, set_msr},
	{HV_REGISTER_STIMER0_CONFIG, HV_REGISTER_STIMER3_COUNT, get_msr, set_msr},
};

static const struct register_row *find_row(u32 name)
{
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (name >= rows[i].first && name <= rows[i].last)
			return &rows[i];
	return NULL;
}

static u64 *general(struct vp *vp, u32 name)
{
	if (name >= HV_REGISTER_RAX && name <= HV_REGISTER_R15)
		return &vp->regs.gpr[name - HV_REGISTER_RAX];
	if (name == HV_REGISTER_RIP)
		return &vp->regs.rip;
	return name == HV_REGISTER_RFLAGS ? &vp->regs.rflags : NULL;
}

enum hv_status vp_get_register(struct vp *vp, u32 name, union hv_register_value *value)
{
	const struct register_row *row = find_row(name);
	const u64 *place = general(vp, name);

	memset(value, 0, sizeof(*value));
	if (place) {
		value->reg64 = *place;
		return HV_STATUS_SUCCESS;
	}
	if (row)
		return row->get(vp, name, &value->reg64);
	return hypervisor.backend->get_register(vp, (enum hv_register_name)name, value)
		       ? HV_STATUS_SUCCESS
		       : HV_STATUS_INVALID_PARAMETER;
}

enum hv_status vp_set_register(struct vp *vp, u32 name, const union hv_register_value *value)
{
	const struct register_row *row = find_row(name);
	u64 *place = general(vp, name);

	if (place) {
		*place = value->reg64;
		return HV_STATUS_SUCCESS;
	}
	if (row)
		return row->set(vp, name, value->reg64);
	return hypervisor.backend->set_register(vp, (enum hv_register_name)name, value)
		       ? HV_STATUS_SUCCESS
		       : HV_STATUS_INVALID_PARAMETER;
}
