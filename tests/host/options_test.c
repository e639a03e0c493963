/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's command line. */
#include "core/options.h"

#include "core/log.h"
#include "tests/host/test.h"

#include <string.h>

static struct options options;
static char error[64];

static bool parse(const char *line)
{
	memset(&options, 0xff, sizeof(options));
	memset(error, 0, sizeof(error));
	return options_parse(&options, line, error, sizeof(error));
}

TEST(options_defaults)
{
	CHECK(parse(""));
	CHECK_EQ(0, options.root_memory);
	CHECK_EQ(0, options.lps);
	CHECK_EQ(LOG_INFO, options.log);
	CHECK_EQ(ROOT_PAGES_1G, options.root_pages);
	CHECK_EQ(BOOT_PROCESSOR_AUTO, options.boot_processor);
	CHECK_EQ(SCHEDULER_CLASSIC, options.scheduler);
	CHECK(parse("    "));
	CHECK_EQ(LOG_INFO, options.log);
}

TEST(options_all)
{
	CHECK(parse("root-memory=512M lps=3 log=debug root-pages=2m boot-processor=idle "
		    "scheduler=root"));
	CHECK_EQ(SCHEDULER_ROOT, options.scheduler);
	CHECK_EQ(BOOT_PROCESSOR_IDLE, options.boot_processor);
	CHECK_EQ(512ull << 20, options.root_memory);
	CHECK_EQ(3, options.lps);
	CHECK_EQ(LOG_DEBUG, options.log);
	CHECK_EQ(ROOT_PAGES_2M, options.root_pages);
	CHECK(parse("  root-pages=4k   log=error "));
	CHECK_EQ(ROOT_PAGES_4K, options.root_pages);
	CHECK_EQ(LOG_ERROR, options.log);
	CHECK(parse("scheduler=classic"));
	CHECK_EQ(SCHEDULER_CLASSIC, options.scheduler);
	CHECK(parse("scheduler=core"));
	CHECK_EQ(SCHEDULER_CORE, options.scheduler);
	/* The last one counts. */
	CHECK(parse("lps=1 lps=2 log=warning log=info"));
	CHECK_EQ(2, options.lps);
	CHECK_EQ(LOG_INFO, options.log);
}

struct size_row {
	const char *line;
	u64 value;
};

TEST(options_sizes)
{
	static const struct size_row rows[] = {
		{"root-memory=0", 0},
		{"root-memory=4096", 4096},
		{"root-memory=1k", 1 << 10},
		{"root-memory=1K", 1 << 10},
		{"root-memory=3m", 3 << 20},
		{"root-memory=3M", 3 << 20},
		{"root-memory=5g", 5ull << 30},
		{"root-memory=65536G", 1ull << 46},
		{"root-memory=70368744177664", 1ull << 46},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK(parse(rows[i].line));
		CHECK_EQ(rows[i].value, options.root_memory);
	}
	CHECK(parse("lps=64"));
	CHECK_EQ(64, options.lps);
}

struct bad_row {
	const char *line;
	const char *error;
};

TEST(options_bad)
{
	static const struct bad_row rows[] = {
		{"root-memory=", "bad value: root-memory="},
		{"root-memory=M", "bad value: root-memory=M"},
		{"root-memory=1T", "bad value: root-memory=1T"},
		{"root-memory=1MM", "bad value: root-memory=1MM"},
		{"root-memory=-1", "bad value: root-memory=-1"},
		{"root-memory=0x100", "bad value: root-memory=0x100"},
		{"root-memory=65537G", "bad value: root-memory=65537G"},
		{"root-memory=70368744177665", "bad value: root-memory=70368744177665"},
		{"root-memory=18446744073709551617", "bad value: root-memory=18446744073709551617"},
		{"root-memory=17179869185G", "bad value: root-memory=17179869185G"},
		{"lps=65", "bad value: lps=65"},
		{"lps=1k", "bad value: lps=1k"},
		{"lps=4294967297", "bad value: lps=4294967297"},
		{"log=all", "bad value: log=all"},
		{"log=", "bad value: log="},
		{"log=inf", "bad value: log=inf"},
		{"log=infos", "bad value: log=infos"},
		{"root-pages=1G", "bad value: root-pages=1G"},
		{"scheduler=", "bad value: scheduler="},
		{"scheduler=cores", "bad value: scheduler=cores"},
		{"scheduler=4", "bad value: scheduler=4"},
		{"lps", "option without a value: lps"},
		{"quiet", "option without a value: quiet"},
		{"color=red", "unknown option: color=red"},
		{"=5", "unknown option: =5"},
		{"lp=5", "unknown option: lp=5"},
		{"lpss=5", "unknown option: lpss=5"},
		{"LPS=5", "unknown option: LPS=5"},
		{"log=info color=red lps=2", "unknown option: color=red"},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK(!parse(rows[i].line));
		if (!CHECK(!strcmp(rows[i].error, error)))
			CHECK_EQ(~0u, i);
	}
}

/* The message never leaves its buffer. */
TEST(options_long_word)
{
	char line[200];
	char small[8];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = 0;
	CHECK(!parse(line));
	CHECK_EQ(sizeof(error) - 1, strlen(error));
	memset(small, '#', sizeof(small));
	CHECK(!options_parse(&options, "x", small, 4));
	CHECK(!strcmp("opt", small));
	CHECK_EQ('#', small[4]);
}
