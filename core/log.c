/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of text for people. A line is made in a buffer on the caller's stack and then sent as a
 * whole under a lock, so lines of different LPs never mix. Two may pass the lock: an NMI handler
 * on the LP that holds it, and panic().
 */
#include "core/log.h"
#include "core/lib/string.h"
#include "core/trace.h"
#include "machine/machine.h"

#include <stdarg.h>

#define LINE_SIZE 256
#define NOBODY	  (~0u)

enum log_level log_limit = LOG_INFO;

static u32 sender = NOBODY;    /* LP that is sending a line */
static u32 panicking = NOBODY; /* LP in panic(), the only one that still runs */

struct line {
	char text[LINE_SIZE];
	size_t length;
};

/* One conversion of a format. */
struct conversion {
	bool prefix; /* "0x" */
	bool left;
	bool zeroes;
	u32 width;
	u32 longs; /* 0: int, else 64 bits */
};

static void put(struct line *line, char c)
{
	if (line->length < sizeof(line->text) - 1)
		line->text[line->length++] = c;
}

static void put_padded(
	struct line *line, const struct conversion *conversion, const char *text, size_t length)
{
	size_t padding = conversion->width > length ? conversion->width - length : 0;

	if (!conversion->left) {
		for (; padding; padding--)
			put(line, conversion->zeroes ? '0' : ' ');
	}
	while (length--)
		put(line, *text++);
	for (; padding; padding--)
		put(line, ' ');
}

static void put_number(
	struct line *line, struct conversion *conversion, u64 value, u32 base, bool negative)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative && conversion->zeroes) {
		put(line, '-'); /* before the zeroes */
		conversion->width -= conversion->width > 0;
	} else if (negative && at) {
		digits[--at] = '-';
	}
	put_padded(line, conversion, digits + at, sizeof(digits) - at);
}

static u64 next_unsigned(const struct conversion *conversion, va_list *arguments)
{
	return conversion->longs ? va_arg(*arguments, u64) : va_arg(*arguments, u32);
}

static s64 next_signed(const struct conversion *conversion, va_list *arguments)
{
	return conversion->longs ? va_arg(*arguments, s64) : va_arg(*arguments, s32);
}

/* Reads flags, width and length of a conversion; returns where its letter is. */
static const char *read_conversion(const char *format, struct conversion *conversion)
{
	*conversion = (struct conversion){0};
	for (; *format == '-' || *format == '0' || *format == '#'; format++) {
		conversion->left |= *format == '-';
		conversion->prefix |= *format == '#';
		conversion->zeroes |= *format == '0';
	}
	if (conversion->left)
		conversion->zeroes = false;
	for (; *format >= '0' && *format <= '9'; format++)
		conversion->width = MIN(conversion->width * 10 + (u32)(*format - '0'), LINE_SIZE);
	for (; *format == 'l' || *format == 'z'; format++)
		conversion->longs++;
	return format;
}

static void put_conversion(
	struct line *line, struct conversion *conversion, char letter, va_list *arguments)
{
	const char *text;
	s64 number;
	char c;

	switch (letter) {
	case 's':
		text = va_arg(*arguments, const char *);
		text = text ? text : "(null)";
		put_padded(line, conversion, text, strlen(text));
		break;
	case 'c':
		c = (char)va_arg(*arguments, int);
		put_padded(line, conversion, &c, 1);
		break;
	case 'd':
		number = next_signed(conversion, arguments);
		put_number(line, conversion, number < 0 ? 0 - (u64)number : (u64)number, 10,
			number < 0);
		break;
	case 'u':
		put_number(line, conversion, next_unsigned(conversion, arguments), 10, false);
		break;
	case 'p':
		put(line, '0');
		put(line, 'x');
		conversion->longs = 1;
		__attribute__((fallthrough));
	case 'x':
		if (conversion->prefix) {
			put(line, '0');
			put(line, 'x');
		}
		put_number(line, conversion, next_unsigned(conversion, arguments), 16, false);
		break;
	default:
		put(line, letter); /* "%%", or a mistake that the compiler has warned of */
	}
}

static void put_format(struct line *line, const char *format, va_list *arguments)
{
	struct conversion conversion;

	for (; *format; format++) {
		if (*format != '%') {
			put(line, *format);
			continue;
		}
		format = read_conversion(format + 1, &conversion);
		if (!*format)
			return;
		put_conversion(line, &conversion, *format, arguments);
	}
}

static void put_text(struct line *line, const char *text)
{
	while (*text)
		put(line, *text++);
}

static void send(const struct line *line)
{
	u32 self = machine_lp_index(), free = NOBODY;
	bool locked = false;
	size_t i;

	while (atomic_load(&sender) != self && atomic_load(&panicking) != self) {
		locked = __atomic_compare_exchange_n(
			&sender, &free, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
		if (locked)
			break;
		free = NOBODY;
		machine_relax();
	}
	for (i = 0; i < line->length; i++)
		machine_console(line->text[i]);
	machine_console('\n');
	if (locked)
		atomic_store(&sender, NOBODY);
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const prefixes[] = {
		"trivium: error: ", "trivium: warning: ", "trivium: ", "trivium: debug: "};
	struct line line;
	va_list arguments;

	if (level > log_limit)
		return;
	line.length = 0;
	/* What panic() tells comes in many lines, under one headline. */
	put_text(&line, atomic_load(&panicking) == NOBODY ? prefixes[level] : "trivium: ");
	va_start(arguments, format);
	put_format(&line, format, &arguments);
	va_end(arguments);
	send(&line);
}

void refuse(const char *format, ...)
{
	struct line line = {.length = 0};
	va_list arguments;

	put_text(&line, "trivium: cannot start: ");
	va_start(arguments, format);
	put_format(&line, format, &arguments);
	va_end(arguments);
	send(&line);
	machine_stop_others();
	machine_stop();
}

void panic(const char *format, ...)
{
	struct line line;
	va_list arguments;
	u32 self = machine_lp_index(), nobody = NOBODY;

	/* The first to come here speaks; the others, and the first again, only stop. */
	if (!__atomic_compare_exchange_n(
		    &panicking, &nobody, self, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		machine_stop();
	machine_stop_others();
	line.length = 0;
	put_text(&line, "trivium: panic: ");
	va_start(arguments, format);
	put_format(&line, format, &arguments);
	va_end(arguments);
	send(&line);
	log_error("on LP %u", self);
	machine_backtrace();
	trace_print();
	machine_stop();
}
