/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/hvctl/test.h"

static unsigned failures;

void check(bool holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	printf("%s:%d: not so: %s\n", file, line, what);
	failures++;
}

void check_text(const char *wanted, const char *got, const char *file, int line)
{
	if (!strcmp(wanted, got))
		return;
	printf("%s:%d: wanted\n%s\ngot\n%s\n", file, line, wanted, got);
	failures++;
}

#undef TEST
#define TEST(name) {#name, test_##name},
static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
#include "tests/hvctl/tests.def"
};

int main(void)
{
	unsigned failed_tests = 0, count = sizeof(tests) / sizeof(tests[0]);

	for (unsigned i = 0; i < count; i++) {
		unsigned before = failures;

		tests[i].run();
		if (failures == before)
			continue;
		printf("FAIL %s\n", tests[i].name);
		failed_tests++;
	}
	printf("%u passed, %u failed\n", count - failed_tests, failed_tests);
	return failed_tests != 0;
}
