/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical machine as the hypervisor core sees it. machine/x86 implements it on a PC;
 * tests/host/fake_machine.c on paper.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include "core/lib/types.h"

#define MAX_LPS 64

/* Physical interrupt vectors that belong to the hypervisor; all others belong to the root. */
#define VECTOR_KICK	0xf0 /* another LP asks this one to look at its work */
#define VECTOR_TIMER	0xf1 /* this LP's deadline has come */
#define VECTOR_SPURIOUS 0xff

enum memory_kind { MEMORY_RAM, MEMORY_RESERVED, MEMORY_ACPI, MEMORY_NVS };

/* One range of the firmware's memory map; addresses in bytes, end exclusive. */
struct memory_range {
	u64 start;
	u64 end;
	enum memory_kind kind;
};

#define MAX_MEMORY_RANGES 128
#define MAX_BOOT_MODULES  8

/* A file the loader placed in memory, with the words that followed its name. */
struct boot_module {
	u64 start;
	u64 end;
	const char *command_line;
};

/* What the boot loader told us, copied out of its memory before anything can overwrite it. */
struct boot_info {
	const char *command_line;
	u32 range_count;
	struct memory_range ranges[MAX_MEMORY_RANGES];
	u32 module_count;
	struct boot_module modules[MAX_BOOT_MODULES];
};

struct lp_info {
	u32 apic_id;
	u32 proximity_domain; /* ACPI SRAT; 0 when there is none */
	u32 core;	      /* LPs with the same number are threads of one core */
};

#define MAX_MEMORY_DOMAINS 64

/* Addresses that are near to the LPs of a proximity domain; bytes, end exclusive. */
struct memory_domain {
	u64 start;
	u64 end;
	u32 proximity_domain;
};

/*
 * The page of local APICs after reset (AMD APM vol. 2 §16.3.1), where a machine whose firmware has
 * put it elsewhere is not started; also where MSIs go.
 */
#define LOCAL_APIC_PAGE 0xfee00000ul

/* Facts found at boot; constant once the other LPs have been started. */
struct machine {
	u32 lp_count;
	struct lp_info lps[MAX_LPS]; /* [0] is the processor that starts the hypervisor */
	u32 memory_domain_count;     /* ACPI SRAT; 0 when there is none, or a wrong one */
	struct memory_domain memory_domains[MAX_MEMORY_DOMAINS]; /* overlaps have one domain */
	bool boot_processor_unstable; /* emulated by QEMU's TCG: docs/emulators.md */
	u64 tsc_hz;
	u64 image_start; /* the hypervisor's own image incl. stacks, 2 MiB aligned, bytes */
	u64 image_end;
	u64 ram_end;	  /* first byte above the highest RAM address */
	u16 pm1a_control; /* ACPI FADT PM1a_CNT/PM1b_CNT ports for sleep states; 0 = absent */
	u16 pm1b_control;
	u8 reset_value; /* ACPI FADT reset register (I/O space); reset_port 0 = absent */
	u16 reset_port;
	struct boot_info boot;
};

extern struct machine machine;

/* NULL: no LP has this physical APIC id. */
static inline struct lp_info *machine_lp_by_apic_id(u32 apic_id)
{
	for (u32 i = 0; i < machine.lp_count; i++)
		if (machine.lps[i].apic_id == apic_id)
			return &machine.lps[i];
	return NULL;
}

/* Runs `entry(lp_index)` on every other LP; each has its own stack and never returns from it. */
void machine_start_lps(void (*entry)(u32 lp_index));

/*
 * Goes on with `next`, which never returns, on the second processor, which becomes LP 0 of one LP
 * fewer; the boot processor halts for good, and ACPI's list of processors has it no more. To be
 * called on the boot page tables. Returns if that processor does not start: nothing has changed.
 */
void machine_leave_boot_processor(void (*next)(void));

/* This LP's index, 0 … lp_count-1. */
u32 machine_lp_index(void);

/* The time stamp counter (AMD APM vol. 3 RDTSC); all LPs agree. */
u64 machine_tsc(void);

/* Interrupts this LP with VECTOR_TIMER at or soon after `tsc`; ~0 disarms. Replaces the last call.
 */
void machine_timer_arm(u64 tsc);

/* Sends VECTOR_KICK to an LP. */
void machine_kick(u32 lp_index);

/* Sends an NMI to an LP. */
void machine_nmi(u32 lp_index);

/* Ends the highest in-service interrupt of this LP's physical APIC. */
void machine_end_interrupt(void);

/* The highest vector in service at this LP's physical APIC; -1 if none. */
int machine_highest_in_service(void);

/* Writes all caches back to memory. */
void machine_write_back(void);

/* True if `vector`, in service at this LP's physical APIC, was level triggered. */
bool machine_interrupt_is_level(u8 vector);

/*
 * Called with interrupts off on the LP that took it, for every vector >= 32.
 * Implemented by core/lp.c (by a fake in tests). The machine has not ended the interrupt.
 */
void lp_physical_interrupt(u8 vector);
/* Called on an NMI. */
void lp_physical_nmi(void);

/* Opens interrupts for an instant so that pending ones are taken, then closes them. */
void machine_take_interrupts(void);

/* Opens interrupts and halts until one has been taken; returns with interrupts off. */
void machine_idle(void);

/* A hint in spin loops. */
void machine_relax(void);

/* CPUID of this processor: out[0..3] = EAX, EBX, ECX, EDX. */
void machine_cpuid(u32 leaf, u32 subleaf, u32 out[4]);

/* Pointer through which the hypervisor reads and writes the RAM page holding `spa` (bytes). */
void *machine_ram(u64 spa);
/* The inverse, for pointers got from machine_ram() and for the image's own objects. */
u64 machine_spa(const void *pointer);

/* Builds the final page tables once the RAM map is known (W^X; see docs/memory-map.md). */
void machine_map_final(void);

/* Puts a character on the console (serial port and debug port). */
void machine_console(char c);

/* ACPI sleep state with the SLP_TYP values that the root gave (ACPI 6.5 §16). Does not return. */
_Noreturn void machine_sleep(u8 pm1a_type, u8 pm1b_type);
_Noreturn void machine_reset(void);
/* Stops this LP for good with interrupts off. */
_Noreturn void machine_stop(void);
/* Stops all other LPs, wherever they are; for panic(). */
void machine_stop_others(void);
/* Logs where this LP is: its registers if an exception has brought it here, and who called. */
void machine_backtrace(void);

#endif
