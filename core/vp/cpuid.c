/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUID: what the processor says, less what is ours, plus the hypervisor leaves; for a child the
 * results that its parent registered, and in every case the bits that follow the VP's own state.
 */
#include "abi/hv_cpuid.h"
#include "abi/hv_hypercall.h"
#include "abi/hv_state.h"
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/vp/features.h"
#include "core/vp/vp.h"
#include "core/vp/xsave.h"
#include "machine/machine.h"

/* In both callers, so that an intercept of CPUID pays for no call. */
#define INLINE inline __attribute__((always_inline))

enum { EAX, EBX, ECX, EDX };

#define LAST_LEAF HV_CPUID_CPU_MANAGEMENT

/* Linux accepts these build numbers of the interface without complaint. */
#define INTERFACE_BUILD 27744

static INLINE void hypervisor_leaf(const struct partition *partition, u32 leaf, u32 out[4])
{
	memset(out, 0, 16);
	if (!partition->announced)
		return;
	switch (leaf) {
	case HV_CPUID_VENDOR_AND_MAX:
		out[EAX] = LAST_LEAF;
		out[EBX] = HV_CPUID_VENDOR_EBX;
		out[ECX] = HV_CPUID_VENDOR_ECX;
		out[EDX] = HV_CPUID_VENDOR_EDX;
		break;
	case HV_CPUID_INTERFACE:
		out[EAX] = HV_CPUID_INTERFACE_EAX;
		break;
	case HV_CPUID_VERSION:
		out[EAX] = INTERFACE_BUILD;
		out[EBX] = 10u << HV_CPUID_VERSION_MAJOR_SHIFT;
		break;
	case HV_CPUID_FEATURES:
		out[EAX] = (u32)partition->privileges;
		out[EBX] = (u32)(partition->privileges >> 32);
		out[EDX] = partition->feature_edx;
		break;
	case HV_CPUID_ENLIGHTENMENTS:
		out[EAX] = partition->hints;
		out[EBX] = HV_SPIN_COUNT_NEVER;
		break;
	case HV_CPUID_LIMITS:
		out[EAX] = MAX_VPS;
		out[EBX] = MAX_LPS;
		break;
	case HV_CPUID_HARDWARE_FEATURES:
		out[EAX] = HV_HARDWARE_SLAT;
		break;
	case HV_CPUID_CPU_MANAGEMENT:
		if (partition->is_root)
			out[EAX] = HV_CPU_MANAGEMENT_START_LP | HV_CPU_MANAGEMENT_CREATE_ROOT_VP;
		break;
	}
}

/* Takes out what no partition sees, because what it promises is not there. */
static INLINE void hide(u32 leaf, u32 out[4])
{
	switch (leaf) {
	case 0x00000001: /* MONITOR, VMX, PDCM, TSC deadline */
		out[ECX] &= ~(u32)(BIT(3) | BIT(5) | BIT(15) | BIT(24));
		break;
	case 0x00000007: /* TSC_ADJUST; CET, whose state is not switched */
		out[EBX] &= ~(u32)BIT(1);
		out[ECX] &= ~(u32)BIT(7);
		out[EDX] &= ~(u32)BIT(20);
		break;
	case 0x80000001: /* SVM, extended APIC, IBS, SKINIT, performance counters, MWAITX */
		out[ECX] &= ~(u32)(BIT(2) | BIT(3) | BIT(10) | BIT(12) | BIT(23) | BIT(24) |
				   BIT(28) | BIT(29));
		break;
	case 0x80000008: /* INVLPGB */
		out[EBX] &= ~(u32)BIT(3);
		break;
	case 0x00000005: /* MWAIT */
	case 0x0000000a: /* performance monitoring */
	case 0x8000000a: /* SVM */
	case 0x8000001f: /* memory encryption */
	case 0x80000022: /* performance monitoring */
		out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
		break;
	}
}

/* The index in page 0 of the chains of results by leaf; entry 0 ends a chain. */
struct cpuid_entry {
	u32 leaf;
	u32 subleaf;
	u16 next;
	bool subleaf_specific;
	u8 reserved;
	u32 value[4];
	u32 mask[4];
};

_Static_assert(sizeof(struct cpuid_entry) <= 44, "entries a page");

static struct cpuid_entry *entry_of(const struct vp *vp, u32 number)
{
	struct cpuid_entry *page = vp->cpuid_pages[number / CPUID_RESULTS_PER_PAGE];

	return &page[number % CPUID_RESULTS_PER_PAGE];
}

/* Leaves 0…31 and 0x80000000…0x8000001f have a chain each, all others share the last. */
static u32 chain_of(u32 leaf)
{
	if (leaf < 32)
		return leaf;
	return leaf - 0x80000000u < 32 ? 32 + (leaf & 31) : 64;
}

enum hv_status vp_cpuid_register(struct vp *vp, const struct hv_cpuid_result_parameters *result)
{
	bool specific = result->input.subleaf_specific;
	u32 number = vp->cpuid_count;
	struct cpuid_entry *entry;
	u16 *head = &vp->cpuid_chain[chain_of(result->input.eax)];

	/* One result for each subleaf, and one for all that have none of their own. */
	for (u32 at = *head; at; at = entry->next) {
		entry = entry_of(vp, at - 1);
		if (entry->leaf == result->input.eax && entry->subleaf_specific == specific &&
			(!specific || entry->subleaf == result->input.ecx))
			goto fill;
	}
	if (number >= CPUID_PAGES * CPUID_RESULTS_PER_PAGE)
		return HV_STATUS_NO_RESOURCES;
	if (!vp->cpuid_pages[number / CPUID_RESULTS_PER_PAGE]) {
		void *page = pool_allocate(&vp->partition->pool);

		if (!page)
			return HV_STATUS_INSUFFICIENT_MEMORY;
		vp->cpuid_pages[number / CPUID_RESULTS_PER_PAGE] = page;
	}
	vp->cpuid_count++;
	entry = entry_of(vp, number);
	entry->leaf = result->input.eax;
	entry->subleaf = result->input.ecx;
	entry->next = *head;
	*head = (u16)(number + 1);
fill:
	entry->subleaf_specific = specific;
	memcpy(entry->value,
		(u32[4]){result->result.eax, result->result.ebx, result->result.ecx,
			result->result.edx},
		16);
	memcpy(entry->mask,
		(u32[4]){result->result.eax_mask, result->result.ebx_mask, result->result.ecx_mask,
			result->result.edx_mask},
		16);
	return HV_STATUS_SUCCESS;
}

static INLINE void apply_registered(const struct vp *vp, u32 leaf, u32 subleaf, u32 out[4])
{
	const struct cpuid_entry *general = NULL;
	const struct cpuid_entry *found = NULL;

	for (u32 at = vp->cpuid_chain[chain_of(leaf)]; at && !found;) {
		const struct cpuid_entry *entry = entry_of(vp, at - 1u);

		if (entry->leaf == leaf && !entry->subleaf_specific)
			general = entry;
		if (entry->leaf == leaf && entry->subleaf_specific && entry->subleaf == subleaf)
			found = entry;
		at = entry->next;
	}
	if (!found)
		found = general;
	for (u32 i = 0; found && i < 4; i++)
		out[i] = (out[i] & ~found->mask[i]) | (found->value[i] & found->mask[i]);
}

static void set_bit(u32 *reg, u32 bit, bool value)
{
	*reg = (*reg & ~(u32)BIT(bit)) | (value ? (u32)BIT(bit) : 0);
}

/* The leaves that apply_state() knows; all others pay for no call. */
#define STATE_LEAVES (BIT(1) | BIT(7) | BIT(11) | BIT(13))

/* Bits that mirror the VP's own registers and APIC (AMD APM vol. 3 appendix E). */
static __attribute__((noinline)) void apply_state(struct vp *vp, u32 leaf, u32 subleaf, u32 out[4])
{
	u64 states;

	switch (leaf) {
	case 1:
		out[ECX] |= BIT(21); /* a VP's APIC has x2APIC mode, whatever the processor's has */
		set_bit(&out[ECX], 27, vp_register64(vp, HV_REGISTER_CR4) & BIT(18));
		set_bit(&out[ECX], 31, vp->partition->announced);
		set_bit(&out[EDX], 9, vp->apic.base & VAPIC_BASE_ENABLE);
		break;
	case 7:
		if (subleaf == 0)
			set_bit(&out[ECX], 4, vp_register64(vp, HV_REGISTER_CR4) & BIT(22));
		break;
	case 11: /* of every subleaf: also of those that the parent registered nothing for */
		out[EDX] = vp->apic.id;
		break;
	case 13:
		if (subleaf == 0) {
			states = hypervisor.backend->extended_states();
			out[EAX] &= (u32)states;
			out[EDX] &= (u32)(states >> 32);
		} else if (subleaf == 1) {
			out[EAX] &= ~(u32)BIT(3); /* XSAVES: supervisor state is not switched */
		}
		break;
	}
}

static INLINE void answer(struct vp *vp, u32 leaf, u32 subleaf, bool registered, u32 out[4])
{
	if (registered)
		apply_registered(vp, leaf, subleaf, out);
	hide(leaf, out);
	if (leaf < 64 && STATE_LEAVES & BIT(leaf))
		apply_state(vp, leaf, subleaf, out);
}

void vp_cpuid(struct vp *vp, u32 leaf, u32 subleaf, u32 out[4])
{
	if (leaf >> 8 == HV_CPUID_VENDOR_AND_MAX >> 8) {
		hypervisor_leaf(vp->partition, leaf, out);
		return;
	}
	machine_cpuid(leaf, subleaf, out);
	answer(vp, leaf, subleaf, !vp->partition->is_root, out);
}

__attribute__((noinline)) void vp_cpuid_values(
	struct vp *vp, u32 leaf, u32 subleaf, u64 xfem, bool registered, u32 out[4])
{
	if (leaf >> 8 == HV_CPUID_VENDOR_AND_MAX >> 8) {
		hypervisor_leaf(vp->partition, leaf, out);
		return;
	}
	machine_cpuid(leaf, subleaf, out);
	/* The processor would tell of the states that its current VP has enabled. */
	if (leaf == 13 && subleaf <= 1)
		out[EBX] = xsave_size(xfem, subleaf == 1);
	answer(vp, leaf, subleaf, registered, out);
}
