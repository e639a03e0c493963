/* SPDX-License-Identifier: BSD-2-Clause */
/* VP state that moves through pages: local APIC, extended state, timers; CPUID results; GVAs. */
#include "abi/hv_state.h"
#include "core/interrupt/stimer.h"
#include "core/vp/features.h"
#include "tests/host/world.h"

#include <string.h>

static struct vp *boot(void)
{
	world_boot();
	return world_vp(world_child(64), 0);
}

/* A get or set with `words` page numbers behind the header. */
static u64 state_call(u16 code, const struct vp *vp, u32 type, u64 page, u32 words, void *out)
{
	struct {
		struct hv_input_get_vp_state in;
		u64 pages[4];
	} input = {.in = {.partition_id = vp->partition->id,
			   .vp_index = vp->index,
			   .state_data.type = type},
		.pages = {page}};
	u64 result;

	memcpy(machine_ram(world_input_gpa), &input, sizeof(input));
	memset(machine_ram(world_output_gpa), WORLD_POISON, PAGE_SIZE);
	CHECK_EQ(HYPERCALL_DONE,
		world_raw(root_partition.vps[0], code | (u64)words << HV_HYPERCALL_VARHEAD_SHIFT,
			world_input_gpa, world_output_gpa, &result));
	if (out)
		memcpy(out, machine_ram(world_output_gpa), sizeof(struct hv_output_get_vp_state));
	return result;
}

static u64 get(const struct vp *vp, u32 type, u64 page)
{
	return state_call(HVCALL_GET_VP_STATE, vp, type, page, 1, NULL);
}

static u64 set(const struct vp *vp, u32 type, u64 page)
{
	return state_call(HVCALL_SET_VP_STATE, vp, type, page, 1, NULL);
}

TEST(vp_state_lapic)
{
	struct vp *vp = boot();
	u64 page = world_page();
	struct hv_local_interrupt_controller_state *state = world_memory(page);

	memset(state, 0xff, PAGE_SIZE);
	CHECK_STATUS(SUCCESS, get(vp, HV_VP_STATE_LAPIC, page));
	CHECK_EQ(0, state->apic_id);
	CHECK_EQ(0xff, state->apic_spurious);
	CHECK_EQ(0, *((u8 *)state + PAGE_SIZE - 1));
	state->apic_spurious = 0x1ff;
	state->apic_lvt_lint0 = 0x700;
	state->apic_irr[2] = 1u << 5;
	state->apic_isr[1] = 1u << 3;
	state->apic_id = 77; /* stays what it is */
	CHECK_STATUS(SUCCESS, set(vp, HV_VP_STATE_LAPIC, page));
	memset(state, 0xff, PAGE_SIZE);
	CHECK_STATUS(SUCCESS, get(vp, HV_VP_STATE_LAPIC, page));
	CHECK_EQ(0x1ff, state->apic_spurious);
	CHECK_EQ(0x700, state->apic_lvt_lint0);
	CHECK_EQ(1u << 5, state->apic_irr[2]);
	CHECK_EQ(1u << 3, state->apic_isr[1]);
	CHECK_EQ(0, state->apic_id);
	CHECK_EQ(69, vapic_deliverable(&vp->apic));
	CHECK(vp->attention & ATTENTION_INTERRUPT);
}

TEST(vp_state_xsave)
{
	struct vp *vp = boot();
	u64 page = world_page();
	u8 *area = world_memory(page);
	u64 compaction;

	memset(area, 0xff, PAGE_SIZE);
	CHECK_STATUS(SUCCESS, get(vp, HV_VP_STATE_XSAVE, page));
	memcpy(&compaction, area + 520, 8);
	CHECK_EQ(BIT(63) | 0x2e7, compaction);
	CHECK_EQ(3, area[512]);
	CHECK_EQ(0x80, area[24]);
	area[160] = 0x5a; /* XMM0 */
	CHECK_STATUS(SUCCESS, set(vp, HV_VP_STATE_XSAVE, page));
	CHECK_EQ(0x5a, vp->xsave_page[160]);
	/* A state that is not there, and a reserved bit of MXCSR. */
	area[512] |= 8;
	CHECK_STATUS(INVALID_REGISTER_VALUE, set(vp, HV_VP_STATE_XSAVE, page));
	area[512] = 3;
	area[26] = 1;
	CHECK_STATUS(INVALID_REGISTER_VALUE, set(vp, HV_VP_STATE_XSAVE, page));
	CHECK_EQ(0x5a, vp->xsave_page[160]);
}

TEST(vp_state_timers)
{
	struct vp *vp = boot();
	struct hv_output_get_vp_state out;

	vp->stimers[2].config = 0x1234;
	vp->stimers[2].count = 99;
	CHECK_STATUS(SUCCESS,
		state_call(HVCALL_GET_VP_STATE, vp, HV_VP_STATE_SYNTHETIC_TIMERS, 0, 0, &out));
	CHECK_EQ(0, out.synthetic_timers.timers[1].config);
	CHECK_EQ(0x1234, out.synthetic_timers.timers[2].config);
	CHECK_EQ(99, out.synthetic_timers.timers[2].count);
	CHECK_EQ(WORLD_POISON, *((u8 *)machine_ram(world_output_gpa) + sizeof(out)));
}

/* The pages are the VP's own, whether it shows them or not. */
TEST(vp_state_synic_pages)
{
	static const u32 types[] = {HV_VP_STATE_SIM_PAGE, HV_VP_STATE_SIEF_PAGE};
	struct vp *vp = boot();

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		u64 page = world_page();
		u8 *memory = world_memory(page);

		memset(memory, 0x11 * (int)(i + 1), PAGE_SIZE);
		CHECK_STATUS(SUCCESS, set(vp, types[i], page));
		memset(memory, 0, PAGE_SIZE);
		CHECK_STATUS(SUCCESS, get(vp, types[i], page));
		CHECK_EQ(0x11 * (i + 1), memory[0]);
		CHECK_EQ(0x11 * (i + 1), memory[PAGE_SIZE - 1]);
		CHECK(!memcmp(memory, vp->overlays[i].page, PAGE_SIZE));
	}
}

static u64 set_timers(const struct vp *vp, const struct hv_synthetic_timers_state *state, u32 words)
{
	struct {
		struct hv_input_set_vp_state in;
		struct hv_synthetic_timers_state state;
	} input = {.in = {.partition_id = vp->partition->id,
			   .vp_index = vp->index,
			   .state_data.type = HV_VP_STATE_SYNTHETIC_TIMERS},
		.state = *state};
	u64 result;

	memcpy(machine_ram(world_input_gpa), &input, sizeof(input));
	CHECK_EQ(HYPERCALL_DONE,
		world_raw(root_partition.vps[0],
			HVCALL_SET_VP_STATE | (u64)words << HV_HYPERCALL_VARHEAD_SHIFT,
			world_input_gpa, 0, &result));
	return result;
}

/* What was saved goes on after it was restored: deadlines, steps and undelivered messages. */
TEST(vp_state_timers_restored)
{
	struct vp *vp = boot();
	struct hv_output_get_vp_state out;
	struct hv_synthetic_timers_state state = {0};

	state.timers[0] = (struct hv_stimer_state){
		.config = STIMER_ENABLE | STIMER_DIRECT | 0x61 << 4, .count = 5000000};
	state.timers[1] =
		(struct hv_stimer_state){.config = STIMER_ENABLE | STIMER_PERIODIC | 2 << 16,
			.count = 1000,
			.adjustment = 4000000};
	state.timers[3] = (struct hv_stimer_state){.flags = HV_STIMER_STATE_UNDELIVERED,
		.config = 4 << 16,
		.count = 77,
		.undelivered_expiration_time = 77};
	CHECK_STATUS(INVALID_PARAMETER, set_timers(vp, &state, 24));
	CHECK_STATUS(SUCCESS, set_timers(vp, &state, 25));
	CHECK_EQ(5000000, vp->stimers[0].due);
	CHECK_EQ(4000000, vp->stimers[1].due);
	CHECK(vp->stimers[3].message.queued);
	CHECK_STATUS(SUCCESS,
		state_call(HVCALL_GET_VP_STATE, vp, HV_VP_STATE_SYNTHETIC_TIMERS, 0, 0, &out));
	CHECK(!memcmp(&state, &out.synthetic_timers, sizeof(state)));
	/* Again, over what is there; and what no register would take changes nothing. */
	CHECK_STATUS(SUCCESS, set_timers(vp, &state, 25));
	state.timers[2].config = BIT(20);
	state.timers[0].count = 1;
	CHECK_STATUS(INVALID_REGISTER_VALUE, set_timers(vp, &state, 25));
	CHECK_EQ(5000000, vp->stimers[0].count);
	state.timers[2] = (struct hv_stimer_state){.flags = HV_STIMER_STATE_UNDELIVERED};
	CHECK_STATUS(INVALID_REGISTER_VALUE, set_timers(vp, &state, 25));
}

/* Pages that are not the root's own, or not named at all. */
TEST(vp_state_bad_pages)
{
	static const u32 types[] = {
		HV_VP_STATE_LAPIC, HV_VP_STATE_XSAVE, HV_VP_STATE_SIM_PAGE, HV_VP_STATE_SIEF_PAGE};
	struct vp *vp = boot();
	u64 bad[] = {hypervisor.pool_start >> PAGE_SHIFT, machine_spa(vp) >> PAGE_SHIFT, 0xfee00,
		~0ull, FAKE_RAM_SIZE >> PAGE_SHIFT};

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		for (u32 j = 0; j < ARRAY_SIZE(bad); j++) {
			CHECK_STATUS(INVALID_PARAMETER, get(vp, types[i], bad[j]));
			CHECK_STATUS(INVALID_PARAMETER, set(vp, types[i], bad[j]));
		}
		CHECK_STATUS(INVALID_PARAMETER,
			state_call(HVCALL_GET_VP_STATE, vp, types[i], world_page(), 0, NULL));
	}
	for (u32 type = 0x80000004; type < 0x80000010; type++) {
		CHECK_STATUS(INVALID_PARAMETER, get(vp, type, world_page()));
		CHECK_STATUS(INVALID_PARAMETER, set(vp, type, world_page()));
	}
	/* Timers come as data, not by page. */
	CHECK_STATUS(INVALID_PARAMETER, set(vp, HV_VP_STATE_SYNTHETIC_TIMERS, world_page()));
}

/* ---- Registered CPUID results ---- */

static u64 set_cpuid(const struct vp *vp, u32 leaf, u32 subleaf, bool specific, u32 eax, u32 mask)
{
	struct hv_input_register_intercept_result in = {.partition_id = vp->partition->id,
		.vp_index = vp->index,
		.intercept_type = HV_INTERCEPT_TYPE_X64_CPUID};

	in.parameters.cpuid.input.eax = leaf;
	in.parameters.cpuid.input.ecx = subleaf;
	in.parameters.cpuid.input.subleaf_specific = specific;
	in.parameters.cpuid.result.eax = eax;
	in.parameters.cpuid.result.eax_mask = mask;
	return WORLD_CALL(REGISTER_INTERCEPT_RESULT, in);
}

static u32 eax_of(struct vp *vp, u32 leaf, u32 subleaf)
{
	u32 out[4];

	vp_cpuid(vp, leaf, subleaf, out);
	return out[0];
}

TEST(vp_cpuid_results)
{
	struct vp *vp = boot();
	u32 native = eax_of(vp, 1, 0);

	CHECK_STATUS(SUCCESS, set_cpuid(vp, 1, 0, false, 0xffffffff, 0x0000ff00));
	CHECK_EQ(native | 0xff00, eax_of(vp, 1, 0));
	/* A general result serves every subleaf; a specific one goes before it. */
	CHECK_STATUS(SUCCESS, set_cpuid(vp, 4, 0, false, 100, ~0u));
	CHECK_STATUS(SUCCESS, set_cpuid(vp, 4, 3, true, 103, ~0u));
	CHECK_EQ(100, eax_of(vp, 4, 0));
	CHECK_EQ(100, eax_of(vp, 4, 9));
	CHECK_EQ(103, eax_of(vp, 4, 3));
	/* The same place again replaces. */
	CHECK_STATUS(SUCCESS, set_cpuid(vp, 4, 3, true, 104, ~0u));
	CHECK_EQ(104, eax_of(vp, 4, 3));
	CHECK_EQ(3, vp->cpuid_count);
	/* A specific result for subleaf 0 leaves the general one alone. */
	CHECK_STATUS(SUCCESS, set_cpuid(vp, 4, 0, true, 105, ~0u));
	CHECK_EQ(105, eax_of(vp, 4, 0));
	CHECK_EQ(100, eax_of(vp, 4, 9));
	/* A general result is one, whatever subleaf it was registered with. */
	CHECK_STATUS(SUCCESS, set_cpuid(vp, 4, 7, false, 106, ~0u));
	CHECK_EQ(106, eax_of(vp, 4, 9));
	CHECK_EQ(0, eax_of(vp, 0x8000001d, 4));
}

TEST(vp_cpuid_many_results)
{
	struct vp *vp = boot();
	u32 limit = CPUID_PAGES * CPUID_RESULTS_PER_PAGE;

	for (u32 i = 0; i < limit; i++)
		CHECK_STATUS(SUCCESS, set_cpuid(vp, i * 7, i, true, i + 1, ~0u));
	for (u32 i = 0; i < limit; i++)
		CHECK_EQ(i + 1, eax_of(vp, i * 7, i));
	CHECK_STATUS(NO_RESOURCES, set_cpuid(vp, 0x99999999, 0, false, 0, 0));
	CHECK_STATUS(SUCCESS, set_cpuid(vp, 7, 1, true, 5, ~0u));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_VP, vp->partition->id, 0));
}

TEST(vp_cpuid_results_need_memory)
{
	struct partition *child;
	struct vp *vp;
	u32 results = 0;

	world_boot();
	child = world_child(10);
	vp = world_vp(child, 0);
	CHECK_STATUS(INSUFFICIENT_MEMORY, set_cpuid(vp, 1, 0, false, 0, 0));
	world_deposit(child->id, 1);
	while (STATUS_OF(set_cpuid(vp, 0x100 + results, 0, false, 0, 0)) == HV_STATUS_SUCCESS)
		results++;
	CHECK_EQ(CPUID_RESULTS_PER_PAGE, results);
	CHECK_EQ(0, child->pool.free_pages);
	vp->index = 0;
	CHECK_STATUS(INVALID_PARAMETER,
		(WORLD_CALL(REGISTER_INTERCEPT_RESULT,
			((struct hv_input_register_intercept_result){.partition_id = child->id,
				.intercept_type = HV_INTERCEPT_TYPE_X64_MSR}))));
}

/* ---- Translation ---- */

static u64 translate(const struct vp *vp, u64 gva_page, u64 flags,
	struct hv_output_translate_virtual_address *out)
{
	struct hv_input_translate_virtual_address in = {.partition_id = vp->partition->id,
		.vp_index = vp->index,
		.control_flags = flags,
		.gva_page = gva_page};

	return WORLD_CALL_OUT(TRANSLATE_VIRTUAL_ADDRESS, in, *out);
}

TEST(vp_translate)
{
	struct vp *vp = boot();
	struct hv_output_translate_virtual_address out;
	u64 table = world_page();
	u64 *entries = world_memory(table);

	/* Without paging addresses are what they are; memory must be there. */
	CHECK_STATUS(SUCCESS, translate(vp, 5, HV_TRANSLATE_GVA_VALIDATE_READ, &out));
	CHECK_EQ(HV_TRANSLATE_GVA_GPA_UNMAPPED, out.result_code);
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 5, world_page(), HV_MAP_GPA_READABLE));
	CHECK_STATUS(SUCCESS, translate(vp, 5, HV_TRANSLATE_GVA_VALIDATE_READ, &out));
	CHECK_EQ(HV_TRANSLATE_GVA_SUCCESS, out.result_code);
	CHECK_EQ(5, out.gpa_page);
	CHECK_EQ(HV_CACHE_TYPE_WRITE_BACK, out.attributes);
	/* 32-bit paging with 4 MiB pages: 0xc0000000 is the first 4 MiB, read-only. */
	CHECK_STATUS(SUCCESS, world_map(vp->partition, 0x10, table, HV_MAP_GPA_READABLE));
	((u32 *)entries)[0x300] = 0x81;
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_CR3, 0x10000));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_CR4, 0x10));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_CR0, 0x80010001));
	CHECK_STATUS(SUCCESS, translate(vp, 0xc0005, HV_TRANSLATE_GVA_VALIDATE_READ, &out));
	CHECK_EQ(HV_TRANSLATE_GVA_SUCCESS, out.result_code);
	CHECK_EQ(5, out.gpa_page);
	CHECK_STATUS(SUCCESS, translate(vp, 0xc0005, HV_TRANSLATE_GVA_VALIDATE_WRITE, &out));
	CHECK_EQ(HV_TRANSLATE_GVA_PRIVILEGE_VIOLATION, out.result_code);
	CHECK_STATUS(SUCCESS, translate(vp, 0xb0005, HV_TRANSLATE_GVA_VALIDATE_READ, &out));
	CHECK_EQ(HV_TRANSLATE_GVA_PAGE_NOT_PRESENT, out.result_code);
	CHECK_EQ(0, out.gpa_page);
}
