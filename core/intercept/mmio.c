/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory accesses that the hypervisor carries out itself: the xAPIC page of a child (AMD APM
 * vol. 2 §16.3.1) and stores to doorbells.
 */
#include "core/hypervisor.h"
#include "core/intercept/handlers.h"
#include "core/intercept/insn.h"
#include "core/interrupt/doorbell.h"
#include "core/log.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"
#include "machine/machine.h"

static bool is_apic_page(const struct vp *vp, u64 gpa)
{
	return (vp->apic.base & (VAPIC_BASE_ENABLE | VAPIC_BASE_X2APIC)) == VAPIC_BASE_ENABLE &&
	       ALIGN_DOWN(gpa, PAGE_SIZE) == ALIGN_DOWN(vp->apic.base & 0xffffffffffull, PAGE_SIZE);
}

/* Registers stand at 16-byte steps and are 32 bits wide; everything between reads as 0. */
static void apic_access(struct vp *vp, const struct insn_mmio *insn, u64 gpa)
{
	enum vapic_register reg = (enum vapic_register)((gpa & PAGE_MASK) >> 4);
	struct insn_result result;
	u64 old = 0;

	if (insn->reads && !(gpa & 12) && vapic_read(&vp->apic, reg, false, machine_tsc(), &old))
		old >>= 8 * (gpa & 3);
	if (insn->reads && !insn->writes && reg == VAPIC_TPR)
		stat_vp(vp, ApicTprAccesses)++;
	result = insn_apply(insn, old, vp->regs.gpr[insn->gpr], vp->regs.rflags);
	if (insn->writes && !(gpa & 15))
		(void)vp_write_apic(vp, reg, false, result.memory);
	if (insn->sets_register)
		vp->regs.gpr[insn->gpr] = result.gpr;
	vp->regs.rflags = result.rflags;
	stat_vp(vp, ApicMmioAccesses)++;
}

static bool store_to_doorbell(struct vp *vp, const struct insn_mmio *insn, u64 gpa)
{
	u64 value = insn_apply(insn, 0, vp->regs.gpr[insn->gpr], vp->regs.rflags).memory;

	return insn->operation == INSN_MOVE && insn->writes &&
	       doorbell_ring(vp->partition, gpa, insn->size, value);
}

bool mmio_emulate(struct vp *vp, struct intercept *intercept, enum outcome *outcome)
{
	u64 gpa = intercept->memory.gpa;
	u64 begin = machine_tsc();
	bool apic = is_apic_page(vp, gpa);
	u8 bytes[INSN_MAX_LENGTH];
	struct insn_mmio insn;
	enum insn_mode mode;
	u32 count;

	if (intercept->memory.table_walk || intercept->access == INTERCEPT_EXECUTE)
		return false;
	if (!apic &&
		!(intercept->access == INTERCEPT_WRITE && doorbell_may_match(vp->partition, gpa)))
		return false;
	count = vp_fetch(vp, bytes, &mode);
	if (!insn_decode_mmio(bytes, count, mode, &insn)) {
		if (apic && partition_may_log(vp->partition))
			log_warning("partition %lu VP %u: APIC access not understood at RIP %#lx",
				vp->partition->id, vp->index, vp->regs.rip);
		return false;
	}
	intercept->length = insn.length;
	*outcome = ADVANCE;
	if (apic)
		apic_access(vp, &insn, gpa);
	else if (!store_to_doorbell(vp, &insn, gpa))
		return false;
	stat_vp(vp, EmulatedInstructionsCount)++;
	vp->emulation_tsc += machine_tsc() - begin;
	stat_vp(vp, EmulatedInstructionsTime) = stats_100ns(vp->emulation_tsc);
	return true;
}
