/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts that VMMs assert, IPIs, flushes, and the interrupts of the root's devices. */
#include "tests/host/world.h"

#include <string.h>

/* A child with `count` VPs whose APICs are on; none has been started. */
static struct partition *child_with(u32 count)
{
	struct partition *child;

	world_boot();
	child = world_child(64);
	for (u32 i = 0; i < count; i++)
		world_vp(child, i)->apic.spurious = 0x1ff;
	return child;
}

static u64 assert_interrupt(
	const struct partition *child, u32 type, u32 flags, u64 destination, u32 vector)
{
	struct hv_input_assert_virtual_interrupt in = {.partition_id = child->id,
		.interrupt_type = type,
		.interrupt_flags = flags,
		.destination_address = destination,
		.vector = vector};

	return WORLD_CALL(ASSERT_VIRTUAL_INTERRUPT, in);
}

static bool pending(const struct vp *vp, u32 vector)
{
	return vp->apic.irr[vector / 32] & 1u << vector % 32;
}

TEST(assert_fixed)
{
	struct partition *child = child_with(3);

	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_FIXED, 0, 1, 0x61));
	CHECK(!pending(child->vps[0], 0x61));
	CHECK(pending(child->vps[1], 0x61));
	CHECK(!(child->vps[1]->apic.tmr[3] & 2));
	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_FIXED,
				      HV_INTERRUPT_CONTROL_LEVEL_TRIGGERED, 2, 0x62));
	CHECK(pending(child->vps[2], 0x62));
	CHECK(child->vps[2]->apic.tmr[3] & 4);
	/* Broadcast as I/O APICs say it. */
	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_FIXED, 0, 0xff, 0x63));
	for (u32 i = 0; i < 3; i++)
		CHECK(pending(child->vps[i], 0x63));
	/* Nobody is meant: lost, as on hardware. */
	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_FIXED, 0, 77, 0x64));
	for (u32 i = 0; i < 3; i++)
		CHECK(!pending(child->vps[i], 0x64));
}

TEST(assert_logical_and_lowest)
{
	struct partition *child = child_with(3);

	for (u32 i = 0; i < 3; i++)
		child->vps[i]->apic.ldr = 1u << (24 + i);
	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_FIXED,
				      HV_INTERRUPT_CONTROL_LOGICAL_DEST_MODE, 5, 0x70));
	CHECK(pending(child->vps[0], 0x70) && !pending(child->vps[1], 0x70));
	CHECK(pending(child->vps[2], 0x70));
	/* Of all that could take it, one gets it. */
	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_LOWEST_PRIORITY,
				      HV_INTERRUPT_CONTROL_LOGICAL_DEST_MODE, 6, 0x71));
	CHECK_EQ(1, pending(child->vps[1], 0x71) + pending(child->vps[2], 0x71));
	CHECK(!pending(child->vps[0], 0x71));
}

TEST(assert_other_types)
{
	struct partition *child = child_with(2);

	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_NMI, 0, 0, 0));
	CHECK(child->vps[0]->attention & ATTENTION_NMI);
	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_INIT, 0, 1, 0));
	CHECK(child->vps[1]->attention & ATTENTION_INIT);
	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_SIPI, 0, 1, 0x9a));
	CHECK(child->vps[1]->attention & ATTENTION_STARTUP);
	CHECK_EQ(0x9a, child->vps[1]->startup_vector);
	CHECK_STATUS(SUCCESS, assert_interrupt(child, HV_INTERRUPT_TYPE_EXTINT, 0, 0, 0x20));
	CHECK_EQ(-1, vapic_highest_request(&child->vps[0]->apic));
}

TEST(assert_refused)
{
	struct partition *child = child_with(1);
	struct hv_input_assert_virtual_interrupt in = {.vector = 0x40, .target_vtl = 1};

	for (u32 vector = 0; vector < 16; vector++) {
		CHECK_STATUS(INVALID_PARAMETER,
			assert_interrupt(child, HV_INTERRUPT_TYPE_FIXED, 0, 0, vector));
		CHECK_STATUS(INVALID_PARAMETER,
			assert_interrupt(child, HV_INTERRUPT_TYPE_LOWEST_PRIORITY, 0, 0, vector));
	}
	CHECK_STATUS(
		INVALID_PARAMETER, assert_interrupt(child, HV_INTERRUPT_TYPE_FIXED, 0, 0, 256));
	CHECK_STATUS(INVALID_PARAMETER, assert_interrupt(child, 10, 0, 0, 0x40));
	CHECK_STATUS(INVALID_PARAMETER, assert_interrupt(child, ~0u, 0, 0, 0x40));
	in.partition_id = child->id;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(ASSERT_VIRTUAL_INTERRUPT, in));
	CHECK_EQ(-1, vapic_highest_request(&child->vps[0]->apic));
	CHECK_STATUS(
		INVALID_PARTITION_STATE, world_fast(HVCALL_CLEAR_VIRTUAL_INTERRUPT, child->id, 0));
}

TEST(ipi_of_the_root)
{
	world_boot();
	for (u32 i = 0; i < WORLD_LPS; i++)
		root_partition.vps[i]->apic.spurious = 0x1ff;
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_SEND_IPI, 0x41, 0x0a));
	CHECK(!pending(root_partition.vps[0], 0x41) && pending(root_partition.vps[1], 0x41));
	CHECK(!pending(root_partition.vps[2], 0x41) && pending(root_partition.vps[3], 0x41));
	/* VPs that are not there are no error. */
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_SEND_IPI, 0x42, ~0ull));
	CHECK(pending(root_partition.vps[2], 0x42));
	CHECK_STATUS(INVALID_PARAMETER, world_fast(HVCALL_SEND_IPI, 0x0f, 1));
	CHECK_STATUS(INVALID_PARAMETER, world_fast(HVCALL_SEND_IPI, 0x100, 1));
	CHECK_STATUS(INVALID_PARAMETER, world_fast(HVCALL_SEND_IPI, 0x41 | 1ull << 32, 1));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_SEND_IPI, 0x10, 2));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_SEND_IPI, 0xff, 2));
	CHECK(pending(root_partition.vps[1], 0xff));
}

/* A flush returns when the other LPs have entered again, or left the partition. */
TEST(flush_waits)
{
	struct hv_input_flush_virtual_address_list list = {.flags = HV_FLUSH_ALL_PROCESSORS};
	u64 generation;
	u64 entry = 0x1000;

	world_boot();
	for (u32 i = 1; i < WORLD_LPS; i++)
		world_run_on(i, root_partition.vps[i]);
	generation = root_partition.flush_generation;
	world_let_others_run();
	CHECK_STATUS(SUCCESS, WORLD_CALL(FLUSH_VIRTUAL_ADDRESS_SPACE, list));
	CHECK_EQ(generation + 1, root_partition.flush_generation);
	for (u32 i = 1; i < WORLD_LPS; i++) {
		CHECK_EQ(generation + 1, root_partition.vps[i]->flush_generation);
		CHECK(fake.lps[i].kicks > 0);
	}
	CHECK_EQ(1ull << 32, world_list(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST, 1, &list, sizeof(list),
				     &entry, 8, NULL, 0));
	CHECK_EQ(generation + 2, root_partition.vps[1]->flush_generation);
	CHECK_EQ(1, stat_vp(root_partition.vps[0], AddressSpaceFlushes));
	CHECK_EQ(1, stat_vp(root_partition.vps[0], LocalGvaRangeFlushes));
}

/* ---- Device interrupts ---- */

static u64 map_device(u64 device, u32 vector, u32 flags, u64 mask, u64 bank,
	struct hv_output_map_device_interrupt *out)
{
	struct {
		struct hv_input_map_device_interrupt in;
		u64 banks[2];
	} input = {.in = {.partition_id = root_partition.id, .device_id = device}};
	u64 result;

	input.in.interrupt_descriptor.target.vector = vector;
	input.in.interrupt_descriptor.target.flags = flags;
	input.in.interrupt_descriptor.target.vp_mask = mask;
	if (flags & HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET) {
		input.in.interrupt_descriptor.target.vp_set.format = HV_GENERIC_SET_SPARSE_4K;
		input.in.interrupt_descriptor.target.vp_set.valid_bank_mask = mask;
	}
	input.banks[0] = bank;
	memcpy(machine_ram(world_input_gpa), &input, sizeof(input));
	CHECK_EQ(HYPERCALL_DONE,
		world_raw(root_partition.vps[0],
			HVCALL_MAP_DEVICE_INTERRUPT | 2ull << HV_HYPERCALL_VARHEAD_SHIFT,
			world_input_gpa, world_output_gpa, &result));
	memcpy(out, machine_ram(world_output_gpa), sizeof(*out));
	return result;
}

#define PCI    ((u64)HV_DEVICE_TYPE_PCI << HV_DEVICE_ID_TYPE_SHIFT)
#define IOAPIC ((u64)HV_DEVICE_TYPE_IOAPIC << HV_DEVICE_ID_TYPE_SHIFT)
#define SET    HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET

TEST(device_interrupts)
{
	struct hv_output_map_device_interrupt out;

	world_boot();
	machine.lps[2].apic_id = 0x52;
	CHECK_STATUS(SUCCESS, map_device(PCI | 0x18, 0x45, SET, 1, 4, &out));
	CHECK_EQ(HV_INTERRUPT_SOURCE_MSI, out.interrupt_entry.source);
	CHECK_EQ(0xfee52000, out.interrupt_entry.msi_entry.address);
	CHECK_EQ(0x45, out.interrupt_entry.msi_entry.data);
	CHECK_STATUS(SUCCESS, map_device(PCI | 0x18, 0x46, 0, 8, 0, &out));
	CHECK_EQ(0xfee03000, out.interrupt_entry.msi_entry.address);
	CHECK_STATUS(SUCCESS, map_device(IOAPIC, 0x30, SET, 1, 4, &out));
	CHECK_EQ(HV_INTERRUPT_SOURCE_IOAPIC, out.interrupt_entry.source);
	CHECK_EQ(0x30 | 0x52ull << HV_IOAPIC_RTE_DESTINATION_SHIFT, out.interrupt_entry.ioapic_rte);
	CHECK_EQ(3, stat_partition(&root_partition, DeviceInterruptMappings));
	CHECK_EQ(1, stat_vp(root_partition.vps[0], DeviceDomainHypercalls) / 3);
}

TEST(device_interrupts_refused)
{
	struct hv_output_map_device_interrupt out;

	world_boot();
	for (u32 vector = 0; vector < 32; vector++)
		CHECK_STATUS(INVALID_PARAMETER, map_device(PCI, vector, 0, 1, 0, &out));
	for (u32 vector = VECTOR_KICK; vector < 0x120; vector++)
		CHECK_STATUS(INVALID_PARAMETER, map_device(PCI, vector, 0, 1, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, map_device(PCI, 0x45, 0, 0, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, map_device(PCI, 0x45, 0, 1ull << WORLD_LPS, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, map_device(PCI, 0x45, SET, 0, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, map_device(PCI, 0x45, SET, 1, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, map_device(PCI, 0x45, SET, 2, 1, &out));
	CHECK_STATUS(INVALID_PARAMETER, map_device(PCI, 0x45, SET, ~0ull << 32, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, map_device(0, 0x45, 0, 1, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, map_device(3ull << 62, 0x45, 0, 1, 0, &out));
	CHECK_EQ(0, stat_partition(&root_partition, DeviceInterruptMappings));
}

TEST(device_interrupts_unmap)
{
	struct hv_input_unmap_device_interrupt in = {.device_id = PCI};
	struct hv_output_map_device_interrupt out;

	world_boot();
	in.partition_id = root_partition.id + 1;
	CHECK_STATUS(INVALID_PARTITION_ID, WORLD_CALL(UNMAP_DEVICE_INTERRUPT, in));
	in.partition_id = root_partition.id;
	CHECK_STATUS(SUCCESS, map_device(PCI, 0x45, 0, 1, 0, &out));
	CHECK_STATUS(SUCCESS, WORLD_CALL(UNMAP_DEVICE_INTERRUPT, in));
	CHECK_EQ(0, stat_partition(&root_partition, DeviceInterruptMappings));
	/* More unmapped than mapped: the count does not fall below nothing. */
	WORLD_CALL(UNMAP_DEVICE_INTERRUPT, in);
	CHECK_EQ(0, stat_partition(&root_partition, DeviceInterruptMappings));
}
