/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of guests, from a file that whoever starts guests may keep. */
#include "hvstat/program.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct names {
	unsigned count;
	struct {
		uint64_t partition;
		char name[64];
	} list[];
};

static struct names *add(struct names *names, uint64_t partition, const char *name)
{
	struct names *more =
		realloc(names, sizeof(*names) + (names->count + 1) * sizeof(names->list[0]));

	if (!more)
		return names;
	more->list[more->count].partition = partition;
	snprintf(more->list[more->count].name, sizeof(more->list[0].name), "%s", name);
	more->count++;
	return more;
}

struct names *names_load(const char *path, char *error, size_t size)
{
	FILE *file = fopen(path, "r");
	struct names *names = file ? calloc(1, sizeof(*names)) : NULL;
	char line[256];

	if (!names) {
		snprintf(error, size, "cannot read %s: %s", path, strerror(errno));
		if (file)
			fclose(file);
		return NULL;
	}
	while (fgets(line, sizeof(line), file)) {
		char *name;
		uint64_t partition = strtoull(line, &name, 10);

		name += strspn(name, " \t");
		name[strcspn(name, "\r\n")] = 0;
		if (isdigit((unsigned char)line[0]) && name[0])
			names = add(names, partition, name);
	}
	fclose(file);
	return names;
}

void names_free(struct names *names)
{
	free(names);
}

void names_of(const struct names *names, uint64_t partition, char *name, size_t size)
{
	for (unsigned i = 0; names && i < names->count; i++)
		if (names->list[i].partition == partition) {
			snprintf(name, size, "%s", names->list[i].name);
			return;
		}
	snprintf(name, size, "partition %" PRIu64, partition);
}

bool names_find(const struct names *names, const struct hvstat_sample *sample, const char *text,
	uint64_t *partition)
{
	for (unsigned i = 0; i < sample->count; i++) {
		const struct hvstat_object *object = &sample->objects[i];
		char name[64], number[32];

		if (object->kind != HVSTAT_PT)
			continue;
		names_of(names, object->partition, name, sizeof(name));
		snprintf(number, sizeof(number), "%" PRIu64, object->partition);
		if (strcasecmp(text, name) && strcmp(text, number) &&
			(strcasecmp(text, "root") || object->partition != sample->root))
			continue;
		*partition = object->partition;
		return true;
	}
	return false;
}
