/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's folder: which objects it has, and their files, kept open. */
#ifndef HVSTAT_TREE_H
#define HVSTAT_TREE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object with a file "stats" in a folder that is named by its number. */
struct node {
	uint64_t id;
	bool self; /* the folder is named "self": a root that is a partition of another hypervisor
		    */
	int fd;	   /* -1: too many files are open, it is opened for each reading */
	/* Of an LP: its last GlobalTime, and when it was read, in ns. */
	uint64_t clock;
	int64_t clock_read;
	int64_t shortest; /* time that reading and parsing it took, ns; 0: not known */
};

/* A folder of such folders. */
struct branch {
	DIR *folder;
	struct node *nodes; /* ascending, "self" first */
	uint32_t count, room;
};

/* Opens NAME in `parent` (a descriptor). False with errno if that fails. */
bool branch_open(struct branch *branch, int parent, const char *name);
void branch_close(struct branch *branch);

/* Looks which objects there are now; the files of those that stay remain open. False: no memory. */
bool branch_scan(struct branch *branch);

/* The text of NODE/stats. Its length, or a negative errno. */
long branch_read(struct branch *branch, struct node *node, char *text, size_t room);

/* The folder's name of a node. */
#define NODE_NAME 32
const char *node_name(const struct node *node, char name[NODE_NAME]);

/* The text of a file of its own. */
long file_read(int fd, char *text, size_t room);

/* Lets this process open as many files as it may. */
void raise_file_limit(void);

#endif
