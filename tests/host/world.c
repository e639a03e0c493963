/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/world.h"

#include "loader/payload.h"

#include <string.h>

u64 world_input_gpa, world_output_gpa;

static u64 next_page;	    /* page number */
static u64 next_large_page; /* grows downwards */
static bool busy[MAX_LPS];  /* the LP is in a hypercall or waits */

static void prepare_machine(void)
{
	static struct payload_header header = {
		.magic = PAYLOAD_MAGIC,
		.load_address = WORLD_PAYLOAD,
		.memory_size = 2 * PAGE_SIZE,
	};

	machine.lp_count = WORLD_LPS;
	machine.image_start = WORLD_IMAGE_START;
	machine.image_end = WORLD_IMAGE_END;
	machine.pm1a_control = 0x604;
	machine.boot.module_count = 1;
	machine.boot.modules[0] =
		(struct boot_module){WORLD_MODULE, WORLD_MODULE + PAGE_SIZE, "words"};
	memcpy(machine_ram(WORLD_MODULE), &header, sizeof(header));
}

/* As core/main.c does on each LP, less the loop. */
static void start_lp(u32 index)
{
	struct lp *lp = &lps[index];

	fake.lp = index;
	lp->start = lp->stamp = fake.tsc;
	lp->armed_tsc = ~0ull;
	lp->root_vp->activity = VP_ACTIVE; /* as if the root had started them all */
	lp_wake(lp->root_vp);
	fake.lp = 0;
}

static void step_others(void)
{
	for (u32 i = 0; i < WORLD_LPS; i++)
		if (i != fake.lp && !busy[i])
			world_step(i);
}

void world_boot(void)
{
	prepare_machine();
	if (!CHECK_EQ(FAKE_STARTED, FAKE_ENDS(hypervisor_main())))
		return;
	next_page = 0x800;
	next_large_page = (hypervisor.pool_start >> PAGE_SHIFT) - 512;
	for (u32 i = 0; i < machine.lp_count; i++) {
		start_lp(i);
		fake_enter_64(root_partition.vps[i]);
	}
	world_input_gpa = world_page() << PAGE_SHIFT;
	world_output_gpa = world_page() << PAGE_SHIFT;
	fake.on_relax = step_others;
}

u64 world_page(void)
{
	CHECK(next_page < next_large_page);
	return next_page++;
}

u64 world_large_page(void)
{
	u64 page = next_large_page;

	CHECK(IS_ALIGNED(page, 512) && next_page < page);
	next_large_page -= 512;
	return page;
}

/* ---- Rounds ---- */

void world_step(u32 lp)
{
	u32 before = fake.lp;
	bool was_busy = busy[lp];

	fake.lp = lp;
	busy[lp] = true;
	lp_step(&lps[lp]);
	busy[lp] = was_busy;
	fake.lp = before;
}

void world_let_others_run(void)
{
	fake.on_relax = step_others;
}

static void halt(struct vp *vp)
{
	vp->regs.rflags = 2;
}

void world_halt_root(u32 lp)
{
	for (u32 i = 0; i < 8 && lps[lp].vp != lps[lp].root_vp; i++)
		world_step(lp);
	CHECK(lps[lp].vp == lps[lp].root_vp);
	fake_exit(INTERCEPT_Halt, 1);
	fake_exit_last()->act = halt;
	world_step(lp);
	world_step(lp);
	CHECK(lps[lp].vp == NULL);
}

void world_run_on(u32 lp, struct vp *vp)
{
	for (u32 i = 0; i < 8 && lps[lp].vp != vp; i++)
		world_step(lp);
	CHECK(lps[lp].vp == vp);
}

/* ---- Hypercalls ---- */

struct row {
	u16 code;
	u16 out;
};

static u32 declared_output(u16 code)
{
	static const struct row rows[] = {
#define HYPERCALL(code, name, form, header, element, out, target, privilege, family) {code, out},
#include "abi/hypercalls.def"
#undef HYPERCALL
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code)
			return rows[i].out;
	return 0;
}

enum hypercall_verdict world_raw(struct vp *vp, u64 control, u64 input, u64 output, u64 *result)
{
	struct hypercall_frame frame = {control, input, output};
	enum hypercall_verdict verdict;
	bool was_busy = busy[fake.lp];

	busy[fake.lp] = true;
	verdict = hypercall_run(vp, &frame, result);
	busy[fake.lp] = was_busy;
	return verdict;
}

static void check_poison(const u8 *page, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++)
		if (!CHECK_EQ(WORLD_POISON, page[i]))
			return;
}

u64 world_rep(
	u16 code, u32 start, u32 count, const void *input, u32 size, void *output, u32 output_size)
{
	u32 each = declared_output(code);
	u8 *page = machine_ram(world_output_gpa);
	u64 control = code | (u64)count << HV_HYPERCALL_REP_COUNT_SHIFT;
	enum hypercall_verdict verdict = HYPERCALL_CONTINUE;
	u64 result = start;

	memset(machine_ram(world_input_gpa), 0, PAGE_SIZE);
	memcpy(machine_ram(world_input_gpa), input, size);
	memset(page, WORLD_POISON, PAGE_SIZE);
	while (verdict == HYPERCALL_CONTINUE)
		verdict = world_raw(root_partition.vps[0],
			control | result << HV_HYPERCALL_REP_START_SHIFT, world_input_gpa,
			each ? world_output_gpa : 0, &result);
	CHECK_EQ(HYPERCALL_DONE, verdict);
	if (output)
		memcpy(output, page, output_size);
	if (count) {
		check_poison(page, 0, each * start);
		check_poison(page, each * (u32)REPS_OF(result), PAGE_SIZE);
	} else {
		check_poison(page, STATUS_OF(result) ? 0 : each, PAGE_SIZE);
	}
	return result;
}

u64 world_call(u16 code, const void *input, u32 size, void *output, u32 output_size)
{
	return world_rep(code, 0, 0, input, size, output, output_size);
}

u64 world_list(u16 code, u32 count, const void *header, u32 header_size, const void *list,
	u32 list_size, void *output, u32 output_size)
{
	u8 both[PAGE_SIZE];

	memcpy(both, header, header_size);
	memcpy(both + header_size, list, list_size);
	return world_rep(code, 0, count, both, header_size + list_size, output, output_size);
}

u64 world_fast(u16 code, u64 first, u64 second)
{
	u64 result = ~0ull;

	CHECK_EQ(HYPERCALL_DONE,
		world_raw(root_partition.vps[0], code | HV_HYPERCALL_FAST, first, second, &result));
	return result;
}
