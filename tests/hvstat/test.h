/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of hvstat: a function for each, named in main.c; a failed check is printed and counted. */
#ifndef TESTS_HVSTAT_TEST_H
#define TESTS_HVSTAT_TEST_H

#include "hvstat/hvstat.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

extern unsigned test_failures;

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                  \
			test_failures++;                                                           \
		}                                                                                  \
	} while (0)
#define CHECK_NEAR(value, wanted) CHECK(fabs((value) - (wanted)) < 1e-6)
#define CHECK_TEXT(text, wanted)                                                                   \
	do {                                                                                       \
		if (strcmp(text, wanted)) {                                                        \
			printf("%s:%d: wanted\n%s\ngot\n%s\n", __FILE__, __LINE__, wanted, text);  \
			test_failures++;                                                           \
		}                                                                                  \
	} while (0)

/* ---- A tree of statistics files ---- */

/* A new folder; tree_remove() it. */
const char *tree_new(void);
void tree_remove(void);

/* Writes a file of an object: each counter has the value base + 10 * index. */
void tree_write(enum hvstat_kind kind, uint64_t partition, unsigned index, uint64_t base);
/* Takes away a partition (vp < 0) or a VP. */
void tree_take(uint64_t partition, int vp);
/* Hypervisor, LPs 0 and 1, the root 1 with 2 VPs, guests 5 (1 VP) and 7 (2 VPs). */
void tree_usual(const char *root, uint64_t base);

/* An object of a sample on paper. */
void set(struct hvstat_object *object, unsigned index, uint64_t value);

void test_table(void);
void test_parse(void);
void test_metric(void);
void test_sample(void);
void test_fuzz(void);
void test_matches(void);
void test_paths(void);
void test_tables(void);
void test_exits(void);
void test_arguments(void);
void test_view(void);
void test_prometheus(void);

#endif
