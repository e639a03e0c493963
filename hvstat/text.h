/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that grows. */
#ifndef HVSTAT_TEXT_H
#define HVSTAT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Starts as {0}. Once memory is short `failed` stays true and nothing is added any more. */
struct text {
	char *data; /* ends with a 0 that `length` does not count; NULL while empty */
	size_t length, room;
	bool failed;
};

void text_free(struct text *text);
void text_add(struct text *text, const char *data, size_t length);
void text_say(struct text *text, const char *string);
__attribute__((format(printf, 2, 3))) void text_printf(struct text *text, const char *format, ...);

/* A JSON string with its quotes; what is not UTF-8 becomes U+FFFD. */
void text_json(struct text *text, const char *string);
/* A JSON number; null for what JSON has no number for. */
void text_json_number(struct text *text, double value);
/* Text for HTML, with & < > " as entities. */
void text_html(struct text *text, const char *string);

/* How many bytes the UTF-8 character at `string` has; 0 if it is none. */
size_t utf8_length(const char *string);

#endif
