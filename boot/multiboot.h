/* SPDX-License-Identifier: BSD-2-Clause */
/* The multiboot 1 information structure, as far as we read it (Multiboot specification 0.6.96). */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "core/lib/types.h"

#define MULTIBOOT_MAGIC 0x2badb002

#define MULTIBOOT_HAS_COMMAND_LINE 0x04
#define MULTIBOOT_HAS_MODULES	   0x08
#define MULTIBOOT_HAS_MEMORY_MAP   0x40

struct multiboot_info {
	u32 flags;
	u32 memory_lower;
	u32 memory_upper;
	u32 boot_device;
	u32 command_line;
	u32 module_count;
	u32 modules;
	u32 symbols[4];
	u32 memory_map_length;
	u32 memory_map;
};

struct multiboot_module {
	u32 start;
	u32 end;
	u32 command_line;
	u32 reserved;
};

/* `size` counts the bytes after itself; the next entry begins there. */
struct multiboot_range {
	u32 size;
	u64 start;
	u64 length;
	u32 type;
} __attribute__((packed));

#define MULTIBOOT_RAM  1
#define MULTIBOOT_ACPI 3
#define MULTIBOOT_NVS  4

#endif
