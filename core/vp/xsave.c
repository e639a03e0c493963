/* SPDX-License-Identifier: BSD-2-Clause */
/* AMD APM vol. 2 §11.5: XSAVE area, standard and compacted. */
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/vp/xsave.h"
#include "machine/machine.h"

#define LEGACY_SIZE   512
#define HEADER_END    576
#define XSTATE_BV     512
#define XCOMP_BV      520
#define XCOMP_COMPACT BIT(63)
#define MXCSR	      24
#define MXCSR_VALID   0xffffu

/* Where component i (>= 2) lies in both formats. Mask: the components of the compacted area. */
struct component {
	u32 size;
	u32 standard;
	u32 compacted;
};

static struct component component_of(u32 number, u64 mask)
{
	struct component c = {.compacted = HEADER_END};
	u32 out[4];

	for (u32 i = 2; i <= number; i++) {
		if (!(mask & BIT(i)))
			continue;
		machine_cpuid(13, i, out);
		if (out[2] & 2)
			c.compacted = (u32)ALIGN_UP(c.compacted, 64);
		c.size = out[0];
		c.standard = out[1];
		if (i < number)
			c.compacted += out[0];
	}
	return c;
}

static u32 highest(u64 mask)
{
	return 63 - (u32)__builtin_clzll(mask | 2);
}

u64 xsave_compact_size(void)
{
	return xsave_size(~0ull, true);
}

u64 xsave_size(u64 states, bool compacted)
{
	u64 end = HEADER_END;

	states &= hypervisor.backend->extended_states();
	for (u32 i = 2; i <= highest(states); i++) {
		struct component c = component_of(i, states);

		if (states & BIT(i))
			end = MAX(end, (u64)(compacted ? c.compacted : c.standard) + c.size);
	}
	return end;
}

static u64 load(const u8 *at)
{
	u64 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void store(u8 *at, u64 value)
{
	memcpy(at, &value, sizeof(value));
}

void xsave_compact(const u8 *standard, u8 *compacted)
{
	u64 states = hypervisor.backend->extended_states();
	u64 present = load(standard + XSTATE_BV);

	memset(compacted, 0, PAGE_SIZE);
	memcpy(compacted, standard, LEGACY_SIZE);
	store(compacted + XSTATE_BV, present);
	store(compacted + XCOMP_BV, states | XCOMP_COMPACT);
	for (u32 i = 2; i <= highest(states); i++) {
		struct component c;

		if (!(states & present & BIT(i)))
			continue;
		c = component_of(i, states);
		memcpy(compacted + c.compacted, standard + c.standard, c.size);
	}
}

bool xsave_expand(const u8 *from, u8 *standard)
{
	u64 states = hypervisor.backend->extended_states();
	u64 present = load(from + XSTATE_BV);
	u64 compaction = load(from + XCOMP_BV);
	u64 mask = compaction & ~XCOMP_COMPACT;

	if ((present & ~states) || (mask & ~states) ||
		((compaction & XCOMP_COMPACT) && (present & ~3ull & ~mask)) ||
		(load(from + MXCSR) & 0xffffffff & ~(u64)MXCSR_VALID))
		return false;
	memset(standard, 0, PAGE_SIZE);
	memcpy(standard, from, LEGACY_SIZE);
	store(standard + XSTATE_BV, present);
	for (u32 i = 2; i <= highest(states); i++) {
		struct component c;

		if (!(present & BIT(i)))
			continue;
		c = component_of(i, compaction & XCOMP_COMPACT ? mask : states);
		memcpy(standard + c.standard,
			from + (compaction & XCOMP_COMPACT ? c.compacted : c.standard), c.size);
	}
	return true;
}
