/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual processors: creation, registers, state, state pages (TLFS ch. 8, 9). */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/lp.h"
#include "core/lp_eventlog.h"
#include "core/memory/frames.h"
#include "core/memory/share.h"
#include "core/partition/scheduling.h"
#include "core/vp/features.h"
#include "core/vp/xsave.h"

static enum hv_status create_vp(struct call *call)
{
	const struct hv_input_create_vp *in = call->input;
	struct partition *target = call->target;
	enum hv_status status;
	struct vp *vp;

	if (in->vp_index >= MAX_VPS)
		return HV_STATUS_INVALID_VP_INDEX;
	spin_lock(&target->lock);
	if (target->state != PARTITION_ACTIVE)
		status = HV_STATUS_INVALID_PARTITION_STATE;
	else if (target->vps[in->vp_index])
		status = HV_STATUS_INVALID_VP_INDEX;
	else
		status = vp_create(target, in->vp_index, &vp);
	if (status == HV_STATUS_SUCCESS)
		scheduling_place(vp, &in->proximity_domain_info);
	spin_unlock(&target->lock);
	return status;
}

enum hv_status call_CreateVp(struct call *call)
{
	const struct hv_input_create_vp *in = call->input;
	enum hv_status status = create_vp(call);

	lp_eventlog_object(HV_TR_VP_CREATE_VP, call->target->id, in->vp_index, status);
	return status;
}

void vp_unshare_pages(struct vp *vp)
{
	(void)partition_set_overlay(vp->partition, &vp->stats_overlay, &vp->stats, 0);
	page_hide(vp->stats, vp->stats_covers);
	page_unshare(vp->intercept_page);
	page_unshare(vp->register_page);
}

/* The VP's message is part of it. Those of the partition's other VPs stay. */
static void take_message_back(struct vp *vp)
{
	for (u32 i = 0; i < MAX_VPS; i++) {
		struct vp *root = root_partition.vps[i];

		if (!root)
			continue;
		spin_lock(&root->synic_lock);
		synic_take_back(&root->synic, &vp->intercept_message);
		spin_unlock(&root->synic_lock);
	}
}

static enum hv_status delete_vp(struct call *call)
{
	const struct hv_input_delete_vp *in = call->input;
	struct vp *vp = call_vp(call, in->vp_index);

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	/* Other VPs of the partition may be sending it an interrupt: they must look again first. */
	call->target->vps[vp->index] = NULL;
	vp_suspend(vp, SUSPEND_EXPLICIT);
	vp_unshare_pages(vp);
	take_message_back(vp);
	partition_flush(call->target);
	spin_lock(&call->target->lock);
	vp_destroy(vp);
	spin_unlock(&call->target->lock);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_DeleteVp(struct call *call)
{
	const struct hv_input_delete_vp *in = call->input;
	enum hv_status status = delete_vp(call);

	lp_eventlog_object(HV_TR_VP_DELETE_VP, call->target->id, in->vp_index, status);
	return status;
}

/* Suspension may be asked for and looked at while the VP runs; all else needs it held. */
static bool prepare(struct vp *vp, u32 name, bool *held)
{
	bool needed = name != HV_REGISTER_EXPLICIT_SUSPEND &&
		      name != HV_REGISTER_INTERCEPT_SUSPEND && name != HV_REGISTER_DISPATCH_SUSPEND;

	if (*held && !needed)
		vp_release(vp);
	if (!*held && needed && !vp_hold(vp))
		return false;
	*held = needed;
	return true;
}

enum hv_status call_GetVpRegisters(struct call *call)
{
	const struct hv_input_get_vp_registers *in = call->input;
	const u32 *names = call->list;
	union hv_register_value *values = call->output;
	struct vp *vp = call_vp(call, in->vp_index);
	enum hv_status status = HV_STATUS_SUCCESS;
	bool held = false;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	while (status == HV_STATUS_SUCCESS && call->reps_done < call->rep_count) {
		u32 name = names[call->reps_done];

		status = prepare(vp, name, &held)
				 ? vp_get_register(vp, name, &values[call->reps_done])
				 : HV_STATUS_INVALID_VP_STATE;
		call->reps_done += status == HV_STATUS_SUCCESS;
	}
	if (held)
		vp_release(vp);
	return status;
}

enum hv_status call_SetVpRegisters(struct call *call)
{
	const struct hv_input_set_vp_registers *in = call->input;
	const struct hv_register_assoc *list = call->list;
	struct vp *vp = call_vp(call, in->vp_index);
	enum hv_status status = HV_STATUS_SUCCESS;
	bool held = false;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	while (status == HV_STATUS_SUCCESS && call->reps_done < call->rep_count) {
		const struct hv_register_assoc *one = &list[call->reps_done];

		status = prepare(vp, one->name, &held) ? vp_set_register(vp, one->name, &one->value)
						       : HV_STATUS_INVALID_VP_STATE;
		call->reps_done += status == HV_STATUS_SUCCESS;
	}
	if (held)
		vp_release(vp);
	return status;
}

static void *state_page(struct vp *vp, u32 type)
{
	switch (type) {
	case HV_VP_STATE_PAGE_REGISTERS:
		return vp->register_page;
	case HV_VP_STATE_PAGE_INTERCEPT_MESSAGE:
		return vp->intercept_page;
	default:
		return NULL;
	}
}

enum hv_status call_MapVpStatePage(struct call *call)
{
	const struct hv_input_map_vp_state_page *in = call->input;
	struct hv_output_map_vp_state_page *out = call->output;
	struct vp *vp = call_vp(call, in->vp_index);
	void *page = vp ? state_page(vp, in->type) : NULL;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	if (!page || (in->flags & HV_MAP_VP_STATE_PAGE_LOCATION_PROVIDED) ||
		call->target->state != PARTITION_ACTIVE)
		return HV_STATUS_INVALID_PARAMETER;
	out->map_location = machine_spa(page) >> PAGE_SHIFT;
	/* The register page is the VMM's to write; its content is judged when it is used. */
	return page_share(
		page, in->type == HV_VP_STATE_PAGE_REGISTERS ? SLAT_READ | SLAT_WRITE : SLAT_READ);
}

enum hv_status call_UnmapVpStatePage(struct call *call)
{
	const struct hv_input_unmap_vp_state_page *in = call->input;
	struct vp *vp = call_vp(call, in->vp_index);
	void *page = vp ? state_page(vp, in->type) : NULL;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	if (!page)
		return HV_STATUS_INVALID_PARAMETER;
	page_unshare(page);
	return HV_STATUS_SUCCESS;
}

/* The page of the root that a state call moves data through. */
static void *transfer_page(const struct call *call)
{
	u64 page_number;

	if (call->list_bytes < sizeof(page_number))
		return NULL;
	memcpy(&page_number, call->list, sizeof(page_number));
	return partition_memory(&root_partition, page_number << PAGE_SHIFT, SLAT_READ | SLAT_WRITE);
}

static void get_timers(struct vp *vp, struct hv_synthetic_timers_state *state)
{
	memset(state, 0, sizeof(*state));
	for (u32 i = 0; i < STIMER_COUNT; i++) {
		state->timers[i].config = vp->stimers[i].config;
		state->timers[i].count = vp->stimers[i].count;
	}
}

static enum hv_status get_state(struct vp *vp, struct call *call)
{
	const struct hv_input_get_vp_state *in = call->input;
	void *page = transfer_page(call);

	if (in->state_data.type == HV_VP_STATE_SYNTHETIC_TIMERS) {
		get_timers(vp, call->output);
		return HV_STATUS_SUCCESS;
	}
	if (!page)
		return HV_STATUS_INVALID_PARAMETER;
	switch (in->state_data.type) {
	case HV_VP_STATE_LAPIC:
		memset(page, 0, PAGE_SIZE);
		vapic_get_state(&vp->apic, machine_tsc(), page);
		return HV_STATUS_SUCCESS;
	case HV_VP_STATE_XSAVE:
		xsave_compact(vp->xsave_page, page);
		return HV_STATUS_SUCCESS;
	}
	return HV_STATUS_INVALID_PARAMETER;
}

static enum hv_status set_state(struct vp *vp, struct call *call)
{
	const struct hv_input_set_vp_state *in = call->input;
	const void *page = transfer_page(call);
	struct hv_local_interrupt_controller_state apic;
	bool legal;

	if (!page)
		return HV_STATUS_INVALID_PARAMETER;
	switch (in->state_data.type) {
	case HV_VP_STATE_LAPIC:
		memcpy(&apic, page, sizeof(apic));
		spin_lock(&vp->timer_lock);
		vapic_set_state(&vp->apic, machine_tsc(), &apic);
		spin_unlock(&vp->timer_lock);
		vp_timers_update(vp);
		atomic_or(&vp->attention, ATTENTION_INTERRUPT);
		return HV_STATUS_SUCCESS;
	case HV_VP_STATE_XSAVE:
		/* Other VPs of the root can write to the page: judge and use one copy. */
		memcpy(call->output, page, PAGE_SIZE);
		legal = xsave_expand(call->output, vp->xsave_page);
		return legal ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_REGISTER_VALUE;
	}
	return HV_STATUS_INVALID_PARAMETER;
}

/* Calls that need the VP to stand still. */
static enum hv_status with_vp_held(
	struct call *call, u32 vp_index, enum hv_status (*action)(struct vp *vp, struct call *call))
{
	struct vp *vp = call_vp(call, vp_index);
	enum hv_status status;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	if (!vp_hold(vp))
		return HV_STATUS_INVALID_VP_STATE;
	status = action(vp, call);
	vp_release(vp);
	return status;
}

enum hv_status call_GetVpState(struct call *call)
{
	const struct hv_input_get_vp_state *in = call->input;

	return with_vp_held(call, in->vp_index, get_state);
}

enum hv_status call_SetVpState(struct call *call)
{
	const struct hv_input_set_vp_state *in = call->input;

	return with_vp_held(call, in->vp_index, set_state);
}

static enum hv_status cpuid_values(struct vp *vp, struct call *call)
{
	const struct hv_input_get_vp_cpuid_values *in = call->input;
	const struct hv_cpuid_leaf_info *list = call->list;
	struct hv_output_get_vp_cpuid_values *values = call->output;
	bool registered = in->flags & HV_CPUID_VALUES_APPLY_REGISTERED;

	for (; call->reps_done < call->rep_count; call->reps_done++) {
		const struct hv_cpuid_leaf_info *leaf = &list[call->reps_done];
		u64 xfem = in->flags & HV_CPUID_VALUES_USE_VP_XFEM_XSS ? vp->xcr0 : leaf->xfem;
		u32 out[4];

		vp_cpuid_values(vp, leaf->eax, leaf->ecx, xfem, registered, out);
		memcpy(&values[call->reps_done], out, sizeof(out));
	}
	return HV_STATUS_SUCCESS;
}

enum hv_status call_GetVpCpuidValues(struct call *call)
{
	const struct hv_input_get_vp_cpuid_values *in = call->input;

	if (in->flags & ~(HV_CPUID_VALUES_USE_VP_XFEM_XSS | HV_CPUID_VALUES_APPLY_REGISTERED))
		return HV_STATUS_INVALID_PARAMETER;
	return with_vp_held(call, in->vp_index, cpuid_values);
}

static enum hv_status register_result(struct vp *vp, struct call *call)
{
	const struct hv_input_register_intercept_result *in = call->input;
	struct hv_cpuid_result_parameters result;
	enum hv_status status;

	if (in->intercept_type != HV_INTERCEPT_TYPE_X64_CPUID)
		return HV_STATUS_INVALID_PARAMETER;
	memcpy(&result, &in->parameters, sizeof(result));
	spin_lock(&call->target->lock);
	status = vp_cpuid_register(vp, &result);
	spin_unlock(&call->target->lock);
	return status;
}

enum hv_status call_RegisterInterceptResult(struct call *call)
{
	const struct hv_input_register_intercept_result *in = call->input;

	return with_vp_held(call, in->vp_index, register_result);
}

/* All but SET_CALLER_SPEC_CTRL: no VP has that MSR. Flushes that may be skipped are not done. */
#define DISPATCH_FLAGS                                                                             \
	(HV_DISPATCH_VP_CLEAR_INTERCEPT_SUSPEND | HV_DISPATCH_VP_ENABLE_CALLER_INTERRUPTS |        \
		HV_DISPATCH_VP_SKIP_VP_SPEC_FLUSH | HV_DISPATCH_VP_SKIP_CALLER_SPEC_FLUSH |        \
		HV_DISPATCH_VP_SKIP_CALLER_USER_SPEC_FLUSH |                                       \
		HV_DISPATCH_VP_SCAN_INTERRUPT_INJECTION)

/* Beyond this many units of 100 ns (two years) a time slice is for ever. */
#define LONGEST_SLICE BIT(49)

/* Interrupts that the root has left in the register page instead of asserting them by hypercall. */
static void scan_interrupts(struct vp *vp)
{
	struct hv_vp_register_page *page = vp->register_page;
	u64 word = atomic_exchange(&page->vectors, 0);
	u32 count = MIN((u32)(u8)word, (u32)HV_REGISTER_PAGE_MAX_VECTORS);

	for (u32 i = 0; i < count; i++)
		if (vapic_request(&vp->apic, (u8)(word >> 8 * (i + 1)), false))
			atomic_or(&vp->attention, ATTENTION_INTERRUPT);
}

enum hv_status call_DispatchVp(struct call *call)
{
	const struct hv_input_dispatch_vp *in = call->input;
	struct vp *vp = call_vp(call, in->vp_index);
	struct dispatch request = {
		.output = call->frame->output,
		.end = ~0ull,
		.interrupts = in->flags & HV_DISPATCH_VP_ENABLE_CALLER_INTERRUPTS,
	};

	if (!root_schedules())
		return HV_STATUS_OPERATION_DENIED;
	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	if (in->flags & ~DISPATCH_FLAGS)
		return HV_STATUS_INVALID_PARAMETER;
	if (in->time_slice && in->time_slice < LONGEST_SLICE)
		request.end = machine_tsc() + stats_tsc_of_100ns(in->time_slice);
	if (in->flags & HV_DISPATCH_VP_SCAN_INTERRUPT_INJECTION)
		scan_interrupts(vp);
	if (in->flags & HV_DISPATCH_VP_CLEAR_INTERCEPT_SUSPEND)
		vp_resume(vp, SUSPEND_INTERCEPT);
	return lp_dispatch(vp, &request, call->output);
}
