/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/top.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const top_sort_names[SORTS] = {
	[SORT_NAME] = "name",
	[SORT_TOTAL] = "total",
	[SORT_GUEST] = "guest",
	[SORT_HYPERVISOR] = "hyper",
	[SORT_WAIT] = "wait",
	[SORT_INTERCEPTS] = "intercepts",
	[SORT_INTERRUPTS] = "interrupts",
	[SORT_HYPERCALLS] = "hypercalls",
};

/* Cuts the text to `width` characters. */
static void cut(struct text *text, unsigned width)
{
	size_t at = 0;

	for (unsigned i = 0; i < width && at < text->length; i++) {
		size_t length = utf8_length(text->data + at);

		at += length ? length : 1;
	}
	if (at < text->length) {
		text->length = at;
		text->data[at] = 0;
	}
}

/* `name` in exactly `width` characters, its end cut off or filled up with blanks. */
static void padded(struct text *text, const char *name, unsigned width)
{
	unsigned used = 0;

	for (; *name && used < width; used++) {
		size_t length = utf8_length(name);

		text_add(text, length ? name : "?", length ? length : 1);
		name += length ? length : 1;
	}
	text_printf(text, "%*s", (int)(width - used), "");
}

/* A rate in nine columns. */
static void rate(struct text *text, double value)
{
	if (value < 99999.5)
		text_printf(text, "%9.0f", value);
	else if (value < 1e7)
		text_printf(text, "%8.1fk", value / 1e3);
	else
		text_printf(text, "%8.1fM", value / 1e6);
}

/* Microseconds in eight columns, with a blank before them. */
static void microseconds(struct text *text, double seconds)
{
	if (seconds < 0.09999995)
		text_printf(text, "%8.1f", seconds * 1e6);
	else
		text_printf(text, "%7.0fk", seconds * 1e3);
}

static void head_machine(struct text *text, const struct monitor *monitor)
{
	struct tm local;
	char date[32];
	const struct hvstat_sample *now = monitor->now;
	uint32_t guests = now->partition_count ? now->partition_count - 1 : 0;

	localtime_r(&now->when.tv_sec, &local);
	strftime(date, sizeof(date), "%H:%M:%S", &local);
	text_printf(text, "hvstat %s  %u LP%s, root and %u guest%s, %u VP%s, every %.4g s", date,
		now->lp_count, now->lp_count == 1 ? "" : "s", guests, guests == 1 ? "" : "s",
		now->vp_count, now->vp_count == 1 ? "" : "s", monitor->interval);
}

void top_head(struct text *text, unsigned line, const struct monitor *monitor, unsigned width)
{
	struct hvstat_lp_use lps = {0};
	struct hvstat_use use = {0};

	if (line == 0) {
		head_machine(text, monitor);
	} else if (line == 1) {
		hvstat_add_lps(&lps, monitor->before, monitor->now);
		text_printf(text,
			"LPs     guest %5.1f%%   hypervisor %5.1f%%   idle %5.1f%%   switches",
			100 * hvstat_part(lps.guest, lps.elapsed),
			100 * hvstat_part(lps.hypervisor, lps.elapsed),
			100 * hvstat_part(lps.idle, lps.elapsed));
		rate(text,
			hvstat_part(lps.switches, hvstat_seconds(monitor->before, monitor->now)));
		text_say(text, "/s");
	} else {
		hvstat_add_machine(&use, monitor->before, monitor->now);
		text_say(text, "rates   intercepts");
		rate(text, hvstat_part(use.intercepts, use.elapsed));
		text_say(text, "/s  interrupts");
		rate(text, hvstat_part(use.interrupts, use.elapsed));
		text_say(text, "/s  hypercalls");
		rate(text, hvstat_part(use.hypercalls, use.elapsed));
		text_say(text, "/s");
	}
	cut(text, width);
}

/* # guest, + hypervisor, . idle */
static void bar(struct text *text, const struct hvstat_lp_use *use, unsigned width)
{
	double guest = hvstat_part(use->guest, use->elapsed);
	double busy = guest + hvstat_part(use->hypervisor, use->elapsed);

	text_say(text, "[");
	for (unsigned i = 0; i < width; i++) {
		double place = (i + 0.5) / width;

		text_say(text, place < guest ? "#" : place < busy ? "+" : ".");
	}
	text_say(text, "]");
}

void top_lp_line(struct text *text, const struct monitor *monitor, uint32_t lp, unsigned width)
{
	struct hvstat_lp_use use = {0};
	const struct hvstat_lp *which = &monitor->now->lps[lp];

	hvstat_add_lp(&use, monitor->before, monitor->now, which);
	text_printf(text, "LP %-4" PRIu32 " guest %5.1f%%   hypervisor %5.1f%%   idle %5.1f%%   ",
		which->index, 100 * hvstat_part(use.guest, use.elapsed),
		100 * hvstat_part(use.hypervisor, use.elapsed),
		100 * hvstat_part(use.idle, use.elapsed));
	bar(text, &use, 20);
	cut(text, width);
}

void top_title(struct text *text, const struct top *top, unsigned width)
{
	static const char *const titles[SORTS] = {
		[SORT_NAME] = "PARTITION",
		[SORT_TOTAL] = "%TOTAL",
		[SORT_GUEST] = "%GUEST",
		[SORT_HYPERVISOR] = "%HYPER",
		[SORT_WAIT] = "WAIT us",
		[SORT_INTERCEPTS] = "INTCPT/s",
		[SORT_INTERRUPTS] = "INTRPT/s",
		[SORT_HYPERCALLS] = "HYPCALL/s",
	};
	static const int widths[SORTS] = {-18, 8, 8, 7, 8, 10, 10, 10};

	for (unsigned i = 0; i < SORTS; i++) {
		char title[24];

		snprintf(title, sizeof(title), "%s%s",
			i == top->sort ? top->reverse ? "^" : "v" : "", titles[i]);
		text_printf(text, "%*s", widths[i], title);
	}
	cut(text, width);
}

static void class_line(struct text *text, const struct top_row *row)
{
	const struct hvstat_use *use = &row->use;
	double total = 0;
	int kind = row->key.kind;

	for (unsigned i = 0; i < HVSTAT_CLASSES; i++)
		total += use->time[i];
	text_say(text, "    ");
	padded(text, row->name, 19);
	rate(text, hvstat_part(use->count[kind], use->elapsed));
	text_printf(text, "/s %9.2f us each %6.1f%% of its time %6.2f%% CPU",
		1e6 * hvstat_part(use->time[kind], use->count[kind]),
		100 * hvstat_part(use->time[kind], total),
		100 * hvstat_part(use->time[kind], use->elapsed));
}

void top_line(struct text *text, const struct top_row *row, unsigned width)
{
	const struct hvstat_use *use = &row->use;

	if (row->key.kind >= 0) {
		class_line(text, row);
		cut(text, width);
		return;
	}
	text_say(text, row->open ? "-" : "+");
	if (row->key.vp >= 0)
		text_say(text, "  ");
	padded(text, row->name, row->key.vp >= 0 ? 15 : 17);
	text_printf(text, "%8.1f%8.1f%7.1f", 100 * hvstat_part(use->run, use->elapsed),
		100 * hvstat_part(use->run - use->hypervisor, use->elapsed),
		100 * hvstat_part(use->hypervisor, use->elapsed));
	microseconds(text, hvstat_part(use->wait, use->dispatches));
	text_say(text, " ");
	rate(text, hvstat_part(use->intercepts, use->elapsed));
	text_say(text, " ");
	rate(text, hvstat_part(use->interrupts, use->elapsed));
	text_say(text, " ");
	rate(text, hvstat_part(use->hypercalls, use->elapsed));
	cut(text, width);
}
