/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emulator/lib/child.h"

#include "abi/hv_cpuid.h"
#include "abi/hv_property.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

#define DEPOSIT_ROOT	  2
#define DEPOSIT_PARTITION 24
#define DEPOSIT_VP	  12

#define CREATE_FLAGS                                                                               \
	(HV_PARTITION_FLAG_LAPIC_ENABLED | HV_PARTITION_FLAG_INTERCEPT_MESSAGE_PAGE_ENABLED |      \
		HV_PARTITION_FLAG_EXO_PARTITION | HV_PARTITION_FLAG_X2APIC_CAPABLE |               \
		HV_PARTITION_FLAG_GPA_SUPER_PAGES_ENABLED)

extern u8 image_end[];

static void must(u32 status, const char *what)
{
	if (status != HV_STATUS_SUCCESS)
		give_up("%s: status 0x%x", what, status);
}

/* ---- Life ---- */

void child_create(struct child *child, u64 features)
{
	struct hv_input_create_partition create = {
		.flags = CREATE_FLAGS, .compatibility_version = HV_COMPATIBILITY_21_H2};
	struct hv_input_set_partition_property property = {
		.property_code = HV_PARTITION_PROPERTY_SYNTHETIC_PROC_FEATURES,
		.property_value = features};

	memset(child, 0, sizeof(*child));
	must(pages_deposit(HV_PARTITION_ID_SELF, DEPOSIT_ROOT), "deposit to self");
	must(hypercall(HVCALL_CREATE_PARTITION, &create, sizeof(create)), "create partition");
	memcpy(&child->id, hypercall_output, sizeof(child->id));
	property.partition_id = child->id;
	must(hypercall(HVCALL_SET_PARTITION_PROPERTY, &property, sizeof(property)), "set property");
	must(pages_deposit(child->id, DEPOSIT_PARTITION), "deposit to child");
	must(hypercall_fast(HVCALL_INITIALIZE_PARTITION, child->id, 0), "initialize partition");
}

void child_add_vp(struct child *child, u32 index)
{
	struct hv_input_create_vp create = {.partition_id = child->id, .vp_index = index};
	struct hv_input_map_vp_state_page map = {.partition_id = child->id,
		.vp_index = index,
		.type = HV_VP_STATE_PAGE_INTERCEPT_MESSAGE};
	u64 page;

	must(pages_deposit(child->id, DEPOSIT_VP), "deposit for a VP");
	must(hypercall(HVCALL_CREATE_VP, &create, sizeof(create)), "create VP");
	must(hypercall(HVCALL_MAP_VP_STATE_PAGE, &map, sizeof(map)), "map VP state page");
	memcpy(&page, hypercall_output, sizeof(page));
	child->message[index] = (const struct hv_message *)(page << PAGE_SHIFT);
}

bool child_destroy(struct child *child)
{
	bool good = hypercall_fast(HVCALL_FINALIZE_PARTITION, child->id, 0) == HV_STATUS_SUCCESS;

	(void)pages_withdraw(child->id);
	good &= hypercall_fast(HVCALL_DELETE_PARTITION, child->id, 0) == HV_STATUS_SUCCESS;
	(void)pages_withdraw(HV_PARTITION_ID_SELF);
	return good;
}

/* ---- Memory ---- */

u32 child_map(struct child *child, u64 gpa, u64 spa, u32 pages, u32 flags)
{
	struct hv_input_map_gpa_pages header = {
		.target_partition_id = child->id, .map_flags = flags};
	u64 list[256];

	for (u32 done = 0; done < pages;) {
		u32 count = MIN(pages - done, (u32)ARRAY_SIZE(list));
		u64 result;

		header.target_gpa_base = (gpa >> PAGE_SHIFT) + done;
		for (u32 i = 0; i < count; i++)
			list[i] = (spa >> PAGE_SHIFT) + done + i;
		result = hypercall_rep(
			HVCALL_MAP_GPA_PAGES, &header, sizeof(header), list, 8, count);
		if (hypercall_status(result) != HV_STATUS_SUCCESS)
			return hypercall_status(result);
		done += count;
	}
	return HV_STATUS_SUCCESS;
}

u32 child_unmap(struct child *child, u64 gpa, u32 pages)
{
	struct hv_input_unmap_gpa_pages header = {
		.target_partition_id = child->id, .target_gpa_base = gpa >> PAGE_SHIFT};

	return hypercall_status(
		hypercall_rep(HVCALL_UNMAP_GPA_PAGES, &header, sizeof(header), NULL, 0, pages));
}

void child_map_image(struct child *child)
{
	u64 start = (u64)&image_header;

	must(child_map(child, start, start, (u32)((image_end - (u8 *)start) >> PAGE_SHIFT),
		     CHILD_ALL),
		"map image");
}

/* ---- Registers ---- */

u32 child_try_get(struct child *child, u32 vp, u32 name, union hv_register_value *value)
{
	struct hv_input_get_vp_registers header = {.partition_id = child->id, .vp_index = vp};
	u64 result = hypercall_rep(
		HVCALL_GET_VP_REGISTERS, &header, sizeof(header), &name, sizeof(name), 1);

	memcpy(value, hypercall_output, sizeof(*value));
	return hypercall_status(result);
}

u32 child_try_set(struct child *child, u32 vp, u32 name, const union hv_register_value *value)
{
	struct hv_input_set_vp_registers header = {.partition_id = child->id, .vp_index = vp};
	struct hv_register_assoc one = {.name = name, .value = *value};

	return hypercall_status(hypercall_rep(
		HVCALL_SET_VP_REGISTERS, &header, sizeof(header), &one, sizeof(one), 1));
}

u64 child_get(struct child *child, u32 vp, u32 name)
{
	union hv_register_value value;
	u32 status = child_try_get(child, vp, name, &value);

	if (status != HV_STATUS_SUCCESS)
		give_up("get register 0x%x: status 0x%x", name, status);
	return value.reg64;
}

void child_set(struct child *child, u32 vp, u32 name, u64 value)
{
	union hv_register_value wide = {.reg64 = value};
	u32 status = child_try_set(child, vp, name, &wide);

	if (status != HV_STATUS_SUCCESS)
		give_up("set register 0x%x: status 0x%x", name, status);
}

u32 child_interrupt(struct child *child, u32 apic_id, u8 vector, u32 type)
{
	struct hv_input_assert_virtual_interrupt input = {.partition_id = child->id,
		.interrupt_type = type,
		.destination_address = apic_id,
		.vector = vector};

	return hypercall(HVCALL_ASSERT_VIRTUAL_INTERRUPT, &input, sizeof(input));
}
