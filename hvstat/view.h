/* SPDX-License-Identifier: BSD-2-Clause */
/* What `top` shows, apart from where it shows it: rows of partitions and VPs, and their text. */
#ifndef HVSTAT_VIEW_H
#define HVSTAT_VIEW_H

#include "hvstat/program.h"

#define VIEW_WIDTH   79
#define MAX_EXPANDED 64

enum view_column { RUN, HYPERVISOR, WAIT, INTERCEPTS, COST, INTERRUPTS, HYPERCALLS, VIEW_COLUMNS };

struct view_row {
	uint64_t partition;
	bool root, vp, expanded;
	unsigned index, vps;
	double values[VIEW_COLUMNS];
	char name[64];
};

/* What the user has chosen. */
struct view_choice {
	const struct names *names;
	int sort; /* by a column, biggest first; -1: as the kernel numbers them */
	bool reverse, expand_all;
	char filter[64]; /* part of the name */
	unsigned expanded_count;
	uint64_t expanded[MAX_EXPANDED];
};

struct view {
	char machine[4][128]; /* the lines above the table */
	struct view_row *rows;
	unsigned count;
};

/* False: no memory. */
bool view_build(struct view *view, const struct view_choice *choice,
	const struct hvstat_sample *before, const struct hvstat_sample *after);
void view_free(struct view *view);
void view_head(const struct view_choice *choice, char *text, size_t size);
void view_line(const struct view_row *row, char *text, size_t size);
/* The column of that name, -2: there is none. */
int view_column(const char *name);
const char *view_column_name(int column);
void view_toggle(struct view_choice *choice, uint64_t partition, bool expand);

/* `top` on the terminal. */
int screen_run(struct hvstat *hvstat, struct view_choice *choice, double seconds);

#endif
