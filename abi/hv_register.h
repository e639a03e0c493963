/* SPDX-License-Identifier: BSD-2-Clause */
/* Register codes of HvCallGetVpRegisters / HvCallSetVpRegisters. */
#ifndef ABI_HV_REGISTER_H
#define ABI_HV_REGISTER_H

enum hv_register_name {
#define REGISTER(code, name) HV_REGISTER_##name = (code),
#include "abi/registers.def"
#undef REGISTER
};

#endif
