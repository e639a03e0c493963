/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An intercept in neutral form: what a VP was doing when it needed the hypervisor. The back-end
 * fills it, core/intercept/dispatch.c acts on it. The kinds and their counters are the rows of
 * core/intercept/intercepts.def.
 */
#ifndef CORE_INTERCEPT_INTERCEPT_H
#define CORE_INTERCEPT_INTERCEPT_H

#include "core/lib/types.h"

enum intercept_kind {
#define INTERCEPT(kind, counter, handler) INTERCEPT_##kind,
#include "core/intercept/intercepts.def"
#undef INTERCEPT
	INTERCEPT_KINDS
};

enum intercept_class {
#define INTERCEPT_CLASS(name) INTERCEPT_CLASS_##name,
#include "core/intercept/classes.def"
#undef INTERCEPT_CLASS
	INTERCEPT_CLASSES
};

#define INTERCEPT_READ	  0
#define INTERCEPT_WRITE	  1
#define INTERCEPT_EXECUTE 2

struct intercept {
	enum intercept_kind kind;
	u8 length; /* of the instruction if the hardware told it, else 0 */
	u8 access; /* INTERCEPT_READ … */
	union {
		struct {
			u64 gpa;
			bool table_walk; /* the access was to a guest page table */
		} memory;
		struct {
			u16 port;
			u8 size;
			bool string;
			bool repeat;
		} io;
		struct {
			u8 number;
		} control_register;
		struct {
			u8 vector;
			u32 error_code;
		} exception;
		u64 vendor_code; /* INTERCEPT_Other and _InvalidState: for the log */
	};
};

struct vp;

/* Counts and handles one intercept of the VP that the calling LP runs. */
void intercept_dispatch(struct vp *vp, struct intercept *intercept);
/* Brings the times of all classes on the VP's statistics page up to date. */
void intercept_publish(struct vp *vp);

#endif
