/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/memory/frames.h"
#include "core/memory/overlay.h"

static bool same_page(const struct overlay *overlay, u64 gpa)
{
	return !((overlay->msr ^ gpa) >> PAGE_SHIFT);
}

bool overlay_covers(const struct slat *slat, u64 gpa)
{
	struct slat_leaf leaf = slat_lookup(slat, gpa);

	/* What a parent maps is the root's, and stays so as long as it is mapped. */
	return leaf.rights && frame_get(leaf.spa) != FRAME_ROOT;
}

static struct overlay *oldest(const struct slat *slat, u64 gpa)
{
	struct overlay *found = NULL;

	for (struct overlay *o = slat->overlays; o; o = o->next)
		if (same_page(o, gpa))
			found = o;
	return found;
}

u64 *overlay_beneath(const struct slat *slat, u64 gpa)
{
	/* A guest may have many, and its parent asks for each page. */
	struct overlay *overlay =
		slat->overlays && overlay_covers(slat, gpa) ? oldest(slat, gpa) : NULL;

	return overlay ? &overlay->beneath : NULL;
}

/* Frames beneath are in use like those that show: they cannot be deposited. */
static void hold(const struct slat *slat, u64 entry, bool held)
{
	if (slat->counted && slat->format->present(entry))
		frame_mapped(slat->format->spa(entry), held);
}

static u64 leaf_entry(const struct slat *slat, u64 spa, u64 rights)
{
	return rights ? slat->format->leaf(ALIGN_DOWN(spa, PAGE_SIZE), 0, rights) : 0;
}

/* Tables where the parent has mapped nothing stay, so a guest is not to have ever more of them. */
static bool show(struct slat *slat, u64 gpa, u64 spa, const struct slat_leaf *before)
{
	u64 tables = slat->table_pages;
	bool more = !before->rights && before->level;
	bool done;

	if (more && slat->overlay_tables >= OVERLAY_TABLES)
		return false;
	done = slat_set(slat, gpa, spa, 0, SLAT_READ) == SLAT_OK;
	if (more)
		slat->overlay_tables += slat->table_pages - tables;
	return done;
}

int overlay_add(struct slat *slat, struct overlay *overlay, u64 spa)
{
	u64 gpa = overlay->msr & OVERLAY_GPA_MASK;
	struct slat_leaf leaf = slat_lookup(slat, gpa);

	overlay->beneath = leaf_entry(slat, leaf.spa, leaf.rights);
	/* Processors may write to it until the flush: who asks is told that it was written. */
	if (leaf.rights & SLAT_WRITE)
		overlay->beneath |= slat->format->accessed_bit | slat->format->dirty_bit;
	hold(slat, overlay->beneath, true);
	if (!show(slat, gpa, spa, &leaf)) {
		hold(slat, overlay->beneath, false);
		return SLAT_NO_MEMORY;
	}
	overlay->next = slat->overlays;
	slat->overlays = overlay;
	return SLAT_OK;
}

/* The table for the page is there since the overlay came: no memory is needed. */
static void uncover(struct slat *slat, u64 gpa, u64 entry)
{
	bool present = slat->format->present(entry);
	u64 flags = entry & (slat->format->accessed_bit | slat->format->dirty_bit);

	(void)slat_set(slat, gpa, present ? slat->format->spa(entry) : 0, 0,
		present ? slat->format->rights(entry) : 0);
	if (present)
		(void)atomic_or(slat_lookup(slat, gpa).entry, flags);
	hold(slat, entry, false);
}

void overlay_remove(struct slat *slat, struct overlay *overlay)
{
	u64 gpa = overlay->msr & OVERLAY_GPA_MASK;
	struct overlay **link = &slat->overlays;
	struct overlay *above = NULL;

	for (; *link != overlay; link = &(*link)->next)
		if (same_page(*link, gpa))
			above = *link;
	*link = overlay->next;
	if (!above) {
		uncover(slat, gpa, overlay->beneath);
		return;
	}
	/* The one above lies over what this one lay over. */
	hold(slat, above->beneath, false);
	above->beneath = overlay->beneath;
}

static bool any_within(const struct slat *slat, u64 gpa, u64 size)
{
	for (const struct overlay *o = slat->overlays; o; o = o->next)
		if ((o->msr & OVERLAY_GPA_MASK) - gpa < size)
			return true;
	return false;
}

static int map_page(struct slat *slat, u64 gpa, u64 spa, u64 rights)
{
	u64 *beneath = overlay_beneath(slat, gpa);
	u64 old;

	if (!beneath)
		return slat_set(slat, gpa, spa, 0, rights);
	old = *beneath;
	/* A processor that has not been flushed since the overlay came may still use it. */
	if (slat->format->present(old))
		slat->stale = true;
	*beneath = leaf_entry(slat, spa, rights);
	hold(slat, *beneath, true);
	hold(slat, old, false);
	return SLAT_OK;
}

int overlay_map_beneath(struct slat *slat, u64 gpa, u64 spa, u32 level, u64 rights)
{
	u64 size = PAGE_SIZE << 9 * level;

	if (!slat->overlays || (level && !any_within(slat, gpa, size)))
		return slat_set(slat, gpa, spa, level, rights);
	/* Only the first page may need memory, for the table that the others are in. */
	for (u64 offset = 0; offset < size; offset += PAGE_SIZE)
		if (map_page(slat, gpa + offset, spa + offset, rights) != SLAT_OK)
			return SLAT_NO_MEMORY;
	return SLAT_OK;
}
