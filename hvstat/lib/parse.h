/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of a statistics file. */
#ifndef HVSTAT_PARSE_H
#define HVSTAT_PARSE_H

#include "hvstat/lib/counters.h"

/* Stores the values of the lines "Name : value" by slot and sets a bit in `present` for each. What
 * is not a line of a known counter is passed over, a last line without its end too. Returns the
 * number of counters found. Counters that are not in the text keep their values.
 */
size_t hvstat_parse(enum hvstat_object object, const char *text, size_t length, uint64_t *counters,
	uint64_t *present);

#endif
