/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths, tables and JSON of the program, on samples on paper. */
#define _GNU_SOURCE
#include "hvstat/view.h"
#include "tests/hvstat/test.h"
#include <stdlib.h>
#include <time.h>

#define OBJECTS 8

/* One LP, root 1 with a VP, guest 5 with two. */
struct paper {
	struct hvstat_sample sample;
	struct hvstat_object objects[OBJECTS];
};

static void draw(struct paper *paper, double seconds)
{
	static const struct hvstat_object layout[] = {{.kind = HVSTAT_HV}, {.kind = HVSTAT_LP},
		{.kind = HVSTAT_PT, .partition = 1}, {.kind = HVSTAT_PT, .partition = 5},
		{.kind = HVSTAT_VP, .partition = 1}, {.kind = HVSTAT_VP, .partition = 5},
		{.kind = HVSTAT_VP, .partition = 5, .index = 1}};

	memset(paper, 0, sizeof(*paper));
	paper->sample.root = 1;
	paper->sample.time_ms = 1700000000123 + (int64_t)(1000 * seconds);
	paper->sample.count = sizeof(layout) / sizeof(layout[0]);
	paper->sample.objects = paper->objects;
	memcpy(paper->objects, layout, sizeof(layout));
	for (unsigned i = 0; i < paper->sample.count; i++) {
		paper->objects[i].seconds = seconds;
		for (unsigned j = 1; j < HVSTAT_SLOTS; j++)
			set(&paper->objects[i], j, 0);
	}
}

/* Two seconds apart; the guest's VPs make 6 and 2 hypercalls, of 400 and 800 ns. */
static void draw_two(struct paper *before, struct paper *after)
{
	draw(before, 0);
	draw(after, 2);
	set(&after->objects[0], 2, 2);
	set(&after->objects[1], 1, 20000000), set(&after->objects[1], 2, 5000000);
	set(&after->objects[5], 7, 6), set(&after->objects[5], 8, 24);
	set(&after->objects[6], 7, 2), set(&after->objects[6], 8, 16);
	set(&after->objects[5], 71, 8), set(&after->objects[5], 72, 80);
	set(&after->objects[5], 29, 4), set(&after->objects[5], 30, 60);
}

static char *text;
static size_t length;

static FILE *begin(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &length);
}

static void columns_new(struct columns *columns)
{
	columns_init(columns, NULL);
	strcpy(columns->host, "HOST");
}

void test_matches(void)
{
	CHECK(matches("*", "") && matches("*", "x") && matches("", "") && !matches("", "x"));
	CHECK(matches("a*c", "ABC") && matches("a*c", "ac") && !matches("a*c", "acb"));
	CHECK(matches("*ab*ab", "xabyabzab") && !matches("*ab*abc", "xabyabz"));
	CHECK(matches("% guest run time", "% Guest Run Time"));
}

static unsigned count_of(const char *path, const struct hvstat_sample *sample)
{
	char error[512];
	struct columns columns;
	unsigned count;

	columns_new(&columns);
	columns_add(&columns, path, sample, error, sizeof(error));
	count = columns.count;
	columns_free(&columns);
	return count;
}

void test_paths(void)
{
	struct paper paper;

	draw(&paper, 0);
#define COUNT(path) count_of(path, &paper.sample)
	CHECK(COUNT("\\Hyper-V Hypervisor\\Partitions") == 1);
	CHECK(COUNT("hyper-v hypervisor\\partitions") == 1);
	CHECK(COUNT("\\\\HOST\\Hyper-V Hypervisor\\Partitions") == 1);
	CHECK(COUNT("\\\\.\\Hyper-V Hypervisor\\Partitions") == 1);
	CHECK(COUNT("\\\\OTHER\\Hyper-V Hypervisor\\Partitions") == 0);
	CHECK(COUNT("\\Hyper-V Hypervisor Virtual Processor\\Hypercalls/sec") ==
		3); /* and _Total */
	CHECK(COUNT("\\*Virtual Processor(*)\\Hypercalls/sec") == 5);
	CHECK(COUNT("\\*Virtual Processor(_Total)\\Hypercalls/sec") == 2);
	CHECK(COUNT("\\*(Root VP 0)\\Hypercalls/sec") == 1);
	CHECK(COUNT("\\*(partition 5:Hv VP *)\\Hypercalls/sec") == 2);
	CHECK(COUNT("\\*(partition 5:HvPt)\\GPA Pages") == 1);
	CHECK(COUNT("\\*(Root)\\GPA Pages") == 1);
	CHECK(COUNT("\\*(Hv LP 0)\\% *") == 7);
	CHECK(COUNT("\\*(Root VP 0)\\VpHypercallsCount") == 1);
	CHECK(COUNT("\\*(Root VP 0)\\*HypercallsCount") ==
		0); /* raw ones only by their beginning */
	CHECK(COUNT("\\*(Root VP 0)\\*") > 150);
	CHECK(!COUNT("") && !COUNT("\\") && !COUNT("\\\\") && !COUNT("\\\\h") && !COUNT("x"));
	CHECK(!COUNT("\\x()\\y") && !COUNT("\\x(y\\z") && !COUNT("\\(y)\\z") && !COUNT("\\x(y)\\"));
}

void test_tables(void)
{
	static const char *const paths[] = {"\\Hyper-V Hypervisor\\Partitions",
		"\\Hyper-V Hypervisor Logical Processor(_Total)\\% Idle Time",
		"\\Hyper-V Hypervisor Virtual Processor(*)\\Hypercalls*s*c*"};
	struct paper before, after;
	struct columns columns;
	char error[512];

	setenv("TZ", "UTC", 1), tzset();
	draw_two(&before, &after);
	before.sample.count--; /* VP 1 comes in between */
	columns_new(&columns);
	CHECK(columns_add(&columns, paths[0], &after.sample, error, sizeof(error)));
	CHECK(columns_add(&columns, paths[1], &after.sample, error, sizeof(error)));
	CHECK(columns_add(&columns, "\\*l Virtual Processor(*)\\x", &after.sample, error, 512) ==
		0);
	CHECK(columns_add(&columns,
		"\\Hyper-V Hypervisor Virtual Processor(*5:Hv VP*)\\Hypercalls/sec", &after.sample,
		error, sizeof(error)));
	FILE *file = begin();

	write_head(file, FORMAT_CSV, &columns);
	write_row(file, FORMAT_CSV, &columns, &before.sample, &after.sample);
	write_row(file, FORMAT_TSV, &columns, NULL, &before.sample);
	fclose(file);
	CHECK_TEXT(text,
		"\"(PDH-CSV 4.0)\",\"\\\\HOST\\Hyper-V Hypervisor\\Partitions\","
		"\"\\\\HOST\\Hyper-V Hypervisor Logical Processor(_Total)\\% Idle Time\","
		"\"\\\\HOST\\Hyper-V Hypervisor Virtual Processor(partition 5:Hv VP 0)"
		"\\Hypercalls/sec\","
		"\"\\\\HOST\\Hyper-V Hypervisor Virtual Processor(partition 5:Hv VP 1)"
		"\\Hypercalls/sec\"\r\n"
		"\"11/14/2023 22:13:22.123\",\"2.000000\",\"75.000000\",\"3.000000\",\" \"\r\n"
		"\"11/14/2023 22:13:20.123\"\t\"0.000000\"\t\" \"\t\" \"\t\" \"\r\n");
	file = begin();
	write_row(file, FORMAT_JSON, &columns, &before.sample, &after.sample);
	fclose(file);
	CHECK_TEXT(text,
		"{\"time\":\"2023-11-14T22:13:22.123Z\",\"values\":{"
		"\"\\\\\\\\HOST\\\\Hyper-V Hypervisor\\\\Partitions\":2.000000,"
		"\"\\\\\\\\HOST\\\\Hyper-V Hypervisor Logical Processor(_Total)"
		"\\\\% Idle Time\":75.000000,"
		"\"\\\\\\\\HOST\\\\Hyper-V Hypervisor Virtual Processor(partition 5:Hv VP 0)"
		"\\\\Hypercalls/sec\":3.000000,"
		"\"\\\\\\\\HOST\\\\Hyper-V Hypervisor Virtual Processor(partition 5:Hv VP 1)"
		"\\\\Hypercalls/sec\":null}}\n");
	columns_free(&columns);
	CHECK(columns_add(&columns, "\\*l Processor(_Total)\\*Run*", &after.sample, error, 512));
	columns_free(&columns);
	file = begin();
	write_json_text(file, "a\"b\\c\n\x1f\xc3\xa4");
	fclose(file);
	CHECK_TEXT(text, "\"a\\\"b\\\\c\\u000a\\u001f\xc3\xa4\"");
}

void test_exits(void)
{
	struct paper before, after;
	uint64_t guest = 5, root = 1;
	FILE *file = begin();

	draw_two(&before, &after);
	write_exits(file, false, &before.sample, &after.sample, &guest, "web");
	write_exits(file, false, &before.sample, &after.sample, &root, "root");
	fclose(file);
	CHECK_TEXT(text,
		"web                            intercepts       %    a second  ns each        ms\n"
		"Hypercalls                              8    50.0         4.0      500     0.004\n"
		"Nested Page Fault Intercepts            8    50.0         4.0     1000     0.008\n"
		"All                                    16   100.0         8.0      750     0.012\n"
		"of these emulated                       4    25.0         2.0     1500     0.006\n"
		"root                           intercepts       %    a second  ns each        ms\n"
		"All                                     0     0.0         0.0        0     "
		"0.000\n");
	file = begin();
	write_exits(file, true, &before.sample, &after.sample, NULL, "all");
	fclose(file);
	CHECK(!strncmp(text,
		"{\"partition\":\"all\",\"classes\":[{\"name\":\"Hypercalls\",\"count\":8,"
		"\"share_percent\":50.000,\"rate\":4.000,\"average_ns\":500.0,\"total_ns\":4000},",
		133));
	free(text);
	text = NULL;
}

void test_arguments(void)
{
	unsigned long count;
	double seconds;

	CHECK(parse_seconds("5", &seconds) && seconds > 4.99 && seconds < 5.01);
	CHECK(parse_seconds("1:30", &seconds) && seconds > 89.9 && seconds < 90.1);
	CHECK(parse_seconds("01:00:0.5", &seconds) && seconds > 3600.4 && seconds < 3600.6);
	CHECK(!parse_seconds("", &seconds) && !parse_seconds("0", &seconds));
	CHECK(!parse_seconds("-1", &seconds) && !parse_seconds("1:", &seconds));
	CHECK(!parse_seconds("1:2:3:4", &seconds) && !parse_seconds("1x", &seconds));
	CHECK(!parse_seconds("1e99", &seconds) && !parse_seconds("nan", &seconds));
	CHECK(parse_count("3", &count) && count == 3);
	CHECK(!parse_count("0", &count) && !parse_count("", &count) && !parse_count("3x", &count));
	CHECK(!parse_count("99999999999999999999", &count) && !parse_count("-1", &count));
}

static void print_view(
	FILE *file, const struct view_choice *choice, struct paper *before, struct paper *after)
{
	struct view view;
	char line[256];

	CHECK(view_build(&view, choice, before ? &before->sample : NULL, &after->sample));
	view_head(choice, line, sizeof(line));
	fprintf(file, "%s\n%s\n", view.machine[2], line);
	CHECK(strlen(line) <= VIEW_WIDTH);
	for (unsigned i = 0; i < view.count; i++) {
		view_line(&view.rows[i], line, sizeof(line));
		CHECK(strlen(line) <= VIEW_WIDTH);
		fprintf(file, "%s\n", line);
	}
	view_free(&view);
}

void test_view(void)
{
	struct paper before, after;
	struct view_choice choice = {.sort = INTERCEPTS};
	FILE *file = begin();

	draw_two(&before, &after);
	set(&after.objects[4], 1, 30000000), set(&after.objects[4], 59, 40000000000);
	set(&after.objects[5], 1, 10000000), set(&after.objects[5], 2, 5000000);
	view_toggle(&choice, 5, true);
	print_view(file, &choice, &before, &after);
	choice.reverse = true;
	view_toggle(&choice, 5, false);
	print_view(file, &choice, &before, &after);
	strcpy(choice.filter, "TION 5");
	print_view(file, &choice, NULL, &after);
	fclose(file);
#define HEAD "  PARTITION          VPS   RUN%   HV%  WAITns*INTERC/s nsEACH INTERR/s HYPERC/s\n"
	CHECK_TEXT(text,
		"a second:   8 intercepts  20000000000 virtual interrupts  4 hypercalls\n" HEAD
		"- partition 5          2   50.0  25.0       0        8    750        0        4\n"
		"   VP 0                    50.0  25.0       0        7    743        0        3\n"
		"   VP 1                     0.0   0.0       0        1    800        0        1\n"
		"+ root                 1  150.0   0.0       0        0      0 20000.0M        0\n"
		"a second:   8 intercepts  20000000000 virtual interrupts  4 hypercalls\n" HEAD
		"+ root                 1  150.0   0.0       0        0      0 20000.0M        0\n"
		"+ partition 5          2   50.0  25.0       0        8    750        0        4\n"
		"a second:   0 intercepts  0 virtual interrupts  0 hypercalls\n" HEAD
		"+ partition 5          2      -     -       -        -      -        -        "
		"-\n");
	free(text);
	text = NULL;
	CHECK(view_column("run") == RUN && view_column("ID") == -1 && view_column("x") == -2 &&
		view_column("") == -2);
}
