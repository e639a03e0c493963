/* SPDX-License-Identifier: BSD-2-Clause */
/* A handle: the files it reads, and how a sample is taken from them. */
#include "hvstat/lib/hvstat.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hvstat/lib/handle.h"
#include "hvstat/lib/parse.h"

#define DEBUGFS_MAGIC 0x64626720

static void say(char error[HVSTAT_ERROR], const char *root)
{
	int reason = errno;
	struct statfs fs;

	if (reason == EACCES)
		snprintf(error, HVSTAT_ERROR, "%s may be read by root only: try sudo", root);
	else if (reason == EPERM)
		snprintf(error, HVSTAT_ERROR,
			"%s is closed even to root: is the kernel in lockdown mode?", root);
	else if (reason == ENOENT && !strcmp(root, HVSTAT_ROOT) &&
		 (statfs("/sys/kernel/debug", &fs) || fs.f_type != DEBUGFS_MAGIC))
		snprintf(error, HVSTAT_ERROR,
			"debugfs is not mounted: mount -t debugfs debugfs /sys/kernel/debug");
	else if (reason == ENOENT)
		snprintf(error, HVSTAT_ERROR,
			"there is no %s: this must be the root partition of the hypervisor, with a "
			"Linux that has CONFIG_MSHV_ROOT and CONFIG_DEBUG_FS",
			root);
	else
		snprintf(error, HVSTAT_ERROR, "%s: %s", root, strerror(reason));
}

static bool open_tree(struct hvstat *stat)
{
	int root = open(stat->options.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return false;
	stat->hv = openat(root, "stats", O_RDONLY | O_CLOEXEC);
	bool done = stat->hv >= 0 && branch_open(&stat->lps, root, "lp") &&
		    branch_open(&stat->partitions, root, "partition");
	int reason = errno;

	close(root);
	errno = reason;
	return done;
}

struct hvstat *hvstat_open(const struct hvstat_options *options, char error[HVSTAT_ERROR])
{
	struct hvstat *stat = calloc(1, sizeof(*stat));
	char *text = malloc(TEXT_ROOM);

	if (!stat || !text) {
		free(stat);
		free(text);
		snprintf(error, HVSTAT_ERROR, "out of memory");
		return NULL;
	}
	stat->text = text;
	stat->hv = -1;
	if (options)
		stat->options = *options;
	if (!stat->options.root)
		stat->options.root = HVSTAT_ROOT;
	if (!stat->options.proc)
		stat->options.proc = "/proc";
	raise_file_limit();
	if (open_tree(stat))
		return stat;
	say(error, stat->options.root);
	hvstat_close(stat);
	return NULL;
}

void hvstat_close(struct hvstat *stat)
{
	if (!stat)
		return;
	guests_close(stat);
	branch_close(&stat->lps);
	branch_close(&stat->partitions);
	if (stat->hv >= 0)
		close(stat->hv);
	free(stat->text);
	free(stat);
}

/* ---- Logical processors ---- */

static int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The hypervisor brings a processor's page up to date when that processor is in it. A page whose
 * clock has lagged since the last sample by more than a hundredth of the time is of a processor
 * that sleeps; of the first sample nothing is known. One without a clock says nothing either.
 */
static bool asleep(const struct node *node, uint64_t clock, int64_t now)
{
	int64_t passed = now - node->clock_read;
	int64_t counted = (int64_t)(clock - node->clock) * 100;

	return clock && (!node->clock_read || passed - counted > passed / 100);
}

/* Running on a sleeping processor for a moment brings it into the hypervisor. */
static bool wake(const struct hvstat_lp *lp)
{
	cpu_set_t *only = CPU_ALLOC(lp->index + 1);
	size_t size = CPU_ALLOC_SIZE(lp->index + 1);
	bool done = false;

	if (only) {
		CPU_ZERO_S(size, only);
		CPU_SET_S(lp->index, size, only);
		done = !sched_setaffinity(0, size, only);
		CPU_FREE(only);
	}
	return done;
}

static bool read_lp(
	struct hvstat *stat, struct node *node, struct hvstat_lp *lp, struct hvstat_sample *sample)
{
	long length = branch_read(&stat->lps, node, stat->text, TEXT_ROOM);

	memset(lp, 0, sizeof(*lp));
	lp->index = (uint32_t)node->id;
	return length > 0 && hvstat_parse(HVSTAT_LP, stat->text, (size_t)length, lp->counters,
				     sample->present[HVSTAT_LP]);
}

/*
 * The kernel prints a page's counters one after the other while they go on. A reading that lost its
 * processor on the way has counters of different moments, whose parts do not add up to the whole;
 * it took far longer than others did, and is made again.
 */
static bool read_lp_at_once(
	struct hvstat *stat, struct node *node, struct hvstat_lp *lp, struct hvstat_sample *sample)
{
	int64_t took, limit;
	int more = 3;

	do {
		int64_t begin = monotonic();

		if (!read_lp(stat, node, lp, sample))
			return false;
		took = monotonic() - begin;
		limit = node->shortest ? 2 * node->shortest + 100000 : 0;
		if (!node->shortest || took < node->shortest)
			node->shortest = took;
	} while (took > limit && more--);
	return true;
}

/* Where this thread may run, to be restored after waking processors. */
struct places {
	cpu_set_t *set;
	size_t size;
};

static struct places remember_places(void)
{
	struct places places = {CPU_ALLOC(8192), CPU_ALLOC_SIZE(8192)};

	if (places.set && sched_getaffinity(0, places.size, places.set)) {
		CPU_FREE(places.set);
		places.set = NULL;
	}
	return places;
}

static void read_lps(struct hvstat *stat, struct hvstat_sample *sample)
{
	struct places places = {0};

	for (uint32_t i = 0; i < stat->lps.count; i++) {
		struct node *node = &stat->lps.nodes[i];
		struct hvstat_lp *lp = &sample->lps[sample->lp_count];

		if (!read_lp_at_once(stat, node, lp, sample))
			continue;
		sample->lp_count++;
		if (!stat->options.no_wake &&
			asleep(node, lp->counters[LP_GlobalTime], monotonic())) {
			if (!places.set)
				places = remember_places();
			if (places.set && wake(lp))
				read_lp_at_once(stat, node, lp, sample);
		}
		node->clock = lp->counters[LP_GlobalTime];
		node->clock_read = monotonic();
	}
	if (places.set) {
		sched_setaffinity(0, places.size, places.set);
		CPU_FREE(places.set);
	}
}

/* ---- All ---- */

static bool read_hv(struct hvstat *stat, struct hvstat_sample *sample)
{
	long length = file_read(stat->hv, stat->text, TEXT_ROOM);

	memset(sample->hv, 0, sizeof(sample->hv));
	return length > 0 && hvstat_parse(HVSTAT_HV, stat->text, (size_t)length, sample->hv,
				     sample->present[HVSTAT_HV]);
}

bool hvstat_read(struct hvstat *stat, struct hvstat_sample *sample, char error[HVSTAT_ERROR])
{
	sample->lp_count = sample->partition_count = sample->vp_count = 0;
	memset(sample->present, 0, sizeof(sample->present));
	clock_gettime(CLOCK_REALTIME, &sample->when);
	sample->time_ns = monotonic();
	if (!read_hv(stat, sample)) {
		snprintf(error, HVSTAT_ERROR, "%s/stats has no counters any more",
			stat->options.root);
		return false;
	}
	if (!branch_scan(&stat->lps) || !hvstat_sample_room(sample, stat->lps.count, 0, 0) ||
		!guests_scan(stat)) {
		snprintf(error, HVSTAT_ERROR, "out of memory");
		return false;
	}
	read_lps(stat, sample);
	if (!guests_read(stat, sample)) {
		snprintf(error, HVSTAT_ERROR, "out of memory");
		return false;
	}
	return true;
}
