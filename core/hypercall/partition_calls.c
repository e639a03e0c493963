/* SPDX-License-Identifier: BSD-2-Clause */
/* Partitions and their properties (TLFS ch. 6; property codes in abi/hv_property.h). */
#include "abi/hv_cpuid.h"
#include "abi/hv_property.h"
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/lp_eventlog.h"
#include "core/partition/scheduling.h"
#include "core/vp/features.h"
#include "core/vp/vp.h"
#include "core/vp/xsave.h"

enum hv_status call_GetPartitionId(struct call *call)
{
	struct hv_output_get_partition_id *out = call->output;

	out->partition_id = call->vp->partition->id;
	return HV_STATUS_SUCCESS;
}

/* What a child of ours can be; anything else would be a promise we cannot keep. */
#define CREATE_FLAGS                                                                               \
	(HV_PARTITION_FLAG_GPA_SUPER_PAGES_ENABLED | HV_PARTITION_FLAG_EXO_PARTITION |             \
		HV_PARTITION_FLAG_LAPIC_ENABLED |                                                  \
		HV_PARTITION_FLAG_INTERCEPT_MESSAGE_PAGE_ENABLED |                                 \
		HV_PARTITION_FLAG_X2APIC_CAPABLE | HV_PARTITION_FLAG_SMT_ENABLED_GUEST)

static enum hv_status create(struct call *call)
{
	const struct hv_input_create_partition *in = call->input;
	struct hv_output_create_partition *out = call->output;
	struct partition *partition;
	enum hv_status status;

	if (in->flags & ~CREATE_FLAGS)
		return HV_STATUS_INVALID_PARAMETER;
	if (!(in->flags & HV_PARTITION_FLAG_LAPIC_ENABLED) ||
		!(in->flags & HV_PARTITION_FLAG_INTERCEPT_MESSAGE_PAGE_ENABLED))
		return HV_STATUS_INVALID_PARAMETER;
	if (in->isolation_properties & 0x1f)
		return HV_STATUS_INVALID_PARAMETER;
	status = partition_create(in->flags, &partition);
	if (status != HV_STATUS_SUCCESS)
		return status;
	for (u32 i = 0; i < HV_PROCESSOR_FEATURE_BANKS; i++)
		partition->processor_features[i] =
			features_processor(i) & ~in->disabled_processor_features[i];
	out->partition_id = partition->id;
	return HV_STATUS_SUCCESS;
}

enum hv_status call_CreatePartition(struct call *call)
{
	const struct hv_output_create_partition *out = call->output;
	enum hv_status status = create(call);

	lp_eventlog_object(HV_TR_OB_CREATE_PARTITION,
		status == HV_STATUS_SUCCESS ? out->partition_id : HV_PARTITION_ID_INVALID, 0,
		status);
	return status;
}

enum hv_status call_InitializePartition(struct call *call)
{
	return partition_initialize(call->target);
}

enum hv_status call_FinalizePartition(struct call *call)
{
	return partition_finalize(call->target);
}

enum hv_status call_DeletePartition(struct call *call)
{
	u64 id = call->target->id;
	enum hv_status status = partition_delete(call->target);

	lp_eventlog_object(HV_TR_OB_DELETE_PARTITION, id, 0, status);
	/* Its page is gone; the dispatcher must not put it. */
	if (status == HV_STATUS_SUCCESS)
		call->target = call->vp->partition;
	return status;
}

struct property_row {
	u32 code;
	bool early; /* may be set before initialization only */
	enum hv_status (*get)(struct partition *partition, u64 *value);
	enum hv_status (*set)(struct partition *partition, u64 value);
};

static enum hv_status get_privileges(struct partition *partition, u64 *value)
{
	*value = partition->privileges;
	return HV_STATUS_SUCCESS;
}

/* All but this one follow from the synthetic features, which also give it. */
static enum hv_status set_privileges(struct partition *partition, u64 value)
{
	u64 free = partition->announced ? HV_FEATURE_EAX_STATS : 0;

	if ((value ^ partition->privileges) & ~free)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	partition->privileges = value;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_synthetic(struct partition *partition, u64 *value)
{
	*value = partition->synthetic_features;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_synthetic(struct partition *partition, u64 value)
{
	if (value & ~features_assignable())
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	features_child(partition, value);
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_time_freeze(struct partition *partition, u64 *value)
{
	*value = partition->time_frozen;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_time_freeze(struct partition *partition, u64 value)
{
	if (value > 1)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	partition_freeze_time(partition, value);
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_reference_time(struct partition *partition, u64 *value)
{
	*value = partition_reference_time(partition, machine_tsc());
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_reference_time(struct partition *partition, u64 value)
{
	if (!partition->time_frozen)
		return HV_STATUS_INVALID_PARTITION_STATE;
	partition->frozen_time = value;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_tracking(struct partition *partition, u64 *value)
{
	*value = partition->access_tracking;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_tracking(struct partition *partition, u64 value)
{
	if (value > 1)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	partition->access_tracking = value;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_msr_action(struct partition *partition, u64 *value)
{
	*value = partition->unimplemented_msr_action;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_msr_action(struct partition *partition, u64 value)
{
	if (value > 1)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	partition->unimplemented_msr_action = value;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_vendor(struct partition *partition, u64 *value)
{
	(void)partition;
	*value = 0; /* HV_PROCESSOR_VENDOR_AMD */
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_address_width(struct partition *partition, u64 *value)
{
	u32 out[4];

	(void)partition;
	machine_cpuid(0x80000008, 0, out);
	*value = out[0] & 0xff;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_xsave_states(struct partition *partition, u64 *value)
{
	(void)partition;
	*value = hypervisor.backend->extended_states();
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_xsave_size(struct partition *partition, u64 *value)
{
	(void)partition;
	*value = xsave_compact_size();
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_clock(struct partition *partition, u64 *value)
{
	(void)partition;
	*value = machine.tsc_hz;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_features0(struct partition *partition, u64 *value)
{
	*value = partition->processor_features[0];
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_features1(struct partition *partition, u64 *value)
{
	*value = partition->processor_features[1];
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_guest_os_id(struct partition *partition, u64 *value)
{
	*value = partition->guest_os_id;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_id(struct partition *partition, u64 *value)
{
	*value = partition->id;
	return HV_STATUS_SUCCESS;
}

static const struct property_row property_rows[] = {
	{HV_PARTITION_PROPERTY_PRIVILEGE_FLAGS, true, get_privileges, set_privileges},
	{HV_PARTITION_PROPERTY_SYNTHETIC_PROC_FEATURES, true, get_synthetic, set_synthetic},
	{HV_PARTITION_PROPERTY_CPU_RESERVE, false, scheduling_get_reserve, scheduling_set_reserve},
	{HV_PARTITION_PROPERTY_CPU_CAP, false, scheduling_get_cap, scheduling_set_cap},
	{HV_PARTITION_PROPERTY_CPU_WEIGHT, false, scheduling_get_weight, scheduling_set_weight},
	{HV_PARTITION_PROPERTY_CPU_GROUP_ID, false, scheduling_get_group, scheduling_set_group},
	{HV_PARTITION_PROPERTY_TIME_FREEZE, false, get_time_freeze, set_time_freeze},
	{HV_PARTITION_PROPERTY_REFERENCE_TIME, false, get_reference_time, set_reference_time},
	{HV_PARTITION_PROPERTY_GPA_PAGE_ACCESS_TRACKING, false, get_tracking, set_tracking},
	{HV_PARTITION_PROPERTY_UNIMPLEMENTED_MSR_ACTION, false, get_msr_action, set_msr_action},
	{HV_PARTITION_PROPERTY_PROCESSOR_VENDOR, false, get_vendor, NULL},
	{HV_PARTITION_PROPERTY_PHYSICAL_ADDRESS_WIDTH, false, get_address_width, NULL},
	{HV_PARTITION_PROPERTY_XSAVE_STATES, false, get_xsave_states, NULL},
	{HV_PARTITION_PROPERTY_MAX_XSAVE_DATA_SIZE, false, get_xsave_size, NULL},
	{HV_PARTITION_PROPERTY_PROCESSOR_CLOCK_FREQUENCY, false, get_clock, NULL},
	{HV_PARTITION_PROPERTY_PROCESSOR_FEATURES0, false, get_features0, NULL},
	{HV_PARTITION_PROPERTY_PROCESSOR_FEATURES1, false, get_features1, NULL},
	{HV_PARTITION_PROPERTY_GUEST_OS_ID, false, get_guest_os_id, NULL},
	{HV_PARTITION_PROPERTY_TRIVIUM_PARTITION_ID, false, get_id, NULL},
	{HV_PARTITION_PROPERTY_TRIVIUM_CPU_RESERVED, false, scheduling_get_reserved, NULL},
	{HV_PARTITION_PROPERTY_TRIVIUM_CPU_CAPACITY, false, scheduling_get_capacity, NULL},
	{HV_PARTITION_PROPERTY_TRIVIUM_CREATE_CPU_GROUP, false, NULL, scheduling_create_group},
	{HV_PARTITION_PROPERTY_TRIVIUM_DELETE_CPU_GROUP, false, NULL, scheduling_delete_group},
	{HV_PARTITION_PROPERTY_TRIVIUM_CPU_GROUP_CAP, false, NULL, scheduling_set_group_cap},
};

/* A code for each of many: `first` and those behind it. */
struct array_row {
	u32 first;
	u32 count;
	enum hv_status (*get)(struct partition *partition, u32 index, u64 *value);
	enum hv_status (*set)(struct partition *partition, u32 index, u64 value);
};

static const struct array_row array_rows[] = {
	{HV_PARTITION_PROPERTY_TRIVIUM_CPU_GROUPS, HV_CPU_GROUPS_MAX, scheduling_get_group_at,
		NULL},
	{HV_PARTITION_PROPERTY_TRIVIUM_VP_AFFINITY_SET, MAX_VPS, scheduling_get_affinity,
		scheduling_set_affinity},
};

static const struct property_row *find_property(u32 code)
{
	for (u32 i = 0; i < ARRAY_SIZE(property_rows); i++)
		if (property_rows[i].code == code)
			return &property_rows[i];
	return NULL;
}

static const struct array_row *find_array(u32 code)
{
	for (u32 i = 0; i < ARRAY_SIZE(array_rows); i++)
		if (code - array_rows[i].first < array_rows[i].count)
			return &array_rows[i];
	return NULL;
}

enum hv_status call_GetPartitionProperty(struct call *call)
{
	const struct hv_input_get_partition_property *in = call->input;
	struct hv_output_get_partition_property *out = call->output;
	const struct property_row *row = find_property(in->property_code);
	const struct array_row *array = find_array(in->property_code);

	if (row && !row->get)
		return HV_STATUS_OPERATION_DENIED;
	if (row)
		return row->get(call->target, &out->property_value);
	if (array)
		return array->get(
			call->target, in->property_code - array->first, &out->property_value);
	return HV_STATUS_UNKNOWN_PROPERTY;
}

static enum hv_status set_array(struct call *call)
{
	const struct hv_input_set_partition_property *in = call->input;
	const struct array_row *array = find_array(in->property_code);

	if (!array)
		return HV_STATUS_UNKNOWN_PROPERTY;
	if (!array->set)
		return HV_STATUS_OPERATION_DENIED;
	return array->set(call->target, in->property_code - array->first, in->property_value);
}

enum hv_status call_SetPartitionProperty(struct call *call)
{
	const struct hv_input_set_partition_property *in = call->input;
	const struct property_row *row = find_property(in->property_code);

	if (!row)
		return set_array(call);
	if (!row->set)
		return HV_STATUS_OPERATION_DENIED;
	if (call->target->state == PARTITION_FINALIZED ||
		(row->early && call->target->state != PARTITION_CREATED))
		return HV_STATUS_INVALID_PARTITION_STATE;
	return row->set(call->target, in->property_value);
}

enum hv_status call_GetPartitionPropertyEx(struct call *call)
{
	const struct hv_input_get_partition_property_ex *in = call->input;
	struct hv_output_get_partition_property_ex *out = call->output;

	switch (in->property_code) {
	case HV_PARTITION_PROPERTY_VMM_CAPABILITIES:
		out->banks.bank_count = 1; /* with no capability */
		return HV_STATUS_SUCCESS;
	case HV_PARTITION_PROPERTY_ASSIGNABLE_SYNTHETIC_PROC_FEATURES:
		out->banks.bank_count = 1;
		out->banks.bank[0] = features_assignable();
		return HV_STATUS_SUCCESS;
	}
	return HV_STATUS_UNKNOWN_PROPERTY;
}
