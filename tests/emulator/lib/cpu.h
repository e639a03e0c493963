/* SPDX-License-Identifier: BSD-2-Clause */
/* Processors of a test partition: per-processor data, interrupts and exceptions, start of others.
 */
#ifndef TESTS_EMULATOR_LIB_CPU_H
#define TESTS_EMULATOR_LIB_CPU_H

#include "core/lib/types.h"
#include "loader/payload.h"

#define MAX_CPUS     16
#define CHILD_CPU    8 /* processors of children use the per-processor data from here on */
#define CODE_32	     0x08
#define DATA	     0x10
#define CODE_64	     0x18
#define USER_DATA    0x23
#define USER_CODE_64 0x2b

/* What an exception or interrupt pushes, lowest address first. */
struct frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

struct cpu {
	struct cpu *self; /* GS base points here */
	u32 index;
	bool online;
	volatile u32 starts; /* times it came through INIT and SIPI */
	u64 excursion_rsp;   /* not 0: a caller waits to be returned to */
	u32 fault_vector;
	u64 fault_error;
	u64 fault_address;
	volatile u32 count[256]; /* interrupts by vector */
	volatile u8 order[64];	 /* the latest vectors in order of arrival */
	volatile u32 order_count;
	void (*volatile work)(void *argument);
	void *volatile work_argument;
};

extern struct cpu cpus[MAX_CPUS];
extern struct payload_header image_header;

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* The test itself, on processor 0. When it returns, finish() is called. */
void test_main(void);

/* Where a handler is set it is called with the frame; it must end the interrupt itself. */
typedef void interrupt_handler(struct frame *frame);
void interrupt_handle(u8 vector, interrupt_handler *handler);
/* Counts, notes the order and ends the interrupt: the usual handler. */
void interrupt_count(struct frame *frame);
/* Forgets counts and order of the calling processor. */
void interrupt_forget(void);

/* Runs code at `rip` in other segments until INT 0x80 or an exception. Returns its vector. */
u32 excursion(u64 cs, u64 ss, u64 rip);

/* GS, IDT and APIC of the calling processor. */
void cpu_prepare(u32 index);

/* The APIC id of a processor. */
u32 cpu_apic_id(u32 index);

/* Starts another processor and waits until it is online. False: it did not come in 2 s. */
bool cpu_start(u32 index);
/* Lets a started processor call a function; returns at once. */
void cpu_post(u32 index, void (*work)(void *argument), void *argument);
/* Waits until it has done so. */
bool cpu_wait_idle(u32 index);

/* Busy waiting by the reference time of the partition. */
u64 time_100ns(void);
void wait_100ns(u64 time);

/* Waits up to 10 s for a condition. */
#define WAIT_FOR(condition)                                                                        \
	({                                                                                         \
		u64 end_ = time_100ns() + 100000000;                                               \
		while (!(condition) && time_100ns() < end_)                                        \
			relax();                                                                   \
		(condition);                                                                       \
	})

#endif
