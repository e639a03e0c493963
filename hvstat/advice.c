/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the rules draw their lines. */
#define LITTLE_BUSY	0.25  /* of the LPs: less is a host with room */
#define MUCH_BUSY	0.90  /* of the LPs: more is a host without */
#define VP_FULL		0.90  /* of its time: such a VP has no more to give */
#define LONG_WAIT	50e-6 /* s for each dispatch */
#define GROWTH		1.5   /* of the wait, from half to half */
#define GROWN_WAIT	20e-6 /* s: below it growth does not matter */
#define LIMIT_WAIT	0.10  /* of a VP's time waiting while LPs are idle */
#define IDLE_ENOUGH	0.20  /* of the LPs */
#define HYPERVISOR_MUCH 0.10  /* of the LPs' time */
#define SPINS_MANY	1000  /* long spin waits a second */

struct watch {
	struct findings *findings;
	const struct hvstat_sample *begin, *middle, *end;
	struct hvstat_lp_use lps;
	struct hvstat_use all, guests;
	double busy, idle, hypervisor; /* of the LPs' time */
};

static __attribute__((format(printf, 6, 7))) void found(struct watch *watch, const char *rule,
	const char *subject, enum severity severity, const char *hint, const char *format, ...)
{
	struct findings *findings = watch->findings;
	va_list arguments;

	if (findings->count == FINDINGS)
		return;
	struct finding *finding = &findings->list[findings->count++];

	*finding = (struct finding){.rule = rule, .severity = severity, .hint = hint};
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof(finding->text), format, arguments);
	va_end(arguments);
}

static double wait_of(const struct hvstat_use *use)
{
	return hvstat_part(use->wait, use->dispatches);
}

/* ---- The host ---- */

static void over_provisioned(struct watch *watch)
{
	double most = 0;

	for (uint32_t i = 0; i < watch->end->lp_count; i++) {
		struct hvstat_lp_use use = {0};

		hvstat_add_lp(&use, watch->begin, watch->end, &watch->end->lps[i]);
		double busy = 1 - hvstat_part(use.idle, use.elapsed);

		if (busy > most)
			most = busy;
	}
	if (watch->lps.elapsed > 0 && watch->busy < LITTLE_BUSY)
		found(watch, "over-provisioned-host", "host", SEVERITY_NOTE,
			"There is room for more guests; judge by the busiest hours, not by this "
			"one.",
			"The %u logical processors are %.1f %% busy, the busiest %.1f %%; below "
			"%.0f %% a host is larger than its load.",
			watch->lps.lps, 100 * watch->busy, 100 * most, 100 * LITTLE_BUSY);
}

static void over_committed(struct watch *watch)
{
	struct hvstat_use first = {0}, second = {0};
	double wait = wait_of(&watch->guests);

	for (uint32_t i = 0; i < watch->end->partition_count; i++) {
		if (watch->end->partitions[i].root)
			continue;
		hvstat_add_partition(
			&second, watch->middle, watch->end, &watch->end->partitions[i]);
	}
	for (uint32_t i = 0; i < watch->middle->partition_count; i++)
		if (!watch->middle->partitions[i].root)
			hvstat_add_partition(
				&first, watch->begin, watch->middle, &watch->middle->partitions[i]);
	if (wait > LONG_WAIT && watch->idle < IDLE_ENOUGH)
		found(watch, "over-committed-host", "host", SEVERITY_WARNING,
			"Move guests away, give them fewer virtual processors, or give the "
			"important ones a weight or a reserve.",
			"Guests wait %.1f us for a processor at each dispatch (more than %.0f us "
			"is "
			"much), %u guest VPs share %u logical processors that are %.1f %% busy.",
			wait * 1e6, LONG_WAIT * 1e6, watch->guests.vps, watch->lps.lps,
			100 * watch->busy);
	if (wait_of(&second) > GROWN_WAIT && wait_of(&second) > GROWTH * wait_of(&first))
		found(watch, "growing-wait", "host", SEVERITY_NOTE,
			"Watch it: a wait that keeps growing is the mark of an over-committed "
			"host.",
			"The wait for each dispatch has grown from %.1f us to %.1f us between the "
			"halves of the watch.",
			wait_of(&first) * 1e6, wait_of(&second) * 1e6);
}

static void hypervisor_share(struct watch *watch)
{
	if (watch->hypervisor > HYPERVISOR_MUCH)
		found(watch, "hypervisor-share", "host", SEVERITY_WARNING,
			"Look for the class of intercepts that costs most, below.",
			"The hypervisor itself takes %.1f %% of the logical processors' time (more "
			"than %.0f %% deserves a look), with %.0f intercepts a second.",
			100 * watch->hypervisor, 100 * HYPERVISOR_MUCH,
			hvstat_part(watch->all.intercepts, watch->all.elapsed));
}

static void costliest_class(struct watch *watch)
{
	const struct hvstat_use *all = &watch->all;
	unsigned most = 0;
	double total = 0;

	for (unsigned i = 0; i < HVSTAT_CLASSES; i++) {
		total += all->time[i];
		if (all->time[i] > all->time[most])
			most = i;
	}
	if (total > 0)
		found(watch, "costliest-intercept", "host", SEVERITY_INFO,
			hvstat_classes[most].cause,
			"Of all intercepts \"%s\" costs most: %.1f %% of their time, %.0f a second "
			"of "
			"%.2f us each, %.2f %% of one processor.",
			hvstat_classes[most].label, 100 * all->time[most] / total,
			all->count[most] / all->elapsed,
			1e6 * hvstat_part(all->time[most], all->count[most]),
			100 * all->time[most] / all->elapsed);
}

/* ---- Each guest ---- */

static void under_provisioned(
	struct watch *watch, const struct hvstat_partition *guest, const struct hvstat_use *use)
{
	double least = 1e9;

	for (uint32_t i = 0; i < guest->vp_count; i++) {
		struct hvstat_use vp = {0};

		hvstat_add_vp(&vp, watch->begin, watch->end, &watch->end->vps[guest->first_vp + i]);
		double busy = hvstat_part(vp.run, vp.elapsed);

		if (busy < least)
			least = busy;
	}
	if (use->vps && least > VP_FULL)
		found(watch, "under-provisioned-guest", guest->name, SEVERITY_WARNING,
			"More virtual processors would help if its run queue is long: look inside "
			"it.",
			"All %u VPs are busy nearly all the time, the least busy one %.1f %%.",
			use->vps, 100 * least);
}

/* Waiting although there are idle processors: something forbids the guest to use them. */
static void limit_reached(
	struct watch *watch, const struct hvstat_partition *guest, const struct hvstat_use *use)
{
	double share = hvstat_part(use->wait, use->elapsed * use->vps);

	if (share > LIMIT_WAIT && watch->idle > IDLE_ENOUGH)
		found(watch, "limit-reached", guest->name, SEVERITY_NOTE,
			"Its limit (cap), a processor group or an affinity holds it back: check "
			"whether that is meant.",
			"Its VPs wait %.1f %% of their time for a processor, while the logical "
			"processors are %.1f %% idle.",
			100 * share, 100 * watch->idle);
}

static void long_spins(
	struct watch *watch, const struct hvstat_partition *guest, const struct hvstat_use *use)
{
	double spins = 0;

	for (uint32_t i = 0; i < guest->vp_count; i++) {
		const struct hvstat_vp *vp = &watch->end->vps[guest->first_vp + i];
		const struct hvstat_vp *old = hvstat_find_vp(watch->begin, guest, vp->index);

		if (old)
			spins += hvstat_risen(old->counters[VP_LongSpinWaitHypercalls],
				vp->counters[VP_LongSpinWaitHypercalls]);
	}
	if (use->elapsed > 0 && spins / use->elapsed > SPINS_MANY)
		found(watch, "long-spin-waits", guest->name, SEVERITY_NOTE,
			"Its VPs wait for locks whose holders do not run: fewer VPs, or more "
			"processors.",
			"It reports %.0f long spin waits a second.", spins / use->elapsed);
}

void advise(struct findings *findings, const struct hvstat_sample *begin,
	const struct hvstat_sample *middle, const struct hvstat_sample *end)
{
	struct watch watch = {.findings = findings, .begin = begin, .middle = middle, .end = end};

	findings->count = 0;
	hvstat_add_lps(&watch.lps, begin, end);
	hvstat_add_machine(&watch.all, begin, end);
	watch.idle = hvstat_part(watch.lps.idle, watch.lps.elapsed);
	watch.busy = watch.lps.elapsed > 0 ? 1 - watch.idle : 0;
	watch.hypervisor = hvstat_part(watch.lps.hypervisor, watch.lps.elapsed);
	for (uint32_t i = 0; i < end->partition_count; i++)
		if (!end->partitions[i].root)
			hvstat_add_partition(&watch.guests, begin, end, &end->partitions[i]);
	over_committed(&watch);
	hypervisor_share(&watch);
	over_provisioned(&watch);
	costliest_class(&watch);
	for (uint32_t i = 0; i < end->partition_count; i++) {
		const struct hvstat_partition *guest = &end->partitions[i];
		struct hvstat_use use = {0};

		if (guest->root)
			continue;
		hvstat_add_partition(&use, begin, end, guest);
		under_provisioned(&watch, guest, &use);
		limit_reached(&watch, guest, &use);
		long_spins(&watch, guest, &use);
	}
}
