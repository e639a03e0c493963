/* SPDX-License-Identifier: BSD-2-Clause */
/* Recordings: what is written is read, and nothing else is. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvstat/recording.h"
#include "hvstat/report.h"
#include "tests/hvstat/test.h"
#include "tests/hvstat/tree.h"

#define SAMPLES 6

static struct hvstat_sample *samples[SAMPLES];

/* Samples a second apart, during which a guest comes and another one goes. */
static void take_samples(void)
{
	struct tree tree = {test_path("mshv"), 2, 1, 2, 1};
	struct hvstat_options options = {.root = tree.folder, .no_names = true, .no_wake = true};
	char error[HVSTAT_ERROR];

	tree_write(&tree, 0);
	struct hvstat *stat = hvstat_open(&options, error);

	REQUIRE(stat);
	for (unsigned i = 0; i < SAMPLES; i++) {
		samples[i] = hvstat_sample_new();
		if (i == 2)
			tree.guests = 3;
		tree_write(&tree, i);
		if (i == 4)
			tree_remove_guest(&tree, 1);
		CHECK(hvstat_read(stat, samples[i], error));
		samples[i]->time_ns = (int64_t)i * 1000000000;
		samples[i]->when = (struct timespec){1000000 + i, 0};
	}
	hvstat_close(stat);
}

static void free_samples(void)
{
	for (unsigned i = 0; i < SAMPLES; i++)
		hvstat_sample_free(samples[i]);
}

static bool same_sample(const struct hvstat_sample *a, const struct hvstat_sample *b)
{
	if (a->time_ns != b->time_ns || a->when.tv_sec != b->when.tv_sec ||
		a->lp_count != b->lp_count || a->partition_count != b->partition_count ||
		a->vp_count != b->vp_count || memcmp(a->hv + 1, b->hv + 1, sizeof(a->hv) - 8) ||
		memcmp(a->present, b->present, sizeof(a->present)))
		return false;
	for (uint32_t i = 0; i < a->lp_count; i++)
		if (a->lps[i].index != b->lps[i].index ||
			memcmp(a->lps[i].counters, b->lps[i].counters, sizeof(a->lps[i].counters)))
			return false;
	for (uint32_t i = 0; i < a->partition_count; i++)
		if (memcmp(&a->partitions[i], &b->partitions[i], sizeof(a->partitions[i])))
			return false;
	for (uint32_t i = 0; i < a->vp_count; i++)
		if (memcmp(&a->vps[i], &b->vps[i], sizeof(a->vps[i])))
			return false;
	return true;
}

/* The file of all samples; `ends`: where each record ends. */
static struct text file_of_samples(size_t ends[SAMPLES])
{
	struct text text = {0};

	text_say(&text, RECORDING_MAGIC);
	for (unsigned i = 0; i < SAMPLES; i++) {
		recording_encode(&text, i == 0 || i == 3 ? NULL : samples[i - 1], samples[i]);
		ends[i] = text.length;
	}
	return text;
}

static void write_file(const char *path, const char *data, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK_EQ(length, write(fd, data, length));
	close(fd);
}

/* Reads a file; how many of its samples are equal to those taken, in order from `first` on. */
static unsigned read_file(const char *path, unsigned first, uint64_t *damaged, size_t *good_end)
{
	struct recording recording;
	struct hvstat_sample *read[2] = {hvstat_sample_new(), hvstat_sample_new()};
	unsigned count = 0;

	*damaged = *good_end = 0;
	if (recording_open(&recording, path)) {
		while (recording_next(&recording, read[~count & 1], read[count & 1])) {
			CHECK(first + count < SAMPLES &&
				same_sample(samples[first + count], read[count & 1]));
			count++;
		}
		*damaged = recording.damaged;
		*good_end = recording.good_end;
		recording_close(&recording);
	}
	hvstat_sample_free(read[0]);
	hvstat_sample_free(read[1]);
	return count;
}

TEST(recording_round_trip)
{
	size_t ends[SAMPLES], good_end;
	uint64_t damaged;

	take_samples();
	struct text text = file_of_samples(ends);

	write_file(test_path("file"), text.data, text.length);
	CHECK_EQ(SAMPLES, read_file(test_path("file"), 0, &damaged, &good_end));
	CHECK_EQ(0, damaged);
	CHECK_EQ(text.length, good_end);
	/* Differences are what makes it small. */
	CHECK((ends[1] - ends[0]) * 4 < ends[0]);
	text_free(&text);
	free_samples();
}

/* A writer that is killed leaves the file cut anywhere: every whole record is there, no other. */
TEST(recording_cut_at_every_byte)
{
	size_t ends[SAMPLES], good_end;
	uint64_t damaged;

	take_samples();
	struct text text = file_of_samples(ends);

	for (size_t cut = 0; cut <= text.length; cut++) {
		unsigned whole = 0;

		while (whole < SAMPLES && ends[whole] <= cut)
			whole++;
		write_file(test_path("file"), text.data, cut);
		if (!CHECK_EQ(whole, read_file(test_path("file"), 0, &damaged, &good_end)))
			break;
		CHECK_EQ(whole ? ends[whole - 1] : cut < 8 ? 0 : 8, good_end);
	}
	text_free(&text);
	free_samples();
}

/* A byte is wrong in the second record: the third needs it, the fourth is a key. */
TEST(recording_damage)
{
	size_t ends[SAMPLES], good_end;
	uint64_t damaged;

	take_samples();
	struct text text = file_of_samples(ends);

	text.data[ends[0] + 20] ^= 1;
	write_file(test_path("file"), text.data + 0, text.length);
	struct recording recording;
	struct hvstat_sample *read[2] = {hvstat_sample_new(), hvstat_sample_new()};

	REQUIRE(recording_open(&recording, test_path("file")));
	CHECK(recording_next(&recording, read[1], read[0]));
	CHECK(same_sample(samples[0], read[0]));
	CHECK(recording_next(&recording, read[0], read[1]));
	CHECK(same_sample(samples[3], read[1]));
	CHECK_EQ(ends[2] - ends[0], recording.damaged);
	recording_close(&recording);
	hvstat_sample_free(read[0]);
	hvstat_sample_free(read[1]);
	text_free(&text);
	CHECK_EQ(0, read_file(test_path("nothing"), 0, &damaged, &good_end));
	free_samples();
}

/* A body whose checksum is right may still be anything. */
TEST(recording_mutations)
{
	size_t ends[SAMPLES];

	take_samples();
	struct text text = file_of_samples(ends);
	char *copy = malloc(text.length * 2);
	struct hvstat_sample *read = hvstat_sample_new();
	unsigned good = 0;

	REQUIRE(copy && read);
	for (unsigned i = 0; i < 3000; i++) {
		unsigned which = i % SAMPLES;
		size_t start = (which ? ends[which - 1] : 8) + RECORDING_HEAD;
		size_t length = test_mutate(text.data + start, ends[which] - start, copy);
		uint8_t *exact = malloc(length ? length : 1);

		REQUIRE(exact);
		memcpy(exact, copy, length);
		if (recording_decode(exact, length, which ? samples[which - 1] : NULL, read)) {
			good++;
			for (uint32_t j = 0; j < read->vp_count; j++)
				CHECK(read->vps[j].partition < read->partition_count);
			for (uint32_t j = 0; j < read->partition_count; j++)
				CHECK(read->partitions[j].first_vp + read->partitions[j].vp_count <=
					read->vp_count);
		}
		free(exact);
	}
	CHECK(good > 0 && good < 3000);
	free(copy);
	hvstat_sample_free(read);
	text_free(&text);
	free_samples();
}

TEST(recording_mutated_files)
{
	size_t ends[SAMPLES];

	take_samples();
	struct text text = file_of_samples(ends);
	char *copy = malloc(text.length * 2);
	char error[HVSTAT_ERROR];

	REQUIRE(copy);
	for (unsigned i = 0; i < 300; i++) {
		size_t length = test_mutate(text.data, text.length, copy);

		write_file(test_path("file"), copy, length);
		report_free(report_of(test_path("file"), error));
	}
	free(copy);
	text_free(&text);
	free_samples();
}

TEST(recording_checksum)
{
	CHECK_EQ(0xcbf43926, recording_checksum((const uint8_t *)"123456789", 9));
}

/* ---- Reports ---- */

static struct report *report_of_samples(unsigned from, unsigned to)
{
	struct text text = {0};
	char error[HVSTAT_ERROR] = "";

	text_say(&text, RECORDING_MAGIC);
	for (unsigned i = from; i < to; i++)
		recording_encode(&text, i == from ? NULL : samples[i - 1], samples[i]);
	write_file(test_path("file"), text.data, text.length);
	text_free(&text);
	struct report *report = report_of(test_path("file"), error);

	CHECK_TEXT("", error);
	return report;
}

TEST(report_figures)
{
	take_samples();
	struct report *report = report_of_samples(0, SAMPLES);

	REQUIRE(report);
	CHECK_EQ(SAMPLES, report->samples);
	CHECK_NEAR(5, report->seconds);
	CHECK_EQ(4, report->guest_count); /* the root and three guests, not all at a time */
	CHECK_TEXT("partition 102", report->guests[0].name);
	CHECK_NEAR(5 * 0.6, report->guests[0].use.run);
	/* Guest 1 was there for three intervals, guest 3 for three later ones. */
	double io = report->all.count[HVSTAT_CLASS_IO];

	CHECK_NEAR(500 * (3 + 2 * 5 + 3 * 3), io);
	CHECK_NEAR(io * 20e-6, report->all.time[HVSTAT_CLASS_IO]);
	CHECK_NEAR(5 * 0.35, report->lps[0].use.guest);
	double sum = 0, waits = 0;

	for (unsigned i = 0; i < REPORT_SLOTS; i++)
		sum += report->slots[i].intercepts;
	CHECK_NEAR(report->all.intercepts, sum);
	for (unsigned i = 0; i < REPORT_WAITS; i++)
		waits += report->waits[i];
	CHECK_NEAR(report->all.dispatches, waits);
	CHECK_NEAR(400 * 22, report->waits[2]); /* 25 us */
	report_free(report);
	free_samples();
}

TEST(report_gap)
{
	take_samples();
	for (unsigned i = 3; i < SAMPLES; i++) { /* the recorder slept an hour */
		samples[i]->time_ns += 3600 * 1000000000ll;
		samples[i]->when.tv_sec += 3600;
	}
	struct report *report = report_of_samples(0, SAMPLES);

	REQUIRE(report);
	CHECK_EQ(1, report->gaps);
	CHECK_NEAR(4, report->seconds);
	report_free(report);
	for (unsigned i = 3; i < SAMPLES; i++) /* the machine began anew */
		samples[i]->time_ns = (int64_t)(i - 3) * 1000000000;
	report = report_of_samples(0, SAMPLES);
	REQUIRE(report);
	CHECK_EQ(1, report->gaps);
	report_free(report);
	free_samples();
}

TEST(report_too_little)
{
	char error[HVSTAT_ERROR];

	take_samples();
	struct text text = {0};

	text_say(&text, RECORDING_MAGIC);
	recording_encode(&text, NULL, samples[0]);
	write_file(test_path("file"), text.data, text.length);
	CHECK(!report_of(test_path("file"), error));
	CHECK_HAS(error, "1 sample, too few");
	write_file(test_path("file"), "something else", 14);
	CHECK(!report_of(test_path("file"), error));
	CHECK_HAS(error, "not a recording");
	CHECK(!report_of(test_path("nothing"), error));
	CHECK_HAS(error, "No such file");
	text_free(&text);
	free_samples();
}

/* The page has every chart, no script, and nothing that is to be loaded; names are escaped. */
TEST(report_page)
{
	take_samples();
	for (unsigned i = 0; i < SAMPLES; i++)
		for (uint32_t j = 0; j < samples[i]->partition_count; j++)
			if (samples[i]->partitions[j].id == TREE_GUEST(2))
				strcpy(samples[i]->partitions[j].name, "<script>\"&");
	struct report *report = report_of_samples(0, SAMPLES);
	struct text page = {0};
	unsigned charts = 0;

	REQUIRE(report);
	report_html(&page, report);
	for (const char *at = page.data; (at = strstr(at, "<svg")); at++)
		charts++;
	CHECK_EQ(6, charts);
	CHECK(!strstr(page.data, "<script"));
	CHECK(!strstr(page.data, "http"));
	CHECK(!strstr(page.data, "nan"));
	CHECK_HAS(page.data, "&lt;script&gt;&quot;&amp;");
	CHECK_HAS(page.data, "prefers-color-scheme:dark");
	text_free(&page);
	report_json(&page, report);
	CHECK_HAS(page.data, "\"<script>\\\"&\"");
	text_free(&page);
	report_free(report);
	free_samples();
}
