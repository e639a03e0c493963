/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/lib/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SPARE 64 /* descriptors left to the rest of the program */

static rlim_t limit = 1024;

void raise_file_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		getrlimit(RLIMIT_NOFILE, &files);
	limit = files.rlim_cur;
}

bool branch_open(struct branch *branch, int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*branch = (struct branch){.folder = fd < 0 ? NULL : fdopendir(fd)};
	if (fd >= 0 && !branch->folder)
		close(fd);
	return branch->folder;
}

void branch_close(struct branch *branch)
{
	for (uint32_t i = 0; i < branch->count; i++)
		if (branch->nodes[i].fd >= 0)
			close(branch->nodes[i].fd);
	free(branch->nodes);
	if (branch->folder)
		closedir(branch->folder);
	*branch = (struct branch){0};
}

const char *node_name(const struct node *node, char name[NODE_NAME])
{
	if (node->self)
		return "self";
	snprintf(name, NODE_NAME, "%" PRIu64, node->id);
	return name;
}

/* Only what the driver would name a folder: a number without leading zeros, or "self". */
static bool node_from_name(const char *name, struct node *node)
{
	char *end, again[NODE_NAME];

	*node = (struct node){.fd = -1, .self = !strcmp(name, "self")};
	if (node->self)
		return true;
	errno = 0;
	node->id = strtoull(name, &end, 10);
	return !errno && end != name && !*end && !strcmp(name, node_name(node, again));
}

static int by_id(const void *left, const void *right)
{
	const struct node *a = left, *b = right;

	if (a->self != b->self)
		return a->self ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static int node_open(const struct branch *branch, const struct node *node)
{
	char name[NODE_NAME], path[NODE_NAME + 8];

	snprintf(path, sizeof(path), "%s/stats", node_name(node, name));
	return openat(dirfd(branch->folder), path, O_RDONLY | O_CLOEXEC);
}

/* The folder's present list. */
static bool list(DIR *folder, struct node **nodes, uint32_t *count, uint32_t *room)
{
	struct dirent *entry;

	*count = 0;
	rewinddir(folder);
	while ((entry = readdir(folder))) {
		struct node node;

		if (!node_from_name(entry->d_name, &node))
			continue;
		if (*count == *room) {
			uint32_t larger = *room * 2 + 16;
			void *moved = reallocarray(*nodes, larger, sizeof(**nodes));

			if (!moved)
				return false;
			*nodes = moved;
			*room = larger;
		}
		(*nodes)[(*count)++] = node;
	}
	if (*count)
		qsort(*nodes, *count, sizeof(**nodes), by_id);
	return true;
}

/* Takes the files over from the old list; closes those of objects that are gone. */
static void take_over(struct branch *branch, struct node *now, uint32_t count)
{
	uint32_t j = 0;

	for (uint32_t i = 0; i < branch->count; i++) {
		struct node *old = &branch->nodes[i];

		while (j < count && by_id(&now[j], old) < 0)
			j++;
		if (j < count && !by_id(&now[j], old)) {
			now[j] = *old;
			continue;
		}
		if (old->fd >= 0)
			close(old->fd);
	}
}

bool branch_scan(struct branch *branch)
{
	struct node *now = NULL;
	uint32_t count, room = 0;

	if (!list(branch->folder, &now, &count, &room)) {
		free(now);
		return false;
	}
	take_over(branch, now, count);
	free(branch->nodes);
	branch->nodes = now;
	branch->count = count;
	branch->room = room;
	return true;
}

long file_read(int fd, char *text, size_t room)
{
	ssize_t got;

	/* One call: the driver makes the whole text anew for each. */
	do
		got = pread(fd, text, room, 0);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

long branch_read(struct branch *branch, struct node *node, char *text, size_t room)
{
	int fd = node->fd >= 0 ? node->fd : node_open(branch, node);
	long got;

	if (fd < 0)
		return -errno;
	got = file_read(fd, text, room);
	if (got >= 0 && (rlim_t)fd + SPARE < limit) {
		node->fd = fd;
		return got;
	}
	close(fd);
	node->fd = -1;
	return got;
}
