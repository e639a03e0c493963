/* SPDX-License-Identifier: BSD-2-Clause */
/* What top shows: rows and their lines. The screen itself is in top.sh. */
#include <stdio.h>
#include <string.h>

#include "hvstat/top.h"
#include "tests/hvstat/test.h"
#include "tests/hvstat/tree.h"

struct view {
	struct top top;
	struct monitor monitor;
};

static void open_view(struct view *view)
{
	struct tree tree = {test_path("mshv"), 4, 4, 3, 2};
	char error[HVSTAT_ERROR];

	tree_write(&tree, 0);
	common_options = (struct hvstat_options){
		.root = test_path("mshv"), .no_names = true, .no_wake = true};
	*view = (struct view){.monitor = monitor_open(1)};
	monitor_read(&view->monitor);
	tree_write(&tree, 1);
	CHECK(hvstat_read(view->monitor.stat, view->monitor.now, error));
	view->monitor.before->time_ns = 0;
	view->monitor.now->time_ns = 1000000000;
}

static void close_view(struct view *view)
{
	top_free(&view->top);
	monitor_close(&view->monitor);
}

static void make_rows(struct view *view)
{
	CHECK(top_make_rows(&view->top, view->monitor.before, view->monitor.now));
}

static void check_names(const struct view *view, const char *expected)
{
	struct text names = {0};

	for (size_t i = 0; i < view->top.count; i++)
		text_printf(&names, "%s%s", i ? "|" : "", view->top.rows[i].name);
	CHECK_TEXT(expected, names.data ? names.data : "");
	text_free(&names);
}

TEST(top_order)
{
	struct view view;

	open_view(&view);
	make_rows(&view);
	check_names(&view, "root|partition 101|partition 102|partition 103");
	view.top.sort = SORT_INTERCEPTS;
	make_rows(&view);
	check_names(&view, "partition 103|partition 102|partition 101|root");
	view.top.reverse = true;
	make_rows(&view);
	check_names(&view, "root|partition 101|partition 102|partition 103");
	CHECK(top_set_filter(&view.top, "10[23]$"));
	make_rows(&view);
	check_names(&view, "partition 102|partition 103");
	CHECK(!top_set_filter(&view.top, "[")); /* the old one stays */
	make_rows(&view);
	CHECK_EQ(2, view.top.count);
	CHECK(top_set_filter(&view.top, ""));
	make_rows(&view);
	CHECK_EQ(4, view.top.count);
	close_view(&view);
}

TEST(top_open)
{
	struct view view;

	open_view(&view);
	make_rows(&view);
	top_toggle(&view.top, &view.top.rows[2].key);
	make_rows(&view);
	check_names(&view, "root|partition 101|partition 102|VP 0|VP 1|partition 103");
	top_toggle(&view.top, &view.top.rows[3].key);
	make_rows(&view);
	check_names(&view,
		"root|partition 101|partition 102|VP 0|I/O port|CPUID|MSR|hypercall|VP 1|"
		"partition 103");
	top_toggle(&view.top, &view.top.rows[5].key); /* a class has no parts */
	top_toggle(&view.top, &view.top.rows[2].key);
	make_rows(&view);
	CHECK_EQ(4, view.top.count);
	view.top.all_open = true;
	make_rows(&view);
	CHECK_EQ(4 + 4 + 3 * 2 + 4, view.top.count);
	close_view(&view);
}

TEST(top_skip_zero)
{
	struct view view;

	open_view(&view);
	for (unsigned i = 0; i < 4; i++) /* the root sleeps */
		view.monitor.now->vps[i] = view.monitor.before->vps[i];
	view.top.skip_idle = true;
	make_rows(&view);
	check_names(&view, "partition 101|partition 102|partition 103");
	close_view(&view);
}

static size_t columns(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* Every line fits 80 columns with the largest figures, and is cut to any width. */
TEST(top_widths)
{
	struct view view;
	struct text line = {0};

	open_view(&view);
	view.top.all_open = true;
	snprintf(view.monitor.now->partitions[1].name, HVSTAT_NAME, "%s",
		"gr\xc3\xb6\xc3\x9f"
		"er-als-sein-feld-und-noch-viel-mehr-als-das");
	for (unsigned slot = 1; slot < VP_SLOTS; slot++)
		view.monitor.now->vps[4].counters[slot] += 100000000000;
	make_rows(&view);
	top_toggle(&view.top, &view.top.rows[6].key);
	make_rows(&view);
	for (unsigned width = 0; width <= 80; width += 20)
		for (size_t i = 0; i < view.top.count; i++) {
			top_line(&line, &view.top.rows[i], width);
			CHECK(columns(line.data) <= width);
			text_free(&line);
		}
	for (unsigned i = 0; i < TOP_HEAD; i++) {
		top_head(&line, i, &view.monitor, 200);
		CHECK(columns(line.data) <= 80);
		text_free(&line);
	}
	top_title(&line, &view.top, 200);
	CHECK(columns(line.data) <= 80);
	text_free(&line);
	top_lp_line(&line, &view.monitor, 1, 200);
	CHECK_TEXT(
		"LP 1    guest  34.0%   hypervisor   5.0%   idle  61.0%   [#######+............]",
		line.data);
	text_free(&line);
	close_view(&view);
}

TEST(top_figures)
{
	struct view view;
	struct text line = {0};

	open_view(&view);
	make_rows(&view);
	top_line(&line, &view.top.rows[1], 80);
	CHECK_TEXT(
		"+partition 101        60.0    54.0    6.0    25.0      3500       500       100",
		line.data);
	text_free(&line);
	top_head(&line, 1, &view.monitor, 80);
	CHECK_TEXT("LPs     guest  33.5%   hypervisor   5.0%   idle  61.5%   switches     3200/s",
		line.data);
	text_free(&line);
	close_view(&view);
}
