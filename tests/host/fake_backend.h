/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtualization extension on paper: run() hands out what the test has scripted, registers
 * stand in an array in the VP's control page, and all that was asked of it is recorded there.
 */
#ifndef TESTS_HOST_FAKE_BACKEND_H
#define TESTS_HOST_FAKE_BACKEND_H

#include "backend/backend.h"

#define FAKE_EXITS_MAX	 64
#define FAKE_GUEST_TICKS 1000 /* a VP runs so long unless the script says otherwise */

/* Second-level entries of the fake. */
#define FAKE_SLAT_PRESENT  BIT(0)
#define FAKE_SLAT_WRITE	   BIT(1)
#define FAKE_SLAT_EXECUTE  BIT(2)
#define FAKE_SLAT_LEAF	   BIT(3)
#define FAKE_SLAT_ACCESSED BIT(8)
#define FAKE_SLAT_DIRTY	   BIT(9)

/* One return from run(). */
struct fake_exit {
	struct intercept intercept;
	u64 guest_ticks;
	void (*act)(struct vp *vp); /* what the guest does before; may be NULL */
};

/* What is known of one VP, behind the registers in its control page. */
struct fake_vp {
	bool loaded;
	bool window;
	bool cr8_writes;
	bool nmi_return;
	bool shadow;
	u32 loads;
	u32 puts;
	u32 updates;
	u32 flushes;
	u32 runs;
	u32 dumps;
	u64 injected; /* vp->event at the last run(), 0 if there was none */
};

struct fake_hardware {
	struct fake_exit exits[FAKE_EXITS_MAX];
	u32 exit_count; /* scripted and not yet handed out; then come external interrupts */
	u64 extended_states;
	const char *missing; /* probe()'s answer */
	u64 enabled_lps;
};

extern struct fake_hardware fake_hardware;

void fake_backend_reset(void);
struct fake_vp *fake_vp(const struct vp *vp);

/* Appends to the script. Length: what the hardware tells of the instruction's. */
void fake_exit(enum intercept_kind kind, u8 length);
struct fake_exit *fake_exit_last(void);

/* Registers for CPL 0 in 64-bit mode without paging: where hypercalls may come from. */
void fake_enter_64(struct vp *vp);

#endif
