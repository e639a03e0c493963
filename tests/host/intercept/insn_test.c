/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoder against two oracles: encodings from the GNU assembler (insn_vectors.def), and
 * results from the processor that runs the test, on the very bytes that the decoder is given.
 */
#include "core/intercept/insn.h"
#include "tests/host/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum vector_kind { VECTOR_KIND, VECTOR_MMIO, VECTOR_REFUSED, VECTOR_CONTROL, VECTOR_PORT };

struct vector {
	enum vector_kind kind;
	enum insn_mode mode;
	const char *bytes;
	u32 length;
	enum insn_kind insn;
	struct insn_mmio mmio;
	struct insn_control control;
	struct insn_port port;
};

#define VECTOR(which, insn_mode, text)                                                             \
	.kind = which, .mode = insn_mode, .bytes = text, .length = sizeof(text) - 1
#define KIND(mode, text, name) {VECTOR(VECTOR_KIND, mode, text), .insn = name},
#define REFUSED(mode, text)    {VECTOR(VECTOR_REFUSED, mode, text)},
#define MMIO(mode, text, operation, size, reads, writes, sets, first, gpr, high, wide, sign, has,  \
	immediate)                                                                                 \
	{VECTOR(VECTOR_MMIO, mode, text),                                                          \
		.mmio = {sizeof(text) - 1, operation, size, reads, writes, sets, first, has, high, \
			sign, gpr, wide, immediate}},
#define CONTROL(mode, text, kind, number, gpr, size, writes)                                       \
	{VECTOR(VECTOR_CONTROL, mode, text),                                                       \
		.control = {sizeof(text) - 1, kind, number, gpr, size, writes}},
#define PORT(mode, text, size, width, segment, out, string, rep)                                   \
	{VECTOR(VECTOR_PORT, mode, text),                                                          \
		.port = {sizeof(text) - 1, size, width, segment, out, string, rep}},

static const struct vector vectors[] = {
#include "tests/host/intercept/insn_vectors.def"
};

/* A copy that ends where the allocation does, so that a sanitizer sees every excess read. */
static u8 *exact_copy(const void *bytes, u32 count)
{
	u8 *copy = malloc(count ? count : 1);

	memcpy(copy, bytes, count);
	return copy;
}

static bool same_mmio(const struct insn_mmio *a, const struct insn_mmio *b)
{
	return a->length == b->length && a->operation == b->operation && a->size == b->size &&
	       a->reads == b->reads && a->writes == b->writes &&
	       a->sets_register == b->sets_register && a->register_first == b->register_first &&
	       a->has_immediate == b->has_immediate && a->high_byte == b->high_byte &&
	       a->sign_extend == b->sign_extend && a->gpr == b->gpr &&
	       a->register_size == b->register_size && a->immediate == b->immediate;
}

/* Decodes `bytes` as the vector's kind. True if it is an instruction, and the expected one. */
static bool decodes(const struct vector *vector, const u8 *bytes, u32 count, bool *accepted)
{
	struct insn_mmio mmio;
	struct insn_control control;
	struct insn_port port;
	u32 length;

	switch (vector->kind) {
	case VECTOR_KIND:
		length = insn_length(bytes, count, vector->mode, vector->insn);
		*accepted = length != 0;
		return length == vector->length;
	case VECTOR_CONTROL:
		*accepted = insn_decode_control(bytes, count, vector->mode, &control);
		return *accepted && !memcmp(&control, &vector->control, sizeof(control));
	case VECTOR_PORT:
		*accepted = insn_decode_port(bytes, count, vector->mode, &port);
		return *accepted && !memcmp(&port, &vector->port, sizeof(port));
	default:
		*accepted = insn_decode_mmio(bytes, count, vector->mode, &mmio);
		return *accepted && same_mmio(&mmio, &vector->mmio);
	}
}

static void explain(const struct vector *vector, u32 count)
{
	printf("mode %d, %u of:", vector->mode, count);
	for (u32 i = 0; i < vector->length; i++)
		printf(" %02x", (u8)vector->bytes[i]);
	printf("\n");
}

/* Every prefix of every encoding: refused until complete, then as described, whatever follows. */
static void check_vector(const struct vector *vector)
{
	bool refused = vector->kind == VECTOR_REFUSED;
	u8 padded[32];
	bool accepted;

	for (u32 count = 0; count <= vector->length; count++) {
		u8 *bytes = exact_copy(vector->bytes, count);
		bool expected = decodes(vector, bytes, count, &accepted);

		if (count < vector->length || refused)
			expected = !accepted;
		if (!expected)
			explain(vector, count);
		CHECK(expected);
		free(bytes);
	}
	for (u32 fill = 0; fill < 256; fill += 51) {
		memset(padded, (int)fill, sizeof(padded));
		memcpy(padded, vector->bytes, vector->length);
		CHECK(decodes(vector, padded, sizeof(padded), &accepted) || refused);
		CHECK(!refused || !accepted);
	}
}

TEST(insn_vectors)
{
	for (u32 i = 0; i < ARRAY_SIZE(vectors); i++)
		check_vector(&vectors[i]);
	CHECK(ARRAY_SIZE(vectors) > 1000);
}

static const u8 legacy[] = {
	0x66,
	0x67,
	0xf2,
	0xf3,
	0xf0,
	0x2e,
	0x36,
	0x3e,
	0x26,
	0x64,
	0x65,
};

/* The encoding of `vector` behind three chosen prefixes, where the first choice is "none". */
static u32 with_prefixes(const struct vector *vector, u32 choice, u8 bytes[32])
{
	u32 count = 0;

	for (; choice; choice /= ARRAY_SIZE(legacy) + 1) {
		u32 prefix = choice % (ARRAY_SIZE(legacy) + 1);

		if (prefix)
			bytes[count++] = legacy[prefix - 1];
	}
	memcpy(bytes + count, vector->bytes, vector->length);
	return count + vector->length;
}

static void check_prefixes(const struct vector *vector)
{
	u32 choices =
		(ARRAY_SIZE(legacy) + 1) * (ARRAY_SIZE(legacy) + 1) * (ARRAY_SIZE(legacy) + 1);

	for (u32 choice = 0; choice < choices; choice++) {
		u8 bytes[32] = {0};
		u32 length = with_prefixes(vector, choice, bytes);
		u8 *copy = exact_copy(bytes, length);

		CHECK(insn_length(bytes, 15, vector->mode, vector->insn) == length);
		CHECK(insn_length(copy, length, vector->mode, vector->insn) == length);
		CHECK(insn_length(copy, length - 1, vector->mode, vector->insn) == 0);
		free(copy);
	}
}

TEST(insn_prefixes)
{
	for (u32 i = 0; i < ARRAY_SIZE(vectors); i++)
		if (vectors[i].kind == VECTOR_KIND)
			check_prefixes(&vectors[i]);
}

TEST(insn_kinds_are_distinct)
{
	for (u32 i = 0; i < ARRAY_SIZE(vectors); i++) {
		for (u32 j = 0; j < ARRAY_SIZE(vectors); j++) {
			const struct vector *a = &vectors[i], *b = &vectors[j];
			u8 bytes[16] = {0};

			if (a->kind != VECTOR_KIND || b->kind != VECTOR_KIND || a->insn == b->insn)
				continue;
			memcpy(bytes, a->bytes, a->length);
			CHECK(insn_length(bytes, sizeof(bytes), a->mode, b->insn) == 0);
		}
	}
}

TEST(insn_rex)
{
	static const u8 rex_cpuid[] = {0x48, 0x0f, 0xa2, 0};
	static const u8 rex_first[] = {0x48, 0x66, 0x0f, 0xa2};
	static const u8 two_rex[] = {0x40, 0x4f, 0x0f, 0xa2};
	static const u8 pause[] = {0xf3, 0x66, 0x90, 0};
	static const u8 nop[] = {0x66, 0x90, 0, 0};
	/* REX.W counts only right before the opcode: this is a 16-bit, then a 64-bit store of CX.
	 */
	static const u8 lost[] = {0x48, 0x66, 0x89, 0x08};
	static const u8 kept[] = {0x66, 0x4c, 0x89, 0x08};
	struct insn_mmio insn;

	CHECK(insn_length(rex_cpuid, 4, INSN_LONG64, INSN_CPUID) == 3);
	CHECK(insn_length(rex_cpuid, 4, INSN_PROT32, INSN_CPUID) == 0);
	CHECK(insn_length(rex_cpuid, 4, INSN_REAL16, INSN_CPUID) == 0);
	CHECK(insn_length(rex_first, 4, INSN_LONG64, INSN_CPUID) == 4);
	CHECK(insn_length(two_rex, 4, INSN_LONG64, INSN_CPUID) == 4);
	CHECK(insn_length(pause, 4, INSN_LONG64, INSN_PAUSE) == 3);
	CHECK(insn_length(nop, 4, INSN_LONG64, INSN_PAUSE) == 0);
	CHECK(insn_decode_mmio(lost, 4, INSN_LONG64, &insn) && insn.size == 2 && insn.gpr == 1);
	CHECK(insn_decode_mmio(kept, 4, INSN_LONG64, &insn) && insn.size == 8 && insn.gpr == 9);
}

TEST(insn_longest)
{
	/* lock add $imm32, disp32(%rax,%rbx) padded with prefixes to 15 and to 16 bytes */
	static const u8 bytes[] = {
		0x3e, 0x3e, 0x3e, 0xf0, 0x81, 0x84, 0x18, 1, 2, 3, 4, 5, 6, 7, 0x88};
	u8 longer[16] = {0x3e};
	u8 prefixes[64];
	struct insn_mmio insn;

	CHECK(insn_decode_mmio(bytes, sizeof(bytes), INSN_LONG64, &insn));
	CHECK(insn.length == 15 && insn.immediate == 0xffffffff88070605ull);
	memcpy(longer + 1, bytes, sizeof(bytes));
	CHECK(!insn_decode_mmio(longer, sizeof(longer), INSN_LONG64, &insn));
	memset(prefixes, 0x66, sizeof(prefixes));
	CHECK(!insn_decode_mmio(prefixes, sizeof(prefixes), INSN_PROT32, &insn));
	CHECK(insn_length(prefixes, sizeof(prefixes), INSN_PROT32, INSN_HLT) == 0);
}

/* Arbitrary bytes in an exact allocation: no excess read, and lengths that fit. */
TEST(insn_garbage)
{
	for (u32 round = 0; round < 100000; round++) {
		u8 random[16];
		struct insn_mmio mmio;
		struct insn_control control;
		struct insn_port port;
		u32 count = round % 17;
		enum insn_mode mode = round % 3;
		u8 *bytes;

		for (u32 i = 0; i < sizeof(random); i++)
			random[i] = (u8)test_random();
		if (round & 32)
			random[0] = 0x0f;
		bytes = exact_copy(random, count);
		CHECK(!insn_decode_mmio(bytes, count, mode, &mmio) ||
			(mmio.length <= MIN(count, 15) && mmio.gpr < 16));
		CHECK(!insn_decode_control(bytes, count, mode, &control) ||
			control.length <= MIN(count, 15));
		CHECK(!insn_decode_port(bytes, count, mode, &port) ||
			port.length <= MIN(count, 15));
		CHECK(insn_length(bytes, count, mode, INSN_CPUID) <= MIN(count, 15));
		free(bytes);
	}
}

/* What the processor made of an instruction with operands (%rdi), that is `memory`, and rAX. */
struct native {
	u64 memory;
	u64 rax;
	u64 rflags;
};

#define STATUS_FLAGS	0x8d5ull
#define AUXILIARY_CARRY 0x10ull

/* Executes `code`, which must not touch other registers, in the page at `page`. */
static void run_native(u8 *page, const u8 *code, u32 length, struct native *state)
{
	/* mov 8(%rdi), %rax; pushq 16(%rdi); popfq */
	static const u8 before[] = {0x48, 0x8b, 0x47, 0x08, 0xff, 0x77, 0x10, 0x9d};
	/* pushfq; popq 16(%rdi); mov %rax, 8(%rdi); ret */
	static const u8 after[] = {0x9c, 0x8f, 0x47, 0x10, 0x48, 0x89, 0x47, 0x08, 0xc3};
	u8 *start = page + 64;

	memcpy(start, before, sizeof(before));
	memcpy(start + sizeof(before), code, length);
	memcpy(start + sizeof(before) + length, after, sizeof(after));
	((void (*)(struct native *))(uintptr_t)start)(state);
}

static void check_native(
	u8 *page, const u8 *code, const struct insn_mmio *insn, struct native state)
{
	struct insn_result result = insn_apply(insn, state.memory, state.rax, state.rflags);
	bool logic = insn->operation == INSN_OR || insn->operation == INSN_AND ||
		     insn->operation == INSN_XOR || insn->operation == INSN_TEST;
	u64 flags = STATUS_FLAGS & ~(logic ? AUXILIARY_CARRY : 0);
	u64 kept = insn->size == 8 ? 0 : ~0ull << (8 * insn->size);
	u64 old = state.memory;

	run_native(page, code, insn->length, &state);
	CHECK(result.gpr == state.rax);
	CHECK(((result.rflags ^ state.rflags) & flags) == 0);
	CHECK((result.memory & kept) == 0);
	CHECK(((old & kept) | (insn->writes ? result.memory : old & ~kept)) == state.memory);
}

static const u64 samples[] = {
	0,
	1,
	0x7f,
	0x80,
	0xff,
	0x7fff,
	0x8000,
	0x7fffffff,
	0x80000000,
	0xfee0000f,
	~0ull,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x0123456789abcdef,
	0x8421fedcba987f80,
};

static void check_samples(u8 *page, const u8 *code, const struct insn_mmio *insn)
{
	for (u32 i = 0; i < ARRAY_SIZE(samples); i++)
		for (u32 j = 0; j < ARRAY_SIZE(samples); j++)
			for (u64 carry = 0; carry < 2; carry++)
				check_native(page, code, insn,
					(struct native){samples[i], samples[j], 0x202 | carry});
}

/* Runs one encoding if it is supported and its register is rAX or AH. */
static bool try_native(u8 *page, const u8 *code)
{
	struct insn_mmio insn;

	if (!insn_decode_mmio(code, 15, INSN_LONG64, &insn) || insn.gpr != 0)
		return false;
	check_samples(page, code, &insn);
	return true;
}

/* All opcodes of both maps, all ModRM.reg, three operand sizes. */
TEST(insn_results)
{
	static const u8 sizes[] = {0x3e, 0x66, 0x48}; /* 3E is ignored */
	u8 *page = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u32 executed = 0;

	CHECK(page != MAP_FAILED);
	for (u32 i = 0; i < ARRAY_SIZE(sizes) * 256 * 8; i++) {
		u8 opcode = (u8)(i / 8);
		u8 modrm = (u8)(i % 8 << 3 | 7);
		u8 size = sizes[i / 2048];
		const u8 one[16] = {size, opcode, modrm, 0x8f, 0xff, 0x7f, 0x80};
		const u8 two[16] = {size, 0x0f, opcode, modrm};

		if (opcode < 0xa0 || opcode > 0xa3) /* these have an address of their own */
			executed += try_native(page, one);
		if (opcode != 0xc3 || size != 0x66) /* there is no 16-bit MOVNTI */
			executed += try_native(page, two);
	}
	CHECK(executed > 200);
	munmap(page, 4096);
}

TEST(insn_control_values)
{
	struct insn_control insn = {.kind = INSN_MOV_CR, .size = 4, .writes = true};

	CHECK(insn_control_value(&insn, 5, 0xffffffff80000011ull) == 0x80000011);
	insn.size = 8;
	CHECK(insn_control_value(&insn, 5, 0xffffffff80000011ull) == 0xffffffff80000011ull);
	insn.kind = INSN_CLTS;
	CHECK(insn_control_value(&insn, 0x8005003b, 0) == 0x80050033);
	insn.kind = INSN_LMSW;
	CHECK(insn_control_value(&insn, 0x80000011, 0xfffe) == 0x8000001f);
	CHECK(insn_control_value(&insn, 0x10, 0x1) == 0x11);
	CHECK(insn_control_value(&insn, 0x1e, 0x0) == 0x10);
	insn = (struct insn_control){.kind = INSN_MOV_CR, .size = 8};
	CHECK(insn_control_value(&insn, 5, 7) == 5);
}

TEST(insn_modes)
{
	CHECK(insn_mode_of(true, false) == INSN_LONG64);
	CHECK(insn_mode_of(false, true) == INSN_PROT32);
	CHECK(insn_mode_of(false, false) == INSN_REAL16);
}
