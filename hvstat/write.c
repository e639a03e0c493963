/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of numbers: the CSV and TSV that Windows' own tools write and read (relog, perfmon), and
 * JSON, an object on each line.
 */
#include "hvstat/program.h"
#include <math.h>
#include <time.h>

static void quoted(FILE *file, const char *text)
{
	putc('"', file);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', file);
		putc(*text, file);
	}
	putc('"', file);
}

void write_json_text(FILE *file, const char *text)
{
	putc('"', file);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			fprintf(file, "\\%c", byte);
		else if (byte < 0x20)
			fprintf(file, "\\u%04x", byte);
		else
			putc(byte, file);
	}
	putc('"', file);
}

void write_head(FILE *file, enum format format, const struct columns *columns)
{
	if (format == FORMAT_JSON)
		return;
	fputs(format == FORMAT_CSV ? "\"(PDH-CSV 4.0)\"" : "\"(PDH-TSV 4.0)\"", file);
	for (unsigned i = 0; i < columns->count; i++) {
		putc(format == FORMAT_CSV ? ',' : '\t', file);
		quoted(file, columns->list[i].path);
	}
	fputs("\r\n", file);
}

static void write_json(FILE *file, const struct columns *columns,
	const struct hvstat_sample *before, const struct hvstat_sample *after)
{
	time_t seconds = (time_t)(after->time_ms / 1000);
	struct tm utc;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));
	fprintf(file, "{\"time\":\"%s.%03dZ\",\"values\":{", text, (int)(after->time_ms % 1000));
	for (unsigned i = 0; i < columns->count; i++) {
		double value = column_value(&columns->list[i], before, after);

		if (i)
			putc(',', file);
		write_json_text(file, columns->list[i].path);
		if (isnan(value))
			fputs(":null", file);
		else
			fprintf(file, ":%.6f", value);
	}
	fputs("}}\n", file);
}

void write_row(FILE *file, enum format format, const struct columns *columns,
	const struct hvstat_sample *before, const struct hvstat_sample *after)
{
	time_t seconds = (time_t)(after->time_ms / 1000);
	struct tm local;
	char text[32];

	if (format == FORMAT_JSON) {
		write_json(file, columns, before, after);
		return;
	}
	strftime(text, sizeof(text), "%m/%d/%Y %H:%M:%S", localtime_r(&seconds, &local));
	fprintf(file, "\"%s.%03d\"", text, (int)(after->time_ms % 1000));
	for (unsigned i = 0; i < columns->count; i++) {
		double value = column_value(&columns->list[i], before, after);

		putc(format == FORMAT_CSV ? ',' : '\t', file);
		if (isnan(value))
			fputs("\" \"", file);
		else
			fprintf(file, "\"%.6f\"", value);
	}
	fputs("\r\n", file);
}
