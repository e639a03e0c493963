/* SPDX-License-Identifier: BSD-2-Clause */
/* The full screen. Everything that it says is also said without colour. */
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "hvstat/top.h"

enum { COLOUR_TITLE = 1, COLOUR_ROOT, COLOUR_BUSY };

struct screen {
	struct top *top;
	struct monitor *monitor;
	unsigned long samples, count; /* taken; and after how many it ends, 0: by a key */
	bool paused, done, changed, help, utf8;
	size_t first;		 /* row that is shown first */
	struct top_key selected; /* follows its row wherever the sort puts it */
	char message[80];
};

static const char *const help_lines[] = {
	"Up Down PgUp PgDn Home End  choose a row",
	"Enter e x                   show or hide a guest's VPs, a VP's intercepts by cost",
	"V                           show or hide all VPs",
	"L                           show or hide each logical processor",
	"o S    O                    sort by the next, the previous column",
	"R                           the other way round",
	"f g    c                    only partitions whose name fits an expression; all again",
	"z                           without what did nothing",
	"d s D                       another delay between samples",
	"p Space                     pause",
	"h ?                         this help",
	"q Q                         quit",
	"",
	"%TOTAL %GUEST %HYPER  run time, in percent of one processor",
	"WAIT us               time runnable but waiting for a processor, for each dispatch",
	"INTCPT/s INTRPT/s     intercepts, virtual interrupts",
	"[##++....]            guest, hypervisor, idle",
};

static void put_line(const struct screen *screen, int row, struct text *text, int attributes)
{
	if (text->data && !screen->utf8)
		for (size_t i = 0; i < text->length; i++)
			if ((unsigned char)text->data[i] >= 0x80)
				text->data[i] = '?';
	attron(attributes);
	mvaddstr(row, 0, text->data ? text->data : "");
	if (attributes & A_REVERSE)
		for (int x = getcurx(stdscr); x < COLS && getcury(stdscr) == row && x >= 0; x++)
			mvaddch(row, x, ' ');
	attroff(attributes);
	text_free(text);
}

static size_t selected_place(const struct screen *screen)
{
	const struct top *top = screen->top;

	for (size_t i = 0; i < top->count; i++)
		if (top_same(&top->rows[i].key, &screen->selected))
			return i;
	/* Its VP or partition has been closed, or is gone: whatever is nearest above. */
	for (size_t i = top->count; i-- > 0;)
		if (top->rows[i].key.id == screen->selected.id && top->rows[i].key.kind < 0 &&
			top->rows[i].key.vp < 0)
			return i;
	return 0;
}

static void select_place(struct screen *screen, long place)
{
	const struct top *top = screen->top;

	if (!top->count)
		return;
	if (place < 0)
		place = 0;
	if ((size_t)place >= top->count)
		place = (long)top->count - 1;
	screen->selected = top->rows[place].key;
}

static int attributes_of(const struct top_row *row, bool chosen)
{
	int attributes = chosen ? A_REVERSE : 0;

	if (row->key.root && row->key.vp < 0)
		attributes |= COLOR_PAIR(COLOUR_ROOT);
	else if (row->key.vp < 0 &&
		 hvstat_part(row->use.run, row->use.elapsed * row->use.vps) > 0.9)
		attributes |= COLOR_PAIR(COLOUR_BUSY);
	return attributes;
}

static void draw_rows(struct screen *screen, int line)
{
	const struct top *top = screen->top;
	size_t room = LINES - 1 > line ? (size_t)(LINES - 1 - line) : 0;
	size_t chosen = selected_place(screen);

	if (chosen < screen->first)
		screen->first = chosen;
	if (room && chosen >= screen->first + room)
		screen->first = chosen - room + 1;
	if (screen->first + room > top->count)
		screen->first = top->count > room ? top->count - room : 0;
	for (size_t i = 0; i < room && screen->first + i < top->count; i++) {
		const struct top_row *row = &top->rows[screen->first + i];
		struct text text = {0};

		top_line(&text, row, (unsigned)COLS);
		put_line(screen, line + (int)i, &text,
			attributes_of(row, screen->first + i == chosen));
	}
}

static void draw_foot(const struct screen *screen)
{
	struct text text = {0};

	if (*screen->message)
		text_say(&text, screen->message);
	else
		text_printf(&text,
			"%ssort: %s  q quit  h help  Enter open  o sort  f filter  d delay",
			screen->paused ? "PAUSED  " : "", top_sort_names[screen->top->sort]);
	if (text.length > (size_t)COLS)
		text.data[COLS] = 0;
	put_line(screen, LINES - 1, &text, A_BOLD);
}

static void draw(struct screen *screen)
{
	struct text text = {0};
	int line = 0;
	uint32_t lps = screen->top->lps ? screen->monitor->now->lp_count : 0;

	erase();
	for (; line < TOP_HEAD; line++) {
		top_head(&text, (unsigned)line, screen->monitor, (unsigned)COLS);
		put_line(screen, line, &text, 0);
	}
	for (uint32_t i = 0; i < lps && line < LINES / 2; i++, line++) {
		top_lp_line(&text, screen->monitor, i, (unsigned)COLS);
		put_line(screen, line, &text, 0);
	}
	line++;
	if (screen->help) {
		for (size_t i = 0; i < sizeof(help_lines) / sizeof(help_lines[0]); i++)
			mvaddnstr(line + (int)i, 0, help_lines[i], COLS);
	} else {
		top_title(&text, screen->top, (unsigned)COLS);
		put_line(screen, line++, &text, A_BOLD | COLOR_PAIR(COLOUR_TITLE));
		draw_rows(screen, line);
	}
	draw_foot(screen);
	refresh();
}

/* A line of input at the foot. False: nothing was typed. */
static bool ask(const char *question, char *answer, int room)
{
	timeout(-1);
	echo();
	curs_set(1);
	move(LINES - 1, 0);
	clrtoeol();
	addstr(question);
	bool got = getnstr(answer, room - 1) != ERR;

	curs_set(0);
	noecho();
	return got;
}

static void ask_filter(struct screen *screen)
{
	char answer[64];

	if (!ask("Only partitions whose name fits: ", answer, sizeof(answer)))
		return;
	if (!top_set_filter(screen->top, answer))
		snprintf(screen->message, sizeof(screen->message),
			"That is not a regular expression.");
}

static void ask_delay(struct screen *screen)
{
	char answer[16], *end;
	double seconds;

	if (!ask("Delay in seconds: ", answer, sizeof(answer)) || !*answer)
		return;
	seconds = strtod(answer, &end);
	if (*end || !(seconds >= 0.1 && seconds <= 3600))
		snprintf(screen->message, sizeof(screen->message), "0.1 to 3600 seconds, please.");
	else
		screen->monitor->interval = seconds;
}

static void key_view(struct screen *screen, int key)
{
	struct top *top = screen->top;

	if (strchr("oS", key))
		top->sort = (top->sort + 1) % SORTS;
	else if (key == 'O')
		top->sort = (top->sort + SORTS - 1) % SORTS;
	else if (key == 'R')
		top->reverse = !top->reverse;
	else if (key == 'V')
		top->all_open = !top->all_open;
	else if (strchr("lL", key))
		top->lps = !top->lps;
	else if (key == 'z')
		top->skip_idle = !top->skip_idle;
	else if (key == 'c')
		top_set_filter(top, "");
	else if (strchr("fg", key))
		ask_filter(screen);
	else if (strchr("dsD", key))
		ask_delay(screen);
	else if (strchr("p ", key))
		screen->paused = !screen->paused;
	else if (strchr("h?", key))
		screen->help = !screen->help;
	else if (strchr("qQ", key))
		screen->done = true;
}

static void on_key(struct screen *screen, int key)
{
	long place = (long)selected_place(screen), page = LINES > 10 ? LINES - 8 : 2;

	*screen->message = 0;
	if (key == KEY_UP || key == 'k')
		select_place(screen, place - 1);
	else if (key == KEY_DOWN || key == 'j')
		select_place(screen, place + 1);
	else if (key == KEY_PPAGE)
		select_place(screen, place - page);
	else if (key == KEY_NPAGE)
		select_place(screen, place + page);
	else if (key == KEY_HOME)
		select_place(screen, 0);
	else if (key == KEY_END)
		select_place(screen, (long)screen->top->count - 1);
	else if ((key == '\n' || key == KEY_ENTER || key == 'e' || key == 'x') &&
		 screen->top->count)
		top_toggle(screen->top, &screen->top->rows[place].key);
	else if (key > 0 && key < 128)
		key_view(screen, key);
}

static int64_t milliseconds_left(const struct monitor *monitor)
{
	int64_t due = monitor->next + (int64_t)(monitor->interval * 1e9);

	return (due - clock_now()) / 1000000;
}

static void run(struct screen *screen)
{
	while (!screen->done && !stopped) {
		int64_t left = milliseconds_left(screen->monitor);

		if (left <= 0 && !screen->paused) {
			if (!monitor_next(screen->monitor))
				return;
			screen->samples++;
			continue;
		}
		if (!top_make_rows(screen->top, screen->monitor->before, screen->monitor->now))
			return;
		draw(screen);
		if (screen->count && screen->samples >= screen->count)
			return;
		timeout(screen->paused ? 1000 : (int)(left < 1 ? 1 : left));
		int key = getch();

		if (key != ERR)
			on_key(screen, key);
	}
}

static void leave(void)
{
	if (!isendwin())
		endwin();
}

void top_screen(struct top *top, struct monitor *monitor, bool colour, unsigned long count)
{
	struct screen screen = {.top = top, .monitor = monitor, .count = count};
	struct top_key root = {.vp = -1, .kind = -1};

	setlocale(LC_CTYPE, "");
	screen.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	screen.selected = root;
	stop_on_signals();
	if (!newterm(NULL, stdout, stdin))
		die("this terminal (TERM=%s) is not known; -b prints lines",
			getenv("TERM") ? getenv("TERM") : "");
	before_death = leave;
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	if (colour && has_colors() && start_color() == OK && use_default_colors() == OK) {
		init_pair(COLOUR_TITLE, COLOR_CYAN, -1);
		init_pair(COLOUR_ROOT, COLOR_GREEN, -1);
		init_pair(COLOUR_BUSY, COLOR_YELLOW, -1);
	}
	run(&screen);
	leave();
	before_death = NULL;
}
