/* SPDX-License-Identifier: BSD-2-Clause */
/* Nested page-table entries (AMD APM vol. 2 §15.25.5): the long-mode format, walked as user. */
#include "backend/svm/svm.h"

#define NPT_PRESENT  BIT(0)
#define NPT_WRITE    BIT(1)
#define NPT_USER     BIT(2)
#define NPT_ACCESSED BIT(5)
#define NPT_DIRTY    BIT(6)
#define NPT_LARGE    BIT(7)
#define NPT_NX	     BIT(63)
#define NPT_ADDRESS  0x000ffffffffff000ull

static u64 npt_leaf(u64 spa, u32 level, u64 rights)
{
	u64 entry = spa | NPT_PRESENT | NPT_USER;

	if (rights & SLAT_WRITE)
		entry |= NPT_WRITE;
	if (!(rights & SLAT_EXECUTE))
		entry |= NPT_NX;
	if (level)
		entry |= NPT_LARGE;
	return entry;
}

static u64 npt_table(u64 spa)
{
	return spa | NPT_PRESENT | NPT_WRITE | NPT_USER;
}

static bool npt_present(u64 entry)
{
	return entry & NPT_PRESENT;
}

static bool npt_is_leaf(u64 entry, u32 level)
{
	return level == 0 || (entry & NPT_LARGE);
}

static u64 npt_spa(u64 entry)
{
	return entry & NPT_ADDRESS;
}

static u64 npt_rights(u64 entry)
{
	u64 rights = SLAT_READ;

	if (entry & NPT_WRITE)
		rights |= SLAT_WRITE;
	if (!(entry & NPT_NX))
		rights |= SLAT_EXECUTE;
	return rights;
}

const struct slat_format svm_npt_format = {
	.leaf = npt_leaf,
	.table = npt_table,
	.present = npt_present,
	.is_leaf = npt_is_leaf,
	.spa = npt_spa,
	.rights = npt_rights,
	.accessed_bit = NPT_ACCESSED,
	.dirty_bit = NPT_DIRTY,
	.largest_level = 2,
};
