/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings: a file of records, one for each sample.
 *
 *     file    = "HVSTATR1" record...
 *     record  = "HVRC" length:u32 checksum:u32 body          numbers little-endian
 *     body    = what recording.c writes: numbers of 7 bits a byte, counters as differences from the
 *               record before; a key record has no record before and is readable alone
 *
 * A record is written by one call. Whatever is at the end of a file whose writer was killed, or in
 * the middle of a damaged one, the checksum tells; reading goes on at the next key record.
 */
#ifndef HVSTAT_RECORDING_H
#define HVSTAT_RECORDING_H

#include "hvstat/lib/hvstat.h"
#include "hvstat/text.h"

#define RECORDING_MAGIC	     "HVSTATR1"
#define RECORDING_HEAD	     12		 /* bytes before a record's body */
#define RECORDING_LONGEST    (64u << 20) /* bytes of a body */
#define RECORDING_KEY_EVERY  64		 /* records */
#define RECORDING_MOST_FILES 1000

/* Adds the record of a sample; `before` is the sample of the record before, NULL for a key. */
void recording_encode(
	struct text *text, const struct hvstat_sample *before, const struct hvstat_sample *sample);
/* The sample of a body. `before` as when it was written; NULL: only a key can be read. False: the
 * body is not one, or memory is short.
 */
bool recording_decode(const uint8_t *body, size_t length, const struct hvstat_sample *before,
	struct hvstat_sample *sample);
uint32_t recording_checksum(const uint8_t *data, size_t length);

/* A file that is read record by record. */
struct recording {
	uint8_t *data; /* the file, mapped */
	size_t length, at;
	size_t good_end;   /* behind the last good record */
	uint64_t damaged;  /* bytes that were passed over */
	bool after_damage; /* the next record must be a key */
};

/* False with errno, or errno 0 if the file is not a recording. */
bool recording_open(struct recording *recording, const char *path);
void recording_close(struct recording *recording);
/* The next sample; `before` is what the last call gave. False: there is no more. */
bool recording_next(struct recording *recording, const struct hvstat_sample *before,
	struct hvstat_sample *sample);

/* FILE.N of a rotated recording, FILE itself for 0. To be freed; NULL: no memory. */
char *recording_part(const char *file, unsigned number);

#endif
