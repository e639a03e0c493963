/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the host tests of tests.def, or those whose names start with the argument; each in a
 * process of its own, because the hypervisor's state is static and meant to start once. Ends
 * with "N passed, N failed" and exits 1 if a test failed or none was run.
 */
#include "tests/host/fake_backend.h"
#include "tests/host/test.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A test that takes longer hangs. */
#define TEST_SECONDS 30
/* Of which repetitions may take this much. */
#define REPEAT_SECONDS 10

struct test {
	const char *name;
	void (*run)(void);
};

#undef TEST
#define TEST(name) {#name, test_##name},
static const struct test tests[] = {
#include "tests/host/tests.def"
};

static const struct test *current;
static u32 failures_of_current;
static u64 random_state;

static void report(const char *file, int line)
{
	failures_of_current++;
	printf("%s:%d: %s: ", file, line, current->name);
}

bool test_check(bool holds, const char *text, const char *file, int line)
{
	if (!holds) {
		report(file, line);
		printf("%s: expected true, actual false\n", text);
	}
	return holds;
}

bool test_check_equal(u64 expected, u64 actual, const char *text, const char *file, int line)
{
	if (expected != actual) {
		report(file, line);
		printf("%s: expected %lld (0x%llx), actual %lld (0x%llx)\n", text,
			(long long)expected, (unsigned long long)expected, (long long)actual,
			(unsigned long long)actual);
	}
	return expected == actual;
}

/* xorshift64 (G. Marsaglia, "Xorshift RNGs", 2003). */
u64 test_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

void test_relax(u32 turn)
{
	if (turn % 256 == 255)
		sched_yield();
}

static time_t began;

bool test_time_left(u32 turn)
{
	return turn % 256 || time(NULL) - began < REPEAT_SECONDS;
}

static void run(const struct test *test)
{
	began = time(NULL);
	current = test;
	failures_of_current = 0;
	random_state = 0x9e3779b97f4a7c15ull;
	fake_machine_reset();
	fake_backend_reset();
	test->run();
}

static bool passes(const struct test *test)
{
	int status = 0;
	pid_t child = fork();

	if (child < 0) {
		perror("fork");
		exit(2);
	}
	if (child == 0) {
		alarm(TEST_SECONDS);
		run(test);
		fflush(stdout);
		_exit(failures_of_current != 0);
	}
	while (waitpid(child, &status, 0) != child)
		;
	if (WIFSIGNALED(status))
		printf("%s: ended by signal %d\n", test->name, WTERMSIG(status));
	if (status)
		printf("FAILED %s\n", test->name);
	return !status;
}

int main(int argc, char **argv)
{
	const char *prefix = argc > 1 ? argv[1] : "";
	u32 passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (u32 i = 0; i < ARRAY_SIZE(tests); i++) {
		if (strncmp(tests[i].name, prefix, strlen(prefix)) != 0)
			continue;
		if (passes(&tests[i]))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
