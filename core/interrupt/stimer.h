/* SPDX-License-Identifier: BSD-2-Clause */
/* The four synthetic timers of one VP (TLFS "Timers"). Pure: times are 100 ns reference time. */
#ifndef CORE_INTERRUPT_STIMER_H
#define CORE_INTERRUPT_STIMER_H

#include "core/interrupt/synic.h"

#define STIMER_COUNT 4

#define STIMER_ENABLE	   BIT(0)
#define STIMER_PERIODIC	   BIT(1)
#define STIMER_LAZY	   BIT(2)
#define STIMER_AUTO_ENABLE BIT(3)
#define STIMER_DIRECT	   BIT(12)

struct stimer {
	u64 config;
	u64 count;
	u64 expiry; /* reference time at which to call stimer_expire(); ~0 = never */
	u64 due;    /* periodic: expiration that this call stands for, <= expiry */
	struct synic_message message;
};

/* What an expired timer wants delivered; nothing if it joined its own undelivered message. */
struct stimer_fire {
	u8 vector;		       /* direct mode: assert this vector; else 0 */
	struct synic_message *message; /* message mode: post this; else NULL */
	u64 skipped;		       /* periodic: expirations that are given up */
};

/* Disables the timer; an undelivered message stays where it is (synic_reset takes it back). */
void stimer_reset(struct stimer *timer);
/* Writes of HV_X64_MSR_STIMERn_CONFIG/COUNT. False: reserved bits or bad vector → #GP. */
bool stimer_write_config(struct stimer *timer, u64 value, u64 now_100ns);
void stimer_write_count(struct stimer *timer, u64 value, u64 now_100ns);
/* Earliest expiry of the VP's timers, ~0 if none. */
u64 stimer_next(const struct stimer timers[STIMER_COUNT]);
/*
 * Handles one due timer (expiry <= now): one-shot disables itself, periodic re-arms; afterwards
 * expiry > now. True if fired; fire->skipped counts either way. The caller holds the synic lock,
 * because the message may be queued.
 */
bool stimer_expire(struct stimer *timer, u32 index, u64 now_100ns, struct stimer_fire *fire);

#endif
