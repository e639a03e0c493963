/* SPDX-License-Identifier: BSD-2-Clause */
/* From exit codes (AMD APM vol. 2 appendix C) to neutral intercepts. */
#include "backend/svm/svm.h"

typedef void translator(const struct vmcb *vmcb, struct intercept *intercept);

static void translate_msr(const struct vmcb *vmcb, struct intercept *intercept)
{
	intercept->access = vmcb->exit_info_1 & 1 ? INTERCEPT_WRITE : INTERCEPT_READ;
}

/* §15.10.2: EXITINFO1 bits 0 in, 2 string, 3 repeat, 6:4 size, 31:16 port; EXITINFO2 next RIP. */
static void translate_io(const struct vmcb *vmcb, struct intercept *intercept)
{
	u64 info = vmcb->exit_info_1;

	intercept->access = info & 1 ? INTERCEPT_READ : INTERCEPT_WRITE;
	intercept->io.string = info & BIT(2);
	intercept->io.repeat = info & BIT(3);
	intercept->io.size = info >> 4 & 7;
	intercept->io.port = (u16)(info >> 16);
	intercept->length = (u8)(vmcb->exit_info_2 - vmcb->rip);
}

/* §15.25.6: EXITINFO1 bit 1 write, 4 fetch, 33 guest table walk; EXITINFO2 the GPA. */
static void translate_fault(const struct vmcb *vmcb, struct intercept *intercept)
{
	u64 info = vmcb->exit_info_1;

	intercept->memory.gpa = vmcb->exit_info_2;
	intercept->memory.table_walk = info & BIT(33);
	intercept->access = info & BIT(4)   ? INTERCEPT_EXECUTE
			    : info & BIT(1) ? INTERCEPT_WRITE
					    : INTERCEPT_READ;
}

static void translate_control(const struct vmcb *vmcb, struct intercept *intercept)
{
	/* 0x65 is a write of CR0 that changes more than TS and MP. */
	bool selective = vmcb->exit_code == 0x65;

	intercept->control_register.number = selective ? 0 : vmcb->exit_code & 15;
	intercept->access = selective || vmcb->exit_code & 16 ? INTERCEPT_WRITE : INTERCEPT_READ;
}

static void translate_exception(const struct vmcb *vmcb, struct intercept *intercept)
{
	intercept->exception.vector = vmcb->exit_code & 31;
	intercept->exception.error_code = (u32)vmcb->exit_info_1;
}

static void translate_other(const struct vmcb *vmcb, struct intercept *intercept)
{
	intercept->vendor_code = vmcb->exit_code;
}

struct exit_row {
	u8 kind;
	translator *translate;
};

#define EXIT_CODES 0x90

/* DOC: exit-rows */
static const struct exit_row exit_rows[EXIT_CODES] = {
	[0x00 ... 0x1f] = {INTERCEPT_ControlRegister, translate_control},
	[0x20 ... 0x3f] = {INTERCEPT_DebugRegister, translate_other},
	[0x40 ... 0x5f] = {INTERCEPT_Exception, translate_exception},
	[0x60] = {INTERCEPT_Interrupt, NULL},
	[0x61] = {INTERCEPT_Nmi, NULL},
	[0x62 ... 0x63] = {INTERCEPT_Other, translate_other},
	[0x64] = {INTERCEPT_Window, NULL},
	[0x65] = {INTERCEPT_ControlRegister, translate_control},
	[0x66 ... 0x6e] = {INTERCEPT_Other, translate_other},
	[0x6f] = {INTERCEPT_Rdpmc, NULL},
	[0x70 ... 0x71] = {INTERCEPT_Other, translate_other},
	[0x72] = {INTERCEPT_Cpuid, NULL},
	[0x73] = {INTERCEPT_Other, translate_other},
	[0x74] = {INTERCEPT_NmiReturn, NULL},
	[0x75] = {INTERCEPT_Other, translate_other},
	[0x76] = {INTERCEPT_CacheFlush, NULL},
	[0x77] = {INTERCEPT_Other, translate_other},
	[0x78] = {INTERCEPT_Halt, NULL},
	[0x79] = {INTERCEPT_PageInvalidation, NULL},
	[0x7a] = {INTERCEPT_Virtualization, NULL},
	[0x7b] = {INTERCEPT_IoPort, translate_io},
	[0x7c] = {INTERCEPT_Msr, translate_msr},
	[0x7d ... 0x7e] = {INTERCEPT_Other, translate_other},
	[0x7f] = {INTERCEPT_Shutdown, NULL},
	[0x80] = {INTERCEPT_Virtualization, NULL},
	[0x81] = {INTERCEPT_Hypercall, NULL},
	[0x82 ... 0x86] = {INTERCEPT_Virtualization, NULL},
	[0x87 ... 0x88] = {INTERCEPT_Other, translate_other},
	[0x89] = {INTERCEPT_CacheFlush, NULL},
	[0x8a ... 0x8c] = {INTERCEPT_Mwait, NULL},
	[0x8d] = {INTERCEPT_Xsetbv, NULL},
	[0x8e ... 0x8f] = {INTERCEPT_Other, translate_other},
};

static const struct exit_row fault_row = {INTERCEPT_Memory, translate_fault};
static const struct exit_row invalid_row = {INTERCEPT_InvalidState, translate_other};
static const struct exit_row other_row = {INTERCEPT_Other, translate_other};

static const struct exit_row *row_of(u64 code)
{
	if (code < EXIT_CODES)
		return &exit_rows[code];
	if (code == 0x400)
		return &fault_row;
	/* VMEXIT_INVALID is -1; some emulators store only its low half. */
	return (u32)code == ~0u ? &invalid_row : &other_row;
}

void svm_translate_exit(struct vp *vp, struct intercept *intercept)
{
	const struct vmcb *vmcb = svm_vmcb(vp);
	const struct exit_row *row = row_of(vmcb->exit_code);

	intercept->kind = row->kind;
	intercept->length = 0;
	if (svm_features & SVM_FEATURE_NRIPS && vmcb->next_rip > vmcb->rip)
		intercept->length = (u8)(vmcb->next_rip - vmcb->rip);
	if (row->translate)
		row->translate(vmcb, intercept);
}
