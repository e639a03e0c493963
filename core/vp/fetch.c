/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a VP's own instructions, which the hardware may not hand over. The host address of the
 * last code page is remembered: most intercepts of a VP come from the same few places, and a
 * page walk would cost more than everything else an intercept does.
 */
#include "core/hypervisor.h"
#include "core/intercept/insn.h"
#include "core/lib/string.h"
#include "core/memory/walk.h"
#include "core/vp/vp.h"

static bool read_entry(void *reader, u64 gpa, u32 size, u64 *value)
{
	struct vp *vp = reader;
	const void *memory = partition_memory(vp->partition, gpa, SLAT_READ);

	if (!memory)
		return false;
	*value = 0;
	memcpy(value, memory, size);
	return true;
}

static bool copy_bytes(void *reader, u64 gpa, void *to, u32 size)
{
	struct vp *vp = reader;
	const void *memory = partition_memory(vp->partition, gpa, SLAT_READ);

	if (!memory)
		return false;
	memcpy(to, memory, size);
	return true;
}

static bool update_entry(void *reader, u64 gpa, u32 size, u64 old, u64 new)
{
	struct vp *vp = reader;
	void *memory = partition_memory(vp->partition, gpa, SLAT_READ | SLAT_WRITE);
	u32 old32 = (u32)old;

	if (!memory)
		return false;
	if (size == 4)
		return __atomic_compare_exchange_n((u32 *)memory, &old32, (u32) new, false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return __atomic_compare_exchange_n(
		(u64 *)memory, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static const struct walk_ops vp_walk_ops = {
	.read = read_entry,
	.copy = copy_bytes,
	.update = update_entry,
};

void vp_walk_context(struct vp *vp, struct walk_context *context)
{
	context->cr0 = vp_register64(vp, HV_REGISTER_CR0);
	context->cr3 = vp_register64(vp, HV_REGISTER_CR3);
	context->cr4 = vp_register64(vp, HV_REGISTER_CR4);
	context->efer = vp_register64(vp, HV_REGISTER_EFER);
	context->phys_bits = 52;
	context->ops = &vp_walk_ops;
	context->reader = vp;
}

/* CS decides how bytes are read: mode for the decoder, base for the address. */
static enum insn_mode code_mode(struct vp *vp, u64 *linear)
{
	union hv_register_value cs;
	u64 efer = vp_register64(vp, HV_REGISTER_EFER);

	(void)hypervisor.backend->get_register(vp, HV_REGISTER_CS, &cs);
	if ((efer & BIT(10)) && (cs.segment.attributes & HV_SEGMENT_LONG)) {
		*linear = vp->regs.rip;
		return INSN_LONG64;
	}
	*linear = (u32)(cs.segment.base + vp->regs.rip);
	return insn_mode_of(false, cs.segment.attributes & HV_SEGMENT_DEFAULT);
}

u32 vp_fetch(struct vp *vp, u8 *bytes, enum insn_mode *mode)
{
	struct walk_context context;
	u64 linear;

	*mode = code_mode(vp, &linear);
	vp_walk_context(vp, &context);
	return walk_read(&context, linear, WALK_EXECUTE | WALK_EXEMPT, bytes, INSN_MAX_LENGTH);
}

void vp_forget_code(struct vp *vp)
{
	for (u32 i = 0; i < FETCH_SLOTS; i++)
		vp->fetch_slots[i].page_gva = FETCH_EMPTY;
}

/* Remembers where the code page lies, if it can be read. */
static void remember(struct vp *vp, u64 linear)
{
	struct fetch_slot *slot = &vp->fetch_slots[linear >> PAGE_SHIFT & (FETCH_SLOTS - 1)];
	struct walk_context context;
	struct walk_result result;

	slot->page_gva = FETCH_EMPTY;
	vp_walk_context(vp, &context);
	if (walk(&context, linear, WALK_EXECUTE | WALK_EXEMPT, &result) != WALK_OK)
		return;
	slot->page = partition_memory(vp->partition, ALIGN_DOWN(result.gpa, PAGE_SIZE), SLAT_READ);
	if (slot->page)
		slot->page_gva = ALIGN_DOWN(linear, PAGE_SIZE);
}

u32 vp_instruction_length_slow(struct vp *vp, u32 kind)
{
	u8 bytes[INSN_MAX_LENGTH];
	enum insn_mode mode;
	u32 count = vp_fetch(vp, bytes, &mode);
	u32 length = insn_length(bytes, count, mode, (enum insn_kind)kind);
	u64 linear;

	if (code_mode(vp, &linear) == INSN_LONG64)
		remember(vp, linear);
	/* Bytes that changed under us: what the processor decoded was at least this long. */
	return length ? length : kind >> 24;
}
