/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Software walk of a guest's page tables (APM vol. 2, ch. 5): to fetch instructions of a VP and
 * for HvCallTranslateVirtualAddress. Pure: guest memory is reached through `struct walk_ops`.
 * Protection keys and shadow stacks are not modelled.
 */
#ifndef CORE_MEMORY_WALK_H
#define CORE_MEMORY_WALK_H

#include "core/lib/types.h"

struct walk_ops {
	/* Reads a naturally aligned entry of 4 or 8 bytes. False: no readable memory there. */
	bool (*read)(void *reader, u64 gpa, u32 size, u64 *value);
	/* Copies 1 to 4096 bytes that lie in one page. Used by walk_read() only. */
	bool (*copy)(void *reader, u64 gpa, void *to, u32 size);
	/* Replaces an entry that still holds `old`. Used under WALK_SET_BITS only. */
	bool (*update)(void *reader, u64 gpa, u32 size, u64 old, u64 new);
};

struct walk_context {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	u32 phys_bits; /* width of guest physical addresses; higher entry bits are reserved */
	const struct walk_ops *ops;
	void *reader;
};

/* The access to check; WRITE, USER and EXECUTE also name the rights that the tables grant. */
#define WALK_WRITE    BIT(0)
#define WALK_USER     BIT(1) /* access: at CPL 3 */
#define WALK_EXECUTE  BIT(2)
#define WALK_SMAP     BIT(3) /* RFLAGS.AC does not lift CR4.SMAP: user pages refuse data access */
#define WALK_EXEMPT   BIT(4) /* translate only: rights are not checked */
#define WALK_SET_BITS BIT(5) /* set Accessed and, if WRITE, Dirty as the processor does */

/* Numbers below 16 are those of HV_TRANSLATE_GVA_RESULT_CODE. */
enum walk_status {
	WALK_OK = 0,
	WALK_NOT_PRESENT = 1,
	WALK_PRIVILEGE = 2,
	WALK_RESERVED = 3,	   /* a reserved bit is set in an entry */
	WALK_TABLE_UNREADABLE = 4, /* no memory where a table should be */
	WALK_TABLE_READONLY = 6,   /* SET_BITS could not write an entry */
	WALK_NON_CANONICAL = 16,   /* the processor raises #GP or #SS, not #PF */
};

struct walk_result {
	u64 gpa;	/* if OK */
	u64 page_size;	/* if OK: 4K, 2M, 4M, 1G */
	u32 rights;	/* if OK: WALK_WRITE, WALK_USER, WALK_EXECUTE over all levels */
	u32 pat_index;	/* if OK: which field of the PAT MSR holds the memory type */
	u32 error_code; /* of the #PF if NOT_PRESENT, PRIVILEGE or RESERVED */
};

/* Translates linear address `gva`. Without paging every address maps to itself. */
enum walk_status walk(
	const struct walk_context *context, u64 gva, u32 access, struct walk_result *result);

/* Copies `count` bytes from linear `gva`; returns how many came before the first bad page. */
u32 walk_read(const struct walk_context *context, u64 gva, u32 access, void *to, u32 count);

#endif
