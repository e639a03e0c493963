/* SPDX-License-Identifier: BSD-2-Clause */
/* What a test says: one line per claim on the serial port, and a sum at the end. */
#ifndef TESTS_EMULATOR_LIB_REPORT_H
#define TESTS_EMULATOR_LIB_REPORT_H

#include "core/lib/types.h"

/* %s %c %u %lu %d %x %lx, with a width of zeros or blanks. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "ok NAME", or "FAIL NAME expected … got …". The name is a format with its arguments. */
bool check(u64 expected, u64 actual, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for a claim that is not an equality. `actual` is shown when it does not hold. */
bool check_that(bool holds, u64 actual, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* For long series: counts silently, reports only what fails. */
void check_quietly(u64 expected, u64 actual, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The console must show a line with this text by the end: tests/emulator/run.sh looks for it. */
void expect_console(const char *text);

/* Prints "N passed, N failed" and ends the machine. */
_Noreturn void finish(void);
/* The test cannot go on. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
