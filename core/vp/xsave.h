/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the standard XSAVE format the back-end keeps and the compacted one of VP state calls. */
#ifndef CORE_VP_XSAVE_H
#define CORE_VP_XSAVE_H

#include "core/lib/types.h"

/* Bytes of the compacted format with all switchable states; at most PAGE_SIZE. */
u64 xsave_compact_size(void);
/* Bytes of either format with these states, as far as they exist. */
u64 xsave_size(u64 states, bool compacted);
/* Standard → compacted; both areas are a page. */
void xsave_compact(const u8 *standard, u8 *compacted);
/* Either format → standard. False: states or MXCSR bits that do not exist here. */
bool xsave_expand(const u8 *from, u8 *standard);

#endif
