/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests are processes that hold a file of mshv's for a partition; their names are QEMU's -name. */
#include "hvctl/hvctl.h"
#include "abi/hv_property.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Names ---- */

/* Up to a comma; two commas are one (QEMU's way to put a comma into an option). */
static void copy_option(const char *text, char name[NAME_MAX_LENGTH])
{
	size_t length = 0;

	for (; *text && length < NAME_MAX_LENGTH - 1; text++) {
		if (*text == ',' && *++text != ',')
			break;
		name[length++] = *text;
	}
	name[length] = 0;
}

/* "NAME,option=...", or "option=...,guest=NAME". */
static void name_from_option(const char *text, char name[NAME_MAX_LENGTH])
{
	const char *guest = text;

	while (guest && strncmp(guest, "guest=", 6)) {
		guest = strchr(guest, ',');
		if (guest)
			guest++;
	}
	if (guest)
		copy_option(guest + 6, name);
	else if (strcspn(text, "=") >= strcspn(text, ","))
		copy_option(text, name);
}

bool name_from_arguments(const char *arguments, size_t length, char name[NAME_MAX_LENGTH])
{
	const char *end = arguments + length;
	bool follows = false;

	*name = 0;
	for (const char *word = arguments; word < end && memchr(word, 0, (size_t)(end - word));
		word += strlen(word) + 1) {
		if (follows)
			name_from_option(word, name);
		follows = !follows && (!strcmp(word, "-name") || !strcmp(word, "--name"));
	}
	return *name;
}

static void read_name(int process, char name[NAME_MAX_LENGTH])
{
	static char arguments[1 << 16];
	int fd = openat(process, "cmdline", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 1;

	while (fd >= 0 && length < sizeof(arguments) && got > 0) {
		got = read(fd, arguments + length, sizeof(arguments) - length);
		length += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	name_from_arguments(arguments, length, name);
}

/* ---- Finding them ---- */

static struct guest *guest_of(const struct guests *guests, uint64_t id)
{
	for (unsigned i = 0; i < guests->count; i++)
		if (guests->list[i].id == id)
			return &guests->list[i];
	return NULL;
}

/* A process may have several files of one partition. What has ended meanwhile is no guest. */
static int add(const struct machine *machine, struct guests *guests, struct guest *guest)
{
	struct guest *more;
	int status;

	guest->file = machine->take_file(guest->process, guest->fd);
	if (guest->file < 0 && (errno == ESRCH || errno == EBADF))
		return 0;
	if (guest->file < 0)
		return failed("cannot take a file of process %d: %s", (int)guest->process,
			strerror(errno));
	status = get(machine, guest->file, HV_PARTITION_PROPERTY_TRIVIUM_PARTITION_ID,
		"a partition's number", &guest->id);
	more = !status && !guest_of(guests, guest->id)
		       ? reallocarray(guests->list, guests->count + 1, sizeof(*more))
		       : NULL;
	if (!more) {
		close(guest->file);
		return status;
	}
	guests->list = more;
	more[guests->count++] = *guest;
	return 0;
}

static DIR *open_folder(int parent, const char *path)
{
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !folder)
		close(fd);
	return folder;
}

static bool is_partition(int folder, const char *name)
{
	char target[64];
	ssize_t length = readlinkat(folder, name, target, sizeof(target) - 1);

	if (length <= 0)
		return false;
	target[length] = 0;
	return !strcmp(target, "anon_inode:mshv_partition");
}

static int look_at_process(
	const struct machine *machine, int process, pid_t pid, struct guests *guests)
{
	DIR *folder = open_folder(process, "fd");
	struct dirent *entry;
	int status = 0;

	while (folder && !status && (entry = readdir(folder))) {
		struct guest guest = {.process = pid, .fd = atoi(entry->d_name)};

		if (!isdigit((unsigned char)*entry->d_name) ||
			!is_partition(dirfd(folder), entry->d_name))
			continue;
		read_name(process, guest.name);
		status = add(machine, guests, &guest);
	}
	if (folder)
		closedir(folder);
	return status;
}

static int by_id(const void *left, const void *right)
{
	const struct guest *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

int guests_open(const struct machine *machine, struct guests *guests)
{
	DIR *folder;
	struct dirent *entry;
	int device, status;

	memset(guests, 0, sizeof(*guests));
	/* Without it there are no guests, but the reason would be lost. */
	status = device_open(machine, &device);
	if (status)
		return status;
	close(device);
	folder = open_folder(AT_FDCWD, machine->proc);
	if (!folder)
		return failed("cannot read %s: %s", machine->proc, strerror(errno));
	while (!status && (entry = readdir(folder))) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		int process = pid > 0 && pid != getpid()
				      ? openat(dirfd(folder), entry->d_name,
						O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				      : -1;

		if (process < 0)
			continue;
		status = look_at_process(machine, process, pid, guests);
		close(process);
	}
	closedir(folder);
	if (guests->count)
		qsort(guests->list, guests->count, sizeof(*guests->list), by_id);
	return status;
}

void guests_close(struct guests *guests)
{
	for (unsigned i = 0; i < guests->count; i++)
		close(guests->list[i].file);
	free(guests->list);
	memset(guests, 0, sizeof(*guests));
}

static int ambiguous(const struct guests *guests, const char *word)
{
	char ids[256] = "";
	size_t length = 0;

	for (unsigned i = 0; i < guests->count; i++)
		if (!strcmp(guests->list[i].name, word) && length < sizeof(ids) - 24)
			length += (size_t)snprintf(ids + length, sizeof(ids) - length, "%s%" PRIu64,
				length ? ", " : "", guests->list[i].id);
	return failed("several guests are named %s: say which by its partition, %s", word, ids);
}

int guests_find(const struct guests *guests, const char *word, const struct guest **found)
{
	uint64_t id;

	*found = NULL;
	for (unsigned i = 0; i < guests->count; i++) {
		if (strcmp(guests->list[i].name, word))
			continue;
		if (*found)
			return ambiguous(guests, word);
		*found = &guests->list[i];
	}
	if (!*found && parse_number(word, UINT64_MAX / 16, &id))
		*found = guest_of(guests, id);
	if (*found)
		return 0;
	return failed("there is no guest %s: hvctl list shows %u", word, guests->count);
}

int guest_open(const struct machine *machine, const char *word, struct guests *guests,
	const struct guest **found)
{
	int status = guests_open(machine, guests);

	return status ? status : guests_find(guests, word, found);
}
