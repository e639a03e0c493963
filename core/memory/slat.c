/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/lib/string.h"
#include "core/log.h"
#include "core/memory/frames.h"
#include "core/memory/slat.h"
#include "machine/machine.h"

#define LEVELS	4
#define ENTRIES 512

static u32 level_shift(u32 level)
{
	return PAGE_SHIFT + 9 * level;
}

static u64 *entry_at(u64 *table, u64 gpa, u32 level)
{
	return &table[(gpa >> level_shift(level)) & (ENTRIES - 1)];
}

bool slat_init(struct slat *slat, const struct slat_format *format, struct pool *pool)
{
	memset(slat, 0, sizeof(*slat));
	slat->format = format;
	slat->pool = pool;
	slat->root = pool_allocate(pool);
	slat->table_pages = slat->root ? 1 : 0;
	return slat->root != NULL;
}

static u64 *child_table(const struct slat *slat, u64 entry)
{
	return machine_ram(slat->format->spa(entry));
}

static void count_leaf(struct slat *slat, u32 level, s64 by)
{
	if (level < ARRAY_SIZE(slat->pages))
		slat->pages[level] += (u64)by;
}

/* A leaf comes or goes: frames of the root must not be deposited while a child has them. */
static void note_leaf(struct slat *slat, u64 spa, u32 level, bool mapped)
{
	count_leaf(slat, level, mapped ? 1 : -1);
	for (u64 i = 0; slat->counted && i < 1ull << 9 * level; i++) {
		u64 frame = spa + (i << PAGE_SHIFT);

		frame_mapped(frame, mapped);
		slat->on_node[frame_node(frame)] += mapped ? 1 : -1ull;
	}
}

/*
 * Retires a table and all below it (depth is bounded by LEVELS). A processor may still be walking
 * it, so it stays a table of absent entries, chained through entry 0, until slat_release().
 */
static void retire_table(struct slat *slat, u64 *table, u32 level)
{
	for (u32 i = 0; i < ENTRIES; i++) {
		u64 entry = table[i];

		WRITE_ONCE(table[i], 0);
		if (!slat->format->present(entry))
			continue;
		if (slat->format->is_leaf(entry, level))
			note_leaf(slat, slat->format->spa(entry), level, false);
		else
			retire_table(slat, child_table(slat, entry), level - 1);
	}
	WRITE_ONCE(table[0], slat->retired);
	slat->retired = machine_spa(table);
}

u64 slat_take_retired(struct slat *slat)
{
	u64 retired = slat->retired;

	slat->retired = 0;
	return retired;
}

void slat_release(struct slat *slat, u64 retired)
{
	while (retired) {
		u64 *table = machine_ram(retired);

		retired = table[0];
		pool_free(slat->pool, table);
		slat->table_pages--;
	}
}

void slat_destroy(struct slat *slat)
{
	if (slat->root)
		retire_table(slat, slat->root, LEVELS - 1);
	slat->root = NULL;
	slat_release(slat, slat_take_retired(slat));
}

/* Replaces a leaf by a table of leaves one level down with the same rights. */
static bool split(struct slat *slat, u64 *entry, u32 level)
{
	u64 *table = pool_allocate(slat->pool);
	u64 spa = slat->format->spa(*entry);
	u64 rights = slat->format->rights(*entry);
	/* Until the flush a write may be noted in the old entry: who asks hears of one. */
	u64 flags = rights & SLAT_WRITE ? slat->format->accessed_bit | slat->format->dirty_bit : 0;

	if (!table)
		return false;
	for (u64 i = 0; i < ENTRIES; i++)
		table[i] = flags | slat->format->leaf(
					   spa + (i << level_shift(level - 1)), level - 1, rights);
	slat->table_pages++;
	slat->shattered++;
	slat->stale = true;
	count_leaf(slat, level, -1);
	count_leaf(slat, level - 1, ENTRIES);
	WRITE_ONCE(*entry, slat->format->table(machine_spa(table)));
	return true;
}

static bool add_table(struct slat *slat, u64 *entry)
{
	u64 *table = pool_allocate(slat->pool);

	if (!table)
		return false;
	slat->table_pages++;
	WRITE_ONCE(*entry, slat->format->table(machine_spa(table)));
	return true;
}

/* Walks down to the entry of `level`, making tables on the way. NULL: no memory. */
static u64 *descend(struct slat *slat, u64 gpa, u32 level, bool make)
{
	u64 *table = slat->root;

	for (u32 at = LEVELS - 1;; at--) {
		u64 *entry = entry_at(table, gpa, at);

		if (at == level)
			return entry;
		if (!slat->format->present(*entry)) {
			if (!make || !add_table(slat, entry))
				return NULL;
		} else if (slat->format->is_leaf(*entry, at)) {
			if (!split(slat, entry, at))
				return NULL;
		}
		table = child_table(slat, *entry);
	}
}

/* True if nothing is mapped at gpa on the way down to `level`: removing needs no tables. */
static bool absent_above(const struct slat *slat, u64 gpa, u32 level)
{
	u64 *table = slat->root;

	for (u32 at = LEVELS - 1; at > level; at--) {
		u64 entry = *entry_at(table, gpa, at);

		if (!slat->format->present(entry))
			return true;
		if (slat->format->is_leaf(entry, at))
			return false;
		table = child_table(slat, entry);
	}
	return false;
}

int slat_set(struct slat *slat, u64 gpa, u64 spa, u32 level, u64 rights)
{
	u64 *entry;
	u64 old;

	if (!rights && absent_above(slat, gpa, level))
		return SLAT_OK;
	entry = descend(slat, gpa, level, true);
	if (!entry)
		return SLAT_NO_MEMORY;
	old = *entry;
	WRITE_ONCE(*entry, rights ? slat->format->leaf(spa, level, rights) : 0);
	if (rights)
		note_leaf(slat, spa, level, true);
	if (!slat->format->present(old))
		return SLAT_OK;
	slat->stale = true;
	if (slat->format->is_leaf(old, level))
		note_leaf(slat, slat->format->spa(old), level, false);
	else
		retire_table(slat, child_table(slat, old), level - 1);
	return SLAT_OK;
}

int slat_map_range(struct slat *slat, u64 gpa, u64 spa, u64 size, u32 max_level, u64 rights)
{
	u32 top = MIN(max_level, slat->format->largest_level);

	while (size) {
		u32 level = top;

		while (level && (!IS_ALIGNED(gpa | spa, 1ull << level_shift(level)) ||
					size < 1ull << level_shift(level)))
			level--;
		if (slat_set(slat, gpa, spa, level, rights) != SLAT_OK)
			return SLAT_NO_MEMORY;
		gpa += 1ull << level_shift(level);
		spa += 1ull << level_shift(level);
		size -= 1ull << level_shift(level);
	}
	return SLAT_OK;
}

bool slat_mark_written(const struct slat *slat, const struct slat_leaf *leaf)
{
	u64 marked = leaf->value | slat->format->dirty_bit | slat->format->accessed_bit;
	u64 expected = leaf->value;

	return __atomic_compare_exchange_n(
		leaf->entry, &expected, marked, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

struct slat_leaf slat_lookup(const struct slat *slat, u64 gpa)
{
	struct slat_leaf leaf = {0};
	u64 *table = slat->root;

	if (gpa >> level_shift(LEVELS))
		return leaf;
	for (u32 at = LEVELS - 1;; at--) {
		u64 *place = entry_at(table, gpa, at);
		u64 entry = READ_ONCE(*place);

		leaf.level = at;
		if (!slat->format->present(entry))
			return leaf;
		if (slat->format->is_leaf(entry, at)) {
			u64 offset = gpa & ((1ull << level_shift(at)) - 1);

			leaf.spa = (slat->format->spa(entry) & ~((1ull << level_shift(at)) - 1)) +
				   offset;
			leaf.rights = slat->format->rights(entry);
			leaf.entry = place;
			leaf.value = entry;
			return leaf;
		}
		table = child_table(slat, entry);
	}
}
