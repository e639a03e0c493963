/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor. Its page comes from its partition's pool (root VPs: from the hypervisor's).
 *
 * Who may touch what: the LP that runs the VP owns everything not said otherwise; while the VP is
 * suspended its parent's hypercalls do (they wait until no LP runs it); `attention`, the request
 * bits of the APIC and `suspend` are atomic and may be set from anywhere; SynIC queues are under
 * `synic_lock`; `sched` is under the scheduler's lock; `timer` links under the timer LP's lock.
 */
#ifndef CORE_VP_VP_H
#define CORE_VP_VP_H

#include "abi/hv_hypercall.h"
#include "abi/hv_message.h"
#include "abi/hv_state.h"
#include "backend/backend.h"
#include "core/interrupt/stimer.h"
#include "core/interrupt/synic.h"
#include "core/interrupt/vapic.h"
#include "core/intercept/insn.h"
#include "core/lib/spinlock.h"
#include "core/partition/partition.h"
#include "core/scheduler/scheduler.h"
#include "core/statistics/statistics.h"

enum gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* The registers every intercept handler works with; the back-end moves them in and out. */
struct vp_regs {
	u64 gpr[16];
	u64 rip;
	u64 rflags;
};

#define RFLAGS_IF BIT(9)

/* Input clock of every virtual APIC timer, Hz; HV_X64_MSR_APIC_FREQUENCY tells it. */
#define APIC_TIMER_HZ 200000000ull

/* vp->event uses the format of HV_REGISTER_PENDING_INTERRUPTION. */
#define EVENT_PENDING HV_PENDING_INTERRUPTION_PENDING

/* vp->attention: reasons to look before entering the VP. Set with vp_signal(). */
#define ATTENTION_INTERRUPT BIT(0) /* the APIC may have something to deliver */
#define ATTENTION_NMI	    BIT(1)
#define ATTENTION_INIT	    BIT(2)
#define ATTENTION_STARTUP   BIT(3)
#define ATTENTION_SUSPEND   BIT(4) /* suspend flags were set */
#define ATTENTION_FLUSH	    BIT(5) /* translations are stale */
#define ATTENTION_EVENT	    BIT(6) /* vp->event waits for injection */
#define ATTENTION_SYNIC	    BIT(7) /* a child's messages may be deliverable */
#define ATTENTION_LOG	    BIT(8) /* nothing: the LP logs events, and comes by every time */

/* What a VP without work must be loaded for; a message may be followed by an interrupt. */
#define ATTENTION_WAKES (ATTENTION_NMI | ATTENTION_INIT | ATTENTION_EVENT | ATTENTION_SYNIC)

/* vp->suspend: HV_REGISTER_EXPLICIT_SUSPEND, HV_REGISTER_INTERCEPT_SUSPEND and more. */
#define SUSPEND_EXPLICIT  BIT(0)
#define SUSPEND_INTERCEPT BIT(1)
#define SUSPEND_HELD	  BIT(2) /* a hypercall is looking at it or changing it: vp_hold() */
#define SUSPEND_DISPATCH  BIT(3) /* DISPATCH_SUSPEND: neither dispatched nor signalled */

enum vp_activity {
	VP_ACTIVE,
	VP_HALTED,    /* HLT: waits for a deliverable interrupt with RFLAGS.IF, an NMI or INIT */
	VP_IDLE,      /* HV_X64_MSR_GUEST_IDLE: as HLT, RFLAGS.IF does not matter */
	VP_WAIT_SIPI, /* since creation or INIT */
};

/* Results that the parent registered for CPUID (HVCALL_REGISTER_INTERCEPT_RESULT). */
#define CPUID_PAGES	       4
#define CPUID_RESULTS_PER_PAGE 92

/* Variable-range MTRRs of a child. */
#define MTRR_VARIABLE 8

/* Place of HV_REGISTER_GUEST_CRASH_CTL behind the five parameters. */
#define CRASH_CTL 5

/* Remembered code pages: a power of two. */
#define FETCH_SLOTS 8
/* Not canonical, so no RIP of any mode lies within a page behind it. */
#define FETCH_EMPTY BIT(63)

struct vp {
	struct vp_regs regs; /* first: the world switch counts on it */
	struct partition *partition;
	u32 index;
	u32 attention;
	u32 suspend;
	s32 running_lp; /* -1: no LP has its state loaded */
	enum vp_activity activity;
	u8 startup_vector;
	bool long_enabled; /* EFER.LME as the VP sees it */
	bool nmi_blocked;
	bool nmi_pending;   /* waits for the end of another NMI or event */
	bool window_open;   /* an interrupt-window intercept has been asked for */
	bool tpr_intercept; /* CR8 writes are intercepted: a request waits for the priority */
	bool dead;	    /* triple fault: every resume reports it again */
	u64 event; /* to inject at the next entry, in HV_REGISTER_PENDING_INTERRUPTION format */
	u64 *stats;
	u64 class_tsc[INTERCEPT_CLASSES];
	u64 emulation_tsc; /* of the memory accesses, for instructions that were carried out here */
	enum intercept_class last_class; /* the hypervisor's time is charged to it */
	u64 guest_tsc;
	u64 hypervisor_tsc;
	u64 exits; /* ever, with TRIVIUM_CHECKS */
	/* Back-end pages: SPA-contiguous single pages. */
	void *control_page;
	u64 control_spa; /* the back-end's, for speed: its own page, and the LP's state page */
	u64 host_spa;
	u8 shadow;     /* bit 0: the last exit left an interrupt shadow */
	u64 trace_tag; /* partition and index, as trace records have them */
	u8 *xsave_page;
	u64 xcr0;
	u64 pat;
	u64 tsc_offset;
	u64 tsc_aux;
	u64 mtrr_def_type;
	u64 mtrr_variable[2 * MTRR_VARIABLE];
	u64 mtrr_fixed[11];
	u64 debug_regs[4];
	u64 flush_generation;
	/* Where instruction pages that were fetched from lie, so that lengths cost no page walk. */
	struct fetch_slot {
		u64 page_gva; /* or FETCH_EMPTY */
		const u8 *page;
	} fetch_slots[FETCH_SLOTS];
	struct vapic apic;
	struct spinlock synic_lock;
	struct synic synic;
	struct stimer stimers[STIMER_COUNT];
	struct spinlock timer_lock; /* timers, and the APIC's */
	u64 timer_deadline_tsc;
	u32 timer_lp; /* whose list the timer entry is in */
	bool timer_listed;
	struct vp *timer_next;
	struct sched_entity sched;
	u64 assist_page_msr;
	struct hv_message *intercept_page; /* VP state page type 1 */
	struct hv_vp_register_page *register_page;
	u16 shared_pages;   /* state pages that were handed to the parent, by type */
	u32 message_vp;	    /* root VP that gets this VP's intercept messages */
	bool message_waits; /* for the VP to leave its LP */
	bool node_given;    /* by its creator, so it is not where the partition's memory is */
	u32 posting;	    /* LPs that are about to post it: the VP must not go away */
	struct synic_message intercept_message;
	/* Of a child, if the root schedules (core/lp_dispatch.c), under the scheduler's lock. */
	bool dispatch_blocked; /* its thread in the root waits for a signal */
	bool dispatch_ready;   /* could run since sched.ready_since */
	u64 signals;	       /* messages to that thread, ever */
	void *cpuid_pages[CPUID_PAGES];
	u32 cpuid_count;
	u16 cpuid_chain[65];	      /* first result of each leaf + 1, see core/vp/cpuid.c */
	u64 crash[CRASH_CTL + 1];     /* P0 to P4, and what was reported */
	struct overlay stats_overlay; /* as in struct partition */
	u64 stats_covers[PAGE_COVERS];
};

_Static_assert(sizeof(struct vp) <= PAGE_SIZE, "a VP fits in one deposited page");

/* Sets attention bits from any LP and makes sure the VP sees them soon: wakes or kicks. */
void vp_signal(struct vp *vp, u32 attention);
/* Requests an interrupt at the VP's APIC from any LP. */
void vp_interrupt(struct vp *vp, u8 vector, bool level);

/*
 * Creates the VP in its partition; under the partition's lock. Index must be free.
 * INSUFFICIENT_MEMORY: of the pool. NO_RESOURCES: the partition's reserve for each VP is more than
 * the LPs have left.
 */
enum hv_status vp_create(struct partition *partition, u32 index, struct vp **created);
/* Frees its pages; it must be stopped. */
void vp_destroy(struct vp *vp);

/* Takes the pages that the parent was shown back; no lock may be held. */
void vp_unshare_pages(struct vp *vp);

/* Sets suspend flags and returns when no LP runs the VP any more (TLFS: synchronous). */
void vp_suspend(struct vp *vp, u32 flags);
/*
 * Keeps a VP that does not run from running, and other hypercalls from it, until vp_release().
 * Waits for another holder. False: an LP runs it, and nothing is held.
 */
bool vp_hold(struct vp *vp);
void vp_release(struct vp *vp);

/* Clears suspend flags; the VP runs when none is left. */
void vp_resume(struct vp *vp, u32 flags);

/* Prepares pending events for entry. False: the VP cannot run now. */
bool vp_prepare(struct vp *vp);
/* Could the VP run: not suspended, not halted without reason, not waiting for a SIPI? */
bool vp_runnable(const struct vp *vp);

/* There is no interrupt shadow any more. */
void vp_end_shadow(struct vp *vp);
/* RFLAGS.IF or an interrupt shadow keeps interrupts out. */
static inline bool vp_interrupts_off(const struct vp *vp)
{
	return !(vp->regs.rflags & RFLAGS_IF) || (vp->shadow & 1);
}

/* Steps over the intercepted instruction. */
static inline void vp_advance(struct vp *vp, u32 length)
{
	vp->regs.rip += length;
	if (__builtin_expect(vp->shadow & 1, 0))
		vp_end_shadow(vp);
}

static inline bool vp_in_x2apic(const struct vp *vp)
{
	return (vp->apic.base & (VAPIC_BASE_ENABLE | VAPIC_BASE_X2APIC)) ==
	       (VAPIC_BASE_ENABLE | VAPIC_BASE_X2APIC);
}

/* Queues an exception for the next entry. `error_code` < 0: none. */
void vp_inject_exception(struct vp *vp, u8 vector, s64 error_code);

/* INIT and SIPI (AMD APM vol. 2 §14.1.3, §16.5). */
void vp_initialize_state(struct vp *vp);
void vp_startup(struct vp *vp, u8 vector);

/* Register access by name for hypercalls (core/vp/registers.c). */
enum hv_status vp_get_register(struct vp *vp, u32 name, union hv_register_value *value);
enum hv_status vp_set_register(struct vp *vp, u32 name, const union hv_register_value *value);

u64 vp_register64(const struct vp *vp, enum hv_register_name name);
void vp_set_register64(struct vp *vp, enum hv_register_name name, u64 value);

/* The VP's timers changed: files the next deadline with the calling LP. */
void vp_timers_update(struct vp *vp);
/* The partition's time jumped: the VP's deadline is computed again by whoever watches it. */
void vp_timers_changed(struct vp *vp);
/* Fires what is due; called by the LP that has the VP's timer entry. */
void vp_timers_expire(struct vp *vp, u64 now_tsc);

/* Carries out what a synic call asked for. */
void vp_synic_assert(struct vp *vp, struct synic_assert request);
/* The VP is reset: its SynIC and synthetic timers must leave memory and APIC alone from now on. */
void vp_synic_reset(struct vp *vp);
/* Posts a message from any LP, unless it waits already. */
void vp_synic_post(struct vp *vp, struct synic_message *message);
/*
 * What a parent's hypercall does to a child's pages. INSUFFICIENT_BUFFERS: again later, because the
 * slot is taken or the page not there (the VP asks for it). `newly`: the flag was not set before.
 */
enum hv_status vp_synic_put(struct vp *vp, u32 sint, const struct hv_message *message);
enum hv_status vp_synic_set_flag(struct vp *vp, u32 sint, u32 flag, bool *newly);
/* Puts a child's messages into its memory, just before it is entered. May suspend it. */
void vp_synic_deliver(struct vp *vp);

/* How the VP's page tables are to be walked now. */
struct walk_context;
void vp_walk_context(struct vp *vp, struct walk_context *context);
/* Up to 15 bytes of the instruction at RIP. Returns how many could be read. */
u32 vp_fetch(struct vp *vp, u8 *bytes, enum insn_mode *mode);

/* Forgets where the VP's code pages lie. */
void vp_forget_code(struct vp *vp);

/* Length of the intercepted instruction, which is of `kind` (enum insn_kind). */
u32 vp_instruction_length_slow(struct vp *vp, u32 kind);

static inline u32 vp_instruction_length(struct vp *vp, u32 kind)
{
	const struct fetch_slot *slot =
		&vp->fetch_slots[vp->regs.rip >> PAGE_SHIFT & (FETCH_SLOTS - 1)];
	u64 offset = vp->regs.rip - slot->page_gva;
	u32 word;

	/* A stale page that happens to hold the same opcode cannot mislead. */
	if (__builtin_expect(offset <= PAGE_SIZE - sizeof(word), 1)) {
		__builtin_memcpy(&word, slot->page + offset, sizeof(word));
		if (__builtin_expect((word ^ kind) << (32 - 8 * (kind >> 24)) == 0, 1))
			return kind >> 24;
	}
	return vp_instruction_length_slow(vp, kind);
}

#endif
