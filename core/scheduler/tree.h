/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A balanced tree (AVL) of what waits, ordered by `key`, that finds the earliest `deadline` among
 * all keys up to a limit. All operations take O(log n) steps. Keys and deadlines are compared by
 * their distance, so they may wrap.
 */
#ifndef CORE_SCHEDULER_TREE_H
#define CORE_SCHEDULER_TREE_H

#include "core/lib/types.h"

struct sched_entity;

struct sched_node {
	struct sched_node *parent, *left, *right;
	struct sched_entity *entity;
	u64 key;
	u64 deadline;
	u64 least; /* deadline of the subtree */
	u32 height;
};

struct sched_tree {
	struct sched_node *root;
	u32 count;
};

/* Nodes visited, ever: what a decision costs. */
extern u64 sched_steps;

/* True if time or tag `a` comes before `b`. */
static inline bool sched_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* The caller has set key and deadline. Equal keys keep the order of insertion. */
void sched_tree_insert(struct sched_tree *tree, struct sched_node *node);
void sched_tree_remove(struct sched_tree *tree, struct sched_node *node);

/* The lowest key; NULL: empty. */
struct sched_node *sched_tree_first(const struct sched_tree *tree);

/* The earliest deadline of all nodes whose key is not after `clock`; NULL: there is none. */
struct sched_node *sched_tree_earliest(const struct sched_tree *tree, u64 clock);

#endif
