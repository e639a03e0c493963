/* SPDX-License-Identifier: BSD-2-Clause */
/* The Linux/x86 boot protocol as the loader speaks it, with a kernel image that is all header. */
#include "core/hypervisor.h"
#include "loader/loader.h"
#include "tests/host/world.h"

#include <string.h>

#define KERNEL	   0x1000000ull /* module 0 */
#define RAMDISK	   0x1800000ull /* module 1 */
#define PREFERRED  0x0800000ull
#define PARAMETERS 0x10000ull

static u8 *image;

static void put32(u8 *base, u32 offset, u32 value)
{
	memcpy(base + offset, &value, 4);
}

static u32 get32(const u8 *base, u32 offset)
{
	u32 value;

	memcpy(&value, base + offset, 4);
	return value;
}

/* Two setup sectors and two pages of kernel, which wants 1 MiB at PREFERRED. */
static void prepare(void)
{
	image = machine_ram(KERNEL);
	memset(image, 0, 0x3000);
	image[0x1f1] = 2;
	image[0x201] = 0x6a;
	put32(image, 0x202, 0x53726448);
	put32(image, 0x206, 0x20f);
	put32(image, 0x22c, 0x7fffffff);
	put32(image, 0x230, 0x200000);
	image[0x234] = 1;
	put32(image, 0x238, 2047);
	put32(image, 0x258, PREFERRED);
	put32(image, 0x260, 0x100000);
	for (u32 i = 0; i < 0x2000; i++)
		image[3 * 512 + i] = (u8)(i * 7);
	memset(machine_ram(RAMDISK), 0x6d, 0x5000);
	machine.image_start = WORLD_IMAGE_START;
	machine.image_end = WORLD_IMAGE_END;
	machine.boot.module_count = 2;
	machine.boot.modules[0] =
		(struct boot_module){KERNEL, KERNEL + 3 * 512 + 0x2000, "quiet root=x"};
	machine.boot.modules[1] = (struct boot_module){RAMDISK, RAMDISK + 0x5000, ""};
}

static void check_kernel_at(u64 place)
{
	const u8 *parameters = machine_ram(PARAMETERS);
	struct vp *vp = root_partition.vps[0];
	union hv_register_value cs;

	CHECK(!memcmp(machine_ram(place), image + 3 * 512, 0x2000));
	CHECK_EQ(place, vp->regs.rip);
	CHECK_EQ(PARAMETERS, vp->regs.gpr[RSI]);
	CHECK_EQ(2, vp->regs.rflags);
	CHECK_EQ(0x11, vp_register64(vp, HV_REGISTER_CR0));
	(void)hypervisor.backend->get_register(vp, HV_REGISTER_CS, &cs);
	CHECK_EQ(0x10, cs.segment.selector);
	CHECK_EQ(0xc09b, cs.segment.attributes);
	CHECK_EQ(0x53726448, get32(parameters, 0x202));
	CHECK_EQ(0xff, parameters[0x210]);
}

TEST(linux_loads)
{
	const u8 *parameters;

	prepare();
	CHECK_EQ(FAKE_STARTED, FAKE_ENDS(hypervisor_main()));
	parameters = machine_ram(PARAMETERS);
	check_kernel_at(PREFERRED);
	CHECK(!strcmp("quiet root=x", machine_ram(get32(parameters, 0x228))));
	CHECK_EQ(RAMDISK, get32(parameters, 0x218));
	CHECK_EQ(0x5000, get32(parameters, 0x21c));
}

/* The memory map says of every address what the loader's map says, and has no empty entries. */
static void check_map(void)
{
	const u8 *parameters = machine_ram(PARAMETERS);
	u64 ram = 0;

	CHECK(parameters[0x1e8] >= 3);
	for (u32 i = 0; i < parameters[0x1e8]; i++) {
		u64 start, size;

		memcpy(&start, parameters + 0x2d0 + 20 * i, 8);
		memcpy(&size, parameters + 0x2d0 + 20 * i + 8, 8);
		CHECK(size != 0);
		if (get32(parameters, 0x2d0 + 20 * i + 16) != 1)
			continue;
		ram += size;
		for (u64 spa = start; spa < start + size; spa += PAGE_SIZE)
			if (!CHECK(frame_get(spa) != FRAME_HYPERVISOR))
				return;
	}
	CHECK_EQ(FAKE_RAM_SIZE - (WORLD_IMAGE_END - WORLD_IMAGE_START) -
			 (hypervisor.pool_end - hypervisor.pool_start),
		ram);
}

TEST(linux_memory_map)
{
	prepare();
	CHECK_EQ(FAKE_STARTED, FAKE_ENDS(hypervisor_main()));
	check_map();
}

/* The preferred place is taken: another one, aligned as the kernel asks. */
TEST(linux_relocates)
{
	prepare();
	put32(image, 0x258, WORLD_IMAGE_START);
	CHECK_EQ(FAKE_STARTED, FAKE_ENDS(hypervisor_main()));
	CHECK(root_partition.vps[0]->regs.rip != WORLD_IMAGE_START);
	CHECK(IS_ALIGNED(root_partition.vps[0]->regs.rip, 0x200000));
	check_kernel_at(root_partition.vps[0]->regs.rip);
}

TEST(linux_moves_ramdisk)
{
	const u8 *parameters;
	u64 place;

	prepare();
	put32(image, 0x22c, RAMDISK + 0x4000 - 1);
	CHECK_EQ(FAKE_STARTED, FAKE_ENDS(hypervisor_main()));
	parameters = machine_ram(PARAMETERS);
	place = get32(parameters, 0x218);
	CHECK(place + 0x5000 <= RAMDISK + 0x4000);
	CHECK_EQ(0x6d, *(u8 *)machine_ram(place));
	CHECK_EQ(0x6d, *((u8 *)machine_ram(place) + 0x4fff));
	check_kernel_at(PREFERRED);
}

/* lps= must be told to the root's kernel, which knows the machine from the firmware. */
TEST(linux_cpu_limit)
{
	const u8 *parameters;

	prepare();
	machine.boot.command_line = "lps=3";
	CHECK_EQ(FAKE_STARTED, FAKE_ENDS(hypervisor_main()));
	parameters = machine_ram(PARAMETERS);
	CHECK(!strcmp("quiet root=x nr_cpus=3", machine_ram(get32(parameters, 0x228))));
}

static void check_refused(const char *reason)
{
	CHECK(FAKE_ENDS(hypervisor_main()) != FAKE_STARTED);
	CHECK(strstr(fake.console, reason) || strstr(fake.panic, reason));
}

TEST(linux_old_protocol)
{
	prepare();
	put32(image, 0x206, 0x209);
	check_refused("too old");
}

TEST(linux_cut_off)
{
	prepare();
	image[0x1f1] = 60;
	check_refused("cut off");
}

TEST(linux_fixed_address)
{
	prepare();
	image[0x234] = 0;
	put32(image, 0x258, WORLD_IMAGE_START);
	check_refused("is not free");
}

TEST(linux_no_room)
{
	prepare();
	put32(image, 0x260, 0x8000000);
	check_refused("no room");
}

TEST(linux_long_command_line)
{
	static char line[5000];

	prepare();
	memset(line, 'x', sizeof(line) - 1);
	machine.boot.modules[0].command_line = line;
	check_refused("command line");
}

TEST(linux_unknown_image)
{
	prepare();
	put32(image, 0x202, 0);
	check_refused("neither");
}
