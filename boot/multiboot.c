/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First C on the boot LP: copies what the loader told us out of its memory, which belongs to the
 * root soon, and goes on to the machine and the core. The only file that knows the loader.
 *
 * The first word of every command line is the file's name: QEMU puts it there, and with GRUB one
 * writes it once more, as for other multiboot kernels. It is dropped.
 */
#include "boot/multiboot.h"
#include "machine/machine.h"
#include "machine/x86/x86.h"
#include "core/lib/string.h"
#include "core/log.h"

#define TEXT_SIZE   8192 /* all command lines together */
#define MAX_MAP_LEN 65536

_Noreturn void boot_main(u32 magic, u32 info_address);
_Noreturn void hypervisor_main(void); /* core/main.c */

static char text[TEXT_SIZE];
static size_t text_used;

/* Without its first word, and the blanks around that. */
static const char *copy_command_line(u32 address)
{
	const char *from = (const char *)(u64)address;
	char *to = &text[text_used];
	size_t length;

	if (!address)
		return "";
	while (*from == ' ')
		from++;
	while (*from && *from != ' ')
		from++;
	while (*from == ' ')
		from++;
	for (length = 0; from[length]; length++) {
		if (text_used + length + 1 >= sizeof(text))
			panic("multiboot: command lines longer than %u bytes", TEXT_SIZE);
		to[length] = from[length];
	}
	to[length] = 0;
	text_used += length + 1;
	return to;
}

static enum memory_kind kind_of(u32 type)
{
	switch (type) {
	case MULTIBOOT_RAM:
		return MEMORY_RAM;
	case MULTIBOOT_ACPI:
		return MEMORY_ACPI;
	case MULTIBOOT_NVS:
		return MEMORY_NVS;
	default:
		return MEMORY_RESERVED;
	}
}

/* Keeps the ranges sorted by address. */
static void add_range(struct memory_range range)
{
	struct memory_range *ranges = machine.boot.ranges;
	u32 at = machine.boot.range_count;

	if (at == MAX_MEMORY_RANGES)
		panic("multiboot: more than %u memory ranges", MAX_MEMORY_RANGES);
	for (; at > 0 && ranges[at - 1].start > range.start; at--)
		ranges[at] = ranges[at - 1];
	ranges[at] = range;
	machine.boot.range_count++;
}

static void copy_memory_map(const struct multiboot_info *info)
{
	u64 at = info->memory_map;
	u64 end = at + info->memory_map_length;

	if (!(info->flags & MULTIBOOT_HAS_MEMORY_MAP) || !at)
		panic("multiboot: the loader gave no memory map");
	if (info->memory_map_length > MAX_MAP_LEN)
		panic("multiboot: a memory map of %u bytes", info->memory_map_length);
	while (at + sizeof(struct multiboot_range) <= end) {
		const struct multiboot_range *from = (const void *)at;

		if (from->size < sizeof(*from) - sizeof(from->size))
			panic("multiboot: a memory map entry of %u bytes", from->size);
		if (from->start + from->length < from->start)
			panic("multiboot: a memory range that wraps at 0x%lx", from->start);
		if (from->length)
			add_range((struct memory_range){
				from->start, from->start + from->length, kind_of(from->type)});
		at += sizeof(from->size) + from->size;
	}
}

static void copy_modules(const struct multiboot_info *info)
{
	const struct multiboot_module *from = (const void *)(u64)info->modules;
	u32 i;

	if (!(info->flags & MULTIBOOT_HAS_MODULES))
		return;
	if (info->module_count > MAX_BOOT_MODULES)
		panic("multiboot: more than %u modules", MAX_BOOT_MODULES);
	for (i = 0; i < info->module_count; i++) {
		bool below = from[i].end <= machine.image_start;
		bool above = from[i].start >= machine.image_end;

		if (from[i].start > from[i].end || !(below || above))
			panic("multiboot: module %u at 0x%x-0x%x, wrong or inside our image", i,
				from[i].start, from[i].end);
		machine.boot.modules[i] = (struct boot_module){
			from[i].start, from[i].end, copy_command_line(from[i].command_line)};
	}
	machine.boot.module_count = info->module_count;
}

/* DOC: boot-facts */
void boot_main(u32 magic, u32 info_address)
{
	const struct multiboot_info *info = (const void *)(u64)info_address;

	machine_x86_begin();
	if (magic != MULTIBOOT_MAGIC || !info_address)
		panic("not started by a multiboot 1 loader (magic 0x%x)", magic);
	machine.boot.command_line = copy_command_line(
		info->flags & MULTIBOOT_HAS_COMMAND_LINE ? info->command_line : 0);
	copy_memory_map(info);
	copy_modules(info);
	machine_x86_init();
	hypervisor_main();
}
