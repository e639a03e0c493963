/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the tree of statistics files. Files stay open between samples; a file that gives an error
 * is opened once more, as a new object may have got the number of an old one.
 */
#define _GNU_SOURCE
#include "hvstat/hvstat.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define FIRST_BUFFER 32768 /* a VP's file has 15 KB */
#define MAX_BUFFER   (1 << 20)

struct file {
	enum hvstat_kind kind;
	uint64_t partition;
	unsigned index;
	int fd;
	bool seen; /* in the present sample */
};

struct hvstat {
	char root[PATH_MAX / 2];
	char error[PATH_MAX];
	struct file *files; /* in a sample's order */
	unsigned count, room;
	char *buffer;
	size_t size;
};

struct numbers {
	uint64_t *list;
	unsigned count;
};

static __attribute__((format(printf, 2, 3))) bool fail(
	struct hvstat *hvstat, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(hvstat->error, sizeof(hvstat->error), format, arguments);
	va_end(arguments);
	return false;
}

const char *hvstat_error(const struct hvstat *hvstat)
{
	return hvstat->error;
}

/* Says why the tree is not there or must not be read. */
static bool fail_path(struct hvstat *hvstat, const char *path, int error)
{
	const char *hint = "";

	if (error == ENOENT)
		hint = " (is this the root partition, with debugfs mounted and CONFIG_MSHV_ROOT?)";
	else if (error == EACCES || error == EPERM)
		hint = " (only the superuser may read debugfs)";
	return fail(hvstat, "cannot read %s: %s%s", path, strerror(error), hint);
}

struct hvstat *hvstat_open(const char *root, char *error, size_t size)
{
	struct hvstat *hvstat = calloc(1, sizeof(*hvstat));
	struct rlimit limit;
	char path[PATH_MAX];

	if (!hvstat || !(hvstat->buffer = malloc(FIRST_BUFFER))) {
		snprintf(error, size, "out of memory");
		free(hvstat);
		return NULL;
	}
	hvstat->size = FIRST_BUFFER;
	if (!getrlimit(RLIMIT_NOFILE, &limit)) { /* a file for each VP */
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	snprintf(hvstat->root, sizeof(hvstat->root), "%s", root ? root : HVSTAT_ROOT);
	snprintf(path, sizeof(path), "%s/stats", hvstat->root);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fail_path(hvstat, path, errno);
		snprintf(error, size, "%s", hvstat->error);
		hvstat_close(hvstat);
		return NULL;
	}
	close(fd);
	return hvstat;
}

void hvstat_close(struct hvstat *hvstat)
{
	if (!hvstat)
		return;
	for (unsigned i = 0; i < hvstat->count; i++)
		if (hvstat->files[i].fd >= 0)
			close(hvstat->files[i].fd);
	free(hvstat->files);
	free(hvstat->buffer);
	free(hvstat);
}

/* ---- Which objects there are ---- */

static int by_place(const void *left, const void *right)
{
	const struct file *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->partition != b->partition)
		return a->partition < b->partition ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

/* The file of an object, a new one if it was not there. NULL: no memory. */
static struct file *file_of(struct hvstat *hvstat, const struct file *wanted)
{
	unsigned low = 0, high = hvstat->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = by_place(wanted, &hvstat->files[middle]);

		if (!order)
			return &hvstat->files[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	if (hvstat->count == hvstat->room) {
		unsigned room = hvstat->room ? 2 * hvstat->room : 32;
		void *files = realloc(hvstat->files, room * sizeof(*wanted));

		if (!files)
			return NULL;
		hvstat->files = files;
		hvstat->room = room;
	}
	memmove(&hvstat->files[low + 1], &hvstat->files[low],
		(hvstat->count - low) * sizeof(*wanted));
	hvstat->count++;
	hvstat->files[low] = *wanted;
	return &hvstat->files[low];
}

static bool see(struct hvstat *hvstat, enum hvstat_kind kind, uint64_t partition, uint64_t index)
{
	struct file wanted = {kind, partition, (unsigned)index, -1, true};
	struct file *file = file_of(hvstat, &wanted);

	if (!file)
		return fail(hvstat, "out of memory");
	file->seen = true;
	return true;
}

/* The numbers that a folder's entries are named by. No folder: none. */
static bool list(struct hvstat *hvstat, const char *path, struct numbers *numbers)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	unsigned room = 0;

	*numbers = (struct numbers){0};
	if (!folder)
		return errno == ENOENT || errno == ENOTDIR || fail_path(hvstat, path, errno);
	while ((entry = readdir(folder))) {
		char *end;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (numbers->count == room) {
			void *more = realloc(
				numbers->list, (room = 2 * room + 8) * sizeof(*numbers->list));

			if (!more) {
				closedir(folder);
				return fail(hvstat, "out of memory");
			}
			numbers->list = more;
		}
		numbers->list[numbers->count] = strtoull(entry->d_name, &end, 10);
		numbers->count += !*end;
	}
	closedir(folder);
	return true;
}

static bool see_vps(struct hvstat *hvstat, uint64_t partition)
{
	struct numbers vps;
	char path[PATH_MAX];
	bool good = see(hvstat, HVSTAT_PT, partition, 0);

	snprintf(path, sizeof(path), "%s/partition/%" PRIu64 "/vp", hvstat->root, partition);
	good = good && list(hvstat, path, &vps);
	if (!good)
		return false;
	for (unsigned i = 0; good && i < vps.count; i++)
		good = vps.list[i] <= UINT_MAX && see(hvstat, HVSTAT_VP, partition, vps.list[i]);
	free(vps.list);
	return good;
}

static bool see_all(struct hvstat *hvstat)
{
	struct numbers lps = {0}, partitions = {0};
	char path[PATH_MAX];
	bool good = see(hvstat, HVSTAT_HV, 0, 0);

	snprintf(path, sizeof(path), "%s/stats", hvstat->root);
	if (access(path, R_OK))
		return fail_path(hvstat, path, errno);
	snprintf(path, sizeof(path), "%s/lp", hvstat->root);
	good = good && list(hvstat, path, &lps);
	for (unsigned i = 0; good && i < lps.count; i++)
		good = lps.list[i] <= UINT_MAX && see(hvstat, HVSTAT_LP, 0, lps.list[i]);
	snprintf(path, sizeof(path), "%s/partition", hvstat->root);
	good = good && list(hvstat, path, &partitions);
	for (unsigned i = 0; good && i < partitions.count; i++)
		good = see_vps(hvstat, partitions.list[i]);
	free(lps.list);
	free(partitions.list);
	return good;
}

/* ---- What they say ---- */

static void path_of(const struct hvstat *hvstat, const struct file *file, char path[PATH_MAX])
{
	const char *root = hvstat->root;

	if (file->kind == HVSTAT_HV)
		snprintf(path, PATH_MAX, "%s/stats", root);
	else if (file->kind == HVSTAT_LP)
		snprintf(path, PATH_MAX, "%s/lp/%u/stats", root, file->index);
	else if (file->kind == HVSTAT_PT)
		snprintf(path, PATH_MAX, "%s/partition/%" PRIu64 "/stats", root, file->partition);
	else
		snprintf(path, PATH_MAX, "%s/partition/%" PRIu64 "/vp/%u/stats", root,
			file->partition, file->index);
}

/* The length of what is in the buffer; 0: the object is no more. */
static size_t read_whole(struct hvstat *hvstat, int fd)
{
	for (;;) {
		ssize_t got = pread(fd, hvstat->buffer, hvstat->size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		if ((size_t)got < hvstat->size || hvstat->size >= MAX_BUFFER)
			return (size_t)got;
		char *more = realloc(hvstat->buffer, 2 * hvstat->size);

		if (!more)
			return (size_t)got;
		hvstat->buffer = more;
		hvstat->size *= 2;
	}
}

static size_t read_file(struct hvstat *hvstat, struct file *file)
{
	char path[PATH_MAX];
	size_t length;

	if (file->fd >= 0) {
		length = read_whole(hvstat, file->fd);
		if (length)
			return length;
		close(file->fd);
	}
	path_of(hvstat, file, path);
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0) {
		if (errno != ENOENT)
			fail_path(hvstat, path, errno);
		return 0;
	}
	return read_whole(hvstat, file->fd);
}

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* An LP's page is up to date when the LP has just been in the hypervisor: by waking us there. */
static void go_to(unsigned lp)
{
	cpu_set_t only;

	if (lp >= CPU_SETSIZE)
		return;
	CPU_ZERO(&only);
	CPU_SET(lp, &only);
	sched_setaffinity(0, sizeof(only), &only);
}

static void fill(struct hvstat *hvstat, struct hvstat_sample *sample)
{
	cpu_set_t mask;
	bool bound = !sched_getaffinity(0, sizeof(mask), &mask);

	for (unsigned i = 0; i < hvstat->count; i++) {
		struct file *file = &hvstat->files[i];
		struct hvstat_object *object = &sample->objects[sample->count];

		if (file->kind == HVSTAT_LP && bound)
			go_to(file->index);
		size_t length = read_file(hvstat, file);

		object->kind = file->kind;
		object->partition = file->partition;
		object->index = file->index;
		object->seconds = now(CLOCK_MONOTONIC);
		if (length && hvstat_parse(object, hvstat->buffer, length))
			sample->count++;
	}
	if (bound)
		sched_setaffinity(0, sizeof(mask), &mask);
}

static void forget_unseen(struct hvstat *hvstat)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < hvstat->count; i++) {
		if (hvstat->files[i].seen)
			hvstat->files[kept++] = hvstat->files[i];
		else if (hvstat->files[i].fd >= 0)
			close(hvstat->files[i].fd);
	}
	hvstat->count = kept;
}

struct hvstat_sample *hvstat_sample(struct hvstat *hvstat)
{
	struct hvstat_sample *sample = calloc(1, sizeof(*sample));

	hvstat->error[0] = 0;
	for (unsigned i = 0; i < hvstat->count; i++)
		hvstat->files[i].seen = false;
	if (!sample || !see_all(hvstat)) {
		free(sample);
		return NULL;
	}
	forget_unseen(hvstat);
	sample->objects = calloc(hvstat->count, sizeof(*sample->objects));
	sample->time_ms = (int64_t)(now(CLOCK_REALTIME) * 1e3);
	if (sample->objects)
		fill(hvstat, sample);
	if (!sample->count) {
		if (!hvstat->error[0])
			fail(hvstat, "no statistics in %s: nothing there has the counters' form",
				hvstat->root);
		hvstat_free(sample);
		return NULL;
	}
	for (unsigned i = 0; i < sample->count; i++) { /* it was there first, so it is the lowest */
		if (sample->objects[i].kind != HVSTAT_PT)
			continue;
		sample->root = sample->objects[i].partition;
		break;
	}
	return sample;
}

void hvstat_free(struct hvstat_sample *sample)
{
	if (sample)
		free(sample->objects);
	free(sample);
}
