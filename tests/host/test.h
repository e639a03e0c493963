/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host test framework. A test is a function `TEST(name) { … }` in some *_test.c with a row
 * `TEST(name)` in tests.def; the row declares it and lists it, so a function without a row does
 * not compile (-Wmissing-prototypes) and a row without a function does not link.
 *
 * A failing CHECK is printed with its place and values and the test goes on; a failing REQUIRE
 * leaves the function that it is in. The fake machine is reset before every test.
 */
#ifndef TESTS_HOST_TEST_H
#define TESTS_HOST_TEST_H

#include "core/lib/types.h"
#include "tests/host/fake_machine.h"

#define TEST(name) void test_##name(void);
#include "tests/host/tests.def"
#undef TEST
#define TEST(name) void test_##name(void)

/* Each returns whether the check held. */
bool test_check(bool holds, const char *text, const char *file, int line);
bool test_check_equal(u64 expected, u64 actual, const char *text, const char *file, int line);

#define CHECK(condition) test_check(!!(condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(expected, actual)                                                                 \
	test_check_equal((u64)(expected), (u64)(actual), #actual, __FILE__, __LINE__)

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!CHECK(condition))                                                             \
			return;                                                                    \
	} while (0)

/* Repeatable random numbers; every test starts with the same seed. */
u64 test_random(void);

/*
 * For turns of loops that do something often: false when that has taken long enough, because other
 * programs want the processors, too.
 */
bool test_time_left(u32 turn);

/* For loops that wait for another thread: lets it run now and then, even on one processor. */
void test_relax(u32 turn);

#endif
