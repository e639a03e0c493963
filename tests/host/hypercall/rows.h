/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of abi/hypercalls.def for tests that go through all of them. */
#ifndef TESTS_HOST_HYPERCALL_ROWS_H
#define TESTS_HOST_HYPERCALL_ROWS_H

#include "core/lib/types.h"

enum { FORM_SIMPLE, FORM_REP, FORM_VAR, FORM_VARREP };
enum { TARGET_SELF_ONLY, TARGET_CHILD, TARGET_ALONE, TARGET_ANY };

struct hypercall_test_row {
	const char *name;
	u16 code;
	u8 form;
	u8 target;
	u16 header;
	u16 element;
	u16 out;
	u16 family; /* VP counter */
	u64 privilege;
};

extern const struct hypercall_test_row hypercall_rows[];
extern const u32 hypercall_row_count;

static inline bool row_repeats(const struct hypercall_test_row *row)
{
	return row->form == FORM_REP || row->form == FORM_VARREP;
}

/* A well-formed control word: one repetition if the row repeats. */
static inline u64 row_control(const struct hypercall_test_row *row)
{
	return row->code | (row_repeats(row) ? 1ull << 32 : 0);
}

void printf_row(const struct hypercall_test_row *row, u64 control);

#endif
