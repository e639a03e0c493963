/* SPDX-License-Identifier: BSD-2-Clause */
/* The text log: conversions, levels, lines; and panic(). */
#include "core/log.h"

#include "tests/host/test.h"

#include <stdio.h>
#include <string.h>

static bool says(const char *text)
{
	bool same = !strcmp(fake.console, text);

	if (!same)
		printf("console: %s", fake.console);
	memset(fake.console, 0, sizeof(fake.console));
	fake.console_length = 0;
	return same;
}

TEST(log_conversions)
{
	log_info("%d %d %u %x", -5, 0x7fffffff, 0xffffffffu, 0xabcdef01u);
	CHECK(says("trivium: -5 2147483647 4294967295 abcdef01\n"));
	log_info("%ld %lu %#lx %zu", (long)-1, ~0ul, 0x123456789abcdeful, (size_t)7);
	CHECK(says("trivium: -1 18446744073709551615 0x123456789abcdef 7\n"));
	log_info("[%5u] [%-5u] [%05u] [%5d] [%05d]", 42u, 42u, 42u, -42, -42);
	CHECK(says("trivium: [   42] [42   ] [00042] [  -42] [-0042]\n"));
	log_info("%s|%5s|%-5s|%c|%%", "text", "ab", "cd", 'x');
	CHECK(says("trivium: text|   ab|cd   |x|%\n"));
	log_info("%p", (void *)0x1234);
	CHECK(says("trivium: 0x1234\n"));
	log_info("%ld", (long)(1ul << 63));
	CHECK(says("trivium: -9223372036854775808\n"));
}

TEST(log_levels)
{
	static const char *const lines[] = {"trivium: error: x\n", "trivium: warning: x\n",
		"trivium: x\n", "trivium: debug: x\n"};

	for (u32 limit = LOG_ERROR; limit <= LOG_DEBUG; limit++) {
		log_limit = (enum log_level)limit;
		for (u32 level = LOG_ERROR; level <= LOG_DEBUG; level++) {
			log_line((enum log_level)level, "x");
			CHECK(says(level <= limit ? lines[level] : ""));
		}
	}
}

/* A line that is too long ends early, but ends. */
TEST(log_long_line)
{
	char text[600];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	log_info("%s", text);
	CHECK(fake.console_length > 200 && fake.console_length <= 256);
	CHECK_EQ('\n', fake.console[fake.console_length - 1]);
	fake.console_length = 0;
	log_info("%300d|", 5);
	CHECK_EQ('\n', fake.console[fake.console_length - 1]);
}

_Noreturn void __real_panic(const char *format, ...);

TEST(log_panic)
{
	log_limit = LOG_ERROR;
	CHECK_EQ(FAKE_STOPPED, FAKE_ENDS(__real_panic("it is %u", 5u)));
	CHECK(strstr(fake.console, "trivium: panic: it is 5\n"));
	CHECK(strstr(fake.console, "on LP 0"));
	CHECK_EQ(1, fake.stopped_others);
	/* Who panics while another does only stops. */
	fake.console_length = 0;
	fake.lp = 1;
	CHECK_EQ(FAKE_STOPPED, FAKE_ENDS(__real_panic("again")));
	CHECK_EQ(0, fake.console_length);
	CHECK_EQ(1, fake.stopped_others);
}
