/* SPDX-License-Identifier: BSD-2-Clause */
/* Message and event ports of the root, and what children send through their connections. */
#include "core/interrupt/port.h"

#include "abi/hv_msr.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#include <string.h>

#define SINT   4
#define VECTOR 0x55

static struct partition *child;
static struct vp *sender;

static u64 create(u32 port, u32 type, u32 vp)
{
	struct hv_input_create_port in = {.port_partition_id = root_partition.id,
		.port_id = port,
		.connection_partition_id = child->id,
		.port_info.port_type = type};

	in.port_info.event.target_sint = SINT;
	in.port_info.event.target_vp = vp;
	if (type == HV_PORT_TYPE_EVENT) {
		in.port_info.event.base_flag_number = 100;
		in.port_info.event.flag_count = 8;
	}
	return WORLD_CALL(CREATE_PORT, in);
}

static u64 connect(u32 connection, u32 port, u32 type)
{
	struct hv_input_connect_port in = {.connection_partition_id = child->id,
		.connection_id = connection,
		.port_partition_id = root_partition.id,
		.port_id = port,
		.connection_info.port_type = type};

	return WORLD_CALL(CONNECT_PORT, in);
}

static void boot(void)
{
	world_boot();
	world_deposit(root_partition.id, 8);
	child = world_child(64);
	sender = world_vp(child, 0);
}

/* SIM and SIEF pages of a root VP, and its SINT. */
static void listen(u32 index)
{
	struct vp *vp = root_partition.vps[index];
	u64 gpa;

	vp->apic.spurious = 0x1ff;
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SCONTROL, 1, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SIMP, vp->synic.simp | 1, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SIEFP, vp->synic.siefp | 1, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SINT0 + SINT, VECTOR, &gpa));
}

static struct hv_message *slot(u32 index)
{
	return &((struct hv_message_page *)root_partition.vps[index]->synic.message_page)
			->sint[SINT];
}

static u64 call(u64 control, const void *input, u32 size)
{
	u64 result = ~0ull;

	/* The child's own memory would do as well; the root's page is at hand. */
	CHECK_STATUS(SUCCESS,
		world_map(child, 0x40, world_input_gpa >> PAGE_SHIFT, HV_MAP_GPA_READABLE));
	memcpy(machine_ram(world_input_gpa), input, size);
	CHECK_EQ(HYPERCALL_DONE, world_raw(sender, control, 0x40000, 0, &result));
	return result;
}

static u64 post(u32 connection, u32 type, u32 size)
{
	struct hv_input_post_message in = {
		.connection_id = connection, .message_type = type, .payload_size = size};

	memset(in.payload, 0x5a, sizeof(in.payload));
	return call(HVCALL_POST_MESSAGE, &in, sizeof(in));
}

static u64 signal(u32 connection, u32 flag)
{
	u64 result = ~0ull;

	CHECK_EQ(HYPERCALL_DONE, world_raw(sender, HVCALL_SIGNAL_EVENT | HV_HYPERCALL_FAST,
					 connection | (u64)flag << 32, 0, &result));
	return result;
}

TEST(port_creation)
{
	struct hv_input_create_port in = {.port_id = 9};

	boot();
	in.port_partition_id = root_partition.id;
	in.connection_partition_id = child->id;
	in.port_info.port_type = HV_PORT_TYPE_MESSAGE;
	/* SINT 0 is the hypervisor's, 16 does not exist. */
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(CREATE_PORT, in));
	in.port_info.target.target_sint = 16;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(CREATE_PORT, in));
	in.port_info.port_type = HV_PORT_TYPE_EVENT;
	in.port_info.event.target_sint = SINT;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(CREATE_PORT, in)); /* no flags */
	in.port_info.event.base_flag_number = 2047;
	in.port_info.event.flag_count = 2;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(CREATE_PORT, in));
	in.port_info.event.flag_count = 1;
	CHECK_STATUS(SUCCESS, WORLD_CALL(CREATE_PORT, in));
	CHECK_STATUS(INVALID_PORT_ID, WORLD_CALL(CREATE_PORT, in));
	CHECK_STATUS(INVALID_PARAMETER, connect(3, 9, HV_PORT_TYPE_MESSAGE));
	CHECK_STATUS(SUCCESS, connect(3, 9, HV_PORT_TYPE_EVENT));
}

/* A port's memory comes from its owner's pool and goes back there. */
TEST(port_memory)
{
	u64 free;

	boot();
	free = root_partition.pool.free_pages;
	CHECK_STATUS(SUCCESS, create(7, HV_PORT_TYPE_MESSAGE, HV_ANY_VP));
	CHECK_EQ(free - 2, root_partition.pool.free_pages);
	CHECK_STATUS(SUCCESS, create(8, HV_PORT_TYPE_MESSAGE, HV_ANY_VP));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PORT, root_partition.id, 7));
	CHECK_EQ(free - 2, root_partition.pool.free_pages);
	while (root_partition.pool.free_pages)
		CHECK(pool_allocate(&root_partition.pool));
	CHECK_STATUS(INSUFFICIENT_MEMORY, create(7, HV_PORT_TYPE_MESSAGE, HV_ANY_VP));
	CHECK_STATUS(SUCCESS, create(9, HV_PORT_TYPE_EVENT, HV_ANY_VP));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_EQ(2, root_partition.pool.free_pages);
}

TEST(port_messages)
{
	boot();
	CHECK_STATUS(INVALID_CONNECTION_ID, post(3, 1, 8));
	CHECK_STATUS(SUCCESS, create(7, HV_PORT_TYPE_MESSAGE, HV_ANY_VP));
	CHECK_STATUS(INVALID_CONNECTION_ID, post(3, 1, 8));
	CHECK_STATUS(SUCCESS, connect(3, 7, HV_PORT_TYPE_MESSAGE));
	CHECK_STATUS(INVALID_PARAMETER, post(3, 0, 8));
	CHECK_STATUS(INVALID_PARAMETER, post(3, 0x80000000, 8));
	CHECK_STATUS(INVALID_PARAMETER, post(3, 1, 241));
	CHECK_STATUS(INVALID_CONNECTION_ID, post(0, 1, 8));
	CHECK_STATUS(INVALID_SYNIC_STATE, post(3, 1, 8)); /* nobody listens */
	listen(2);
	CHECK_STATUS(SUCCESS, post(3, 0x11, 240));
	CHECK_EQ(0x11, slot(2)->header.message_type);
	CHECK_EQ(7, slot(2)->header.sender);
	CHECK_EQ(240, slot(2)->header.payload_size);
	CHECK_EQ(0x5a, slot(2)->payload[239]);
	CHECK_EQ(VECTOR, vapic_highest_request(&root_partition.vps[2]->apic));
	CHECK_STATUS(INVALID_PORT_ID, signal(3, 0));
}

TEST(port_message_buffers)
{
	u64 gpa;

	boot();
	listen(0);
	CHECK_STATUS(SUCCESS, create(7, HV_PORT_TYPE_MESSAGE, 0));
	CHECK_STATUS(SUCCESS, connect(3, 7, HV_PORT_TYPE_MESSAGE));
	for (u32 i = 0; i <= SYNIC_BUFFERS; i++)
		CHECK_STATUS(SUCCESS, post(3, 1 + i, 8));
	CHECK_STATUS(INSUFFICIENT_BUFFERS, post(3, 99, 8));
	slot(0)->header.message_type = 0;
	CHECK_EQ(MSR_DONE, vp_write_msr(root_partition.vps[0], HV_X64_MSR_EOM, 0, &gpa));
	CHECK_EQ(2, slot(0)->header.message_type);
	CHECK_STATUS(SUCCESS, post(3, 99, 8));
	/* The child's end takes back what the hypervisor says of it, not what it said itself. */
	partition_purge_messages(child);
	CHECK(root_partition.vps[0]->synic.waiting);
	/* Deleting the port takes back what waits, not what was delivered; its name is useless. */
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PORT, root_partition.id, 7));
	CHECK_EQ(0, root_partition.vps[0]->synic.waiting);
	CHECK_EQ(2, slot(0)->header.message_type);
	CHECK_STATUS(INVALID_PORT_ID, post(3, 1, 8));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DISCONNECT_PORT, child->id, 3));
	CHECK_STATUS(INVALID_CONNECTION_ID, post(3, 1, 8));
}

/* A port may name its VP. */
TEST(port_targets)
{
	boot();
	listen(1);
	CHECK_STATUS(SUCCESS, create(7, HV_PORT_TYPE_MESSAGE, 3));
	CHECK_STATUS(SUCCESS, connect(3, 7, HV_PORT_TYPE_MESSAGE));
	CHECK_STATUS(SUCCESS, create(8, HV_PORT_TYPE_EVENT, WORLD_LPS));
	CHECK_STATUS(SUCCESS, connect(4, 8, HV_PORT_TYPE_EVENT));
	CHECK_STATUS(SUCCESS, create(9, HV_PORT_TYPE_EVENT, HV_ANY_VP - 1));
	CHECK_STATUS(SUCCESS, connect(5, 9, HV_PORT_TYPE_EVENT));
	CHECK_STATUS(INVALID_SYNIC_STATE, post(3, 1, 8));
	CHECK_STATUS(INVALID_VP_INDEX, signal(4, 0));
	CHECK_STATUS(INVALID_VP_INDEX, signal(5, 0));
	listen(3);
	CHECK_STATUS(SUCCESS, post(3, 1, 8));
	CHECK_EQ(1, slot(3)->header.message_type);
}

TEST(port_events)
{
	struct hv_event_flags_page *page;

	boot();
	CHECK_STATUS(SUCCESS, create(8, HV_PORT_TYPE_EVENT, HV_ANY_VP));
	CHECK_STATUS(SUCCESS, connect(4, 8, HV_PORT_TYPE_EVENT));
	CHECK_STATUS(INVALID_SYNIC_STATE, signal(4, 0));
	listen(1);
	page = root_partition.vps[1]->synic.event_page;
	CHECK_STATUS(SUCCESS, signal(4, 5));
	CHECK_EQ(1ull << (105 - 64), page->sint[SINT].flags[1]);
	CHECK_EQ(VECTOR, vapic_highest_request(&root_partition.vps[1]->apic));
	CHECK_STATUS(SUCCESS, signal(4, 5));
	CHECK_STATUS(SUCCESS, signal(4, 7));
	CHECK_STATUS(INVALID_PARAMETER, signal(4, 8));
	CHECK_STATUS(INVALID_PARAMETER, signal(4, 0xffff));
	CHECK_STATUS(INVALID_CONNECTION_ID, signal(5, 0));
	CHECK_STATUS(INVALID_PORT_ID, post(4, 1, 8));
	/* The root has no connections. */
	CHECK_STATUS(INVALID_CONNECTION_ID, world_fast(HVCALL_SIGNAL_EVENT, 4, 0));
}
