/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the root must not touch.
 *
 * What: reads, writes and instruction fetches of the hypervisor's image and pool, of the physical
 * APICs' page, and of pages that have been deposited; the latter again after they came back.
 * Why: the root drives all devices and creates all partitions, but the hypervisor's own memory
 * decides who may do what. A page that was the hypervisor's comes back empty, or it would tell
 * what other partitions did.
 * How: one access of each kind at the first and the last page of every area, and in between at
 * steps that meet tables of every size. Each must raise #GP, leave the page as it is and be told on
 * the console. Neighbouring pages must be accessible, so that the border is where it should be.
 */
#include "core/lib/string.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/hypercall.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

#define APIC_PAGE 0xfee00000ul

static u32 try_read(u64 address)
{
	return TRY("mov (%%rcx), %%al", "c"(address), "a"(0));
}

static u32 try_write(u64 address)
{
	return TRY("movb $0x5a, (%%rcx)", "c"(address));
}

/* The fetch faults at the target; the way back is ours to find. */
static u32 try_execute(u64 address)
{
	return excursion(CODE_64, DATA, address);
}

static void check_protected(u64 address, const char *name)
{
	check(VECTOR_GP, try_read(address), "%s: read at 0x%lx", name, address);
	check(VECTOR_GP, try_write(address), "%s: write at 0x%lx", name, address);
	check(VECTOR_GP, try_execute(address), "%s: execute at 0x%lx", name, address);
}

static void check_open(u64 address, const char *name)
{
	check(NO_FAULT, try_read(address), "%s: read at 0x%lx", name, address);
}

static void check_area(u64 start, u64 end, const char *name)
{
	u64 step = ALIGN_UP((end - start) / 5, PAGE_SIZE);

	for (u64 at = start; at < end; at += step)
		check_protected(at, name);
	check_protected(end - 1, name);
	check_protected(end - PAGE_SIZE, name);
}

/* A page that is deposited is out of reach for hypercalls as well. */
static void check_calls(u64 page)
{
	struct hv_input_deposit_memory header = {HV_PARTITION_ID_SELF};
	u64 pool = image_header.pool_start >> PAGE_SHIFT;
	u64 number = page >> PAGE_SHIFT;

	check(VECTOR_GP,
		TRY("vmmcall", "c"((u64)HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE), "d"(page), "a"(0)),
		"hypercall input in a deposited page");
	check(HV_STATUS_INVALID_PARAMETER,
		hypercall_status(hypercall_rep(
			HVCALL_DEPOSIT_MEMORY, &header, sizeof(header), &number, 8, 1)),
		"deposit of a deposited page");
	check(HV_STATUS_INVALID_PARAMETER,
		hypercall_status(
			hypercall_rep(HVCALL_DEPOSIT_MEMORY, &header, sizeof(header), &pool, 8, 1)),
		"deposit of the hypervisor's memory");
}

static void check_deposit(void)
{
	u8 *page = page_allocate();
	u8 *next = page_allocate();
	struct hv_input_deposit_memory header = {HV_PARTITION_ID_SELF};
	u64 number = (u64)page >> PAGE_SHIFT;
	u32 rest = 0;

	memset(page, 0x77, PAGE_SIZE);
	check(NO_FAULT, try_write((u64)next), "page next to it: write");
	check(0,
		hypercall_status(hypercall_rep(
			HVCALL_DEPOSIT_MEMORY, &header, sizeof(header), &number, 8, 1)),
		"deposit");
	check_protected((u64)page, "deposited page");
	check_protected((u64)page + PAGE_SIZE - 1, "deposited page");
	check(NO_FAULT, try_write((u64)next), "page next to it: write");
	check_calls((u64)page);
	check(1, pages_withdraw(HV_PARTITION_ID_SELF), "withdraw");
	check(NO_FAULT, try_read((u64)page), "withdrawn page: read");
	/* page_free() of the test library has used the first 8 bytes. */
	for (u32 i = 8; i < PAGE_SIZE; i++)
		rest += page[i];
	check(0, rest, "withdrawn page: empty");
	check(NO_FAULT, try_write((u64)page), "withdrawn page: write");
	page[16] = 0xc3;
	check(0xc3, page[16], "withdrawn page: holds what is written");
	pages_lent = 0;
}

void test_main(void)
{
	check_area(image_header.image_start, image_header.image_end, "image");
	check_area(image_header.pool_start, image_header.pool_end, "pool");
	check_protected(APIC_PAGE, "physical APIC");
	check_protected(APIC_PAGE + 0xff0, "physical APIC");
	check_open(image_header.image_start - 1, "before the image");
	check_open(image_header.pool_start - 1, "before the pool");
	check_open(image_header.pool_end, "behind the pool");
	check_deposit();
	expect_console("read of protected GPA");
	expect_console("write of protected GPA");
	expect_console("fetch of protected GPA");
}
