/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/program.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t stopped;
void (*before_death)(void);
struct hvstat_options common_options;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

void stop_on_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void die(const char *format, ...)
{
	va_list arguments;

	if (before_death)
		before_death();
	fflush(stdout);
	fprintf(stderr, "hvstat: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n");
	exit(FAILED);
}

void bad_use(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "hvstat: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (hvstat help says how)\n");
	exit(USAGE);
}

/* ---- Arguments ---- */

unsigned long number_argument(
	const char *what, const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value < least || value > most)
		bad_use("%s must be a number from %lu to %lu, not \"%s\"", what, least, most, text);
	return value;
}

double seconds_argument(const char *what, const char *text)
{
	double value = 0;
	const char *at = text;

	for (unsigned parts = 0; parts < 3; parts++) {
		char *end;
		double part = strtod(at, &end);

		if (end == at || !isdigit((unsigned char)*at) || !isfinite(part))
			break;
		value = value * 60 + part;
		if (!*end && value >= 0.01 && value <= 86400 * 7)
			return value;
		if (*end != ':')
			break;
		at = end + 1;
	}
	bad_use("%s must be seconds or [[hours:]minutes:]seconds, 0.01 s to 7 days, not \"%s\"",
		what, text);
}

unsigned long long size_argument(const char *what, const char *text)
{
	static const char units[] = "kMGT";
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end == 'K' ? 'k' : *end) : NULL;

	if (!isdigit((unsigned char)*text) || errno || (*end && (!unit || end[1])) || value >> 20)
		bad_use("%s must be a size like 500k, 64M or 2G, not \"%s\"", what, text);
	return unit ? value << 10 * (unit - units + 1) : value;
}

/* ---- Samples ---- */

int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void monitor_read(struct monitor *monitor)
{
	char error[HVSTAT_ERROR];
	struct hvstat_sample *oldest = monitor->before;

	monitor->before = monitor->now;
	monitor->now = oldest;
	if (!hvstat_read(monitor->stat, monitor->now, error))
		die("%s", error);
}

struct monitor monitor_open(double interval)
{
	char error[HVSTAT_ERROR];
	struct monitor monitor = {
		.stat = hvstat_open(&common_options, error),
		.before = hvstat_sample_new(),
		.now = hvstat_sample_new(),
		.interval = interval,
	};

	if (!monitor.stat)
		die("%s", error);
	if (!monitor.before || !monitor.now)
		die("out of memory");
	monitor.next = clock_now();
	monitor_read(&monitor);
	return monitor;
}

bool monitor_next(struct monitor *monitor)
{
	struct timespec until;

	monitor->next += (int64_t)(monitor->interval * 1e9);
	if (monitor->next < clock_now()) /* late by more than an interval: do not catch up */
		monitor->next = clock_now();
	until = (struct timespec){monitor->next / 1000000000, monitor->next % 1000000000};
	while (!stopped && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	if (stopped)
		return false;
	monitor_read(monitor);
	return true;
}

void monitor_close(struct monitor *monitor)
{
	hvstat_close(monitor->stat);
	hvstat_sample_free(monitor->before);
	hvstat_sample_free(monitor->now);
}

const struct hvstat_partition *find_guest(const struct hvstat_sample *sample, const char *name)
{
	char id[32];

	for (uint32_t i = 0; i < sample->partition_count; i++)
		if (!strcmp(sample->partitions[i].name, name))
			return &sample->partitions[i];
	for (uint32_t i = 0; i < sample->partition_count; i++) {
		snprintf(id, sizeof(id), "%" PRIu64, sample->partitions[i].id);
		if (!strcmp(id, name))
			return &sample->partitions[i];
	}
	return NULL;
}

void write_out(const struct text *text)
{
	size_t done = 0;

	if (text->failed)
		die("out of memory");
	while (done < text->length) {
		ssize_t now = write(STDOUT_FILENO, text->data + done, text->length - done);

		if (now < 0 && errno == EINTR)
			continue;
		if (now < 0 && errno == EPIPE)
			exit(FAILED);
		if (now < 0)
			die("cannot write: %s", strerror(errno));
		done += (size_t)now;
	}
}
