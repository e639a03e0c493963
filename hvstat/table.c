/* SPDX-License-Identifier: BSD-2-Clause */
/* What counters, metrics and classes of intercepts there are: all from tables. */
#include "hvstat/hvstat.h"
#include <strings.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define LIST(...)     __VA_ARGS__

#define PREFIX_HV "Hv"
#define PREFIX_LP "Lp"
#define PREFIX_PT "Pt"
#define PREFIX_VP "Vp"

const struct hvstat_counter hvstat_counters[] = {
#define COUNTER(object, index, name, unit, meaning)                                                \
	{HVSTAT_##object, index, PREFIX_##object #name, meaning, HVSTAT_##unit},
#define COUNTER_RESERVED(object, index)
#include "abi/counters.def"
#undef COUNTER
};

const unsigned hvstat_counter_count = LENGTH(hvstat_counters);

static const struct hvstat_metric metrics[] = {
#define WINDOWS(object, index, property, name, form, per)                                          \
	{HVSTAT_##object, HVSTAT_##form, property, name, {index}, {per}},
#include "hvstat/windows.def"
#define DERIVED(object, property, name, form, numerator, denominator)                              \
	{HVSTAT_##object, HVSTAT_##form, property, name, {LIST numerator}, {LIST denominator}},
#include "hvstat/derived.def"
#define COUNTER(object, index, name, unit, meaning)                                                \
	{HVSTAT_##object, HVSTAT_VALUE, "", PREFIX_##object #name, {index}, {0}},
#include "abi/counters.def"
};

const struct hvstat_metric *const hvstat_metrics = metrics;
const unsigned hvstat_metric_count = LENGTH(metrics);

bool hvstat_is_raw(const struct hvstat_metric *metric)
{
	return metric >= metrics + LENGTH(metrics) - LENGTH(hvstat_counters);
}

const struct hvstat_metric *hvstat_metric(enum hvstat_kind kind, const char *name)
{
	for (unsigned i = 0; name[0] && i < LENGTH(metrics); i++)
		if (metrics[i].kind == kind && !strcasecmp(metrics[i].name, name))
			return &metrics[i];
	return NULL;
}

/* Of emulated instructions the nested page fault is counted; so they are no class here. */
const struct hvstat_class hvstat_classes[] = {
	{"Hypercalls", 7, 8},
	{"Page Invalidations", 9, 10},
	{"Control Register Accesses", 11, 12},
	{"IO Instructions", 13, 14},
	{"HLT Instructions", 15, 16},
	{"MWAIT Instructions", 17, 18},
	{"CPUID Instructions", 19, 20},
	{"MSR Accesses", 21, 22},
	{"Other Intercepts", 23, 24},
	{"External Interrupts", 25, 26},
	{"Pending Interrupts", 27, 28},
	{"Debug Register Accesses", 31, 32},
	{"Page Fault Intercepts", 33, 34},
	{"Nested Page Fault Intercepts", 71, 72},
	{"RDPMC Instructions", 176, 177},
};

const unsigned hvstat_class_count = LENGTH(hvstat_classes);
