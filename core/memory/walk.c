/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/memory/walk.h"

#define CR0_WP	 BIT(16)
#define CR0_PG	 BIT(31)
#define CR4_PSE	 BIT(4)
#define CR4_PAE	 BIT(5)
#define CR4_LA57 BIT(12)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define ENTRY_PRESENT	BIT(0)
#define ENTRY_WRITE	BIT(1)
#define ENTRY_USER	BIT(2)
#define ENTRY_PWT	BIT(3)
#define ENTRY_PCD	BIT(4)
#define ENTRY_ACCESSED	BIT(5)
#define ENTRY_DIRTY	BIT(6)
#define ENTRY_LARGE	BIT(7)
#define ENTRY_PAT	BIT(7)	/* in the last level */
#define ENTRY_LARGE_PAT BIT(12) /* in large pages */
#define ENTRY_NX	BIT(63)
#define ENTRY_ADDRESS	0x000ffffffffff000ull

#define FAULT_PRESENT  BIT(0)
#define FAULT_WRITE    BIT(1)
#define FAULT_USER     BIT(2)
#define FAULT_RESERVED BIT(3)
#define FAULT_FETCH    BIT(4)

#define MAX_LEVELS 5
/* How often an update of Accessed and Dirty may lose against other processors of the guest. */
#define MAX_ATTEMPTS 8

/* A paging mode (APM vol. 2 §5.2 and §5.3). */
struct format {
	u8 levels;
	u8 entry_size;
	u8 index_bits; /* of the address, per level */
	u8 address_bits;
	u64 root; /* bits of CR3 that hold the address of the top table */
	/* Reserved in entries of each level, beyond what the processor's width adds. */
	u64 reserved[MAX_LEVELS + 1];
};

#define PAE_HIGH      (0x7ffull << 52) /* bits 62:52 */
#define PAE_DIRECTORY (ENTRY_NX | PAE_HIGH | 0x1e6)
#define LONG_TOP      0x180ull

static const struct format format_32 = {2, 4, 10, 32, 0xfffff000, {0}};
static const struct format format_pae = {
	3, 8, 9, 32, 0xffffffe0, {0, PAE_HIGH, PAE_HIGH, PAE_DIRECTORY}};
static const struct format format_long4 = {4, 8, 9, 48, ENTRY_ADDRESS, {[4] = LONG_TOP}};
static const struct format format_long5 = {
	5, 8, 9, 57, ENTRY_ADDRESS, {[4] = LONG_TOP, [5] = LONG_TOP}};

/* One walk under way. */
struct walker {
	const struct walk_context *context;
	const struct format *format;
	u64 gva;
	u32 access;
	u64 reserved; /* in entries of every level */
	u32 level;    /* of the entry last read; they are counted down to 1 */
	u32 shift;    /* lowest address bit that selects an entry at this level */
	u64 entry_at[MAX_LEVELS + 1];
	u64 entry[MAX_LEVELS + 1];
	u64 entries_and; /* rights: WRITE and USER must be in all levels, */
	u64 entries_or;	 /* NX in one */
};

static const struct format *format_of(const struct walk_context *context)
{
	if (context->efer & EFER_LMA)
		return context->cr4 & CR4_LA57 ? &format_long5 : &format_long4;
	return context->cr4 & CR4_PAE ? &format_pae : &format_32;
}

/* Address bits above the processor's width, and NX while it is not enabled. */
static u64 reserved_always(const struct walk_context *context)
{
	u64 address = BIT(context->phys_bits) - 1;

	return (ENTRY_ADDRESS & ~address) | (context->efer & EFER_NXE ? 0 : ENTRY_NX);
}

static bool is_large(const struct walker *walker)
{
	u64 entry = walker->entry[walker->level];

	if (!(entry & ENTRY_LARGE) || walker->level == 1)
		return false;
	if (walker->format == &format_32)
		return walker->context->cr4 & CR4_PSE;
	return walker->level == 2 || (walker->level == 3 && walker->format != &format_pae);
}

/*
 * Address in the entry read last. In 4M pages, bits 20:13 are address bits 39:32
 * (page-size extension 36/40, APM vol. 2 §5.2).
 */
static u64 address_of(const struct walker *walker, bool large)
{
	u64 entry = walker->entry[walker->level];

	if (!large)
		return entry & ENTRY_ADDRESS;
	if (walker->format == &format_32)
		return (entry & 0xffc00000) | (entry & 0x1fe000) << 19;
	return ALIGN_DOWN(entry & ENTRY_ADDRESS, BIT(walker->shift));
}

static bool has_reserved(const struct walker *walker, bool large)
{
	u64 entry = walker->entry[walker->level];
	u64 reserved = walker->reserved | walker->format->reserved[walker->level];

	if (!large)
		return entry & reserved;
	if (walker->format == &format_32)
		reserved |= BIT(21);
	else
		reserved |= (BIT(walker->shift) - 1) & ENTRY_ADDRESS & ~ENTRY_LARGE_PAT;
	return (entry | address_of(walker, true)) & reserved;
}

static u32 fault_code(const struct walker *walker, enum walk_status status)
{
	const struct walk_context *context = walker->context;
	bool no_execute = context->efer & EFER_NXE && context->cr4 & CR4_PAE;
	u32 code = 0;

	if (status == WALK_TABLE_UNREADABLE)
		return 0;
	code |= status == WALK_NOT_PRESENT ? 0 : FAULT_PRESENT;
	code |= status == WALK_RESERVED ? FAULT_RESERVED : 0;
	code |= walker->access & WALK_WRITE ? FAULT_WRITE : 0;
	code |= walker->access & WALK_USER ? FAULT_USER : 0;
	/* Fetches are told apart only where they can fault (APM vol. 2 §8.4.2). */
	if (walker->access & WALK_EXECUTE && (no_execute || context->cr4 & CR4_SMEP))
		code |= FAULT_FETCH;
	return code;
}

static u32 rights_of(const struct walker *walker)
{
	return (walker->entries_and & ENTRY_WRITE ? WALK_WRITE : 0) |
	       (walker->entries_and & ENTRY_USER ? WALK_USER : 0) |
	       (walker->entries_or & ENTRY_NX ? 0 : WALK_EXECUTE);
}

static bool is_allowed(const struct walker *walker, u32 rights)
{
	const struct walk_context *context = walker->context;
	u32 access = walker->access;

	if (access & WALK_EXEMPT)
		return true;
	if (access & WALK_EXECUTE && !(rights & WALK_EXECUTE))
		return false;
	if (access & WALK_USER)
		return rights & WALK_USER && (rights & WALK_WRITE || !(access & WALK_WRITE));
	/* What a supervisor may do to user pages (APM vol. 2 §5.6). */
	if (rights & WALK_USER) {
		if (access & WALK_EXECUTE && context->cr4 & CR4_SMEP)
			return false;
		if (!(access & WALK_EXECUTE) && access & WALK_SMAP && context->cr4 & CR4_SMAP)
			return false;
	}
	return !(access & WALK_WRITE) || rights & WALK_WRITE || !(context->cr0 & CR0_WP);
}

/* Reads entries from the top table to the one that names the page. */
static enum walk_status descend(struct walker *walker)
{
	const struct walk_context *context = walker->context;
	const struct format *format = walker->format;
	u64 table = context->cr3 & format->root;

	walker->entries_and = ~0ull;
	walker->entries_or = 0;
	walker->level = format->levels;
	walker->shift = PAGE_SHIFT + (format->levels - 1) * format->index_bits;
	for (;; walker->level--, walker->shift -= format->index_bits) {
		u64 index = walker->gva >> walker->shift & (BIT(format->index_bits) - 1);
		u64 at = table + index * format->entry_size;
		u64 *entry = &walker->entry[walker->level];
		bool large;

		walker->entry_at[walker->level] = at;
		if (!context->ops->read(context->reader, at, format->entry_size, entry))
			return WALK_TABLE_UNREADABLE;
		if (!(*entry & ENTRY_PRESENT))
			return WALK_NOT_PRESENT;
		large = is_large(walker);
		if (has_reserved(walker, large))
			return WALK_RESERVED;
		/* PAE directory pointers carry no rights; their bits 1 and 2 are reserved. */
		if (format != &format_pae || walker->level != 3) {
			walker->entries_and &= *entry;
			walker->entries_or |= *entry;
		}
		if (large || walker->level == 1)
			return WALK_OK;
		table = address_of(walker, false);
	}
}

/* Marks the entries as the processor would. False: one changed since descend(), or is read-only. */
static bool set_bits(const struct walker *walker)
{
	const struct walk_context *context = walker->context;
	const struct format *format = walker->format;

	for (u32 level = format->levels; level >= walker->level; level--) {
		u64 old = walker->entry[level];
		u64 new = old | ENTRY_ACCESSED;

		if (format == &format_pae && level == 3)
			continue;
		if (level == walker->level && walker->access & WALK_WRITE)
			new |= ENTRY_DIRTY;
		if (new != old && !context->ops->update(context->reader, walker->entry_at[level],
					  format->entry_size, old, new))
			return false;
	}
	return true;
}

static void set_result(const struct walker *walker, struct walk_result *result)
{
	u64 entry = walker->entry[walker->level];
	u64 pat = walker->level == 1 ? ENTRY_PAT : ENTRY_LARGE_PAT;

	result->page_size = BIT(walker->shift);
	result->gpa = address_of(walker, walker->level > 1);
	result->gpa |= walker->gva & (result->page_size - 1);
	result->rights = rights_of(walker);
	/* APM vol. 2 §7.8.2: the PAT bit is above PCD and PWT. */
	result->pat_index = (entry & pat ? 4 : 0) | (entry & (ENTRY_PCD | ENTRY_PWT)) >> 3;
}

static enum walk_status walk_tables(struct walker *walker, struct walk_result *result)
{
	for (u32 attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		enum walk_status status = descend(walker);

		if (status == WALK_OK && !is_allowed(walker, rights_of(walker)))
			status = WALK_PRIVILEGE;
		if (status != WALK_OK) {
			result->error_code = fault_code(walker, status);
			return status;
		}
		if (!(walker->access & WALK_SET_BITS) || set_bits(walker)) {
			set_result(walker, result);
			return WALK_OK;
		}
	}
	return WALK_TABLE_READONLY;
}

/* All bits above the implemented ones equal the highest of those (APM vol. 2 §5.3.1). */
static bool is_canonical(u64 gva, u32 bits)
{
	u32 unused = 64 - bits;

	return (u64)((s64)(gva << unused) >> unused) == gva;
}

enum walk_status walk(
	const struct walk_context *context, u64 gva, u32 access, struct walk_result *result)
{
	const struct format *format = format_of(context);
	struct walker walker;

	*result = (struct walk_result){0};
	if (format->address_bits == 32)
		gva = (u32)gva;
	if (!(context->cr0 & CR0_PG)) {
		result->gpa = gva;
		result->page_size = PAGE_SIZE;
		result->rights = WALK_WRITE | WALK_USER | WALK_EXECUTE;
		return WALK_OK;
	}
	if (format->address_bits != 32 && !is_canonical(gva, format->address_bits))
		return WALK_NON_CANONICAL;
	walker.context = context;
	walker.format = format;
	walker.gva = gva;
	walker.access = access;
	walker.reserved = reserved_always(context);
	return walk_tables(&walker, result);
}

u32 walk_read(const struct walk_context *context, u64 gva, u32 access, void *to, u32 count)
{
	u32 done = 0;

	while (done < count) {
		u32 left = PAGE_SIZE - ((gva + done) & PAGE_MASK);
		u32 size = MIN(count - done, left);
		struct walk_result result;

		if (walk(context, gva + done, access, &result) != WALK_OK ||
			!context->ops->copy(context->reader, result.gpa, (u8 *)to + done, size))
			break;
		done += size;
	}
	return done;
}
