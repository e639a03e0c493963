/* SPDX-License-Identifier: BSD-2-Clause */
/* What a decoded instruction computes: results and RFLAGS as in APM vol. 3, chapter 3. */
#include "core/intercept/insn.h"

#define RFLAGS_CF     BIT(0)
#define RFLAGS_PF     BIT(2)
#define RFLAGS_AF     BIT(4)
#define RFLAGS_ZF     BIT(6)
#define RFLAGS_SF     BIT(7)
#define RFLAGS_OF     BIT(11)
#define RFLAGS_STATUS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#define CR0_TS	   BIT(3)
#define CR0_MSW	   0xfull /* what LMSW loads */
#define CR0_MSW_PE BIT(0) /* LMSW can set it, not clear it */

static u64 truncate(u64 value, u32 size)
{
	return size == 8 ? value : value & (BIT(8 * size) - 1);
}

static u64 sign_extend(u64 value, u32 size)
{
	u32 unused = 64 - 8 * size;

	return (u64)((s64)(value << unused) >> unused);
}

/* ZF, SF and PF depend on the result alone. `result` is truncated. */
static u64 result_flags(u64 result, u32 size)
{
	/* Bit n of the constant tells whether n has an even number of ones. */
	bool even = 0x9669 >> ((result ^ result >> 4) & 15) & 1;
	bool negative = result >> (8 * size - 1);

	return (result ? 0 : RFLAGS_ZF) | (negative ? RFLAGS_SF : 0) | (even ? RFLAGS_PF : 0);
}

/* a + b + carry; or a - b - carry, which is a + ~b + !carry with the carries out inverted. */
static u64 add(u64 a, u64 b, bool carry, bool subtract, u32 size, u64 *flags)
{
	u64 invert = subtract ? ~0ull : 0;
	u64 addend = b ^ invert;
	u64 sum = a + addend + (carry != subtract);
	u64 carries = ((a & addend) | ((a | addend) & ~sum)) ^ invert;
	u64 overflows = (a ^ sum) & (addend ^ sum);
	u32 top = 8 * size - 1;

	*flags = (carries >> top & 1 ? RFLAGS_CF : 0) | (carries & BIT(3) ? RFLAGS_AF : 0) |
		 (overflows >> top & 1 ? RFLAGS_OF : 0);
	return truncate(sum, size);
}

/* CF and OF are cleared; AF, undefined by the manual, too. */
static u64 logic(enum insn_operation operation, u64 a, u64 b)
{
	if (operation == INSN_OR)
		return a | b;
	return operation == INSN_XOR ? a ^ b : a & b;
}

/* First operand := first op second. */
static u64 compute(enum insn_operation operation, u64 a, u64 b, u32 size, u64 *rflags)
{
	bool carries = operation == INSN_ADC || operation == INSN_SBB;
	bool adds = operation == INSN_ADD || operation == INSN_ADC;
	bool subtracts = operation == INSN_SUB || operation == INSN_SBB || operation == INSN_CMP;
	u64 flags = 0;
	u64 result;

	if (adds || subtracts)
		result = add(a, b, carries && *rflags & RFLAGS_CF, subtracts, size, &flags);
	else
		result = truncate(logic(operation, a, b), size);
	flags |= result_flags(result, size);
	*rflags = (*rflags & ~RFLAGS_STATUS) | flags;
	return result;
}

static u64 register_operand(const struct insn_mmio *insn, u64 gpr)
{
	return truncate(insn->high_byte ? gpr >> 8 : gpr, insn->size);
}

/* Writes to the low 8 or 16 bits keep the rest, 32-bit writes clear it (APM vol. 1 §3.1.2). */
static u64 merge(const struct insn_mmio *insn, u64 gpr, u64 value)
{
	u32 shift = insn->high_byte ? 8 : 0;
	u64 kept = ~(truncate(~0ull, insn->register_size) << shift);

	if (insn->register_size == 4)
		kept = 0;
	return (gpr & kept) | truncate(value, insn->register_size) << shift;
}

struct insn_result insn_apply(const struct insn_mmio *insn, u64 memory, u64 gpr, u64 rflags)
{
	struct insn_result result = {
		.memory = truncate(memory, insn->size), .gpr = gpr, .rflags = rflags};
	u64 first = result.memory;
	u64 second = insn->has_immediate ? insn->immediate : register_operand(insn, gpr);
	u64 value;

	if (insn->register_first) {
		first = second;
		second = insn->sign_extend ? sign_extend(memory, insn->size) : result.memory;
	}
	value = truncate(second, insn->register_first ? insn->register_size : insn->size);
	if (insn->operation < INSN_MOVE)
		value = compute(insn->operation, first, second, insn->size, &result.rflags);
	if (insn->sets_register)
		result.gpr = merge(insn, gpr, insn->operation == INSN_EXCHANGE ? first : value);
	if (insn->writes)
		result.memory = value;
	return result;
}

u64 insn_control_value(const struct insn_control *insn, u64 old, u64 gpr)
{
	if (!insn->writes)
		return old;
	if (insn->kind == INSN_CLTS)
		return old & ~CR0_TS;
	if (insn->kind == INSN_LMSW)
		return (old & (~CR0_MSW | CR0_MSW_PE)) | (gpr & CR0_MSW);
	return insn->size == 8 ? gpr : (u32)gpr;
}
