/* SPDX-License-Identifier: BSD-2-Clause */
/* From two readings of an object to what is shown. */
#include "hvstat/hvstat.h"
#include <math.h>

#define LP_GLOBAL_TIME 1
#define UNIT_NS	       100.0 /* run times count these */

static bool present(const struct hvstat_object *object, unsigned index)
{
	return object->present[index / 64] >> index % 64 & 1;
}

bool hvstat_risen(const struct hvstat_object *before, const struct hvstat_object *after,
	unsigned index, uint64_t *risen)
{
	if (!before || !present(before, index) || !present(after, index) ||
		after->values[index] < before->values[index])
		return false;
	*risen = after->values[index] - before->values[index];
	return true;
}

/* The sum of a metric's terms: what is there for a VALUE, what it has risen by otherwise. */
static bool add_terms(const short terms[HVSTAT_TERMS], enum hvstat_form form,
	const struct hvstat_object *before, const struct hvstat_object *after, double *sum)
{
	for (*sum = 0; *terms; terms++) {
		unsigned index = (unsigned)(*terms < 0 ? -*terms : *terms);
		uint64_t value;

		if (form == HVSTAT_VALUE) {
			if (!present(after, index))
				return false;
			value = after->values[index];
		} else if (!hvstat_risen(before, after, index, &value)) {
			return false;
		}
		*sum += *terms < 0 ? -(double)value : (double)value;
	}
	return true;
}

/* An LP's page says itself when it was brought up to date; others are taken as of the reading. */
static double elapsed(const struct hvstat_object *before, const struct hvstat_object *after)
{
	uint64_t risen;

	if (after->kind == HVSTAT_LP && hvstat_risen(before, after, LP_GLOBAL_TIME, &risen) &&
		risen)
		return (double)risen * UNIT_NS / 1e9;
	return after->seconds - before->seconds;
}

void hvstat_add(struct hvstat_sum *sum, const struct hvstat_metric *metric,
	const struct hvstat_object *before, const struct hvstat_object *after)
{
	double numerator, denominator = 0, seconds = 1;

	if (!add_terms(metric->numerator, metric->form, before, after, &numerator))
		return;
	if (!add_terms(metric->denominator, metric->form, before, after, &denominator))
		return;
	if (metric->form == HVSTAT_RATE || metric->form == HVSTAT_PERCENT) {
		seconds = elapsed(before, after);
		if (!(seconds > 0))
			return;
	}
	sum->numerator += (numerator < 0 ? 0 : numerator) / seconds;
	sum->denominator += denominator;
	sum->objects++;
}

double hvstat_result(const struct hvstat_sum *sum, const struct hvstat_metric *metric)
{
	if (!sum->objects)
		return NAN;
	switch (metric->form) {
	case HVSTAT_PERCENT: /* numerator: run time units a second */
		return sum->numerator * UNIT_NS / 1e9 * 100 / sum->objects;
	case HVSTAT_AVERAGE:
		return sum->denominator > 0 ? sum->numerator * UNIT_NS / sum->denominator : 0;
	case HVSTAT_VALUE:
	case HVSTAT_RATE:
		break;
	}
	return sum->numerator;
}

double hvstat_value(const struct hvstat_metric *metric, const struct hvstat_object *before,
	const struct hvstat_object *after)
{
	struct hvstat_sum sum = {0};

	hvstat_add(&sum, metric, before, after);
	return hvstat_result(&sum, metric);
}

static int order(const struct hvstat_object *object, enum hvstat_kind kind, uint64_t partition,
	unsigned index)
{
	if (object->kind != kind)
		return object->kind < kind ? -1 : 1;
	if (object->partition != partition)
		return object->partition < partition ? -1 : 1;
	return (object->index > index) - (object->index < index);
}

const struct hvstat_object *hvstat_find(const struct hvstat_sample *sample, enum hvstat_kind kind,
	uint64_t partition, unsigned index)
{
	unsigned low = 0, high = sample ? sample->count : 0;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		int found = order(&sample->objects[middle], kind, partition, index);

		if (!found)
			return &sample->objects[middle];
		if (found > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
