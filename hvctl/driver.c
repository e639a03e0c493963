/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition properties by way of Linux's driver. It passes hypercalls on that are on a list of its
 * own, for the partition whose file it is; from the device only questions about the root itself.
 */
#include "hvctl/hvctl.h"
#include "abi/hv_property.h"
#include "abi/hv_status.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Linux: include/uapi/linux/mshv.h. */
struct create_partition {
	uint64_t flags;
	uint64_t isolation;
};

struct root_hvcall {
	uint16_t code;
	uint16_t reps;
	uint16_t in_size;
	uint16_t out_size;
	uint16_t status; /* of the hypercall; valid also if the ioctl fails, unless it is 0 then */
	uint8_t reserved[6];
	uint64_t in;
	uint64_t out;
};

#define IOCTL_CREATE_PARTITION _IOW(0xb8, 0, struct create_partition)
#define IOCTL_ROOT_HVCALL      _IOWR(0xb8, 7, struct root_hvcall)
#define FLAG_LAPIC	       1u

#define CALL_GET_PARTITION_PROPERTY 0x44
#define CALL_SET_PARTITION_PROPERTY 0x45

struct property_input {
	uint64_t partition; /* the driver's to fill in */
	uint32_t code;
	uint32_t padding;
	uint64_t value;
};

int device_open(const struct machine *machine, int *file)
{
	*file = open(machine->device, O_RDWR | O_CLOEXEC);
	if (*file >= 0)
		return 0;
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		return failed("there is no %s: this is not the root partition of a hypervisor, or "
			      "its Linux has no mshv driver",
			machine->device);
	if (errno == EACCES || errno == EPERM)
		return failed("cannot open %s: only the superuser may", machine->device);
	return failed("cannot open %s: %s", machine->device, strerror(errno));
}

int partition_open(const struct machine *machine, int *file)
{
	struct create_partition create = {.flags = FLAG_LAPIC};
	int device, status = device_open(machine, &device);

	*file = -1;
	if (status)
		return status;
	*file = machine->control(device, IOCTL_CREATE_PARTITION, &create);
	if (*file < 0)
		status = failed("cannot make a partition to ask through: %s", strerror(errno));
	close(device);
	return status;
}

/* ---- Hypercalls ---- */

static int call(const struct machine *machine, int file, struct root_hvcall *arguments)
{
	if (!machine->control(file, IOCTL_ROOT_HVCALL, arguments) || arguments->status)
		return arguments->status;
	if (errno == EPERM || errno == EACCES)
		failed("the driver refuses: only the superuser may do that");
	else
		failed("the driver refuses: %s", strerror(errno));
	return DRIVER_FAILED;
}

int property_get(const struct machine *machine, int file, uint32_t code, uint64_t *value)
{
	struct property_input input = {.code = code};
	struct root_hvcall arguments = {.code = CALL_GET_PARTITION_PROPERTY,
		.in = (uintptr_t)&input,
		.in_size = 16,
		.out = (uintptr_t)value,
		.out_size = sizeof(*value)};

	return call(machine, file, &arguments);
}

int property_set(const struct machine *machine, int file, uint32_t code, uint64_t value)
{
	struct property_input input = {.code = code, .value = value};
	struct root_hvcall arguments = {.code = CALL_SET_PARTITION_PROPERTY,
		.in = (uintptr_t)&input,
		.in_size = sizeof(input)};

	return call(machine, file, &arguments);
}

static const char *status_name(int status)
{
	switch (status) {
#define STATUS(value, name)                                                                        \
	case value:                                                                                \
		return "HV_STATUS_" #name;
#include "abi/status.def"
#undef STATUS
	}
	return "a status that is not known";
}

int refused(int status, const char *what)
{
	if (status == DRIVER_FAILED)
		return 1;
	if (status == HV_STATUS_UNKNOWN_PROPERTY)
		return failed(
			"the hypervisor knows nothing of %s: it is not Trivium, or too old", what);
	return failed("the hypervisor refuses %s: %s (0x%x)", what, status_name(status),
		(unsigned)status);
}

int get(const struct machine *machine, int file, uint32_t code, const char *what, uint64_t *value)
{
	int status = property_get(machine, file, code, value);

	return status ? refused(status, what) : 0;
}

/* ---- Reserve, limit, weight ---- */

int settings_get(const struct machine *machine, int file, struct settings *settings)
{
	uint64_t weight, reserve, limit;
	int status = get(machine, file, HV_PARTITION_PROPERTY_CPU_WEIGHT, "a weight", &weight);

	if (!status)
		status = get(
			machine, file, HV_PARTITION_PROPERTY_CPU_RESERVE, "a reserve", &reserve);
	if (!status)
		status = get(machine, file, HV_PARTITION_PROPERTY_CPU_CAP, "a limit", &limit);
	if (status)
		return status;
	*settings = (struct settings){(uint32_t)weight, (uint32_t)reserve, (uint32_t)limit};
	return 0;
}

/* What is left for others of all LPs; all in shares of one. */
static int reserve_refused(
	const struct machine *machine, const struct guest *guest, uint32_t reserve, uint32_t before)
{
	uint64_t reserved = 0, capacity = 0, vps = 0, seen, left;
	char wanted[16], free[16], each[16];
	int status = get(machine, guest->file, HV_PARTITION_PROPERTY_TRIVIUM_CPU_RESERVED,
		"the sum of reserves", &reserved);

	if (!status)
		status = get(machine, guest->file, HV_PARTITION_PROPERTY_TRIVIUM_CPU_CAPACITY,
			"the number of LPs", &capacity);
	if (status)
		return status;
	for (uint32_t vp = 0; vp < MAX_VPS; vp++)
		vps += !property_get(machine, guest->file,
			HV_PARTITION_PROPERTY_TRIVIUM_VP_AFFINITY_SET + vp, &seen);
	left = capacity - reserved + vps * before;
	print_share(reserve, wanted);
	print_share((uint32_t)left, free);
	print_share((uint32_t)(vps ? left / vps : left), each);
	return failed(
		"reserve=%s for each of %u VPs is more than the %u LPs have left: other guests "
		"leave %s of an LP, %s for each VP",
		wanted, (unsigned)vps, (unsigned)(capacity / WHOLE_LP), free, each);
}

struct step {
	uint32_t code;
	uint32_t value, before;
	const char *what;
};

/* Takes the first `count` steps back. */
static void undo(const struct machine *machine, int file, const struct step *steps, unsigned count)
{
	while (count--)
		property_set(machine, file, steps[count].code, steps[count].before);
}

int settings_set(
	const struct machine *machine, const struct guest *guest, const struct settings *settings)
{
	struct settings before;
	int status = settings_get(machine, guest->file, &before);
	struct step weight = {
		HV_PARTITION_PROPERTY_CPU_WEIGHT, settings->weight, before.weight, "the weight"};
	struct step reserve = {HV_PARTITION_PROPERTY_CPU_RESERVE, settings->reserve, before.reserve,
		"the reserve"};
	struct step limit = {
		HV_PARTITION_PROPERTY_CPU_CAP, settings->limit, before.limit, "the limit"};
	/* On the way the reserve must not be above the limit. */
	bool raise = settings->limit >= before.limit;
	struct step steps[] = {raise ? limit : reserve, raise ? reserve : limit, weight};

	for (unsigned i = 0; !status && i < sizeof(steps) / sizeof(steps[0]); i++) {
		int answer =
			steps[i].value == steps[i].before
				? 0
				: property_set(machine, guest->file, steps[i].code, steps[i].value);

		if (!answer)
			continue;
		undo(machine, guest->file, steps, i);
		if (answer == HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE &&
			steps[i].code == HV_PARTITION_PROPERTY_CPU_RESERVE)
			return reserve_refused(machine, guest, settings->reserve, before.reserve);
		status = refused(answer, steps[i].what);
	}
	return status;
}
