/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of the SVM back-end only. */
#ifndef BACKEND_SVM_SVM_H
#define BACKEND_SVM_SVM_H

#include "backend/svm/vmcb.h"
#include "core/vp/vp.h"

static inline struct vmcb *svm_vmcb(const struct vp *vp)
{
	return vp->control_page;
}

/* CPUID Fn8000_000A EDX of the boot processor (AMD APM vol. 3 appendix E). */
#define SVM_FEATURE_NPT	       BIT(0)
#define SVM_FEATURE_NRIPS      BIT(3)
#define SVM_FEATURE_VMCB_CLEAN BIT(5)
#define SVM_FEATURE_FLUSH_ASID BIT(6)
#define SVM_FEATURE_DECODE     BIT(7)
#define SVM_FEATURE_PAUSE      BIT(10)
extern u32 svm_features;
/* Extended-state components that are switched: XCR0 bits. */
extern u64 svm_xcr0_all;

/* enter.S */
void svm_enter(struct vp_regs *regs, u64 guest_vmcb_spa, u64 host_vmcb_spa);

/* exits.c: fills the neutral record from the VMCB after an exit. */
void svm_translate_exit(struct vp *vp, struct intercept *intercept);

/* maps.c: permission maps (AMD APM vol. 2 §15.10, §15.11). */
void svm_maps_init(void);
u64 svm_iopm(bool root);
u64 svm_msrpm(bool root);

/* registers.c */
bool svm_get_register(
	const struct vp *vp, enum hv_register_name name, union hv_register_value *value);
bool svm_set_register(
	struct vp *vp, enum hv_register_name name, const union hv_register_value *value);

/* npt.c */
extern const struct slat_format svm_npt_format;

#endif
