/* SPDX-License-Identifier: BSD-2-Clause */
/* Integer types, small arithmetic and atomic helpers used by every layer. */
#ifndef CORE_LIB_TYPES_H
#define CORE_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (PAGE_SIZE - 1)

/* clang-format off */
#define BIT(n)                (1ul << (n))
#define ARRAY_SIZE(a)         (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)             ((a) < (b) ? (a) : (b))
#define MAX(a, b)             ((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a)        (((x) + (a) - 1) & ~((u64)(a) - 1))
#define ALIGN_DOWN(x, a)      ((x) & ~((u64)(a) - 1))
#define IS_ALIGNED(x, a)      (((x) & ((u64)(a) - 1)) == 0)
#define CONTAINER_OF(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))
/* clang-format on */

/* One access, not to be merged or repeated by the compiler. */
#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define atomic_load(p)	      __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_store(p, v)    __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_exchange(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_or(p, v)	      __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_and(p, v)      __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#define atomic_add(p, v)      __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define memory_fence()	      __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* (a * b) >> 64 without losing the high half: scales time stamps to 100 ns units. */
static inline u64 mul_shift_64(u64 a, u64 b)
{
	return (u64)(((unsigned __int128)a * b) >> 64);
}

#endif
