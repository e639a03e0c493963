/* SPDX-License-Identifier: BSD-2-Clause */
/* Partitions written for tests: the root's software is a flat image with a header of its own. */
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "core/vp/vp.h"
#include "loader/loader.h"
#include "loader/payload.h"

bool payload_is_image(const struct boot_module *module)
{
	const struct payload_header *header = machine_ram(module->start);

	return module->end - module->start > sizeof(*header) && header->magic == PAYLOAD_MAGIC;
}

static void inform(struct payload_header *header, const char *arguments)
{
	u64 length = MIN(strlen(arguments), sizeof(header->arguments) - 1);

	header->image_start = machine.image_start;
	header->image_end = machine.image_end;
	header->pool_start = hypervisor.pool_start;
	header->pool_end = hypervisor.pool_end;
	header->lp_count = machine.lp_count;
	header->first_apic_id = machine.lps[0].apic_id;
	memcpy(header->arguments, arguments, length);
}

void payload_load(struct vp *vp)
{
	const struct boot_module *module = &machine.boot.modules[0];
	const struct payload_header *header = machine_ram(module->start);
	u64 size = module->end - module->start;
	u64 place = header->load_address;

	if (header->memory_size < size || !loader_free(place, header->memory_size))
		refuse("test partition: %#lx + %#lx is not free", place, header->memory_size);
	log_info("test partition: %lu bytes at %#lx", size, place);
	memset(machine_ram(place), 0, header->memory_size);
	memcpy(machine_ram(place), header, size);
	inform(machine_ram(place), module->command_line ? module->command_line : "");
	loader_enter_32(vp, place, 0);
}
