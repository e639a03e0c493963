/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This LP's local APIC (APM vol. 2 §16): interrupts to other LPs, end of interrupt, and the
 * one-shot timer. Device interrupts are the root's; it programs their routes. In x2APIC mode where
 * there is one, else through its page of registers.
 */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "core/log.h"

#define APIC_BASE_ENABLE 0x800
#define APIC_BASE_X2APIC 0x400
#define APIC_BASE_PAGE	 0x000ffffffffff000ull

/* Registers by their MSRs; in the page they are 16 bytes apart from its beginning. */
#define APIC_MSRS	   0x800
#define APIC_ID		   0x802
#define APIC_VERSION	   0x803
#define APIC_TASK_PRIORITY 0x808
#define APIC_END	   0x80b
#define APIC_SPURIOUS	   0x80f
#define APIC_IN_SERVICE	   0x810 /* eight registers of 32 vectors */
#define APIC_TRIGGER_MODE  0x818 /* eight registers of 32 vectors */
#define APIC_ERROR	   0x828
#define APIC_LVT_CMCI	   0x82f
#define APIC_COMMAND	   0x830
#define APIC_COMMAND_HIGH  0x831 /* in the page only */
#define APIC_LVT_TIMER	   0x832
#define APIC_LVT_THERMAL   0x833
#define APIC_LVT_COUNTERS  0x834
#define APIC_LVT_LINT0	   0x835
#define APIC_LVT_LINT1	   0x836
#define APIC_LVT_ERROR	   0x837
#define APIC_TIMER_INITIAL 0x838
#define APIC_TIMER_CURRENT 0x839
#define APIC_TIMER_DIVIDE  0x83e

#define SPURIOUS_ENABLE	    0x100
#define COMMAND_PENDING	    0x1000 /* in the page only */
#define ID_SHIFT_IN_PAGE    24
#define LVT_MASKED	    0x10000
#define LVT_NMI		    0x400
#define LVT_TIMER_DEADLINE  0x40000
#define TIMER_DIVIDE_BY_ONE 0xb
#define TIMER_MAX_COUNT	    0xffffffffull

static u64 counts_per_tsc; /* 32.32 fixed point */
static bool deadline_mode;

static u64 page; /* its physical address; 0 in x2APIC mode */

static volatile u32 *in_page(u32 msr)
{
	return (volatile u32 *)machine_ram(page) + (msr - APIC_MSRS) * 4;
}

static u64 apic_read(u32 msr)
{
	return page ? *in_page(msr) : msr_read(msr);
}

static void apic_write(u32 msr, u64 value)
{
	if (page)
		*in_page(msr) = (u32)value;
	else
		msr_write(msr, value);
}

static void choose_mode(void)
{
	u64 base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	if ((base & APIC_BASE_PAGE) != LOCAL_APIC_PAGE)
		panic("the local APIC's page is at 0x%lx, expected 0x%lx",
			(u64)(base & APIC_BASE_PAGE), LOCAL_APIC_PAGE);
	/* Disabled to x2APIC in one step is not a legal move (APM vol. 2 §16.9.1). */
	if (!(base & APIC_BASE_X2APIC))
		msr_write(MSR_APIC_BASE, base);
	if (cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC)
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	else
		page = LOCAL_APIC_PAGE;
}

u64 apic_page(void)
{
	return page;
}

void apic_enable(void)
{
	choose_mode();
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED); /* the 8259s; the root uses I/O APICs and MSI */
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_ONE);
	deadline_mode = cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE;
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline_mode ? LVT_TIMER_DEADLINE : 0));
}

void apic_disable(void)
{
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_SPURIOUS, VECTOR_SPURIOUS);
}

u32 apic_own_id(void)
{
	u64 id = apic_read(APIC_ID);

	return (u32)(page ? id >> ID_SHIFT_IN_PAGE : id);
}

void apic_send(u32 apic_id, u32 command)
{
	/* In x2APIC mode this write waits for no earlier store; what we tell of must be visible. */
	__asm__ volatile("mfence; lfence" : : : "memory");
	if (!page) {
		msr_write(APIC_COMMAND, (u64)apic_id << 32 | command);
		return;
	}
	while (*in_page(APIC_COMMAND) & COMMAND_PENDING)
		cpu_relax();
	*in_page(APIC_COMMAND_HIGH) = apic_id << ID_SHIFT_IN_PAGE;
	*in_page(APIC_COMMAND) = command;
}

void machine_kick(u32 lp_index)
{
	apic_send(machine.lps[lp_index].apic_id, APIC_SEND_FIXED | VECTOR_KICK);
}

void machine_nmi(u32 lp_index)
{
	apic_send(machine.lps[lp_index].apic_id, APIC_SEND_NMI);
}

void machine_end_interrupt(void)
{
	apic_write(APIC_END, 0);
}

int machine_highest_in_service(void)
{
	for (int word = 7; word >= 0; word--) {
		u32 bits = (u32)apic_read(APIC_IN_SERVICE + (u32)word);

		if (bits)
			return word * 32 + 31 - __builtin_clz(bits);
	}
	return -1;
}

void machine_write_back(void)
{
	cpu_flush_caches();
}

bool machine_interrupt_is_level(u8 vector)
{
	return apic_read(APIC_TRIGGER_MODE + vector / 32) >> (vector % 32) & 1;
}

void apic_timer_run_free(void)
{
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, TIMER_MAX_COUNT);
}

u32 apic_timer_read(void)
{
	return (u32)apic_read(APIC_TIMER_CURRENT);
}

/* Ends the free run: so many counts took so many TSC ticks. */
void apic_timer_calibrated(u64 counts, u64 tsc)
{
	counts_per_tsc = multiply_divide(counts, 1ull << 32, tsc);
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline_mode ? LVT_TIMER_DEADLINE : 0));
}

static void timer_program(u64 deadline)
{
	u64 now = cpu_tsc();
	u64 wait = deadline > now ? deadline - now : 0;
	u64 count;

	if (deadline_mode) {
		/* Intel SDM vol. 3 §11.5.4.1: 0 disarms. */
		msr_write(MSR_TSC_DEADLINE, deadline == ~0ull ? 0 : MAX(deadline, 1));
		return;
	}
	if (deadline == ~0ull) {
		apic_write(APIC_TIMER_INITIAL, 0);
		return;
	}
	count = (u64)(((unsigned __int128)wait * counts_per_tsc) >> 32);
	apic_write(APIC_TIMER_INITIAL, MIN(count, TIMER_MAX_COUNT - 1) + 1);
}

void machine_timer_arm(u64 tsc)
{
	struct local *local = this_local();

	if (local->deadline == tsc)
		return;
	local->deadline = tsc;
	timer_program(tsc);
}

/*
 * On VECTOR_TIMER: true if the deadline has passed. If not, this is one for an older deadline, or
 * the far end of the counter: it is ended here and the timer set again.
 */
bool apic_timer_is_due(void)
{
	struct local *local = this_local();

	if (cpu_tsc() >= local->deadline) {
		local->deadline = ~0ull;
		return true;
	}
	machine_end_interrupt();
	timer_program(local->deadline);
	return false;
}
