/* SPDX-License-Identifier: BSD-2-Clause */
/* The page: one file that needs nothing else, light or dark as the reader's system is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/program.h"
#include "hvstat/report.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	"<meta name=\"color-scheme\" content=\"light dark\"><title>hvstat report</title>\n<style>\n"
	":root{--page:#f9f9f7;--card:#fff;--ink:#0b0b0b;--soft:#52514e;--grid:#e1e0d9;"
	"--c0:#2a78d6;--c1:#eb6834;--c2:#1baf7a;--c3:#eda100;--c4:#4a3aa7;--c5:#e87ba4;"
	"--c6:#008300;--c7:#8a8880}\n"
	"@media (prefers-color-scheme:dark){:root{--page:#111110;--card:#1a1a19;--ink:#f5f5f2;"
	"--soft:#c3c2b7;--grid:#33332f;--c0:#3987e5;--c1:#d95926;--c2:#199e70;--c3:#c98500;"
	"--c4:#9085e9;--c5:#d55181;--c6:#3f9b3f;--c7:#8f8d85}}\n"
	"body{margin:0;padding:24px;background:var(--page);color:var(--ink);"
	"font:15px/1.5 system-ui,sans-serif}\nmain{max-width:1560px;margin:auto}\n"
	"h1{font-size:24px;margin:0}h2{font-size:16px;margin:0 0 2px}p{margin:0 0 10px;"
	"color:var(--soft)}\n.tiles{display:grid;gap:12px;margin:18px 0;"
	"grid-template-columns:repeat(auto-fit,minmax(126px,1fr))}\n"
	".cards{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,620px),"
	"1fr))}"
	"\n.tile,.card{background:var(--card);border:1px solid var(--grid);border-radius:8px;"
	"padding:14px 16px}\n.tile b{display:block;font-size:22px}.tile span{color:var(--soft);"
	"font-size:13px}\nsvg{display:block;width:100%;height:auto}\n"
	"svg text{fill:var(--ink);font-size:12px;font-family:system-ui,sans-serif}\n"
	"svg .axis{fill:var(--soft);font-variant-numeric:tabular-nums}svg "
	".grid{stroke:var(--grid)}\n"
	".line{fill:none;stroke-width:1.8;stroke-linejoin:round}.area{stroke:var(--card);"
	"stroke-width:.6}\n"
	"table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
	"th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--grid)}"
	"th{color:var(--soft);font-weight:500}th:first-child,td:first-child{text-align:left}"
	".wide{grid-column:1/-1;overflow-x:auto}\n";

static void style(struct text *text)
{
	text_say(text, head);
	for (unsigned i = 0; i < 8; i++)
		text_printf(text, ".c%u{fill:var(--c%u)}.s%u{stroke:var(--c%u)}", i, i, i, i);
	text_say(text, "\n</style></head><body><main>\n");
}

static void card(struct text *text, const char *title, const char *about)
{
	text_say(text, "<section class=\"card\"><h2>");
	text_html(text, title);
	text_say(text, "</h2><p>");
	text_html(text, about);
	text_say(text, "</p>\n");
}

/* ---- Charts over time ---- */

static double per_second(const struct report_slot *slot, double amount)
{
	return slot->seconds > 0 ? amount / slot->seconds : NAN;
}

static void rates(struct text *text, const struct report *report)
{
	static double values[3][REPORT_SLOTS];
	const struct series series[] = {{"intercepts", values[0]},
		{"virtual interrupts", values[1]}, {"hypercalls", values[2]}};

	for (unsigned i = 0; i < REPORT_SLOTS; i++) {
		const struct report_slot *slot = &report->slots[i];

		values[0][i] = per_second(slot, slot->intercepts);
		values[1][i] = per_second(slot, slot->interrupts);
		values[2][i] = per_second(slot, slot->hypercalls);
	}
	card(text, "The three interfaces",
		"Intercepts, virtual interrupts and hypercalls a second.");
	svg_lines(text, report, "rates over time", "", series, 3);
	text_say(text, "</section>\n");
}

static void machine(struct text *text, const struct report *report)
{
	static double values[2][REPORT_SLOTS];
	const struct series series[] = {{"guest", values[0]}, {"hypervisor", values[1]}};

	for (unsigned i = 0; i < REPORT_SLOTS; i++) {
		const struct hvstat_lp_use *lps = &report->slots[i].lps;
		double total = lps->elapsed > 0 ? lps->elapsed : NAN;

		values[0][i] = 100 * lps->guest / total;
		values[1][i] = 100 * lps->hypervisor / total;
	}
	card(text, "Processor time",
		"Of all logical processors together, in percent; the rest is idle.");
	svg_areas(text, report, "processor time", " %", series, 2, 100);
	text_say(text, "</section>\n<section class=\"card\"><h2>Processor time by logical processor"
		       "</h2><p>In percent, over the whole time; the rest is idle.</p>\n");
	svg_lps(text, report, "logical processors");
	text_say(text, "</section>\n");
}

#define SHOWN 7 /* guests of their own in the chart; the others are one */

static void guests(struct text *text, const struct report *report)
{
	static double values[SHOWN + 1][REPORT_SLOTS];
	struct series series[SHOWN + 1];
	size_t count = report->guest_count < SHOWN ? report->guest_count : SHOWN;

	memset(values, 0, sizeof(values));
	for (size_t i = 0; i < report->guest_count; i++) {
		size_t which = i < SHOWN ? i : SHOWN;

		for (unsigned slot = 0; slot < REPORT_SLOTS; slot++)
			values[which][slot] +=
				per_second(&report->slots[slot], report->guests[i].run[slot]);
		if (i < SHOWN)
			series[i] = (struct series){report->guests[i].name, values[i]};
	}
	if (report->guest_count > SHOWN)
		series[count++] = (struct series){"others", values[SHOWN]};
	card(text, "Run time by partition", "How many processors each one kept busy.");
	svg_areas(text, report, "run time by partition", "", series, count, 0);
	text_say(text, "</section>\n");
}

/* ---- Bars ---- */

static int by_value(const void *left, const void *right)
{
	const struct bar *a = left, *b = right;

	return (a->value < b->value) - (a->value > b->value);
}

static void classes(struct text *text, const struct report *report)
{
	struct bar bars[HVSTAT_CLASSES];
	const struct hvstat_use *all = &report->all;
	size_t count = 0;

	for (unsigned i = 0; i < HVSTAT_CLASSES; i++) {
		if (all->count[i] <= 0)
			continue;
		bars[count] = (struct bar){.name = hvstat_classes[i].label, .value = all->time[i]};
		snprintf(bars[count].label, sizeof(bars[count].label),
			"%.1f/s, %.2f us each, %.3f CPU", all->count[i] / report->seconds,
			1e6 * hvstat_part(all->time[i], all->count[i]),
			all->time[i] / report->seconds);
		count++;
	}
	qsort(bars, count, sizeof(bars[0]), by_value);
	card(text, "Cost of intercepts by class", "Time in the hypervisor, root and guests.");
	svg_bars(text, "cost by class", bars, count);
	text_say(text, "</section>\n");
}

static void say_time(char *to, size_t room, double seconds)
{
	if (seconds < 1e-3)
		snprintf(to, room, "%g us", seconds * 1e6);
	else
		snprintf(to, room, "%g ms", seconds * 1e3);
}

static void label_share(struct bar *bar, double total)
{
	snprintf(bar->label, sizeof(bar->label), "%.0f (%.1f %%)", bar->value,
		100 * hvstat_part(bar->value, total));
}

/* The hypervisor's own histogram if it counts one: its ranges' bounds are not published. */
static void waits(struct text *text, const struct report *report)
{
	struct bar bars[HVSTAT_WAIT_BUCKETS];
	char names[HVSTAT_WAIT_BUCKETS][48], bound[24];
	double total = 0, own = 0;
	size_t count;

	for (unsigned i = 0; i < HVSTAT_WAIT_BUCKETS; i++)
		own += report->all.wait_bucket[i];
	count = own > 0 ? HVSTAT_WAIT_BUCKETS : REPORT_WAITS;
	for (size_t i = 0; i < count; i++) {
		bars[i] = (struct bar){.name = names[i],
			.value = own > 0 ? report->all.wait_bucket[i] : report->waits[i]};
		total += bars[i].value;
		say_time(bound, sizeof(bound),
			report_wait_bounds[i && i < REPORT_WAITS ? i - 1 : 0]);
		if (own > 0)
			snprintf(names[i], sizeof(names[i]), "length class %zu", i);
		else
			snprintf(names[i], sizeof(names[i]), i ? "from %s" : "below %s", bound);
	}
	for (size_t i = 0; i < count; i++)
		label_share(&bars[i], total);
	card(text, "Waiting for a processor",
		own > 0 ? "Waits by the hypervisor's length classes; their bounds are not "
			  "published."
			: "Dispatches, by the average wait of their virtual processor in each "
			  "interval.");
	svg_bars(text, "waiting times", bars, count);
	text_say(text, "</section>\n");
}

/* ---- Figures ---- */

static void table(struct text *text, const struct report *report)
{
	text_say(text, "<section class=\"card wide\"><h2>Partitions</h2><table><tr><th>name<th>VPs"
		       "<th>run time %<th>hypervisor %<th>wait per dispatch, us<th>intercepts/s"
		       "<th>interrupts/s<th>hypercalls/s</tr>\n");
	for (size_t i = 0; i < report->guest_count; i++) {
		const struct hvstat_use *use = &report->guests[i].use;

		text_say(text, "<tr><td>");
		text_html(text, report->guests[i].name);
		text_printf(text, "<td>%u<td>%.1f<td>%.1f<td>%.1f<td>%.0f<td>%.0f<td>%.0f</tr>\n",
			use->vps, 100 * hvstat_part(use->run, use->elapsed),
			100 * hvstat_part(use->hypervisor, use->elapsed),
			1e6 * hvstat_part(use->wait, use->dispatches),
			hvstat_part(use->intercepts, use->elapsed),
			hvstat_part(use->interrupts, use->elapsed),
			hvstat_part(use->hypercalls, use->elapsed));
	}
	text_say(text, "</table></section>\n");
}

static void tile(struct text *text, const char *name, const char *format, double value)
{
	char figure[64];

	snprintf(figure, sizeof(figure), "%.0f", value);
	if (*format == 'p')
		snprintf(figure, sizeof(figure), "%.1f %%", value);
	if (*format == 't')
		snprintf(figure, sizeof(figure), "%.1f us", value);
	text_printf(text, "<div class=\"tile\"><b>%s</b><span>%s</span></div>", figure, name);
}

static struct hvstat_lp_use all_lps(const struct report *report)
{
	struct hvstat_lp_use sum = {0};

	for (size_t i = 0; i < report->lp_count; i++) {
		sum.elapsed += report->lps[i].use.elapsed;
		sum.guest += report->lps[i].use.guest;
		sum.hypervisor += report->lps[i].use.hypervisor;
		sum.idle += report->lps[i].use.idle;
	}
	return sum;
}

static void tiles(struct text *text, const struct report *report)
{
	struct hvstat_lp_use lps = all_lps(report);
	const struct hvstat_use *all = &report->all;

	text_say(text, "<div class=\"tiles\">");
	tile(text, "logical processors", "n", (double)report->lp_count);
	tile(text, "partitions seen", "n", (double)report->guest_count);
	tile(text, "guest", "p", 100 * hvstat_part(lps.guest, lps.elapsed));
	tile(text, "hypervisor", "p", 100 * hvstat_part(lps.hypervisor, lps.elapsed));
	tile(text, "idle", "p", 100 * hvstat_part(lps.idle, lps.elapsed));
	tile(text, "intercepts/s", "n", all->intercepts / report->seconds);
	tile(text, "virtual interrupts/s", "n", all->interrupts / report->seconds);
	tile(text, "hypercalls/s", "n", all->hypercalls / report->seconds);
	tile(text, "wait per dispatch", "t", 1e6 * hvstat_part(all->wait, all->dispatches));
	text_say(text, "</div>\n");
}

static void say_date(char *to, size_t room, double date)
{
	time_t seconds = (time_t)date;
	struct tm local;

	localtime_r(&seconds, &local);
	strftime(to, room, "%Y-%m-%d %H:%M:%S %Z", &local);
}

void report_html(struct text *text, const struct report *report)
{
	char start[64], end[64];

	say_date(start, sizeof(start), report->start);
	say_date(end, sizeof(end), report->end);
	style(text);
	text_printf(text,
		"<h1>What the hypervisor did</h1><p>%s to %s: %lu samples, %.0f s, %lu gap%s",
		start, end, report->samples, report->seconds, report->gaps,
		report->gaps == 1 ? "" : "s");
	if (report->damaged)
		text_printf(text, ", %llu bytes of the recording damaged",
			(unsigned long long)report->damaged);
	text_say(text, ".</p>\n");
	tiles(text, report);
	text_say(text, "<div class=\"cards\">\n");
	rates(text, report);
	machine(text, report);
	guests(text, report);
	classes(text, report);
	waits(text, report);
	table(text, report);
	text_say(text, "</div></main></body></html>\n");
}
