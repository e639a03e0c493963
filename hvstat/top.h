/* SPDX-License-Identifier: BSD-2-Clause */
/* hvstat top: what is shown (top_rows.c), how (top_lines.c), and the screen (top_screen.c). */
#ifndef HVSTAT_TOP_H
#define HVSTAT_TOP_H

#include <regex.h>

#include "hvstat/lib/use.h"
#include "hvstat/program.h"

enum top_sort {
	SORT_NAME, /* root first, then by number */
	SORT_TOTAL,
	SORT_GUEST,
	SORT_HYPERVISOR,
	SORT_WAIT,
	SORT_INTERCEPTS,
	SORT_INTERRUPTS,
	SORT_HYPERCALLS,
	SORTS
};

/* What a row is of: a partition, one of its VPs (vp >= 0), one of its classes (class >= 0). */
struct top_key {
	uint64_t id;
	bool root;
	int64_t vp;
	int kind;
};

struct top_row {
	struct top_key key;
	bool open; /* its parts are shown below */
	char name[HVSTAT_NAME];
	struct hvstat_use use; /* of a class: of its VP */
};

struct top {
	enum top_sort sort;
	bool reverse, lps, skip_idle, all_open;
	bool filtered;
	regex_t filter; /* if filtered: of guests' names */
	struct top_key *opened;
	size_t opened_count, opened_room;
	struct top_row *rows;
	size_t count, room;
};

bool top_same(const struct top_key *a, const struct top_key *b);
/* Makes the rows of what happened between the samples. False: no memory. */
bool top_make_rows(
	struct top *top, const struct hvstat_sample *before, const struct hvstat_sample *now);
/* Shows or hides a row's parts. */
void top_toggle(struct top *top, const struct top_key *key);
/* An extended regular expression, "" for none. False: it is not one. */
bool top_set_filter(struct top *top, const char *expression);
void top_free(struct top *top);

/* Lines of at most `width` columns, without line ends. */
#define TOP_HEAD 3 /* lines about the machine */
void top_head(struct text *text, unsigned line, const struct monitor *monitor, unsigned width);
void top_lp_line(struct text *text, const struct monitor *monitor, uint32_t lp, unsigned width);
void top_title(struct text *text, const struct top *top, unsigned width);
void top_line(struct text *text, const struct top_row *row, unsigned width);
extern const char *const top_sort_names[SORTS];

/* Full screen until q, or after so many samples if `count` is not 0. */
void top_screen(struct top *top, struct monitor *monitor, bool colour, unsigned long count);

#endif
