/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/consistency.h"

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const char *wrong = call;                                                          \
		if (wrong)                                                                         \
			return wrong;                                                              \
	} while (0)

struct sums {
	u64 load;
	u32 active, ready;
	u64 waiting;
	u32 set_ready[SCHED_MAX_SETS];
	u32 set_claims[SCHED_MAX_SETS + 1];
	u64 lp_load[SCHED_MAX_LPS];
	u32 lp_ready[SCHED_MAX_LPS];
	u32 lp_capped[SCHED_MAX_LPS];
};

static const struct sched_node *next_in_order(const struct sched_node *node)
{
	if (node->right) {
		for (node = node->right; node->left; node = node->left)
			;
		return node;
	}
	while (node->parent && node->parent->right == node)
		node = node->parent;
	return node->parent;
}

static const char *node_wrong(const struct sched_node *node)
{
	u32 left = node->left ? node->left->height : 0;
	u32 right = node->right ? node->right->height : 0;
	u64 least = node->deadline;

	if (node->left && sched_before(node->left->least, least))
		least = node->left->least;
	if (node->right && sched_before(node->right->least, least))
		least = node->right->least;
	if (node->least != least)
		return "least deadline of a subtree";
	if (node->height != MAX(left, right) + 1 || left > right + 1 || right > left + 1)
		return "balance of a tree";
	if ((node->left && node->left->parent != node) ||
		(node->right && node->right->parent != node))
		return "links of a tree";
	return NULL;
}

static const char *tree_wrong(const struct sched_tree *tree, enum sched_state state)
{
	const struct sched_node *node = sched_tree_first(tree);
	const struct sched_node *previous = NULL;
	u32 count = 0;

	for (; node; previous = node, node = next_in_order(node)) {
		TRY(node_wrong(node));
		if (previous && sched_before(node->key, previous->key))
			return "order of a tree";
		if (node->entity && node->entity->state != state)
			return "state of an entity in a tree";
		count++;
	}
	return count == tree->count ? NULL : "count of a tree";
}

static const char *entity_wrong(
	const struct sched *sched, const struct sched_entity *entity, struct sums *sums)
{
	bool pinned = entity->set == SCHED_PINNED;
	bool allowed = pinned ? entity->lp == entity->pin
			      : sched_set_has(&sched->sets[entity->set].lps, entity->lp);

	if (entity->state == SCHED_RUNNING && sched->lps[entity->lp].running != entity)
		return "a running entity does not run";
	if (entity->state != SCHED_BLOCKED && !allowed &&
		!(entity->state == SCHED_RUNNING && sched->lps[entity->lp].preempt))
		return "affinity";
	if (sched->lps[entity->lp].alone == entity) {
		const struct sched_lp *lp = &sched->lps[entity->lp];

		return entity->state == SCHED_READY && lp->claimed && !lp->running
			       ? NULL
			       : "an entity is alone where it cannot run";
	}
	if (entity->state == SCHED_READY || entity->state == SCHED_RUNNING) {
		sums->load += entity->rate[SCHED_WEIGHT];
		sums->lp_load[entity->lp] += entity->rate[SCHED_WEIGHT];
		sums->active++;
	}
	if (entity->state == SCHED_CAPPED && !entity->in_group)
		sums->lp_capped[entity->lp]++;
	if (entity->state != SCHED_READY)
		return NULL;
	sums->lp_ready[entity->lp]++;
	if (pinned)
		return NULL;
	sums->ready++;
	sums->set_ready[entity->set]++;
	sums->waiting |= 1ull << entity->set;
	return NULL;
}

static const char *lp_wrong(const struct sched *sched, u32 index, struct sums *sums)
{
	const struct sched_lp *lp = &sched->lps[index];
	bool idle = !lp->running && !lp->claimed && !lp->forced;

	if (lp->running && (lp->running->state != SCHED_RUNNING || lp->running->lp != index))
		return "an LP's entity does not run";
	if (lp->running && lp->claimed && !lp->preempt)
		return "a claimed LP does not idle";
	if (sched_set_has(&sched->idle, index) != idle)
		return "set of idle LPs";
	if (sched_set_has(&sched->endless, index) != (lp->running && !lp->slice_end))
		return "set of endless LPs";
	if (lp->load != sums->lp_load[index])
		return "load of an LP";
	if (lp->ready[SCHED_WEIGHT].count != sums->lp_ready[index])
		return "number of who waits at an LP";
	if (lp->capped.count != sums->lp_capped[index])
		return "number of who is capped at an LP";
	if (lp->claimed)
		sums->set_claims[lp->claimed_set]++;
	TRY(tree_wrong(&lp->ready[SCHED_WEIGHT], SCHED_READY));
	TRY(tree_wrong(&lp->ready[SCHED_RESERVE], SCHED_READY));
	return tree_wrong(&lp->capped, SCHED_CAPPED);
}

static const char *set_wrong(const struct sched *sched, u32 index, const struct sums *sums)
{
	const struct sched_affinity *set = &sched->sets[index];
	u32 count = 0;

	for (u32 node = 0; node < sched->node_count; node++) {
		TRY(tree_wrong(&set->waiting[SCHED_WEIGHT][node], SCHED_READY));
		TRY(tree_wrong(&set->waiting[SCHED_RESERVE][node], SCHED_READY));
		count += set->waiting[SCHED_WEIGHT][node].count;
	}
	if (count != sums->set_ready[index] || set->ready != count)
		return "number of who waits for a set";
	if (set->claims != sums->set_claims[index])
		return "number of claims";
	return NULL;
}

const char *sched_inconsistency(
	const struct sched *sched, struct sched_entity *const *entities, u32 count)
{
	static struct sums sums;

	sums = (struct sums){0};
	for (u32 i = 0; i < count; i++)
		TRY(entity_wrong(sched, entities[i], &sums));
	for (u32 i = 0; i < sched->lp_count; i++)
		TRY(lp_wrong(sched, i, &sums));
	for (u32 i = 0; i < SCHED_MAX_SETS; i++)
		TRY(set_wrong(sched, i, &sums));
	if (sums.load != sched->load || sums.active != sched->active)
		return "load of all";
	if (sums.ready != sched->ready_count || sums.waiting != sched->waiting)
		return "number of who waits";
	return NULL;
}
