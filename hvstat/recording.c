/* SPDX-License-Identifier: BSD-2-Clause */
/* What a record has in it. */
#include "hvstat/recording.h"

#include <stdlib.h>
#include <string.h>

uint32_t recording_checksum(const uint8_t *data, size_t length)
{
	static uint32_t table[256]; /* CRC-32 as in Ethernet and zlib */

	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		uint32_t value = i;

		for (unsigned bit = 0; bit < 8; bit++)
			value = value & 1 ? 0xedb88320u ^ value >> 1 : value >> 1;
		table[i] = value;
	}
	uint32_t sum = 0xffffffffu;

	for (size_t i = 0; i < length; i++)
		sum = table[(sum ^ data[i]) & 0xff] ^ sum >> 8;
	return ~sum;
}

/* ---- Writing ---- */

static void put(struct text *text, uint64_t value)
{
	char bytes[10];
	size_t length = 0;

	do {
		bytes[length++] = (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
	text_add(text, bytes, length);
}

/* Differences, small also when negative; runs of zeros as a zero and their length. */
static void put_counters(
	struct text *text, const uint64_t *before, const uint64_t *counters, unsigned count)
{
	for (unsigned i = 1; i < count;) {
		unsigned zeros = 0;
		uint64_t difference = counters[i] - (before ? before[i] : 0);

		while (i + zeros < count && counters[i + zeros] == (before ? before[i + zeros] : 0))
			zeros++;
		if (zeros) {
			put(text, 0);
			put(text, zeros);
			i += zeros;
		} else {
			put(text, difference << 1 ^ (0 - (difference >> 63)));
			i++;
		}
	}
}

static void put_partition(struct text *text, const struct hvstat_sample *before,
	const struct hvstat_sample *sample, const struct hvstat_partition *partition)
{
	const struct hvstat_partition *old =
		before ? hvstat_find_partition(before, partition->id, partition->root) : NULL;
	size_t length = strnlen(partition->name, HVSTAT_NAME - 1);

	put(text, partition->id);
	put(text, partition->root);
	put(text, (uint64_t)partition->pid);
	put(text, length);
	text_add(text, partition->name, length);
	put_counters(text, old ? old->counters : NULL, partition->counters, PT_SLOTS);
	put(text, partition->vp_count);
	for (uint32_t i = 0; i < partition->vp_count; i++) {
		const struct hvstat_vp *vp = &sample->vps[partition->first_vp + i];
		const struct hvstat_vp *old_vp =
			before ? hvstat_find_vp(before, partition, vp->index) : NULL;

		put(text, vp->index);
		put_counters(text, old_vp ? old_vp->counters : NULL, vp->counters, VP_SLOTS);
	}
}

static void put_body(
	struct text *text, const struct hvstat_sample *before, const struct hvstat_sample *sample)
{
	put(text, !before);
	put(text, (uint64_t)sample->time_ns);
	put(text, (uint64_t)sample->when.tv_sec);
	put(text, (uint64_t)sample->when.tv_nsec);
	for (unsigned object = 0; object < HVSTAT_OBJECTS; object++)
		for (size_t i = 0; i < sizeof(sample->present[0]) / sizeof(uint64_t); i++)
			put(text, sample->present[object][i]);
	put_counters(text, before ? before->hv : NULL, sample->hv, HV_SLOTS);
	put(text, sample->lp_count);
	for (uint32_t i = 0; i < sample->lp_count; i++) {
		const struct hvstat_lp *lp = &sample->lps[i];
		const struct hvstat_lp *old = before ? hvstat_find_lp(before, lp->index) : NULL;

		put(text, lp->index);
		put_counters(text, old ? old->counters : NULL, lp->counters, LP_SLOTS);
	}
	put(text, sample->partition_count);
	for (uint32_t i = 0; i < sample->partition_count; i++)
		put_partition(text, before, sample, &sample->partitions[i]);
}

static void put32(char *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (char)(value >> 8 * i);
}

void recording_encode(
	struct text *text, const struct hvstat_sample *before, const struct hvstat_sample *sample)
{
	size_t start = text->length;

	text_add(text, "HVRC........", RECORDING_HEAD);
	put_body(text, before, sample);
	if (text->failed)
		return;
	char *head = text->data + start;
	size_t length = text->length - start - RECORDING_HEAD;

	put32(head + 4, (uint32_t)length);
	put32(head + 8, recording_checksum((const uint8_t *)head + RECORDING_HEAD, length));
}

/* ---- Reading ---- */

struct cursor {
	const uint8_t *at, *end;
	bool bad; /* everything read after that is 0 */
};

static uint64_t take(struct cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (cursor->at == cursor->end)
			break;
		uint8_t byte = *cursor->at++;

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	cursor->bad = true;
	return 0;
}

/* A number of things of at least `size` bytes each: more than the rest can hold is bad. */
static uint32_t take_count(struct cursor *cursor, size_t size)
{
	uint64_t count = take(cursor);

	if (count > (size_t)(cursor->end - cursor->at) / size) {
		cursor->bad = true;
		return 0;
	}
	return (uint32_t)count;
}

static uint32_t take_index(struct cursor *cursor)
{
	uint64_t index = take(cursor);

	cursor->bad |= index > UINT32_MAX;
	return (uint32_t)index;
}

static void take_counters(
	struct cursor *cursor, const uint64_t *before, uint64_t *counters, unsigned count)
{
	counters[0] = 0;
	for (unsigned i = 1; i < count && !cursor->bad;) {
		uint64_t value = take(cursor);
		uint64_t run = value ? 1 : take(cursor);

		if (!run || run > count - i) {
			cursor->bad = true;
			return;
		}
		for (; run; run--, i++)
			counters[i] = (before ? before[i] : 0) + (value >> 1 ^ (0 - (value & 1)));
	}
}

static void take_vps(struct cursor *cursor, const struct hvstat_sample *before,
	struct hvstat_sample *sample, struct hvstat_partition *partition)
{
	uint32_t count = take_count(cursor, 3);

	partition->first_vp = sample->vp_count;
	if (!hvstat_sample_room(sample, 0, 0, sample->vp_count + count))
		cursor->bad = true;
	for (uint32_t i = 0; i < count && !cursor->bad; i++) {
		struct hvstat_vp *vp = &sample->vps[sample->vp_count];

		vp->partition = sample->partition_count;
		vp->index = take_index(cursor);
		cursor->bad |= i && vp->index <= vp[-1].index; /* they are searched by halves */
		const struct hvstat_vp *old =
			before ? hvstat_find_vp(before, partition, vp->index) : NULL;

		take_counters(cursor, old ? old->counters : NULL, vp->counters, VP_SLOTS);
		sample->vp_count++;
	}
	partition->vp_count = sample->vp_count - partition->first_vp;
}

static void take_partition(
	struct cursor *cursor, const struct hvstat_sample *before, struct hvstat_sample *sample)
{
	struct hvstat_partition *partition = &sample->partitions[sample->partition_count];
	size_t length;

	memset(partition, 0, sizeof(*partition));
	partition->id = take(cursor);
	partition->root = take(cursor) & 1;
	partition->pid = (pid_t)take(cursor);
	length = take_count(cursor, 1);
	if (length >= HVSTAT_NAME) {
		cursor->bad = true;
		return;
	}
	memcpy(partition->name, cursor->at, length);
	cursor->at += length;
	if (sample->partition_count) {
		const struct hvstat_partition *last = partition - 1;

		cursor->bad |= partition->root || (!last->root && partition->id <= last->id);
	}
	const struct hvstat_partition *old =
		before ? hvstat_find_partition(before, partition->id, partition->root) : NULL;

	take_counters(cursor, old ? old->counters : NULL, partition->counters, PT_SLOTS);
	take_vps(cursor, before, sample, partition);
	sample->partition_count++;
}

static void take_lps(
	struct cursor *cursor, const struct hvstat_sample *before, struct hvstat_sample *sample)
{
	uint32_t count = take_count(cursor, 3);

	if (!hvstat_sample_room(sample, count, 0, 0))
		cursor->bad = true;
	for (uint32_t i = 0; i < count && !cursor->bad; i++) {
		struct hvstat_lp *lp = &sample->lps[i];

		lp->index = take_index(cursor);
		cursor->bad |= i && lp->index <= lp[-1].index;
		const struct hvstat_lp *old = before ? hvstat_find_lp(before, lp->index) : NULL;

		take_counters(cursor, old ? old->counters : NULL, lp->counters, LP_SLOTS);
		sample->lp_count++;
	}
}

bool recording_decode(const uint8_t *body, size_t length, const struct hvstat_sample *before,
	struct hvstat_sample *sample)
{
	struct cursor cursor = {body, body + length, false};
	bool key = take(&cursor) & 1;
	uint32_t count;

	sample->lp_count = sample->partition_count = sample->vp_count = 0;
	if (!key && !before)
		return false;
	if (key)
		before = NULL;
	sample->time_ns = (int64_t)take(&cursor);
	sample->when.tv_sec = (time_t)take(&cursor);
	sample->when.tv_nsec = (long)(take(&cursor) % 1000000000);
	for (unsigned object = 0; object < HVSTAT_OBJECTS; object++)
		for (size_t i = 0; i < sizeof(sample->present[0]) / sizeof(uint64_t); i++)
			sample->present[object][i] = take(&cursor);
	take_counters(&cursor, before ? before->hv : NULL, sample->hv, HV_SLOTS);
	take_lps(&cursor, before, sample);
	count = take_count(&cursor, 7);
	if (!hvstat_sample_room(sample, 0, count, 0))
		return false;
	for (uint32_t i = 0; i < count && !cursor.bad; i++)
		take_partition(&cursor, before, sample);
	return !cursor.bad && cursor.at == cursor.end;
}
