/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rates [--plain] [SECONDS]: once a second, how often each partition uses the hypervisor's three
 * interfaces, and what the logical processors spend their time on. The numbers are the counters
 * of the statistics pages as Linux shows them in debugfs. A table in place on a terminal, one
 * below the other otherwise or with --plain.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATISTICS  "/sys/kernel/debug/mshv"
#define MAX_OBJECTS 256 /* partitions, VPs of one, LPs: more than fit on a screen */

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { INTERCEPTS, INTERRUPTS, HYPERCALLS, RUN_TIME };	     /* sums of a partition */
enum { GLOBAL_TIME, BUSY_TIME, HYPERVISOR_TIME, IDLE_TIME }; /* sums of an LP; times in 100 ns */
#define SUMS 4

/* A counter and the sums (a bit each) that it is a part of. */
struct counter {
	const char *name;
	unsigned sums;
};

/* Every class of intercept has one counter; of emulated instructions the page fault is counted. */
static const struct counter vp_counters[] = {
	{"VpCpuidInstructionsCount", 1 << INTERCEPTS},
	{"VpControlRegisterAccessesCount", 1 << INTERCEPTS},
	{"VpDebugRegisterAccessesCount", 1 << INTERCEPTS},
	{"VpExternalInterruptsCount", 1 << INTERCEPTS},
	{"VpHltInstructionsCount", 1 << INTERCEPTS},
	{"VpHypercallsCount", 1 << INTERCEPTS | 1 << HYPERCALLS},
	{"VpIoInstructionsCount", 1 << INTERCEPTS},
	{"VpMsrAccessesCount", 1 << INTERCEPTS},
	{"VpMwaitInstructionsCount", 1 << INTERCEPTS},
	{"VpNestedPageFaultInterceptsCount", 1 << INTERCEPTS},
	{"VpOtherInterceptsCount", 1 << INTERCEPTS},
	{"VpPageFaultInterceptsCount", 1 << INTERCEPTS},
	{"VpPageInvalidationsCount", 1 << INTERCEPTS},
	{"VpPendingInterruptsCount", 1 << INTERCEPTS},
	{"VpRdpmcInstructionsCount", 1 << INTERCEPTS},
	{"VpTotalRunTime", 1 << RUN_TIME},
	{"VpVirtualInterrupts", 1 << INTERRUPTS},
};

static const struct counter lp_counters[] = {
	{"LpC1RunTime", 1 << IDLE_TIME},
	{"LpC2RunTime", 1 << IDLE_TIME},
	{"LpC3RunTime", 1 << IDLE_TIME},
	{"LpGlobalTime", 1 << GLOBAL_TIME},
	{"LpHypervisorRunTime", 1 << HYPERVISOR_TIME},
	{"LpTotalRunTime", 1 << BUSY_TIME},
};

/* A partition or an LP. */
struct object {
	uint64_t id;
	unsigned vps;
	uint64_t sums[SUMS];
};

struct sample {
	double seconds;
	unsigned partition_count, lp_count;
	struct object partitions[MAX_OBJECTS], lps[MAX_OBJECTS];
};

static bool in_place;
static unsigned lines; /* of the table on the screen */

static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fprintf(stderr, "rates: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n");
	exit(1);
}

/* ---- Reading ---- */

/* Adds the counters of a file to the sums. False: the file, and so its object, is no more. */
static bool add_file(
	const char *path, const struct counter *counters, unsigned count, uint64_t sums[SUMS])
{
	FILE *file = fopen(path, "r");
	char name[64];
	uint64_t value;
	unsigned all = 0, found = 0;

	if (!file)
		return false;
	while (fscanf(file, " %63[^: ] : %" SCNu64, name, &value) == 2) {
		all++;
		for (unsigned i = 0; i < count; i++) {
			if (strcmp(name, counters[i].name))
				continue;
			found++;
			for (unsigned sum = 0; sum < SUMS; sum++)
				sums[sum] += counters[i].sums >> sum & 1 ? value : 0;
		}
	}
	fclose(file);
	if (all && found != count)
		die("%s has %u of the %u counters wanted: another version of Linux's mshv_debugfs?",
			path, found, count);
	return all;
}

static int by_number(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The numbers that a folder's entries are named by, ascending. */
static unsigned numbers(const char *path, uint64_t found[MAX_OBJECTS])
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	unsigned count = 0;

	while (folder && count < MAX_OBJECTS && (entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]))
			found[count++] = strtoull(entry->d_name, NULL, 10);
	if (folder)
		closedir(folder);
	qsort(found, count, sizeof(found[0]), by_number);
	return count;
}

static void read_partition(struct object *partition)
{
	uint64_t vps[MAX_OBJECTS];
	char path[128];

	snprintf(path, sizeof(path), STATISTICS "/partition/%" PRIu64 "/vp", partition->id);
	unsigned count = numbers(path, vps);

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path),
			STATISTICS "/partition/%" PRIu64 "/vp/%" PRIu64 "/stats", partition->id,
			vps[i]);
		partition->vps += add_file(path, vp_counters, LENGTH(vp_counters), partition->sums);
	}
}

/* An LP's page is up to date when the LP has just been in the hypervisor: by waking us there. */
static void read_lp(struct object *lp)
{
	cpu_set_t only;
	char path[128];

	CPU_ZERO(&only);
	CPU_SET(lp->id, &only);
	sched_setaffinity(0, sizeof(only), &only);
	snprintf(path, sizeof(path), STATISTICS "/lp/%" PRIu64 "/stats", lp->id);
	if (!add_file(path, lp_counters, LENGTH(lp_counters), lp->sums))
		die("cannot read %s", path);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void take(struct sample *sample)
{
	uint64_t ids[MAX_OBJECTS];

	memset(sample, 0, sizeof(*sample));
	sample->seconds = now();
	sample->partition_count = numbers(STATISTICS "/partition", ids);
	for (unsigned i = 0; i < sample->partition_count; i++) {
		sample->partitions[i].id = ids[i];
		read_partition(&sample->partitions[i]);
	}
	sample->lp_count = numbers(STATISTICS "/lp", ids);
	for (unsigned i = 0; i < sample->lp_count; i++) {
		sample->lps[i].id = ids[i];
		read_lp(&sample->lps[i]);
	}
}

/* ---- Printing ---- */

static __attribute__((format(printf, 1, 2))) void line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf(in_place ? "\033[K\n" : "\n");
	lines++;
}

static uint64_t risen(const struct object *before, const struct object *after, unsigned sum)
{
	return after->sums[sum] - before->sums[sum];
}

/* The root is the first partition there was, so it has the lowest number. */
static void print_partition(
	const struct object *before, const struct object *after, double seconds, bool root)
{
	char name[32];
	double rates[SUMS];

	for (unsigned i = 0; i < SUMS; i++)
		rates[i] = (double)risen(before, after, i) / seconds;
	snprintf(name, sizeof(name), root ? "root" : "guest %" PRIu64, after->id);
	line("%-10s %4u %14.0f %22.0f %14.0f %10.1f %%", name, after->vps, rates[INTERCEPTS],
		rates[INTERRUPTS], rates[HYPERCALLS], rates[RUN_TIME] / 1e5);
}

static void print_lp(const struct object *before, const struct object *after)
{
	uint64_t wall = risen(before, after, GLOBAL_TIME);
	uint64_t hypervisor = risen(before, after, HYPERVISOR_TIME);
	double percent = wall ? 100.0 / (double)wall : 0;

	line("LP %-3" PRIu64 " %15.1f %% %15.1f %% %15.1f %%", after->id,
		percent * (double)(risen(before, after, BUSY_TIME) - hypervisor),
		percent * (double)hypervisor, percent * (double)risen(before, after, IDLE_TIME));
}

static void print(const struct sample *before, const struct sample *after)
{
	double seconds = after->seconds - before->seconds;

	if (in_place && lines)
		printf("\033[%uA", lines);
	lines = 0;
	line("%s", "");
	line("%-10s %4s %14s %22s %14s %12s", "partition", "VPs", "intercepts/s",
		"virtual interrupts/s", "hypercalls/s", "run time");
	for (unsigned i = 0, j = 0; i < after->partition_count; i++) {
		while (j < before->partition_count &&
			before->partitions[j].id < after->partitions[i].id)
			j++;
		if (j < before->partition_count &&
			before->partitions[j].id == after->partitions[i].id &&
			before->partitions[j].vps == after->partitions[i].vps)
			print_partition(&before->partitions[j], &after->partitions[i], seconds, !i);
	}
	line("%-6s %17s %17s %17s", "", "guest", "hypervisor", "idle");
	for (unsigned i = 0; i < after->lp_count && i < before->lp_count; i++)
		print_lp(&before->lps[i], &after->lps[i]);
	if (in_place)
		printf("\033[J");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct sample samples[2];
	long seconds = -1; /* for ever */

	in_place = isatty(STDOUT_FILENO);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--plain"))
			in_place = false;
		else if (isdigit((unsigned char)argv[i][0]))
			seconds = strtol(argv[i], NULL, 10);
		else
			die("usage: rates [--plain] [SECONDS]");
	}
	take(&samples[0]);
	if (!samples[0].partition_count || !samples[0].lp_count)
		die("nothing in " STATISTICS
		    ": is this the root partition, with debugfs mounted and CONFIG_MSHV_ROOT?");
	for (unsigned turn = 1; seconds < 0 || turn <= (unsigned long)seconds; turn++) {
		sleep(1);
		take(&samples[turn & 1]);
		print(&samples[~turn & 1], &samples[turn & 1]);
	}
	return 0;
}
