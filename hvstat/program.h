/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands of the program hvstat share. */
#ifndef HVSTAT_PROGRAM_H
#define HVSTAT_PROGRAM_H

#include "hvstat/hvstat.h"
#include <stdio.h>

/* ---- Names of guests ---- */

/* The kernel knows partitions by number; a file of lines "ID NAME" may give them names. */
struct names;
struct names *names_load(const char *path, char *error, size_t size); /* NULL: cannot be read */
void names_free(struct names *names);
void names_of(const struct names *names, uint64_t partition, char *name, size_t size);
/* The partition that is meant by "root", a name, or a number. */
bool names_find(const struct names *names, const struct hvstat_sample *sample, const char *text,
	uint64_t *partition);

/* ---- Sets of counters, and paths ---- */

/* A counter set as Windows has it: the objects of a kind that belong to it. */
struct set {
	const char *name;
	enum hvstat_kind kind;
	enum { ANY, ROOT, GUESTS } whose;
};

#define SETS 6
extern const struct set sets[SETS];

/* A metric of an object, or of all objects of a set: what a path stands for. */
struct column {
	const struct set *set;
	const struct hvstat_metric *metric;
	bool total;
	uint64_t partition;
	unsigned index;
	char *path; /* \\host\set(instance)\counter */
};

struct columns {
	struct column *list;
	unsigned count, room;
	const struct names *names;
	char host[65];
};

/* Does the text match the pattern, in which `*` stands for any text? Case does not count. */
bool matches(const char *pattern, const char *text);
void columns_init(struct columns *columns, const struct names *names);
/* What the pattern matches in a sample; false and a message if it is nothing. */
bool columns_add(struct columns *columns, const char *pattern, const struct hvstat_sample *sample,
	char *error, size_t size);
void columns_free(struct columns *columns);
double column_value(const struct column *column, const struct hvstat_sample *before,
	const struct hvstat_sample *after);

/* ---- Output ---- */

enum format { FORMAT_CSV, FORMAT_TSV, FORMAT_JSON };

void write_head(FILE *file, enum format format, const struct columns *columns);
void write_row(FILE *file, enum format format, const struct columns *columns,
	const struct hvstat_sample *before, const struct hvstat_sample *after);
/* In quotes. */
void write_json_text(FILE *file, const char *text);

/* What became of intercepts between two samples, of one partition or (NULL) of all. */
void write_exits(FILE *file, bool json, const struct hvstat_sample *before,
	const struct hvstat_sample *after, const uint64_t *partition, const char *name);

/* ---- Commands ---- */

struct options {
	const char *root; /* NULL: HVSTAT_ROOT */
	struct names *names;
};

/* Each takes the words behind the command and gives the exit status. */
int command_get(const struct options *options, int count, char **words);
int command_counters(const struct options *options, int count, char **words);
int command_exits(const struct options *options, int count, char **words);
int command_top(const struct options *options, int count, char **words);
int command_serve(const struct options *options, int count, char **words);

/* Prints "hvstat: ..." and gives 1; `misused` gives 2 and points to the help. */
int failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
int misused(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* [[hh:]mm:]ss, fractions allowed; false if it is none or not above zero. */
bool parse_seconds(const char *text, double *seconds);
bool parse_count(const char *text, unsigned long *count);
/* The word behind an option; NULL and a message if there is none. */
const char *argument(int count, char **words, int *at);

/* SIGINT and SIGTERM shall end a wait instead of the program. */
void catch_signals(void);
bool interrupted(void);
/* The moments of a loop that turns every so many seconds; false when interrupted. */
struct ticks {
	double next;
};
bool wait_tick(struct ticks *ticks, double seconds);

#endif
