/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Encoding rules: APM vol. 3, chapter 1 (prefixes, ModRM, SIB) and appendix A (opcode maps).
 * The instruction has already passed the processor's own decoder, so what would raise #UD
 * (a LOCK on MOV, an undefined group member) need not be refused, only never mismeasured.
 */
#include "core/intercept/insn.h"

#define PREFIX_LOCK    BIT(0)
#define PREFIX_REPE    BIT(1)
#define PREFIX_REPNE   BIT(2)
#define PREFIX_OPERAND BIT(3)
#define PREFIX_ADDRESS BIT(4)
#define PREFIX_SEGMENT BIT(7) /* the low bits hold the enum insn_segment */

#define REX_B BIT(0)
#define REX_R BIT(2)
#define REX_W BIT(3)

static const u8 prefix_of[256] = {
	[0x26] = PREFIX_SEGMENT | INSN_ES,
	[0x2e] = PREFIX_SEGMENT | INSN_CS,
	[0x36] = PREFIX_SEGMENT | INSN_SS,
	[0x3e] = PREFIX_SEGMENT | INSN_DS,
	[0x64] = PREFIX_SEGMENT | INSN_FS,
	[0x65] = PREFIX_SEGMENT | INSN_GS,
	[0x66] = PREFIX_OPERAND,
	[0x67] = PREFIX_ADDRESS,
	[0xf0] = PREFIX_LOCK,
	[0xf2] = PREFIX_REPNE,
	[0xf3] = PREFIX_REPE,
};

struct cursor {
	const u8 *bytes;
	u32 count;
	u32 at;
	enum insn_mode mode;
	u8 prefixes;
	u8 segment;
	u8 rex;
};

static bool advance(struct cursor *cursor, u32 size)
{
	if (cursor->count - cursor->at < size)
		return false;
	cursor->at += size;
	return true;
}

static bool next(struct cursor *cursor, u8 *byte)
{
	if (!advance(cursor, 1))
		return false;
	*byte = cursor->bytes[cursor->at - 1];
	return true;
}

static void add_prefix(struct cursor *cursor, u8 prefix)
{
	u8 segment = prefix & (PREFIX_SEGMENT - 1);

	if (!(prefix & PREFIX_SEGMENT))
		cursor->prefixes |= prefix;
	else if (cursor->mode != INSN_LONG64 || segment >= INSN_FS)
		cursor->segment = segment; /* ES, CS, SS, DS are ignored in 64-bit mode */
}

/* Reads all prefixes and the first opcode byte. */
static bool start(struct cursor *cursor, u8 *opcode)
{
	while (next(cursor, opcode)) {
		u8 prefix = prefix_of[*opcode];

		if (prefix) {
			add_prefix(cursor, prefix);
			cursor->rex = 0; /* REX counts only right before the opcode */
		} else if (cursor->mode == INSN_LONG64 && (*opcode & 0xf0) == 0x40) {
			cursor->rex = *opcode;
		} else {
			return true;
		}
	}
	return false;
}

static struct cursor cursor_at(const u8 *bytes, u32 count, enum insn_mode mode)
{
	return (struct cursor){
		.bytes = bytes,
		.count = MIN(count, INSN_MAX_LENGTH),
		.mode = mode,
		.segment = INSN_DS,
	};
}

static u32 operand_size(const struct cursor *cursor)
{
	bool wide = cursor->mode != INSN_REAL16;

	if (cursor->rex & REX_W)
		return 8;
	return wide != !!(cursor->prefixes & PREFIX_OPERAND) ? 4 : 2;
}

static u32 address_size(const struct cursor *cursor)
{
	bool override = cursor->prefixes & PREFIX_ADDRESS;

	if (cursor->mode == INSN_LONG64)
		return override ? 4 : 8;
	return (cursor->mode == INSN_PROT32) != override ? 4 : 2;
}

static bool is_memory(u8 modrm)
{
	return modrm < 0xc0;
}

/* Skips the SIB byte and displacement of a memory operand. */
static bool skip_address(struct cursor *cursor, u8 modrm)
{
	u8 mod = modrm >> 6;
	u8 base = modrm & 7;
	u8 sib;

	if (address_size(cursor) == 2) {
		if (mod == 0)
			return advance(cursor, base == 6 ? 2 : 0);
		return advance(cursor, mod);
	}
	if (base == 4) {
		if (!next(cursor, &sib))
			return false;
		base = sib & 7;
	}
	if (mod == 0)
		return advance(cursor, base == 5 ? 4 : 0);
	return advance(cursor, mod == 1 ? 1 : 4);
}

static bool next_immediate(struct cursor *cursor, u32 size, u64 *value)
{
	u32 unused = 64 - 8 * size;
	u64 raw = 0;

	if (!advance(cursor, size))
		return false;
	for (u32 i = 1; i <= size; i++)
		raw = raw << 8 | cursor->bytes[cursor->at - i];
	*value = (u64)((s64)(raw << unused) >> unused);
	return true;
}

u32 insn_length_prefixed(const u8 *bytes, u32 count, enum insn_mode mode, enum insn_kind kind)
{
	struct cursor cursor = cursor_at(bytes, count, mode);
	u32 length = (u32)kind >> 24;
	u32 wanted = (u32)kind;
	u8 byte;

	if (!start(&cursor, &byte))
		return 0;
	if (kind == INSN_PAUSE) {
		/* PAUSE is NOP with F3, which is now among the prefixes. */
		if (!(cursor.prefixes & PREFIX_REPE))
			return 0;
		wanted >>= 8;
		length--;
	}
	while (byte == (u8)wanted) {
		if (--length == 0)
			return cursor.at;
		wanted >>= 8;
		if (!next(&cursor, &byte))
			return 0;
	}
	return 0;
}

#define FORM_MODRM    BIT(0)
#define FORM_OFFSET   BIT(1) /* the address follows the opcode, the register is rAX */
#define FORM_BYTE     BIT(2) /* memory operand of fixed width, else the operand size */
#define FORM_WORD     BIT(3)
#define FORM_DWORD    BIT(4)
#define FORM_FIRST    BIT(5)  /* the register is the first operand */
#define FORM_GROUP1   BIT(6)  /* the operation is in ModRM.reg */
#define FORM_ALIAS0   BIT(7)  /* ModRM.reg is 0 or, with the same meaning, 1 */
#define FORM_ONLY0    BIT(8)  /* ModRM.reg is 0 */
#define FORM_IMM8     BIT(9)  /* sign-extended byte */
#define FORM_IMM      BIT(10) /* operand size, at most 4 bytes, sign-extended */
#define FORM_EXTEND   BIT(11) /* the register has the operand size whatever memory has */
#define FORM_SIGN     BIT(12)
#define FORM_LONGONLY BIT(13)
#define FORM_WIDE     BIT(14) /* 4 bytes in 16-bit modes too */

/* Opcodes with flags 0 are not supported. */
struct form {
	u8 operation;
	u16 flags;
};

#define ALU_ROW(operation)                                                                         \
	[8 * (operation)] = {operation, FORM_MODRM | FORM_BYTE},                                   \
	     [8 * (operation) + 1] = {operation, FORM_MODRM},                                      \
	     [8 * (operation) + 2] = {operation, FORM_MODRM | FORM_BYTE | FORM_FIRST},             \
	     [8 * (operation) + 3] = {operation, FORM_MODRM | FORM_FIRST}

static const struct form one_byte[256] = {
	ALU_ROW(INSN_ADD),
	ALU_ROW(INSN_OR),
	ALU_ROW(INSN_ADC),
	ALU_ROW(INSN_SBB),
	ALU_ROW(INSN_AND),
	ALU_ROW(INSN_SUB),
	ALU_ROW(INSN_XOR),
	ALU_ROW(INSN_CMP),
	[0x63] = {INSN_MOVE,
		FORM_MODRM | FORM_FIRST | FORM_DWORD | FORM_EXTEND | FORM_SIGN | FORM_LONGONLY},
	[0x80] = {0, FORM_MODRM | FORM_GROUP1 | FORM_IMM8 | FORM_BYTE},
	[0x81] = {0, FORM_MODRM | FORM_GROUP1 | FORM_IMM},
	[0x83] = {0, FORM_MODRM | FORM_GROUP1 | FORM_IMM8},
	[0x84] = {INSN_TEST, FORM_MODRM | FORM_BYTE},
	[0x85] = {INSN_TEST, FORM_MODRM},
	[0x86] = {INSN_EXCHANGE, FORM_MODRM | FORM_BYTE},
	[0x87] = {INSN_EXCHANGE, FORM_MODRM},
	[0x88] = {INSN_MOVE, FORM_MODRM | FORM_BYTE},
	[0x89] = {INSN_MOVE, FORM_MODRM},
	[0x8a] = {INSN_MOVE, FORM_MODRM | FORM_BYTE | FORM_FIRST},
	[0x8b] = {INSN_MOVE, FORM_MODRM | FORM_FIRST},
	[0xa0] = {INSN_MOVE, FORM_OFFSET | FORM_BYTE | FORM_FIRST},
	[0xa1] = {INSN_MOVE, FORM_OFFSET | FORM_FIRST},
	[0xa2] = {INSN_MOVE, FORM_OFFSET | FORM_BYTE},
	[0xa3] = {INSN_MOVE, FORM_OFFSET},
	[0xc6] = {INSN_MOVE, FORM_MODRM | FORM_ONLY0 | FORM_IMM8 | FORM_BYTE},
	[0xc7] = {INSN_MOVE, FORM_MODRM | FORM_ONLY0 | FORM_IMM},
	[0xf6] = {INSN_TEST, FORM_MODRM | FORM_ALIAS0 | FORM_IMM8 | FORM_BYTE},
	[0xf7] = {INSN_TEST, FORM_MODRM | FORM_ALIAS0 | FORM_IMM},
};

static const struct form two_byte[256] = {
	[0xb6] = {INSN_MOVE, FORM_MODRM | FORM_FIRST | FORM_BYTE | FORM_EXTEND},
	[0xb7] = {INSN_MOVE, FORM_MODRM | FORM_FIRST | FORM_WORD | FORM_EXTEND},
	[0xbe] = {INSN_MOVE, FORM_MODRM | FORM_FIRST | FORM_BYTE | FORM_EXTEND | FORM_SIGN},
	[0xbf] = {INSN_MOVE, FORM_MODRM | FORM_FIRST | FORM_WORD | FORM_EXTEND | FORM_SIGN},
	[0xc3] = {INSN_MOVE, FORM_MODRM | FORM_WIDE}, /* MOVNTI */
};

static bool next_form(struct cursor *cursor, struct form *form)
{
	u8 opcode;

	if (!start(cursor, &opcode))
		return false;
	if (opcode != 0x0f) {
		*form = one_byte[opcode];
	} else {
		if (!next(cursor, &opcode))
			return false;
		*form = two_byte[opcode];
	}
	return form->flags && (!(form->flags & FORM_LONGONLY) || cursor->mode == INSN_LONG64);
}

/* Reads ModRM, if any, and the address; settles operation and register operand. */
static bool next_operands(struct cursor *cursor, const struct form *form, struct insn_mmio *out)
{
	u8 modrm, reg;

	out->operation = form->operation;
	if (form->flags & FORM_OFFSET)
		return advance(cursor, address_size(cursor));
	if (!next(cursor, &modrm) || !is_memory(modrm) || !skip_address(cursor, modrm))
		return false;
	reg = modrm >> 3 & 7;
	if (form->flags & FORM_GROUP1) {
		out->operation = reg;
	} else if (form->flags & FORM_ONLY0) {
		return reg == 0;
	} else if (form->flags & FORM_ALIAS0) {
		return reg <= 1;
	} else if (out->register_size == 1 && !cursor->rex && reg >= 4) {
		out->high_byte = true;
		out->gpr = reg - 4;
	} else {
		out->gpr = reg | (cursor->rex & REX_R ? 8 : 0);
	}
	return true;
}

static u32 memory_size(u32 flags, u32 operand)
{
	if (flags & FORM_BYTE)
		return 1;
	if (flags & FORM_WORD)
		return 2;
	if (flags & FORM_DWORD)
		return MIN(operand, 4u);
	return flags & FORM_WIDE ? MAX(operand, 4u) : operand;
}

static void set_effects(struct insn_mmio *out)
{
	bool compares = out->operation == INSN_CMP || out->operation == INSN_TEST;
	bool exchanges = out->operation == INSN_EXCHANGE;

	out->reads = out->operation != INSN_MOVE || out->register_first;
	out->writes = !out->register_first && !compares;
	out->sets_register = (out->register_first && !compares) || exchanges;
}

bool insn_decode_mmio(const u8 *bytes, u32 count, enum insn_mode mode, struct insn_mmio *out)
{
	struct cursor cursor = cursor_at(bytes, count, mode);
	struct form form;
	u32 operand;

	if (!next_form(&cursor, &form))
		return false;
	operand = operand_size(&cursor);
	*out = (struct insn_mmio){
		.size = memory_size(form.flags, operand),
		.has_immediate = form.flags & (FORM_IMM8 | FORM_IMM),
		.register_first = form.flags & FORM_FIRST,
		.sign_extend = form.flags & FORM_SIGN,
	};
	out->register_size = form.flags & FORM_EXTEND ? operand : out->size;
	if (!next_operands(&cursor, &form, out))
		return false;
	if (out->has_immediate) {
		u32 size = form.flags & FORM_IMM8 ? 1 : MIN(operand, 4u);

		if (!next_immediate(&cursor, size, &out->immediate))
			return false;
	}
	set_effects(out);
	out->length = cursor.at;
	return true;
}

/* The rest of 0F 20 to 0F 23: bit 0 is "debug register", bit 1 is "write". */
static void set_move(const struct cursor *cursor, u8 opcode, u8 modrm, struct insn_control *out)
{
	out->kind = opcode & 1 ? INSN_MOV_DR : INSN_MOV_CR;
	out->number = (modrm >> 3 & 7) | (cursor->rex & REX_R ? 8 : 0);
	out->gpr = (modrm & 7) | (cursor->rex & REX_B ? 8 : 0);
	out->size = cursor->mode == INSN_LONG64 ? 8 : 4;
	out->writes = opcode & 2;
	/* LOCK is the other way to reach CR8 (APM vol. 3, MOV CRn). */
	if (out->kind == INSN_MOV_CR && cursor->prefixes & PREFIX_LOCK)
		out->number |= 8;
}

/* The rest of 0F 01: ModRM.reg 4 is SMSW, 6 is LMSW. False: another instruction, or memory. */
static bool set_status_word(const struct cursor *cursor, u8 modrm, struct insn_control *out)
{
	u8 reg = modrm >> 3 & 7;

	if (is_memory(modrm) || (reg != 4 && reg != 6))
		return false;
	out->kind = reg == 4 ? INSN_SMSW : INSN_LMSW;
	out->gpr = (modrm & 7) | (cursor->rex & REX_B ? 8 : 0);
	out->size = reg == 4 ? operand_size(cursor) : 2;
	out->writes = reg == 6;
	return true;
}

bool insn_decode_control(const u8 *bytes, u32 count, enum insn_mode mode, struct insn_control *out)
{
	struct cursor cursor = cursor_at(bytes, count, mode);
	u8 opcode, modrm;

	if (!start(&cursor, &opcode) || opcode != 0x0f || !next(&cursor, &opcode))
		return false;
	*out = (struct insn_control){.kind = INSN_CLTS, .length = cursor.at, .writes = true};
	if (opcode == 0x06)
		return true;
	if (!next(&cursor, &modrm))
		return false;
	out->length = cursor.at;
	if (opcode == 0x01)
		return set_status_word(&cursor, modrm, out);
	if (opcode < 0x20 || opcode > 0x23)
		return false;
	set_move(&cursor, opcode, modrm, out);
	return true;
}

bool insn_decode_port(const u8 *bytes, u32 count, enum insn_mode mode, struct insn_port *out)
{
	struct cursor cursor = cursor_at(bytes, count, mode);
	u8 opcode, row;

	if (!start(&cursor, &opcode))
		return false;
	row = opcode & ~3; /* four opcodes each: bit 0 is "not byte", bit 1 is "out" */
	if (row != 0x6c && row != 0xe4 && row != 0xec)
		return false;
	if (row == 0xe4 && !advance(&cursor, 1))
		return false;
	*out = (struct insn_port){
		.length = cursor.at,
		.size = opcode & 1 ? MIN(operand_size(&cursor), 4u) : 1,
		.address_size = address_size(&cursor),
		.out = opcode & 2,
		.string = row == 0x6c,
		.rep = row == 0x6c && cursor.prefixes & (PREFIX_REPE | PREFIX_REPNE),
	};
	/* INS stores through ES and takes no override (APM vol. 3, INS). */
	out->segment = out->string && !out->out ? INSN_ES : cursor.segment;
	return true;
}
