/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples: their memory, and finding an object in them. */
#include "hvstat/lib/hvstat.h"

#include <stdlib.h>
#include <string.h>

struct hvstat_sample *hvstat_sample_new(void)
{
	return calloc(1, sizeof(struct hvstat_sample));
}

void hvstat_sample_free(struct hvstat_sample *sample)
{
	if (!sample)
		return;
	free(sample->lps);
	free(sample->partitions);
	free(sample->vps);
	free(sample);
}

/* Room for `wanted` elements and some more, so that growing one by one stays cheap. */
static bool grow(void **array, uint32_t *room, uint32_t wanted, size_t size)
{
	if (wanted <= *room)
		return true;
	size_t larger = (size_t)wanted + wanted / 2 + 8;
	void *moved = larger <= UINT32_MAX ? reallocarray(*array, larger, size) : NULL;

	if (!moved)
		return false;
	*array = moved;
	*room = (uint32_t)larger;
	return true;
}

bool hvstat_sample_room(
	struct hvstat_sample *sample, uint32_t lps, uint32_t partitions, uint32_t vps)
{
	void *lp_array = sample->lps, *vp_array = sample->vps;
	void *partition_array = sample->partitions;
	bool done = grow(&lp_array, &sample->lp_room, lps, sizeof(*sample->lps)) &&
		    grow(&partition_array, &sample->partition_room, partitions,
			    sizeof(*sample->partitions)) &&
		    grow(&vp_array, &sample->vp_room, vps, sizeof(*sample->vps));

	sample->lps = lp_array;
	sample->partitions = partition_array;
	sample->vps = vp_array;
	return done;
}

const struct hvstat_lp *hvstat_find_lp(const struct hvstat_sample *sample, uint32_t index)
{
	uint32_t low = 0, high = sample->lp_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (sample->lps[middle].index == index)
			return &sample->lps[middle];
		if (sample->lps[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Ascending: the root, then the ids. */
static int order(const struct hvstat_partition *partition, uint64_t id, bool root)
{
	if (partition->root != root)
		return partition->root ? -1 : 1;
	return (partition->id > id) - (partition->id < id);
}

const struct hvstat_partition *hvstat_find_partition(
	const struct hvstat_sample *sample, uint64_t id, bool root)
{
	uint32_t low = 0, high = sample->partition_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int is = order(&sample->partitions[middle], id, root);

		if (!is)
			return &sample->partitions[middle];
		if (is < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct hvstat_vp *hvstat_find_vp(const struct hvstat_sample *sample,
	const struct hvstat_partition *partition, uint32_t index)
{
	const struct hvstat_partition *here =
		hvstat_find_partition(sample, partition->id, partition->root);
	uint32_t low = here ? here->first_vp : 0;
	uint32_t high = here ? here->first_vp + here->vp_count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (sample->vps[middle].index == index)
			return &sample->vps[middle];
		if (sample->vps[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
