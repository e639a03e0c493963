/* SPDX-License-Identifier: BSD-2-Clause */
/* What a partition may do and what its processors look like. */
#ifndef CORE_VP_FEATURES_H
#define CORE_VP_FEATURES_H

#include "core/partition/partition.h"

/* Privileges and hints of the root (TLFS "Feature and Interface Discovery"). */
void features_root(struct partition *partition);
/* Derives a child's from the property SYNTHETIC_PROC_FEATURES. */
void features_child(struct partition *partition, u64 synthetic);
/* Synthetic features that a child can be given. */
u64 features_assignable(void);
/* HV_PARTITION_PROPERTY_PROCESSOR_FEATURES0/1 of this machine. */
u64 features_processor(u32 bank);

/* CPUID as the VP sees it; out = EAX, EBX, ECX, EDX. */
void vp_cpuid(struct vp *vp, u32 leaf, u32 subleaf, u32 out[4]);

/* The same of a VP that stands still, with or without registered results, as if XCR0 were `xfem`.
 */
void vp_cpuid_of(struct vp *vp, u32 leaf, u32 subleaf, bool registered, u64 xfem, u32 out[4]);

/* Registers a result for the VP (HVCALL_REGISTER_INTERCEPT_RESULT). */
struct hv_cpuid_result_parameters;
enum hv_status vp_cpuid_register(struct vp *vp, const struct hv_cpuid_result_parameters *result);

#endif
