/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where LPs and memory are: cores and NUMA nodes. ACPI's proximity domains are any numbers, the
 * scheduler's nodes are counted in the order in which LPs name them. A domain without an LP is no
 * node: nothing could run near its memory.
 */
#include "core/log.h"
#include "core/lp_internal.h"
#include "core/memory/frames.h"

_Static_assert(SCHED_MAX_NODES == FRAME_NODES, "frames and LPs are on the same nodes");

u32 lp_of_domain(u32 proximity_domain)
{
	u32 lp = 0;

	while (lp < machine.lp_count && machine.lps[lp].proximity_domain != proximity_domain)
		lp++;
	return lp;
}

void lp_place_all(void)
{
	u32 nodes = 0;

	for (u32 lp = 0; lp < machine.lp_count; lp++) {
		u32 same = lp_of_domain(machine.lps[lp].proximity_domain);
		u32 core = 0;

		while (machine.lps[core].core != machine.lps[lp].core)
			core++;
		if (same < lp)
			sched_place_lp(&lp_sched, lp, lp_sched.lps[same].node, core);
		else
			sched_place_lp(&lp_sched, lp, nodes, core);
		/* Those beyond what the scheduler has room for are taken for one. */
		if (same == lp && nodes < SCHED_MAX_NODES - 1)
			nodes++;
	}
}

u32 lp_count_cores(void)
{
	u32 cores = 0;

	for (u32 lp = 0; lp < machine.lp_count; lp++)
		cores += lp_sched.lps[lp].core == lp;
	return cores;
}

bool lp_threads(void)
{
	return lp_count_cores() < machine.lp_count;
}

u32 lp_node_of_domain(u32 proximity_domain)
{
	u32 lp = lp_of_domain(proximity_domain);

	return lp < machine.lp_count ? lp_sched.lps[lp].node : SCHED_NO_NODE;
}

static void log_node(u32 node, u64 bytes)
{
	u32 count = 0;

	for (u32 lp = 0; lp < machine.lp_count; lp++)
		count += lp_sched.lps[lp].node == node;
	log_info("node %u: %u LPs, %lu MiB", node, count, bytes >> 20);
}

static u64 overlap(const struct memory_domain *a, const struct memory_range *b)
{
	u64 start = MAX(a->start, b->start), end = MIN(a->end, b->end);

	return b->kind == MEMORY_RAM && start < end ? end - start : 0;
}

void lp_place_memory(void)
{
	u64 bytes[SCHED_MAX_NODES] = {0};

	/* With one node there is nothing to choose, and all else stays as if none were known. */
	if (lp_sched.node_count == 1)
		return;
	for (u32 i = 0; i < machine.memory_domain_count; i++) {
		const struct memory_domain *range = &machine.memory_domains[i];
		u32 node = lp_node_of_domain(range->proximity_domain);

		if (node == SCHED_NO_NODE)
			continue;
		frames_set_node(range->start, range->end, node);
		for (u32 j = 0; j < machine.boot.range_count; j++)
			bytes[node] += overlap(range, &machine.boot.ranges[j]);
	}
	log_info("NUMA: %u nodes", lp_sched.node_count);
	for (u32 node = 0; node < lp_sched.node_count; node++)
		log_node(node, bytes[node]);
}
