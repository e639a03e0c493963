/* SPDX-License-Identifier: BSD-2-Clause */
/* `top` on the terminal: draws the view, takes keys. Nothing depends on colour. */
#define _GNU_SOURCE
#include "hvstat/view.h"
#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLE_TOP 5 /* the lines above the first row */
#define REDRAW	  ('L' & 31)
#define ESCAPE	  27

enum mode { TABLE, EXITS, HELP };

struct screen {
	struct hvstat *hvstat;
	struct view_choice *choice;
	struct hvstat_sample *before, *after;
	struct view view;
	double seconds;
	enum mode mode;
	bool paused, quit, asking;
	unsigned top;	    /* the first row shown */
	unsigned selected;  /* row of the view; */
	uint64_t partition; /* what it is, when rows move */
	int vp;		    /* -1: the partition */
	char message[160];
};

static const char *const help[] = {
	"arrows, PgUp, PgDn   select a row",
	"Enter, right, left   show or hide the VPs of a partition; a: of all",
	"x                    intercepts of the partition, by class",
	"s, S                 sort by the next, the previous column",
	"i                    in the order of their numbers",
	"r                    reverse the order",
	"/                    show only names that contain a text (empty: all)",
	"+, -                 longer, shorter interval",
	"space, p             pause",
	"h, ?                 this help",
	"q                    back, or quit",
	"",
	"RUN%      run time of all VPs; 100 % is one processor",
	"HV%       part of it that went to the hypervisor",
	"WAITns    how long a VP waited for a processor, each time",
	"nsEACH    what an intercept took the hypervisor",
	NULL,
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- Drawing ---- */

static void put(int y, int attributes, const char *text)
{
	if (y >= LINES)
		return;
	attrset(attributes);
	mvaddnstr(y, 0, text, COLS);
	attrset(A_NORMAL);
}

static unsigned room(void)
{
	return LINES > TABLE_TOP + 1 ? (unsigned)(LINES - TABLE_TOP - 1) : 1;
}

static void draw_table(struct screen *screen)
{
	const struct view *view = &screen->view;
	char line[256];

	view_head(screen->choice, line, sizeof(line));
	put(TABLE_TOP - 1, A_BOLD, line);
	if (screen->selected < screen->top)
		screen->top = screen->selected;
	if (screen->selected >= screen->top + room())
		screen->top = screen->selected - room() + 1;
	for (unsigned i = screen->top; i < view->count && i < screen->top + room(); i++) {
		view_line(&view->rows[i], line, sizeof(line));
		put(TABLE_TOP + (int)(i - screen->top),
			i == screen->selected ? A_REVERSE : A_NORMAL, line);
	}
	if (!view->count)
		put(TABLE_TOP, A_NORMAL, "no partition has such a name");
}

static void draw_exits(const struct screen *screen)
{
	char *text = NULL, *line, *next, name[64];
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return;
	if (screen->partition == screen->after->root)
		strcpy(name, "root");
	else
		names_of(screen->choice->names, screen->partition, name, sizeof(name));
	write_exits(file, false, screen->before, screen->after, &screen->partition, name);
	fclose(file);
	line = text;
	for (int y = TABLE_TOP - 1; line && *line && y < LINES - 1; y++, line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		put(y, y == TABLE_TOP - 1 ? A_BOLD : A_NORMAL, line);
	}
	free(text);
}

static void draw_foot(const struct screen *screen)
{
	char line[512];

	if (screen->asking)
		snprintf(line, sizeof(line), "names that contain: %s_", screen->choice->filter);
	else
		snprintf(line, sizeof(line), "%s%.4g s  sort %s%s%s%s  %s",
			screen->paused ? "PAUSED  " : "", screen->seconds,
			screen->choice->reverse ? "-" : "", view_column_name(screen->choice->sort),
			screen->choice->filter[0] ? "  only *" : "", screen->choice->filter,
			screen->message[0] ? screen->message
					   : "h help  q quit  Enter VPs  x intercepts");
	put(LINES - 1, A_BOLD, line);
}

static void draw(struct screen *screen)
{
	erase();
	for (int i = 0; i < TABLE_TOP - 1; i++)
		put(i, A_NORMAL, screen->view.machine[i]);
	if (screen->mode == HELP)
		for (int i = 0; help[i]; i++)
			put(TABLE_TOP - 1 + i, A_NORMAL, help[i]);
	else if (screen->mode == EXITS)
		draw_exits(screen);
	else
		draw_table(screen);
	draw_foot(screen);
	refresh();
}

/* ---- What is shown ---- */

/* Selects a row, within the table. */
static void select_row(struct screen *screen, long row)
{
	const struct view *view = &screen->view;

	if (row >= (long)view->count)
		row = (long)view->count - 1;
	screen->selected = row < 0 ? 0 : (unsigned)row;
	if (!view->count)
		return;
	screen->partition = view->rows[screen->selected].partition;
	screen->vp = view->rows[screen->selected].vp ? (int)view->rows[screen->selected].index : -1;
}

/* The choice or the numbers have changed: the selection stays on its object. */
static void rebuild(struct screen *screen)
{
	view_free(&screen->view);
	if (!view_build(&screen->view, screen->choice, screen->before, screen->after)) {
		snprintf(screen->message, sizeof(screen->message), "out of memory");
		return;
	}
	for (unsigned i = 0; i < screen->view.count; i++) {
		const struct view_row *row = &screen->view.rows[i];

		if (row->partition != screen->partition || (row->vp && screen->vp < 0))
			continue;
		if (row->vp == (screen->vp >= 0) && (!row->vp || (int)row->index == screen->vp)) {
			select_row(screen, i);
			return;
		}
	}
	select_row(screen, screen->selected);
}

static void take_sample(struct screen *screen)
{
	struct hvstat_sample *sample = hvstat_sample(screen->hvstat);

	if (!sample) {
		snprintf(screen->message, sizeof(screen->message), "%s",
			hvstat_error(screen->hvstat));
		return;
	}
	screen->message[0] = 0;
	hvstat_free(screen->before);
	screen->before = screen->after;
	screen->after = sample;
	rebuild(screen);
}

/* ---- Keys ---- */

/* While a name is being asked for. */
static void type(struct screen *screen, int key)
{
	char *filter = screen->choice->filter;
	size_t length = strlen(filter);

	if (key == '\n' || key == KEY_ENTER || key == ESCAPE)
		screen->asking = false;
	else if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && length)
		filter[length - 1] = 0;
	else if (key >= ' ' && key < 127 && length + 1 < sizeof(screen->choice->filter))
		filter[length] = (char)key, filter[length + 1] = 0;
	rebuild(screen);
}

static void expand(struct screen *screen, bool toggle, bool wanted)
{
	const struct view_row *row;

	if (!screen->view.count)
		return;
	row = &screen->view.rows[screen->selected];
	if (row->vp) { /* the partition is above */
		wanted = toggle ? false : wanted;
		screen->vp = -1;
	} else if (toggle) {
		wanted = !row->expanded;
	}
	view_toggle(screen->choice, screen->partition, wanted);
	rebuild(screen);
}

static bool move_key(struct screen *screen, int key)
{
	long row = (long)screen->selected;

	switch (key) {
	case KEY_UP:
	case 'k':
		row--;
		break;
	case KEY_DOWN:
	case 'j':
		row++;
		break;
	case KEY_PPAGE:
		row -= room();
		break;
	case KEY_NPAGE:
		row += room();
		break;
	case KEY_HOME:
		row = 0;
		break;
	case KEY_END:
		row = screen->view.count;
		break;
	default:
		return false;
	}
	select_row(screen, row);
	return true;
}

static bool order_key(struct screen *screen, int key)
{
	struct view_choice *choice = screen->choice;

	if (key == 's')
		choice->sort = choice->sort + 1 < VIEW_COLUMNS ? choice->sort + 1 : -1;
	else if (key == 'S')
		choice->sort = choice->sort < 0 ? VIEW_COLUMNS - 1 : choice->sort - 1;
	else if (key == 'i')
		choice->sort = -1;
	else if (key == 'r')
		choice->reverse = !choice->reverse;
	else if (key == 'a')
		choice->expand_all = !choice->expand_all;
	else
		return false;
	rebuild(screen);
	return true;
}

static void other_key(struct screen *screen, int key)
{
	if (key == 'q' || key == ESCAPE) {
		screen->quit = screen->mode == TABLE && key == 'q';
		screen->mode = TABLE;
	} else if (key == 'h' || key == '?') {
		screen->mode = screen->mode == HELP ? TABLE : HELP;
	} else if (key == 'x') {
		screen->mode = screen->mode == EXITS ? TABLE : EXITS;
	} else if (key == '\n' || key == KEY_ENTER) {
		expand(screen, true, true);
	} else if (key == KEY_RIGHT || key == KEY_LEFT) {
		expand(screen, false, key == KEY_RIGHT);
	} else if (key == ' ' || key == 'p') {
		screen->paused = !screen->paused;
	} else if (key == '+' && screen->seconds < 60) {
		screen->seconds *= 2;
	} else if (key == '-' && screen->seconds > 0.2) {
		screen->seconds /= 2;
	} else if (key == '/') {
		screen->asking = true;
		screen->mode = TABLE;
	}
}

static void press(struct screen *screen, int key)
{
	if (key == REDRAW)
		clearok(curscr, TRUE);
	else if (screen->asking)
		type(screen, key);
	else if (!move_key(screen, key) && !order_key(screen, key))
		other_key(screen, key);
}

static void loop(struct screen *screen)
{
	double next = now() + 0.2; /* soon something to see */

	while (!screen->quit && !interrupted()) {
		double left;
		int key;

		draw(screen);
		left = next - now();
		timeout(screen->paused ? 1000 : left > 0 ? (int)(left * 1000) + 1 : 0);
		key = getch();
		if (key != ERR)
			press(screen, key);
		if (screen->paused || now() < next)
			continue;
		take_sample(screen);
		next = now() + screen->seconds;
	}
}

int screen_run(struct hvstat *hvstat, struct view_choice *choice, double seconds)
{
	struct screen screen = {.hvstat = hvstat, .choice = choice, .seconds = seconds, .vp = -1};
	SCREEN *terminal;

	screen.before = hvstat_sample(hvstat);
	screen.after = screen.before ? hvstat_sample(hvstat) : NULL;
	if (!screen.after) {
		hvstat_free(screen.before);
		return failed("%s", hvstat_error(hvstat));
	}
	setlocale(LC_CTYPE, "");
	terminal = newterm(NULL, stdout, stdin);
	if (terminal) {
		cbreak();
		noecho();
		keypad(stdscr, TRUE);
		set_escdelay(50);
		curs_set(0);
		screen.partition = screen.after->root;
		rebuild(&screen);
		loop(&screen);
		endwin();
		delscreen(terminal);
	}
	view_free(&screen.view);
	hvstat_free(screen.before);
	hvstat_free(screen.after);
	return terminal ? 0 : failed("the terminal (TERM) is not known: hvstat top -b needs none");
}
