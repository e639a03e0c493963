/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of machine/x86 share with one another and with boot/. */
#ifndef MACHINE_X86_X86_H
#define MACHINE_X86_X86_H

#include "machine/machine.h"
#include "machine/x86/registers.h"

/* The linker's marks (boot/link.ld). */
extern const u8 image_start[], image_rodata[], image_data[], image_end[];

/* What boot/entry.S reads when an LP enters 64-bit mode. */
struct boot_start {
	u64 page_table;
	u64 stack;
	u64 function; /* never returns */
	u64 lp_index;
};
extern struct boot_start boot_start;

/* Registers as vectors.S pushes them on an exception, lowest address first. */
struct exception_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

struct lp_stacks {
	u8 guard[STACK_GUARD];
	u8 stack[STACK_SIZE];
	struct {
		u8 guard[STACK_GUARD];
		u8 stack[STACK_IST];
	} ist[3];
};
extern struct lp_stacks lp_stacks[MAX_LPS];

/* 64-bit task state segment, APM vol. 2 §12.2.5. */
struct task_state {
	u32 reserved_0;
	u64 rsp[3];
	u64 reserved_1;
	u64 ist[7];
	u64 reserved_2;
	u16 reserved_3;
	u16 io_map;
} __attribute__((packed));

/* One LP's own; its GS base points here. */
struct local {
	u32 index;
	bool alive;    /* set by the LP itself once it can take interrupts */
	u64 alive_tsc; /* its time stamp counter then */
	u64 deadline;  /* what the timer is armed for; ~0 = not armed */
	const struct exception_frame *exception; /* the one that this LP dies of */
	u64 gdt[5];
	struct task_state task;
};
extern struct local locals[MAX_LPS];

static inline struct local *this_local(void)
{
	return &locals[machine_lp_index()];
}

/* init.c */
void machine_x86_begin(void); /* console and exceptions of the boot LP: panic() works from here */
void machine_x86_init(void);  /* the rest; needs machine.boot */
void machine_x86_control_registers(void);

/* console.c */
void console_initialize(void);

/* segments.c: GDT, TSS, IDT and GS base of the LP that calls. */
void segments_load(u32 lp_index);

/* acpi.c: fills in `machine` and `acpi`. */
void acpi_read(u32 boot_apic_id);

/* Which of the LPs found are threads of one core. */
void topology_read(void);
/* Marks a processor in the MADT as not there, for the root. On the boot page tables only. */
void acpi_hide_processor(u32 apic_id);

struct acpi_facts {
	u16 pm_timer_port; /* 0 = absent */
	u32 pm_timer_mask;
};
extern struct acpi_facts acpi;

/* apic.c */
void apic_enable(void);
void apic_disable(void); /* takes neither interrupts nor NMI from its pins any more */
u64 apic_page(void);	 /* where its registers are; 0 in x2APIC mode, where they are MSRs */
u32 apic_own_id(void);
void apic_send(u32 apic_id, u32 command);
u32 apic_timer_read(void);
void apic_timer_run_free(void);
void apic_timer_calibrated(u64 counts, u64 tsc);
bool apic_timer_is_due(void);

#define APIC_SEND_FIXED	  0x4000u
#define APIC_SEND_NMI	  0x4400u
#define APIC_SEND_INIT	  0x4500u
#define APIC_SEND_STARTUP 0x4600u

/* clock.c */
void clock_calibrate(void);
void clock_wait_us(u64 us);

/* interrupts.c, called by vectors.S */
void interrupts_build(void);
void interrupts_load(void);
void interrupt_taken(u64 vector);
void exception_taken(const struct exception_frame *frame);

/* vectors.S: 256 stubs of 16 bytes each. */
extern const u8 interrupt_stubs[256][16];

/* paging.c: the guard page's owner if `address` is in one, or null. */
const char *stack_guard_name(u64 address);
/* True if a frame (two words) of some LP's stack is at `address`. */
bool stack_holds_frame(u64 address);

#endif
