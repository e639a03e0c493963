/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of hvctl: a function for each, named in tests.def; a failed check is printed and counted.
 */
#ifndef TESTS_HVCTL_TEST_H
#define TESTS_HVCTL_TEST_H

#include "hvctl/hvctl.h"
#include <string.h>

#define TEST(name) void test_##name(void);
#include "tests/hvctl/tests.def"
#undef TEST
#define TEST(name) void test_##name(void)

void check(bool holds, const char *what, const char *file, int line);
void check_text(const char *wanted, const char *got, const char *file, int line);
#define CHECK(what)		 check(what, #what, __FILE__, __LINE__)
#define CHECK_TEXT(wanted, text) check_text(wanted, text, __FILE__, __LINE__)

/* ---- A machine on paper: processes in a folder, and partitions behind a driver ---- */

#define FAKE_LPS 4

struct fake_partition {
	uint64_t id;
	pid_t process;
	int fd;
	unsigned vps;
	uint32_t weight, reserve, cap;
	uint64_t group;
	uint64_t lps[4];
};

struct fake {
	char root[64]; /* of the folder */
	struct machine machine;
	struct fake_partition partitions[4];
	unsigned count;
	uint64_t groups[4]; /* id << 32 | cap */
	int take_error;	    /* errno of pidfd_getfd() */
	int control_error;  /* errno of ioctl() */
	uint32_t unknown;   /* property codes from here on are not known */
	unsigned sets;	    /* properties that were set */
	unsigned open;	    /* files that were given out and are not closed */
	char *output;
	size_t output_size;
};

extern struct fake fake;

/* A new machine with a driver and no guest. fake_remove() it. */
void fake_new(void);
void fake_remove(void);
/* A process with a partition; arguments end with NULL. */
struct fake_partition *fake_guest(
	uint64_t id, pid_t process, int fd, unsigned vps, const char *const *arguments);
/* Another descriptor of the process. */
void fake_link(pid_t process, int fd, const char *target);
/* Runs hvctl with the words of a line; what it printed is in fake.output. */
int fake_run(const char *line);

#endif
