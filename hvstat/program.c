/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages, arguments, waiting. */
#define _GNU_SOURCE
#include "hvstat/program.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#define MAX_SECONDS 1e6

static volatile sig_atomic_t caught;

static void complain(const char *format, va_list arguments, const char *end)
{
	fprintf(stderr, "hvstat: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "%s\n", end);
}

int failed(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	va_start(arguments, format);
	complain(format, arguments, "");
	va_end(arguments);
	return 1;
}

int misused(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments, "; see hvstat --help");
	va_end(arguments);
	return 2;
}

bool parse_seconds(const char *text, double *seconds)
{
	*seconds = 0;
	for (unsigned parts = 0; parts < 3; parts++) {
		char *end;

		if (!isdigit((unsigned char)*text) && *text != '.')
			return false;
		*seconds = *seconds * 60 + strtod(text, &end);
		if (!*end)
			return *seconds >= 0.01 && *seconds <= MAX_SECONDS;
		if (*end != ':')
			return false;
		text = end + 1;
	}
	return false;
}

bool parse_count(const char *text, unsigned long *count)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*count = strtoul(text, &end, 10);
	return !*end && !errno && *count;
}

const char *argument(int count, char **words, int *at)
{
	if (*at + 1 < count)
		return words[++*at];
	misused("%s needs a word behind it", words[*at]);
	return NULL;
}

static void on_signal(int signal)
{
	caught = signal;
}

void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void)
{
	return caught;
}

bool wait_tick(struct ticks *ticks, double seconds)
{
	struct timespec time;
	double now;

	clock_gettime(CLOCK_MONOTONIC, &time);
	now = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
	if (!(ticks->next > 0))
		ticks->next = now;
	ticks->next += seconds;
	if (ticks->next < now) /* we were held up: no ticks in a row to catch up */
		ticks->next = now + seconds;
	time.tv_sec = (time_t)floor(ticks->next);
	time.tv_nsec = (long)((ticks->next - floor(ticks->next)) * 1e9);
	while (!caught && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
	return !caught;
}
