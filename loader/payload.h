/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Head of a test partition's image: a flat file, loaded at the address it names and entered at
 * its first byte like Linux, in flat 32-bit mode. The second half is filled in by the loader.
 */
#ifndef LOADER_PAYLOAD_H
#define LOADER_PAYLOAD_H

#include "core/lib/types.h"

#define PAYLOAD_MAGIC	       0x54534554565254ull /* "TRVTEST" */
#define PAYLOAD_ARGUMENTS_SIZE 96

struct payload_header {
	u8 jump[8];
	u64 magic;
	u64 load_address;
	u64 memory_size; /* file, zeroed data and whatever else the test wants behind them */
	/* What the test must find protected. */
	u64 image_start;
	u64 image_end;
	u64 pool_start;
	u64 pool_end;
	u64 lp_count;
	u64 first_apic_id; /* of VP 0; the others' follow on the machines that tests run on */
	u64 reserved[2];
	char arguments[PAYLOAD_ARGUMENTS_SIZE]; /* the module's command line */
};

_Static_assert(sizeof(struct payload_header) == 192, "payload header");

#endif
