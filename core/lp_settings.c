/* SPDX-License-Identifier: BSD-2-Clause */
/* What is set for all VPs of a partition at once, and questions to the scheduler. */
#include "core/lib/string.h"
#include "core/lp_internal.h"
#include "core/vp/vp.h"

static enum sched_error set_all(
	const struct partition *partition, const struct sched_params *params)
{
	u64 released = (u64)partition->vp_count * partition->params.reserve;
	u64 wanted = (u64)partition->vp_count * params->reserve;
	enum sched_error error = SCHED_OK;

	if (!sched_reserve_fits(&lp_sched, released, wanted))
		return SCHED_NO_CAPACITY;
	/* On the way the sum lies between what it was and what it will be, so each of them fits;
	 * and what the first VP says to the values all of them say. */
	for (u32 i = 0; i < partition->vp_end && error == SCHED_OK; i++)
		if (partition->vps[i])
			error = sched_set_params(
				&lp_sched, &partition->vps[i]->sched, params, machine_tsc());
	return error;
}

/* LPs that run something else now, or that have nothing to do, look at what is new. */
static void tell(const struct partition *partition)
{
	u32 target;

	spin_lock(&lp_sched_lock);
	while ((target = sched_claim(&lp_sched, machine_tsc())) != SCHED_NO_LP)
		lp_notify(target, LP_RESCHEDULE);
	spin_unlock(&lp_sched_lock);
	for (u32 i = 0; i < partition->vp_end; i++)
		if (partition->vps[i])
			lp_notify(partition->vps[i]->sched.lp, LP_RESCHEDULE);
}

enum sched_error lp_set_partition_params(
	const struct partition *partition, const struct sched_params *params)
{
	enum sched_error error;

	spin_lock(&lp_sched_lock);
	error = set_all(partition, params);
	spin_unlock(&lp_sched_lock);
	if (error == SCHED_OK)
		tell(partition);
	return error;
}

u64 lp_reserved(void)
{
	u64 sum;

	spin_lock(&lp_sched_lock);
	sum = lp_sched.reserved;
	spin_unlock(&lp_sched_lock);
	return sum;
}

void lp_get_affinity(const struct vp *vp, struct sched_set *set)
{
	spin_lock(&lp_sched_lock);
	if (vp->sched.set == SCHED_PINNED) {
		memset(set, 0, sizeof(*set));
		sched_set_add(set, vp->sched.pin);
	} else {
		*set = lp_sched.sets[vp->sched.set].lps;
	}
	spin_unlock(&lp_sched_lock);
}
