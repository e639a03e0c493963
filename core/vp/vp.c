/* SPDX-License-Identifier: BSD-2-Clause */
/* Creation, suspension and signalling of virtual processors. */
#include "core/hypervisor.h"
#include "core/intercept/handlers.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "core/lp.h"
#include "core/partition/scheduling.h"
#include "core/trace.h"
#include "core/vp/vp.h"

/* PAT after reset (AMD APM vol. 2 §7.8.1). */
#define PAT_RESET 0x0007040600070406ull

static bool allocate_pages(struct vp *vp, struct pool *pool)
{
	vp->stats = pool_allocate(pool);
	vp->control_page = pool_allocate(pool);
	vp->xsave_page = pool_allocate(pool);
	vp->intercept_page = pool_allocate(pool);
	vp->register_page = pool_allocate(pool);
	return vp->stats && vp->control_page && vp->xsave_page && vp->intercept_page &&
	       vp->register_page;
}

static void free_page(struct pool *pool, void *page)
{
	if (page)
		pool_free(pool, page);
}

static void free_pages(struct vp *vp)
{
	struct pool *pool = &vp->partition->pool;

	lp_timer_remove(vp);
	for (u32 i = 0; i < CPUID_PAGES; i++)
		free_page(pool, vp->cpuid_pages[i]);
	free_page(pool, vp->stats);
	free_page(pool, vp->control_page);
	free_page(pool, vp->xsave_page);
	free_page(pool, vp->intercept_page);
	free_page(pool, vp->register_page);
	pool_free(pool, vp);
}

/* From here on others find the VP, or do not find it any more. */
static void count(struct partition *partition, s32 by)
{
	partition->vp_count += (u32)by;
	stat_partition(partition, VirtualProcessors) = partition->vp_count;
	(void)__atomic_fetch_add(
		&hypervisor.stats[STAT_HV_VirtualProcessors], (u64)(s64)by, __ATOMIC_RELAXED);
}

void vp_destroy(struct vp *vp)
{
	struct partition *partition = vp->partition;

	lp_forget(vp);
	partition->vps[vp->index] = NULL;
	count(partition, -1);
	free_pages(vp);
}

/* What is not zero in a new VP, apart from what belongs to its partition's scheduling. */
static void initialize(struct vp *vp)
{
	const struct partition *partition = vp->partition;

	vp->pat = PAT_RESET;
	vp->timer_deadline_tsc = ~0ull;
	vp->mtrr_def_type = 0xc06;
	vapic_reset(&vp->apic, partition->is_root ? machine.lps[vp->index].apic_id : vp->index,
		vp->index == 0, partition->is_root, machine.tsc_hz, APIC_TIMER_HZ);
	/* VMMs model an I/O APIC that wants an explicit end and has no use for EOI messages. */
	vp->apic.hide_tmr = !partition->is_root;
	synic_reset(&vp->synic);
	for (u32 i = 0; i < STIMER_COUNT; i++)
		stimer_reset(&vp->stimers[i]);
	vp_forget_code(vp);
	vp->trace_tag = trace_tag((u32)partition->id, (u16)vp->index);
	hypervisor.backend->vp_create(vp);
	vp_initialize_state(vp);
	vp->activity = vp->index == 0 ? VP_ACTIVE : VP_WAIT_SIPI;
	vp->suspend = partition->is_root ? 0 : SUSPEND_EXPLICIT;
}

enum hv_status vp_create(struct partition *partition, u32 index, struct vp **created)
{
	struct vp *vp = pool_allocate(&partition->pool);
	enum hv_status status;

	if (!vp)
		return HV_STATUS_INSUFFICIENT_MEMORY;
	vp->partition = partition;
	vp->index = index;
	vp->running_lp = -1;
	if (!allocate_pages(vp, &partition->pool)) {
		free_pages(vp);
		return HV_STATUS_INSUFFICIENT_MEMORY;
	}
	status = scheduling_enter(vp);
	if (status != HV_STATUS_SUCCESS) {
		free_pages(vp);
		return status;
	}
	initialize(vp);
	partition->vp_end = MAX(partition->vp_end, index + 1);
	atomic_store(&partition->vps[index], vp);
	count(partition, 1);
	*created = vp;
	return HV_STATUS_SUCCESS;
}

bool vp_runnable(const struct vp *vp)
{
	u32 attention = atomic_load(&vp->attention);

	if (atomic_load(&vp->suspend))
		return false;
	switch (vp->activity) {
	case VP_ACTIVE:
		return true;
	case VP_WAIT_SIPI:
		return attention & (ATTENTION_STARTUP | ATTENTION_INIT);
	case VP_HALTED:
		if (attention & ATTENTION_WAKES)
			return true;
		return (vp->regs.rflags & RFLAGS_IF) && vapic_deliverable(&vp->apic) >= 0;
	case VP_IDLE:
		return (attention & ATTENTION_WAKES) || vapic_deliverable(&vp->apic) >= 0;
	}
	return false;
}

/* DOC: wake */
void vp_signal(struct vp *vp, u32 attention)
{
	s32 lp;

	atomic_or(&vp->attention, attention);
	lp = atomic_load(&vp->running_lp);
	if (lp == (s32)machine_lp_index())
		return;
	if (lp >= 0)
		lp_notify((u32)lp, LP_RESCHEDULE);
	else
		lp_wake(vp);
}

void vp_interrupt(struct vp *vp, u8 vector, bool level)
{
	if (vapic_request(&vp->apic, vector, level))
		vp_signal(vp, ATTENTION_INTERRUPT);
}

void vp_suspend(struct vp *vp, u32 flags)
{
	atomic_or(&vp->suspend, flags);
	atomic_or(&vp->attention, ATTENTION_SUSPEND);
	lp_block(vp);
}

bool vp_hold(struct vp *vp)
{
	while (atomic_or(&vp->suspend, (u32)SUSPEND_HELD) & SUSPEND_HELD)
		lp_relax();
	if (lp_try_block(vp))
		return true;
	vp_release(vp);
	return false;
}

void vp_release(struct vp *vp)
{
	atomic_and(&vp->suspend, ~(u32)SUSPEND_HELD);
	atomic_or(&vp->attention, ATTENTION_INTERRUPT);
	lp_wake(vp);
}

void vp_resume(struct vp *vp, u32 flags)
{
	/* Its next message goes to the root VP whose thread waits for it. */
	vp->message_vp = machine_lp_index();
	vp->partition->has_run = true;
	vp->tsc_offset = vp->partition->tsc_offset;
	if (vp->dead && !(atomic_load(&vp->suspend) & ~flags)) {
		atomic_or(&vp->suspend, (u32)SUSPEND_INTERCEPT);
		atomic_and(&vp->suspend, ~(flags & SUSPEND_EXPLICIT));
		message_unrecoverable(vp);
		return;
	}
	atomic_and(&vp->suspend, ~flags);
	/* An interrupt that came while it was suspended has been left pending. */
	atomic_or(&vp->attention, ATTENTION_INTERRUPT);
	lp_wake(vp);
}

void vp_end_shadow(struct vp *vp)
{
	vp->shadow = 0;
	hypervisor.backend->clear_shadow(vp);
}

void vp_inject_exception(struct vp *vp, u8 vector, s64 error_code)
{
	vp->event = EVENT_PENDING |
		    (u64)HV_INTERRUPTION_HARDWARE_EXCEPTION << HV_PENDING_INTERRUPTION_TYPE_SHIFT |
		    (u64)vector << HV_PENDING_INTERRUPTION_VECTOR_SHIFT;
	if (error_code >= 0)
		vp->event |= HV_PENDING_INTERRUPTION_DELIVER_ERROR_CODE |
			     (u64)error_code << HV_PENDING_INTERRUPTION_ERROR_CODE_SHIFT;
}

u64 vp_register64(const struct vp *vp, enum hv_register_name name)
{
	union hv_register_value value;

	bug_on(!hypervisor.backend->get_register(vp, name, &value));
	return value.reg64;
}

void vp_set_register64(struct vp *vp, enum hv_register_name name, u64 value)
{
	union hv_register_value wide = {.reg64 = value};

	bug_on(!hypervisor.backend->set_register(vp, name, &wide));
}
