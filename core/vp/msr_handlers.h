/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in rows of the table in core/vp/msrs.c and lives in other files. */
#ifndef CORE_VP_MSR_HANDLERS_H
#define CORE_VP_MSR_HANDLERS_H

#include "core/vp/msrs.h"

enum msr_outcome msr_read_assist_page(struct vp *vp, u32 msr, u64 *value);
enum msr_outcome msr_write_assist_page(struct vp *vp, u32 msr, u64 value, u64 *gpa);
enum msr_outcome msr_read_synic(struct vp *vp, u32 msr, u64 *value);
enum msr_outcome msr_write_synic(struct vp *vp, u32 msr, u64 value, u64 *gpa);
enum msr_outcome msr_read_stimer(struct vp *vp, u32 msr, u64 *value);
enum msr_outcome msr_write_stimer(struct vp *vp, u32 msr, u64 value, u64 *gpa);

/* The root's pages are ours and fixed; it may only switch them on and off. */
bool msr_page_allowed(const struct vp *vp, u64 old, u64 value);

#endif
