/* SPDX-License-Identifier: BSD-2-Clause */
/* A tree of statistics files as the mshv driver makes it, in a folder of its own. */
#define _GNU_SOURCE
#include "tests/hvstat/test.h"
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

static char root[PATH_MAX / 2];

const char *tree_new(void)
{
	snprintf(root, sizeof(root), "/tmp/hvstat-test-XXXXXX");
	if (!mkdtemp(root)) {
		perror("mkdtemp");
		exit(2);
	}
	return root;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)type, (void)ftw;
	return remove(path);
}

static void remove_all(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void tree_remove(void)
{
	remove_all(root);
}

void tree_take(uint64_t partition, int vp)
{
	char path[PATH_MAX];

	if (vp < 0)
		snprintf(path, sizeof(path), "%s/partition/%" PRIu64, root, partition);
	else
		snprintf(path, sizeof(path), "%s/partition/%" PRIu64 "/vp/%d", root, partition, vp);
	remove_all(path);
}

static FILE *create(enum hvstat_kind kind, uint64_t partition, unsigned index)
{
	char path[PATH_MAX];
	FILE *file;

	if (kind == HVSTAT_HV)
		snprintf(path, sizeof(path), "%s/stats", root);
	else if (kind == HVSTAT_LP)
		snprintf(path, sizeof(path), "%s/lp/%u/stats", root, index);
	else if (kind == HVSTAT_PT)
		snprintf(path, sizeof(path), "%s/partition/%" PRIu64 "/stats", root, partition);
	else
		snprintf(path, sizeof(path), "%s/partition/%" PRIu64 "/vp/%u/stats", root,
			partition, index);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

void tree_write(enum hvstat_kind kind, uint64_t partition, unsigned index, uint64_t base)
{
	FILE *file = create(kind, partition, index);

	for (unsigned i = 0; i < hvstat_counter_count; i++)
		if (hvstat_counters[i].kind == kind)
			fprintf(file, "%-43s: %" PRIu64 "\n", hvstat_counters[i].name,
				base + 10 * hvstat_counters[i].index);
	fclose(file);
}

void tree_usual(const char *where, uint64_t base)
{
	static const struct {
		uint64_t id;
		unsigned vps;
	} partitions[] = {{1, 2}, {5, 1}, {7, 2}};

	if (where != root)
		snprintf(root, sizeof(root), "%s", where);
	tree_write(HVSTAT_HV, 0, 0, base);
	for (unsigned lp = 0; lp < 2; lp++)
		tree_write(HVSTAT_LP, 0, lp, base);
	for (unsigned i = 0; i < 3; i++) {
		tree_write(HVSTAT_PT, partitions[i].id, 0, base);
		for (unsigned vp = 0; vp < partitions[i].vps; vp++)
			tree_write(HVSTAT_VP, partitions[i].id, vp, base);
	}
}

void set(struct hvstat_object *object, unsigned index, uint64_t value)
{
	object->values[index] = value;
	object->present[index / 64] |= UINT64_C(1) << index % 64;
}
