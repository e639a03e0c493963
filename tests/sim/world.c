/* SPDX-License-Identifier: BSD-2-Clause */
/* Events, logical processors, time. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world world;
u64 policy_steps;

enum event_kind { LOOK, WAKE, STORM };

struct event {
	u64 time;
	enum event_kind kind;
	u32 id;
};

/* ---- Events: a heap ---- */

static struct event *events;
static u32 event_count, event_room;

static bool sooner(const struct event *a, const struct event *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	return a->kind != b->kind ? a->kind < b->kind : a->id < b->id;
}

static void push(u64 time, enum event_kind kind, u32 id)
{
	u32 i = event_count++;
	struct event event = {time, kind, id};

	if (event_count > event_room) {
		event_room = event_room ? 2 * event_room : 1024;
		events = realloc(events, event_room * sizeof(*events));
	}
	for (; i && sooner(&event, &events[(i - 1) / 2]); i = (i - 1) / 2)
		events[i] = events[(i - 1) / 2];
	events[i] = event;
}

static struct event pop(void)
{
	struct event first = events[0];
	struct event last = events[--event_count];
	u32 i = 0;

	for (;;) {
		u32 child = 2 * i + 1;

		if (child >= event_count)
			break;
		if (child + 1 < event_count && sooner(&events[child + 1], &events[child]))
			child++;
		if (!sooner(&events[child], &last))
			break;
		events[i] = events[child];
		i = child;
	}
	events[i] = last;
	return first;
}

/* ---- Making ---- */

u64 world_random(u64 below)
{
	u64 z = world.random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return below ? z % below : 0;
}

void world_init(const struct policy *policy, u32 lps, u32 nodes, u32 threads, u64 seed)
{
	struct vp *vps = world.vps ? world.vps : malloc(MAX_VPS * sizeof(*vps));
	u32 *latencies = world.latencies ? world.latencies : malloc(LATENCIES * sizeof(u32));

	memset(&world, 0, sizeof(world));
	memset(vps, 0, MAX_VPS * sizeof(*vps));
	world.vps = vps;
	world.latencies = latencies;
	world.policy = policy;
	world.random = seed;
	world.lp_count = lps;
	world.node_count = nodes;
	world.threads = threads;
	event_count = 0;
	for (u32 i = 0; i < lps; i++) {
		world.node_of[i] = i * nodes / lps;
		world.lps[i].armed = NEVER;
	}
	policy->init(&world);
}

struct vp *world_add(u32 partition, enum workload workload, u64 run, u64 sleep)
{
	struct vp *vp = &world.vps[world.vp_count];

	vp->index = world.vp_count++;
	vp->partition = partition;
	vp->bound = SCHED_NO_LP;
	vp->node = SCHED_NO_NODE;
	vp->weight = 100;
	vp->cap = SCHED_WHOLE_LP;
	vp->workload = workload;
	vp->run = run;
	vp->sleep = sleep;
	vp->lp = (u32)world_random(world.lp_count);
	return vp;
}

void world_add_roots(u64 run, u64 sleep)
{
	for (u32 lp = 0; lp < world.lp_count; lp++) {
		struct vp *vp = world_add(0, BURSTY, run, sleep);

		vp->bound = vp->lp = lp;
	}
}

void world_start(u64 spread)
{
	for (u32 i = 0; i < world.vp_count; i++) {
		world.policy->add(&world, &world.vps[i]);
		workload_begin(&world.vps[i]);
		push(world.now + world_random(spread), WAKE, i);
	}
	push(world.now + 7 * MS, STORM, 0);
}

/* ---- Time of a VP ---- */

static u64 stretch(const struct lp *lp)
{
	return world.now - lp->since;
}

u64 world_time(const struct vp *vp)
{
	return vp->time + (vp->state == RUNNING ? stretch(&world.lps[vp->lp]) : 0);
}

void world_mark(void)
{
	for (u32 i = 0; i < world.vp_count; i++)
		world.vps[i].mark = world_time(&world.vps[i]);
	world.latency_count = 0;
	world.decisions = world.wakes = world.switches = world.steps = world.steps_longest = 0;
	world.moves = world.moves_far = world.cycles = 0;
}

u64 world_had(const struct vp *vp)
{
	return world_time(vp) - vp->mark;
}

static void progress(struct lp *lp)
{
	struct vp *vp = lp->running;
	u64 passed = stretch(lp);
	u64 refill;

	if (!vp)
		return;
	check_charge(vp, lp->since, world.now);
	lp->since = world.now;
	vp->time += passed;
	refill = MIN(passed, vp->refill);
	vp->refill -= refill;
	passed = MIN(passed - refill, vp->left);
	if (vp->spins)
		world.spun += passed;
	else
		vp->progress += passed;
	if (vp->left != NEVER)
		vp->left -= passed;
}

void world_sync(void)
{
	for (u32 i = 0; i < world.lp_count; i++)
		progress(&world.lps[i]);
}

/* ---- Logical processors ---- */

static u64 ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static u64 steps_now(void)
{
	return sched_steps + policy_steps;
}

static void arm(u32 index, u64 time)
{
	struct lp *lp = &world.lps[index];

	time = MAX(time, world.now);
	if (time >= lp->armed)
		return;
	lp->armed = time;
	push(time, LOOK, index);
}

void world_tell(u32 lp)
{
	if (lp != SCHED_NO_LP)
		arm(lp, world.now + KICK_NS);
}

static void note_latency(struct vp *vp, u64 waited)
{
	vp->latency_longest = MAX(vp->latency_longest, waited);
	vp->woken = false;
	if (world.latency_count < LATENCIES)
		world.latencies[world.latency_count++] = (u32)MIN(waited / 100, ~0u);
}

static void enter(u32 index, struct vp *vp)
{
	bool moved = vp->dispatches && vp->lp != index;
	bool far = moved && world.node_of[vp->lp] != world.node_of[index];

	check_wait(vp, vp->since, world.now);
	vp->refill = SWITCH_NS + (far ? MOVE_FAR_NS : moved ? MOVE_NEAR_NS : 0);
	vp->moves += moved;
	vp->moves_far += far;
	world.moves += moved;
	world.moves_far += far;
	world.switches++;
	vp->dispatches++;
	vp->lp = index;
	if (vp->woken)
		note_latency(vp, world.now - vp->since);
	vp->state = RUNNING;
	vp->since = world.now;
}

static void leave(struct lp *lp)
{
	struct vp *vp = lp->running;

	lp->running = NULL;
	if (!vp || vp->state != RUNNING)
		return;
	vp->state = WAITING;
	vp->since = world.now;
}

static void decide(u32 index)
{
	struct lp *lp = &world.lps[index];
	struct vp *last = lp->running;
	u64 steps = steps_now(), begun = ticks();
	struct vp *next = world.policy->pick(&world, index);
	u32 told = world.policy->claim(&world);

	world.cycles += ticks() - begun;
	steps = steps_now() - steps;
	world.steps += steps;
	world.steps_longest = MAX(world.steps_longest, steps);
	world.decisions++;
	check_decision(steps);
	if (next != last) {
		leave(lp);
		if (next)
			enter(index, next);
		lp->running = next;
		lp->since = world.now;
	}
	if (!next && last)
		lp->idle_since = world.now;
	world_tell(told);
}

static void sleep_now(u32 index, struct vp *vp, u64 sleep)
{
	world.policy->block(&world, vp);
	vp->state = BLOCKED;
	vp->since = world.now;
	vp->reserve_lack = 0;
	world.lps[index].running = NULL;
	world.lps[index].idle_since = world.now;
	if (sleep != NEVER)
		push(world.now + MAX(sleep, 1), WAKE, vp->index);
}

static void look(u32 index)
{
	struct lp *lp = &world.lps[index];
	u64 sleep;

	progress(lp);
	while (lp->running && !lp->running->left && !lp->running->refill) {
		struct vp *vp = lp->running;

		if (!workload_next(vp, &sleep))
			sleep_now(index, vp, sleep);
	}
	if (world.policy->must_pick(&world, index))
		decide(index);
	else
		world_tell(world.policy->claim(&world));
	if (lp->running && lp->running->left != NEVER)
		arm(index, world.now + lp->running->refill + lp->running->left);
	arm(index, world.policy->deadline(&world, index));
}

static void wake(struct vp *vp)
{
	u64 steps = steps_now(), begun = ticks();
	u32 told;

	if (vp->state != BLOCKED)
		return;
	vp->state = WAITING;
	vp->since = world.now;
	vp->woken = true;
	told = world.policy->wake(&world, vp);
	world.cycles += ticks() - begun;
	steps = steps_now() - steps;
	world.wakes++;
	world.steps += steps;
	world.steps_longest = MAX(world.steps_longest, steps);
	check_decision(steps);
	world_tell(told);
}

static void storm(void)
{
	for (u32 i = 0; i < world.vp_count; i++)
		if (world.vps[i].workload == STORMING && world.vps[i].state == BLOCKED)
			wake(&world.vps[i]);
	push(world.now + 5 * MS + world_random(20 * MS), STORM, 0);
}

/* A policy that never comes to an end decides for ever at the same time. */
#define EVENTS_AT_ONCE 1000000

void world_run(u64 until)
{
	u32 at_once = 0;

	while (event_count && events[0].time <= until) {
		struct event event = pop();

		if (event.kind == LOOK && world.lps[event.id].armed != event.time)
			continue; /* another came before, and armed it again */
		at_once = event.time == world.now ? at_once + 1 : 0;
		if (at_once > EVENTS_AT_ONCE)
			fail("time stands still");
		world.now = event.time;
		if (event.kind == LOOK) {
			world.lps[event.id].armed = NEVER;
			look(event.id);
		} else if (event.kind == WAKE) {
			wake(&world.vps[event.id]);
		} else {
			storm();
		}
		if (world.checks)
			check_step();
	}
	world.now = until;
}
