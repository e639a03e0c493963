/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/intercept/handlers.h"
#include "core/intercept/insn.h"
#include "core/log.h"
#include "core/lp.h"
#include "core/vp/features.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"

/* The hardware's length if it told one, else by decoding. */
static inline __attribute__((always_inline)) void find_length(
	struct vp *vp, struct intercept *intercept, enum insn_kind kind)
{
	if (!intercept->length)
		intercept->length = (u8)vp_instruction_length(vp, kind);
}

enum outcome handle_interrupt(struct vp *vp, struct intercept *intercept)
{
	(void)vp;
	(void)intercept;
	machine_take_interrupts();
	lp_publish(lp_self());
	return RESUME;
}

/* The NMI itself was taken when the world switch opened GIF; see lp_physical_nmi(). */
enum outcome handle_nmi(struct vp *vp, struct intercept *intercept)
{
	(void)vp;
	(void)intercept;
	return RESUME;
}

enum outcome handle_window(struct vp *vp, struct intercept *intercept)
{
	(void)intercept;
	vp->window_open = false;
	hypervisor.backend->window(vp, false);
	atomic_or(&vp->attention, ATTENTION_INTERRUPT);
	return RESUME;
}

enum outcome handle_cpuid(struct vp *vp, struct intercept *intercept)
{
	u32 out[4];

	find_length(vp, intercept, INSN_CPUID);
	vp_cpuid(vp, (u32)vp->regs.gpr[RAX], (u32)vp->regs.gpr[RCX], out);
	vp->regs.gpr[RAX] = out[0];
	vp->regs.gpr[RBX] = out[1];
	vp->regs.gpr[RCX] = out[2];
	vp->regs.gpr[RDX] = out[3];
	return ADVANCE;
}

static enum outcome msr_outcome(struct vp *vp, enum msr_outcome outcome, u64 gpa)
{
	switch (outcome) {
	case MSR_DONE:
	case MSR_SUSPEND:
		return ADVANCE;
	case MSR_RETRY:
		if (vp->partition->is_root || partition_covered(vp->partition, gpa))
			return FAULT_GP;
		message_memory(vp, gpa, INTERCEPT_WRITE, false);
		return RESUME;
	case MSR_FAULT:
		break;
	}
	return FAULT_GP;
}

static __attribute__((noinline)) enum outcome write_msr(struct vp *vp)
{
	const u64 *gpr = vp->regs.gpr;
	u64 value = gpr[RDX] << 32 | (u32)gpr[RAX];
	u64 gpa = 0;
	enum msr_outcome outcome = vp_write_msr(vp, (u32)gpr[RCX], value, &gpa);

	return msr_outcome(vp, outcome, gpa);
}

enum outcome handle_msr(struct vp *vp, struct intercept *intercept)
{
	u64 *gpr = vp->regs.gpr;
	enum msr_outcome outcome;
	u64 value = 0;

	if (intercept->access == INTERCEPT_WRITE) {
		find_length(vp, intercept, INSN_WRMSR);
		/* The most frequent write of all does not go the long way. */
		if ((u32)gpr[RCX] == MSR_X2APIC_EOI && !(u32)(gpr[RAX] | gpr[RDX]) &&
			vp_in_x2apic(vp)) {
			stat_vp(vp, ApicEoiAccesses)++;
			vp_end_of_interrupt(vp);
			return ADVANCE;
		}
		return write_msr(vp);
	}
	find_length(vp, intercept, INSN_RDMSR);
	outcome = vp_read_msr(vp, (u32)gpr[RCX], &value);
	if (outcome != MSR_FAULT) {
		gpr[RAX] = (u32)value;
		gpr[RDX] = value >> 32;
	}
	return msr_outcome(vp, outcome, 0);
}

enum outcome handle_hypercall(struct vp *vp, struct intercept *intercept)
{
	find_length(vp, intercept, INSN_VMMCALL);
	return hypercall_enter(vp);
}

enum outcome handle_halt(struct vp *vp, struct intercept *intercept)
{
	find_length(vp, intercept, INSN_HLT);
	vp->activity = VP_HALTED;
	atomic_or(&vp->attention, ATTENTION_INTERRUPT);
	return ADVANCE;
}

enum outcome handle_io(struct vp *vp, struct intercept *intercept)
{
	if (vp->partition->is_root)
		return handle_unexpected(vp, intercept);
	message_io_port(vp, intercept);
	return RESUME;
}

/* The root touched what it does not own: our memory, deposited pages, a physical APIC. */
static enum outcome refuse_root(struct vp *vp, const struct intercept *intercept)
{
	static const char *const names[] = {"read", "write", "fetch"};

	if (partition_may_log(vp->partition))
		log_warning("root VP %u: %s of protected GPA %#lx refused, RIP %#lx", vp->index,
			names[intercept->access], intercept->memory.gpa, vp->regs.rip);
	return FAULT_GP;
}

/* Overlays are read-only; a guest that writes to one gets #MC (TLFS "Statistics Pages"). */
enum outcome handle_memory(struct vp *vp, struct intercept *intercept)
{
	enum outcome outcome;

	/* A read can only have come before the overlay did. */
	if (partition_covered(vp->partition, intercept->memory.gpa))
		return intercept->access == INTERCEPT_READ ? RESUME : FAULT_MC;
	if (vp->partition->is_root)
		return refuse_root(vp, intercept);
	if (mmio_emulate(vp, intercept, &outcome))
		return outcome;
	message_memory(vp, intercept->memory.gpa, intercept->access, intercept->memory.table_walk);
	return RESUME;
}

static enum outcome write_cr8(struct vp *vp, u64 value)
{
	if (value > 15)
		return FAULT_GP;
	vp->apic.tpr = (u32)value << 4;
	stat_vp(vp, ApicTprAccesses)++;
	atomic_or(&vp->attention, ATTENTION_INTERRUPT);
	return ADVANCE;
}

#define CR0_PE	 BIT(0)
#define CR0_ET	 BIT(4)
#define CR0_NW	 BIT(29)
#define CR0_CD	 BIT(30)
#define CR0_PG	 BIT(31)
#define CR4_PAE	 BIT(5)
#define EFER_LME BIT(8)

/* What AMD APM vol. 2 §3.1.1 and §14.6 forbid. */
static bool cr0_legal(const struct vp *vp, u64 old, u64 value)
{
	u64 efer = vp_register64(vp, HV_REGISTER_EFER);
	union hv_register_value cs;

	if (value >> 32 || ((value & CR0_PG) && !(value & CR0_PE)) ||
		((value & CR0_NW) && !(value & CR0_CD)))
		return false;
	if (!(efer & EFER_LME) || !((old ^ value) & CR0_PG))
		return true;
	/* Long mode is entered and left from code that is not 64-bit. */
	(void)hypervisor.backend->get_register(vp, HV_REGISTER_CS, &cs);
	if (cs.segment.attributes & HV_SEGMENT_LONG)
		return false;
	return !(value & CR0_PG) || (vp_register64(vp, HV_REGISTER_CR4) & CR4_PAE);
}

static enum outcome write_cr0(struct vp *vp, u64 old, u64 value)
{
	if (!cr0_legal(vp, old, value))
		return FAULT_GP;
	vp_set_register64(vp, HV_REGISTER_CR0, value | CR0_ET);
	hypervisor.backend->flush(vp);
	return ADVANCE;
}

/* Intercepted are changes of CR0, and writes of CR8 while an interrupt waits. */
enum outcome handle_control_register(struct vp *vp, struct intercept *intercept)
{
	u8 bytes[INSN_MAX_LENGTH];
	struct insn_control insn;
	enum insn_mode mode;
	u32 count = vp_fetch(vp, bytes, &mode);
	u64 old;

	if (!insn_decode_control(bytes, count, mode, &insn) || insn.kind == INSN_MOV_DR)
		return handle_unexpected(vp, intercept);
	intercept->length = insn.length;
	if (insn.writes && insn.number == 8)
		return write_cr8(vp, vp->regs.gpr[insn.gpr]);
	if (!insn.writes || insn.number != 0)
		return handle_unexpected(vp, intercept);
	old = vp_register64(vp, HV_REGISTER_CR0);
	return write_cr0(vp, old, insn_control_value(&insn, old, vp->regs.gpr[insn.gpr]));
}

enum outcome handle_undefined(struct vp *vp, struct intercept *intercept)
{
	(void)vp;
	(void)intercept;
	return FAULT_UD;
}

enum outcome handle_rdpmc(struct vp *vp, struct intercept *intercept)
{
	(void)vp;
	(void)intercept;
	return FAULT_GP;
}

#define CR4_OSXSAVE BIT(18)

/* AMD APM vol. 4 XSETBV: CPL 0, XCR0 only, x87 always on, AVX needs SSE. */
enum outcome handle_xsetbv(struct vp *vp, struct intercept *intercept)
{
	u64 value = vp->regs.gpr[RDX] << 32 | (u32)vp->regs.gpr[RAX];
	union hv_register_value wide = {.reg64 = value};

	/* Processors check this before they intercept, emulators do not. */
	if (!(vp_register64(vp, HV_REGISTER_CR4) & CR4_OSXSAVE))
		return FAULT_UD;
	if (!hypervisor.backend->privileged(vp))
		return FAULT_GP;
	find_length(vp, intercept, INSN_XSETBV);
	if ((u32)vp->regs.gpr[RCX] || !(value & 1) || ((value & 4) && !(value & 2)))
		return FAULT_GP;
	if (!hypervisor.backend->set_register(vp, HV_REGISTER_XFEM, &wide))
		return FAULT_GP;
	hypervisor.backend->vp_update(vp);
	return ADVANCE;
}

/*
 * A child has no devices that see memory past the caches: nothing to write back. Of the root only
 * INVD comes here, which would also throw away what is ours: it is done with a write-back.
 */
enum outcome handle_cache_flush(struct vp *vp, struct intercept *intercept)
{
	u8 bytes[INSN_MAX_LENGTH];
	enum insn_mode mode;
	u32 count = vp_fetch(vp, bytes, &mode);

	if (!intercept->length)
		intercept->length = (u8)insn_length(bytes, count, mode, INSN_WBINVD);
	if (!intercept->length)
		intercept->length = (u8)insn_length(bytes, count, mode, INSN_INVD);
	if (!intercept->length)
		return FAULT_UD;
	if (vp->partition->is_root)
		machine_write_back();
	return ADVANCE;
}

/* IRET is about to end an NMI: from here on the next one may come. */
enum outcome handle_nmi_return(struct vp *vp, struct intercept *intercept)
{
	(void)intercept;
	vp->nmi_blocked = false;
	hypervisor.backend->watch(vp, vp->tpr_intercept, false);
	if (vp->nmi_pending)
		atomic_or(&vp->attention, ATTENTION_NMI);
	return RESUME;
}

static enum outcome give_up(struct vp *vp, const char *reason)
{
	if (partition_may_log(vp->partition)) {
		log_error("partition %lu VP %u: %s at RIP %#lx", vp->partition->id, vp->index,
			reason, vp->regs.rip);
		hypervisor.backend->dump(vp);
		trace_print();
	}
	if (vp->partition->is_root) {
		log_error("the root partition cannot go on: resetting the machine");
		machine_reset();
	}
	vp->dead = true;
	message_unrecoverable(vp);
	return RESUME;
}

enum outcome handle_shutdown(struct vp *vp, struct intercept *intercept)
{
	(void)intercept;
	return give_up(vp, "triple fault");
}

enum outcome handle_invalid_state(struct vp *vp, struct intercept *intercept)
{
	(void)intercept;
	return give_up(vp, "invalid state");
}

enum outcome handle_unexpected(struct vp *vp, struct intercept *intercept)
{
	(void)intercept;
	return give_up(vp, "intercept that was not asked for");
}
