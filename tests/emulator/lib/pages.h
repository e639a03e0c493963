/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole pages of the test partition's memory, and deposits of them. */
#ifndef TESTS_EMULATOR_LIB_PAGES_H
#define TESTS_EMULATOR_LIB_PAGES_H

#include "core/lib/types.h"

/* A zeroed page; the test ends if there is none. */
void *page_allocate(void);
void page_free(void *page);

/* Deposits `count` pages to a partition. Returns the status. */
u32 pages_deposit(u64 partition, u32 count);
/* Takes back all that is free in the partition's pool. Returns how many pages that was. */
u32 pages_withdraw(u64 partition);

/* Pages given away and not yet back. */
extern s64 pages_lent;

#endif
