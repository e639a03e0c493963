/* SPDX-License-Identifier: BSD-2-Clause */
/* Architectural registers by name, in the VMCB or (extended state) in the VP's XSAVE page. */
#include "backend/svm/svm.h"
#include "core/lib/string.h"
#include "machine/x86/cpu.h"

#define CR0_PAGING  BIT(31)
#define LONG_ENABLE BIT(8)
#define LONG_ACTIVE BIT(10)
#define SVM_ENABLE  BIT(12)

/*
 * EFER.LME is kept from the processor while paging is off, where it has no effect: an emulator
 * that meets LME without PAE at an intercept loses the host's CR0 (docs/emulators.md). With
 * paging LMA follows LME (AMD APM vol. 2 §14.6).
 */
static void settle_long_mode(struct vp *vp)
{
	struct vmcb *vmcb = svm_vmcb(vp);

	vmcb->efer &= ~(LONG_ENABLE | LONG_ACTIVE);
	if (vp->long_enabled && (vmcb->cr0 & CR0_PAGING))
		vmcb->efer |= LONG_ENABLE | LONG_ACTIVE;
	vmcb->clean = 0;
}

/*
 * Register names are grouped in their upper half and numbered in their lower, so that a field of
 * the VMCB is found by indexing. 0: the register is not a field.
 */
static const u16 control_fields[] = {offsetof(struct vmcb, cr0), offsetof(struct vmcb, cr2),
	offsetof(struct vmcb, cr3), offsetof(struct vmcb, cr4)};

static const u16 debug_fields[] = {
	0, 0, 0, 0, offsetof(struct vmcb, dr6), offsetof(struct vmcb, dr7)};

static const u16 system_fields[] = {
	[HV_REGISTER_KERNEL_GS_BASE & 15] = offsetof(struct vmcb, kernel_gs_base),
	[HV_REGISTER_SYSENTER_CS & 15] = offsetof(struct vmcb, sysenter_cs),
	[HV_REGISTER_SYSENTER_EIP & 15] = offsetof(struct vmcb, sysenter_eip),
	[HV_REGISTER_SYSENTER_ESP & 15] = offsetof(struct vmcb, sysenter_esp),
	[HV_REGISTER_STAR & 15] = offsetof(struct vmcb, star),
	[HV_REGISTER_LSTAR & 15] = offsetof(struct vmcb, lstar),
	[HV_REGISTER_CSTAR & 15] = offsetof(struct vmcb, cstar),
	[HV_REGISTER_SFMASK & 15] = offsetof(struct vmcb, sfmask),
};

static const u16 segment_fields[] = {offsetof(struct vmcb, es), offsetof(struct vmcb, cs),
	offsetof(struct vmcb, ss), offsetof(struct vmcb, ds), offsetof(struct vmcb, fs),
	offsetof(struct vmcb, gs), offsetof(struct vmcb, ldtr), offsetof(struct vmcb, tr)};

static const u16 table_fields[] = {offsetof(struct vmcb, idtr), offsetof(struct vmcb, gdtr)};

struct field_group {
	const u16 *fields;
	u32 count;
};

static const struct field_group groups[] = {
	[HV_REGISTER_CR0 >> 16] = {control_fields, ARRAY_SIZE(control_fields)},
	[HV_REGISTER_DR0 >> 16] = {debug_fields, ARRAY_SIZE(debug_fields)},
	[HV_REGISTER_ES >> 16] = {segment_fields, ARRAY_SIZE(segment_fields)},
	[HV_REGISTER_IDTR >> 16] = {table_fields, ARRAY_SIZE(table_fields)},
	[HV_REGISTER_EFER >> 16] = {system_fields, ARRAY_SIZE(system_fields)},
};

static void *field(const struct vp *vp, u32 name)
{
	const struct field_group *group = &groups[name >> 16];

	if (name >> 16 >= ARRAY_SIZE(groups) || (name & 0xffff) >= group->count ||
		!group->fields[name & 0xffff])
		return NULL;
	return (char *)svm_vmcb(vp) + group->fields[name & 0xffff];
}

/* The VMCB packs descriptor bits 55:52 next to 47:40; HV_X64_SEGMENT leaves a gap of 4. */
static u16 pack_attributes(u16 attributes)
{
	return (u16)((attributes & 0xff) | (attributes >> 12) << 8);
}

static u16 unpack_attributes(u16 attributes)
{
	return (u16)((attributes & 0xff) | (attributes & 0xf00) << 4);
}

static bool get_extended(const struct vp *vp, u32 name, union hv_register_value *value)
{
	const u8 *area = vp->xsave_page;

	if (name >= HV_REGISTER_XMM0 && name <= HV_REGISTER_XMM15)
		memcpy(value, area + 160 + 16 * (name - HV_REGISTER_XMM0), 16);
	else if (name >= HV_REGISTER_FP_MMX0 && name <= HV_REGISTER_FP_MMX7)
		memcpy(value, area + 32 + 16 * (name - HV_REGISTER_FP_MMX0), 16);
	else if (name == HV_REGISTER_FP_CONTROL_STATUS)
		memcpy(value, area, 16);
	else if (name == HV_REGISTER_XMM_CONTROL_STATUS)
		memcpy(value, area + 16, 16);
	else
		return false;
	return true;
}

/* The legacy region of the XSAVE area has the layout of these registers (APM vol. 2 §11.5). */
static bool set_extended(struct vp *vp, u32 name, const union hv_register_value *value)
{
	u8 *area = vp->xsave_page;
	u32 mxcsr;

	if (name >= HV_REGISTER_XMM0 && name <= HV_REGISTER_XMM15) {
		memcpy(area + 160 + 16 * (name - HV_REGISTER_XMM0), value, 16);
		area[512] |= 2;
	} else if (name >= HV_REGISTER_FP_MMX0 && name <= HV_REGISTER_FP_MMX7) {
		memcpy(area + 32 + 16 * (name - HV_REGISTER_FP_MMX0), value, 16);
		area[512] |= 1;
	} else if (name == HV_REGISTER_FP_CONTROL_STATUS) {
		memcpy(area, value, 16);
		area[512] |= 1;
	} else if (name == HV_REGISTER_XMM_CONTROL_STATUS) {
		memcpy(area + 16, value, 16);
		memcpy(&mxcsr, area + 24, sizeof(mxcsr));
		/* Reserved bits would make XRSTOR fault in the hypervisor. */
		mxcsr &= 0xffff;
		memcpy(area + 24, &mxcsr, sizeof(mxcsr));
		area[512] |= 3;
	} else {
		return false;
	}
	return true;
}

bool svm_get_register(
	const struct vp *vp, enum hv_register_name name, union hv_register_value *value)
{
	const void *place = field(vp, name);
	const struct vmcb_segment *segment = place;

	value->reg128.high = 0;
	if (place && name >> 16 == HV_REGISTER_ES >> 16) {
		value->segment.base = segment->base;
		value->segment.limit = segment->limit;
		value->segment.selector = segment->selector;
		value->segment.attributes = unpack_attributes(segment->attributes);
	} else if (place && name >> 16 == HV_REGISTER_IDTR >> 16) {
		value->table = (struct hv_x64_table_register){
			.base = segment->base, .limit = (u16)segment->limit};
	} else if (place) {
		value->reg64 = *(const u64 *)place;
	} else if (name == HV_REGISTER_EFER) {
		value->reg64 =
			(svm_vmcb(vp)->efer & ~SVM_ENABLE) | (vp->long_enabled ? LONG_ENABLE : 0);
	} else if (name == HV_REGISTER_XFEM) {
		value->reg64 = vp->xcr0;
	} else if (name >= HV_REGISTER_DR0 && name <= HV_REGISTER_DR3) {
		value->reg64 = vp->debug_regs[name - HV_REGISTER_DR0];
	} else {
		return get_extended(vp, name, value);
	}
	return true;
}

static void set_segment(struct vmcb *vmcb, struct vmcb_segment *segment,
	const struct hv_x64_segment_register *value)
{
	segment->base = value->base;
	segment->limit = value->limit;
	segment->selector = value->selector;
	segment->attributes = pack_attributes(value->attributes);
	/* Processors take the CPL from its own field, emulators from SS.DPL: keep them equal. */
	if (segment == &vmcb->ss)
		vmcb->cpl = segment->attributes >> 5 & 3;
}

/* XSETBV would fault in the hypervisor (AMD APM vol. 4, XSETBV). */
static bool xcr0_legal(u64 value)
{
	u64 avx512 = value & 0xe0;

	return (value & 1) && !(value & ~svm_xcr0_all) && (!(value & 4) || (value & 2)) &&
	       (!avx512 || (avx512 == 0xe0 && (value & 4)));
}

bool svm_set_register(
	struct vp *vp, enum hv_register_name name, const union hv_register_value *value)
{
	struct vmcb *vmcb = svm_vmcb(vp);
	void *place = field(vp, name);
	struct vmcb_segment *segment = place;

	vmcb->clean = 0;
	if (place && name >> 16 == HV_REGISTER_ES >> 16) {
		set_segment(vmcb, segment, &value->segment);
	} else if (place && name >> 16 == HV_REGISTER_IDTR >> 16) {
		segment->base = value->table.base;
		segment->limit = value->table.limit;
	} else if (place) {
		*(u64 *)place = value->reg64;
	} else if (name == HV_REGISTER_EFER) {
		vmcb->efer = value->reg64 | SVM_ENABLE;
		vp->long_enabled = value->reg64 & LONG_ENABLE;
	} else if (name == HV_REGISTER_XFEM) {
		if (!xcr0_legal(value->reg64))
			return false;
		vp->xcr0 = value->reg64;
	} else if (name >= HV_REGISTER_DR0 && name <= HV_REGISTER_DR3) {
		vp->debug_regs[name - HV_REGISTER_DR0] = value->reg64;
	} else {
		return set_extended(vp, name, value);
	}
	if (name == HV_REGISTER_CR0 || name == HV_REGISTER_EFER)
		settle_long_mode(vp);
	return true;
}
