/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop: pick a VP, enter it, charge the time, handle its intercept, repeat.
 *
 * Time: `lp->stamp` is the TSC up to which this LP's time has been charged; every charge takes
 * the interval since then and moves it, so guest + hypervisor + idle is wall time by construction.
 *
 * Lock order: timer_lock → VP synic_lock → scheduler lock. partition locks come before all.
 */
#include "core/hypervisor.h"
#include "core/intercept/handlers.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "core/lp_eventlog.h"
#include "core/lp_internal.h"
#include "core/vp/vp.h"

struct lp lps[MAX_LPS];

struct spinlock lp_sched_lock;
struct sched lp_sched;

/* Short enough that shares are true to a hundredth over a second. */
#define SLICE_US 4000

_Static_assert(MAX_LPS <= SCHED_MAX_LPS, "the scheduler has room for all LPs");

void lp_scheduler_init(void)
{
	sched_init(&lp_sched, machine.lp_count, machine.tsc_hz / 1000000 * SLICE_US);
	lp_place_all();
	if (hypervisor.options.scheduler == SCHEDULER_CORE)
		lp_sched.type = SCHED_CORE;
	log_info("scheduler: %s, %u LPs of %u cores",
		hypervisor.options.scheduler == SCHEDULER_ROOT	 ? "the root's"
		: hypervisor.options.scheduler == SCHEDULER_CORE ? "core"
								 : "classic",
		machine.lp_count, lp_count_cores());
	lp_place_memory();
}

/* ---- Time ---- */

/*
 * The time since the last stamp was the hypervisor's. It belongs to the last intercept of the
 * loaded VP, so that the times of all its classes add up to its hypervisor time.
 */
static inline void charge_hypervisor(struct lp *lp, struct vp *vp, u64 now)
{
	u64 spent = now - lp->stamp;

	lp->stamp = now;
	lp->hypervisor_tsc += spent;
	if (!vp)
		return;
	vp->hypervisor_tsc += spent;
	vp->class_tsc[vp->last_class] += spent;
}

void lp_charge(struct lp *lp)
{
	charge_hypervisor(lp, lp->vp, machine_tsc());
}

/* ---- Scheduling ---- */

/* Another VP than before runs on the LP, with the precedence that the scheduler gave it. */
static void publish_rank(struct lp *lp)
{
	enum sched_rank rank = sched_rank(&lp_sched, lp->index);

	stat_lp(lp, RunningPriority) = rank;
	stat_vp(lp->vp, SchedulingPriority) = rank;
}

static void poke(u32 lp_index)
{
	if (lp_index != SCHED_NO_LP)
		lp_notify(lp_index, LP_RESCHEDULE);
}

void lp_wake(struct vp *vp)
{
	u32 target;

	if (__builtin_expect(root_schedules(), 0)) {
		lp_dispatch_wake(vp);
		return;
	}
	spin_lock(&lp_sched_lock);
	target = vp_runnable(vp) ? sched_wake(&lp_sched, &vp->sched, machine_tsc()) : SCHED_NO_LP;
	spin_unlock(&lp_sched_lock);
	poke(target);
}

void lp_yield(struct lp *lp)
{
	spin_lock(&lp_sched_lock);
	sched_give_way(&lp_sched, lp->index, machine_tsc());
	spin_unlock(&lp_sched_lock);
	atomic_or(&lp->attention, LP_RESCHEDULE);
}

/* How long it ran away from its node; at the end of its turn, and of each slice if it goes on. */
static inline void publish_remote(struct vp *vp)
{
	if (__builtin_expect(vp->sched.stats.remote != 0, 0))
		stat_vp(vp, RemoteNodeRunTime) = stats_100ns(vp->sched.stats.remote);
}

/* Takes the LP's loaded VP out of the hardware. Under lp_sched_lock. */
static void unload(struct lp *lp)
{
	struct vp *vp = lp->vp;

	if (!vp)
		return;
	hypervisor.backend->vp_put(vp);
	lp_publish_vp(vp);
	publish_remote(vp);
	lp->vp = NULL;
	stat_lp(lp, RunningPriority) = SCHED_RANK_IDLE;
	atomic_store(&lp->partition, NULL);
	atomic_store(&vp->running_lp, -1);
}

static void load(struct lp *lp, struct vp *vp)
{
	lp->vp = vp;
	atomic_store(&lp->partition, vp->partition);
	/* Pairs with vp_signal(), which sets attention bits and then looks at running_lp. */
	(void)atomic_exchange(&vp->running_lp, (s32)lp->index);
	lp_publish_waits(vp);
	stat_lp(lp, ContextSwitches)++;
	hypervisor.backend->vp_load(vp);
}

void lp_switch(struct lp *lp, struct vp *vp)
{
	unload(lp);
	load(lp, vp);
}

/* DOC: stop-and-tell */
/* The loaded VP cannot run. Unless that has changed meanwhile, it leaves the LP. */
static void block_current(struct lp *lp)
{
	struct vp *vp = lp->vp;
	u32 target = SCHED_NO_LP;
	bool post = vp->message_waits;

	if (__builtin_expect(lp->dispatch.vp != NULL, 0)) {
		lp_dispatch_end(lp);
		return;
	}
	charge_hypervisor(lp, lp->vp, machine_tsc());
	spin_lock(&lp_sched_lock);
	if (post)
		atomic_add(&vp->posting, 1);
	sched_block(&lp_sched, &vp->sched, lp->stamp);
	unload(lp);
	/*
	 * Whoever set an attention bit after vp_prepare() looked has either seen running_lp == -1
	 * and waits for our lock, or set it before our store, and then we see it here.
	 */
	memory_fence();
	if (vp_runnable(vp))
		target = sched_wake(&lp_sched, &vp->sched, machine_tsc());
	spin_unlock(&lp_sched_lock);
	poke(target);
	if (!post)
		return;
	message_post(vp);
	atomic_add(&vp->posting, -1u); /* the last touch: lp_block() lets others free the VP */
}

bool lp_try_block(struct vp *vp)
{
	bool stopped;

	spin_lock(&lp_sched_lock);
	stopped = vp->running_lp < 0;
	if (stopped)
		sched_block(&lp_sched, &vp->sched, machine_tsc());
	spin_unlock(&lp_sched_lock);
	return stopped;
}

void lp_block(struct vp *vp)
{
	for (u32 turn = 0;; turn++) {
		s32 lp;

		spin_lock(&lp_sched_lock);
		lp = vp->running_lp;
		if (lp < 0)
			sched_block(&lp_sched, &vp->sched, machine_tsc());
		spin_unlock(&lp_sched_lock);
		if (lp >= 0)
			lp_relax_and_kick((u32)lp, turn);
		else if (atomic_load(&vp->posting))
			lp_relax();
		else
			return;
	}
}

/* ---- Settings of the scheduler ---- */

/* An LP that runs the VP looks at what is new, and its timer is set again. */
static void unlock_changed(struct vp *vp)
{
	u32 target = sched_claim(&lp_sched, machine_tsc());

	spin_unlock(&lp_sched_lock);
	lp_notify(vp->sched.lp, LP_RESCHEDULE);
	poke(target);
}

enum sched_error lp_set_params(struct vp *vp, const struct sched_params *params)
{
	enum sched_error error;

	spin_lock(&lp_sched_lock);
	error = sched_set_params(&lp_sched, &vp->sched, params, machine_tsc());
	unlock_changed(vp);
	return error;
}

enum sched_error lp_set_affinity(struct vp *vp, const struct sched_set *set)
{
	enum sched_error error;

	spin_lock(&lp_sched_lock);
	error = sched_set_affinity(&lp_sched, &vp->sched, set, machine_tsc());
	unlock_changed(vp);
	return error;
}

void lp_set_node(struct vp *vp, u32 node)
{
	spin_lock(&lp_sched_lock);
	sched_set_node(&lp_sched, &vp->sched, node, machine_tsc());
	unlock_changed(vp);
}

void lp_set_group(struct vp *vp, struct sched_group *group)
{
	spin_lock(&lp_sched_lock);
	sched_set_group(&lp_sched, &vp->sched, group, machine_tsc());
	unlock_changed(vp);
}

void lp_set_group_cap(struct sched_group *group, u32 cap)
{
	u32 target, watcher;

	spin_lock(&lp_sched_lock);
	sched_set_group_cap(&lp_sched, group, cap, machine_tsc());
	watcher = group->timer_runs ? group->timer_lp : SCHED_NO_LP;
	while ((target = sched_claim(&lp_sched, machine_tsc())) != SCHED_NO_LP)
		poke(target);
	spin_unlock(&lp_sched_lock);
	poke(watcher);
}

void lp_forget(struct vp *vp)
{
	spin_lock(&lp_sched_lock);
	sched_entity_leave(&lp_sched, &vp->sched);
	spin_unlock(&lp_sched_lock);
}

void lp_forget_partition(struct partition *partition)
{
	spin_lock(&lp_sched_lock);
	sched_partition_leave(&lp_sched, &partition->sched);
	spin_unlock(&lp_sched_lock);
}

/* Takes over the timer entry of a VP that came from another LP. */
static void adopt_timer(struct lp *lp, struct vp *vp)
{
	if (!vp->timer_listed || vp->timer_lp == lp->index)
		return;
	lp_timer_remove(vp);
	lp_timer_insert(lp, vp);
}

/* DOC: switch */
static void choose(struct lp *lp)
{
	struct sched_entity *next;
	struct vp *vp = lp->vp;
	u32 target;

	charge_hypervisor(lp, lp->vp, machine_tsc());
	spin_lock(&lp_sched_lock);
	if (sched_must_pick(&lp_sched, lp->index, lp->stamp)) {
		next = sched_pick(&lp_sched, lp->index, lp->stamp);
		if (next != (vp ? &vp->sched : NULL)) {
			unload(lp);
			if (next) {
				load(lp, CONTAINER_OF(next, struct vp, sched));
				publish_rank(lp);
			}
			lp->switch_tsc += machine_tsc() - lp->stamp;
		} else if (vp) {
			publish_remote(vp);
		}
	}
	/* Whoever had to leave this LP may find another that has nothing to do, or nobody else to
	 * run. */
	target = sched_claim(&lp_sched, lp->stamp);
	lp->pick_tsc = sched_slice_end(&lp_sched, lp->index);
	spin_unlock(&lp_sched_lock);
	poke(target);
}

static void reschedule(struct lp *lp)
{
	if (__builtin_expect(!lp->dispatch.vp, 1) || !lp_dispatch_goes_on(lp))
		choose(lp);
	if (lp->vp)
		adopt_timer(lp, lp->vp);
}

/* ---- Timers ---- */

void lp_timer_insert(struct lp *lp, struct vp *vp)
{
	spin_lock(&lp->timer_lock);
	vp->timer_next = lp->timer_list;
	lp->timer_list = vp;
	vp->timer_lp = lp->index;
	vp->timer_listed = true;
	spin_unlock(&lp->timer_lock);
}

void lp_timer_remove(struct vp *vp)
{
	struct lp *lp = &lps[vp->timer_lp];
	struct vp **link;

	if (!vp->timer_listed)
		return;
	spin_lock(&lp->timer_lock);
	for (link = &lp->timer_list; *link && *link != vp; link = &(*link)->timer_next)
		;
	if (*link)
		*link = vp->timer_next;
	vp->timer_listed = false;
	spin_unlock(&lp->timer_lock);
}

static void expire_timers(struct lp *lp)
{
	u64 now = machine_tsc();

	spin_lock(&lp->timer_lock);
	for (struct vp *vp = lp->timer_list; vp; vp = vp->timer_next)
		if (vp->timer_deadline_tsc <= now)
			vp_timers_expire(vp, now);
	spin_unlock(&lp->timer_lock);
}

static void arm_timer(struct lp *lp)
{
	u64 next = lp->pick_tsc;

	spin_lock(&lp->timer_lock);
	for (struct vp *vp = lp->timer_list; vp; vp = vp->timer_next)
		next = MIN(next, vp->timer_deadline_tsc);
	spin_unlock(&lp->timer_lock);
	if (next == lp->armed_tsc)
		return;
	lp->armed_tsc = next;
	machine_timer_arm(next);
}

void lp_timer_changed(struct lp *lp, u64 deadline_tsc)
{
	if (deadline_tsc < lp->armed_tsc) {
		lp->armed_tsc = deadline_tsc;
		machine_timer_arm(deadline_tsc);
	}
}

/* ---- The loop ---- */

#define LP_RARE (LP_CALL | LP_NMI | LP_LOG)

/* True: that was all. While events are logged the bit stays set, so that every round comes by. */
static __attribute__((noinline)) bool serve_rare(struct lp *lp, u32 bits)
{
	if (bits & LP_CALL)
		lp_run_call(lp);
	if (bits & LP_NMI)
		vp_signal(lp->root_vp, ATTENTION_NMI);
	if (bits & LP_LOG)
		lp->logs = lp_eventlog_on();
	if (lp->logs)
		atomic_or(&lp->attention, LP_LOG);
	return bits == LP_LOG && lp->vp;
}

/* Everything that is not the same VP entering again. */
static void service(struct lp *lp)
{
	u32 bits = atomic_exchange(&lp->attention, 0);

	if (__builtin_expect(bits & LP_RARE, 0) && serve_rare(lp, bits))
		return;
	if (bits & LP_TIMER) {
		expire_timers(lp);
		/* Else it idled until now, and tells that at the next occasion. */
		if (lp->vp)
			lp_publish(lp);
	}
	/* It stops here and its parent is told, whoever runs next: in the queue it could be
	 * suspended once more, and the message would never be posted. */
	if (lp->vp && lp->vp->message_waits)
		block_current(lp);
	reschedule(lp);
	arm_timer(lp);
}

static void idle(struct lp *lp)
{
	u64 now;

	charge_hypervisor(lp, lp->vp, machine_tsc());
	lp_publish_time(lp);
	stat_lp(lp, IdleSequenceNumber)++;
	stat_lp(lp, ProcessorHalts)++;
	stat_lp(lp, C1TransitionsCount)++;
	if (!(atomic_load(&lp->attention) & ~(u32)LP_LOG))
		machine_idle();
	now = machine_tsc();
	lp->idle_tsc += now - lp->stamp;
	lp->stamp = now;
}

/* DOC: charge */
/* RCX tells which MSR or hypercall it was. */
static inline void trace(struct lp *lp, const struct vp *vp, const struct intercept *intercept)
{
	struct trace_record *record = trace_next(&lp->trace);

	record->tsc = lp->stamp;
	record->rip = vp->regs.rip;
	record->rcx = vp->regs.gpr[RCX];
	record->who = vp->trace_tag | intercept->kind;
}

/*
 * One round trip: the interval before entry belongs to the last intercept, then to the guest.
 * `seen`, if not NULL, gets what the VP did. Inline, so that one caller pays nothing for the other.
 */
static inline __attribute__((always_inline)) void run_vp(
	struct lp *lp, struct vp *vp, struct intercept *intercept, struct eventlog_exit *seen)
{
	u64 generation;
	u64 now;

	/* Pairs with partition_flush(): it raises the generation, then looks at entries. */
	(void)atomic_add(&lp->entries, 1);
	generation = atomic_load(&vp->partition->flush_generation);
	if (vp->flush_generation != generation) {
		vp->flush_generation = generation;
		hypervisor.backend->flush(vp);
	}
	charge_hypervisor(lp, vp, machine_tsc());
	hypervisor.backend->run(vp, intercept);
	now = machine_tsc();
	lp->guest_tsc += now - lp->stamp;
	vp->guest_tsc += now - lp->stamp;
	lp->stamp = now;
	if (TRIVIUM_CHECKS)
		vp->exits++;
	trace(lp, vp, intercept);
	if (!seen) {
		intercept_dispatch(vp, intercept);
		return;
	}
	*seen = (struct eventlog_exit){lp->stamp, vp->regs.rip, vp->regs.gpr[RAX],
		vp->regs.gpr[RCX], vp->regs.gpr[RDX], false};
	seen->done = intercept_dispatch_logged(vp, intercept) == ADVANCE;
}

/* ---- With diagnostics on ---- */

/* Apart, and with handlers of its own, so that the other way has not even a test for events. */

/* Before the VP is looked at, which it now is although there may be no reason. */
static __attribute__((noinline)) void begin_logged(struct lp *lp)
{
	lp->logged_event = lp->vp->event;
	atomic_or(&lp->vp->attention, ATTENTION_LOG);
}

static __attribute__((noinline)) void run_logged(struct lp *lp, struct vp *vp)
{
	struct intercept intercept;
	struct eventlog_exit seen;

	if (lp->logged_tag != vp->trace_tag)
		lp_eventlog_switch(vp);
	lp->logged_tag = vp->trace_tag;
	/* What was there before was interrupted in its delivery, and is not new. */
	if ((vp->event & EVENT_PENDING) && !(lp->logged_event & EVENT_PENDING))
		lp_eventlog_interrupt(vp);
	run_vp(lp, vp, &intercept, &seen);
	lp_eventlog_intercept(vp, &intercept, &seen);
}

/* DOC: run-loop */
static inline void step(struct lp *lp)
{
	struct intercept intercept;

	if (__builtin_expect(!lp->vp || atomic_load(&lp->attention), 0)) {
		service(lp);
		if (__builtin_expect(lp->logs, 0) && lp->vp)
			begin_logged(lp);
	}
	if (!lp->vp) {
		idle(lp);
		return;
	}
	if (__builtin_expect(atomic_load(&lp->vp->attention), 0)) {
		if (!vp_prepare(lp->vp)) {
			block_current(lp);
			return;
		}
		if (__builtin_expect(lp->logs, 0)) {
			run_logged(lp, lp->vp);
			return;
		}
	}
	run_vp(lp, lp->vp, &intercept, NULL);
}

void lp_step(struct lp *lp)
{
	step(lp);
}

_Noreturn void lp_run(struct lp *lp)
{
	lp->start = lp->stamp = machine_tsc();
	lp->armed_tsc = ~0ull;
	for (;;)
		step(lp);
}
