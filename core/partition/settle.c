/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of every change of a child's GPA space. */
#include "core/partition/partition.h"

static void publish_pages(struct partition *partition)
{
	const struct slat *slat = &partition->slat;

	stat_partition(partition, GpaPages) =
		slat->pages[0] + (slat->pages[1] << 9) + (slat->pages[2] << 18);
	stat_partition(partition, GpaPages4K) = slat->pages[0];
	stat_partition(partition, GpaPages2M) = slat->pages[1];
	stat_partition(partition, GpaPages1G) = slat->pages[2];
	stat_partition(partition, PagesShattered) = slat->shattered;
}

void partition_settle(struct partition *partition)
{
	bool stale = partition->slat.stale;
	u64 retired = slat_take_retired(&partition->slat);

	partition->slat.stale = false;
	publish_pages(partition);
	spin_unlock(&partition->lock);
	if (!stale)
		return;
	partition_flush(partition);
	spin_lock(&partition->lock);
	slat_release(&partition->slat, retired);
	spin_unlock(&partition->lock);
}
