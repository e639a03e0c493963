/* SPDX-License-Identifier: BSD-2-Clause */
/* Architectural registers by name, in the VMCB or (extended state) in the VP's XSAVE page. */
#include "backend/svm/svm.h"
#include "core/lib/string.h"
#include "machine/x86/cpu.h"

#define CR0_PAGING BIT(31)
#define LONG_ENABLE BIT(8)
#define LONG_ACTIVE BIT(10)
#define SVM_ENABLE BIT(12)

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

struct plain_register {
	enum hv_register_name name;
	u32 offset;
};

#define PLAIN(name, field) {HV_REGISTER_##name, offsetof(struct vmcb, field)}

/* 64-bit fields whose content is the register. */
static const struct plain_register plain_registers[] = {
	PLAIN(CR2, cr2),
	PLAIN(CR3, cr3),
	PLAIN(CR4, cr4),
	PLAIN(CR0, cr0),
	PLAIN(DR6, dr6),
	PLAIN(DR7, dr7),
	PLAIN(KERNEL_GS_BASE, kernel_gs_base),
	PLAIN(SYSENTER_CS, sysenter_cs),
	PLAIN(SYSENTER_EIP, sysenter_eip),
	PLAIN(SYSENTER_ESP, sysenter_esp),
	PLAIN(STAR, star),
	PLAIN(LSTAR, lstar),
	PLAIN(CSTAR, cstar),
	PLAIN(SFMASK, sfmask),
};

static const struct plain_register segments[] = {
	PLAIN(ES, es),
	PLAIN(CS, cs),
	PLAIN(SS, ss),
	PLAIN(DS, ds),
	PLAIN(FS, fs),
	PLAIN(GS, gs),
	PLAIN(LDTR, ldtr),
	PLAIN(TR, tr),
};

static const struct plain_register tables[] = {
	PLAIN(IDTR, idtr),
	PLAIN(GDTR, gdtr),
};

static void *find(const struct vp *vp, const struct plain_register *rows, u32 count,
	enum hv_register_name name)
{
	for (u32 i = 0; i < count; i++)
		if (rows[i].name == name)
			return (char *)svm_vmcb(vp) + rows[i].offset;
	return NULL;
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

bool svm_get_register(const struct vp *vp, enum hv_register_name name,
	union hv_register_value *value)
{
	const struct vmcb *vmcb = svm_vmcb(vp);
	const u64 *plain = find(vp, plain_registers, ARRAY_SIZE(plain_registers), name);
	const struct vmcb_segment *segment = find(vp, segments, ARRAY_SIZE(segments), name);
	const struct vmcb_segment *table = find(vp, tables, ARRAY_SIZE(tables), name);

	memset(value, 0, sizeof(*value));
	if (plain) {
		value->reg64 = *plain;
	} else if (segment) {
		value->segment.base = segment->base;
		value->segment.limit = segment->limit;
		value->segment.selector = segment->selector;
		value->segment.attributes = unpack_attributes(segment->attributes);
	} else if (table) {
		value->table.base = table->base;
		value->table.limit = (u16)table->limit;
	} else if (name == HV_REGISTER_EFER) {
		value->reg64 = (vmcb->efer & ~SVM_ENABLE) | (vp->long_enabled ? LONG_ENABLE : 0);
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

bool svm_set_register(struct vp *vp, enum hv_register_name name,
	const union hv_register_value *value)
{
	struct vmcb *vmcb = svm_vmcb(vp);
	u64 *plain = find(vp, plain_registers, ARRAY_SIZE(plain_registers), name);
	struct vmcb_segment *segment = find(vp, segments, ARRAY_SIZE(segments), name);
	struct vmcb_segment *table = find(vp, tables, ARRAY_SIZE(tables), name);

	if (plain) {
		*plain = value->reg64;
	} else if (segment) {
		set_segment(vmcb, segment, &value->segment);
	} else if (table) {
		table->base = value->table.base;
		table->limit = value->table.limit;
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
