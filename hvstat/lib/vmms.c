/* SPDX-License-Identifier: BSD-2-Clause */
/* The processes that have a partition, found in /proc. */
#include "hvstat/lib/names.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static size_t read_text(int folder, const char *path, char *text, size_t room)
{
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 1;

	while (fd >= 0 && length < room - 1 && got > 0) {
		got = read(fd, text + length, room - 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	text[length] = 0;
	return length;
}

static DIR *open_folder(int parent, const char *path)
{
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !folder)
		close(fd);
	return folder;
}

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The date a process or thread began: field 22 of its stat, in ticks since the machine's start. */
static int64_t started(int folder, const char *path)
{
	char text[1024], *at;
	long per_second = sysconf(_SC_CLK_TCK);
	unsigned long long ticks = 0;

	read_text(folder, path, text, sizeof(text));
	at = strrchr(text, ')'); /* the name before it may have blanks */
	for (unsigned field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1 || per_second <= 0)
		return 0;
	return nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME) +
	       (int64_t)(ticks * (1000000000ull / (unsigned long)per_second));
}

static void count_files(int process, struct vmm *vmm)
{
	DIR *folder = open_folder(process, "fd");
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char target[64];
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = 0;
		vmm->partitions += !strcmp(target, "anon_inode:mshv_partition");
		vmm->vps += !strcmp(target, "anon_inode:mshv_vp");
	}
	if (folder)
		closedir(folder);
}

/* QEMU calls the thread of VP n "CPU n/MSHV". */
static void look_at_threads(int process, struct vmm *vmm)
{
	DIR *folder = open_folder(process, "task");
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char path[sizeof(entry->d_name) + 8], name[32];
		unsigned index;

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/comm", entry->d_name);
		read_text(dirfd(folder), path, name, sizeof(name));
		if (sscanf(name, "CPU %u/", &index) != 1 || index >= NAMED_VPS)
			continue;
		snprintf(path, sizeof(path), "%s/stat", entry->d_name);
		vmm->thread_made[index] = started(dirfd(folder), path);
	}
	if (folder)
		closedir(folder);
}

static bool look_at_process(int process, struct vmm *vmm)
{
	char arguments[32768];
	size_t length;

	count_files(process, vmm);
	if (!vmm->partitions)
		return false;
	vmm->started = started(process, "stat");
	look_at_threads(process, vmm);
	length = read_text(process, "cmdline", arguments, sizeof(arguments));
	names_from_arguments(arguments, length, vmm->name);
	return true;
}

struct vmm *vmms_find(const char *proc, size_t *count)
{
	DIR *folder = open_folder(AT_FDCWD, proc);
	struct vmm *vmms = NULL;
	struct dirent *entry;

	*count = 0;
	while (folder && (entry = readdir(folder))) {
		struct vmm vmm = {.pid = (pid_t)strtol(entry->d_name, NULL, 10)};
		int process = vmm.pid > 0 ? openat(dirfd(folder), entry->d_name,
						    O_RDONLY | O_DIRECTORY | O_CLOEXEC)
					  : -1;
		bool has = process >= 0 && look_at_process(process, &vmm);
		struct vmm *larger = has ? reallocarray(vmms, *count + 1, sizeof(*vmms)) : NULL;

		if (process >= 0)
			close(process);
		if (!larger)
			continue;
		vmms = larger;
		vmms[(*count)++] = vmm;
	}
	if (folder)
		closedir(folder);
	return vmms;
}
