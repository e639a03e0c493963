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
	u16 class;
};

static const struct intercept_row rows[INTERCEPT_KINDS] = {
#define INTERCEPT(kind, counter, handler)                                                          \
	{handler, STAT_VP_##counter##Count, INTERCEPT_CLASS_##counter},
#include "core/intercept/intercepts.def"
#undef INTERCEPT
};

#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_MC 18

/* DOC: dispatch */
static inline __attribute__((always_inline)) enum outcome dispatch(
	struct vp *vp, struct intercept *intercept)
{
	const struct intercept_row *row = &rows[intercept->kind];
	enum outcome outcome;

	vp->last_class = row->class;
	vp->stats[row->count_index]++;
	outcome = row->handle(vp, intercept);
	switch (outcome) {
	case RESUME:
		break;
	case ADVANCE:
		vp_advance(vp, intercept->length);
		break;
	case FAULT_GP:
		stat_vp(vp, OtherReflectedGuestExceptions)++;
		vp_inject_exception(vp, VECTOR_GP, 0);
		break;
	case FAULT_UD:
		stat_vp(vp, OtherReflectedGuestExceptions)++;
		vp_inject_exception(vp, VECTOR_UD, -1);
		break;
	case FAULT_MC:
		stat_vp(vp, OtherReflectedGuestExceptions)++;
		vp_inject_exception(vp, VECTOR_MC, -1);
		break;
	}
	return outcome;
}

void intercept_dispatch(struct vp *vp, struct intercept *intercept)
{
	(void)dispatch(vp, intercept);
}

/* Two functions with one caller each: the run loop has the other one inline, where it must stay. */
enum outcome intercept_dispatch_logged(struct vp *vp, struct intercept *intercept)
{
	return dispatch(vp, intercept);
}

void intercept_publish(struct vp *vp)
{
	u64 *stats = vp->stats;

#define INTERCEPT_CLASS(name)                                                                      \
	stats[STAT_VP_##name##Time] = stats_100ns(vp->class_tsc[INTERCEPT_CLASS_##name]);
#include "core/intercept/classes.def"
#undef INTERCEPT_CLASS
}
