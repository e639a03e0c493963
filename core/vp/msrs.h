/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses of a VP to model-specific registers that the hypervisor answers. */
#ifndef CORE_VP_MSRS_H
#define CORE_VP_MSRS_H

#include "core/lib/types.h"

struct vp;

enum msr_outcome {
	MSR_DONE,
	MSR_FAULT,   /* #GP(0) */
	MSR_RETRY,   /* guest memory at *gpa is missing: the parent must provide it first */
	MSR_SUSPEND, /* done, and the VP's activity has changed */
};

/* *value is the value read; *gpa is set with MSR_RETRY. */
enum msr_outcome vp_read_msr(struct vp *vp, u32 msr, u64 *value);
enum msr_outcome vp_write_msr(struct vp *vp, u32 msr, u64 value, u64 *gpa);

/* The same for MSRs of the processor architecture (core/vp/architectural_msrs.c). */
enum msr_outcome vp_read_architectural_msr(struct vp *vp, u32 msr, u64 *value);
enum msr_outcome vp_write_architectural_msr(struct vp *vp, u32 msr, u64 value);

/* Has every entry of the page attribute table one of the types (AMD APM vol. 2 §7.8.1)? */
bool vp_pat_valid(u64 value);

/* The same for those of the SynIC (core/vp/synic.c); they are rows of the table in msrs.c. */
enum msr_outcome vp_read_synic(struct vp *vp, u32 msr, u64 *value);
enum msr_outcome vp_write_synic(struct vp *vp, u32 msr, u64 value, u64 *gpa);

/* The same for what a crashing guest says (core/vp/crash.c). */
enum msr_outcome vp_read_crash(struct vp *vp, u32 msr, u64 *value);
enum msr_outcome vp_write_crash(struct vp *vp, u32 msr, u64 value, u64 *gpa);

/* Takes a child's SIMP or SIEFP whose page is not there now. False: no such register. */
bool vp_synic_restore_page(struct vp *vp, u32 msr, u64 value);

/* The VP is reset: its statistics page leaves the GPA space; with VP 0 the partition's, too. */
void vp_stats_reset(struct vp *vp);

/* The root's pages are the hypervisor's and fixed; it may only switch them on and off. */
bool vp_page_allowed(const struct vp *vp, u64 old, u64 value);

#define MSR_X2APIC_EOI 0x80b

/* The VP has ended its highest interrupt in service, if there is one. */
void vp_end_of_interrupt(struct vp *vp);

/* A write to a register of the VP's APIC, in either face, with all that follows from it. */
enum vapic_register;
enum msr_outcome vp_write_apic(struct vp *vp, enum vapic_register reg, bool x2apic, u64 value);

/* Carries out what an APIC register write of the VP set off. */
struct vapic_effect;
void vp_apic_effect(struct vp *vp, const struct vapic_effect *effect);

#endif
