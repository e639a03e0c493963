/* SPDX-License-Identifier: BSD-2-Clause */
/* What an intercept costs while it is logged: one buffer has room for all of them. */
#include "abi/hv_eventlog.h"
#include "bench/exits/loops.h"
#include "tests/emulator/lib/hypercall.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

#define TYPE  HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS
#define PAGES 128
#define PARTS 3 /* deposits: of so many pages one hypercall does not know */

_Static_assert(PAGES *PAGE_SIZE > 88 + 56 * (ROUNDS * TURNS + 100), "nothing is lost");

static const struct operation logged = {"cpuid-0-logged", TURNS, run_cpuid};

static void call(u16 code, u64 second)
{
	u32 status = hypercall_fast(code, TYPE, second);

	if (status != HV_STATUS_SUCCESS)
		give_up("event log: call 0x%x, status 0x%x", code, status);
}

static void begin(void)
{
	struct hv_input_initialize_event_log_buffer_group group = {
		.type = TYPE, .maximum_buffer_count = 1, .buffer_pages = PAGES, .threshold = 1};
	struct hv_input_event_log_buffer buffer = {TYPE, 0};

	for (u32 i = 0; i < PARTS; i++)
		(void)pages_deposit(HV_PARTITION_ID_SELF, (PAGES + 2) / PARTS + 1);
	if (hypercall(HVCALL_INITIALIZE_EVENT_LOG_BUFFER_GROUP, &group, sizeof(group)))
		give_up("no group of buffers");
	call(HVCALL_CREATE_EVENT_LOG_BUFFER, (u64)HV_PROXIMITY_INFO_VALID << 32);
	if (hypercall(HVCALL_MAP_EVENT_LOG_BUFFER, &buffer, sizeof(buffer)))
		give_up("the buffer cannot be mapped");
	call(HVCALL_SET_EVENT_LOG_GROUP_SOURCES, HV_EVENTLOG_GROUP_INTERCEPT);
}

static void end(void)
{
	const struct hv_eventlog_buffer_header *header;

	call(HVCALL_SET_EVENT_LOG_GROUP_SOURCES, 0);
	header = (const void *)(*(const u64 *)hypercall_output << PAGE_SHIFT);
	check_that(header->next_buffer_offset > 56 * ROUNDS * TURNS, header->next_buffer_offset,
		"what was measured was logged");
	call(HVCALL_FLUSH_EVENT_LOG_BUFFER, 0);
	call(HVCALL_UNMAP_EVENT_LOG_BUFFER, 0);
	call(HVCALL_DELETE_EVENT_LOG_BUFFER, 0);
	call(HVCALL_FINALIZE_EVENT_LOG_BUFFER_GROUP, 0);
	(void)pages_withdraw(HV_PARTITION_ID_SELF);
}

void measure_logged(void)
{
	u64 value;

	begin();
	value = measure(&logged);
	end();
	print_result("root", logged.name, value);
}
