/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine on paper: tests set its time and interrupts and look at what it was told to do. */
#ifndef TESTS_HOST_FAKE_MACHINE_H
#define TESTS_HOST_FAKE_MACHINE_H

#include "machine/machine.h"

#include <setjmp.h>

/* RAM is [0, FAKE_RAM_SIZE) and zero at the start of each test. */
#define FAKE_RAM_SIZE	     (64ull << 20)
#define FAKE_TSC_HZ	     2000000000ull
#define FAKE_PENDING_MAX     16
#define FAKE_CONSOLE_SIZE    4096
#define FAKE_CPUID_MAX	     48
#define FAKE_PANIC_SIZE	     160
#define FAKE_RELAX_LIMIT     100000
#define FAKE_TIMER_NOT_ARMED (~0ull)

/* How a test left the code under test: by one of the machine's calls that do not return. */
enum fake_end {
	FAKE_NOT_ENDED,
	FAKE_SLEPT,
	FAKE_WAS_RESET,
	FAKE_STOPPED,
	FAKE_PANICKED, /* fake.panic says why */
	FAKE_STARTED,  /* the boot processor has told the others to start */
};

/* A row of what machine_cpuid() says; leaves without one are 0. */
struct fake_cpuid {
	u32 leaf;
	u32 subleaf;
	u32 out[4];
};

struct fake_lp {
	u64 timer_tsc; /* last argument of machine_timer_arm() */
	u32 timer_arms;
	u32 kicks;
	u32 nmis;
	u32 ends; /* machine_end_interrupt() calls */
	u32 idles;
	u32 pending_count;
	u8 pending[FAKE_PENDING_MAX]; /* taken by machine_take_interrupts(), oldest first */
	u32 taken_count;
	u8 taken[FAKE_PENDING_MAX]; /* what the fake's own lp_physical_interrupt() got */
	u64 level[4];		    /* bit n: vector n is level triggered */
};

struct fake_machine {
	u32 lp;	 /* what machine_lp_index() says */
	u64 tsc; /* what machine_tsc() says; grows by tsc_step after each reading */
	u64 tsc_step;
	u64 idle_ticks; /* length of machine_idle() */
	u32 cpuid_count;
	struct fake_cpuid cpuid[FAKE_CPUID_MAX];
	void (*on_relax)(void); /* what other LPs do while this one waits */
	u32 relaxes;		/* more than FAKE_RELAX_LIMIT end the test: it waits for ever */
	u32 stopped_others;	/* machine_stop_others() calls */
	u8 sleep_types[2];
	struct fake_lp lps[MAX_LPS];
	u32 leaves;			/* calls of machine_leave_boot_processor() */
	void (*lp_entry)(u32 lp_index); /* argument of machine_start_lps() */
	u32 console_length;
	char console[FAKE_CONSOLE_SIZE]; /* text written so far, terminated; later text is lost */
	enum fake_end end;
	jmp_buf on_end;
	bool catches_end;
	char panic[FAKE_PANIC_SIZE];
};

extern struct fake_machine fake;

/* Four LPs, 64 MiB of zeroed RAM, time 0, nothing recorded. */
void fake_machine_reset(void);

/* Sets a row of CPUID. */
void fake_cpuid(u32 leaf, u32 subleaf, u32 eax, u32 ebx, u32 ecx, u32 edx);

/* Makes the next machine_take_interrupts() or machine_idle() on `lp` deliver `vector`. */
void fake_interrupt(u32 lp, u8 vector, bool level);

/*
 * FAKE_ENDS(call) runs `call` and says how the machine ended in it, FAKE_NOT_ENDED if it
 * returned. Without it, a call that does not return ends the test program.
 */
#define FAKE_ENDS(call)                                                                            \
	({                                                                                         \
		fake.end = FAKE_NOT_ENDED;                                                         \
		fake.catches_end = true;                                                           \
		if (setjmp(fake.on_end) == 0)                                                      \
			call;                                                                      \
		fake.catches_end = false;                                                          \
		fake.end;                                                                          \
	})

#endif
