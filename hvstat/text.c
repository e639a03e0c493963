/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}

static bool room_for(struct text *text, size_t more)
{
	size_t wanted = text->length + more + 1;

	if (text->failed)
		return false;
	if (wanted <= text->room)
		return true;
	size_t room = wanted + wanted / 2 + 256;
	char *moved = room > wanted ? realloc(text->data, room) : NULL;

	if (!moved) {
		text->failed = true;
		return false;
	}
	text->data = moved;
	text->room = room;
	return true;
}

void text_add(struct text *text, const char *data, size_t length)
{
	if (!room_for(text, length))
		return;
	memcpy(text->data + text->length, data, length);
	text->length += length;
	text->data[text->length] = 0;
}

void text_say(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	if (!room_for(text, 128))
		return;
	va_start(arguments, format);
	length = vsnprintf(text->data + text->length, text->room - text->length, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text->failed = true;
		return;
	}
	if ((size_t)length >= text->room - text->length) {
		if (!room_for(text, (size_t)length))
			return;
		va_start(arguments, format);
		vsnprintf(text->data + text->length, text->room - text->length, format, arguments);
		va_end(arguments);
	}
	text->length += (size_t)length;
}

size_t utf8_length(const char *string)
{
	unsigned char c = (unsigned char)*string;
	size_t length = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (c >= 0x80 && c < 0xc2)
		return 0;
	for (size_t i = 1; i < length; i++)
		if (((unsigned char)string[i] & 0xc0) != 0x80)
			return 0;
	unsigned char second = length > 2 ? (unsigned char)string[1] : 0x80;

	/* Longer than need be, surrogates, and what is above the last character. */
	if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
		(c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f))
		return 0;
	return length;
}

void text_json(struct text *text, const char *string)
{
	text_say(text, "\"");
	while (*string) {
		size_t length = utf8_length(string);
		unsigned char c = (unsigned char)*string;

		if (c == '"' || c == '\\')
			text_printf(text, "\\%c", c);
		else if (c < ' ' || c == 127)
			text_printf(text, "\\u%04x", c);
		else if (!length)
			text_say(text, "\\ufffd");
		else
			text_add(text, string, length);
		string += length ? length : 1;
	}
	text_say(text, "\"");
}

void text_json_number(struct text *text, double value)
{
	if (isfinite(value))
		text_printf(text, "%.12g", value);
	else
		text_say(text, "null");
}

void text_html(struct text *text, const char *string)
{
	for (; *string; string++) {
		if (*string == '&')
			text_say(text, "&amp;");
		else if (*string == '<')
			text_say(text, "&lt;");
		else if (*string == '>')
			text_say(text, "&gt;");
		else if (*string == '"')
			text_say(text, "&quot;");
		else
			text_add(text, string, 1);
	}
}
