/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the tests of tests.def, or those whose names start with the argument, each in a process of
 * its own. Ends with "N passed, N failed".
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hvstat/test.h"
#include "tests/hvstat/tree.h"

#define TEST_SECONDS 60	 /* of a processor */
#define HANG_SECONDS 600 /* of the clock: a busy machine gives a test little of a processor */

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
#undef TEST
#define TEST(name) {#name, test_##name},
#include "tests/hvstat/tests.def"
};

static const char *current;
static unsigned failures;
static uint64_t random_state = 0x9e3779b97f4a7c15ull;
static char folder[] = "/tmp/hvstat-test-XXXXXX";
static bool folder_made;

static bool report(bool holds, const char *file, int line)
{
	if (!holds) {
		failures++;
		printf("%s:%d: %s: ", file, line, current);
	}
	return holds;
}

bool test_check(bool holds, const char *text, const char *file, int line)
{
	if (!report(holds, file, line))
		printf("%s does not hold\n", text);
	return holds;
}

bool test_equal(int64_t expected, int64_t actual, const char *text, const char *file, int line)
{
	if (!report(expected == actual, file, line))
		printf("%s: expected %lld, is %lld\n", text, (long long)expected,
			(long long)actual);
	return expected == actual;
}

bool test_near(double expected, double actual, const char *text, const char *file, int line)
{
	bool holds = fabs(expected - actual) <= 1e-6 * (fabs(expected) + 1e-6);

	if (!report(holds, file, line))
		printf("%s: expected %.9g, is %.9g\n", text, expected, actual);
	return holds;
}

bool test_text(
	const char *expected, const char *actual, const char *text, const char *file, int line)
{
	bool holds = actual && !strcmp(expected, actual);

	if (!report(holds, file, line))
		printf("%s: expected \"%s\", is \"%s\"\n", text, expected,
			actual ? actual : "NULL");
	return holds;
}

/* xorshift64 (G. Marsaglia, "Xorshift RNGs", 2003). */
uint64_t test_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

size_t test_mutate(const char *from, size_t length, char *to)
{
	memcpy(to, from, length);
	for (unsigned i = 0; i < 1 + test_random() % 4 && length; i++) {
		size_t at = test_random() % length, run = test_random() % 40;

		if (run > length - at)
			run = length - at;
		if (test_random() % 4 == 0) { /* a part is missing */
			memmove(to + at, to + at + run, length - at - run);
			length -= run;
		} else if (test_random() % 3 == 0) { /* a part is there twice */
			memmove(to + at + run, to + at, length - at);
			length += run;
		} else {
			to[at] = (char)test_random();
		}
	}
	return length;
}

const char *test_folder(void)
{
	if (!folder_made && !mkdtemp(folder)) {
		perror(folder);
		exit(2);
	}
	folder_made = true;
	return folder;
}

const char *test_path(const char *name)
{
	static char paths[16][128];
	static unsigned turn;
	char *path = paths[turn++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", test_folder(), name);
	return path;
}

static bool passes(size_t i)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		setrlimit(RLIMIT_CPU, &(struct rlimit){TEST_SECONDS, TEST_SECONDS});
		alarm(HANG_SECONDS);
		current = tests[i].name;
		tests[i].run();
		if (folder_made)
			tree_remove(folder);
		fflush(stdout);
		exit(failures != 0);
	}
	while (waitpid(child, &status, 0) != child)
		;
	if (status)
		printf("FAILED %s (status %d)\n", tests[i].name, status);
	return !status;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (argc > 1 && strncmp(tests[i].name, argv[1], strlen(argv[1])))
			continue;
		if (passes(i))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
