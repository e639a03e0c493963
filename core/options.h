/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's command line. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "core/lib/types.h"

enum root_pages { ROOT_PAGES_4K, ROOT_PAGES_2M, ROOT_PAGES_1G };
/* Does the boot processor become a logical processor? AUTO: unless the machine cannot rely on it.
 */
enum boot_processor { BOOT_PROCESSOR_AUTO, BOOT_PROCESSOR_USE, BOOT_PROCESSOR_IDLE };
/* Who decides which child runs: Trivium, or the root with HvCallDispatchVp (core/lp_dispatch.c)? */
enum scheduler { SCHEDULER_CLASSIC, SCHEDULER_CORE, SCHEDULER_ROOT };

struct options {
	u64 root_memory;    /* root-memory=SIZE: bytes of RAM for the root; 0 = all */
	u32 lps;	    /* lps=N: logical processors to use; 0 = all */
	u32 log;	    /* log=error|warning|info|debug */
	u32 root_pages;	    /* root-pages=4k|2m|1g: largest nested page for the root's RAM */
	u32 boot_processor; /* boot-processor=auto|use|idle */
	u32 scheduler;	    /* scheduler=classic|core|root */
};

/*
 * Parses "name=value" words. Returns true, or false with a message that names the bad word in
 * `error` (of `size` bytes).
 */
bool options_parse(struct options *options, const char *line, char *error, u32 size);

#endif
