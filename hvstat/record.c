/* SPDX-License-Identifier: BSD-2-Clause */
/* hvstat record: samples into a file, for as long as it takes. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvstat/lib/use.h"
#include "hvstat/program.h"
#include "hvstat/recording.h"

static const char usage[] =
	"usage: hvstat record [OPTIONS] FILE\n\n"
	"Writes a sample a second to FILE until ^C; what is there already stays. When FILE is as\n"
	"large as it may be it becomes FILE.1, and FILE.1 FILE.2; the oldest goes.\n\n"
	"  -d, --delay SECONDS   between two samples (default 1)\n"
	"  -t, --time SECONDS    end after so long\n"
	"  -s, --size SIZE       of a file (default 64M)\n"
	"  -k, --keep COUNT      old files (default 3)\n";

struct record {
	const char *file;
	double delay, time;
	unsigned long long size;
	unsigned keep;
	int fd;
	unsigned long long written; /* bytes in the file */
	unsigned long records;	    /* since the last key */
	bool key;		    /* the next record must be one */
};

static void write_all(struct record *record, const char *data, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t now = write(record->fd, data + done, length - done);

		if (now < 0 && errno == EINTR)
			continue;
		if (now < 0)
			die("%s: %s", record->file, strerror(errno));
		done += (size_t)now;
	}
	record->written += length;
}

/* Where the last good record ends; 0 for a file that is new, empty, or ends in its first bytes. */
static size_t good_end(const char *file)
{
	struct recording recording;
	struct hvstat_sample *samples[2] = {hvstat_sample_new(), hvstat_sample_new()};
	size_t end = 0;

	if (!samples[0] || !samples[1])
		die("out of memory");
	if (recording_open(&recording, file)) {
		for (unsigned i = 0; recording_next(&recording, samples[~i & 1], samples[i & 1]);
			i++)
			;
		end = recording.good_end;
		recording_close(&recording);
	} else if (errno && errno != ENOENT) {
		die("%s: %s", file, strerror(errno));
	}
	hvstat_sample_free(samples[0]);
	hvstat_sample_free(samples[1]);
	return end;
}

static void open_file(struct record *record)
{
	char begin[sizeof(RECORDING_MAGIC)] = "";
	size_t end = good_end(record->file);

	record->fd = open(record->file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (record->fd < 0)
		die("%s: %s", record->file, strerror(errno));
	ssize_t length = pread(record->fd, begin, sizeof(RECORDING_MAGIC) - 1, 0);

	if (!end && length > 0 && memcmp(begin, RECORDING_MAGIC, (size_t)length) != 0)
		die("%s is something else, not a recording", record->file);
	if (ftruncate(record->fd, (off_t)end) || lseek(record->fd, 0, SEEK_END) < 0)
		die("%s: %s", record->file, strerror(errno));
	record->written = end;
	if (!end)
		write_all(record, RECORDING_MAGIC, sizeof(RECORDING_MAGIC) - 1);
	record->key = true;
}

static void rotate(struct record *record)
{
	close(record->fd);
	for (unsigned i = record->keep; i-- > 0;) {
		char *from = recording_part(record->file, i);
		char *to = recording_part(record->file, i + 1);

		if (!from || !to)
			die("out of memory");
		if (rename(from, to) && errno != ENOENT)
			die("%s: %s", from, strerror(errno));
		free(from);
		free(to);
	}
	if (!record->keep && unlink(record->file))
		die("%s: %s", record->file, strerror(errno));
	open_file(record);
}

static void add(struct record *record, const struct monitor *monitor)
{
	struct text text = {0};

	for (unsigned try = 0; try < 2; try++) {
		bool key = record->key || record->records >= RECORDING_KEY_EVERY;

		text_free(&text);
		recording_encode(&text, key ? NULL : monitor->before, monitor->now);
		if (text.failed)
			die("out of memory");
		record->records = key ? 1 : record->records + 1;
		record->key = false;
		/* A file has at least one record, however large. */
		if (record->written + text.length <= record->size ||
			record->written <= sizeof(RECORDING_MAGIC))
			break;
		rotate(record);
	}
	write_all(record, text.data, text.length);
	text_free(&text);
}

static bool read_options(struct record *record, int argc, char **argv)
{
	static const struct option options[] = {{"delay", required_argument, NULL, 'd'},
		{"time", required_argument, NULL, 't'}, {"size", required_argument, NULL, 's'},
		{"keep", required_argument, NULL, 'k'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "d:t:s:k:h", options, NULL)) != -1) {
		if (option == 'd')
			record->delay = seconds_argument("-d", optarg);
		else if (option == 't')
			record->time = seconds_argument("-t", optarg);
		else if (option == 's')
			record->size = size_argument("-s", optarg);
		else if (option == 'k')
			record->keep =
				(unsigned)number_argument("-k", optarg, 0, RECORDING_MOST_FILES);
		else if (option == 'h')
			return fputs(usage, stdout), false;
		else
			exit(USAGE);
	}
	if (optind != argc - 1)
		bad_use("record wants one file");
	record->file = argv[optind];
	return true;
}

int command_record(int argc, char **argv)
{
	struct record record = {.delay = 1, .size = 64u << 20, .keep = 3};
	double elapsed = 0;

	if (!read_options(&record, argc, argv))
		return DONE;
	struct monitor monitor = monitor_open(record.delay);

	open_file(&record);
	stop_on_signals();
	add(&record, &monitor);
	while ((record.time <= 0 || elapsed < record.time - record.delay / 2) &&
		monitor_next(&monitor)) {
		elapsed += hvstat_seconds(monitor.before, monitor.now);
		add(&record, &monitor);
	}
	if (close(record.fd))
		die("%s: %s", record.file, strerror(errno));
	monitor_close(&monitor);
	return DONE;
}
