/* SPDX-License-Identifier: BSD-2-Clause */
/* A ticket lock. The hypervisor runs with interrupts off, so holders are never interrupted. */
#ifndef CORE_LIB_SPINLOCK_H
#define CORE_LIB_SPINLOCK_H

#include "core/lib/types.h"

struct spinlock {
	u32 next;
	u32 owner;
};

static inline void spin_lock(struct spinlock *lock)
{
	u32 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (atomic_load(&lock->owner) != ticket)
		__builtin_ia32_pause();
}

static inline void spin_unlock(struct spinlock *lock)
{
	atomic_store(&lock->owner, lock->owner + 1);
}

#endif
