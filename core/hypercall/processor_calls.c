/* SPDX-License-Identifier: BSD-2-Clause */
/* Processors as a system starts and asks for them: its own, or a child's. */
#include "core/hypercall/hypercall.h"
#include "core/lib/string.h"
#include "core/vp/features.h"

/* ---- HvCallStartVirtualProcessor ---- */

static const u32 segment_names[] = {HV_REGISTER_CS, HV_REGISTER_DS, HV_REGISTER_ES, HV_REGISTER_FS,
	HV_REGISTER_GS, HV_REGISTER_SS, HV_REGISTER_TR, HV_REGISTER_LDTR};

static void load(struct vp *vp, const struct hv_initial_vp_context *context)
{
	union hv_register_value value;

	vp->regs.rip = context->rip;
	vp->regs.gpr[RSP] = context->rsp;
	vp->regs.rflags = context->rflags;
	for (u32 i = 0; i < ARRAY_SIZE(segment_names); i++) {
		value.segment = context->segment[i];
		(void)vp_set_register(vp, segment_names[i], &value);
	}
	value.table = context->idtr;
	(void)vp_set_register(vp, HV_REGISTER_IDTR, &value);
	value.table = context->gdtr;
	(void)vp_set_register(vp, HV_REGISTER_GDTR, &value);
	/* A state that no processor can be in breaks the VP down when it runs, and nobody else. */
	vp_set_register64(vp, HV_REGISTER_CR3, context->cr3);
	vp_set_register64(vp, HV_REGISTER_CR4, context->cr4);
	vp_set_register64(vp, HV_REGISTER_EFER, context->efer);
	vp_set_register64(vp, HV_REGISTER_CR0, context->cr0);
	vp->pat = context->pat;
}

enum hv_status call_StartVirtualProcessor(struct call *call)
{
	const struct hv_input_start_virtual_processor *in = call->input;
	struct vp *vp = call_vp(call, in->vp_index);
	bool waits;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	if (in->target_vtl)
		return HV_STATUS_INVALID_PARAMETER;
	if (!vp_pat_legal(in->context.pat))
		return HV_STATUS_INVALID_REGISTER_VALUE;
	/* A caller that waited could lose a VP of its own partition to whoever deletes it. */
	if (!vp_try_hold(vp))
		return HV_STATUS_INVALID_VP_STATE;
	waits = vp->activity == VP_WAIT_SIPI;
	if (waits) {
		load(vp, &in->context);
		vp->activity = VP_ACTIVE;
	}
	vp_release(vp);
	return waits ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_VP_STATE;
}

/* ---- HvCallGetVpIndexFromApicId ---- */

static struct vp *with_apic_id(const struct partition *partition, u32 id)
{
	for (u32 i = 0; i < partition->vp_end; i++)
		if (partition->vps[i] && partition->vps[i]->apic.id == id)
			return partition->vps[i];
	return NULL;
}

/* The lists are packed, as Linux has them. */
enum hv_status call_GetVpIndexFromApicId(struct call *call)
{
	const struct hv_input_get_vp_index_from_apic_id *in = call->input;
	const u32 *ids = call->list;
	u32 *indices = call->output;

	if (in->target_vtl)
		return HV_STATUS_INVALID_PARAMETER;
	for (; call->reps_done < call->rep_count; call->reps_done++) {
		const struct vp *vp = with_apic_id(call->target, ids[call->reps_done]);

		if (!vp)
			return HV_STATUS_INVALID_PARAMETER;
		indices[call->reps_done] = vp->index;
	}
	return HV_STATUS_SUCCESS;
}

/* ---- HvCallGetVpCpuidValues ---- */

static enum hv_status read_cpuid(struct vp *vp, struct call *call)
{
	const struct hv_input_get_vp_cpuid_values *in = call->input;
	const struct hv_cpuid_leaf_info *leaves = call->list;
	struct hv_output_get_vp_cpuid_values *values = call->output;

	for (; call->reps_done < call->rep_count; call->reps_done++) {
		const struct hv_cpuid_leaf_info *leaf = &leaves[call->reps_done];
		u64 xfem = in->flags & HV_CPUID_VALUES_USE_VP_XFEM_XSS ? vp->xcr0 : leaf->xfem;
		u32 out[4];

		vp_cpuid_of(vp, leaf->eax, leaf->ecx, in->flags & HV_CPUID_VALUES_APPLY_REGISTERED,
			xfem, out);
		memcpy(&values[call->reps_done], out, sizeof(out));
	}
	return HV_STATUS_SUCCESS;
}

enum hv_status call_GetVpCpuidValues(struct call *call)
{
	const struct hv_input_get_vp_cpuid_values *in = call->input;

	if (in->flags & ~(HV_CPUID_VALUES_USE_VP_XFEM_XSS | HV_CPUID_VALUES_APPLY_REGISTERED))
		return HV_STATUS_INVALID_PARAMETER;
	return with_vp_held(call, in->vp_index, read_cpuid);
}
