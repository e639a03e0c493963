/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of hvstat: a function `TEST(name) { ... }` and a row in tests.def; one without the other
 * does not compile or link. A failing CHECK is printed and the test goes on, a failing REQUIRE
 * leaves the function.
 */
#ifndef TESTS_HVSTAT_TEST_H
#define TESTS_HVSTAT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEST(name) void test_##name(void);
#include "tests/hvstat/tests.def"
#undef TEST
#define TEST(name) void test_##name(void)

bool test_check(bool holds, const char *text, const char *file, int line);
bool test_equal(int64_t expected, int64_t actual, const char *text, const char *file, int line);
bool test_near(double expected, double actual, const char *text, const char *file, int line);
bool test_text(
	const char *expected, const char *actual, const char *text, const char *file, int line);

#define CHECK(condition) test_check(!!(condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(expected, actual)                                                                 \
	test_equal((int64_t)(expected), (int64_t)(actual), #actual, __FILE__, __LINE__)
#define CHECK_NEAR(expected, actual) test_near(expected, actual, #actual, __FILE__, __LINE__)
#define CHECK_TEXT(expected, actual) test_text(expected, actual, #actual, __FILE__, __LINE__)
#define CHECK_HAS(text, part)	     CHECK(strstr(text, part))
#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!CHECK(condition))                                                             \
			return;                                                                    \
	} while (0)

/* Repeatable random numbers; every test starts with the same seed. */
uint64_t test_random(void);

/* A folder for the test, empty, removed after it. */
const char *test_folder(void);
/* The test's folder and a name in it; sixteen of them at a time. */
const char *test_path(const char *name);

/* Changes, cuts or doubles a few bytes of a copy of `from`, which has room for twice the length.
 * Returns the new length.
 */
size_t test_mutate(const char *from, size_t length, char *to);

#endif
