/* SPDX-License-Identifier: BSD-2-Clause */
#include "hvstat/lib/counters.h"

#include <assert.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Each object's rows of abi/counters.def: a row shows itself in the list of its own object only. */
#define PREFIX_HV "Hv"
#define PREFIX_LP "Lp"
#define PREFIX_PT "Pt"
#define PREFIX_VP "Vp"
#define ROW(object, index, name, unit, meaning)                                                    \
	{PREFIX_##object #name, meaning, index, HVSTAT_##unit, sizeof(PREFIX_##object #name) - 1},
#define NOTHING(object, index, name, unit, meaning)
#define COUNTER_RESERVED(object, index)
#define COUNTER(object, index, name, unit, meaning)                                                \
	SHOW_##object(object, index, name, unit, meaning)

static const struct hvstat_counter hv_counters[] = {
#define SHOW_HV ROW
#define SHOW_LP NOTHING
#define SHOW_PT NOTHING
#define SHOW_VP NOTHING
#include "abi/counters.def"
};

static const struct hvstat_counter lp_counters[] = {
#undef SHOW_HV
#undef SHOW_LP
#define SHOW_HV NOTHING
#define SHOW_LP ROW
#include "abi/counters.def"
};

static const struct hvstat_counter pt_counters[] = {
#undef SHOW_LP
#undef SHOW_PT
#define SHOW_LP NOTHING
#define SHOW_PT ROW
#include "abi/counters.def"
};

static const struct hvstat_counter vp_counters[] = {
#undef SHOW_PT
#undef SHOW_VP
#define SHOW_PT NOTHING
#define SHOW_VP ROW
#include "abi/counters.def"
};

/* The table's last row of an object is its last slot: a new row after it needs new *_SLOTS. */
#undef COUNTER
#define COUNTER(object, index, name, unit, meaning)                                                \
	static_assert((index) < object##_SLOTS, "a slot behind the last: see counters.h");
#include "abi/counters.def"
#undef COUNTER

static const struct {
	const struct hvstat_counter *counters;
	size_t count;
	const char *name;
} objects[HVSTAT_OBJECTS] = {
	[HVSTAT_HV] = {hv_counters, LENGTH(hv_counters), "hypervisor"},
	[HVSTAT_LP] = {lp_counters, LENGTH(lp_counters), "logical processor"},
	[HVSTAT_PT] = {pt_counters, LENGTH(pt_counters), "partition"},
	[HVSTAT_VP] = {vp_counters, LENGTH(vp_counters), "virtual processor"},
};

const struct hvstat_counter *hvstat_counters(enum hvstat_object object, size_t *count)
{
	*count = objects[object].count;
	return objects[object].counters;
}

const struct hvstat_counter *hvstat_counter_named(
	enum hvstat_object object, const char *name, size_t length)
{
	size_t count;
	const struct hvstat_counter *counters = hvstat_counters(object, &count);

	for (size_t i = 0; i < count; i++)
		if (counters[i].length == length && !memcmp(counters[i].name, name, length))
			return &counters[i];
	return NULL;
}

const char *hvstat_object_name(enum hvstat_object object)
{
	return objects[object].name;
}
