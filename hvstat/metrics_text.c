/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/metrics_text.h"

#include <stdio.h>
#include <string.h>

#include "hvstat/paths.h"

/* In a label's value backslash, quote and line end are escaped; all must be UTF-8. */
static void add_value(struct labels *labels, const char *value)
{
	while (*value && labels->length < sizeof(labels->text) - 32) {
		size_t length = utf8_length(value);
		const char *shown = *value == '\n' ? "\\n" : length ? value : "\xef\xbf\xbd";
		size_t bytes = *value == '\n' ? 2 : length ? length : 3;

		if (*value == '\\' || *value == '"')
			labels->text[labels->length++] = '\\';
		memcpy(labels->text + labels->length, shown, bytes);
		labels->length += bytes;
		value += length ? length : 1;
	}
}

static void add_name(struct labels *labels, const char *name)
{
	labels->length += (size_t)sprintf(
		labels->text + labels->length, "%s%s=\"", labels->length ? "," : "{", name);
}

struct labels labels_of(const char *vm, long core, const char *state)
{
	struct labels labels = {.length = 0};
	char number[24];

	snprintf(number, sizeof(number), "%ld", core);
	if (vm) {
		add_name(&labels, "vm");
		add_value(&labels, vm);
		labels.text[labels.length++] = '"';
	}
	if (core >= 0) {
		add_name(&labels, "core");
		add_value(&labels, number);
		labels.text[labels.length++] = '"';
	}
	if (state) {
		add_name(&labels, "state");
		add_value(&labels, state);
		labels.text[labels.length++] = '"';
	}
	if (labels.length)
		labels.text[labels.length++] = '}';
	labels.text[labels.length] = 0;
	return labels;
}

static bool wanted(const struct metrics_options *options, const char *name)
{
	for (size_t i = 0; i < options->pattern_count; i++)
		if (matches(options->patterns[i], name))
			return true;
	return !options->pattern_count;
}

bool metric_begin(
	struct metrics *metrics, const char *name, enum metric_type type, const char *help)
{
	bool open = metrics->options->open_metrics;
	const char *const types[] = {"gauge", "counter", open ? "unknown" : "untyped"};
	/* OpenMetrics names a counter without the _total of its values. */
	int length = (int)strlen(name) - (open && type == METRIC_COUNTER ? 6 : 0);

	if (!wanted(metrics->options, name))
		return false;
	text_printf(metrics->text, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, name, help, length,
		name, types[type]);
	return true;
}

static size_t digits(uint64_t value, char *end)
{
	char *at = end;

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	return (size_t)(end - at);
}

static void line(struct metrics *metrics, const char *name, const struct labels *labels,
	const char *value, size_t length)
{
	text_add(metrics->text, name, strlen(name));
	if (labels)
		text_add(metrics->text, labels->text, labels->length);
	text_add(metrics->text, " ", 1);
	text_add(metrics->text, value, length);
	text_add(metrics->text, "\n", 1);
}

void metric_number(
	struct metrics *metrics, const char *name, const struct labels *labels, uint64_t value)
{
	char text[24];
	size_t length = digits(value, text + sizeof(text));

	line(metrics, name, labels, text + sizeof(text) - length, length);
}

void metric_time(
	struct metrics *metrics, const char *name, const struct labels *labels, uint64_t ns100)
{
	char text[40];
	char *end = text + sizeof(text);
	size_t length;

	digits(ns100 % 10000000 + 10000000, end);
	end[-8] = '.'; /* where the 1 is that keeps the zeros */
	length = 8 + digits(ns100 / 10000000, end - 8);
	line(metrics, name, labels, end - length, length);
}
