/* SPDX-License-Identifier: BSD-2-Clause */
/* Stores that ring instead of stopping the VP. */
#include "tests/emulator/children/children.h"

#include "abi/hv_msr.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

#define SINT	   5
#define VECTOR	   0x63
#define GPA	   0xe0000000ul
#define PORT_ANY   0x11
#define PORT_VALUE 0x12
#define CONNECTION 0x21

static void ring(void)
{
	*(volatile u32 *)GPA = 7; /* any value, any size */
	*(volatile u16 *)GPA = 8;
	*(volatile u32 *)(GPA + 16) = 3; /* this value */
	*(volatile u32 *)(GPA + 16) = 4; /* another one */
}

/* A port may need memory of ours; who is told so deposits a page and tries again. */
static u32 create(struct child *child, u32 port)
{
	struct hv_input_create_port input = {.port_partition_id = 0,
		.port_id = port,
		.connection_partition_id = child->id,
		.port_info = {.port_type = HV_PORT_TYPE_DOORBELL,
			.target = {.target_sint = SINT, .target_vp = HV_ANY_VP}}};
	u32 status;

	(void)hypercall_raw(HVCALL_GET_PARTITION_ID, 0, (u64)hypercall_output);
	input.port_partition_id = *(const u64 *)hypercall_output;
	status = hypercall(HVCALL_CREATE_PORT, &input, sizeof(input));
	if (status != HV_STATUS_INSUFFICIENT_MEMORY)
		return status;
	(void)pages_deposit(HV_PARTITION_ID_SELF, 1);
	return hypercall(HVCALL_CREATE_PORT, &input, sizeof(input));
}

static u32 join(struct child *child, u32 port, u32 connection, u64 gpa, u64 value, u64 flags)
{
	struct hv_input_connect_port input = {.connection_partition_id = child->id,
		.connection_id = connection,
		.port_id = port,
		.connection_info = {.port_type = HV_PORT_TYPE_DOORBELL,
			.doorbell = {.gpa = gpa, .trigger_value = value, .flags = flags}}};

	return hypercall(HVCALL_CONNECT_PORT, &input, sizeof(input));
}

static struct hv_synic_event_ring *prepare_ring(void)
{
	u64 sirbp = msr_read(HV_X64_MSR_SIRBP) & HV_MSR_PAGE_ADDRESS_MASK;

	interrupt_handle(VECTOR, interrupt_count);
	msr_write(HV_X64_MSR_SINT0 + SINT, VECTOR);
	return &((struct hv_synic_event_ring_page *)sirbp)->sint[SINT];
}

static u32 take(struct hv_synic_event_ring *events, u32 *at)
{
	u32 port = events->data[*at];

	if (port)
		events->data[(*at)++] = 0;
	return port;
}

/* The store that does not match, then the end. */
static void check_unmatched(struct child *child)
{
	check(HVMSG_GPA_INTERCEPT, child_wait_type(child), "another value: a message");
	check(GPA + 16, child_memory(child, 0)->guest_physical_address, "another value: GPA");
	check(HV_INTERCEPT_ACCESS_WRITE, child_memory(child, 0)->header.intercept_access_type,
		"another value: access");
}

static void check_rings(struct hv_synic_event_ring *events)
{
	u32 at = 0;

	interrupts_on();
	interrupts_off();
	check_that(this_cpu()->count[VECTOR] >= 1, this_cpu()->count[VECTOR],
		"the SINT's vector came");
	check(PORT_ANY, take(events, &at), "ring: any value, 32 bits");
	check(PORT_ANY, take(events, &at), "ring: any value, 16 bits");
	check(PORT_VALUE, take(events, &at), "ring: the value");
	check(0, take(events, &at), "ring: nothing else");
}

void check_doorbell(void)
{
	struct hv_synic_event_ring *events = prepare_ring();
	struct hv_input_disconnect_port disconnect;
	struct hv_input_delete_port delete = {.port_id = PORT_ANY};
	struct child child;

	begin_64(&child, ring);
	interrupt_forget();
	check(0, create(&child, PORT_ANY), "doorbell: create a port");
	check(0, create(&child, PORT_VALUE), "doorbell: create another");
	check(HV_STATUS_INVALID_PORT_ID, create(&child, PORT_ANY), "doorbell: the port exists");
	check(0, join(&child, PORT_ANY, CONNECTION, GPA, 0, HV_DOORBELL_TRIGGER_ANY_VALUE),
		"doorbell: connect");
	check(0,
		join(&child, PORT_VALUE, CONNECTION + 1, GPA + 16, 3,
			HV_DOORBELL_TRIGGER_SIZE_DWORD),
		"doorbell: connect with a value");
	child_start(&child, 0);
	check_unmatched(&child);
	check_rings(events);
	disconnect = (struct hv_input_disconnect_port){child.id, CONNECTION, 1};
	check(0, hypercall(HVCALL_DISCONNECT_PORT, &disconnect, sizeof(disconnect)),
		"doorbell: disconnect");
	check(0, hypercall(HVCALL_DELETE_PORT, &delete, sizeof(delete)), "doorbell: delete");
	check(1, child_destroy(&child), "doorbell: the child is taken apart");
}
