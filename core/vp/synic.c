/* SPDX-License-Identifier: BSD-2-Clause */
/* The SynIC of a VP: its MSRs, those of synthetic timers and the VP assist page; what it is sent.
 */
#include "abi/hv_msr.h"
#include "core/lp.h"
#include "core/vp/msr_handlers.h"
#include "core/vp/vp.h"

/* A child's page covers what its own memory holds there (TLFS "GPA Overlay Pages"). */
static enum msr_outcome show(struct vp *vp, enum vp_overlay which, u64 value)
{
	switch (vp_overlay_set(vp, which, value)) {
	case OVERLAY_OK:
		return MSR_DONE;
	case OVERLAY_NO_MEMORY:
		return MSR_NO_MEMORY;
	case OVERLAY_TAKEN:
		break;
	}
	return MSR_FAULT;
}

enum msr_outcome msr_read_assist_page(struct vp *vp, u32 msr, u64 *value)
{
	(void)msr;
	*value = vp->assist_page_msr;
	return MSR_DONE;
}

enum msr_outcome msr_write_assist_page(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	enum msr_outcome outcome = MSR_DONE;

	(void)msr;
	(void)gpa;
	if (!msr_page_allowed(vp, vp->assist_page_msr, value))
		return MSR_FAULT;
	if (!vp->partition->is_root)
		outcome = show(vp, VP_OVERLAY_ASSIST, value);
	/* What could not be shown is off, not where it was. */
	vp->assist_page_msr = outcome == MSR_DONE ? value : 0;
	return outcome;
}

/* ---- SynIC ---- */

static u64 *synic_page_register(struct vp *vp, u32 msr, void ***page)
{
	switch (msr) {
	case HV_X64_MSR_SIEFP:
		*page = &vp->synic.event_page;
		return &vp->synic.siefp;
	case HV_X64_MSR_SIMP:
		*page = &vp->synic.message_page;
		return &vp->synic.simp;
	default:
		*page = &vp->synic.ring_page;
		return &vp->synic.sirbp;
	}
}

enum msr_outcome msr_read_synic(struct vp *vp, u32 msr, u64 *value)
{
	void **page;

	if (msr == HV_X64_MSR_SCONTROL)
		*value = vp->synic.control;
	else if (msr == HV_X64_MSR_SVERSION)
		*value = HV_SVERSION_1;
	else if (msr == HV_X64_MSR_EOM)
		*value = 0;
	else if (msr >= HV_X64_MSR_SINT0)
		*value = vp->synic.sint[msr - HV_X64_MSR_SINT0];
	else
		*value = *synic_page_register(vp, msr, &page);
	return MSR_DONE;
}

void vp_synic_scan(struct vp *vp)
{
	for (u32 waiting = atomic_load(&vp->synic.waiting); waiting; waiting &= waiting - 1) {
		struct synic_assert request;

		spin_lock(&vp->synic_lock);
		request = synic_scan(&vp->synic, (u32)__builtin_ctz(waiting));
		spin_unlock(&vp->synic_lock);
		vp_synic_assert(vp, request);
	}
}

static enum msr_outcome write_page(struct vp *vp, u32 msr, u64 value)
{
	enum vp_overlay which = msr == HV_X64_MSR_SIMP ? VP_OVERLAY_SIM : VP_OVERLAY_SIEF;
	enum msr_outcome outcome = MSR_DONE;
	void **page;
	u64 *reg = synic_page_register(vp, msr, &page);
	void *memory = vp->overlays[which].page;

	if (!msr_page_allowed(vp, *reg, value))
		return MSR_FAULT;
	if (vp->partition->is_root)
		memory = partition_memory(
			vp->partition, value & HV_MSR_PAGE_ADDRESS_MASK, SLAT_READ | SLAT_WRITE);
	else if (msr == HV_X64_MSR_SIRBP) /* event rings are the root's */
		return MSR_FAULT;
	else
		outcome = show(vp, which, value);
	if (outcome != MSR_DONE)
		value = 0;
	spin_lock(&vp->synic_lock);
	*reg = value;
	*page = value & HV_MSR_PAGE_ENABLE ? memory : NULL;
	spin_unlock(&vp->synic_lock);
	return outcome;
}

enum msr_outcome msr_write_synic(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	enum msr_outcome outcome = MSR_DONE;
	bool legal = true;

	(void)gpa;
	if (msr == HV_X64_MSR_SIEFP || msr == HV_X64_MSR_SIMP || msr == HV_X64_MSR_SIRBP) {
		outcome = write_page(vp, msr, value);
	} else {
		spin_lock(&vp->synic_lock);
		if (msr == HV_X64_MSR_SCONTROL)
			vp->synic.control = value;
		else if (msr >= HV_X64_MSR_SINT0)
			legal = synic_write_sint(&vp->synic, msr - HV_X64_MSR_SINT0, value);
		spin_unlock(&vp->synic_lock);
	}
	if (!legal)
		return MSR_FAULT;
	if (outcome == MSR_DONE)
		vp_synic_scan(vp);
	return outcome;
}

/* ---- Synthetic timers ---- */

enum msr_outcome msr_read_stimer(struct vp *vp, u32 msr, u64 *value)
{
	const struct stimer *timer = &vp->stimers[(msr - HV_X64_MSR_STIMER0_CONFIG) / 2];

	*value = msr & 1 ? timer->count : timer->config;
	return MSR_DONE;
}

enum msr_outcome msr_write_stimer(struct vp *vp, u32 msr, u64 value, u64 *gpa)
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

/* ---- What others send ---- */

enum hv_status vp_post(
	struct vp *vp, struct synic_buffer *buffers, u8 sint, const struct hv_message *message)
{
	enum hv_status status = HV_STATUS_SUCCESS;
	struct synic_assert request = {0};
	struct synic_message *node;

	spin_lock(&vp->synic_lock);
	node = synic_accepts(&vp->synic) ? synic_fill_buffer(buffers, sint, message) : NULL;
	if (node)
		request = synic_post(&vp->synic, node);
	else
		status = synic_accepts(&vp->synic) ? HV_STATUS_INSUFFICIENT_BUFFERS
						   : HV_STATUS_INVALID_SYNIC_STATE;
	spin_unlock(&vp->synic_lock);
	vp_synic_assert(vp, request);
	return status;
}

enum hv_status vp_signal_event(struct vp *vp, u8 sint, u32 flag, bool *news)
{
	struct synic_assert request;

	spin_lock(&vp->synic_lock);
	request = synic_signal_event(&vp->synic, sint, flag);
	spin_unlock(&vp->synic_lock);
	vp_synic_assert(vp, request);
	*news = request.news;
	return request.dropped ? HV_STATUS_INVALID_SYNIC_STATE : HV_STATUS_SUCCESS;
}
