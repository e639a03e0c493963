/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metrics that windows_exporter has under names of its own, so that dashboards made for it work
 * here. Times are in seconds as there. Some of its counters do not end in _total: these are without
 * a type here. Two of its names are not what they say; they are kept as they are.
 */
#include "hvstat/metrics_text.h"

#include <string.h>

#define PREFIX "windows_hyperv_"

/* How a time of an LP or VP is made: a counter, or one less another, or what is left of the clock.
 */
enum part { RUN, HYPERVISOR, GUEST, IDLE, REMOTE };

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t lp_part(const uint64_t *counters, enum part part)
{
	switch (part) {
	case RUN:
		return counters[LP_TotalRunTime];
	case HYPERVISOR:
		return counters[LP_HypervisorRunTime];
	case GUEST:
		return less(counters[LP_TotalRunTime], counters[LP_HypervisorRunTime]);
	default:
		return less(counters[LP_GlobalTime], counters[LP_TotalRunTime]);
	}
}

static uint64_t vp_part(const uint64_t *counters, enum part part)
{
	switch (part) {
	case RUN:
		return counters[VP_TotalRunTime];
	case HYPERVISOR:
		return counters[VP_HypervisorRunTime];
	case GUEST:
		return less(counters[VP_TotalRunTime], counters[VP_HypervisorRunTime]);
	default:
		return counters[VP_RemoteNodeRunTime];
	}
}

/* A metric of times; with states it has a line for each. */
struct times {
	const char *name, *help;
	bool root; /* VPs: of the root */
	struct {
		const char *state;
		enum part part;
	} states[4];
};

static const struct times lp_times[] = {
	{PREFIX "hypervisor_logical_processor_time_total",
		"Time the processor spent in guests, in the hypervisor and idle, in seconds.",
		false, {{"guest", GUEST}, {"hypervisor", HYPERVISOR}, {"idle", IDLE}}},
	{PREFIX "hypervisor_logical_processor_total_run_time_total",
		"Time the processor spent in guests and in the hypervisor, in seconds.", false,
		{{NULL, RUN}}},
};

static const struct times vp_times[] = {
	{PREFIX "hypervisor_root_virtual_processor_time_total",
		"Time of the root's virtual processor by state, in seconds.", true,
		{{"guest_run", GUEST}, {"hypervisor", HYPERVISOR}, {"remote", REMOTE}}},
	{PREFIX "hypervisor_root_virtual_processor_total_run_time_total",
		"Time the root's virtual processor ran, in seconds.", true, {{NULL, RUN}}},
	{PREFIX "hypervisor_virtual_processor_mode_time_total",
		"Time of the virtual processor by state, in seconds.", false,
		{{"guest", GUEST}, {"hypervisor", HYPERVISOR}, {"remote", REMOTE}}},
	{PREFIX "hypervisor_virtual_processor_time_total",
		"Time of the virtual processor by state, in seconds; the older name.", false,
		{{"guest", GUEST}, {"hypervisor", HYPERVISOR}, {"remote", REMOTE}}},
	{PREFIX "hypervisor_virtual_processor_run_time_total",
		"Time the virtual processor ran, in seconds.", false, {{NULL, RUN}}},
	{PREFIX "hypervisor_virtual_processor_total_run_time_total",
		"Time the virtual processor ran, in seconds; the older name.", false,
		{{NULL, RUN}}},
};

static void write_lp_times(struct metrics *metrics, const struct times *times)
{
	if (!metric_begin(metrics, times->name, METRIC_COUNTER, times->help))
		return;
	for (uint32_t i = 0; i < metrics->sample->lp_count; i++) {
		const struct hvstat_lp *lp = &metrics->sample->lps[i];

		for (unsigned j = 0; !j || (j < 4 && times->states[j].state); j++) {
			struct labels labels = labels_of(NULL, lp->index, times->states[j].state);

			metric_time(metrics, times->name, &labels,
				lp_part(lp->counters, times->states[j].part));
		}
	}
}

static void write_vp_times(struct metrics *metrics, const struct times *times)
{
	if (!metric_begin(metrics, times->name, METRIC_COUNTER, times->help))
		return;
	for (uint32_t i = 0; i < metrics->sample->vp_count; i++) {
		const struct hvstat_vp *vp = &metrics->sample->vps[i];
		const struct hvstat_partition *owner = &metrics->sample->partitions[vp->partition];

		if (owner->root != times->root)
			continue;
		for (unsigned j = 0; !j || (j < 4 && times->states[j].state); j++) {
			struct labels labels = labels_of(owner->root ? NULL : owner->name,
				vp->index, times->states[j].state);

			metric_time(metrics, times->name, &labels,
				vp_part(vp->counters, times->states[j].part));
		}
	}
}

/* The waiting time alone, in ns; its base is ..._logical_processor_dispatches_total. */
static void write_wait(struct metrics *metrics, const char *name, bool root)
{
	if (!metric_begin(metrics, name, METRIC_COUNTER,
		    "Time runnable but waiting for a processor, in nanoseconds; divide by "
		    "logical_processor_dispatches_total."))
		return;
	for (uint32_t i = 0; i < metrics->sample->vp_count; i++) {
		const struct hvstat_vp *vp = &metrics->sample->vps[i];

		if (metrics->sample->partitions[vp->partition].root == root)
			metric_number(metrics, name, &metrics->vps[i],
				vp->counters[VP_WaitingForCpuTime] * 100);
	}
}

/* ---- The root partition ---- */

static const struct root_metric {
	const char *name, *help;
	uint16_t slot;
	bool counts; /* events */
	bool only; /* the rule's name would differ by _total or in case only: this one is enough */
} root_metrics[] = {
	{"preferred_numa_node_index", "GPA pages of the root; the name is windows_exporter's.",
		PT_GpaPages, false, false},
	{"physical_pages_allocated",
		"Timer ticks of the root that were skipped; the name is windows_exporter's.",
		PT_SkippedTimerTicks, false, false},
	{"gpa_space_modifications", "Changes of the root's GPA space.", PT_GpaSpaceModifications,
		true, true},
	{"io_tlb_flush_cost", "Time in I/O TLB flushes, in units of 100 ns.", PT_IoTlbFlushCost,
		false, false},
	{"io_tlb_flush", "Flushes of the root's I/O TLBs.", PT_IoTlbFlushes, true, false},
	{"virtual_tlb_flush_entries", "Flushes of the root's whole virtual TLB.",
		PT_VirtualTlbFlushEntires, true, false},
	{"device_dma_errors", "Refused DMA of the root's devices.", PT_DeviceDmaErrors, true, true},
	{"device_interrupt_errors", "Refused interrupts of the root's devices.",
		PT_DeviceInterruptErrors, true, true},
	{"device_interrupt_throttle_events", "Times a device's interrupts were throttled.",
		PT_DeviceInterruptThrottleEvents, true, true},
	{"1G_device_pages", "1G pages in the root's device space.", PT_DevicePages1G, false, true},
	{"1G_gpa_pages", "1G pages in the root's GPA space.", PT_GpaPages1G, false, true},
	{"2M_device_pages", "2M pages in the root's device space.", PT_DevicePages2M, false, true},
	{"2M_gpa_pages", "2M pages in the root's GPA space.", PT_GpaPages2M, false, true},
	{"4K_device_pages", "4K pages in the root's device space.", PT_DevicePages4K, false, true},
	{"4K_gpa_pages", "4K pages in the root's GPA space.", PT_GpaPages4K, false, true},
};

bool metrics_legacy_only(unsigned slot)
{
	for (size_t i = 0; i < sizeof(root_metrics) / sizeof(root_metrics[0]); i++)
		if (root_metrics[i].slot == slot && root_metrics[i].only)
			return true;
	return false;
}

static void write_root(struct metrics *metrics)
{
	const struct hvstat_sample *sample = metrics->sample;

	if (!sample->partition_count || !sample->partitions[0].root)
		return;
	for (size_t i = 0; i < sizeof(root_metrics) / sizeof(root_metrics[0]); i++) {
		const struct root_metric *metric = &root_metrics[i];
		char name[METRIC_NAME] = PREFIX "root_partition_";

		strcat(name, metric->name);
		if (metric_begin(metrics, name, metric->counts ? METRIC_UNTYPED : METRIC_GAUGE,
			    metric->help))
			metric_number(
				metrics, name, NULL, sample->partitions[0].counters[metric->slot]);
	}
}

/* The pages of guests, which windows_exporter has from the virtualization infrastructure driver. */
static void write_vid(struct metrics *metrics)
{
	static const char name[] = PREFIX "vid_physical_pages_allocated";

	if (!metric_begin(metrics, name, METRIC_GAUGE, "GPA pages of the guest."))
		return;
	for (uint32_t i = 0; i < metrics->sample->partition_count; i++)
		if (!metrics->sample->partitions[i].root)
			metric_number(metrics, name, &metrics->partitions[i],
				metrics->sample->partitions[i].counters[PT_GpaPages]);
}

void metrics_legacy(struct metrics *metrics)
{
	for (size_t i = 0; i < sizeof(lp_times) / sizeof(lp_times[0]); i++)
		write_lp_times(metrics, &lp_times[i]);
	for (size_t i = 0; i < sizeof(vp_times) / sizeof(vp_times[0]); i++)
		write_vp_times(metrics, &vp_times[i]);
	write_wait(metrics, PREFIX "hypervisor_virtual_processor_cpu_wait_time_per_dispatch_total",
		false);
	write_wait(
		metrics, PREFIX "hypervisor_root_virtual_cpu_wait_time_per_dispatch_total", true);
	write_root(metrics);
	write_vid(metrics);
}
