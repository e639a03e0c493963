/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/hypercall/hypercall.h"

static u32 count_bits(u64 mask)
{
	u32 count = 0;

	for (; mask; mask &= mask - 1)
		count++;
	return count;
}

/* Some callers count the mask of banks in the variable part and some do not: content decides. */
enum hv_status processor_set_read(
	struct processor_set *set, const struct hv_vpset *head, const struct call *call)
{
	*set = (struct processor_set){
		.all = head->format == HV_GENERIC_SET_ALL,
		.valid = head->valid_bank_mask,
		.banks = call->list,
	};
	if (set->all)
		return HV_STATUS_SUCCESS;
	if (head->format != HV_GENERIC_SET_SPARSE_4K)
		return HV_STATUS_INVALID_PARAMETER;
	return count_bits(set->valid) > call->list_bytes / 8 ? HV_STATUS_INVALID_HYPERCALL_INPUT
							     : HV_STATUS_SUCCESS;
}

bool processor_set_has(const struct processor_set *set, u32 vp_index)
{
	u64 bank = BIT(vp_index / HV_VPSET_VPS_PER_BANK);

	if (set->all || !(set->valid & bank))
		return set->all;
	return set->banks[count_bits(set->valid & (bank - 1))] &
	       BIT(vp_index % HV_VPSET_VPS_PER_BANK);
}
