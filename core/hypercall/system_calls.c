/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as a whole, as the root steers it. */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/log.h"
#include "core/lp.h"

enum hv_status call_GetLogicalProcessorRunTime(struct call *call)
{
	const struct hv_input_get_logical_processor_run_time *in = call->input;
	struct hv_output_get_logical_processor_run_time *out = call->output;
	const struct lp *lp;

	if (in->lp_index >= machine.lp_count)
		return HV_STATUS_INVALID_LP_INDEX;
	lp = &lps[in->lp_index];
	/* TLFS 2.0a §6.3.4: it goes on while the LP sleeps, which tells so only when it wakes up.
	 */
	out->global_time = stats_100ns(machine_tsc() - lp->start);
	out->local_run_time = stats_100ns(lp->guest_tsc + lp->hypervisor_tsc);
	out->hypervisor_time = stats_100ns(lp->hypervisor_tsc);
	return HV_STATUS_SUCCESS;
}

/* As Linux's HV_SCHEDULER_TYPE_*: who decides, and whether threads of a core are told apart. */
static u32 scheduler_type(void)
{
	switch (hypervisor.options.scheduler) {
	case SCHEDULER_ROOT:
		return HV_SCHEDULER_TYPE_ROOT;
	case SCHEDULER_CORE:
		return HV_SCHEDULER_TYPE_CORE_SMT;
	default:
		return lp_threads() ? HV_SCHEDULER_TYPE_LP_SMT : HV_SCHEDULER_TYPE_LP;
	}
}

enum hv_status call_GetSystemProperty(struct call *call)
{
	const struct hv_input_get_system_property *in = call->input;
	struct hv_output_get_system_property *out = call->output;

	if (in->property_id != HV_SYSTEM_PROPERTY_SCHEDULER_TYPE)
		return HV_STATUS_INVALID_PARAMETER;
	out->scheduler_type = scheduler_type();
	return HV_STATUS_SUCCESS;
}

#define SLEEP_TYPES_KNOWN BIT(16)

enum hv_status call_SetSystemProperty(struct call *call)
{
	const struct hv_input_set_system_property *in = call->input;

	if (in->property_id != HV_SYSTEM_PROPERTY_SLEEP_STATE)
		return HV_STATUS_INVALID_PARAMETER;
	if (in->sleep.sleep_state != HV_SLEEP_STATE_S5 || !machine.pm1a_control)
		return HV_STATUS_INVALID_PARAMETER;
	hypervisor.sleep_types =
		SLEEP_TYPES_KNOWN | in->sleep.pm1a_slp_typ | (u64)in->sleep.pm1b_slp_typ << 8;
	return HV_STATUS_SUCCESS;
}

enum hv_status call_EnterSleepState(struct call *call)
{
	const struct hv_input_enter_sleep_state *in = call->input;

	if (in->sleep_state != HV_SLEEP_STATE_S5 || !(hypervisor.sleep_types & SLEEP_TYPES_KNOWN))
		return HV_STATUS_INVALID_PARAMETER;
	log_info("root powers the machine off");
	machine_sleep((u8)hypervisor.sleep_types, (u8)(hypervisor.sleep_types >> 8));
}

enum hv_status call_NotifyPartitionEvent(struct call *call)
{
	const struct hv_input_notify_partition_event *in = call->input;

	/* All processors run from the start, so there is nothing to do but to agree. */
	return in->event == HV_PARTITION_EVENT_ALL_LOGICAL_PROCESSORS_STARTED
		       ? HV_STATUS_SUCCESS
		       : HV_STATUS_INVALID_PARAMETER;
}
