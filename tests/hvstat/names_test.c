/* SPDX-License-Identifier: BSD-2-Clause */
/* Which process belongs to which partition. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hvstat/lib/names.h"
#include "tests/hvstat/test.h"
#include "tests/hvstat/tree.h"

#define SECOND 1000000000ll
#define START  (1000 * SECOND)

static void check_name(const char *expected, const char *arguments, size_t length)
{
	char name[HVSTAT_NAME];

	names_from_arguments(arguments, length, name);
	CHECK_TEXT(expected, name);
}
#define NAME(expected, arguments) check_name(expected, arguments, sizeof(arguments))

TEST(names_of_command_lines)
{
	NAME("web", "qemu-system-x86_64\0-accel\0mshv\0-name\0web\0-m\0001G");
	NAME("web", "qemu\0-name\0guest=web,debug-threads=on");
	NAME("web", "qemu\0-name\0debug-threads=on,guest=web,process=x");
	NAME("web", "qemu\0-name\0web,process=x");
	NAME("a,b", "qemu\0-name\0guest=a,,b,process=x");
	NAME("", "qemu\0-m\0001G");
	NAME("", "qemu\0-name");
	NAME("", "");
	NAME("a_b_c__0__d__", "qemu\0-name\0a:b\\c((0))d*\"");
	NAME("gr\xc3\xb6\xc3\x9f"
	     "e",
		"qemu\0-name\0gr\xc3\xb6\xc3\x9f"
		"e");
	/* 62 letters, and an umlaut that would be cut in two */
	NAME("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"q\0-"
		"name\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xb6z");
}

TEST(names_of_mutated_command_lines)
{
	static const char arguments[] =
		"qemu\0-accel\0mshv\0-name\0guest=a,,b,debug-threads=on\0-m\0001G";
	char copy[sizeof(arguments) * 8];

	for (unsigned i = 0; i < 20000; i++) {
		size_t length = test_mutate(arguments, sizeof(arguments), copy);
		char *exact = malloc(length ? length : 1), name[HVSTAT_NAME];

		REQUIRE(exact);
		memcpy(exact, copy, length);
		names_from_arguments(exact, length, name);
		CHECK(memchr(name, 0, sizeof(name)));
		CHECK(!strpbrk(name, "()#\\/*:\""));
		free(exact);
	}
}

static struct vmm vmm(pid_t pid, int64_t started, uint32_t vps)
{
	struct vmm vmm = {.pid = pid, .started = started, .partitions = 1, .vps = vps};

	snprintf(vmm.name, sizeof(vmm.name), "guest-%d", (int)pid);
	for (uint32_t i = 0; i < vps; i++)
		vmm.thread_made[i] = started + SECOND / 5 + i * (SECOND / 20);
	return vmm;
}

static struct guest_facts guest(uint64_t id, int64_t vmm_started, uint32_t vps)
{
	struct guest_facts guest = {
		.id = id, .made = vmm_started + SECOND / 10, .vp_count = vps, .vps_known = vps};

	for (uint32_t i = 0; i < vps; i++) {
		guest.vp_index[i] = i;
		guest.vp_made[i] = vmm_started + SECOND / 5 + i * (SECOND / 20) + SECOND / 100;
	}
	return guest;
}

TEST(names_fit_by_time_and_vps)
{
	struct vmm one = vmm(10, START, 2);
	struct guest_facts fits = guest(5, START, 2), other = guest(6, START, 3);
	struct guest_facts before = guest(7, START - SECOND, 2);
	struct guest_facts later = guest(8, START + 10 * SECOND, 2);

	CHECK(names_fit(&one, &fits));
	CHECK(!names_fit(&one, &other));
	CHECK(!names_fit(&one, &before));
	CHECK(!names_fit(&one, &later));
	memset(one.thread_made, 0, sizeof(one.thread_made)); /* a VMM with other threads' names */
	CHECK(names_fit(&one, &later));
	one.partitions = 2;
	CHECK(!names_fit(&one, &fits));
}

/* Three machines in a row, as a script would start them: the VPs' times tell them apart. */
TEST(names_match_by_vps)
{
	struct vmm vmms[] = {
		vmm(12, START + SECOND, 2), vmm(11, START, 2), vmm(13, START + 2 * SECOND, 2)};
	struct guest_facts guests[] = {
		guest(5, START, 2), guest(6, START + SECOND, 2), guest(7, START + 2 * SECOND, 2)};
	struct guest_facts *list[] = {&guests[0], &guests[1], &guests[2]};

	names_match(vmms, 3, list, 3);
	CHECK_EQ(11, guests[0].pid);
	CHECK_EQ(12, guests[1].pid);
	CHECK_EQ(13, guests[2].pid);
	CHECK_TEXT("guest-12", guests[1].name);
}

/* Nothing but the order of starts: the first guest can be of the first process only, and so on. */
TEST(names_match_by_elimination)
{
	struct vmm vmms[] = {vmm(11, START, 2), vmm(12, START + SECOND, 2)};
	struct guest_facts guests[] = {guest(5, START, 2), guest(6, START + SECOND, 2)};
	struct guest_facts *list[] = {&guests[0], &guests[1]};

	memset(vmms[0].thread_made, 0, sizeof(vmms[0].thread_made));
	memset(vmms[1].thread_made, 0, sizeof(vmms[1].thread_made));
	names_match(vmms, 2, list, 2);
	CHECK_EQ(11, guests[0].pid);
	CHECK_EQ(12, guests[1].pid);
}

/* Two that began together: no guess. A third is still found. */
TEST(names_doubt)
{
	struct vmm vmms[] = {vmm(11, START, 1), vmm(12, START, 1), vmm(13, START, 4)};
	struct guest_facts guests[] = {guest(5, START, 1), guest(6, START, 1), guest(7, START, 4)};
	struct guest_facts *list[] = {&guests[0], &guests[1], &guests[2]};

	names_match(vmms, 3, list, 3);
	CHECK_EQ(0, guests[0].pid);
	CHECK_EQ(0, guests[1].pid);
	CHECK_EQ(13, guests[2].pid);
	CHECK_TEXT("", guests[0].name);
}

/* One process, two partitions that could be its own only: the dates are wrong, nobody gets a name.
 */
TEST(names_contradiction)
{
	struct vmm vmms[] = {vmm(11, START, 1)};
	struct guest_facts guests[] = {guest(5, START, 1), guest(6, START, 1)};
	struct guest_facts *list[] = {&guests[0], &guests[1]};

	names_match(vmms, 1, list, 2);
	CHECK_EQ(0, guests[0].pid);
	CHECK_EQ(0, guests[1].pid);
}

/* ---- The whole way: a made-up /proc and a made-up tree ---- */

static void make_file(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK_EQ(length, write(fd, text, length));
	close(fd);
}

/* As many ticks after the machine's start as `date` is. */
static long ticks(double date)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (long)((date - (double)real.tv_sec - (double)real.tv_nsec / 1e9 +
			      (double)boot.tv_sec + (double)boot.tv_nsec / 1e9) *
		      (double)sysconf(_SC_CLK_TCK));
}

static void make_process(int pid, double started, const char *name, unsigned vps)
{
	char path[256], text[256];
	const char *folder = test_folder();
	int length;

	snprintf(path, sizeof(path), "mkdir -p %s/proc/%d/fd %s/proc/%d/task", folder, pid, folder,
		pid);
	CHECK_EQ(0, system(path));
	snprintf(path, sizeof(path), "%s/proc/%d/stat", folder, pid);
	length = snprintf(text, sizeof(text),
		"%d (qemu (x) y) S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 3 0 %ld 0 0\n", pid,
		ticks(started));
	make_file(path, text, (size_t)length);
	snprintf(path, sizeof(path), "%s/proc/%d/cmdline", folder, pid);
	length = snprintf(
		text, sizeof(text), "qemu-system-x86_64%c-name%cguest=%s%c", 0, 0, name, 0);
	make_file(path, text, (size_t)length);
	for (unsigned i = 0; i <= vps; i++) {
		snprintf(path, sizeof(path), "%s/proc/%d/fd/%u", folder, pid, 10 + i);
		CHECK_EQ(0, symlink(i ? "anon_inode:mshv_vp" : "anon_inode:mshv_partition", path));
	}
}

static void set_made(const char *path, double date)
{
	struct timespec times[2];

	times[0] = times[1] = (struct timespec){(time_t)date, 0};
	CHECK_EQ(0, utimensat(AT_FDCWD, path, times, 0));
}

TEST(names_end_to_end)
{
	struct tree tree = {test_path("mshv"), 1, 1, 3, 2};
	struct hvstat_options options = {
		.root = tree.folder, .proc = test_path("proc"), .no_wake = true};
	char error[HVSTAT_ERROR] = "";
	double now = (double)time(NULL);
	struct hvstat_sample *sample = hvstat_sample_new();

	tree_write(&tree, 0);
	make_process(500, now - 100, "one", 2);
	make_process(600, now - 50, "two", 2);
	make_process(700, now - 20, "one", 2); /* the name is there already */
	set_made(test_path("mshv/partition/101"), now - 99);
	set_made(test_path("mshv/partition/102"), now - 49);
	set_made(test_path("mshv/partition/103"), now - 19);
	struct hvstat *stat = hvstat_open(&options, error);

	REQUIRE(stat && sample && hvstat_read(stat, sample, error));
	CHECK_TEXT("root", sample->partitions[0].name);
	CHECK_TEXT("one", sample->partitions[1].name);
	CHECK_TEXT("two", sample->partitions[2].name);
	CHECK_TEXT("one#1", sample->partitions[3].name);
	CHECK_EQ(600, sample->partitions[2].pid);
	hvstat_sample_free(sample);
	hvstat_close(stat);
}
