/* SPDX-License-Identifier: BSD-2-Clause */
/* Doorbells: ports, connections, and the stores that ring them. */
#include "core/interrupt/doorbell.h"

#include "abi/hv_msr.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#define GPA 0x12345678ull

static u64 create_port(u64 child_id, u32 port, u32 type, u32 sint, u32 vp)
{
	struct hv_input_create_port in = {.port_partition_id = root_partition.id,
		.port_id = port,
		.connection_partition_id = child_id,
		.port_info.port_type = type};

	in.port_info.target.target_sint = sint;
	in.port_info.target.target_vp = vp;
	return WORLD_CALL(CREATE_PORT, in);
}

static u64 create(const struct partition *child, u32 port)
{
	return create_port(
		child->id, port, HV_PORT_TYPE_DOORBELL, HV_SYNIC_SINT_DOORBELL, HV_ANY_VP);
}

static u64 connect(
	const struct partition *child, u32 connection, u32 port, u64 gpa, u64 value, u64 flags)
{
	struct hv_input_connect_port in = {.connection_partition_id = child->id,
		.connection_id = connection,
		.port_partition_id = root_partition.id,
		.port_id = port,
		.connection_info.port_type = HV_PORT_TYPE_DOORBELL};

	in.connection_info.doorbell.gpa = gpa;
	in.connection_info.doorbell.trigger_value = value;
	in.connection_info.doorbell.flags = flags;
	return WORLD_CALL(CONNECT_PORT, in);
}

static u64 disconnect(const struct partition *child, u32 connection)
{
	return world_fast(HVCALL_DISCONNECT_PORT, child->id, connection | 1ull << 32);
}

static u64 delete (u32 port)
{
	return world_fast(HVCALL_DELETE_PORT, root_partition.id, port);
}

/* The ring page of a root VP, as its driver sets it up. */
static struct hv_synic_event_ring *open_ring(u32 index)
{
	struct vp *vp = root_partition.vps[index];
	u64 gpa;

	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SCONTROL, 1, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SIRBP, vp->synic.sirbp | 1, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SINT0 + HV_SYNIC_SINT_DOORBELL, 0x55, &gpa));
	return &((struct hv_synic_event_ring_page *)vp->synic.ring_page)
			->sint[HV_SYNIC_SINT_DOORBELL];
}

static struct partition *boot(void)
{
	world_boot();
	world_deposit(root_partition.id, 4);
	return world_child(64);
}

TEST(doorbell_ports)
{
	struct partition *child = boot();
	struct hv_input_create_port in = {.port_id = 9,
		.connection_partition_id = child->id,
		.port_info.port_type = HV_PORT_TYPE_DOORBELL};

	CHECK_STATUS(SUCCESS, create(child, 7));
	CHECK_STATUS(INVALID_PORT_ID, create(child, 7));
	CHECK_STATUS(INVALID_PARAMETER, create(child, 0));
	CHECK_STATUS(INVALID_PARAMETER, create_port(child->id, 8, HV_PORT_TYPE_DOORBELL, 16, 0));
	CHECK_STATUS(INVALID_PARAMETER, create_port(child->id, 8, HV_PORT_TYPE_MONITOR, 5, 0));
	CHECK_STATUS(INVALID_PARAMETER, create_port(child->id, 8, 0, 5, 0));
	CHECK_STATUS(INVALID_PARAMETER, create_port(child->id, 8, 5, 5, 0));
	CHECK_STATUS(
		INVALID_PARTITION_ID, create_port(child->id + 1, 8, HV_PORT_TYPE_DOORBELL, 5, 0));
	CHECK_STATUS(INVALID_PARTITION_STATE,
		create_port(root_partition.id, 8, HV_PORT_TYPE_DOORBELL, 5, 0));
	CHECK_STATUS(INVALID_PARTITION_ID, WORLD_CALL(CREATE_PORT, in));
	CHECK_STATUS(SUCCESS, delete (7));
	CHECK_STATUS(INVALID_PORT_ID, delete (7));
	CHECK_STATUS(INVALID_PORT_ID, delete (0));
	CHECK_STATUS(SUCCESS, create(child, 7));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_STATUS(INVALID_PORT_ID, delete (7));
	CHECK_STATUS(INVALID_PARTITION_STATE, create(child, 7));
}

TEST(doorbell_limits)
{
	struct partition *child = boot();
	u64 free = root_partition.pool.free_pages;

	for (u32 i = 1; i <= MAX_PORTS; i++)
		CHECK_STATUS(SUCCESS, create(child, i));
	CHECK_EQ(free - 1, root_partition.pool.free_pages);
	CHECK_STATUS(NO_RESOURCES, create(child, 999));
	CHECK_STATUS(SUCCESS, delete (5));
	CHECK_STATUS(SUCCESS, create(child, 999));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_EQ(free, root_partition.pool.free_pages);
}

TEST(doorbell_needs_memory)
{
	struct partition *child;

	world_boot();
	child = world_child(64);
	CHECK_EQ(0, root_partition.pool.free_pages);
	CHECK_STATUS(INSUFFICIENT_MEMORY, create(child, 7));
	world_deposit(root_partition.id, 1);
	CHECK_STATUS(SUCCESS, create(child, 7));
}

TEST(doorbell_connections)
{
	struct partition *child = boot();
	struct hv_input_connect_port in = {.connection_partition_id = child->id,
		.connection_id = 3,
		.port_id = 7,
		.connection_info.port_type = HV_PORT_TYPE_MESSAGE};

	CHECK_STATUS(SUCCESS, create(child, 7));
	CHECK_STATUS(INVALID_PORT_ID, connect(child, 3, 8, GPA, 0, 0));
	CHECK_STATUS(INVALID_PORT_ID, connect(child, 3, 0, GPA, 0, 0));
	CHECK_STATUS(INVALID_CONNECTION_ID, connect(child, 0, 7, GPA, 0, 0));
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(CONNECT_PORT, in));
	CHECK(!doorbell_may_match(child, GPA));
	CHECK_STATUS(SUCCESS, connect(child, 3, 7, GPA, 0, 0));
	CHECK(doorbell_may_match(child, GPA & ~PAGE_MASK));
	CHECK(!doorbell_may_match(child, GPA + PAGE_SIZE));
	CHECK_STATUS(INVALID_CONNECTION_ID, connect(child, 4, 7, GPA, 0, 0));
	/* A connection's name is used once. */
	CHECK_STATUS(SUCCESS, create(child, 9));
	CHECK_STATUS(INVALID_CONNECTION_ID, connect(child, 3, 9, GPA, 0, 0));
	CHECK_STATUS(INVALID_CONNECTION_ID, disconnect(child, 4));
	CHECK_STATUS(INVALID_CONNECTION_ID, disconnect(child, 0));
	CHECK_STATUS(SUCCESS, disconnect(child, 3));
	CHECK(!doorbell_may_match(child, GPA));
	CHECK_STATUS(INVALID_CONNECTION_ID, disconnect(child, 3));
	CHECK_STATUS(SUCCESS, connect(child, 4, 7, GPA, 0, 0));
	CHECK_STATUS(SUCCESS, delete (7));
	CHECK(!doorbell_may_match(child, GPA));
}

struct ring_row {
	u64 flags;
	u64 value; /* to wait for */
	u32 size;  /* of the store */
	u64 stored;
	bool rings;
};

TEST(doorbell_matches)
{
	static const struct ring_row rows[] = {
		{HV_DOORBELL_TRIGGER_ANY_VALUE, 0, 1, 77, true},
		{HV_DOORBELL_TRIGGER_ANY_VALUE, 0, 8, 0, true},
		{0, 5, 4, 5, true},
		{0, 5, 4, 6, false},
		{HV_DOORBELL_TRIGGER_SIZE_BYTE, 5, 1, 5, true},
		{HV_DOORBELL_TRIGGER_SIZE_BYTE, 5, 2, 5, false},
		{HV_DOORBELL_TRIGGER_SIZE_WORD, 5, 2, 5, true},
		{HV_DOORBELL_TRIGGER_SIZE_DWORD, 5, 4, 5, true},
		{HV_DOORBELL_TRIGGER_SIZE_DWORD, 5, 8, 5, false},
		{HV_DOORBELL_TRIGGER_SIZE_QWORD, 5, 8, 5, true},
		{HV_DOORBELL_TRIGGER_SIZE_QWORD | HV_DOORBELL_TRIGGER_ANY_VALUE, 5, 4, 5, false},
		{7, 5, 4, 5, false},
	};
	struct partition *child = boot();
	struct hv_synic_event_ring *ring = open_ring(0);

	root_partition.vps[0]->apic.spurious = 0x1ff;
	CHECK_STATUS(SUCCESS, create(child, 7));
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_STATUS(SUCCESS, connect(child, 3, 7, GPA, rows[i].value, rows[i].flags));
		CHECK_EQ(rows[i].rings, doorbell_ring(child, GPA, rows[i].size, rows[i].stored));
		CHECK(!doorbell_ring(child, GPA + 1, rows[i].size, rows[i].stored));
		CHECK_STATUS(SUCCESS, disconnect(child, 3));
	}
	CHECK_EQ(7, ring->data[0]);
	CHECK_EQ(0x55, vapic_highest_request(&root_partition.vps[0]->apic));
}

/* A port may name its VP; else the first that has a ring in service takes the event. */
TEST(doorbell_targets)
{
	struct partition *child = boot();
	struct hv_synic_event_ring *first, *second;

	CHECK_STATUS(SUCCESS, create(child, 7));
	CHECK_STATUS(SUCCESS, connect(child, 3, 7, GPA, 0, HV_DOORBELL_TRIGGER_ANY_VALUE));
	CHECK_STATUS(SUCCESS,
		create_port(child->id, 8, HV_PORT_TYPE_DOORBELL, HV_SYNIC_SINT_DOORBELL, 2));
	CHECK_STATUS(SUCCESS, connect(child, 4, 8, GPA + 8, 0, HV_DOORBELL_TRIGGER_ANY_VALUE));
	/* Nobody listens yet: the store goes the long way, to the VMM. */
	CHECK(!doorbell_ring(child, GPA, 4, 1));
	first = open_ring(1);
	CHECK(doorbell_ring(child, GPA, 4, 1));
	CHECK_EQ(7, first->data[0]);
	CHECK(!doorbell_ring(child, GPA + 8, 4, 1));
	second = open_ring(2);
	CHECK(doorbell_ring(child, GPA + 8, 4, 1));
	CHECK_EQ(8, second->data[0]);
	CHECK_EQ(0, first->data[1]);
}

TEST(doorbell_ring_empty_call)
{
	world_boot();
	open_ring(0);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_NOTIFY_PORT_RING_EMPTY, HV_SYNIC_SINT_DOORBELL, 0));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_NOTIFY_PORT_RING_EMPTY, 15, 0));
	CHECK_STATUS(INVALID_PARAMETER, world_fast(HVCALL_NOTIFY_PORT_RING_EMPTY, 16, 0));
	CHECK_STATUS(INVALID_PARAMETER, world_fast(HVCALL_NOTIFY_PORT_RING_EMPTY, ~0u, 0));
}
