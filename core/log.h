/* SPDX-License-Identifier: BSD-2-Clause */
/* The text log (serial console and debug port) and the stop for bugs of our own. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/lib/types.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Lines above this level are dropped; set by the `log=` option. */
extern enum log_level log_limit;

/*
 * Prints one line; conversions: %s %c %d %u %x %p with l, ll, z, #, and width/zero padding.
 * A newline is added. Safe on any LP at any time.
 */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_line(LOG_DEBUG, __VA_ARGS__)

/* Stops the machine with the facts on the console: for conditions that only our own bug can make.
 */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why the hypervisor cannot start, and stops: for what the user or the machine got wrong. */
_Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define bug_on(condition)                                                                          \
	do {                                                                                       \
		if (__builtin_expect(!!(condition), 0))                                            \
			panic("bug: %s at %s:%d", #condition, __FILE__, __LINE__);                 \
	} while (0)

#endif
