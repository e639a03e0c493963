/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's own statistics pages: MSRs 0x400000E0 and E2, and what lies beneath the pages. */
#include "abi/hv_cpuid.h"
#include "abi/hv_message.h"
#include "abi/hv_msr.h"
#include "abi/hv_property.h"
#include "core/memory/overlay.h"
#include "core/vp/features.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#include <string.h>

#define PARTITION_PAGE HV_X64_MSR_STATS_PARTITION_RETAIL_PAGE
#define VP_PAGE	       HV_X64_MSR_STATS_VP_RETAIL_PAGE
#define RW	       (HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE)
#define AT(page)       ((u64)(page) << PAGE_SHIFT | HV_MSR_PAGE_ENABLE)

static struct partition *child;
static struct vp *vp;
static u64 beneath; /* mapped at GPA page 5 */

/* A child that may know of the hypervisor, not initialized yet. */
static void create(u32 pages)
{
	world_boot();
	child = world_create(pages);
	CHECK_STATUS(
		SUCCESS, world_set_property(child, HV_PARTITION_PROPERTY_SYNTHETIC_PROC_FEATURES,
				 HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT));
}

static void boot(void)
{
	create(64);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, child->id, 0));
	vp = world_vp(child, 0);
	beneath = world_page();
	CHECK_STATUS(SUCCESS, world_map(child, 5, beneath, RW));
}

static enum msr_outcome write_by(struct vp *by, u32 msr, u64 value)
{
	u64 gpa = 0;

	return vp_write_msr(by, msr, value, &gpa);
}

static void write(u32 msr, u64 value)
{
	CHECK_EQ(MSR_DONE, write_by(vp, msr, value));
}

static u64 read(u32 msr)
{
	u64 value = ~0ull;

	CHECK_EQ(MSR_DONE, vp_read_msr(vp, msr, &value));
	return value;
}

static struct slat_leaf leaf_of(u64 gpa_page)
{
	return slat_lookup(&child->slat, gpa_page << PAGE_SHIFT);
}

static void check_shown(u64 gpa_page, const u64 *stats)
{
	CHECK_EQ(machine_spa(stats), leaf_of(gpa_page).spa);
	CHECK_EQ(SLAT_READ, leaf_of(gpa_page).rights);
	CHECK(partition_covered(child, gpa_page << PAGE_SHIFT));
}

static void check_memory(u64 gpa_page, u64 spa_page)
{
	CHECK_EQ(spa_page << PAGE_SHIFT, leaf_of(gpa_page).spa);
	CHECK_EQ(SLAT_READ | SLAT_WRITE, leaf_of(gpa_page).rights);
	CHECK_EQ(1, frame_mappings(spa_page << PAGE_SHIFT));
	CHECK(!partition_covered(child, gpa_page << PAGE_SHIFT));
}

/* ---- The privilege ---- */

TEST(stats_msrs_privilege)
{
	const u64 stats = HV_FEATURE_EAX_STATS;
	u32 out[4];

	create(64);
	CHECK_EQ(stats, child->privileges & stats);
	CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE,
		world_set_property(
			child, HV_PARTITION_PROPERTY_PRIVILEGE_FLAGS, child->privileges ^ BIT(6)));
	CHECK_STATUS(SUCCESS, world_set_property(child, HV_PARTITION_PROPERTY_PRIVILEGE_FLAGS,
				      child->privileges & ~stats));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, child->id, 0));
	CHECK_STATUS(INVALID_PARTITION_STATE,
		world_set_property(child, HV_PARTITION_PROPERTY_PRIVILEGE_FLAGS, stats));
	vp = world_vp(child, 0);
	vp_cpuid(vp, HV_CPUID_FEATURES, 0, out);
	CHECK_EQ(0, out[0] & stats);
	CHECK_EQ(MSR_FAULT, write_by(vp, VP_PAGE, AT(5)));
	CHECK_EQ(MSR_FAULT, write_by(vp, PARTITION_PAGE, AT(5)));
	child->privileges |= stats;
	vp_cpuid(vp, HV_CPUID_FEATURES, 0, out);
	CHECK_EQ(stats, out[0] & stats);
	CHECK_EQ(MSR_DONE, write_by(vp, VP_PAGE, AT(5)));
	vp_cpuid(root_partition.vps[0], HV_CPUID_FEATURES, 0, out);
	CHECK_EQ(stats, out[0] & stats);
}

/* Without a hypervisor to know of there is none to have. */
TEST(stats_msrs_hidden)
{
	world_boot();
	child = world_create(0);
	CHECK_EQ(0, child->privileges);
	CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE,
		world_set_property(
			child, HV_PARTITION_PROPERTY_PRIVILEGE_FLAGS, HV_FEATURE_EAX_STATS));
}

/* ---- Showing and hiding ---- */

TEST(stats_msrs_show)
{
	u64 pages;

	boot();
	pages = stat_partition(child, GpaPages);
	CHECK_EQ(0, read(VP_PAGE));
	write(VP_PAGE, AT(5));
	check_shown(5, vp->stats);
	CHECK_EQ(pages, stat_partition(child, GpaPages));
	/* Its frame stays in use: it cannot become the hypervisor's. */
	CHECK_EQ(1, frame_mappings(beneath << PAGE_SHIFT));
	/* All bits are kept. */
	write(VP_PAGE, AT(5) | 0xffe);
	CHECK_EQ(AT(5) | 0xffe, read(VP_PAGE));
	check_shown(5, vp->stats);
	/* Where nothing was mapped. */
	write(VP_PAGE, AT(9));
	check_memory(5, beneath);
	check_shown(9, vp->stats);
	CHECK_EQ(pages + 1, stat_partition(child, GpaPages));
	write(VP_PAGE, 0x9000);
	CHECK_EQ(0x9000, read(VP_PAGE));
	CHECK_EQ(0, leaf_of(9).rights);
	CHECK_EQ(pages, stat_partition(child, GpaPages));
	CHECK_EQ(0, frame_mappings(machine_spa(vp->stats)));
	/* Beyond the GPA space it shows nowhere, as the TLFS says. */
	write(VP_PAGE, BIT(48) | HV_MSR_PAGE_ENABLE);
	CHECK_EQ(0, frame_mappings(machine_spa(vp->stats)));
	write(VP_PAGE, AT(5));
	check_shown(5, vp->stats);
}

/* One page for each VP; the partition's register is one for all. */
TEST(stats_msrs_scope)
{
	struct vp *second;
	u64 value;

	boot();
	second = world_vp(child, 1);
	write(VP_PAGE, AT(5));
	CHECK_EQ(MSR_DONE, write_by(second, VP_PAGE, AT(6)));
	write(PARTITION_PAGE, AT(7));
	check_shown(5, vp->stats);
	check_shown(6, second->stats);
	check_shown(7, child->stats);
	CHECK_EQ(MSR_DONE, vp_read_msr(second, PARTITION_PAGE, &value));
	CHECK_EQ(AT(7), value);
	/* Nothing is kept for the others. */
	CHECK_EQ(MSR_FAULT, write_by(vp, HV_X64_MSR_STATS_PARTITION_INTERNAL_PAGE, 0));
	CHECK_EQ(MSR_FAULT, write_by(vp, HV_X64_MSR_STATS_VP_INTERNAL_PAGE, AT(5)));
	CHECK_EQ(MSR_FAULT, vp_read_msr(vp, HV_X64_MSR_STATS_VP_INTERNAL_PAGE, &value));
}

/* Pages on top of one another go in any order. */
TEST(stats_msrs_stacked)
{
	boot();
	for (u32 first = 0; first < 2; first++) {
		write(VP_PAGE, AT(5));
		write(PARTITION_PAGE, AT(5));
		check_shown(5, child->stats);
		write(first ? VP_PAGE : PARTITION_PAGE, 0);
		check_shown(5, first ? child->stats : vp->stats);
		write(first ? PARTITION_PAGE : VP_PAGE, 0);
		check_memory(5, beneath);
		CHECK_EQ(0, frame_mappings(machine_spa(vp->stats)));
		CHECK_EQ(0, frame_mappings(machine_spa(child->stats)));
	}
}

/* Without memory for tables nothing changes. */
TEST(stats_msrs_memory)
{
	boot();
	write(VP_PAGE, AT(5));
	(void)world_withdraw(child->id);
	CHECK_EQ(MSR_FAULT, write_by(vp, VP_PAGE, AT(0x40000)));
	CHECK_EQ(AT(5), read(VP_PAGE));
	check_shown(5, vp->stats);
	CHECK_EQ(MSR_FAULT, write_by(vp, PARTITION_PAGE, AT(0x40000)));
	CHECK_EQ(0, read(PARTITION_PAGE));
	write(VP_PAGE, 0);
	check_memory(5, beneath);
}

/* A guest does not get ever more tables by showing its page everywhere. */
TEST(stats_msrs_tables)
{
	u64 tables;

	create(256);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, child->id, 0));
	vp = world_vp(child, 0);
	beneath = world_page();
	CHECK_STATUS(SUCCESS, world_map(child, 5, beneath, RW));
	tables = child->slat.table_pages;
	for (u64 i = 1; i < 100; i++)
		(void)write_by(vp, VP_PAGE, AT(i << 27)); /* three tables each */
	CHECK(child->slat.table_pages >= tables + OVERLAY_TABLES);
	CHECK(child->slat.table_pages < tables + OVERLAY_TABLES + 3);
	CHECK_EQ(MSR_FAULT, write_by(vp, VP_PAGE, AT(200ull << 27)));
	write(VP_PAGE, AT(5)); /* the parent's tables */
	check_shown(5, vp->stats);
}

/* A new processor has none; one that is reset has none either. */
TEST(stats_msrs_reset)
{
	struct vp *second;

	boot();
	second = world_vp(child, 1);
	CHECK_EQ(MSR_DONE, write_by(second, VP_PAGE, AT(6)));
	write(VP_PAGE, AT(5));
	write(PARTITION_PAGE, AT(7));
	CHECK_STATUS(SUCCESS, world_set_register(second, HV_REGISTER_APIC_BASE, 0xfee00800));
	CHECK_EQ(0, leaf_of(6).rights);
	check_shown(7, child->stats);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_APIC_BASE, 0xfee00900));
	CHECK_EQ(0, read(VP_PAGE));
	CHECK_EQ(0, read(PARTITION_PAGE));
	check_memory(5, beneath);
	CHECK_EQ(0, leaf_of(7).rights);
}

/* ---- The parent ---- */

static u64 unmap(u64 gpa_page, u32 flags)
{
	struct hv_input_unmap_gpa_pages in = {.target_partition_id = child->id,
		.target_gpa_base = gpa_page,
		.unmap_flags = flags};

	return world_rep(HVCALL_UNMAP_GPA_PAGES, 0, 1, &in, sizeof(in), NULL, 0);
}

/* What the parent maps and unmaps lies beneath. */
TEST(stats_msrs_parent_maps)
{
	u64 other, generation;

	boot();
	other = world_page();
	write(VP_PAGE, AT(5));
	generation = child->flush_generation;
	CHECK_STATUS(SUCCESS, world_map(child, 5, other, RW));
	CHECK_EQ(generation + 1,
		child->flush_generation); /* who wrote before the page was covered */
	check_shown(5, vp->stats);
	CHECK_EQ(0, frame_mappings(beneath << PAGE_SHIFT));
	CHECK_EQ(1, frame_mappings(other << PAGE_SHIFT));
	write(VP_PAGE, 0);
	check_memory(5, other);
	write(VP_PAGE, AT(5));
	CHECK_STATUS(SUCCESS, unmap(5, 0));
	check_shown(5, vp->stats);
	CHECK_EQ(0, frame_mappings(other << PAGE_SHIFT));
	write(VP_PAGE, 0);
	CHECK_EQ(0, leaf_of(5).rights);
	CHECK_EQ(0, stat_partition(child, GpaPages));
	/* Two of them: the lowest is the parent's neighbour. */
	write(VP_PAGE, AT(5));
	write(PARTITION_PAGE, AT(5));
	CHECK_STATUS(SUCCESS, world_map(child, 5, other, RW));
	check_shown(5, child->stats);
	write(PARTITION_PAGE, 0);
	check_shown(5, vp->stats);
	write(VP_PAGE, 0);
	check_memory(5, other);
}

/* Large pages are split around it, and replace all but it. */
TEST(stats_msrs_large_pages)
{
	u64 large;

	boot();
	large = world_large_page();
	CHECK_STATUS(SUCCESS, world_map(child, 0x200, large, RW | HV_MAP_GPA_LARGE_PAGE));
	write(VP_PAGE, AT(0x205));
	check_shown(0x205, vp->stats);
	check_memory(0x204, large + 4);
	/* Whether one of them was written nobody knows any more. */
	CHECK(*leaf_of(0x204).entry & FAKE_SLAT_DIRTY);
	CHECK_STATUS(SUCCESS, unmap(0x200, HV_UNMAP_GPA_LARGE_PAGE));
	check_shown(0x205, vp->stats);
	CHECK_EQ(0, leaf_of(0x204).rights);
	CHECK_EQ(0, frame_mappings((large + 5) << PAGE_SHIFT));
	CHECK_STATUS(SUCCESS, world_map(child, 0x200, large, RW | HV_MAP_GPA_LARGE_PAGE));
	check_shown(0x205, vp->stats);
	check_memory(0x3ff, large + 0x1ff);
	CHECK_EQ(1, frame_mappings((large + 5) << PAGE_SHIFT));
	write(VP_PAGE, 0);
	check_memory(0x205, large + 5);
}

static u8 state(u64 gpa_page, u64 flags)
{
	struct hv_input_get_gpa_pages_access_states in = {
		.partition_id = child->id, .flags = flags, .gpa_page_number = gpa_page};
	u8 out = 0xff;

	CHECK_STATUS(SUCCESS,
		world_rep(HVCALL_GET_GPA_PAGES_ACCESS_STATES, 0, 1, &in, sizeof(in), &out, 1));
	return out;
}

/* Whether the parent's page was written is neither lost nor mixed up with the page above. */
TEST(stats_msrs_access_states)
{
	boot();
	CHECK_EQ(0, state(5, 0));
	write(VP_PAGE, AT(5));
	CHECK_EQ(HV_GPA_STATE_ACCESSED | HV_GPA_STATE_DIRTY,
		state(5, HV_GPA_ACCESS_CLEAR_DIRTY | HV_GPA_ACCESS_CLEAR_ACCESSED));
	CHECK_EQ(0, state(5, HV_GPA_ACCESS_SET_DIRTY));
	*leaf_of(5).entry |= FAKE_SLAT_ACCESSED;
	CHECK_EQ(HV_GPA_STATE_DIRTY, state(5, 0));
	write(VP_PAGE, 0);
	CHECK_EQ(HV_GPA_STATE_DIRTY, state(5, 0));
	write(VP_PAGE, AT(9));
	CHECK_EQ(0, state(9, 0));
}

/* Whoever goes takes its page along, and all memory comes back. */
TEST(stats_msrs_teardown)
{
	struct hv_input_delete_vp in;
	struct vp *second;
	u64 frames[3];

	boot();
	second = world_vp(child, 1);
	frames[0] = machine_spa(vp->stats);
	frames[1] = machine_spa(second->stats);
	frames[2] = machine_spa(child->stats);
	write(VP_PAGE, AT(5));
	CHECK_EQ(MSR_DONE, write_by(second, VP_PAGE, AT(5)));
	write(PARTITION_PAGE, AT(5));
	in = (struct hv_input_delete_vp){.partition_id = child->id, .vp_index = 1};
	CHECK_STATUS(SUCCESS, WORLD_CALL(DELETE_VP, in));
	check_shown(5, child->stats);
	CHECK_EQ(0, frame_mappings(frames[1]));
	world_delete(child);
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++)
		CHECK_EQ(0, frame_mappings(frames[i]));
	CHECK_EQ(0, frame_mappings(beneath << PAGE_SHIFT));
}

/* ---- The root ---- */

TEST(stats_msrs_root)
{
	struct vp *root;
	u64 page, next;

	world_boot();
	root = root_partition.vps[0];
	page = world_page();
	next = world_page();
	CHECK_EQ(MSR_DONE, write_by(root, VP_PAGE, AT(page)));
	CHECK(partition_memory(&root_partition, page << PAGE_SHIFT, SLAT_READ) == root->stats);
	CHECK(!partition_memory(&root_partition, page << PAGE_SHIFT, SLAT_READ | SLAT_WRITE));
	CHECK_EQ(MSR_DONE, write_by(root, VP_PAGE, AT(page) | 2));
	/* Only where it has memory of its own. */
	CHECK_EQ(MSR_FAULT, write_by(root, VP_PAGE, WORLD_IMAGE_START | 1));
	CHECK_EQ(MSR_FAULT, write_by(root, PARTITION_PAGE, AT(page)));
	CHECK_EQ(FRAME_COVERED, frame_get(page << PAGE_SHIFT));
	CHECK_EQ(MSR_DONE, write_by(root, VP_PAGE, AT(next)));
	CHECK_EQ(FRAME_ROOT, frame_get(page << PAGE_SHIFT));
	CHECK_EQ(FRAME_COVERED, frame_get(next << PAGE_SHIFT));
	CHECK_EQ(MSR_DONE, write_by(root, PARTITION_PAGE, AT(page)));
	CHECK(partition_memory(&root_partition, page << PAGE_SHIFT, SLAT_READ) ==
		root_partition.stats);
	CHECK_EQ(MSR_DONE, write_by(root, PARTITION_PAGE, 0));
	CHECK_EQ(MSR_DONE, write_by(root, VP_PAGE, BIT(48) | 1));
	CHECK_EQ(FRAME_ROOT, frame_get(next << PAGE_SHIFT));
	CHECK_EQ(SLAT_READ | SLAT_WRITE | SLAT_EXECUTE,
		slat_lookup(&root_partition.slat, next << PAGE_SHIFT).rights);
}

/* ---- Accesses ---- */

#define MC 18
#define GP 13

static void touch(struct vp *by, u32 lp, u8 access, u64 gpa)
{
	by->event = 0;
	fake_exit(INTERCEPT_Memory, 0);
	fake_exit_last()->intercept.access = access;
	fake_exit_last()->intercept.memory.gpa = gpa;
	world_step(lp);
}

static u32 fault_of(const struct vp *by)
{
	return (u32)(by->event >> HV_PENDING_INTERRUPTION_VECTOR_SHIFT & 0xff);
}

TEST(stats_msrs_protected)
{
	u64 before, code = 0x10;
	u8 *memory;

	world_boot();
	vp = world_vp_at_code(code, &memory);
	child = vp->partition;
	child->privileges |= HV_FEATURE_EAX_STATS;
	write(VP_PAGE, AT(5));
	before = stat_vp(vp, OtherReflectedGuestExceptions);
	touch(vp, 1, INTERCEPT_WRITE, 0x5008);
	CHECK_EQ(MC, fault_of(vp));
	touch(vp, 1, INTERCEPT_EXECUTE, 0x5008);
	CHECK_EQ(MC, fault_of(vp));
	CHECK_EQ(before + 2, stat_vp(vp, OtherReflectedGuestExceptions));
	/* It came before the page did: the access is made again. */
	touch(vp, 1, INTERCEPT_READ, 0x5008);
	CHECK_EQ(0, vp->event);
	CHECK_EQ(0, vp->suspend);
	/* The page beside it is the parent's matter. */
	touch(vp, 1, INTERCEPT_WRITE, 0x6000);
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
	CHECK_EQ(0x6000, ((const struct hv_x64_memory_intercept_message *)(const void *)
					 vp->intercept_page->payload)
				 ->guest_physical_address);
}

/* Its parent can tell such a page from what it has mapped. */
TEST(stats_msrs_translate)
{
	struct hv_input_translate_virtual_address in = {0};
	struct hv_output_translate_virtual_address out;

	boot();
	in.partition_id = child->id;
	in.gva_page = 5;
	in.control_flags = HV_TRANSLATE_GVA_VALIDATE_READ | HV_TRANSLATE_GVA_VALIDATE_WRITE;
	fake_enter_64(vp);
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(TRANSLATE_VIRTUAL_ADDRESS, in, out));
	CHECK_EQ(HV_TRANSLATE_GVA_SUCCESS, out.result_code);
	CHECK_EQ(0, out.attributes & HV_TRANSLATE_GVA_OVERLAY_PAGE);
	write(VP_PAGE, AT(5));
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(TRANSLATE_VIRTUAL_ADDRESS, in, out));
	CHECK_EQ(HV_TRANSLATE_GVA_GPA_ILLEGAL_OVERLAY_ACCESS, out.result_code);
	CHECK_EQ(5, out.gpa_page);
	in.control_flags = HV_TRANSLATE_GVA_VALIDATE_READ;
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(TRANSLATE_VIRTUAL_ADDRESS, in, out));
	CHECK_EQ(HV_TRANSLATE_GVA_SUCCESS, out.result_code);
	CHECK_EQ(HV_TRANSLATE_GVA_OVERLAY_PAGE, out.attributes & HV_TRANSLATE_GVA_OVERLAY_PAGE);
}

/* Nor can a guest have the hypervisor write there. */
TEST(stats_msrs_no_output)
{
	u64 code = 0x10, before;
	u8 *memory;

	world_boot();
	vp = world_vp_at_code(code, &memory);
	child = vp->partition;
	child->privileges |= HV_FEATURE_EAX_STATS | HV_FEATURE_EAX_HYPERCALL_MSRS |
			     (u64)HV_FEATURE_EBX_ACCESS_PARTITION_ID << 32;
	child->guest_os_id = 1;
	write(VP_PAGE, AT(5));
	before = vp->stats[0];
	vp->regs.gpr[RCX] = HV_X64_MSR_HYPERCALL;
	vp->regs.gpr[RAX] = 0x5001;
	vp->regs.gpr[RDX] = 0;
	fake_exit(INTERCEPT_Msr, 2);
	fake_exit_last()->intercept.access = INTERCEPT_WRITE;
	world_step(1);
	CHECK_EQ(GP, fault_of(vp));
	CHECK_EQ(0, vp->suspend);
	vp->event = 0;
	vp->regs.gpr[RCX] = HVCALL_GET_PARTITION_ID;
	vp->regs.gpr[R8] = 0x5000;
	fake_exit(INTERCEPT_Hypercall, 3);
	world_step(1);
	CHECK_EQ(GP, fault_of(vp));
	CHECK_EQ(0, vp->suspend);
	CHECK_EQ(before, vp->stats[0]);
}

TEST(stats_msrs_root_protected)
{
	struct vp *root;
	u64 page;

	world_boot();
	root = root_partition.vps[0];
	world_run_on(0, root);
	page = world_page();
	CHECK_EQ(MSR_DONE, write_by(root, VP_PAGE, AT(page)));
	touch(root, 0, INTERCEPT_WRITE, page << PAGE_SHIFT);
	CHECK_EQ(MC, fault_of(root));
	touch(root, 0, INTERCEPT_WRITE, WORLD_IMAGE_START);
	CHECK_EQ(GP, fault_of(root));
}
