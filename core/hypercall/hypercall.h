/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls. core/hypercall/entry.c is the only decoder: it checks form, privilege, target and
 * memory against the row in abi/hypercalls.def, copies the input once, and copies the output. A
 * handler contains only meaning.
 */
#ifndef CORE_HYPERCALL_HYPERCALL_H
#define CORE_HYPERCALL_HYPERCALL_H

#include "abi/hv_hypercall.h"
#include "abi/hv_status.h"
#include "core/intercept/handlers.h"
#include "core/partition/partition.h"
#include "core/vp/vp.h"
#include "machine/machine.h"

struct hypercall_frame;

struct call {
	struct vp *vp; /* the caller */
	const struct hypercall_frame *frame;
	struct partition *target; /* named by the input, or the caller's own */
	const void *input;	  /* our copy: header, then the list or variable part */
	const void *list;	  /* behind the header */
	u32 list_bytes;		  /* readable there */
	void *output;		  /* zeroed */
	u32 rep_count;
	u32 reps_done; /* absolute; starts at the caller's start index. A handler may succeed
			* with some left, at least one done: it will be called again */
};

#define HYPERCALL(code, name, form, header, element, out, target, privilege, family)               \
	enum hv_status call_##name(struct call *call);
#include "abi/hypercalls.def"
#undef HYPERCALL

/* A VP executed VMMCALL. */
enum outcome hypercall_enter(struct vp *vp);

/* The core of the entry, without a VP's registers: control word → result. Used by tests too. */
struct hypercall_frame {
	u64 control;
	u64 input;  /* GPA, or the value of a fast call */
	u64 output; /* GPA, or the second value */
};

enum hypercall_verdict {
	HYPERCALL_DONE,	    /* *result is valid */
	HYPERCALL_CONTINUE, /* *result is the repetition to go on with */
	HYPERCALL_MEMORY,   /* *result is a GPA that is not accessible; bit 0: for writing */
};

enum hypercall_verdict hypercall_run(
	struct vp *vp, const struct hypercall_frame *frame, u64 *result);

/* The VP of the call's target, NULL if there is none. */
static inline struct vp *call_vp(const struct call *call, u32 index)
{
	return partition_vp(call->target, index);
}

#endif
