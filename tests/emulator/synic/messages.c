/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages and events of a child: from its timers, from its parent, and to its parent. */
#include "tests/emulator/synic/synic.h"

#include "core/lib/string.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

#define SIM_GPA	   0xd0000000ul /* the child has no memory there */
#define SIEF_GPA   0xd0001000ul
#define SINT	   2
#define VECTOR	   0x61
#define MESSAGES   10
#define CONNECTION 0x31
#define PORT	   0x41

static volatile u64 told[16];
static volatile u32 types[MESSAGES];
static u8 covered[PAGE_SIZE] __attribute__((aligned(4096)));

static volatile struct hv_message *slot(void)
{
	return &((volatile struct hv_message_page *)SIM_GPA)->sint[SINT];
}

static void enable(void)
{
	prepare_interrupts();
	msr_write(HV_X64_MSR_SCONTROL, HV_SCONTROL_ENABLE);
	msr_write(HV_X64_MSR_SIMP, SIM_GPA | HV_MSR_PAGE_ENABLE);
	msr_write(HV_X64_MSR_SIEFP, SIEF_GPA | HV_MSR_PAGE_ENABLE);
	msr_write(HV_X64_MSR_SINT0 + SINT, VECTOR);
}

/* As guests do: sleeps until there is a message, takes its type, frees the slot, says so. */
static u32 take(void)
{
	u32 type;

	while (!slot()->header.message_type)
		interrupts_wait();
	type = slot()->header.message_type;
	slot()->header.message_type = HVMSG_NONE;
	memory_fence();
	if (slot()->header.flags & HV_MESSAGE_FLAG_PENDING)
		msr_write(HV_X64_MSR_EOM, 0);
	return type;
}

/* Also those that came while interrupts were off. */
static u32 interrupts_so_far(void)
{
	interrupts_on();
	interrupts_off();
	return this_cpu()->count[VECTOR];
}

/* ---- Pages and timers ---- */

static void use_timers(void)
{
	const volatile struct hv_timer_message_payload *payload;
	u64 due;

	covered[0] = 0x5a;
	msr_write(HV_X64_MSR_VP_ASSIST_PAGE, (u64)covered | HV_MSR_PAGE_ENABLE);
	told[0] = *(volatile u8 *)covered;
	*(volatile u8 *)covered = 0x33;
	msr_write(HV_X64_MSR_VP_ASSIST_PAGE, 0);
	told[1] = *(volatile u8 *)covered;
	enable();
	told[2] = slot()->header.message_type;
	due = msr_read(HV_X64_MSR_TIME_REF_COUNT) + 20000;
	msr_write(HV_X64_MSR_STIMER1_CONFIG,
		(u64)SINT << HV_STIMER_CONFIG_SINT_SHIFT | HV_STIMER_CONFIG_AUTO_ENABLE);
	msr_write(HV_X64_MSR_STIMER1_COUNT, due);
	while (!slot()->header.message_type)
		interrupts_wait();
	payload = (const volatile void *)slot()->payload;
	told[3] = payload->timer_index;
	told[4] = payload->expiration_time - due;
	told[5] = payload->delivery_time >= due;
	told[6] = take();
	told[7] = interrupts_so_far();
	/* Every 2 ms, five times. */
	due = msr_read(HV_X64_MSR_TIME_REF_COUNT);
	msr_write(HV_X64_MSR_STIMER1_CONFIG, (u64)SINT << HV_STIMER_CONFIG_SINT_SHIFT |
						     HV_STIMER_CONFIG_PERIODIC |
						     HV_STIMER_CONFIG_AUTO_ENABLE);
	msr_write(HV_X64_MSR_STIMER1_COUNT, 20000);
	for (u32 i = 0; i < 5; i++)
		told[8] += take() == HVMSG_TIMER_EXPIRED;
	told[9] = msr_read(HV_X64_MSR_TIME_REF_COUNT) - due;
	msr_write(HV_X64_MSR_STIMER1_COUNT, 0);
}

void check_timer_messages(void)
{
	struct child child;

	interrupt_handle(VECTOR, interrupt_count);
	begin(&child, use_timers);
	child_start(&child, 0);
	check(1, child_finish(&child), "the child uses timers with messages");
	check(0, told[0], "assist page: covers, clear");
	check(0x5a, told[1], "assist page: what was below comes back");
	check(0, told[2], "SIM page: clear where there was nothing");
	check(1, told[3], "timer message: index");
	check(0, told[4], "timer message: expiration time");
	check(1, told[5], "timer message: delivered not before");
	check(HVMSG_TIMER_EXPIRED, told[6], "timer message: type");
	check(1, told[7], "timer message: one interrupt");
	check(5, told[8], "periodic timer: five messages");
	check_that(told[9] >= 100000, told[9], "periodic timer: took their time");
	check(1, child_destroy(&child), "timers: the child is taken apart");
}

/* ---- From the parent ---- */

static void take_messages(void)
{
	const volatile struct hv_event_flags_page *events = (const volatile void *)SIEF_GPA;

	enable();
	port_write_8(STEP_PORT, 0);
	for (u32 i = 0; i < MESSAGES; i++)
		types[i] = take();
	port_write_8(STEP_PORT, 1);
	told[0] = events->sint[SINT].flags[1];
	told[1] = interrupts_so_far();
}

static u32 post(struct child *child, u32 type)
{
	struct hv_input_post_message_direct input = {.partition_id = child->id, .sint_index = SINT};
	struct hv_message message = {.header = {.message_type = type, .payload_size = 240}};

	memcpy(input.message, &message, sizeof(message));
	return hypercall(HVCALL_POST_MESSAGE_DIRECT, &input, sizeof(input));
}

static u32 signal(struct child *child, u16 flag, u8 *news)
{
	struct hv_input_signal_event_direct input = {
		.target_partition = child->id, .target_sint = SINT, .flag_number = flag};
	u32 status = hypercall(HVCALL_SIGNAL_EVENT_DIRECT, &input, sizeof(input));

	*news = hypercall_output[0];
	return status;
}

void check_direct_messages(void)
{
	struct child child;
	u8 news;

	begin(&child, take_messages);
	check(HV_STATUS_INVALID_SYNIC_STATE, post(&child, 1), "direct message: SynIC is off");
	child_start(&child, 0);
	check(1, child_step(&child), "the child listens");
	for (u32 i = 0; i < MESSAGES; i++)
		check(0, post(&child, 100 + i), "direct message %u", i);
	child_skip(&child, 0);
	check(1, child_step(&child), "the child has taken all messages");
	for (u32 i = 0; i < MESSAGES; i++)
		check(100 + i, types[i], "direct message %u: in order", i);
	check(0, signal(&child, 70, &news), "event: signal");
	check(1, news, "event: new");
	check(0, signal(&child, 70, &news), "event: signal again");
	check(0, news, "event: not new");
	check(HV_STATUS_INVALID_PARAMETER, signal(&child, 2048, &news), "event: no such flag");
	child_skip(&child, 0);
	check(1, child_finish(&child), "the child looks at its flags");
	check(BIT(6), told[0], "event: the flag");
	check_that(told[1] >= 1, told[1], "messages: interrupts came");
	check(1, child_destroy(&child), "messages: the child is taken apart");
}

/* ---- To the parent ---- */

static void send(void)
{
	struct hv_input_post_message message = {
		.connection_id = CONNECTION, .message_type = 0x1234, .payload_size = 8};

	message.payload[7] = 0x99;
	told[0] = hypercall(HVCALL_POST_MESSAGE, &message, sizeof(message));
	told[1] = hypercall_fast(HVCALL_SIGNAL_EVENT, (CONNECTION + 1) | 3ull << 32, 0);
	told[2] = hypercall_fast(HVCALL_SIGNAL_EVENT, CONNECTION + 2, 0);
	told[3] = hypercall_fast(HVCALL_SIGNAL_EVENT, (CONNECTION + 1) | 9ull << 32, 0);
}

static u32 connect(struct child *child, u32 number, u32 type)
{
	struct hv_input_create_port port = {.port_id = PORT + number,
		.connection_partition_id = child->id,
		.port_info = {.port_type = type,
			.event = {.target_sint = SINT,
				.target_vp = HV_ANY_VP,
				.base_flag_number = type == HV_PORT_TYPE_EVENT ? 60 : 0,
				.flag_count = type == HV_PORT_TYPE_EVENT ? 8 : 0}}};
	struct hv_input_connect_port connection = {.connection_partition_id = child->id,
		.connection_id = CONNECTION + number,
		.port_id = PORT + number,
		.connection_info.port_type = type};
	u32 status;

	(void)hypercall_raw(HVCALL_GET_PARTITION_ID, 0, (u64)hypercall_output);
	port.port_partition_id = *(const u64 *)hypercall_output;
	while ((status = hypercall(HVCALL_CREATE_PORT, &port, sizeof(port))) ==
		HV_STATUS_INSUFFICIENT_MEMORY)
		(void)pages_deposit(HV_PARTITION_ID_SELF, 1);
	return status ? status : hypercall(HVCALL_CONNECT_PORT, &connection, sizeof(connection));
}

static void check_arrivals(void)
{
	u64 simp = msr_read(HV_X64_MSR_SIMP) & HV_MSR_PAGE_ADDRESS_MASK;
	u64 siefp = msr_read(HV_X64_MSR_SIEFP) & HV_MSR_PAGE_ADDRESS_MASK;
	struct hv_message *message = &((struct hv_message_page *)simp)->sint[SINT];
	struct hv_event_flags *flags = &((struct hv_event_flags_page *)siefp)->sint[SINT];

	check(0x1234, message->header.message_type, "message: type");
	check(PORT, message->header.sender, "message: sender is the port");
	check(8, message->header.payload_size, "message: size");
	check(0x99, message->payload[7], "message: payload");
	check(BIT(63), flags->flags[0], "event: base and number");
	message->header.message_type = HVMSG_NONE;
}

void check_ports(void)
{
	struct hv_input_delete_port delete = {.port_id = PORT};
	struct child child;

	msr_write(HV_X64_MSR_SIEFP, msr_read(HV_X64_MSR_SIEFP) | HV_MSR_PAGE_ENABLE);
	msr_write(HV_X64_MSR_SINT0 + SINT, VECTOR);
	begin(&child, send);
	check(0, connect(&child, 0, HV_PORT_TYPE_MESSAGE), "message port");
	check(0, connect(&child, 1, HV_PORT_TYPE_EVENT), "event port");
	child_start(&child, 0);
	check(1, child_finish(&child), "the child sends");
	check(0, told[0], "HvCallPostMessage");
	check(0, told[1], "HvCallSignalEvent");
	check(HV_STATUS_INVALID_CONNECTION_ID, told[2], "HvCallSignalEvent: no connection");
	check(HV_STATUS_INVALID_PARAMETER, told[3], "HvCallSignalEvent: no such flag");
	check_arrivals();
	check(0, hypercall(HVCALL_DELETE_PORT, &delete, sizeof(delete)), "delete the message port");
	check(1, child_destroy(&child), "ports: the child is taken apart");
}
