/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partitions written for tests: a flat image that begins with a jump, the magic word below, its
 * load address and the size it needs in memory. Entered like Linux, in flat 32-bit mode.
 */
#include "core/lib/string.h"
#include "core/log.h"
#include "core/vp/vp.h"
#include "loader/loader.h"

struct payload_header {
	u8 jump[8];
	u64 magic;
	u64 load_address;
	u64 memory_size;
};

#define PAYLOAD_MAGIC 0x54534554565254ull /* "TRVTEST" */

bool payload_is_image(const struct boot_module *module)
{
	const struct payload_header *header = machine_ram(module->start);

	return module->end - module->start > sizeof(*header) && header->magic == PAYLOAD_MAGIC;
}

void payload_load(struct vp *vp)
{
	const struct boot_module *module = &machine.boot.modules[0];
	const struct payload_header *header = machine_ram(module->start);
	u64 size = module->end - module->start;
	u64 place = header->load_address;

	if (header->memory_size < size || !loader_free(place, header->memory_size))
		panic("test partition: %#lx + %#lx is not free", place, header->memory_size);
	log_info("test partition: %lu bytes at %#lx", size, place);
	memset(machine_ram(place), 0, header->memory_size);
	memcpy(machine_ram(place), header, size);
	loader_enter_32(vp, place, 0);
}
