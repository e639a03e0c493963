/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD SVM (AMD APM vol. 2 ch. 15). Optional features of the processor (next-RIP save, decode
 * assists, flush by ASID) are used when present and done without otherwise, because emulators
 * lack them.
 */
#include "backend/svm/svm.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "machine/machine.h"
#include "machine/x86/cpu.h"
#include "machine/x86/registers.h"

#define MSR_TSC_AUX  0xc0000103
#define MSR_VM_CR    0xc0010114
#define MSR_VM_HSAVE 0xc0010117

#define VM_CR_SVMDIS BIT(4)

/* x87, SSE, AVX, AVX-512, PKRU: what fits in one page together (APM vol. 2 §11.5.2). */
#define XCR0_SWITCHABLE 0x2e7ull

u32 svm_features;
u64 svm_xcr0_all;
static bool has_tsc_aux;
static u64 host_state_spa[MAX_LPS];

static const char *svm_probe(void)
{
	struct cpuid features = cpuid_if_present(0x8000000a, 0);

	if (!(cpuid_if_present(0x80000001, 0).ecx & BIT(2)))
		return "the processor has no SVM (AMD virtualization)";
	if (msr_read(MSR_VM_CR) & VM_CR_SVMDIS)
		return "SVM is disabled by the firmware (VM_CR.SVMDIS)";
	if (!(features.edx & SVM_FEATURE_NPT))
		return "SVM has no nested paging";
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE))
		return "the processor has no XSAVE";
	svm_features = features.edx;
	svm_xcr0_all = cpuid(13, 0).eax & XCR0_SWITCHABLE;
	has_tsc_aux = cpuid_if_present(0x80000001, 0).edx & BIT(27);
	svm_maps_init();
	log_info("svm: nested paging%s%s%s%s, %u ASIDs, XCR0 mask %#lx",
		svm_features & SVM_FEATURE_NRIPS ? ", next RIP" : "",
		svm_features & SVM_FEATURE_DECODE ? ", decode assists" : "",
		svm_features & SVM_FEATURE_FLUSH_ASID ? ", flush by ASID" : "",
		svm_features & SVM_FEATURE_VMCB_CLEAN ? ", VMCB clean bits" : "", features.ebx,
		svm_xcr0_all);
	return NULL;
}

static void svm_lp_enable(u32 lp_index, void *save_page, void *state_page)
{
	host_state_spa[lp_index] = machine_spa(state_page);
	cr4_write(cr4_read() | CR4_OSXSAVE);
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
	msr_write(MSR_VM_HSAVE, machine_spa(save_page));
	__asm__ volatile("vmsave %%rax" : : "a"(host_state_spa[lp_index]) : "memory");
}

static void svm_vp_create(struct vp *vp)
{
	struct vmcb *vmcb = svm_vmcb(vp);
	bool root = vp->partition->is_root;

	vmcb->intercept_1 = SVM_INTERCEPT_INTR | SVM_INTERCEPT_NMI | SVM_INTERCEPT_CPUID |
			    SVM_INTERCEPT_HLT | SVM_INTERCEPT_INVD | SVM_INTERCEPT_INVLPGA |
			    SVM_INTERCEPT_MSR | SVM_INTERCEPT_SHUTDOWN | SVM_INTERCEPT_FERR |
			    SVM_INTERCEPT_CR0_SEL;
	vmcb->intercept_2 = SVM_INTERCEPT_VMRUN | SVM_INTERCEPT_VMMCALL | SVM_INTERCEPT_VMLOAD |
			    SVM_INTERCEPT_VMSAVE | SVM_INTERCEPT_STGI | SVM_INTERCEPT_CLGI |
			    SVM_INTERCEPT_SKINIT | SVM_INTERCEPT_MONITOR | SVM_INTERCEPT_MWAIT |
			    SVM_INTERCEPT_MWAIT_ARM | SVM_INTERCEPT_XSETBV;
	if (!root) {
		vmcb->intercept_1 |= SVM_INTERCEPT_IOIO | SVM_INTERCEPT_RDPMC;
		vmcb->intercept_2 |= SVM_INTERCEPT_WBINVD;
	}
	vmcb->iopm_spa = svm_iopm(root);
	vmcb->msrpm_spa = svm_msrpm(root);
	vmcb->asid = 1;
	vmcb->tlb_control = SVM_TLB_FLUSH_ALL;
	vmcb->virtual_interrupt = SVM_V_INTR_MASKING;
	vmcb->nested_control = SVM_NESTED_PAGING;
	vmcb->nested_cr3 = machine_spa(vp->partition->slat.root);
	vmcb->efer = EFER_SVME;
	vp->control_spa = machine_spa(vmcb);
	vp->xcr0 = 1;
}

static void xsave_all(u8 *area)
{
	u32 low = (u32)svm_xcr0_all, high = (u32)(svm_xcr0_all >> 32);

	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(low), "d"(high) : "memory");
}

static void xrstor_all(const u8 *area)
{
	u32 low = (u32)svm_xcr0_all, high = (u32)(svm_xcr0_all >> 32);

	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(low), "d"(high) : "memory");
}

/* Processors switch PAT with the VMCB (§15.25.2); emulators ignore memory types altogether. */
static void svm_vp_update(struct vp *vp)
{
	svm_vmcb(vp)->guest_pat = vp->pat;
	svm_vmcb(vp)->tsc_offset = vp->tsc_offset;
	svm_vmcb(vp)->clean = 0;
	xcr_write(0, vp->xcr0);
}

/* The hypervisor uses neither FPU nor debug registers, so they move only when VPs change. */
static void svm_vp_load(struct vp *vp)
{
	struct vmcb *vmcb = svm_vmcb(vp);

	xcr_write(0, svm_xcr0_all);
	xrstor_all(vp->xsave_page);
	dr0_write(vp->debug_regs[0]);
	dr1_write(vp->debug_regs[1]);
	dr2_write(vp->debug_regs[2]);
	dr3_write(vp->debug_regs[3]);
	if (has_tsc_aux)
		msr_write(MSR_TSC_AUX, (u32)vp->tsc_aux);
	svm_vp_update(vp);
	vp->host_spa = host_state_spa[machine_lp_index()];
	/* One ASID serves all VPs of an LP, so whoever comes in starts without translations. */
	vmcb->tlb_control = SVM_TLB_FLUSH_ALL;
	vmcb->clean = 0;
}

static void svm_vp_put(struct vp *vp)
{
	xcr_write(0, svm_xcr0_all);
	xsave_all(vp->xsave_page);
	vp->debug_regs[0] = dr0_read();
	vp->debug_regs[1] = dr1_read();
	vp->debug_regs[2] = dr2_read();
	vp->debug_regs[3] = dr3_read();
	if (has_tsc_aux)
		vp->tsc_aux = msr_read(MSR_TSC_AUX);
}

#define PENDING		  BIT(0)
#define PENDING_TYPE(e)	  ((e) >> 1 & 7)
#define PENDING_HAS_ERROR BIT(4)
#define PENDING_VECTOR(e) ((e) >> 16 & 0xffff)

/* HV_REGISTER_PENDING_INTERRUPTION → EVENTINJ (§15.20). */
static u64 event_to_svm(u64 event)
{
	/* Interrupt 0, NMI 2, exception 3, INT n 4; INT1 (5) and INT3/INTO (6) are exceptions. */
	static const u8 types[8] = {0, 0, 2, 3, 4, 3, 3, 3};
	u64 type = types[PENDING_TYPE(event)];

	return SVM_EVENT_VALID | SVM_EVENT_TYPE(type) | (PENDING_VECTOR(event) & 0xff) |
	       (event & PENDING_HAS_ERROR ? SVM_EVENT_HAS_ERROR : 0) | (event >> 32 << 32);
}

/*
 * EXITINTINFO → event to deliver again. Emulators report an interrupt that a nested page fault
 * broke off as an exception with its vector; exceptions stop at 31, so it can be told.
 */
static u64 event_from_svm(u64 info)
{
	u64 vector = info & SVM_EVENT_VECTOR;
	u64 type = info >> 8 & 7;

	if (type == 3 && vector >= 32)
		type = 0;
	if (type == 3 && vector == 2)
		type = 2;
	/* INT n, INT3, INTO: RIP still points at the instruction, which is executed again. */
	if (type == 4 || (type == 3 && (vector == 3 || vector == 4)))
		return 0;
	return PENDING | type << 1 | (info & SVM_EVENT_HAS_ERROR ? PENDING_HAS_ERROR : 0) |
	       vector << 16 | (info >> 32 << 32);
}

/* V_IRQ, whatever V_TPR is: priorities are the virtual APIC's business. */
#define VIRTUAL_INTERRUPT (SVM_V_IRQ | SVM_V_IGNORE_TPR | SVM_V_PRIORITY(15))

/* An emulator's entry with V_IRQ may have lost another interrupt (docs/emulators.md): look again.
 */
static void look_again(void)
{
	cr8_write(0);
}

/*
 * An interrupt goes in as the virtual one (§15.21.4) if the guest takes it at once: emulators may
 * deliver it twice when it is injected as an event (docs/emulators.md). An NMI that waits must find
 * it delivered, and the virtual one comes after physical interrupts.
 */
static void inject(struct vp *vp, struct vmcb *vmcb)
{
	u64 event = vp->event;

	vp->event = 0;
	if (PENDING_TYPE(event) || vp_interrupts_off(vp) || (vp->window_open | vp->nmi_pending))
		vmcb->event_injection = event_to_svm(event);
	else
		vmcb->virtual_interrupt |=
			VIRTUAL_INTERRUPT | SVM_V_VECTOR((u8)PENDING_VECTOR(event));
}

/* The guest changed its priority, or V_IRQ was set: for a window, or for an interrupt. */
static void virtual_interrupt_exit(struct vp *vp, struct vmcb *vmcb)
{
	u64 was = vmcb->virtual_interrupt;

	if ((was & 15) != vp->apic.tpr >> 4) {
		vp->apic.tpr = (u32)(was & 15) << 4;
		atomic_or(&vp->attention, ATTENTION_INTERRUPT);
	}
	if (vp->window_open)
		return;
	vmcb->virtual_interrupt &= SVM_V_TPR_MASK | SVM_V_INTR_MASKING;
	if (was & SVM_V_IRQ) { /* something else came first */
		vp->event = PENDING | (was >> 32 & 0xff) << 16;
		atomic_or(&vp->attention, ATTENTION_EVENT);
	}
	look_again();
}

static void svm_run(struct vp *vp, struct intercept *intercept)
{
	struct vmcb *vmcb = svm_vmcb(vp);

	vmcb->rax = vp->regs.gpr[RAX];
	vmcb->rsp = vp->regs.gpr[RSP];
	vmcb->rip = vp->regs.rip;
	vmcb->rflags = vp->regs.rflags;
	vmcb->virtual_tpr = (u8)(vp->apic.tpr >> 4);
	if (__builtin_expect(vp->event & PENDING, 0))
		inject(vp, vmcb);
	svm_enter(&vp->regs, vp->control_spa, vp->host_spa);
	vp->regs.gpr[RAX] = vmcb->rax;
	vp->regs.gpr[RSP] = vmcb->rsp;
	vp->regs.rip = vmcb->rip;
	vp->regs.rflags = vmcb->rflags;
	vp->shadow = (u8)vmcb->interrupt_shadow;
	vmcb->tlb_control = 0;
	if ((vmcb->virtual_interrupt & (15 | SVM_V_IGNORE_TPR)) != vp->apic.tpr >> 4)
		virtual_interrupt_exit(vp, vmcb);
	if (__builtin_expect(vmcb->exit_interrupt_info & SVM_EVENT_VALID, 0)) {
		vp->event = event_from_svm(vmcb->exit_interrupt_info);
		atomic_or(&vp->attention, ATTENTION_EVENT);
	}
	svm_translate_exit(vp, intercept);
}

/* V_IRQ with an intercept of its delivery (§15.21.4). */
static void svm_window(struct vp *vp, bool wanted)
{
	struct vmcb *vmcb = svm_vmcb(vp);

	if (wanted) {
		vmcb->intercept_1 |= SVM_INTERCEPT_VINTR;
		vmcb->virtual_interrupt |= VIRTUAL_INTERRUPT;
	} else {
		vmcb->intercept_1 &= (u32)~SVM_INTERCEPT_VINTR;
		vmcb->virtual_interrupt &= ~VIRTUAL_INTERRUPT;
		look_again();
	}
	/* Emulators abort at a CR8 write while V_IRQ is set; see docs/emulators.md. */
	if (wanted || vp->tpr_intercept)
		vmcb->intercept_cr_write |= BIT(8);
	else
		vmcb->intercept_cr_write &= (u16)~BIT(8);
	vmcb->clean = 0;
}

static void svm_watch(struct vp *vp, bool cr8_writes, bool nmi_return)
{
	struct vmcb *vmcb = svm_vmcb(vp);

	if (cr8_writes || vp->window_open)
		vmcb->intercept_cr_write |= BIT(8);
	else
		vmcb->intercept_cr_write &= (u16)~BIT(8);
	if (nmi_return)
		vmcb->intercept_1 |= SVM_INTERCEPT_IRET;
	else
		vmcb->intercept_1 &= (u32)~SVM_INTERCEPT_IRET;
	vmcb->clean = 0;
}

static void svm_clear_shadow(struct vp *vp)
{
	svm_vmcb(vp)->interrupt_shadow &= ~1ull;
}

static bool svm_privileged(const struct vp *vp)
{
	return svm_vmcb(vp)->cpl == 0;
}

static bool svm_privileged_64(const struct vp *vp)
{
	const struct vmcb *vmcb = svm_vmcb(vp);

	/* CS.L is bit 9 of the packed attributes. */
	return (vmcb->efer & EFER_LMA) && (vmcb->cs.attributes & BIT(9)) && vmcb->cpl == 0;
}

static void svm_flush(struct vp *vp)
{
	svm_vmcb(vp)->tlb_control = SVM_TLB_FLUSH_ALL;
}

static void svm_dump(const struct vp *vp)
{
	const struct vmcb *c = svm_vmcb(vp);

	log_error("  exit %#lx info %#lx %#lx int %#lx inject %#lx", c->exit_code, c->exit_info_1,
		c->exit_info_2, c->exit_interrupt_info, c->event_injection);
	log_error("  rip %#lx rsp %#lx rflags %#lx cpl %u", c->rip, c->rsp, c->rflags, c->cpl);
	log_error("  cr0 %#lx cr2 %#lx cr3 %#lx cr4 %#lx efer %#lx", c->cr0, c->cr2, c->cr3, c->cr4,
		c->efer);
	log_error("  cs %x base %#lx attr %x ss %x attr %x tr %x attr %x", c->cs.selector,
		c->cs.base, c->cs.attributes, c->ss.selector, c->ss.attributes, c->tr.selector,
		c->tr.attributes);
	log_error("  gdtr %#lx/%x idtr %#lx/%x dr6 %#lx dr7 %#lx virq %#lx shadow %#lx",
		c->gdtr.base, c->gdtr.limit, c->idtr.base, c->idtr.limit, c->dr6, c->dr7,
		c->virtual_interrupt, c->interrupt_shadow);
}

static u64 svm_extended_states(void)
{
	return svm_xcr0_all;
}

const struct backend svm_backend = {
	.name = "svm",
	.probe = svm_probe,
	.lp_enable = svm_lp_enable,
	.vp_create = svm_vp_create,
	.vp_load = svm_vp_load,
	.vp_put = svm_vp_put,
	.vp_update = svm_vp_update,
	.run = svm_run,
	.get_register = svm_get_register,
	.set_register = svm_set_register,
	.window = svm_window,
	.watch = svm_watch,
	.clear_shadow = svm_clear_shadow,
	.privileged = svm_privileged,
	.privileged_64 = svm_privileged_64,
	.flush = svm_flush,
	.extended_states = svm_extended_states,
	.dump = svm_dump,
	.slat = &svm_npt_format,
};
