/* SPDX-License-Identifier: BSD-2-Clause */
/* The Linux/x86 boot protocol, 32-bit entry (Linux: Documentation/arch/x86/boot.rst). */
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "core/vp/vp.h"
#include "loader/loader.h"

/* Offsets in the setup header, which lies at the same place in image and boot parameters. */
#define SETUP_SECTORS	 0x1f1
#define HEADER_JUMP	 0x201 /* its operand is the length of the rest of the header */
#define HEADER_MAGIC	 0x202
#define VERSION		 0x206
#define LOADER_TYPE	 0x210
#define LOAD_FLAGS	 0x211
#define RAMDISK_ADDRESS	 0x218
#define RAMDISK_SIZE	 0x21c
#define COMMAND_LINE	 0x228
#define RAMDISK_MAXIMUM	 0x22c
#define ALIGNMENT	 0x230
#define RELOCATABLE	 0x234
#define COMMAND_LINE_MAX 0x238
#define PREFERRED	 0x258
#define INIT_SIZE	 0x260
/* Boot parameters only. */
#define E820_COUNT 0x1e8
#define E820_TABLE 0x2d0
#define E820_MAX   128

#define MAGIC	       0x53726448 /* "HdrS" */
#define VERSION_WANTED 0x20a
#define SECTOR	       512
#define UNKNOWN_LOADER 0xff

/* Low memory that is RAM on every PC and free once the boot loader is done. */
#define PARAMETERS_SPA	 0x10000ul
#define COMMAND_LINE_SPA 0x11000ul

static u32 get(const u8 *base, u32 offset)
{
	u32 value;

	memcpy(&value, base + offset, sizeof(value));
	return value;
}

static void put(u8 *base, u32 offset, u32 value)
{
	memcpy(base + offset, &value, sizeof(value));
}

bool linux_is_image(const struct boot_module *module)
{
	const u8 *image = machine_ram(module->start);

	return module->end - module->start > 0x1000 && get(image, HEADER_MAGIC) == MAGIC;
}

static u64 place_kernel(const u8 *image, u64 size)
{
	u64 preferred = get(image, PREFERRED) | (u64)get(image, PREFERRED + 4) << 32;
	u64 place;

	if (loader_free(preferred, size))
		return preferred;
	if (!image[RELOCATABLE])
		refuse("root kernel: its only address %#lx is not free", preferred);
	place = loader_find(size, get(image, ALIGNMENT), 1ull << 32);
	if (!place)
		refuse("root kernel: no room for %lu MiB", size >> 20);
	return place;
}

/* The loader may have put the initramfs anywhere; the kernel asks for it below a limit. */
static void place_ramdisk(u8 *parameters, u64 limit)
{
	const struct boot_module *module = &machine.boot.modules[1];
	u64 size = module->end - module->start;
	u64 place = module->start;

	if (machine.boot.module_count < 2)
		return;
	if (module->end > limit) {
		place = loader_find(size, PAGE_SIZE, limit);
		if (!place)
			refuse("root initramfs: no room for %lu MiB below %#lx", size >> 20, limit);
		memmove(machine_ram(place), machine_ram(module->start), size);
		loader_reserve(place, place + size);
	}
	put(parameters, RAMDISK_ADDRESS, (u32)place);
	put(parameters, RAMDISK_SIZE, (u32)size);
	log_info("root initramfs: %lu KiB at %#lx", size >> 10, place);
}

static void write_memory_map(u8 *parameters)
{
	static const u32 types[] = {
		[MEMORY_RAM] = 1, [MEMORY_RESERVED] = 2, [MEMORY_ACPI] = 3, [MEMORY_NVS] = 4};
	static struct memory_range ranges[E820_MAX];
	u32 count = loader_root_map(ranges, E820_MAX);
	u32 used = 0;

	for (u32 i = 0; i < count; i++) {
		u8 *entry = parameters + E820_TABLE + 20 * used;
		u64 size = ranges[i].end - ranges[i].start;

		if (!size)
			continue;
		memcpy(entry, &ranges[i].start, 8);
		memcpy(entry + 8, &size, 8);
		put(entry, 16, types[ranges[i].kind]);
		used++;
	}
	parameters[E820_COUNT] = (u8)used;
}

/*
 * The firmware's tables list all processors whatever `lps=` says; a root that tried to start one
 * that the hypervisor does not use would stop with a bug.
 */
static void append_cpu_limit(char *line, u64 length)
{
	static const char option[] = " nr_cpus=";
	u32 count = hypervisor.options.lps;
	char *at = line + length;

	if (!count)
		return;
	memcpy(at, option, sizeof(option) - 1);
	at += sizeof(option) - 1;
	if (count >= 10)
		*at++ = (char)('0' + count / 10);
	*at++ = (char)('0' + count % 10);
	*at = 0;
}

#define CPU_LIMIT_ROOM 16

static void write_command_line(u8 *parameters, const char *text, u32 maximum)
{
	char *line = machine_ram(COMMAND_LINE_SPA);
	u64 length = strlen(text);

	if (length + CPU_LIMIT_ROOM > maximum || length + CPU_LIMIT_ROOM >= PAGE_SIZE)
		refuse("root command line is longer than %u bytes",
			(u32)MIN(maximum, PAGE_SIZE - 1) - CPU_LIMIT_ROOM);
	memcpy(line, text, length + 1);
	append_cpu_limit(line, length);
	put(parameters, COMMAND_LINE, (u32)COMMAND_LINE_SPA);
	log_info("root command line: %s", line);
}

void linux_load(struct vp *vp)
{
	const struct boot_module *module = &machine.boot.modules[0];
	const u8 *image = machine_ram(module->start);
	u8 *parameters = machine_ram(PARAMETERS_SPA);
	u64 setup = (u64)((image[SETUP_SECTORS] ? image[SETUP_SECTORS] : 4) + 1) * SECTOR;
	u64 size = module->end - module->start - setup;
	u64 entry;

	if ((get(image, VERSION) & 0xffff) < VERSION_WANTED || setup >= module->end - module->start)
		refuse("root kernel: boot protocol %#x is too old or the image is cut off",
			get(image, VERSION) & 0xffff);
	if (!loader_free(PARAMETERS_SPA, 2 * PAGE_SIZE))
		refuse("no RAM at %#lx for the boot parameters", PARAMETERS_SPA);
	entry = place_kernel(image, MAX(size, (u64)get(image, INIT_SIZE)));
	loader_reserve(entry, entry + MAX(size, (u64)get(image, INIT_SIZE)));
	memset(parameters, 0, PAGE_SIZE);
	memcpy(parameters + SETUP_SECTORS, image + SETUP_SECTORS,
		HEADER_MAGIC + image[HEADER_JUMP] - SETUP_SECTORS);
	parameters[LOADER_TYPE] = UNKNOWN_LOADER;
	write_command_line(parameters, module->command_line, get(image, COMMAND_LINE_MAX));
	place_ramdisk(parameters, (u64)get(image, RAMDISK_MAXIMUM) + 1);
	write_memory_map(parameters);
	memmove(machine_ram(entry), image + setup, size);
	log_info("root kernel: %lu KiB at %#lx", size >> 10, entry);
	loader_enter_32(vp, entry, PARAMETERS_SPA);
}
