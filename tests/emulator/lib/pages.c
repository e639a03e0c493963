/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emulator/lib/pages.h"

#include "core/lib/string.h"
#include "tests/emulator/lib/hypercall.h"
#include "tests/emulator/lib/report.h"

#define LIST 256 /* pages a hypercall */

extern u8 image_end[], image_memory_end[];

s64 pages_lent;

static u8 *next_page = image_end;
static void *free_list;

void *page_allocate(void)
{
	void *page = free_list;

	if (page) {
		free_list = *(void **)page;
	} else {
		page = next_page;
		next_page += PAGE_SIZE;
		if (next_page > image_memory_end)
			give_up("out of pages");
	}
	memset(page, 0, PAGE_SIZE);
	return page;
}

void page_free(void *page)
{
	*(void **)page = free_list;
	free_list = page;
}

u32 pages_deposit(u64 partition, u32 count)
{
	struct hv_input_deposit_memory header = {partition};
	static u64 list[LIST];
	u64 result;

	for (u32 i = 0; i < count; i++)
		list[i] = (u64)page_allocate() >> PAGE_SHIFT;
	result = hypercall_rep(HVCALL_DEPOSIT_MEMORY, &header, sizeof(header), list, 8, count);
	if (hypercall_status(result) == HV_STATUS_SUCCESS) {
		pages_lent += count;
		return HV_STATUS_SUCCESS;
	}
	for (u32 i = 0; i < count; i++)
		page_free((void *)(list[i] << PAGE_SHIFT));
	return hypercall_status(result);
}

u32 pages_withdraw(u64 partition)
{
	struct hv_input_withdraw_memory header = {.partition_id = partition};
	const u64 *list = (const u64 *)hypercall_output;
	u32 total = 0, reps;

	do {
		reps = hypercall_reps(hypercall_rep(
			HVCALL_WITHDRAW_MEMORY, &header, sizeof(header), NULL, 0, LIST));
		for (u32 i = 0; i < reps; i++)
			page_free((void *)(list[i] << PAGE_SHIFT));
		total += reps;
	} while (reps == LIST);
	pages_lent -= total;
	return total;
}
