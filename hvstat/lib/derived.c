/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/lib/derived.h"

#include <stddef.h>

#include "hvstat/lib/use.h"

#define PERCENT 1e-5  /* 100 % of a time in 100 ns, per second */
#define COST	100.0 /* ns */

/* A list of slots, with an end. */
#define END 0

static const uint16_t interrupts[] = {LP_HardwareInterrupts, LP_InterProcessorInterrupts,
	LP_SchedulerInterrupts, LP_TimerInterrupts, END};
static const uint16_t messages[] = {VP_IoInterceptMessages, VP_MemoryInterceptMessages,
	VP_OtherMessages, VP_ExtendedHypercallInterceptMessages, END};
static const uint16_t intercepts[] = {
#define CLASS(id, count, time, label, cause) VP_##count,
#include "hvstat/lib/classes.def"
#undef CLASS
	END};
/* Of these lists the time is the slot behind the count's; windows.def has both of each pair. */
static const uint16_t emulations[] = {VP_VmclearEmulationCount, VP_VmptrldEmulationCount,
	VP_VmptrstEmulationCount, VP_VmreadEmulationCount, VP_VmwriteEmulationCount,
	VP_VmxoffEmulationCount, VP_VmxonEmulationCount, VP_InvEptAllContextEmulationCount,
	VP_InvEptSingleContextEmulationCount, VP_InvVpidAllContextEmulationCount,
	VP_InvVpidSingleContextEmulationCount, VP_InvVpidSingleAddressEmulationCount,
	VP_VmloadEmulationCount, VP_VmsaveEmulationCount, VP_GifInstructionEmulationCount, END};

static double sum(const uint16_t *slots, unsigned behind, const uint64_t *a, const uint64_t *b)
{
	double result = 0;

	for (; *slots != END; slots++)
		result += hvstat_risen(a[*slots + behind], b[*slots + behind]);
	return result;
}

static double risen(unsigned slot, const uint64_t *a, const uint64_t *b)
{
	return hvstat_risen(a[slot], b[slot]);
}

static double less(double a, double b)
{
	return a > b ? a - b : 0;
}

static struct fraction logical_processor(
	unsigned id, const uint64_t *a, const uint64_t *b, double elapsed)
{
	double run = risen(LP_TotalRunTime, a, b);

	if (id == DERIVED_TOTAL_INTERRUPTS)
		return (struct fraction){sum(interrupts, 0, a, b), elapsed, true};
	if (id == DERIVED_GUEST_RUN_TIME)
		return (struct fraction){
			PERCENT * less(run, risen(LP_HypervisorRunTime, a, b)), elapsed, false};
	return (struct fraction){PERCENT * less(elapsed * 1e7, run), elapsed, false};
}

/* A part of MaximumRunTime, where the hypervisor counts that, else of the elapsed time. */
static struct fraction utilization(const uint64_t *a, const uint64_t *b, double elapsed)
{
	double guest = less(risen(VP_TotalRunTime, a, b), risen(VP_HypervisorRunTime, a, b));
	double most = risen(VP_MaximumRunTime, a, b) * 1e-7;

	return (struct fraction){PERCENT * guest, most > 0 ? most : elapsed, false};
}

struct fraction derived_value(
	unsigned id, const uint64_t *before, const uint64_t *after, double elapsed)
{
	const uint64_t *a = before, *b = after;

	switch (id) {
	case DERIVED_VP_GUEST_RUN_TIME:
		return (struct fraction){PERCENT * less(risen(VP_TotalRunTime, a, b),
							   risen(VP_HypervisorRunTime, a, b)),
			elapsed, false};
	case DERIVED_GUEST_UTILIZATION:
		return utilization(a, b, elapsed);
	case DERIVED_TOTAL_INTERCEPTS:
		return (struct fraction){sum(intercepts, 0, a, b), elapsed, true};
	case DERIVED_TOTAL_INTERCEPTS_COST:
		return (struct fraction){
			COST * sum(intercepts, 1, a, b), sum(intercepts, 0, a, b), false};
	case DERIVED_TOTAL_MESSAGES:
		return (struct fraction){sum(messages, 0, a, b), elapsed, true};
	case DERIVED_TOTAL_EMULATION:
		return (struct fraction){sum(emulations, 0, a, b), elapsed, true};
	case DERIVED_TOTAL_EMULATION_COST:
		return (struct fraction){
			COST * sum(emulations, 1, a, b), sum(emulations, 0, a, b), false};
	case DERIVED_VTL1_AVERAGE:
		return (struct fraction){COST * risen(VP_Vtl1RunTime, a, b),
			risen(VP_Vtl1DispatchCount, a, b), false};
	case DERIVED_VTL2_AVERAGE:
		return (struct fraction){COST * risen(VP_Vtl2RunTime, a, b),
			risen(VP_Vtl2DispatchCount, a, b), false};
	default:
		return logical_processor(id, a, b, elapsed);
	}
}
