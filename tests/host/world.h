/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A booted hypervisor over the fake machine and back-end: core/main.c has run up to the point
 * where LPs enter their loops. Tests make hypercalls as root VP 0 does, through its memory, and
 * let LPs go round by round.
 */
#ifndef TESTS_HOST_WORLD_H
#define TESTS_HOST_WORLD_H

#include "abi/hv_hypercall.h"
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/lp.h"
#include "core/memory/frames.h"
#include "core/partition/partition.h"
#include "core/vp/vp.h"
#include "tests/host/fake_backend.h"
#include "tests/host/test.h"

#define WORLD_LPS 4

/* Where things lie in the fake RAM. */
#define WORLD_MODULE	  0x100000ull
#define WORLD_IMAGE_START 0x200000ull
#define WORLD_IMAGE_END	  0x400000ull
#define WORLD_PAYLOAD	  0x600000ull

/* Flags that every child has. */
#define WORLD_CHILD_FLAGS                                                                          \
	(HV_PARTITION_FLAG_LAPIC_ENABLED | HV_PARTITION_FLAG_INTERCEPT_MESSAGE_PAGE_ENABLED)

/* Boots; the root's VPs wait for their LPs' first rounds, and LP 0 is the one that tests are on. */
void world_boot(void);

/* Page numbers of RAM of the root that nothing else uses: 4 KiB, or 2 MiB aligned. */
u64 world_page(void);
u64 world_large_page(void);
static inline void *world_memory(u64 page_number)
{
	return machine_ram(page_number << PAGE_SHIFT);
}

/* Lets one LP go one round, or (idle) until it has nothing to do. */
void world_step(u32 lp);
/* Makes `fake.on_relax` let all LPs that are not waiting go one round: so it is after booting. */
void world_let_others_run(void);
/* Takes the VP through rounds of LP `lp` until it runs there; the LP's root VP must be blocked. */
void world_run_on(u32 lp, struct vp *vp);
/* Halts the root VP of an LP, so that children can have the LP. */
void world_halt_root(u32 lp);

/* ---- Hypercalls of root VP 0 ---- */

/* Status and completed repetitions of a result word. */
#define STATUS_OF(result)	     ((result)&HV_HYPERCALL_RESULT_STATUS_MASK)
#define REPS_OF(result)		     (((result)&HV_HYPERCALL_RESULT_REPS_MASK) >> HV_HYPERCALL_RESULT_REPS_SHIFT)
#define CHECK_STATUS(status, result) CHECK_EQ(HV_STATUS_##status, STATUS_OF(result))

/* What the output page is filled with before every call. */
#define WORLD_POISON 0xa5

/*
 * Calls with input and output in memory. `output_size` bytes are copied out; whatever the row of
 * the call does not declare as output must be as it was, which is checked.
 */
u64 world_call(u16 code, const void *input, u32 size, void *output, u32 output_size);
/* Repetitions [start, count), header and list in one piece of memory. Goes on when told to. */
u64 world_rep(
	u16 code, u32 start, u32 count, const void *input, u32 size, void *output, u32 output_size);
/* The same with header and list apart. */
u64 world_list(u16 code, u32 count, const void *header, u32 header_size, const void *list,
	u32 list_size, void *output, u32 output_size);
u64 world_fast(u16 code, u64 first, u64 second);
/* Any control word, by any VP, at given addresses. */
enum hypercall_verdict world_raw(struct vp *vp, u64 control, u64 input, u64 output, u64 *result);
extern u64 world_input_gpa, world_output_gpa;

#define WORLD_CALL(name, input) world_call(HVCALL_##name, &(input), sizeof(input), NULL, 0)
#define WORLD_CALL_OUT(name, in, output)                                                           \
	world_call(HVCALL_##name, &(in), sizeof(in), &(output), sizeof(output))

/* ---- Steps that many tests need; they CHECK that they succeed ---- */

void world_deposit(u64 id, u32 pages);
/* A partition in state CREATED with `pages` deposited. */
struct partition *world_create(u32 pages);
/* The same, initialized. */
struct partition *world_child(u32 pages);
struct vp *world_vp(struct partition *partition, u32 index);
/* Maps one page; rights are HV_MAP_GPA_*. */
u64 world_map(const struct partition *partition, u64 gpa_page, u64 spa_page, u32 flags);
/* Takes everything back and deletes the partition. */
void world_delete(struct partition *partition);
u64 world_withdraw(u64 id);
u64 world_set_property(const struct partition *partition, u32 code, u64 value);
u64 world_set_register(const struct vp *vp, u32 name, u64 value);
u64 world_get_register(const struct vp *vp, u32 name);
/* Every synthetic feature that a child can have. Before initialization. */
void world_give_features(const struct partition *partition);
/* The VP of a new child, on LP 1 in 64-bit code without paging; `code` is its page `gpa_page`. */
struct vp *world_vp_at_code(u64 gpa_page, u8 **code);
/* Clears the child's explicit suspension. */
void world_start(struct vp *vp);

#endif
