/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/scheduler/tree.h"

u64 sched_steps;

static u32 height(const struct sched_node *node)
{
	return node ? node->height : 0;
}

static void update(struct sched_node *node)
{
	u64 least = node->deadline;

	if (node->left && sched_before(node->left->least, least))
		least = node->left->least;
	if (node->right && sched_before(node->right->least, least))
		least = node->right->least;
	node->least = least;
	node->height = 1 + MAX(height(node->left), height(node->right));
}

/* Puts `with` (or nothing) in the place of `node` below its parent. */
static void replace(struct sched_tree *tree, struct sched_node *node, struct sched_node *with)
{
	if (!node->parent)
		tree->root = with;
	else if (node->parent->left == node)
		node->parent->left = with;
	else
		node->parent->right = with;
	if (with)
		with->parent = node->parent;
}

static struct sched_node *rotate_left(struct sched_tree *tree, struct sched_node *node)
{
	struct sched_node *up = node->right;

	replace(tree, node, up);
	node->right = up->left;
	if (node->right)
		node->right->parent = node;
	up->left = node;
	node->parent = up;
	update(node);
	update(up);
	return up;
}

static struct sched_node *rotate_right(struct sched_tree *tree, struct sched_node *node)
{
	struct sched_node *up = node->left;

	replace(tree, node, up);
	node->left = up->right;
	if (node->left)
		node->left->parent = node;
	up->right = node;
	node->parent = up;
	update(node);
	update(up);
	return up;
}

/* Makes heights and least deadlines true again from `node` up to the root. */
static void repair(struct sched_tree *tree, struct sched_node *node)
{
	for (; node; node = node->parent) {
		u32 left = height(node->left), right = height(node->right);

		sched_steps++;
		update(node);
		if (left > right + 1) {
			if (height(node->left->left) < height(node->left->right))
				rotate_left(tree, node->left);
			node = rotate_right(tree, node);
		} else if (right > left + 1) {
			if (height(node->right->right) < height(node->right->left))
				rotate_right(tree, node->right);
			node = rotate_left(tree, node);
		}
	}
}

void sched_tree_insert(struct sched_tree *tree, struct sched_node *node)
{
	struct sched_node **link = &tree->root;

	node->parent = node->left = node->right = NULL;
	while (*link) {
		sched_steps++;
		node->parent = *link;
		link = sched_before(node->key, (*link)->key) ? &(*link)->left : &(*link)->right;
	}
	*link = node;
	tree->count++;
	repair(tree, node);
}

static struct sched_node *leftmost(struct sched_node *node)
{
	for (; node && node->left; node = node->left)
		sched_steps++;
	return node;
}

void sched_tree_remove(struct sched_tree *tree, struct sched_node *node)
{
	struct sched_node *start = node->parent;
	struct sched_node *next;

	tree->count--;
	if (!node->left || !node->right) {
		replace(tree, node, node->left ? node->left : node->right);
		repair(tree, start);
		return;
	}
	/* The next in order takes its place. */
	next = leftmost(node->right);
	start = next;
	if (next->parent != node) {
		start = next->parent;
		replace(tree, next, next->right);
		next->right = node->right;
		next->right->parent = next;
	}
	next->left = node->left;
	next->left->parent = next;
	replace(tree, node, next);
	repair(tree, start);
}

struct sched_node *sched_tree_first(const struct sched_tree *tree)
{
	return leftmost(tree->root);
}

/* The first node in order of the subtree that has its least deadline. */
static struct sched_node *holder_of_least(struct sched_node *node)
{
	u64 least = node->least;

	for (;;) {
		sched_steps++;
		if (node->left && node->left->least == least)
			node = node->left;
		else if (node->deadline == least)
			return node;
		else
			node = node->right;
	}
}

struct sched_node *sched_tree_earliest(const struct sched_tree *tree, u64 clock)
{
	struct sched_node *node = tree->root;
	struct sched_node *best = NULL;	   /* a node that is early enough itself, */
	struct sched_node *subtree = NULL; /* or a subtree of which all are */

	while (node) {
		sched_steps++;
		if (sched_before(clock, node->key)) {
			node = node->left;
			continue;
		}
		if (node->left && (!best || sched_before(node->left->least,
						    subtree ? subtree->least : best->deadline)))
			best = subtree = node->left;
		if (!best ||
			sched_before(node->deadline, subtree ? subtree->least : best->deadline)) {
			best = node;
			subtree = NULL;
		}
		node = node->right;
	}
	return subtree ? holder_of_least(subtree) : best;
}
