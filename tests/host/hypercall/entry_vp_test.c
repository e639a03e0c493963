/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypercall entry as a running VP meets it: registers, continuation, faults, intercepts. */
#include "abi/hv_message.h"
#include "tests/host/world.h"

#include <string.h>

#define VMMCALL_LENGTH 3

/* Lets the VP, which LP 0 runs, execute VMMCALL with these registers. */
static void vmmcall(struct vp *vp, u64 control, u64 input, u64 output)
{
	vp->regs.gpr[RCX] = control;
	vp->regs.gpr[RDX] = input;
	vp->regs.gpr[R8] = output;
	vp->regs.rip = 0x1000;
	fake_exit(INTERCEPT_Hypercall, VMMCALL_LENGTH);
	world_step(0);
}

static struct vp *boot(void)
{
	struct vp *vp;

	world_boot();
	vp = root_partition.vps[0];
	world_run_on(0, vp);
	return vp;
}

TEST(hypercall_registers)
{
	struct vp *vp = boot();
	struct vp_regs before;

	for (u32 i = 0; i < 16; i++)
		vp->regs.gpr[i] = 0x1111111111111111ull * i;
	fake_vp(vp)->shadow = true;
	vp->shadow = 1; /* as after an intercept */
	vp->regs.gpr[RCX] = HVCALL_GET_PARTITION_ID;
	vp->regs.gpr[RDX] = 0;
	vp->regs.gpr[R8] = world_output_gpa;
	vp->regs.rip = 0x1000;
	before = vp->regs;
	vmmcall(vp, HVCALL_GET_PARTITION_ID, 0, world_output_gpa);
	before.gpr[RAX] = HV_STATUS_SUCCESS;
	before.rip += VMMCALL_LENGTH;
	CHECK(!memcmp(&before, &vp->regs, sizeof(before)));
	CHECK(!fake_vp(vp)->shadow);
	CHECK_EQ(0, vp->event);
	CHECK_EQ(root_partition.id, *(u64 *)machine_ram(world_output_gpa));
}

TEST(hypercall_result_word)
{
	struct vp *vp = boot();
	u64 *input = machine_ram(world_input_gpa);

	/* Three good pages, then one that is no RAM: status and absolute index stand together. */
	input[0] = root_partition.id;
	vmmcall(vp, 0xffff, 0, 0);
	CHECK_EQ(HV_STATUS_INVALID_HYPERCALL_CODE, vp->regs.gpr[RAX]);
	for (u32 i = 1; i <= 4; i++)
		input[i] = world_page();
	vmmcall(vp, HVCALL_DEPOSIT_MEMORY | 4ull << 32 | 1ull << 48, world_input_gpa, 0);
	CHECK_EQ(4ull << 32, vp->regs.gpr[RAX]);
	CHECK_EQ(3, root_partition.pool.total_pages);
	vmmcall(vp, HVCALL_WITHDRAW_MEMORY | 9ull << 32 | 2ull << 48, world_input_gpa,
		world_output_gpa);
	CHECK_EQ(5ull << 32 | HV_STATUS_NO_RESOURCES, vp->regs.gpr[RAX]);
}

static void check_fault(struct vp *vp, u64 vector, bool error_code)
{
	CHECK_EQ(0x1000, vp->regs.rip);
	CHECK_EQ(HV_PENDING_INTERRUPTION_PENDING |
			 (u64)HV_INTERRUPTION_HARDWARE_EXCEPTION
				 << HV_PENDING_INTERRUPTION_TYPE_SHIFT |
			 (error_code ? HV_PENDING_INTERRUPTION_DELIVER_ERROR_CODE : 0) |
			 vector << HV_PENDING_INTERRUPTION_VECTOR_SHIFT,
		vp->event);
	world_step(0);
	CHECK_EQ(0, vp->event);
}

/* #UD outside CPL 0 and outside 64-bit mode; the call is not looked at. */
TEST(hypercall_environment)
{
	struct vp *vp = boot();
	union hv_register_value value;

	for (u64 dpl = 1; dpl <= 3; dpl++) {
		fake_enter_64(vp);
		vp->regs.gpr[RAX] = 0x1234;
		value.segment = (struct hv_x64_segment_register){
			.attributes = (u16)(0xc093 | dpl << HV_SEGMENT_DPL_SHIFT)};
		hypervisor.backend->set_register(vp, HV_REGISTER_SS, &value);
		vmmcall(vp, HVCALL_GET_PARTITION_ID, 0, world_output_gpa);
		check_fault(vp, 6, false);
		CHECK_EQ(0x1234, vp->regs.gpr[RAX]);
	}
	fake_enter_64(vp);
	value.segment = (struct hv_x64_segment_register){.attributes = 0xc09b};
	hypervisor.backend->set_register(vp, HV_REGISTER_CS, &value);
	vmmcall(vp, HVCALL_GET_PARTITION_ID, 0, world_output_gpa);
	check_fault(vp, 6, false);
	fake_enter_64(vp);
	value.reg64 = 0;
	hypervisor.backend->set_register(vp, HV_REGISTER_EFER, &value);
	vmmcall(vp, HVCALL_GET_PARTITION_ID, 0, world_output_gpa);
	check_fault(vp, 6, false);
	CHECK_EQ(0, stat_vp(vp, OtherHypercalls));
}

/* The root's own bad pointer is its fault: nobody could bring the page. */
TEST(hypercall_root_bad_memory)
{
	struct vp *vp = boot();

	vmmcall(vp, HVCALL_CREATE_PARTITION, hypervisor.pool_start, world_output_gpa);
	check_fault(vp, 13, true);
	vmmcall(vp, HVCALL_GET_PARTITION_ID, 0, hypervisor.pool_start);
	check_fault(vp, 13, true);
}

/* A long list of large pages goes on after the next intercept, from where it was. */
TEST(hypercall_continues)
{
	struct vp *vp = boot();
	struct partition *child = world_child(64);
	struct hv_input_map_gpa_pages in = {.target_partition_id = child->id,
		.target_gpa_base = 512,
		.map_flags = HV_MAP_GPA_LARGE_PAGE | HV_MAP_GPA_READABLE};
	u64 control = HVCALL_MAP_GPA_PAGES | 9ull << 32;
	u64 page = world_large_page();
	u64 last = 0;
	u32 turns = 0;

	memcpy(machine_ram(world_input_gpa), &in, sizeof(in));
	for (u32 i = 0; i < 9; i++)
		memcpy((u8 *)machine_ram(world_input_gpa) + sizeof(in) + 8 * i, &page, 8);
	vp->regs.gpr[RAX] = 0x1234;
	vmmcall(vp, control, world_input_gpa, 0);
	while (vp->regs.rip == 0x1000 && turns++ < 9) {
		u64 start = vp->regs.gpr[RCX] >> 48;

		CHECK_EQ(0x1234, vp->regs.gpr[RAX]);
		CHECK_EQ(control, vp->regs.gpr[RCX] & ~HV_HYPERCALL_REP_START_MASK);
		CHECK(start > last && start < 9);
		CHECK_EQ(start, child->slat.pages[1]);
		last = start;
		fake_exit(INTERCEPT_Hypercall, VMMCALL_LENGTH);
		world_step(0);
	}
	CHECK(turns > 0);
	CHECK_EQ(0x1000 + VMMCALL_LENGTH, vp->regs.rip);
	CHECK_EQ(9ull << 32, vp->regs.gpr[RAX]);
	CHECK_EQ(9, child->slat.pages[1]);
}

/* ---- A child's calls ---- */

/* A child VP on LP 0 with its first 16 pages of memory. */
static struct vp *run_child(void)
{
	struct partition *child;
	struct vp *vp;

	world_boot();
	child = world_child(128);
	vp = world_vp(child, 0);
	for (u64 i = 0; i < 16; i++)
		CHECK_STATUS(SUCCESS, world_map(child, i, world_page(),
					      HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE));
	fake_enter_64(vp);
	world_halt_root(0);
	world_start(vp);
	world_run_on(0, vp);
	return vp;
}

static void check_memory_message(struct vp *vp, u64 gpa, u8 access)
{
	const struct hv_message *message = (const void *)vp->intercept_page;
	const struct hv_x64_memory_intercept_message *m = (const void *)message->payload;

	CHECK_EQ(HVMSG_GPA_INTERCEPT, message->header.message_type);
	CHECK_EQ(gpa, m->guest_physical_address);
	CHECK_EQ(access, m->header.intercept_access_type);
	CHECK_EQ(0x1000, m->header.rip);
	CHECK_EQ(0x1000, vp->regs.rip);
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
	CHECK_EQ(0, vp->event);
	memset(vp->intercept_page, 0, PAGE_SIZE);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_INTERCEPT_SUSPEND, 0));
	world_step(0);
	world_run_on(0, vp);
}

/* TLFS: a page that is not there is its parent's to bring; then the call is made again. */
TEST(hypercall_child_memory)
{
	struct vp *vp = run_child();
	u64 control = HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE;

	vmmcall(vp, control, 0x100000, 0);
	check_memory_message(vp, 0x100000, HV_INTERCEPT_ACCESS_READ);
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 0x100, world_page(), HV_MAP_GPA_READABLE));
	vmmcall(vp, control, 0x100000, 0);
	CHECK_EQ(HV_STATUS_SUCCESS, vp->regs.gpr[RAX]);
	CHECK_EQ(0x1000 + VMMCALL_LENGTH, vp->regs.rip);
}

TEST(hypercall_child_calls)
{
	struct vp *vp = run_child();

	vmmcall(vp, HVCALL_CREATE_PARTITION, 0, 0);
	CHECK_EQ(HV_STATUS_ACCESS_DENIED, vp->regs.gpr[RAX]);
	vmmcall(vp, HVCALL_GET_PARTITION_ID, 0, 0);
	CHECK_EQ(HV_STATUS_ACCESS_DENIED, vp->regs.gpr[RAX]);
	vmmcall(vp, HVCALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST, 5, 0);
	CHECK_EQ(HV_STATUS_SUCCESS, vp->regs.gpr[RAX]);
	vmmcall(vp, HVCALL_SEND_IPI | HV_HYPERCALL_FAST, 0x41, 1);
	CHECK_EQ(HV_STATUS_SUCCESS, vp->regs.gpr[RAX]);
	vmmcall(vp, HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST | 1ull << 32, 0x2000, 0);
	CHECK_EQ(1ull << 32, vp->regs.gpr[RAX]);
}
