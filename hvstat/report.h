/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report: what a recording says, in a bounded amount of memory however long it is
 * (report_data.c), drawn (report_svg.c) and told (report_html.c).
 */
#ifndef HVSTAT_REPORT_H
#define HVSTAT_REPORT_H

#include "hvstat/lib/use.h"
#include "hvstat/text.h"

#define REPORT_SLOTS  240 /* pieces of time */
#define REPORT_GUESTS 512 /* partitions with figures of their own; later ones are left out */
#define REPORT_WAITS  8	  /* ranges of the average wait */

/* A piece of time: what was counted in it, and for how many seconds counters were there. */
struct report_slot {
	double seconds, intercepts, interrupts, hypercalls;
	struct hvstat_lp_use lps;
};

struct report_guest {
	uint64_t id;
	bool root;
	char name[HVSTAT_NAME];
	struct hvstat_use use;
	double run[REPORT_SLOTS];
};

struct report_lp {
	uint32_t index;
	struct hvstat_lp_use use;
};

struct report {
	double start, end; /* dates in seconds */
	unsigned long samples, gaps;
	uint64_t damaged; /* bytes of the recording */
	double seconds;
	struct report_slot slots[REPORT_SLOTS];
	struct report_lp *lps;
	size_t lp_count;
	struct report_guest *guests; /* in order of run time, the root among them */
	size_t guest_count, guests_left_out;
	struct hvstat_use all;
	double waits[REPORT_WAITS]; /* dispatches, by the average wait of their VP and interval */
};

extern const double report_wait_bounds[REPORT_WAITS - 1]; /* seconds */

/* NULL with a message if there is nothing to report. */
struct report *report_of(const char *file, char error[HVSTAT_ERROR]);
void report_free(struct report *report);

/* A series of a chart: a value for each slot; a slot without one is NAN. */
struct series {
	const char *name;
	const double *values;
};
void svg_lines(struct text *text, const struct report *report, const char *title, const char *unit,
	const struct series *series, size_t count);
/* The same as areas on top of each other; `most`: the axis' end, 0 for what is needed. */
void svg_areas(struct text *text, const struct report *report, const char *title, const char *unit,
	const struct series *series, size_t count, double most);
/* A column for each LP: guest and hypervisor, in percent. */
void svg_lps(struct text *text, const struct report *report, const char *title);
/* Horizontal bars, in the order given, with a text at each one's end. */
struct bar {
	const char *name;
	double value;
	char label[64];
};
void svg_bars(struct text *text, const char *title, const struct bar *bars, size_t count);

void report_html(struct text *text, const struct report *report);
void report_json(struct text *text, const struct report *report);

#endif
