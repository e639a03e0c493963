/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place where an intercept is counted, timed and handed to its handler. Handlers say what
 * becomes of the VP; stepping over the instruction and injecting happen here only.
 */
#include "core/intercept/handlers.h"
#include "core/vp/vp.h"

struct intercept_row {
	enum outcome (*handle)(struct vp *vp, struct intercept *intercept);
	u16 count_index;
	u16 time_index;
	u16 class;
};

static const struct intercept_row rows[INTERCEPT_KINDS] = {
#define INTERCEPT(kind, counter, handler)                                                          \
	{handler, STAT_VP_##counter##Count, STAT_VP_##counter##Time, INTERCEPT_CLASS_##counter},
#include "core/intercept/intercepts.def"
#undef INTERCEPT
};

#define VECTOR_UD 6
#define VECTOR_GP 13

/* DOC: dispatch */
void intercept_dispatch(struct vp *vp, struct intercept *intercept)
{
	const struct intercept_row *row = &rows[intercept->kind];

	vp->stats[row->count_index]++;
	switch (row->handle(vp, intercept)) {
	case RESUME:
		break;
	case ADVANCE:
		vp_advance(vp, intercept->length);
		break;
	case FAULT_GP:
		vp_inject_exception(vp, VECTOR_GP, 0);
		break;
	case FAULT_UD:
		vp_inject_exception(vp, VECTOR_UD, -1);
		break;
	}
}

void intercept_charge(struct vp *vp, enum intercept_kind kind, u64 tsc)
{
	const struct intercept_row *row = &rows[kind];

	vp->class_tsc[row->class] += tsc;
	vp->stats[row->time_index] = stats_100ns(vp->class_tsc[row->class]);
}
