/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of guests for themselves: flushes and IPIs to sparse sets; messages that go nowhere. */
#include "tests/host/world.h"

#include <string.h>

#define VECTOR 0x41
#define HIGHER 0x42

/* A call with a VP set, its banks and perhaps a list behind it, of any VP whose memory is root's.
 */
static u64 set_call(u16 code, u64 first, u64 second, u64 format, u64 mask, const u64 *banks,
	u32 count, u32 list)
{
	u64 *words = machine_ram(world_input_gpa);
	u64 result;

	*words++ = first;
	if (code != HVCALL_SEND_IPI_EX)
		*words++ = second;
	*words++ = format;
	*words++ = mask;
	memcpy(words, banks, count * sizeof(*banks));
	memset(words + count, 0, list * sizeof(*words));
	CHECK_EQ(HYPERCALL_DONE, world_raw(root_partition.vps[0],
					 code | (u64)count << HV_HYPERCALL_VARHEAD_SHIFT |
						 (u64)list << HV_HYPERCALL_REP_COUNT_SHIFT,
					 world_input_gpa, 0, &result));
	return result;
}

static u64 ipi(u64 vector, u64 format, u64 mask, const u64 *banks, u32 count)
{
	return set_call(HVCALL_SEND_IPI_EX, vector, 0, format, mask, banks, count, 0);
}

static u32 received(u32 vector)
{
	u32 mask = 0;

	for (u32 i = 0; i < WORLD_LPS; i++)
		if (root_partition.vps[i]->apic.irr[vector / 32] & 1u << vector % 32)
			mask |= 1u << i;
	return mask;
}

static void boot(void)
{
	world_boot();
	for (u32 i = 0; i < WORLD_LPS; i++)
		root_partition.vps[i]->apic.spurious = 0x1ff;
}

TEST(ipi_to_sparse_set)
{
	/* Bank 1 is left out; nobody is in banks 3 and 63. */
	static const u64 banks[] = {0x5, ~0ull, ~0ull};

	boot();
	CHECK_STATUS(
		SUCCESS, ipi(VECTOR, HV_GENERIC_SET_SPARSE_4K, BIT(63) | BIT(3) | 1, banks, 3));
	CHECK_EQ(0x5, received(VECTOR));
	CHECK_EQ(1, stat_vp(root_partition.vps[0], ApicIpisSent));
	CHECK_STATUS(SUCCESS, ipi(HIGHER, HV_GENERIC_SET_SPARSE_4K, BIT(2), banks + 1, 1));
	CHECK_STATUS(SUCCESS, ipi(HIGHER, HV_GENERIC_SET_SPARSE_4K, 0, banks, 0));
	CHECK_EQ(0, received(HIGHER));
	CHECK_STATUS(SUCCESS, ipi(HIGHER, HV_GENERIC_SET_ALL, 0, banks, 0));
	CHECK_EQ(0xf, received(HIGHER));
}

/* A bank is found behind those of lower bits, not at its number. */
TEST(ipi_to_second_bank)
{
	static const u64 banks[] = {0, 0x2};
	struct partition *child;
	struct vp *caller, *target;
	struct hv_input_send_synthetic_cluster_ipi_ex in = {
		.vector = VECTOR, .vp_set = {.valid_bank_mask = BIT(0) | BIT(3)}};
	u64 page, result;

	world_boot();
	child = world_child(128);
	caller = world_vp(child, 0);
	target = world_vp(child, 193);
	target->apic.spurious = 0x1ff;
	page = world_page();
	CHECK_STATUS(SUCCESS, world_map(child, 0x20, page, HV_MAP_GPA_READABLE));
	memcpy(world_memory(page), &in, sizeof(in));
	memcpy((u8 *)world_memory(page) + sizeof(in), banks, sizeof(banks));
	CHECK_EQ(HYPERCALL_DONE,
		world_raw(caller, HVCALL_SEND_IPI_EX | 2ull << HV_HYPERCALL_VARHEAD_SHIFT, 0x20000,
			0, &result));
	CHECK_STATUS(SUCCESS, result);
	CHECK(target->apic.irr[VECTOR / 32] & 1u << VECTOR % 32);
}

TEST(ipi_to_sparse_set_refused)
{
	static const u64 banks[] = {~0ull, ~0ull};

	boot();
	CHECK_STATUS(INVALID_PARAMETER, ipi(VECTOR, 2, 1, banks, 1));
	CHECK_STATUS(INVALID_PARAMETER, ipi(0x0f, HV_GENERIC_SET_ALL, 0, banks, 0));
	CHECK_STATUS(INVALID_PARAMETER, ipi(0x100, HV_GENERIC_SET_ALL, 0, banks, 0));
	CHECK_STATUS(INVALID_PARAMETER, ipi(VECTOR | 1ull << 32, HV_GENERIC_SET_ALL, 0, banks, 0));
	/* As many banks as bits. */
	CHECK_STATUS(INVALID_HYPERCALL_INPUT, ipi(VECTOR, HV_GENERIC_SET_SPARSE_4K, 1, banks, 0));
	CHECK_STATUS(INVALID_HYPERCALL_INPUT, ipi(VECTOR, HV_GENERIC_SET_SPARSE_4K, 1, banks, 2));
	CHECK_STATUS(
		INVALID_HYPERCALL_INPUT, ipi(VECTOR, HV_GENERIC_SET_SPARSE_4K, ~0ull, banks, 2));
	CHECK_EQ(0, received(VECTOR));
}

/* Everybody flushes, whoever is in the set. */
TEST(flush_sparse_sets)
{
	static const u64 banks[] = {0x2};
	u64 generation;

	boot();
	generation = root_partition.flush_generation;
	CHECK_STATUS(SUCCESS, set_call(HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, 0x1000, 0,
				      HV_GENERIC_SET_SPARSE_4K, 1, banks, 1, 0));
	CHECK_EQ(generation + 1, root_partition.flush_generation);
	CHECK_EQ(3ull << 32, set_call(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, 0x1000, 0,
				     HV_GENERIC_SET_SPARSE_4K, 1, banks, 1, 3));
	CHECK_EQ(1ull << 32, set_call(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, 0x1000,
				     HV_FLUSH_ALL_PROCESSORS, HV_GENERIC_SET_ALL, 0, banks, 0, 1));
	CHECK_EQ(generation + 3, root_partition.flush_generation);
	CHECK_EQ(1, stat_vp(root_partition.vps[0], AddressSpaceFlushes));
	CHECK_EQ(4, stat_vp(root_partition.vps[0], LocalGvaRangeFlushes));
}

TEST(flush_sparse_sets_refused)
{
	static const u64 banks[] = {0x2, 0x2};
	u64 generation;

	boot();
	generation = root_partition.flush_generation;
	CHECK_STATUS(INVALID_PARAMETER,
		set_call(HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, 0, 0, 7, 1, banks, 1, 0));
	CHECK_STATUS(INVALID_HYPERCALL_INPUT,
		set_call(HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, 0, 0, 0, 1, banks, 2, 0));
	CHECK_STATUS(INVALID_PARAMETER,
		set_call(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, 0, 0, 7, 1, banks, 1, 2));
	/* The list is not part of the set. */
	CHECK_EQ(HV_STATUS_INVALID_HYPERCALL_INPUT,
		set_call(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, 0, 0, 0, 3, banks, 1, 1));
	CHECK_EQ(generation, root_partition.flush_generation);
}

/* No guest is connected to anything. */
TEST(messages_go_nowhere)
{
	struct hv_input_post_message in = {.connection_id = 1, .message_type = 1};

	world_boot();
	in.payload_size = HV_MESSAGE_PAYLOAD_SIZE;
	CHECK_STATUS(INVALID_CONNECTION_ID, WORLD_CALL(POST_MESSAGE, in));
	in.payload_size++;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(POST_MESSAGE, in));
	in.payload_size = 0;
	in.message_type = 0x80000001;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(POST_MESSAGE, in));
	in.message_type = 1;
	in.reserved = 1;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(POST_MESSAGE, in));
	CHECK_STATUS(INVALID_CONNECTION_ID, world_fast(HVCALL_SIGNAL_EVENT, 1, 0));
	CHECK_STATUS(INVALID_CONNECTION_ID, world_fast(HVCALL_SIGNAL_EVENT, 5ull << 32 | 1, 0));
	CHECK_STATUS(INVALID_PARAMETER, world_fast(HVCALL_SIGNAL_EVENT, 1ull << 48 | 1, 0));
}

static u64 find(u64 partition, u8 vtl, const u32 *ids, u32 count, u32 *indices)
{
	struct hv_input_get_vp_index_from_apic_id in = {
		.partition_id = partition, .target_vtl = vtl};

	return world_list(HVCALL_GET_VP_INDEX_FROM_APIC_ID, count, &in, sizeof(in), ids,
		count * (u32)sizeof(*ids), indices, count * (u32)sizeof(*indices));
}

TEST(vp_index_from_apic_id)
{
	static const u32 ids[] = {0x52, 1, 0x77, 3};
	u32 indices[4] = {0};

	boot();
	root_partition.vps[2]->apic.id = 0x52;
	CHECK_EQ(2ull << 32, find(HV_PARTITION_ID_SELF, 0, ids, 2, indices));
	CHECK_EQ(2, indices[0]);
	CHECK_EQ(1, indices[1]);
	/* Those before an unknown one are told. */
	CHECK_EQ(2ull << 32 | HV_STATUS_INVALID_PARAMETER,
		find(root_partition.id, 0, ids, 4, indices));
	CHECK_EQ(2, indices[0]);
	CHECK_STATUS(INVALID_PARTITION_ID, find(root_partition.id + 1, 0, ids, 1, indices));
	CHECK_STATUS(INVALID_PARAMETER, find(HV_PARTITION_ID_SELF, 1, ids, 1, indices));
}
