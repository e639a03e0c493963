/* SPDX-License-Identifier: BSD-2-Clause */
/* From the bare machine to a running root partition, in order. */
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "core/lp.h"
#include "core/lp_eventlog.h"
#include "core/memory/frames.h"
#include "core/vp/vp.h"
#include "loader/loader.h"

struct hypervisor hypervisor = {.backend = &svm_backend};

void *hypervisor_page(void)
{
	void *page = pool_allocate(&hypervisor.pool);

	if (!page)
		panic("out of hypervisor memory");
	return page;
}

static void read_options(void)
{
	static char error[128];

	if (!options_parse(&hypervisor.options, machine.boot.command_line, error, sizeof(error)))
		refuse("%s (known: root-memory= lps= log= root-pages= boot-processor= scheduler=)",
			error);
	log_limit = (enum log_level)hypervisor.options.log;
}

static bool boot_processor_idles(void)
{
	if (hypervisor.options.boot_processor == BOOT_PROCESSOR_IDLE && machine.lp_count == 1)
		refuse("boot-processor=idle: this machine has no other processor");
	if (hypervisor.options.boot_processor != BOOT_PROCESSOR_AUTO)
		return hypervisor.options.boot_processor == BOOT_PROCESSOR_IDLE;
	return machine.boot_processor_unstable && machine.lp_count > 1;
}

static void limit_lps(void)
{
	if (hypervisor.options.lps > machine.lp_count)
		refuse("lps=%u: this machine has %u", hypervisor.options.lps, machine.lp_count);
	if (hypervisor.options.lps)
		machine.lp_count = hypervisor.options.lps;
}

/* RAM above the limit is nobody's: the root must not even know of it. */
static void limit_root_memory(u64 limit)
{
	struct boot_info *boot = &machine.boot;
	u64 total = 0;

	for (u32 i = 0; i < boot->range_count; i++) {
		struct memory_range *range = &boot->ranges[i];
		u64 size = range->end - range->start;

		if (range->kind != MEMORY_RAM)
			continue;
		if (limit && total + size > limit)
			range->end =
				range->start + ALIGN_DOWN(limit - MIN(limit, total), PAGE_SIZE);
		total += range->end - range->start;
	}
	log_info("memory: %lu MiB RAM", total >> 20);
}

#define POOL_BASE_SIZE (8ull << 20)
#define POOL_ALIGN     (2ull << 20)

/*
 * Our own memory: the frame table, a nested table page for every 2 MiB of RAM (each may have to be
 * split when a page is deposited), and what LPs and root VPs need.
 */
static void place_pool(void)
{
	const struct boot_info *boot = &machine.boot;
	u64 size = frames_size(machine.ram_end) + (machine.ram_end >> 9) + POOL_BASE_SIZE;

	size = ALIGN_UP(size + machine.lp_count * 32 * PAGE_SIZE, POOL_ALIGN);
	loader_reserve(machine.image_start, machine.image_end);
	for (u32 i = 0; i < boot->module_count; i++)
		loader_reserve(boot->modules[i].start, boot->modules[i].end);
	hypervisor.pool_start = loader_find(size, POOL_ALIGN, 1ull << 32);
	if (!hypervisor.pool_start)
		refuse("no room for %lu MiB of hypervisor memory", size >> 20);
	hypervisor.pool_end = hypervisor.pool_start + size;
	loader_reserve(hypervisor.pool_start, hypervisor.pool_end);
	log_info("memory: hypervisor image %#lx-%#lx, pool %#lx-%#lx", machine.image_start,
		machine.image_end, hypervisor.pool_start, hypervisor.pool_end);
}

static void fill_pool(void)
{
	const struct boot_info *boot = &machine.boot;
	u64 table = frames_size(machine.ram_end);

	memset(machine_ram(hypervisor.pool_start), 0, table);
	frames_init(machine_ram(hypervisor.pool_start), machine.ram_end);
	for (u32 i = 0; i < boot->range_count; i++)
		if (boot->ranges[i].kind == MEMORY_RAM)
			frames_set_range(boot->ranges[i].start, boot->ranges[i].end, FRAME_ROOT);
	frames_set_range(machine.image_start, machine.image_end, FRAME_HYPERVISOR);
	frames_set_range(hypervisor.pool_start, hypervisor.pool_end, FRAME_HYPERVISOR);
	pool_init(&hypervisor.pool, 0, true);
	for (u64 spa = hypervisor.pool_end - PAGE_SIZE; spa >= hypervisor.pool_start + table;
		spa -= PAGE_SIZE)
		pool_add(&hypervisor.pool, spa);
}

#define SLAT_ALL (SLAT_READ | SLAT_WRITE | SLAT_EXECUTE)

static void map_identity(u64 start, u64 end, u32 level)
{
	if (start < end && slat_map_range(&root_partition.slat, start, start, end - start, level,
				   SLAT_ALL) != SLAT_OK)
		panic("out of memory for the root's nested tables");
}

/* DOC: root-map */
/* Everything at its own address but what is ours and the physical APICs. Holes must be sorted. */
static void map_root(void)
{
	struct {
		u64 start;
		u64 end;
	} holes[] = {
		{machine.image_start, machine.image_end},
		{hypervisor.pool_start, hypervisor.pool_end},
		{LOCAL_APIC_PAGE, LOCAL_APIC_PAGE + PAGE_SIZE},
	};
	u32 out[4];
	u64 at = 0;

	machine_cpuid(0x80000008, 0, out);
	if (!slat_init(&root_partition.slat, hypervisor.backend->slat, &hypervisor.pool))
		panic("out of memory for the root's nested tables");
	for (u32 i = 0; i < ARRAY_SIZE(holes); i++) {
		map_identity(at, holes[i].start, hypervisor.options.root_pages);
		at = holes[i].end;
	}
	map_identity(at, MAX(machine.ram_end, 1ull << 32), hypervisor.options.root_pages);
	/* Above RAM and 4 GiB there are only devices: large pages whatever the option says. */
	map_identity(MAX(machine.ram_end, 1ull << 32), 1ull << MIN(out[0] & 0xff, 48u), 2);
}

/* A page of ours that the root sees (TLFS overlay pages, placed by the hypervisor). */
static u64 overlay_page(void)
{
	u64 spa = machine_spa(hypervisor_page());

	frame_set(spa, FRAME_OVERLAY, 0);
	map_identity(spa, spa + PAGE_SIZE, 0);
	return spa;
}

static void create_root_vp(u32 index)
{
	struct vp *vp;
	enum hv_status status;

	/* The root's pool is still empty: its VPs live in our own memory. */
	root_partition.pool = hypervisor.pool;
	status = vp_create(&root_partition, index, &vp);
	hypervisor.pool = root_partition.pool;
	pool_init(&root_partition.pool, 0, false);
	if (status != HV_STATUS_SUCCESS)
		panic("out of memory for root VP %u", index);
	vp->assist_page_msr = overlay_page();
	vp->synic.simp = overlay_page();
	vp->synic.siefp = overlay_page();
	vp->synic.sirbp = overlay_page();
	lps[index].root_vp = vp;
}

static void create_root(void)
{
	static const u8 hypercall_code[] = {0x0f, 0x01, 0xd9, 0xc3}; /* vmmcall; ret */

	partitions_init();
	map_root();
	root_partition.hypercall_msr = overlay_page();
	memset(machine_ram(root_partition.hypercall_msr), 0xcc, PAGE_SIZE);
	memcpy(machine_ram(root_partition.hypercall_msr), hypercall_code, sizeof(hypercall_code));
	root_partition.reference_tsc_msr = overlay_page();
	for (u32 i = 0; i < machine.lp_count; i++)
		create_root_vp(i);
}

static void prepare_lps(void)
{
	for (u32 i = 0; i < machine.lp_count; i++) {
		struct lp *lp = &lps[i];

		lp->index = i;
		lp->stats = hypervisor_page();
		lp->call_input = hypervisor_page();
		lp->call_output = hypervisor_page();
		lp->save_page = hypervisor_page();
		lp->state_page = hypervisor_page();
		stat_lp(lp, RootVpIndex) = i;
		stat_lp(lp, ProximityDomainId) = machine.lps[i].proximity_domain;
	}
	hypervisor.stats = hypervisor_page();
	hypervisor.stats[STAT_HV_LogicalProcessors] = machine.lp_count;
	hypervisor.stats[STAT_HV_TotalPages] =
		(machine.image_end - machine.image_start + hypervisor.pool_end -
			hypervisor.pool_start) >>
		PAGE_SHIFT;
}

static void run_lp(u32 index)
{
	struct lp *lp = &lps[index];

	hypervisor.backend->lp_enable(index, lp->save_page, lp->state_page);
	lp_wake(lp->root_vp);
	lp_run(lp);
}

/* DOC: start-order */
static void start(void)
{
	const char *missing;

	limit_lps();
	stats_set_frequency(machine.tsc_hz);
	limit_root_memory(hypervisor.options.root_memory);
	place_pool();
	machine_map_final();
	missing = hypervisor.backend->probe();
	if (missing)
		refuse("%s", missing);
	fill_pool();
	prepare_lps();
	lp_scheduler_init();
	lp_eventlog_init();
	create_root();
	loader_start_root(root_partition.vps[0]);
	log_info("starting the root partition: %u VPs, %lu of %lu own pages free",
		root_partition.vp_count, hypervisor.pool.free_pages, hypervisor.pool.total_pages);
	hypervisor.stats[STAT_HV_HypervisorStartupCost] = stats_100ns(machine_tsc());
	machine_start_lps(run_lp);
	run_lp(0);
}

_Noreturn void hypervisor_main(void)
{
	log_info("Trivium " TRIVIUM_VERSION ", a hypervisor: %u processors, TSC %lu kHz",
		machine.lp_count, machine.tsc_hz / 1000);
	read_options();
	if (boot_processor_idles()) {
		log_info("the boot processor is left idle, %u processors remain",
			machine.lp_count - 1);
		machine_leave_boot_processor(start);
	}
	start();
	machine_stop();
}
