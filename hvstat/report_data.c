/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/recording.h"

const double report_wait_bounds[REPORT_WAITS - 1] = {
	1e-6, 10e-6, 50e-6, 100e-6, 500e-6, 1e-3, 10e-3};

/* Calls `each` for every sample of FILE.N ... FILE.1, FILE with the one before (NULL for the
 * first). False: it returned false, or memory was short.
 */
static bool for_each_sample(const char *file, struct report *report,
	bool (*each)(struct report *, const struct hvstat_sample *, const struct hvstat_sample *))
{
	struct hvstat_sample *samples[2] = {hvstat_sample_new(), hvstat_sample_new()};
	unsigned long number = 0;
	bool good = samples[0] && samples[1];

	report->damaged = 0;
	for (unsigned part = RECORDING_MOST_FILES + 1; part-- > 0 && good;) {
		struct recording recording;
		char *name = recording_part(file, part);

		good = name;
		if (name && recording_open(&recording, name)) {
			while (good && recording_next(&recording, samples[~number & 1],
					       samples[number & 1])) {
				good = each(report, number ? samples[~number & 1] : NULL,
					samples[number & 1]);
				number++;
			}
			report->damaged += recording.damaged;
			recording_close(&recording);
		}
		free(name);
	}
	hvstat_sample_free(samples[0]);
	hvstat_sample_free(samples[1]);
	return good;
}

static double date_of(const struct hvstat_sample *sample)
{
	return (double)sample->when.tv_sec + (double)sample->when.tv_nsec / 1e9;
}

/* First reading: from when to when. */
static bool note_time(
	struct report *report, const struct hvstat_sample *before, const struct hvstat_sample *now)
{
	(void)before;
	if (!report->samples || date_of(now) < report->start)
		report->start = date_of(now);
	if (!report->samples || date_of(now) > report->end)
		report->end = date_of(now);
	report->samples++;
	return true;
}

/* ---- Second reading ---- */

static struct report_guest *guest_of(
	struct report *report, const struct hvstat_partition *partition)
{
	struct report_guest *guest;

	for (size_t i = 0; i < report->guest_count; i++) {
		guest = &report->guests[i];
		if (guest->id == partition->id && guest->root == partition->root) {
			memcpy(guest->name, partition->name, HVSTAT_NAME); /* may be found late */
			return guest;
		}
	}
	if (report->guest_count == REPORT_GUESTS)
		return NULL;
	if (report->guest_count % 16 == 0) {
		struct report_guest *moved = reallocarray(
			report->guests, report->guest_count + 16, sizeof(*report->guests));

		if (!moved)
			return NULL;
		report->guests = moved;
	}
	guest = &report->guests[report->guest_count++];
	memset(guest, 0, sizeof(*guest));
	guest->id = partition->id;
	guest->root = partition->root;
	memcpy(guest->name, partition->name, HVSTAT_NAME);
	return guest;
}

/* `elapsed` of a sum is the time of all its intervals. */
static void add_use(struct hvstat_use *sum, const struct hvstat_use *use)
{
	sum->elapsed += use->elapsed;
	if (use->vps > sum->vps)
		sum->vps = use->vps;
	sum->run += use->run;
	sum->hypervisor += use->hypervisor;
	sum->wait += use->wait;
	sum->dispatches += use->dispatches;
	sum->intercepts += use->intercepts;
	sum->interrupts += use->interrupts;
	sum->hypercalls += use->hypercalls;
	for (unsigned i = 0; i < HVSTAT_CLASSES; i++) {
		sum->count[i] += use->count[i];
		sum->time[i] += use->time[i];
	}
	for (unsigned i = 0; i < HVSTAT_WAIT_BUCKETS; i++)
		sum->wait_bucket[i] += use->wait_bucket[i];
}

static void add_waits(struct report *report, const struct hvstat_use *use)
{
	double average = hvstat_part(use->wait, use->dispatches);
	unsigned range = 0;

	while (range < REPORT_WAITS - 1 && average >= report_wait_bounds[range])
		range++;
	report->waits[range] += use->dispatches;
}

static void add_partitions(struct report *report, unsigned slot, const struct hvstat_sample *before,
	const struct hvstat_sample *now)
{
	for (uint32_t i = 0; i < now->partition_count; i++) {
		const struct hvstat_partition *partition = &now->partitions[i];
		struct report_guest *guest = guest_of(report, partition);
		struct hvstat_use sum = {0};

		for (uint32_t j = 0; j < partition->vp_count; j++) {
			struct hvstat_use use = {0};

			hvstat_add_vp(&use, before, now, &now->vps[partition->first_vp + j]);
			add_waits(report, &use);
			hvstat_add_vp(&sum, before, now, &now->vps[partition->first_vp + j]);
		}
		if (guest) {
			add_use(&guest->use, &sum);
			guest->run[slot] += sum.run;
		} else {
			report->guests_left_out++;
		}
		sum.elapsed = 0; /* that of all is counted once */
		add_use(&report->all, &sum);
		report->slots[slot].intercepts += sum.intercepts;
		report->slots[slot].interrupts += sum.interrupts;
		report->slots[slot].hypercalls += sum.hypercalls;
	}
}

static bool add_lps(struct report *report, unsigned slot, const struct hvstat_sample *before,
	const struct hvstat_sample *now)
{
	if (now->lp_count > report->lp_count) { /* the same ones all the time, but be sure */
		struct report_lp *moved =
			reallocarray(report->lps, now->lp_count, sizeof(*report->lps));

		if (!moved)
			return false;
		report->lps = moved;
		memset(&report->lps[report->lp_count], 0,
			(now->lp_count - report->lp_count) * sizeof(*report->lps));
		report->lp_count = now->lp_count;
	}
	for (uint32_t i = 0; i < now->lp_count; i++) {
		report->lps[i].index = now->lps[i].index;
		hvstat_add_lp(&report->lps[i].use, before, now, &now->lps[i]);
	}
	hvstat_add_lps(&report->slots[slot].lps, before, now);
	return true;
}

/* What lies between two samples belongs to the piece of time in its middle. A gap, where nobody
 * recorded or the machine began anew, belongs to none.
 */
static bool add_interval(
	struct report *report, const struct hvstat_sample *before, const struct hvstat_sample *now)
{
	double elapsed, middle, length = report->end - report->start;
	static double usual;
	unsigned slot;

	if (!before) {
		usual = 0;
		return true;
	}
	elapsed = hvstat_seconds(before, now);
	if (elapsed <= 0 || (usual > 0 && elapsed > 5 * usual + 5)) {
		report->gaps++;
		return true;
	}
	usual = elapsed;
	middle = (date_of(before) + date_of(now)) / 2 - report->start;
	if (middle < 0 || middle > length)
		middle = 0;
	slot = length > 0 ? (unsigned)(middle / length * REPORT_SLOTS) : 0;
	if (slot >= REPORT_SLOTS)
		slot = REPORT_SLOTS - 1;
	report->slots[slot].seconds += elapsed;
	report->seconds += elapsed;
	report->all.elapsed += elapsed;
	add_partitions(report, slot, before, now);
	return add_lps(report, slot, before, now);
}

static int by_run(const void *left, const void *right)
{
	const struct report_guest *a = left, *b = right;

	return (a->use.run < b->use.run) - (a->use.run > b->use.run);
}

struct report *report_of(const char *file, char error[HVSTAT_ERROR])
{
	struct report *report = calloc(1, sizeof(*report));
	struct recording recording;

	if (!report) {
		snprintf(error, HVSTAT_ERROR, "out of memory");
		return NULL;
	}
	if (!recording_open(&recording, file)) {
		snprintf(error, HVSTAT_ERROR, "%s: %s", file,
			errno ? strerror(errno) : "not a recording");
		free(report);
		return NULL;
	}
	recording_close(&recording);
	bool good = for_each_sample(file, report, note_time) &&
		    for_each_sample(file, report, add_interval);

	if (good && report->seconds > 0) {
		qsort(report->guests, report->guest_count, sizeof(*report->guests), by_run);
		return report;
	}
	snprintf(error, HVSTAT_ERROR,
		good ? "%s has %lu sample%s, too few for a report" : "%s: out of memory", file,
		report->samples, report->samples == 1 ? "" : "s");
	report_free(report);
	return NULL;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	free(report->lps);
	free(report->guests);
	free(report);
}
