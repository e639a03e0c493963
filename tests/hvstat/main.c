/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the tests; `tree FOLDER BASE` instead makes the usual tree for tests of the program. */
#include "tests/hvstat/test.h"
#include <stdlib.h>

unsigned test_failures;

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
#define TEST(name)                                                                                 \
	{                                                                                          \
#name, test_##name                                                                 \
	}
	TEST(table),
	TEST(parse),
	TEST(metric),
	TEST(sample),
	TEST(fuzz),
	TEST(matches),
	TEST(paths),
	TEST(tables),
	TEST(exits),
	TEST(arguments),
	TEST(view),
	TEST(prometheus),
};

int main(int argc, char **argv)
{
	unsigned failed = 0, count = sizeof(tests) / sizeof(tests[0]);

	if (argc == 4 && !strcmp(argv[1], "tree")) {
		tree_usual(argv[2], strtoull(argv[3], NULL, 10));
		return 0;
	}
	for (unsigned i = 0; i < count; i++) {
		unsigned before = test_failures;

		tests[i].run();
		if (test_failures == before)
			continue;
		printf("FAIL %s\n", tests[i].name);
		failed++;
	}
	printf("%u passed, %u failed\n", count - failed, failed);
	return failed != 0;
}
