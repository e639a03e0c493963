/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hvstat reads and did not write itself, for clang's libFuzzer, which looks for inputs that
 * reach new code: the first byte of an input says what the rest is. FUZZ_TREE is a driver's folder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/lib/names.h"
#include "hvstat/lib/parse.h"
#include "hvstat/paths.h"
#include "hvstat/recording.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

/* The sanitizers see a step outside; what is inside but wrong must be told. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "fuzz: not so: %s\n", #condition);                         \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static struct hvstat_sample *machine, *one, *two;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char error[HVSTAT_ERROR];
	struct hvstat_options options = {.root = getenv("FUZZ_TREE")};
	struct hvstat *stat = hvstat_open(&options, error);

	(void)argc;
	(void)argv;
	machine = hvstat_sample_new();
	one = hvstat_sample_new();
	two = hvstat_sample_new();
	MUST(stat && machine && one && two && hvstat_read(stat, machine, error));
	hvstat_close(stat);
	return 0;
}

static void statistics(enum hvstat_object object, const char *text, size_t length)
{
	uint64_t counters[VP_SLOTS] = {0}, present[(VP_SLOTS + 63) / 64] = {0};
	size_t found = hvstat_parse(object, text, length, counters, present), marked = 0;

	for (unsigned slot = 0; slot < VP_SLOTS; slot++) {
		bool is = present[slot / 64] >> slot % 64 & 1;

		marked += is;
		MUST(is || !counters[slot]);
	}
	MUST(marked <= found);
}

/* Of a driver that is another, or of a process that wants another's name. */
static void command_line(const char *text, size_t length)
{
	char name[HVSTAT_NAME];

	names_from_arguments(text, length, name);
	MUST(memchr(name, 0, sizeof(name)) && !strpbrk(name, "()#\\/*:\""));
}

static void path(const char *text, size_t length)
{
	struct queries queries = {0};
	char error[HVSTAT_ERROR] = "", *copy = strndup(text, length);

	MUST(copy);
	long added = queries_add(&queries, machine, copy, error);

	MUST(added < 0 ? error[0] != 0 : queries.count == (size_t)added);
	for (size_t i = 0; i < queries.count; i += 97) { /* some of perhaps thousands */
		struct text full = {0};
		struct queries again = {0};

		path_of(&full, machine, &queries.list[i]);
		MUST(full.data && queries_add(&again, machine, full.data, error) == 1);
		queries_free(&again);
		text_free(&full);
	}
	queries_free(&queries);
	free(copy);
}

static void check_sample(const struct hvstat_sample *sample)
{
	for (uint32_t i = 0; i < sample->vp_count; i++)
		MUST(sample->vps[i].partition < sample->partition_count);
	for (uint32_t i = 0; i < sample->partition_count; i++) {
		const struct hvstat_partition *partition = &sample->partitions[i];

		MUST((uint64_t)partition->first_vp + partition->vp_count <= sample->vp_count);
		MUST(memchr(partition->name, 0, sizeof(partition->name)));
	}
}

/* Two bodies behind the length of the first: a key, and one that builds on it. */
static void recorded(const uint8_t *data, size_t length)
{
	if (length < 2)
		return;
	size_t first = (size_t)data[0] | (size_t)data[1] << 8;

	data += 2;
	length -= 2;
	if (first > length)
		first = length;
	if (!recording_decode(data, first, NULL, one))
		return;
	check_sample(one);
	if (recording_decode(data + first, length - first, one, two))
		check_sample(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	if (!length)
		return 0;
	const char *text = (const char *)data + 1;

	switch (data[0]) {
	case 'h':
		statistics(HVSTAT_HV, text, length - 1);
		break;
	case 'l':
		statistics(HVSTAT_LP, text, length - 1);
		break;
	case 'p':
		statistics(HVSTAT_PT, text, length - 1);
		break;
	case 'v':
		statistics(HVSTAT_VP, text, length - 1);
		break;
	case 'c':
		command_line(text, length - 1);
		break;
	case 'q':
		path(text, length - 1);
		break;
	case 'r':
		recorded(data + 1, length - 1);
		break;
	default:
		break;
	}
	return 0;
}
