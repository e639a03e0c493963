/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a VP's own code, and the pages that are remembered of it. */
#include "tests/host/world.h"

#include <string.h>

#define RX (HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE)

static struct vp *vp;
static u64 pages[3];

static void boot(void)
{
	world_boot();
	vp = world_vp(world_child(128), 0);
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = world_page();
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 0x10, pages[0], RX));
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 0x11, pages[1], RX));
	vp_forget_code(vp);
	fake_enter_64(vp);
}

static void put(u32 page, u32 offset, const char *bytes, u32 size)
{
	memcpy((u8 *)world_memory(pages[page]) + offset, bytes, size);
}

/* Code bases and modes: real, 32-bit, 64-bit, in which the base does not count. */
TEST(fetch_modes)
{
	union hv_register_value cs = {.segment = {.base = 0x10000, .attributes = 0x9b}};
	enum insn_mode mode;
	u8 bytes[INSN_MAX_LENGTH];

	boot();
	put(0, 0x123, "abcdefghijklmnop", 16);
	vp_set_register64(vp, HV_REGISTER_EFER, 0);
	CHECK(hypervisor.backend->set_register(vp, HV_REGISTER_CS, &cs));
	vp->regs.rip = 0x123;
	CHECK_EQ(15, vp_fetch(vp, bytes, &mode));
	CHECK_EQ(INSN_REAL16, mode);
	CHECK(!memcmp(bytes, "abcdefghijklmno", 15));
	cs.segment.attributes = 0xc09b;
	CHECK(hypervisor.backend->set_register(vp, HV_REGISTER_CS, &cs));
	CHECK_EQ(15, vp_fetch(vp, bytes, &mode));
	CHECK_EQ(INSN_PROT32, mode);
	fake_enter_64(vp);
	vp->regs.rip = 0x10123;
	memset(bytes, 0, sizeof(bytes));
	CHECK_EQ(15, vp_fetch(vp, bytes, &mode));
	CHECK_EQ(INSN_LONG64, mode);
	CHECK(!memcmp(bytes, "abcdefghijklmno", 15));
}

TEST(fetch_across_pages)
{
	enum insn_mode mode;
	u8 bytes[INSN_MAX_LENGTH];

	boot();
	put(0, 0xffa, "abcdef", 6);
	put(1, 0, "ghijklmnop", 10);
	vp->regs.rip = 0x10ffa;
	CHECK_EQ(15, vp_fetch(vp, bytes, &mode));
	CHECK(!memcmp(bytes, "abcdefghijklmno", 15));
	/* The next page is not there: what stands before its start is read. */
	vp->regs.rip = 0x11ffb;
	CHECK_EQ(5, vp_fetch(vp, bytes, &mode));
	vp->regs.rip = 0x12000;
	CHECK_EQ(0, vp_fetch(vp, bytes, &mode));
}

/* Lengths with and without prefixes, from memory and from the remembered page. */
TEST(fetch_lengths)
{
	boot();
	put(0, 0x10, "\x0f\xa2", 2);
	put(0, 0x20, "\x66\x67\x0f\xa2", 4);
	put(0, 0xffe, "\x0f\xa2", 2);
	for (u32 i = 0; i < 3; i++) {
		vp->regs.rip = 0x10010;
		CHECK_EQ(2, vp_instruction_length(vp, INSN_CPUID));
		vp->regs.rip = 0x10020;
		CHECK_EQ(4, vp_instruction_length(vp, INSN_CPUID));
		vp->regs.rip = 0x10ffe;
		CHECK_EQ(2, vp_instruction_length(vp, INSN_CPUID));
	}
	CHECK(vp->fetch_slots[0].page == world_memory(pages[0]));
	/* Something else stands there by now: the processor has seen at least the shortest form. */
	put(0, 0x10, "\x90\x90", 2);
	vp->regs.rip = 0x10010;
	CHECK_EQ(2, vp_instruction_length(vp, INSN_CPUID));
	CHECK_EQ(3, vp_instruction_length(vp, INSN_VMMCALL));
}

/* Code that cannot be read is not remembered. */
TEST(fetch_unreadable)
{
	boot();
	vp->regs.rip = 0x55010;
	CHECK_EQ(2, vp_instruction_length(vp, INSN_CPUID));
	for (u32 i = 0; i < FETCH_SLOTS; i++)
		CHECK_EQ(FETCH_EMPTY, vp->fetch_slots[i].page_gva);
}

/* A remembered page that has left the GPA space does no harm: the code is read again. */
TEST(fetch_stale_page)
{
	boot();
	put(0, 0x10, "\x0f\xa2", 2);
	vp->regs.rip = 0x10010;
	CHECK_EQ(2, vp_instruction_length(vp, INSN_CPUID));
	CHECK(vp->fetch_slots[0].page == world_memory(pages[0]));
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 0x10, pages[2], RX));
	put(0, 0x10, "\x90\x90", 2);
	put(2, 0x10, "\x66\x0f\xa2", 3);
	CHECK_EQ(3, vp_instruction_length(vp, INSN_CPUID));
	CHECK(vp->fetch_slots[0].page == world_memory(pages[2]));
	/* Pages that share a place do not mix. */
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 0x10 + FETCH_SLOTS, pages[1], RX));
	put(1, 0x10, "\x66\x66\x0f\xa2", 4);
	vp->regs.rip = 0x10010 + FETCH_SLOTS * PAGE_SIZE;
	CHECK_EQ(4, vp_instruction_length(vp, INSN_CPUID));
	vp->regs.rip = 0x10010;
	CHECK_EQ(3, vp_instruction_length(vp, INSN_CPUID));
}
