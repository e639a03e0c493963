/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/memory/overlay.h"
#include "machine/machine.h"

struct overlay *overlay_at(const struct slat *slat, u64 gpa)
{
	struct overlay *overlay = slat->overlays;

	while (overlay && (overlay->gpa ^ gpa) >> PAGE_SHIFT)
		overlay = overlay->next;
	return overlay;
}

bool overlay_within(const struct slat *slat, u64 gpa, u32 level)
{
	for (const struct overlay *overlay = slat->overlays; overlay; overlay = overlay->next)
		if (!((overlay->gpa ^ gpa) >> (PAGE_SHIFT + 9 * level)))
			return true;
	return false;
}

enum overlay_result overlay_show(struct slat *slat, struct overlay *overlay, u64 gpa)
{
	u64 leaf = slat->format->leaf(machine_spa(overlay->page), 0, SLAT_READ | SLAT_WRITE);
	u64 *entry;

	if (overlay_at(slat, gpa))
		return OVERLAY_TAKEN;
	entry = slat_entry(slat, gpa);
	if (!entry)
		return OVERLAY_NO_MEMORY;
	overlay->gpa = ALIGN_DOWN(gpa, PAGE_SIZE);
	/* Atomic: a processor may be setting the accessed and dirty bits of what was there. */
	overlay->covered = atomic_exchange(entry, leaf);
	overlay->shown = true;
	overlay->next = slat->overlays;
	slat->overlays = overlay;
	slat->stale |= slat->format->present(overlay->covered);
	return OVERLAY_OK;
}

void overlay_hide(struct slat *slat, struct overlay *overlay)
{
	struct overlay **link = &slat->overlays;

	if (!overlay->shown)
		return;
	/* The tables down to it have been there since it was shown. */
	WRITE_ONCE(*slat_entry(slat, overlay->gpa), overlay->covered);
	while (*link != overlay)
		link = &(*link)->next;
	*link = overlay->next;
	overlay->shown = false;
	slat->stale = true;
}
