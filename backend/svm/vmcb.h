/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual machine control block (AMD APM vol. 2 appendix B). */
#ifndef BACKEND_SVM_VMCB_H
#define BACKEND_SVM_VMCB_H

#include "core/lib/types.h"

struct vmcb_segment {
	u16 selector;
	u16 attributes; /* descriptor bits 55:52 and 47:40 packed into 12 bits */
	u32 limit;
	u64 base;
};

struct vmcb {
	/* Control area, table B-1. */
	u16 intercept_cr_read;
	u16 intercept_cr_write;
	u16 intercept_dr_read;
	u16 intercept_dr_write;
	u32 intercept_exceptions;
	u32 intercept_1; /* vector 3 */
	u32 intercept_2; /* vector 4 */
	u32 intercept_3;
	u8 reserved_018[0x3c - 0x18];
	u16 pause_threshold;
	u16 pause_count;
	u64 iopm_spa;
	u64 msrpm_spa;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 reserved_05d[3];
	union {
		u64 virtual_interrupt; /* V_TPR, V_IRQ, … */
		u8 virtual_tpr;	       /* its lowest byte */
	};
	u64 interrupt_shadow;
	u64 exit_code;
	u64 exit_info_1;
	u64 exit_info_2;
	u64 exit_interrupt_info;
	u64 nested_control;
	u64 avic_apic_bar;
	u64 ghcb_gpa;
	u64 event_injection;
	u64 nested_cr3;
	u64 lbr_control;
	u32 clean;
	u32 reserved_0c4;
	u64 next_rip;
	u8 fetched_count;
	u8 fetched_bytes[15];
	u8 reserved_0e0[0x400 - 0xe0];
	/* State save area, table B-2 (offset 0x400). */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved_4a0[0x4cb - 0x4a0];
	u8 cpl;
	u32 reserved_4cc;
	u64 efer;
	u8 reserved_4d8[0x548 - 0x4d8];
	u64 cr4;
	u64 cr3;
	u64 cr0;
	u64 dr7;
	u64 dr6;
	u64 rflags;
	u64 rip;
	u8 reserved_580[0x5d8 - 0x580];
	u64 rsp;
	u8 reserved_5e0[0x5f8 - 0x5e0];
	u64 rax;
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 sfmask;
	u64 kernel_gs_base;
	u64 sysenter_cs;
	u64 sysenter_esp;
	u64 sysenter_eip;
	u64 cr2;
	u8 reserved_648[0x668 - 0x648];
	u64 guest_pat;
	u64 debug_control;
	u8 reserved_678[0x1000 - 0x678];
};

_Static_assert(sizeof(struct vmcb) == 4096, "VMCB size");
_Static_assert(offsetof(struct vmcb, iopm_spa) == 0x40, "VMCB layout");
_Static_assert(offsetof(struct vmcb, asid) == 0x58, "VMCB layout");
_Static_assert(offsetof(struct vmcb, virtual_interrupt) == 0x60, "VMCB layout");
_Static_assert(offsetof(struct vmcb, event_injection) == 0xa8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "VMCB layout");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "VMCB layout");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "VMCB layout");
_Static_assert(offsetof(struct vmcb, guest_pat) == 0x668, "VMCB layout");

/* intercept_1 */
#define SVM_INTERCEPT_INTR     BIT(0)
#define SVM_INTERCEPT_NMI      BIT(1)
#define SVM_INTERCEPT_SMI      BIT(2)
#define SVM_INTERCEPT_INIT     BIT(3)
#define SVM_INTERCEPT_VINTR    BIT(4)
#define SVM_INTERCEPT_CR0_SEL  BIT(5)
#define SVM_INTERCEPT_RDTSC    BIT(14)
#define SVM_INTERCEPT_RDPMC    BIT(15)
#define SVM_INTERCEPT_CPUID    BIT(18)
#define SVM_INTERCEPT_IRET     BIT(20)
#define SVM_INTERCEPT_INVD     BIT(22)
#define SVM_INTERCEPT_PAUSE    BIT(23)
#define SVM_INTERCEPT_HLT      BIT(24)
#define SVM_INTERCEPT_INVLPGA  BIT(26)
#define SVM_INTERCEPT_IOIO     BIT(27)
#define SVM_INTERCEPT_MSR      BIT(28)
#define SVM_INTERCEPT_FERR     BIT(30)
#define SVM_INTERCEPT_SHUTDOWN BIT(31)
/* intercept_2 */
#define SVM_INTERCEPT_VMRUN	BIT(0)
#define SVM_INTERCEPT_VMMCALL	BIT(1)
#define SVM_INTERCEPT_VMLOAD	BIT(2)
#define SVM_INTERCEPT_VMSAVE	BIT(3)
#define SVM_INTERCEPT_STGI	BIT(4)
#define SVM_INTERCEPT_CLGI	BIT(5)
#define SVM_INTERCEPT_SKINIT	BIT(6)
#define SVM_INTERCEPT_WBINVD	BIT(9)
#define SVM_INTERCEPT_MONITOR	BIT(10)
#define SVM_INTERCEPT_MWAIT	BIT(11)
#define SVM_INTERCEPT_MWAIT_ARM BIT(12)
#define SVM_INTERCEPT_XSETBV	BIT(13)

/* virtual_interrupt (§15.21.2) */
#define SVM_V_TPR_MASK	   0xffull
#define SVM_V_IRQ	   BIT(8)
#define SVM_V_PRIORITY(p)  ((u64)(p) << 16)
#define SVM_V_IGNORE_TPR   BIT(20)
#define SVM_V_INTR_MASKING BIT(24)
#define SVM_V_VECTOR(v)	   ((u64)(v) << 32)

/* event_injection and exit_interrupt_info (§15.20) */
#define SVM_EVENT_VECTOR    0xffull
#define SVM_EVENT_TYPE(t)   ((u64)(t) << 8)
#define SVM_EVENT_HAS_ERROR BIT(11)
#define SVM_EVENT_VALID	    BIT(31)

#define SVM_TLB_FLUSH_ALL  1
#define SVM_TLB_FLUSH_ASID 3

#define SVM_NESTED_PAGING BIT(0)

#endif
