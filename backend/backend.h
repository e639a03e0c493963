/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the core needs from a hardware virtualization extension. backend/svm implements it;
 * tests/host/fake_backend.c scripts it. A back-end never calls up into the core: run() returns
 * a description of why the VP stopped.
 */
#ifndef BACKEND_BACKEND_H
#define BACKEND_BACKEND_H

#include "abi/hv_register.h"
#include "abi/hv_types.h"
#include "core/intercept/intercept.h"
#include "core/lib/types.h"

struct vp;

/* Second-level (nested) page-table entries, whose format belongs to the vendor. */
#define SLAT_READ    BIT(0)
#define SLAT_WRITE   BIT(1)
#define SLAT_EXECUTE BIT(2)

struct slat_format {
	u64 (*leaf)(u64 spa, u32 level, u64 rights); /* level 0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB */
	u64 (*table)(u64 spa);
	bool (*present)(u64 entry);
	bool (*is_leaf)(u64 entry, u32 level);
	u64 (*spa)(u64 entry);
	u64 (*rights)(u64 entry);
	u64 accessed_bit;
	u64 dirty_bit;
	u32 largest_level;
};

struct backend {
	const char *name;
	/* NULL if this machine has what is needed, else what is missing. Prints what it found. */
	const char *(*probe)(void);
	/* Turns the extension on at the calling LP, with two zeroed pages for its use. */
	void (*lp_enable)(u32 lp_index, void *save_page, void *state_page);
	/* Prepares a VP whose control page and extended-state page are zeroed. */
	void (*vp_create)(struct vp *vp);
	/* Brings in / takes out the state that run() does not switch (FPU, debug registers, …). */
	void (*vp_load)(struct vp *vp);
	void (*vp_put)(struct vp *vp);
	/* vp->pat, vp->tsc_offset or vp->xcr0 changed while the VP is loaded. */
	void (*vp_update)(struct vp *vp);
	/* Runs the VP until it needs the hypervisor; fills `intercept`. */
	void (*run)(struct vp *vp, struct intercept *intercept);
	/* Architectural registers other than those in vp->regs. False: not known here. */
	bool (*get_register)(
		const struct vp *vp, enum hv_register_name name, union hv_register_value *value);
	bool (*set_register)(
		struct vp *vp, enum hv_register_name name, const union hv_register_value *value);
	/* Asks for an intercept as soon as an interrupt could be taken (RFLAGS.IF, no shadow). */
	void (*window)(struct vp *vp, bool wanted);
	/* Asks for an intercept at writes to CR8 (task priority), and at IRET (end of an NMI). */
	void (*watch)(struct vp *vp, bool cr8_writes, bool nmi_return);
	/* After an instruction was stepped over or an event queued: no interrupt shadow any more.
	 */
	void (*clear_shadow)(struct vp *vp);
	/* True at CPL 0. */
	bool (*privileged)(const struct vp *vp);
	/* True at CPL 0 in 64-bit mode: where hypercalls may come from. */
	bool (*privileged_64)(const struct vp *vp);
	/* Forgets all translations of the VP before it runs again. */
	void (*flush)(struct vp *vp);
	/* XCR0 bits whose state can be switched between VPs. */
	u64 (*extended_states)(void);
	/* Prints the VP's state as the hardware has it. */
	void (*dump)(const struct vp *vp);
	const struct slat_format *slat;
};

extern const struct backend svm_backend;

#endif
