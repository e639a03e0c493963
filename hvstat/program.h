/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands share. */
#ifndef HVSTAT_PROGRAM_H
#define HVSTAT_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "hvstat/lib/hvstat.h"
#include "hvstat/text.h"

#define HVSTAT_VERSION "0.1"

/* What the program ends with. */
enum { DONE = 0, FAILED = 1, USAGE = 2 };

/* Set by SIGINT and SIGTERM once stop_on_signals() was called. */
extern volatile sig_atomic_t stopped;
void stop_on_signals(void);

/* What die() does first, if not NULL: makes the terminal fit for the message. */
extern void (*before_death)(void);
/* "hvstat: ..." on standard error; the program ends with FAILED. */
_Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...);
/* The same for a wrong use of a command, with a hint at its help; ends with USAGE. */
_Noreturn __attribute__((format(printf, 1, 2))) void bad_use(const char *format, ...);

/* Numbers and times given as arguments; a wrong one ends the program. */
unsigned long number_argument(
	const char *what, const char *text, unsigned long least, unsigned long most);
double seconds_argument(const char *what, const char *text);	      /* 1.5, 90, 2:30, 1:00:00 */
unsigned long long size_argument(const char *what, const char *text); /* 64M */

int64_t clock_now(void); /* ns since an arbitrary moment, without leaps */

/* Two samples and what they are read with: `now` and the one before. */
struct monitor {
	struct hvstat *stat;
	struct hvstat_sample *before, *now;
	double interval;
	int64_t next; /* when the next sample is due */
};

/* --root, --proc, --no-names and --no-wake are of all commands and stand before the command. */
extern struct hvstat_options common_options;

/* Opens and takes the first sample; ends the program if that fails. */
struct monitor monitor_open(double interval);
/* Waits until the next sample is due and takes it. False: the program shall stop. */
bool monitor_next(struct monitor *monitor);
/* Takes a sample now. */
void monitor_read(struct monitor *monitor);
void monitor_close(struct monitor *monitor);

/* Writes all; ends the program if that fails, silently if nobody reads any more. */
void write_out(const struct text *text);

/* A guest's VPs are looked for by its name, then by its number. NULL: neither. */
const struct hvstat_partition *find_guest(const struct hvstat_sample *sample, const char *name);

/* The commands: main() of each. */
int command_top(int argc, char **argv);
int command_counters(int argc, char **argv);
int command_get(int argc, char **argv);
int command_exits(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_record(int argc, char **argv);
int command_report(int argc, char **argv);
int command_advise(int argc, char **argv);

#endif
