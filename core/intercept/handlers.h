/* SPDX-License-Identifier: BSD-2-Clause */
/* The handlers named in intercepts.def. */
#ifndef CORE_INTERCEPT_HANDLERS_H
#define CORE_INTERCEPT_HANDLERS_H

#include "core/intercept/intercept.h"

enum outcome {
	RESUME,	  /* as is: the instruction is executed again, or was dealt with otherwise */
	ADVANCE,  /* step over intercept->length bytes */
	FAULT_GP, /* #GP(0) */
	FAULT_UD, /* #UD */
	FAULT_MC, /* #MC */
};

#define INTERCEPT(kind, counter, handler)                                                          \
	enum outcome handler(struct vp *vp, struct intercept *intercept);
#include "core/intercept/intercepts.def"
#undef INTERCEPT

/* intercept_dispatch() for an LP that logs events: what became of the VP goes into them. */
enum outcome intercept_dispatch_logged(struct vp *vp, struct intercept *intercept);

/* core/intercept/message.c: stops the child VP and tells its parent (TLFS "Intercepts"). */
/* Tells the parent of a stopped VP what waits in its intercept page. */
void message_post(struct vp *vp);
/* If the root schedules: tells the root's thread that waits for the VP that it can run. */
void message_signal(struct vp *vp);
void message_io_port(struct vp *vp, const struct intercept *intercept);
void message_memory(struct vp *vp, u64 gpa, u8 access, bool table_walk);
void message_unrecoverable(struct vp *vp);
void message_apic_eoi(struct vp *vp, u8 vector);

/* core/intercept/mmio.c: accesses to the APIC page and to doorbells. True: dealt with. */
bool mmio_emulate(struct vp *vp, struct intercept *intercept, enum outcome *outcome);

#endif
