/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters that Windows makes from several others. */
#ifndef HVSTAT_DERIVED_H
#define HVSTAT_DERIVED_H

#include <stdint.h>

#include "hvstat/lib/windows.h"

enum {
#define WINDOWS(object, counter, kind, origin, name)
#define WINDOWS_COST(object, time, events, origin, name)
#define DERIVED(object, id, origin, name, meaning) DERIVED_##id,
#include "hvstat/lib/windows.def"
#undef DERIVED
#undef WINDOWS_COST
#undef WINDOWS
};

/* A value is above / below; those of several objects are the sums of both. */
struct fraction {
	double above, below;
	bool same_below; /* a rate: all objects have the same time */
};

/* Of one object: its counters before and after, and the time between in seconds. */
struct fraction derived_value(
	unsigned id, const uint64_t *before, const uint64_t *after, double elapsed);

#endif
