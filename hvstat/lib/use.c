/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/lib/use.h"

#define NS100 1e-7 /* seconds in a unit of the counters' times */

const struct hvstat_class_facts hvstat_classes[HVSTAT_CLASSES] = {
#define CLASS(id, count, time, label, cause) {VP_##count, VP_##time, label, cause},
#include "hvstat/lib/classes.def"
#undef CLASS
};

static const uint16_t wait_buckets[HVSTAT_WAIT_BUCKETS] = {
	VP_WaitingForCpuTimeBucket0,
	VP_WaitingForCpuTimeBucket1,
	VP_WaitingForCpuTimeBucket2,
	VP_WaitingForCpuTimeBucket3,
	VP_WaitingForCpuTimeBucket4,
	VP_WaitingForCpuTimeBucket5,
	VP_WaitingForCpuTimeBucket6,
	VP_WaitingForCpuTimeBucket7,
	VP_WaitingForCpuTimeBucket8,
	VP_WaitingForCpuTimeBucket9,
	VP_WaitingForCpuTimeBucket10,
	VP_WaitingForCpuTimeBucket11,
	VP_WaitingForCpuTimeBucket12,
};

double hvstat_seconds(const struct hvstat_sample *before, const struct hvstat_sample *after)
{
	return (double)(after->time_ns - before->time_ns) / 1e9;
}

static double rise(const uint64_t *before, const uint64_t *after, unsigned slot)
{
	return hvstat_risen(before[slot], after[slot]);
}

void hvstat_add_vp(struct hvstat_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after, const struct hvstat_vp *vp)
{
	const struct hvstat_vp *old =
		hvstat_find_vp(before, &after->partitions[vp->partition], vp->index);
	const uint64_t *a = old ? old->counters : NULL, *b = vp->counters;

	if (!old)
		return;
	use->elapsed = hvstat_seconds(before, after);
	use->vps++;
	use->run += rise(a, b, VP_TotalRunTime) * NS100;
	use->hypervisor += rise(a, b, VP_HypervisorRunTime) * NS100;
	use->wait += rise(a, b, VP_WaitingForCpuTime) * NS100;
	use->dispatches += rise(a, b, VP_LogicalProcessorDispatches);
	use->interrupts += rise(a, b, VP_VirtualInterrupts);
	use->hypercalls += rise(a, b, VP_HypercallsCount);
	for (unsigned i = 0; i < HVSTAT_CLASSES; i++) {
		double count = rise(a, b, hvstat_classes[i].count);

		use->intercepts += count;
		use->count[i] += count;
		use->time[i] += rise(a, b, hvstat_classes[i].time) * NS100;
	}
	for (unsigned i = 0; i < HVSTAT_WAIT_BUCKETS; i++)
		use->wait_bucket[i] += rise(a, b, wait_buckets[i]);
}

void hvstat_add_partition(struct hvstat_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after, const struct hvstat_partition *partition)
{
	for (uint32_t i = 0; i < partition->vp_count; i++)
		hvstat_add_vp(use, before, after, &after->vps[partition->first_vp + i]);
}

void hvstat_add_machine(struct hvstat_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after)
{
	for (uint32_t i = 0; i < after->vp_count; i++)
		hvstat_add_vp(use, before, after, &after->vps[i]);
}

/* The LP's own clock says what time its counters are of. Idle is what is left of it, as guests and
 * hypervisor are what is counted; an LP whose clock has stood still has been idle all the time.
 */
void hvstat_add_lp(struct hvstat_lp_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after, const struct hvstat_lp *lp)
{
	const struct hvstat_lp *old = hvstat_find_lp(before, lp->index);
	const uint64_t *a = old ? old->counters : NULL, *b = lp->counters;
	double run, hypervisor, elapsed;

	if (!old)
		return;
	elapsed = rise(a, b, LP_GlobalTime) * NS100;
	if (elapsed <= 0)
		elapsed = hvstat_seconds(before, after);
	run = rise(a, b, LP_TotalRunTime) * NS100;
	if (run > elapsed)
		run = elapsed;
	hypervisor = rise(a, b, LP_HypervisorRunTime) * NS100;
	if (hypervisor > run)
		hypervisor = run;
	use->lps++;
	use->elapsed += elapsed;
	use->hypervisor += hypervisor;
	use->guest += run - hypervisor;
	use->idle += elapsed - run;
	use->switches += rise(a, b, LP_ContextSwitches);
	use->interrupts += rise(a, b, LP_HardwareInterrupts) +
			   rise(a, b, LP_InterProcessorInterrupts) +
			   rise(a, b, LP_SchedulerInterrupts) + rise(a, b, LP_TimerInterrupts);
}

void hvstat_add_lps(struct hvstat_lp_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after)
{
	for (uint32_t i = 0; i < after->lp_count; i++)
		hvstat_add_lp(use, before, after, &after->lps[i]);
}
