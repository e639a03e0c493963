/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/hvstat/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hvstat/lib/counters.h"

#define BASE 1000000000000ull /* so large that values keep their number of digits */

struct rate {
	uint16_t slot;
	double per_second;
};

/* Times are in 100 ns. */
static const struct rate guest_rates[] = {{VP_TotalRunTime, 3000000},
	{VP_HypervisorRunTime, 300000}, {VP_CpuidInstructionsCount, 1000},
	{VP_CpuidInstructionsTime, 20000}, {VP_IoInstructionsCount, 500},
	{VP_IoInstructionsTime, 100000}, {VP_MsrAccessesCount, 200}, {VP_MsrAccessesTime, 2000},
	{VP_HypercallsCount, 50}, {VP_HypercallsTime, 1500}, {VP_VirtualInterrupts, 250},
	{VP_LogicalProcessorDispatches, 400}, {VP_WaitingForCpuTime, 100000},
	{VP_WaitingForCpuTimeBucket2, 300}, {VP_WaitingForCpuTimeBucket3, 90},
	{VP_WaitingForCpuTimeBucket4, 10}, {0, 0}};
static const struct rate root_rates[] = {{VP_TotalRunTime, 1000000}, {VP_HypervisorRunTime, 100000},
	{VP_HypercallsCount, 100}, {VP_HypercallsTime, 5000}, {VP_LogicalProcessorDispatches, 100},
	{VP_WaitingForCpuTime, 1000}, {0, 0}};
static const struct rate lp_rates[] = {{LP_GlobalTime, 10000000}, {LP_TotalRunTime, 4000000},
	{LP_HypervisorRunTime, 500000}, {LP_C1RunTime, 6000000}, {LP_ContextSwitches, 800},
	{LP_HardwareInterrupts, 120}, {LP_TimerInterrupts, 250}, {0, 0}};

static double rate_of(const struct rate *rates, unsigned slot)
{
	while (rates->slot && rates->slot != slot)
		rates++;
	return rates->per_second;
}

uint64_t tree_lp(unsigned lp, unsigned slot, double seconds)
{
	double rate = rate_of(lp_rates, slot);

	if (slot == LP_TotalRunTime)
		rate -= lp % 30 * 100000.0;
	if (slot == LP_C1RunTime)
		rate += lp % 30 * 100000.0;
	return BASE + lp * 1000 + slot + (uint64_t)(rate * seconds + 0.5);
}

uint64_t tree_vp(unsigned guest, unsigned vp, unsigned slot, double seconds)
{
	unsigned times = guest < 3 ? guest : 3;
	double rate = guest ? rate_of(guest_rates, slot) * times : rate_of(root_rates, slot);

	return BASE + guest * 1000000ull + vp * 1000 + slot + (uint64_t)(rate * seconds + 0.5);
}

uint64_t tree_partition(const struct tree *tree, unsigned guest, unsigned slot)
{
	if (slot == PT_VirtualProcessors)
		return guest ? tree->guest_vps : tree->root_vps;
	if (slot == PT_PartitionId)
		return guest ? TREE_GUEST(guest) : 1;
	if (slot == PT_GpaPages)
		return guest ? 262144 : 0;
	return 500 + guest * 1000 + slot;
}

uint64_t tree_hv(const struct tree *tree, unsigned slot)
{
	if (slot == HV_LogicalProcessors)
		return tree->lps;
	if (slot == HV_Partitions)
		return tree->guests + 1;
	if (slot == HV_VirtualProcessors)
		return tree->root_vps + tree->guests * tree->guest_vps;
	return 100 + slot;
}

/* ---- Files ---- */

static void fail(const char *what)
{
	fprintf(stderr, "tree: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void make_folder(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		fail(path);
}

/* In place: who has the file open sees the new values, as in debugfs. */
static void put(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || pwrite(fd, text, length, 0) != (ssize_t)length ||
		ftruncate(fd, (off_t)length))
		fail(path);
	close(fd);
}

/* A row of a file. The driver has placeholders where several slots have no counter, and nothing
 * where one has none. The columns are the driver's.
 */
struct page {
	char text[32768];
	size_t length;
	unsigned placeholders, last;
};

static void row(struct page *page, enum hvstat_object object, const struct hvstat_counter *counter,
	uint64_t value)
{
	static const int widths[] = {27, 32, 37, 43};
	static const char *const prefixes[] = {"Hv", "Lp", "Pt", "Vp"};

	unsigned gap = counter->slot - page->last - 1;

	for (unsigned i = 0; gap > 1 && i < gap; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%sPlaceholder%u", prefixes[object],
			++page->placeholders);
		page->length += (size_t)sprintf(
			page->text + page->length, "%-*s: 0\n", widths[object], name);
	}
	page->last = counter->slot;
	page->length += (size_t)sprintf(page->text + page->length, "%-*s: %" PRIu64 "\n",
		widths[object], counter->name, value);
}

static void write_lp(const struct tree *tree, unsigned lp, double seconds)
{
	char path[512];
	struct page page = {.length = 0};
	size_t count;
	const struct hvstat_counter *counters = hvstat_counters(HVSTAT_LP, &count);

	for (size_t i = 0; i < count; i++)
		row(&page, HVSTAT_LP, &counters[i], tree_lp(lp, counters[i].slot, seconds));
	snprintf(path, sizeof(path), "%s/lp/%u", tree->folder, lp);
	make_folder(path);
	snprintf(path, sizeof(path), "%s/lp/%u/stats", tree->folder, lp);
	put(path, page.text, page.length);
}

static void write_vp(
	const struct tree *tree, unsigned guest, unsigned vp, const char *partition, double seconds)
{
	char path[600];
	struct page page = {.length = 0};
	size_t count;
	const struct hvstat_counter *counters = hvstat_counters(HVSTAT_VP, &count);

	(void)tree;
	for (size_t i = 0; i < count; i++)
		row(&page, HVSTAT_VP, &counters[i], tree_vp(guest, vp, counters[i].slot, seconds));
	snprintf(path, sizeof(path), "%s/vp/%u", partition, vp);
	make_folder(path);
	snprintf(path, sizeof(path), "%s/vp/%u/stats", partition, vp);
	put(path, page.text, page.length);
}

static void write_partition(const struct tree *tree, unsigned guest, double seconds)
{
	char folder[512], path[600];
	struct page page = {.length = 0};
	size_t count;
	const struct hvstat_counter *counters = hvstat_counters(HVSTAT_PT, &count);

	for (size_t i = 0; i < count; i++)
		row(&page, HVSTAT_PT, &counters[i], tree_partition(tree, guest, counters[i].slot));
	snprintf(folder, sizeof(folder), "%s/partition/%u", tree->folder,
		guest ? TREE_GUEST(guest) : 1);
	make_folder(folder);
	snprintf(path, sizeof(path), "%s/vp", folder);
	make_folder(path);
	snprintf(path, sizeof(path), "%s/stats", folder);
	put(path, page.text, page.length);
	for (unsigned vp = 0; vp < (guest ? tree->guest_vps : tree->root_vps); vp++)
		write_vp(tree, guest, vp, folder, seconds);
}

void tree_write(const struct tree *tree, double seconds)
{
	char path[512];
	struct page page = {.length = 0};
	size_t count;
	const struct hvstat_counter *counters = hvstat_counters(HVSTAT_HV, &count);

	make_folder(tree->folder);
	snprintf(path, sizeof(path), "%s/lp", tree->folder);
	make_folder(path);
	snprintf(path, sizeof(path), "%s/partition", tree->folder);
	make_folder(path);
	for (size_t i = 0; i < count; i++)
		row(&page, HVSTAT_HV, &counters[i], tree_hv(tree, counters[i].slot));
	snprintf(path, sizeof(path), "%s/stats", tree->folder);
	put(path, page.text, page.length);
	for (unsigned lp = 0; lp < tree->lps; lp++)
		write_lp(tree, lp, seconds);
	for (unsigned guest = 0; guest <= tree->guests; guest++)
		write_partition(tree, guest, seconds);
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	(void)facts;
	(void)kind;
	(void)where;
	return remove(path);
}

void tree_remove(const char *folder)
{
	if (nftw(folder, remove_one, 32, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
		fail(folder);
}

void tree_remove_guest(const struct tree *tree, unsigned guest)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/partition/%u", tree->folder, TREE_GUEST(guest));
	tree_remove(path);
}
