/* SPDX-License-Identifier: BSD-2-Clause */
/* Processor state after reset, INIT and SIPI (AMD APM vol. 2 table 14-1). */
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/vp/vp.h"

struct reset_row {
	enum hv_register_name name;
	u64 value;
};

static const struct reset_row reset_rows[] = {
	{HV_REGISTER_CR0, 0x60000010},
	{HV_REGISTER_CR2, 0},
	{HV_REGISTER_CR3, 0},
	{HV_REGISTER_CR4, 0},
	{HV_REGISTER_EFER, 0},
	{HV_REGISTER_XFEM, 1},
	{HV_REGISTER_DR0, 0},
	{HV_REGISTER_DR1, 0},
	{HV_REGISTER_DR2, 0},
	{HV_REGISTER_DR3, 0},
	{HV_REGISTER_DR6, 0xffff0ff0},
	{HV_REGISTER_DR7, 0x400},
};

struct segment_row {
	enum hv_register_name name;
	u16 attributes;
};

static const struct segment_row segment_rows[] = {
	{HV_REGISTER_ES, 0x93},
	{HV_REGISTER_CS, 0x9b},
	{HV_REGISTER_SS, 0x93},
	{HV_REGISTER_DS, 0x93},
	{HV_REGISTER_FS, 0x93},
	{HV_REGISTER_GS, 0x93},
	{HV_REGISTER_LDTR, 0x82},
	{HV_REGISTER_TR, 0x8b},
};

static void set_segment(
	struct vp *vp, enum hv_register_name name, u16 selector, u64 base, u16 attributes)
{
	union hv_register_value value = {.segment = {.base = base,
						 .limit = 0xffff,
						 .selector = selector,
						 .attributes = attributes}};

	(void)hypervisor.backend->set_register(vp, name, &value);
}

void vp_initialize_state(struct vp *vp)
{
	union hv_register_value table = {.table = {.limit = 0xffff}};
	static const u16 fcw = 0x40;
	static const u32 mxcsr = 0x1f80;

	memset(&vp->regs, 0, sizeof(vp->regs));
	vp->regs.rip = 0xfff0;
	vp->regs.rflags = 2;
	vp->event = 0;
	vp->nmi_blocked = vp->nmi_pending = false;
	for (u32 i = 0; i < ARRAY_SIZE(reset_rows); i++)
		vp_set_register64(vp, reset_rows[i].name, reset_rows[i].value);
	for (u32 i = 0; i < ARRAY_SIZE(segment_rows); i++)
		set_segment(vp, segment_rows[i].name, 0, 0, segment_rows[i].attributes);
	set_segment(vp, HV_REGISTER_CS, 0xf000, 0xffff0000, 0x9b);
	(void)hypervisor.backend->set_register(vp, HV_REGISTER_GDTR, &table);
	(void)hypervisor.backend->set_register(vp, HV_REGISTER_IDTR, &table);
	memset(vp->xsave_page, 0, 1024);
	memcpy(vp->xsave_page, &fcw, sizeof(fcw));
	memcpy(vp->xsave_page + 24, &mxcsr, sizeof(mxcsr));
	vp->xsave_page[512] = 3;
	vp_end_shadow(vp);
	hypervisor.backend->flush(vp);
}

void vp_startup(struct vp *vp, u8 vector)
{
	set_segment(vp, HV_REGISTER_CS, (u16)(vector << 8), (u64)vector << 12, 0x9b);
	vp->regs.rip = 0;
	vp->activity = VP_ACTIVE;
}
