/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoder for the few instructions whose intercepts need software help: the machine may lack
 * next-RIP save and decode assists (CPUID Fn8000_000A EDX bits 3 and 7), so lengths and operands
 * are taken from the instruction bytes. Pure; never reads more than `count` bytes (15 are enough).
 */
#ifndef CORE_INTERCEPT_INSN_H
#define CORE_INTERCEPT_INSN_H

#include "core/lib/types.h"

#define INSN_MAX_LENGTH 15

/* Default operand and address size. 16-bit protected code and virtual-8086 count as REAL16. */
enum insn_mode { INSN_REAL16, INSN_PROT32, INSN_LONG64 };

static inline enum insn_mode insn_mode_of(bool cs_long, bool cs_default)
{
	if (cs_long)
		return INSN_LONG64;
	return cs_default ? INSN_PROT32 : INSN_REAL16;
}

/* Instructions without operand bytes. The value is the encoding: length << 24 | bytes. */
enum insn_kind {
	INSN_HLT = 0x010000f4,
	INSN_PAUSE = 0x020090f3, /* the F3 may be anywhere among the prefixes */
	INSN_INVD = 0x0200080f,
	INSN_WBINVD = 0x0200090f,
	INSN_WRMSR = 0x0200300f,
	INSN_RDTSC = 0x0200310f,
	INSN_RDMSR = 0x0200320f,
	INSN_RDPMC = 0x0200330f,
	INSN_CPUID = 0x0200a20f,
	INSN_MONITOR = 0x03c8010f,
	INSN_MWAIT = 0x03c9010f,
	INSN_XSETBV = 0x03d1010f,
	INSN_VMRUN = 0x03d8010f,
	INSN_VMMCALL = 0x03d9010f,
	INSN_VMLOAD = 0x03da010f,
	INSN_VMSAVE = 0x03db010f,
	INSN_STGI = 0x03dc010f,
	INSN_CLGI = 0x03dd010f,
	INSN_SKINIT = 0x03de010f,
	INSN_INVLPGA = 0x03df010f,
	INSN_RDTSCP = 0x03f9010f,
};

/* Length of the intercepted `kind` that starts at `bytes`; 0 if something else stands there. */
u32 insn_length_prefixed(const u8 *bytes, u32 count, enum insn_mode mode, enum insn_kind kind);

/* The same, with the unprefixed encoding, which is nearly every exit, decided by one compare. */
static inline u32 insn_length(const u8 *bytes, u32 count, enum insn_mode mode, enum insn_kind kind)
{
	u32 length = (u32)kind >> 24;
	u32 word;

	if (__builtin_expect(count >= sizeof(word), 1)) {
		__builtin_memcpy(&word, bytes, sizeof(word));
		/* Shift out what follows the opcode, then any difference is in the opcode. */
		if (__builtin_expect((word ^ (u32)kind) << (32 - 8 * length) == 0, 1))
			return length;
	}
	return insn_length_prefixed(bytes, count, mode, kind);
}

/* The first eight equal the operation field of opcodes 00-3F and of group 1 (APM vol. 3 §A.1). */
enum insn_operation {
	INSN_ADD,
	INSN_OR,
	INSN_ADC,
	INSN_SBB,
	INSN_AND,
	INSN_SUB,
	INSN_XOR,
	INSN_CMP,
	INSN_TEST,
	INSN_MOVE,
	INSN_EXCHANGE,
};

/* An instruction with one memory operand; the other operand is a register or an immediate. */
struct insn_mmio {
	u8 length;
	u8 operation; /* enum insn_operation */
	u8 size;      /* bytes accessed in memory: 1, 2, 4, 8 */
	bool reads;   /* what it does with memory and with the register operand */
	bool writes;
	bool sets_register;
	bool register_first; /* the register is the first (left) operand, memory the second */
	bool has_immediate;
	bool high_byte;	  /* the register operand is AH, CH, DH or BH, i.e. bits 15:8 of `gpr` */
	bool sign_extend; /* MOVSX and MOVSXD; other loads zero-extend to register_size */
	u8 gpr;		  /* 0-15 in encoding order (RAX RCX RDX RBX RSP ...) */
	u8 register_size; /* bytes of the register operand; differs from size for MOVZX/MOVSX */
	u64 immediate;	  /* sign-extended to 64 bits */
};

/*
 * MOV in all memory forms, MOVZX, MOVSX, MOVSXD, MOVNTI, XCHG, TEST and the arithmetic and logic
 * rows with a memory operand. False: truncated, unsupported (strings, SSE, ...), or no memory.
 */
bool insn_decode_mmio(const u8 *bytes, u32 count, enum insn_mode mode, struct insn_mmio *out);

/* What memory, register and RFLAGS hold after the instruction. */
struct insn_result {
	u64 memory; /* to be stored if `writes`; zero above `size` */
	u64 gpr;    /* the whole 64-bit register, merged as its size demands */
	u64 rflags;
};

/* `memory` matters only if `reads`; `gpr` is the whole register number insn->gpr. */
struct insn_result insn_apply(const struct insn_mmio *insn, u64 memory, u64 gpr, u64 rflags);

enum insn_control_kind { INSN_MOV_CR, INSN_MOV_DR, INSN_CLTS, INSN_LMSW, INSN_SMSW };

struct insn_control {
	u8 length;
	u8 kind;     /* enum insn_control_kind */
	u8 number;   /* of the control or debug register: 0-15 */
	u8 gpr;	     /* 0-15; unused by CLTS */
	u8 size;     /* bytes of the register operand */
	bool writes; /* to the control or debug register */
};

/* MOV to and from CRn and DRn, CLTS, and the register forms of LMSW and SMSW. */
bool insn_decode_control(const u8 *bytes, u32 count, enum insn_mode mode, struct insn_control *out);

/* Value that a writing instruction puts in the control register that held `old`. */
u64 insn_control_value(const struct insn_control *insn, u64 old, u64 gpr);

enum insn_segment { INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS };

struct insn_port {
	u8 length;
	u8 size;	 /* 1, 2, 4 */
	u8 address_size; /* 2, 4, 8: width of rCX and of rSI or rDI in the string forms */
	u8 segment;	 /* enum insn_segment of the memory operand of the string forms */
	bool out;
	bool string;
	bool rep;
};

/* IN, OUT, INS, OUTS. */
bool insn_decode_port(const u8 *bytes, u32 count, enum insn_mode mode, struct insn_port *out);

#endif
