/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emulator/lib/report.h"

#include <stdarg.h>

#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/processor.h"

#define SERIAL_PORT	  0x3f8
#define SERIAL_LINE_READY 0x20
#define EXIT_PORT	  0xf4

static u32 passed_count;
static u32 failed_count;

static void put(char c)
{
	if (c == '\n')
		put('\r');
	while (!(port_read_8(SERIAL_PORT + 5) & SERIAL_LINE_READY))
		relax();
	port_write_8(SERIAL_PORT, (u8)c);
}

static void put_number(u64 value, u32 base, u32 width, char pad)
{
	char digits[24];
	u32 count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (u32 i = count; i < width; i++)
		put(pad);
	while (count)
		put(digits[--count]);
}

static void put_signed(s64 value, u32 width)
{
	if (value < 0)
		put('-');
	put_number((u64)(value < 0 ? -value : value), 10, width, ' ');
}

static void put_string(const char *text)
{
	while (*text)
		put(*text++);
}

/* One conversion; returns the place behind it. */
static const char *convert(const char *at, va_list *list)
{
	char pad = *at == '0' ? '0' : ' ';
	u32 width = 0;
	bool wide;

	for (; *at >= '0' && *at <= '9'; at++)
		width = width * 10 + (u32)(*at - '0');
	wide = *at == 'l';
	at += wide;
	switch (*at) {
	case 's':
		put_string(va_arg(*list, const char *));
		break;
	case 'c':
		put((char)va_arg(*list, int));
		break;
	case 'd':
		put_signed(wide ? va_arg(*list, long) : va_arg(*list, int), width);
		break;
	case 'u':
	case 'x':
		put_number(wide ? va_arg(*list, u64) : va_arg(*list, u32), *at == 'x' ? 16 : 10,
			width, pad);
		break;
	default:
		put(*at);
	}
	return at + 1;
}

static void print_list(const char *format, va_list *list)
{
	while (*format) {
		if (*format == '%')
			format = convert(format + 1, list);
		else
			put(*format++);
	}
}

void print(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	print_list(format, &list);
	va_end(list);
}

static bool count(bool holds)
{
	if (holds)
		passed_count++;
	else
		failed_count++;
	return holds;
}

bool check(u64 expected, u64 actual, const char *format, ...)
{
	bool holds = count(expected == actual);
	va_list list;

	va_start(list, format);
	print("%s ", holds ? "ok" : "FAIL");
	print_list(format, &list);
	va_end(list);
	if (!holds)
		print(" expected 0x%lx got 0x%lx", expected, actual);
	print("\n");
	return holds;
}

bool check_that(bool holds, u64 actual, const char *format, ...)
{
	va_list list;

	(void)count(holds);
	va_start(list, format);
	print("%s ", holds ? "ok" : "FAIL");
	print_list(format, &list);
	va_end(list);
	if (!holds)
		print(" expected true got %lu (0x%lx)", actual, actual);
	print("\n");
	return holds;
}

void check_quietly(u64 expected, u64 actual, const char *format, ...)
{
	va_list list;

	if (count(expected == actual))
		return;
	va_start(list, format);
	print("FAIL ");
	print_list(format, &list);
	va_end(list);
	print(" expected 0x%lx got 0x%lx\n", expected, actual);
}

void expect_console(const char *text)
{
	print("console %s\n", text);
}

_Noreturn void finish(void)
{
	print("%u passed, %u failed\n", passed_count, failed_count);
	port_write_8(EXIT_PORT, failed_count ? 1 : 0);
	for (;;)
		interrupts_wait();
}

_Noreturn void give_up(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	print("FAIL ");
	print_list(format, &list);
	print("\n");
	va_end(list);
	failed_count++;
	finish();
}
