/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and bits of x86 registers that more than one file needs (AMD APM vol. 2). */
#ifndef MACHINE_X86_REGISTERS_H
#define MACHINE_X86_REGISTERS_H

/* Control registers, APM vol. 2 §3.1. */
#define CR0_PE	       0x00000001
#define CR0_MP	       0x00000002
#define CR0_EM	       0x00000004
#define CR0_TS	       0x00000008
#define CR0_ET	       0x00000010
#define CR0_NE	       0x00000020
#define CR0_WP	       0x00010000
#define CR0_AM	       0x00040000
#define CR0_NW	       0x20000000
#define CR0_CD	       0x40000000
#define CR0_PG	       0x80000000
#define CR4_PSE	       0x00000010
#define CR4_PAE	       0x00000020
#define CR4_MCE	       0x00000040
#define CR4_PGE	       0x00000080
#define CR4_OSFXSR     0x00000200
#define CR4_OSXMMEXCPT 0x00000400
#define CR4_UMIP       0x00000800
#define CR4_FSGSBASE   0x00010000
#define CR4_OSXSAVE    0x00040000
#define CR4_SMEP       0x00100000
#define CR4_SMAP       0x00200000

#define MSR_APIC_BASE	 0x0000001b
#define MSR_TSC_DEADLINE 0x000006e0
#define MSR_EFER	 0xc0000080
#define MSR_FS_BASE	 0xc0000100
#define MSR_GS_BASE	 0xc0000101

#define EFER_SCE  0x001
#define EFER_LME  0x100
#define EFER_LMA  0x400
#define EFER_NXE  0x800
#define EFER_SVME 0x1000

/* CPUID bits, APM vol. 3 appendix E; the name says leaf and register. */
#define CPUID_1_ECX_HYPERVISOR	 0x80000000
#define CPUID_1_ECX_X2APIC	 0x00200000
#define CPUID_1_ECX_TSC_DEADLINE 0x01000000
#define CPUID_1_ECX_XSAVE	 0x04000000
#define CPUID_1_EDX_TSC		 0x00000010
#define CPUID_1_EDX_MCE		 0x00000080
#define CPUID_1_EDX_FXSR	 0x01000000
#define CPUID_7_EBX_SMEP	 0x00000080
#define CPUID_7_EBX_SMAP	 0x00100000
#define CPUID_7_ECX_UMIP	 0x00000004
#define CPUID_E1_EDX_NX		 0x00100000 /* leaf 0x80000001 */
#define CPUID_E1_EDX_PAGE_1G	 0x04000000
#define CPUID_E1_EDX_LONG_MODE	 0x20000000

/* Selectors in every GDT of ours. */
#define SELECTOR_CODE	 0x08 /* 64-bit */
#define SELECTOR_DATA	 0x10
#define SELECTOR_TSS	 0x18 /* two slots, in the LPs' own tables */
#define SELECTOR_CODE_32 0x18 /* in the boot table only */

/* The stacks of one LP: each has an unmapped page below it. */
#define STACK_GUARD 4096
#define STACK_SIZE  16384
#define STACK_IST   8192
#define STACK_TOTAL (4 * STACK_GUARD + STACK_SIZE + 3 * STACK_IST)

#endif
