/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "core/vp/vp.h"
#include "loader/loader.h"

#define MAX_RESERVED 16

static struct {
	u64 start;
	u64 end;
} reserved[MAX_RESERVED];

static u32 reserved_count;

void loader_reserve(u64 start, u64 end)
{
	bug_on(reserved_count == MAX_RESERVED);
	reserved[reserved_count].start = start;
	reserved[reserved_count].end = end;
	reserved_count++;
}

#define NONE (~0ull)

/* If [start, end) meets something reserved: where that begins. Else NONE. */
static u64 obstacle(u64 start, u64 end)
{
	for (u32 i = 0; i < reserved_count; i++)
		if (start < reserved[i].end && reserved[i].start < end)
			return reserved[i].start;
	return NONE;
}

bool loader_free(u64 start, u64 size)
{
	const struct boot_info *boot = &machine.boot;

	for (u32 i = 0; i < boot->range_count; i++) {
		const struct memory_range *range = &boot->ranges[i];

		if (range->kind == MEMORY_RAM && range->start <= start && start <= range->end &&
			size <= range->end - start)
			return obstacle(start, start + size) == NONE;
	}
	return false;
}

static u64 find_in(const struct memory_range *range, u64 size, u64 align, u64 limit)
{
	u64 end = MIN(range->end, limit);

	while (end >= size && end - size >= range->start) {
		u64 start = ALIGN_DOWN(end - size, align);
		u64 stop;

		if (start < range->start || start == 0)
			return 0;
		stop = obstacle(start, start + size);
		if (stop == NONE)
			return start;
		end = stop;
	}
	return 0;
}

u64 loader_find(u64 size, u64 align, u64 limit)
{
	const struct boot_info *boot = &machine.boot;
	u64 best = 0;

	for (u32 i = 0; i < boot->range_count; i++)
		if (boot->ranges[i].kind == MEMORY_RAM)
			best = MAX(best, find_in(&boot->ranges[i], size, align, limit));
	return best;
}

/* Cuts [start, end) out of the RAM ranges and shows it as reserved. */
static u32 cut(struct memory_range *ranges, u32 count, u32 maximum, u64 start, u64 end)
{
	for (u32 i = 0; i < count; i++) {
		struct memory_range *range = &ranges[i];
		u64 old_end = range->end;

		if (range->kind != MEMORY_RAM || range->start > start || range->end < end)
			continue;
		if (count + 2 > maximum)
			refuse("memory map has too many ranges");
		range->end = start;
		/* No empty range is left behind. */
		if (range->start == start)
			*range = (struct memory_range){start, end, MEMORY_RESERVED};
		else
			ranges[count++] = (struct memory_range){start, end, MEMORY_RESERVED};
		if (end < old_end)
			ranges[count++] = (struct memory_range){end, old_end, MEMORY_RAM};
		return count;
	}
	return count;
}

u32 loader_root_map(struct memory_range *ranges, u32 maximum)
{
	const struct boot_info *boot = &machine.boot;
	u32 count = MIN(boot->range_count, maximum);

	memcpy(ranges, boot->ranges, count * sizeof(*ranges));
	count = cut(ranges, count, maximum, machine.image_start, machine.image_end);
	return cut(ranges, count, maximum, hypervisor.pool_start, hypervisor.pool_end);
}

static void set_segment(struct vp *vp, enum hv_register_name name, u16 selector, u16 attributes)
{
	union hv_register_value value = {
		.segment = {.limit = ~0u, .selector = selector, .attributes = attributes}};

	(void)hypervisor.backend->set_register(vp, name, &value);
}

void loader_enter_32(struct vp *vp, u64 entry, u64 argument)
{
	static const enum hv_register_name data[] = {
		HV_REGISTER_DS, HV_REGISTER_ES, HV_REGISTER_SS, HV_REGISTER_FS, HV_REGISTER_GS};

	set_segment(vp, HV_REGISTER_CS, 0x10, 0xc09b);
	for (u32 i = 0; i < ARRAY_SIZE(data); i++)
		set_segment(vp, data[i], 0x18, 0xc093);
	vp_set_register64(vp, HV_REGISTER_CR0, 0x11);
	vp->regs.rip = entry;
	vp->regs.gpr[RSI] = argument;
}

/* DOC: root-software */
void loader_start_root(struct vp *vp)
{
	const struct boot_info *boot = &machine.boot;

	if (!boot->module_count)
		refuse("no root kernel: the boot loader must pass it as the first module");
	if (linux_is_image(&boot->modules[0]))
		linux_load(vp);
	else if (payload_is_image(&boot->modules[0]))
		payload_load(vp);
	else
		refuse("the first module is neither a Linux kernel nor a test partition");
}
