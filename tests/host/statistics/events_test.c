/* SPDX-License-Identifier: BSD-2-Clause */
/* Exactness: what happens moves the counters that its row in events.def names, and no other. */
#include "core/vp/msrs.h"
#include "tests/host/dispatcher.h"
#include "tests/host/statistics/pages.h"
#include "tests/host/world.h"

#include <stdio.h>
#include <string.h>

#define CODE_PAGE 0x10ull
#define CODE_GVA  (CODE_PAGE << PAGE_SHIFT)

static struct partition *child;
static struct vp *vp; /* the child's */

static struct vp *root(u32 index)
{
	return root_partition.vps[index];
}

const u64 *stats_page_of(enum stats_page page)
{
	switch (page) {
	case PAGE_HV:
		return hypervisor.stats;
	case PAGE_LP0:
		return lps[0].stats;
	case PAGE_LP1:
		return lps[1].stats;
	case PAGE_ROOT:
		return root_partition.stats;
	case PAGE_CHILD:
		return child->stats;
	case PAGE_ROOT_VP0:
		return root(0)->stats;
	case PAGE_ROOT_VP1:
		return root(1)->stats;
	case PAGE_CHILD_VP:
		return vp->stats;
	case STATS_PAGES:
		break;
	}
	return NULL;
}

/* ---- Worlds ---- */

static void boot(void)
{
	world_boot();
	world_let_others_run();
	child = world_child(256);
	vp = world_vp(child, 0);
	vp->activity = VP_ACTIVE;
	fake_enter_64(vp);
}

/* Root VP 0 runs on LP 0. */
static void boot_root(void)
{
	boot();
	world_run_on(0, root(0));
	world_step(0);
}

/* The child's VP can run on LP 1 only, where nobody else is. */
static void boot_child(void)
{
	struct sched_set set = {{0}};

	boot();
	world_halt_root(1);
	world_step(1);
	sched_set_add(&set, 1);
	CHECK_EQ(SCHED_OK, lp_set_affinity(vp, &set));
}

static void boot_running_child(void)
{
	boot_child();
	CHECK_STATUS(SUCCESS, world_map(child, CODE_PAGE, world_page(),
				      HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE));
	vp->regs.rip = CODE_GVA;
	world_start(vp);
	world_run_on(1, vp);
}

static void stop(void)
{
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 1));
}

/* Root VP 0 accesses an MSR. */
static void access_msr(u32 msr, u8 access, u64 value)
{
	boot_root();
	root(0)->apic.base |= VAPIC_BASE_X2APIC | VAPIC_BASE_ENABLE;
	root(0)->regs.gpr[RCX] = msr;
	root(0)->regs.gpr[RAX] = value;
	root(0)->regs.gpr[RDX] = 0;
	stats_begin();
	fake_exit(INTERCEPT_Msr, 2);
	fake_exit_last()->intercept.access = access;
	world_step(0);
}

static void child_reads_msr(u32 msr)
{
	boot_running_child();
	vp->regs.gpr[RCX] = msr;
	stats_begin();
	fake_exit(INTERCEPT_Msr, 2);
	fake_exit_last()->intercept.access = INTERCEPT_READ;
	world_step(1);
}

/* ---- Memory and objects ---- */

static void boots(void)
{
	fake.tsc = 2000000;
	machine.lps[1].proximity_domain = 1;
	boot();
}

static void deposit(void)
{
	boot();
	stats_begin();
	world_deposit(child->id, 3);
}

static void withdraw(void)
{
	struct hv_input_withdraw_memory in = {0};
	u64 page;

	boot();
	in.partition_id = child->id;
	stats_begin();
	CHECK_STATUS(SUCCESS,
		world_rep(HVCALL_WITHDRAW_MEMORY, 0, 1, &in, sizeof(in), &page, sizeof(page)));
}

static void partition(void)
{
	struct hv_input_create_partition in = {
		.flags = WORLD_CHILD_FLAGS, .compatibility_version = HV_COMPATIBILITY_21_H2};
	struct hv_output_create_partition out;

	boot();
	world_deposit(root_partition.id, 2);
	stats_begin();
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(CREATE_PARTITION, in, out));
}

static void another_vp(void)
{
	boot();
	stats_begin();
	world_vp(child, 1);
}

static void map_small(void)
{
	boot();
	stats_begin();
	CHECK_STATUS(SUCCESS, world_map(child, 0x10, world_page(), HV_MAP_GPA_READABLE));
}

static void map_large(void)
{
	boot();
	stats_begin();
	CHECK_STATUS(SUCCESS, world_map(child, 512, world_large_page(),
				      HV_MAP_GPA_READABLE | HV_MAP_GPA_LARGE_PAGE));
}

static void shatter(void)
{
	struct hv_input_unmap_gpa_pages in = {.target_gpa_base = 512};

	map_large();
	in.target_partition_id = child->id;
	stats_begin();
	CHECK_STATUS(SUCCESS, world_rep(HVCALL_UNMAP_GPA_PAGES, 0, 1, &in, sizeof(in), NULL, 0));
}

static void device_interrupt(void)
{
	struct hv_input_map_device_interrupt *in;
	u64 result;

	boot();
	in = machine_ram(world_input_gpa);
	memset(in, 0, PAGE_SIZE);
	in->partition_id = root_partition.id;
	in->device_id = (u64)HV_DEVICE_TYPE_PCI << HV_DEVICE_ID_TYPE_SHIFT;
	in->interrupt_descriptor.target.vector = 0x45;
	in->interrupt_descriptor.target.vp_mask = 1;
	stats_begin();
	CHECK_EQ(HYPERCALL_DONE, world_raw(root(0), HVCALL_MAP_DEVICE_INTERRUPT, world_input_gpa,
					 world_output_gpa, &result));
	CHECK_STATUS(SUCCESS, result);
}

static void scan(void)
{
	struct hv_input_get_gpa_pages_access_states in = {.gpa_page_number = 0x10};
	u8 states[4];

	boot();
	in.partition_id = child->id;
	stats_begin();
	CHECK_STATUS(SUCCESS, world_rep(HVCALL_GET_GPA_PAGES_ACCESS_STATES, 0, 4, &in, sizeof(in),
				      states, sizeof(states)));
}

/* ---- Flushes ---- */

static void flush(u64 flags)
{
	struct hv_input_flush_virtual_address_space in = {.flags = flags};

	boot();
	stats_begin();
	CHECK_STATUS(SUCCESS, WORLD_CALL(FLUSH_VIRTUAL_ADDRESS_SPACE, in));
}

static void flush_list(u64 flags)
{
	struct hv_input_flush_virtual_address_list in = {.flags = flags};
	static const u64 list[3];

	boot();
	stats_begin();
	CHECK_STATUS(SUCCESS, world_list(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST, 3, &in, sizeof(in),
				      list, sizeof(list), NULL, 0));
}

static void flush_space(void)
{
	flush(HV_FLUSH_ALL_PROCESSORS);
}

static void flush_domain(void)
{
	flush(HV_FLUSH_ALL_PROCESSORS | HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES);
}

static void flush_ranges(void)
{
	flush_list(HV_FLUSH_ALL_PROCESSORS);
}

static void flush_global_ranges(void)
{
	flush_list(HV_FLUSH_ALL_PROCESSORS | HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES);
}

/* ---- Physical interrupts ---- */

static void kick(void)
{
	boot();
	stats_begin();
	lp_notify(1, LP_RESCHEDULE);
}

static void interrupt(u8 vector, u32 attention)
{
	boot_root();
	lps[0].attention = attention;
	stats_begin();
	lp_physical_interrupt(vector);
}

static void kicked(void)
{
	interrupt(VECTOR_KICK, LP_CALL);
}

static void asked_to_decide(void)
{
	interrupt(VECTOR_KICK, LP_RESCHEDULE);
}

static void timer_interrupt(void)
{
	interrupt(VECTOR_TIMER, 0);
}

static void hardware_interrupt(void)
{
	interrupt(0x45, 0);
}

/* ---- Time ---- */

static void idles(void)
{
	boot_root();
	world_halt_root(0);
	stats_begin();
	world_step(0);
}

static void idle_time(void)
{
	boot_root();
	world_halt_root(0);
	world_step(0);
	stats_begin();
	fake.idle_ticks = 5000 * 200;
	world_step(0);
	fake.idle_ticks = 0;
	world_step(0); /* tells of the one before */
}

static void guest_time(void)
{
	boot_root();
	stats_begin();
	fake_exit(INTERCEPT_Interrupt, 0);
	fake_exit_last()->guest_ticks = 1000 * 200;
	world_step(0);
}

static void hypervisor_time(void)
{
	boot_root();
	stats_begin();
	fake_exit(INTERCEPT_NmiReturn, 0);
	fake_exit_last()->guest_ticks = 0;
	world_step(0);
	fake.tsc += 30 * 200;
	fake_exit(INTERCEPT_Interrupt, 0);
	fake_exit_last()->guest_ticks = 0;
	world_step(0);
}

static void skips_ticks(void)
{
	struct vapic *apic;

	boot_root();
	apic = &root(0)->apic;
	apic->lvt[1] = 0x71 | BIT(17); /* periodic */
	apic->timer_period_tsc = 1000;
	apic->timer_start_tsc = fake.tsc;
	apic->timer_deadline_tsc = fake.tsc + 1000;
	stats_begin();
	vp_timers_expire(root(0), fake.tsc + 8000);
}

static void skips_synthetic_ticks(void)
{
	struct stimer *timer;
	u64 now;

	boot_root();
	timer = &root(0)->stimers[0];
	now = partition_reference_time(&root_partition, fake.tsc);
	stimer_write_count(timer, 100, now);
	CHECK(stimer_write_config(
		timer, STIMER_ENABLE | STIMER_PERIODIC | STIMER_DIRECT | 0x50 << 4, now));
	stats_begin();
	vp_timers_expire(root(0), partition_time_to_tsc(&root_partition, now + 1000));
}

/* ---- The scheduler ---- */

static void dispatch(void)
{
	boot_child();
	world_start(vp);
	stats_begin();
	fake.tsc += 20 * 200;
	world_step(1);
}

/* A wait of each length: below a unit, two units, four units, … */
static void waits(void)
{
	u64 unit = machine.tsc_hz / 1000000 * 4000 / 512;

	dispatch();
	stop();
	stats_begin();
	for (u32 bucket = 0; bucket < SCHED_BUCKETS; bucket++) {
		world_start(vp);
		fake.tsc += (unit << bucket) - 1;
		world_step(1);
		stop();
	}
}

static void switch_time(void)
{
	boot_child();
	world_start(vp);
	fake.tsc_step = 1000;
	stats_begin();
	world_step(1);
}

static void migration(void)
{
	struct sched_set set = {{0}};

	boot_child();
	world_halt_root(2);
	sched_set_add(&set, 2);
	CHECK_EQ(SCHED_OK, lp_set_affinity(vp, &set));
	world_start(vp);
	world_run_on(2, vp);
	stop();
	sched_set_add(&set, 1);
	sched_set_drop(&set, 2);
	CHECK_EQ(SCHED_OK, lp_set_affinity(vp, &set));
	world_start(vp);
	stats_begin();
	world_step(1);
}

/* Another VP of the child is woken where the first one runs. */
static void queue(void)
{
	struct sched_set set = {{0}};
	struct vp *other;

	boot_running_child();
	other = world_vp(child, 1);
	other->activity = VP_ACTIVE;
	sched_set_add(&set, 1);
	CHECK_EQ(SCHED_OK, lp_set_affinity(other, &set));
	world_step(1);
	stats_begin();
	world_start(other);
	world_step(1);
}

/* The VP's memory is in another domain than the LP. */
static void remote_node(void)
{
	machine.lps[2].proximity_domain = 1;
	boot_child();
	lp_set_node(vp, lp_node_of_domain(1));
	world_start(vp);
	fake_exit(INTERCEPT_Interrupt, 0);
	fake_exit_last()->guest_ticks = 1000 * 200;
	stats_begin();
	world_step(1);
	stop();
}

static void spins(void)
{
	boot_root();
	root(0)->regs.gpr[RCX] = HVCALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST;
	stats_begin();
	fake_exit(INTERCEPT_Hypercall, 3);
	world_step(0);
}

/* ---- The virtual APIC ---- */

static void end_of_interrupt(void)
{
	access_msr(0x80b, INTERCEPT_WRITE, 0);
}

static void priority_read(void)
{
	access_msr(0x808, INTERCEPT_READ, 0);
}

static void priority_write(void)
{
	access_msr(0x808, INTERCEPT_WRITE, 0x10);
}

static void self_ipi(void)
{
	access_msr(0x83f, INTERCEPT_WRITE, 0x41);
}

static void injection(void)
{
	boot_root();
	root(0)->apic.spurious = 0x1ff;
	root(0)->regs.rflags |= RFLAGS_IF;
	vp_interrupt(root(0), 0x45, false);
	stats_begin();
	world_step(0);
}

static void synthetic_interrupt(void)
{
	boot();
	stats_begin();
	vp_synic_assert(root(1), (struct synic_assert){.vector = 0x50});
}

/* ---- Intercepts ---- */

static void general_protection(void)
{
	boot_root();
	stats_begin();
	fake_exit(INTERCEPT_Rdpmc, 2);
	world_step(0);
}

static void child_exits(enum intercept_kind kind)
{
	boot_running_child();
	stats_begin();
	fake_exit(kind, 2);
	if (kind == INTERCEPT_Memory)
		fake_exit_last()->intercept.memory.gpa = 0x12345000;
	world_step(1);
}

static void port(void)
{
	child_exits(INTERCEPT_IoPort);
}

static void memory(void)
{
	child_exits(INTERCEPT_Memory);
}

static void triple_fault(void)
{
	child_exits(INTERCEPT_Shutdown);
}

static void apic_page(void)
{
	static const u8 mov_ecx_mem[] = {0x8b, 0x08}; /* mov (%rax), %ecx */

	boot_running_child();
	memcpy(partition_memory(child, CODE_GVA, SLAT_READ), mov_ecx_mem, sizeof(mov_ecx_mem));
	fake.tsc_step = 1000;
	stats_begin();
	fake_exit(INTERCEPT_Memory, 0);
	fake_exit_last()->intercept.memory.gpa = 0xfee00020;
	world_step(1);
}

/* Of a VP that the root schedules, and that is suspended. */
static void blocked_thread(void)
{
	struct dispatch request = {0};
	struct hv_output_dispatch_vp out;

	dispatcher_boot();
	vp = dispatched;
	child = vp->partition;
	stats_begin();
	CHECK_STATUS(SUCCESS, lp_dispatch(vp, &request, &out));
}

static void counter_register(void)
{
	child_reads_msr(0xc0010004);
}

static void branch_register(void)
{
	child_reads_msr(0x1db);
}

static void trace_register(void)
{
	child_reads_msr(0x570);
}

/* ---- A test for each ---- */

#define EVENT(name, ...)                                                                           \
	TEST(counts_##name)                                                                        \
	{                                                                                          \
		name();                                                                            \
		stats_check_event(#name);                                                          \
	}
#include "tests/host/statistics/events.def"
#undef EVENT
