/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of thumb, applied to a time in which the machine was watched. */
#ifndef HVSTAT_ADVICE_H
#define HVSTAT_ADVICE_H

#include "hvstat/lib/use.h"

enum severity { SEVERITY_INFO, SEVERITY_NOTE, SEVERITY_WARNING };

#define FINDINGS 256

struct finding {
	const char *rule;	   /* a word for scripts */
	char subject[HVSTAT_NAME]; /* "host", or a guest's name */
	enum severity severity;
	char text[512];	  /* what is the matter, with the figures */
	const char *hint; /* what can be done */
};

struct findings {
	struct finding list[FINDINGS];
	size_t count;
};

/* Begin, middle and end of the time: that waits grow is seen by comparing the halves. */
void advise(struct findings *findings, const struct hvstat_sample *begin,
	const struct hvstat_sample *middle, const struct hvstat_sample *end);

#endif
