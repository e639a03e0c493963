/* SPDX-License-Identifier: BSD-2-Clause */
/* Partitions: which there are, their VPs' files, their names. */
#include "hvstat/lib/handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hvstat/lib/parse.h"

void guests_close(struct hvstat *stat)
{
	for (uint32_t i = 0; i < stat->guest_count; i++)
		branch_close(&stat->guests[i].vps);
	free(stat->guests);
	stat->guests = NULL;
	stat->guest_count = 0;
}

static bool same(const struct guest *guest, const struct node *node)
{
	return guest->facts.id == node->id && guest->facts.self == node->self;
}

static struct guest new_guest(const struct hvstat *stat, const struct node *node)
{
	struct guest guest = {.facts = {.id = node->id, .self = node->self}};
	char name[NODE_NAME], path[NODE_NAME + 4];

	snprintf(path, sizeof(path), "%s/vp", node_name(node, name));
	branch_open(&guest.vps, dirfd(stat->partitions.folder), path);
	return guest;
}

/* ---- Names ---- */

/* When a folder was made. */
static int64_t made(DIR *folder, const char *name)
{
	struct stat facts;

	if (!folder || fstatat(dirfd(folder), name, &facts, 0))
		return 0;
	return (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec;
}

static void describe(const struct hvstat *stat, struct guest *guest)
{
	char name[NODE_NAME];
	struct guest_facts *facts = &guest->facts;

	facts->made = made(stat->partitions.folder, node_name(guest->node, name));
	facts->vp_count = guest->vps.count;
	facts->vps_known = guest->vps.count < NAMED_VPS ? guest->vps.count : NAMED_VPS;
	for (uint32_t i = 0; i < facts->vps_known; i++) {
		facts->vp_index[i] = (uint32_t)guest->vps.nodes[i].id;
		facts->vp_made[i] = made(guest->vps.folder, node_name(&guest->vps.nodes[i], name));
	}
}

/* Two guests of one name become "name" and "name#1", as Windows does it. */
static void show_names(struct hvstat *stat)
{
	for (uint32_t i = 0; i < stat->guest_count; i++) {
		struct guest *guest = &stat->guests[i];
		unsigned twins = 0;

		for (uint32_t j = 0; j < i; j++)
			twins += *guest->facts.name &&
				 !strcmp(stat->guests[j].facts.name, guest->facts.name);
		if (!i)
			snprintf(guest->name, HVSTAT_NAME, "root");
		else if (!*guest->facts.name)
			snprintf(guest->name, HVSTAT_NAME, "partition %" PRIu64, guest->facts.id);
		else if (twins)
			snprintf(guest->name, HVSTAT_NAME, "%.*s#%u", HVSTAT_NAME - 12,
				guest->facts.name, twins);
		else
			snprintf(guest->name, HVSTAT_NAME, "%s", guest->facts.name);
	}
}

/* Looks for VMMs as long as a new partition has none. The root, the first partition, has none. */
static void find_names(struct hvstat *stat)
{
	bool wanted = false;
	struct guest_facts **list;

	for (uint32_t i = 1; i < stat->guest_count; i++) {
		struct guest *guest = &stat->guests[i];

		if (guest->facts.pid || guest->tries >= NAME_TRIES)
			continue;
		guest->tries++;
		wanted = true;
	}
	list = wanted && !stat->options.no_names ? calloc(stat->guest_count, sizeof(void *)) : NULL;
	if (list) {
		for (uint32_t i = 1; i < stat->guest_count; i++) {
			describe(stat, &stat->guests[i]);
			list[i - 1] = &stat->guests[i].facts;
		}
		names_find(stat->options.proc, list, stat->guest_count - 1);
		free(list);
	}
	if (wanted)
		show_names(stat);
}

/* ---- The list ---- */

static bool unchanged(const struct hvstat *stat)
{
	if (stat->guest_count != stat->partitions.count)
		return false;
	for (uint32_t i = 0; i < stat->guest_count; i++)
		if (!same(&stat->guests[i], &stat->partitions.nodes[i]))
			return false;
	return true;
}

/* Both lists ascend. */
static bool renew(struct hvstat *stat)
{
	uint32_t count = stat->partitions.count, old = 0;
	struct guest *guests = calloc(count + 1, sizeof(*guests));

	if (!guests)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct node *node = &stat->partitions.nodes[i];

		while (old < stat->guest_count && !same(&stat->guests[old], node) &&
			(stat->guests[old].facts.self || stat->guests[old].facts.id < node->id))
			branch_close(&stat->guests[old++].vps);
		if (old < stat->guest_count && same(&stat->guests[old], node))
			guests[i] = stat->guests[old++];
		else
			guests[i] = new_guest(stat, node);
	}
	while (old < stat->guest_count)
		branch_close(&stat->guests[old++].vps);
	free(stat->guests);
	stat->guests = guests;
	stat->guest_count = count;
	return true;
}

bool guests_scan(struct hvstat *stat)
{
	bool renewed;

	if (!branch_scan(&stat->partitions))
		return false;
	renewed = !unchanged(stat);
	if (renewed && !renew(stat))
		return false;
	for (uint32_t i = 0; i < stat->guest_count; i++) {
		struct guest *guest = &stat->guests[i];

		guest->node = &stat->partitions.nodes[i];
		if (guest->vps.folder && !branch_scan(&guest->vps))
			return false;
	}
	if (renewed)
		show_names(stat);
	find_names(stat);
	return true;
}

/* ---- Reading ---- */

static bool read_vps(struct hvstat *stat, struct guest *guest, struct hvstat_partition *partition,
	struct hvstat_sample *sample)
{
	partition->first_vp = sample->vp_count;
	if (!hvstat_sample_room(sample, 0, 0, sample->vp_count + guest->vps.count))
		return false;
	for (uint32_t i = 0; i < guest->vps.count; i++) {
		struct node *node = &guest->vps.nodes[i];
		struct hvstat_vp *vp = &sample->vps[sample->vp_count];
		long length = branch_read(&guest->vps, node, stat->text, TEXT_ROOM);

		memset(vp, 0, sizeof(*vp));
		vp->index = (uint32_t)node->id;
		vp->partition = sample->partition_count;
		if (length > 0 && hvstat_parse(HVSTAT_VP, stat->text, (size_t)length, vp->counters,
					  sample->present[HVSTAT_VP]))
			sample->vp_count++;
	}
	partition->vp_count = sample->vp_count - partition->first_vp;
	return true;
}

/* The root is the first partition there was: its number is the lowest. */
bool guests_read(struct hvstat *stat, struct hvstat_sample *sample)
{
	if (!hvstat_sample_room(sample, 0, stat->guest_count, 0))
		return false;
	for (uint32_t i = 0; i < stat->guest_count; i++) {
		struct guest *guest = &stat->guests[i];
		struct hvstat_partition *partition = &sample->partitions[sample->partition_count];
		long length = branch_read(&stat->partitions, guest->node, stat->text, TEXT_ROOM);

		memset(partition, 0, sizeof(*partition));
		partition->id = guest->facts.id;
		partition->root = !i;
		partition->pid = guest->facts.pid;
		memcpy(partition->name, guest->name, HVSTAT_NAME);
		if (length <= 0 || !hvstat_parse(HVSTAT_PT, stat->text, (size_t)length,
					   partition->counters, sample->present[HVSTAT_PT]))
			continue;
		if (!read_vps(stat, guest, partition, sample))
			return false;
		sample->partition_count++;
	}
	return true;
}
