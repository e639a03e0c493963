/* SPDX-License-Identifier: BSD-2-Clause */
/* Status a hypercall returns in bits 15:0 of RAX. */
#ifndef ABI_HV_STATUS_H
#define ABI_HV_STATUS_H

enum hv_status {
#define STATUS(value, name) HV_STATUS_##name = (value),
#include "abi/status.def"
#undef STATUS
};

#endif
