/* SPDX-License-Identifier: BSD-2-Clause */
/* Recordings as files: finding the records in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hvstat/recording.h"

#define MAGIC_LENGTH (sizeof(RECORDING_MAGIC) - 1)

bool recording_open(struct recording *recording, const char *path)
{
	struct stat facts;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data = MAP_FAILED;

	*recording = (struct recording){0};
	if (fd < 0)
		return false;
	if (!fstat(fd, &facts) && facts.st_size > 0)
		data = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	else
		errno = 0;
	int reason = errno;

	close(fd);
	errno = reason;
	if (data == MAP_FAILED)
		return false;
	recording->data = data;
	recording->length = (size_t)facts.st_size;
	if (recording->length < MAGIC_LENGTH || memcmp(data, RECORDING_MAGIC, MAGIC_LENGTH) != 0) {
		recording_close(recording);
		errno = 0;
		return false;
	}
	recording->at = recording->good_end = MAGIC_LENGTH;
	recording->after_damage = true;
	return true;
}

void recording_close(struct recording *recording)
{
	if (recording->data)
		munmap(recording->data, recording->length);
	recording->data = NULL;
}

static uint32_t get32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* The length of the body of a record that begins at `at`; 0 if there is no good one. */
static size_t record_at(const struct recording *recording, size_t at)
{
	const uint8_t *head = recording->data + at;
	size_t rest = recording->length - at;

	if (rest <= RECORDING_HEAD || memcmp(head, "HVRC", 4) != 0)
		return 0;
	size_t length = get32(head + 4);

	if (!length || length > RECORDING_LONGEST || length > rest - RECORDING_HEAD ||
		recording_checksum(head + RECORDING_HEAD, length) != get32(head + 8))
		return 0;
	return length;
}

bool recording_next(struct recording *recording, const struct hvstat_sample *before,
	struct hvstat_sample *sample)
{
	while (recording->at < recording->length) {
		size_t length = record_at(recording, recording->at);
		size_t start = recording->at;

		if (!length) {
			/* To the next place that looks like a record. */
			const uint8_t *next = memmem(recording->data + start + 1,
				recording->length - start - 1, "HVRC", 4);

			recording->at = next ? (size_t)(next - recording->data) : recording->length;
			recording->damaged += recording->at - start;
			recording->after_damage = true;
			continue;
		}
		recording->at += RECORDING_HEAD + length;
		if (recording_decode(recording->data + start + RECORDING_HEAD, length,
			    recording->after_damage ? NULL : before, sample)) {
			recording->after_damage = false;
			recording->good_end = recording->at;
			return true;
		}
		recording->damaged += RECORDING_HEAD + length;
		recording->after_damage = true;
	}
	return false;
}

char *recording_part(const char *file, unsigned number)
{
	char *name = NULL;

	if (asprintf(&name, number ? "%s.%u" : "%s", file, number) < 0)
		return NULL;
	return name;
}
