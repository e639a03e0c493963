/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SynIC of a VP: its MSRs, and the way of messages into guest memory.
 *
 * The root's pages are the hypervisor's own and stay mapped. A child's lie in its memory, which
 * its parent may take away at any time: its messages wait in the queue until the LP that has the
 * VP loaded is about to enter it (ATTENTION_SYNIC), looks the page up, and forgets it again.
 * partition_flush() waits for that LP's entry. A page that is not there is asked of the parent
 * with a memory intercept, as if the guest had stored the message itself. Besides that LP only
 * hypercalls of the parent touch a child's pages; they hold it, and the flush waits for them, too.
 */
#include "abi/hv_msr.h"
#include "core/intercept/handlers.h"
#include "core/intercept/intercept.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"

void vp_synic_assert(struct vp *vp, struct synic_assert request)
{
	if (!request.vector)
		return;
	(void)atomic_add(&stat_vp(vp, SyntheticInterrupts), 1);
	vp_interrupt(vp, request.vector, false);
}

void vp_synic_post(struct vp *vp, struct synic_message *message)
{
	struct synic_assert request = {0};

	spin_lock(&vp->synic_lock);
	if (!message->queued)
		request = synic_post(&vp->synic, message);
	spin_unlock(&vp->synic_lock);
	vp_synic_assert(vp, request);
	if (!vp->partition->is_root)
		vp_signal(vp, ATTENTION_SYNIC);
}

/* A child's page, or NULL; then the VP will ask its parent for it. Under synic_lock. */
static void *child_page(struct vp *vp, u64 msr)
{
	void *page = partition_memory(
		vp->partition, msr & HV_MSR_PAGE_ADDRESS_MASK, SLAT_READ | SLAT_WRITE);

	vp->synic.missing = page ? 0 : (msr & HV_MSR_PAGE_ADDRESS_MASK) | HV_MSR_PAGE_ENABLE;
	return page;
}

/* Delivers what waits to a child's page. False: a page is missing. */
static bool deliver(struct vp *vp, struct synic_assert requests[SYNIC_SINTS])
{
	struct synic *synic = &vp->synic;

	if (synic->missing && !child_page(vp, synic->missing))
		return false;
	if (!synic_waiting(synic))
		return true;
	synic->message_page = child_page(vp, synic->simp);
	if (!synic->message_page)
		return false;
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++)
		requests[sint] = synic_scan(synic, sint);
	synic->message_page = NULL;
	return true;
}

void vp_synic_deliver(struct vp *vp)
{
	struct synic_assert requests[SYNIC_SINTS] = {{0}};
	bool delivered;
	u64 missing;

	spin_lock(&vp->synic_lock);
	delivered = deliver(vp, requests);
	missing = vp->synic.missing & HV_MSR_PAGE_ADDRESS_MASK;
	vp->synic.missing = 0;
	spin_unlock(&vp->synic_lock);
	if (!delivered) {
		atomic_or(&vp->attention, ATTENTION_SYNIC);
		/* The guest has laid a page of ours over it: the parent could do nothing. */
		if (partition_covered(vp->partition, missing))
			return;
		message_memory(vp, missing, INTERCEPT_WRITE, false);
		return;
	}
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++)
		vp_synic_assert(vp, requests[sint]);
}

void vp_synic_reset(struct vp *vp)
{
	spin_lock(&vp->timer_lock);
	for (u32 i = 0; i < STIMER_COUNT; i++)
		stimer_reset(&vp->stimers[i]);
	spin_lock(&vp->synic_lock);
	synic_reset(&vp->synic);
	spin_unlock(&vp->synic_lock);
	spin_unlock(&vp->timer_lock);
}

/* ---- What a parent puts into its child's pages itself ---- */

/* Under synic_lock. */
static enum hv_status put(
	struct vp *vp, u32 sint, const struct hv_message *message, struct synic_assert *request)
{
	struct synic *synic = &vp->synic;
	bool done;

	if (!synic_accepts(synic, sint) || !(synic->simp & SYNIC_ENABLE))
		return HV_STATUS_INVALID_SYNIC_STATE;
	synic->message_page = child_page(vp, synic->simp);
	if (!synic->message_page)
		return HV_STATUS_INSUFFICIENT_BUFFERS;
	done = synic_put(synic, sint, message, request);
	synic->message_page = NULL;
	return done ? HV_STATUS_SUCCESS : HV_STATUS_INSUFFICIENT_BUFFERS;
}

/* Under synic_lock. */
static enum hv_status set_flag(
	struct vp *vp, u32 sint, u32 flag, struct synic_assert *request, bool *newly)
{
	struct synic *synic = &vp->synic;

	if (!synic_accepts(synic, sint) || !(synic->siefp & SYNIC_ENABLE))
		return HV_STATUS_INVALID_SYNIC_STATE;
	synic->event_page = child_page(vp, synic->siefp);
	if (!synic->event_page)
		return HV_STATUS_INSUFFICIENT_BUFFERS;
	*newly = synic_set_flag(synic, sint, flag, request);
	synic->event_page = NULL;
	return HV_STATUS_SUCCESS;
}

static void finish(struct vp *vp, enum hv_status status, struct synic_assert request)
{
	vp_synic_assert(vp, request);
	/* Perhaps it must ask for its page. */
	if (status == HV_STATUS_INSUFFICIENT_BUFFERS)
		vp_signal(vp, ATTENTION_SYNIC);
}

enum hv_status vp_synic_put(struct vp *vp, u32 sint, const struct hv_message *message)
{
	struct synic_assert request = {0};
	enum hv_status status;

	spin_lock(&vp->synic_lock);
	status = put(vp, sint, message, &request);
	spin_unlock(&vp->synic_lock);
	finish(vp, status, request);
	return status;
}

enum hv_status vp_synic_set_flag(struct vp *vp, u32 sint, u32 flag, bool *newly)
{
	struct synic_assert request = {0};
	enum hv_status status;

	spin_lock(&vp->synic_lock);
	status = set_flag(vp, sint, flag, &request, newly);
	spin_unlock(&vp->synic_lock);
	finish(vp, status, request);
	return status;
}

/* ---- MSRs ---- */

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

enum msr_outcome vp_read_synic(struct vp *vp, u32 msr, u64 *value)
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

/* Whatever was changed, messages that waited for it may go now. */
static void scan_all(struct vp *vp)
{
	if (!vp->partition->is_root) {
		atomic_or(&vp->attention, ATTENTION_SYNIC);
		return;
	}
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++) {
		struct synic_assert request;

		spin_lock(&vp->synic_lock);
		request = synic_scan(&vp->synic, sint);
		spin_unlock(&vp->synic_lock);
		vp_synic_assert(vp, request);
	}
}

static enum msr_outcome write_synic_page(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	void **page;
	u64 *reg = synic_page_register(vp, msr, &page);
	void *memory = NULL;

	if (!vp_page_allowed(vp, *reg, value))
		return MSR_FAULT;
	if (value & HV_MSR_PAGE_ENABLE) {
		*gpa = value & HV_MSR_PAGE_ADDRESS_MASK;
		memory = partition_memory(vp->partition, *gpa, SLAT_READ | SLAT_WRITE);
		if (!memory)
			return MSR_RETRY;
	}
	spin_lock(&vp->synic_lock);
	*reg = value;
	vp->synic.missing = 0;
	/* A child's is looked up when it is used: see the head of this file. */
	*page = vp->partition->is_root ? memory : NULL;
	spin_unlock(&vp->synic_lock);
	return MSR_DONE;
}

bool vp_synic_restore_page(struct vp *vp, u32 msr, u64 value)
{
	void **page;

	if (vp->partition->is_root || (msr != HV_X64_MSR_SIMP && msr != HV_X64_MSR_SIEFP))
		return false;
	spin_lock(&vp->synic_lock);
	*synic_page_register(vp, msr, &page) = value;
	spin_unlock(&vp->synic_lock);
	scan_all(vp);
	return true;
}

enum msr_outcome vp_write_synic(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	enum msr_outcome outcome = MSR_DONE;
	bool legal = true;

	if (msr == HV_X64_MSR_SIEFP || msr == HV_X64_MSR_SIMP || msr == HV_X64_MSR_SIRBP) {
		outcome = write_synic_page(vp, msr, value, gpa);
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
		scan_all(vp);
	return outcome;
}
