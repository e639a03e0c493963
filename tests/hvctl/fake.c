/* SPDX-License-Identifier: BSD-2-Clause */
/* A /proc in a folder of its own, and a driver and a hypervisor that know the rules of the real
 * ones. */
#define _GNU_SOURCE
#include "tests/hvctl/test.h"
#include "abi/hv_property.h"
#include "abi/hv_status.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 256

struct fake fake;
/* Which partition a descriptor of this process is of; `own` is one without a process. */
static struct fake_partition *files[FILES];
static struct fake_partition own;

struct hvcall {
	uint16_t code, reps, in_size, out_size, status;
	uint8_t reserved[6];
	uint64_t in, out;
};

struct input {
	uint64_t partition;
	uint32_t code, padding;
	uint64_t value;
};

/* ---- The hypervisor ---- */

static uint64_t reserved_sum(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < fake.count; i++)
		sum += (uint64_t)fake.partitions[i].vps * fake.partitions[i].reserve;
	return sum;
}

static int get_property(const struct fake_partition *partition, uint32_t code, uint64_t *value)
{
	uint32_t vp = code - HV_PARTITION_PROPERTY_TRIVIUM_VP_AFFINITY_SET;
	uint32_t group = code - HV_PARTITION_PROPERTY_TRIVIUM_CPU_GROUPS;

	if (code >= fake.unknown)
		return HV_STATUS_UNKNOWN_PROPERTY;
	if (group < HV_CPU_GROUPS_MAX) {
		*value = group < 4 ? fake.groups[group] : 0;
		return 0;
	}
	if (code == HV_PARTITION_PROPERTY_TRIVIUM_CPU_CAPACITY ||
		code == HV_PARTITION_PROPERTY_TRIVIUM_CPU_RESERVED) {
		*value = code == HV_PARTITION_PROPERTY_TRIVIUM_CPU_CAPACITY ? FAKE_LPS * WHOLE_LP
									    : reserved_sum();
		return 0;
	}
	if (!partition)
		return HV_STATUS_UNKNOWN_PROPERTY;
	if (vp < MAX_VPS) {
		*value = vp < partition->vps ? partition->lps[vp] : 0;
		return vp < partition->vps ? 0 : HV_STATUS_INVALID_VP_INDEX;
	}
	switch (code) {
	case HV_PARTITION_PROPERTY_CPU_WEIGHT:
		*value = partition->weight;
		return 0;
	case HV_PARTITION_PROPERTY_CPU_RESERVE:
		*value = partition->reserve;
		return 0;
	case HV_PARTITION_PROPERTY_CPU_CAP:
		*value = partition->cap;
		return 0;
	case HV_PARTITION_PROPERTY_CPU_GROUP_ID:
		*value = partition->group;
		return 0;
	case HV_PARTITION_PROPERTY_TRIVIUM_PARTITION_ID:
		*value = partition->id;
		return 0;
	}
	return HV_STATUS_UNKNOWN_PROPERTY;
}

static uint64_t *group_at(uint64_t id)
{
	for (unsigned i = 0; i < 4; i++)
		if (fake.groups[i] >> 32 == id)
			return &fake.groups[i];
	return NULL;
}

static int set_group(struct fake_partition *partition, uint32_t code, uint64_t value)
{
	uint64_t *group = group_at(value);

	switch (code) {
	case HV_PARTITION_PROPERTY_TRIVIUM_CREATE_CPU_GROUP:
		if (group || !group_at(0))
			return group ? HV_STATUS_INVALID_CPU_GROUP_STATE : HV_STATUS_NO_RESOURCES;
		*group_at(0) = value << 32 | NO_CAP;
		return 0;
	case HV_PARTITION_PROPERTY_TRIVIUM_DELETE_CPU_GROUP:
		for (unsigned i = 0; i < fake.count; i++)
			if (fake.partitions[i].group == value)
				return HV_STATUS_INVALID_CPU_GROUP_STATE;
		if (group)
			*group = 0;
		return group ? 0 : HV_STATUS_INVALID_CPU_GROUP_ID;
	case HV_PARTITION_PROPERTY_TRIVIUM_CPU_GROUP_CAP:
		group = group_at(value >> 32);
		if (group)
			*group = value;
		return group ? 0 : HV_STATUS_INVALID_CPU_GROUP_ID;
	case HV_PARTITION_PROPERTY_CPU_GROUP_ID:
		if (value && !group)
			return HV_STATUS_INVALID_CPU_GROUP_ID;
		partition->group = value;
		return 0;
	}
	return HV_STATUS_UNKNOWN_PROPERTY;
}

static int set_property(struct fake_partition *partition, uint32_t code, uint64_t value)
{
	uint32_t vp = code - HV_PARTITION_PROPERTY_TRIVIUM_VP_AFFINITY_SET;
	uint64_t others = reserved_sum() - (uint64_t)partition->vps * partition->reserve;

	fake.sets++;
	if (vp < MAX_VPS) {
		if (vp >= partition->vps)
			return HV_STATUS_INVALID_VP_INDEX;
		partition->lps[vp] = value;
		return 0;
	}
	switch (code) {
	case HV_PARTITION_PROPERTY_CPU_WEIGHT:
		partition->weight = (uint32_t)value;
		/* For the test of all or nothing. */
		return value == 13 ? HV_STATUS_OPERATION_DENIED : 0;
	case HV_PARTITION_PROPERTY_CPU_RESERVE:
		if (value > partition->cap || others + partition->vps * value > FAKE_LPS * WHOLE_LP)
			return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
		partition->reserve = (uint32_t)value;
		return 0;
	case HV_PARTITION_PROPERTY_CPU_CAP:
		if (value < partition->reserve)
			return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
		partition->cap = (uint32_t)value;
		return 0;
	}
	return set_group(partition, code, value);
}

/* ---- The driver ---- */

static int control(int fd, unsigned long request, void *argument)
{
	struct hvcall *call = argument;
	struct input input = {0};

	if (fake.control_error) {
		errno = fake.control_error;
		return -1;
	}
	if (request == 0x4010b800) { /* MSHV_CREATE_PARTITION, of the device only */
		int file = open("/dev/null", O_RDWR | O_CLOEXEC);

		CHECK(!files[fd]);
		files[file] = &own;
		return file;
	}
	CHECK(request == 0xc020b807); /* MSHV_ROOT_HVCALL */
	CHECK(!call->status && !call->reps && (call->in_size == 16 || call->in_size == 24));
	memcpy(&input, (const void *)(uintptr_t)call->in, call->in_size);
	CHECK(!input.partition && !input.padding);
	if (call->code == 0x44)
		call->status = (uint16_t)get_property(
			files[fd], input.code, (uint64_t *)(uintptr_t)call->out);
	else if (call->code == 0x45 && files[fd])
		call->status = (uint16_t)set_property(files[fd], input.code, input.value);
	errno = EINVAL;
	return call->status || (call->code == 0x45 && !files[fd]) ? -1 : 0;
}

static int take_file(pid_t process, int fd)
{
	if (fake.take_error) {
		errno = fake.take_error;
		return -1;
	}
	for (unsigned i = 0; i < fake.count; i++) {
		int file;

		if (fake.partitions[i].process != process || fake.partitions[i].fd != fd)
			continue;
		file = open("/dev/null", O_RDWR | O_CLOEXEC);
		files[file] = &fake.partitions[i];
		return file;
	}
	errno = EBADF;
	return -1;
}

/* ---- The folder ---- */

static void put(const char *path, const void *bytes, size_t length)
{
	char full[256];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", fake.root, path);
	file = fopen(full, "w");
	CHECK(file && fwrite(bytes, 1, length, file) == length);
	if (file)
		fclose(file);
}

static void folder(const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", fake.root, path);
	mkdir(full, 0700);
}

void fake_link(pid_t process, int fd, const char *target)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/proc/%d/fd/%d", fake.root, (int)process, fd);
	CHECK(!symlink(target, path));
}

static char device_path[96], proc_path[96];

void fake_new(void)
{
	memset(&fake, 0, sizeof(fake));
	memset(files, 0, sizeof(files));
	fake.unknown = ~0u;
	strcpy(fake.root, "/tmp/hvctl-test-XXXXXX");
	CHECK(mkdtemp(fake.root));
	folder("proc");
	folder("proc/sys");
	put("device", "", 0);
	snprintf(device_path, sizeof(device_path), "%s/device", fake.root);
	snprintf(proc_path, sizeof(proc_path), "%s/proc", fake.root);
	fake.machine = (struct machine){.proc = proc_path,
		.device = device_path,
		.take_file = take_file,
		.control = control};
}

struct fake_partition *fake_guest(
	uint64_t id, pid_t process, int fd, unsigned vps, const char *const *arguments)
{
	struct fake_partition *partition = &fake.partitions[fake.count++];
	char path[64], line[1024];
	size_t length = 0;

	*partition = (struct fake_partition){
		id, process, fd, vps, 100, 0, WHOLE_LP, 0, {15, 15, 15, 15}};
	snprintf(path, sizeof(path), "proc/%d", (int)process);
	folder(path);
	snprintf(path, sizeof(path), "proc/%d/fd", (int)process);
	folder(path);
	for (; *arguments; arguments++) {
		strcpy(line + length, *arguments);
		length += strlen(*arguments) + 1;
	}
	snprintf(path, sizeof(path), "proc/%d/cmdline", (int)process);
	put(path, line, length);
	fake_link(process, fd, "anon_inode:mshv_partition");
	return partition;
}

static int take_away(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info;
	(void)kind;
	(void)where;
	return remove(path);
}

void fake_remove(void)
{
	nftw(fake.root, take_away, 8, FTW_DEPTH | FTW_PHYS);
	free(fake.output);
	fake.output = NULL;
}

static unsigned open_files(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < FILES; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int fake_run(const char *line)
{
	char text[256], *words[16];
	int count = 0, status;
	unsigned before;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	free(fake.output);
	fake.output = NULL;
	fake.machine.json = false;
	fake.machine.out = open_memstream(&fake.output, &fake.output_size);
	before = open_files();
	status = hvctl(&fake.machine, count, words);
	CHECK(open_files() == before);
	fclose(fake.machine.out);
	return status;
}
