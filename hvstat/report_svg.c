/* SPDX-License-Identifier: BSD-2-Clause */
/* Charts. Colours are classes, so that the page can be light or dark; each has a text as well. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hvstat/report.h"

#define WIDTH  720
#define HEIGHT 260
#define LEFT   64
#define RIGHT  12
#define TOP    34
#define BOTTOM 28
#define PLOT_W (WIDTH - LEFT - RIGHT)
#define PLOT_H (HEIGHT - TOP - BOTTOM)

/* A round number that is at least `value` divided by four steps. */
static double round_step(double value)
{
	double unit = pow(10, floor(log10(value / 4)));
	static const double steps[] = {1, 2, 2.5, 5, 10};

	for (unsigned i = 0; i < 5; i++)
		if (unit * steps[i] >= value / 4 * 0.999)
			return unit * steps[i];
	return unit * 10;
}

static void say_number(char *to, size_t room, double value)
{
	if (value >= 1e6)
		snprintf(to, room, "%.4gM", value / 1e6);
	else if (value >= 1e4)
		snprintf(to, room, "%.4gk", value / 1e3);
	else
		snprintf(to, room, "%.4g", value);
}

static void begin(struct text *text, const char *title, int height)
{
	text_printf(text, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, height);
	text_html(text, title);
	text_say(text, "\">\n");
}

static void legend(struct text *text, const struct series *series, size_t count)
{
	double x = LEFT;

	for (size_t i = 0; i < count; i++) {
		text_printf(text,
			"<rect class=\"c%zu\" x=\"%.1f\" y=\"8\" width=\"10\" height=\"10\" "
			"rx=\"2\"/>"
			"<text x=\"%.1f\" y=\"17\">",
			i % 8, x, x + 15);
		text_html(text, series[i].name);
		text_say(text, "</text>\n");
		x += 32 + 6.3 * (double)strlen(series[i].name);
	}
}

/* Horizontal lines with their values, and times below. Returns the value of the upper end. */
static double axes(
	struct text *text, const struct report *report, const char *unit, double most, bool fixed)
{
	double step = most > 0 ? round_step(most) : 0.25;
	double top = fixed ? most : step * ceil(most / step - 1e-9);
	bool days = report->end - report->start > 86400 * 2;

	if (top <= 0)
		top = 1;
	for (unsigned i = 0; i * step <= top * 1.0001; i++) {
		char label[32];
		double value = i * step, y = TOP + PLOT_H * (1 - value / top);

		say_number(label, sizeof(label), value);
		text_printf(text,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"axis\" x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%s%s</text>\n",
			LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, label, unit);
	}
	for (unsigned i = 0; i <= 4; i++) {
		time_t date = (time_t)(report->start + (report->end - report->start) * i / 4);
		struct tm local;
		char label[32];

		localtime_r(&date, &local);
		strftime(label, sizeof(label), days ? "%b %d %H:%M" : "%H:%M:%S", &local);
		text_printf(text,
			"<text class=\"axis\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>\n",
			LEFT + PLOT_W * i / 4.0, HEIGHT - 8,
			i == 0	 ? "start"
			: i == 4 ? "end"
				 : "middle",
			label);
	}
	return top;
}

static double slot_x(unsigned slot)
{
	return LEFT + PLOT_W * (slot + 0.5) / REPORT_SLOTS;
}

static double largest(const struct series *series, size_t count, bool stacked)
{
	double most = 0;

	for (unsigned slot = 0; slot < REPORT_SLOTS; slot++) {
		double sum = 0;

		for (size_t i = 0; i < count; i++) {
			double value = series[i].values[slot];

			if (isnan(value))
				continue;
			sum = stacked || value > sum ? (stacked ? sum + value : value) : sum;
		}
		if (sum > most)
			most = sum;
	}
	return most;
}

/* Slots without a value are bridged when recordings are shorter than slots, but not over gaps. */
#define BRIDGE (REPORT_SLOTS / 8)

static void line(struct text *text, const struct series *series, size_t number, double top)
{
	unsigned last = 0;
	bool drawing = false;

	text_printf(text, "<path class=\"line s%zu\" d=\"", number % 8);
	for (unsigned slot = 0; slot < REPORT_SLOTS; slot++) {
		double value = series->values[slot];

		if (isnan(value))
			continue;
		text_printf(text, "%s%.1f %.1f", drawing && slot - last <= BRIDGE ? "L" : "M",
			slot_x(slot), TOP + PLOT_H * (1 - value / top));
		drawing = true;
		last = slot;
	}
	text_say(text, "\"><title>");
	text_html(text, series->name);
	text_say(text, "</title></path>\n");
}

void svg_lines(struct text *text, const struct report *report, const char *title, const char *unit,
	const struct series *series, size_t count)
{
	double top;

	begin(text, title, HEIGHT);
	legend(text, series, count);
	top = axes(text, report, unit, largest(series, count, false), false);
	for (size_t i = 0; i < count; i++)
		line(text, &series[i], i, top);
	text_say(text, "</svg>\n");
}

/* The upper border from left to right, then the lower one back; a new area behind each gap. */
static void area(struct text *text, const struct series *series, size_t number,
	const double base[REPORT_SLOTS], double top)
{
	unsigned slot = 0;

	text_printf(text, "<path class=\"area c%zu\" d=\"", number % 8);
	while (slot < REPORT_SLOTS) {
		unsigned places[REPORT_SLOTS], count = 0;

		for (; slot < REPORT_SLOTS; slot++) {
			if (isnan(series->values[slot]))
				continue;
			if (count && slot - places[count - 1] > BRIDGE)
				break;
			places[count++] = slot;
		}
		for (unsigned i = 0; i < count; i++)
			text_printf(text, "%s%.1f %.1f", i ? "L" : "M", slot_x(places[i]),
				TOP + PLOT_H * (1 - (base[places[i]] + series->values[places[i]]) /
							       top));
		for (unsigned i = count; i-- > 0;)
			text_printf(text, "L%.1f %.1f", slot_x(places[i]),
				TOP + PLOT_H * (1 - base[places[i]] / top));
		text_say(text, count ? "Z" : "");
	}
	text_say(text, "\"><title>");
	text_html(text, series->name);
	text_say(text, "</title></path>\n");
}

void svg_areas(struct text *text, const struct report *report, const char *title, const char *unit,
	const struct series *series, size_t count, double most)
{
	double base[REPORT_SLOTS] = {0}, top;

	begin(text, title, HEIGHT);
	legend(text, series, count);
	top = axes(text, report, unit, most > 0 ? most : largest(series, count, true), most > 0);
	for (size_t i = 0; i < count; i++) {
		area(text, &series[i], i, base, top);
		for (unsigned slot = 0; slot < REPORT_SLOTS; slot++)
			if (!isnan(series[i].values[slot]))
				base[slot] += series[i].values[slot];
	}
	text_say(text, "</svg>\n");
}

static void lp_column(
	struct text *text, const struct report_lp *lp, double x, double width, bool named)
{
	double guest = hvstat_part(lp->use.guest, lp->use.elapsed);
	double hypervisor = hvstat_part(lp->use.hypervisor, lp->use.elapsed);
	double y = TOP + PLOT_H * (1 - guest);

	text_printf(text,
		"<g><title>LP %u: guest %.1f %%, hypervisor %.1f %%</title>"
		"<rect class=\"c0\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"/>"
		"<rect class=\"c1\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"/></g>\n",
		lp->index, 100 * guest, 100 * hypervisor, x, y, width, PLOT_H * guest, x,
		y - PLOT_H * hypervisor, width, PLOT_H * hypervisor);
	if (named)
		text_printf(text,
			"<text class=\"axis\" x=\"%.1f\" y=\"%d\" "
			"text-anchor=\"middle\">%u</text>\n",
			x + width / 2, HEIGHT - 8, lp->index);
}

void svg_lps(struct text *text, const struct report *report, const char *title)
{
	static const struct series names[] = {{"guest", NULL}, {"hypervisor", NULL}};
	double step = (double)PLOT_W / (double)(report->lp_count ? report->lp_count : 1);
	double width = step > 60 ? 40 : step * 0.75;
	size_t every = report->lp_count / 16 + 1;

	begin(text, title, HEIGHT);
	legend(text, names, 2);
	for (unsigned percent = 0; percent <= 100; percent += 25) {
		double y = TOP + PLOT_H * (1 - percent / 100.0);

		text_printf(text,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"axis\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%u "
			"%%</text>\n",
			LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, percent);
	}
	for (size_t i = 0; i < report->lp_count; i++)
		lp_column(text, &report->lps[i], LEFT + step * ((double)i + 0.5) - width / 2, width,
			i % every == 0);
	text_say(text, "</svg>\n");
}

void svg_bars(struct text *text, const char *title, const struct bar *bars, size_t count)
{
	double most = 0;
	int left = 150, room = WIDTH - 150 - 250;

	for (size_t i = 0; i < count; i++)
		if (bars[i].value > most)
			most = bars[i].value;
	begin(text, title, 12 + 26 * (int)count);
	for (size_t i = 0; i < count; i++) {
		double width = most > 0 ? room * bars[i].value / most : 0;
		int y = 8 + 26 * (int)i;

		text_printf(
			text, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", left - 10, y + 14);
		text_html(text, bars[i].name);
		text_printf(text,
			"</text><rect class=\"c0\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"18\" "
			"rx=\"2\"/><text class=\"axis\" x=\"%.1f\" y=\"%d\">",
			left, y, width, left + width + 8, y + 14);
		text_html(text, bars[i].label);
		text_say(text, "</text>\n");
	}
	text_say(text, "</svg>\n");
}
