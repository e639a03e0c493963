/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Child partitions by raw hypercalls. A child can share the test's own image at the same
 * addresses, so its code is a C function here; or start in real mode from a page of bytes.
 */
#ifndef TESTS_EMULATOR_LIB_CHILD_H
#define TESTS_EMULATOR_LIB_CHILD_H

#include "abi/hv_message.h"
#include "abi/hv_register.h"
#include "tests/emulator/lib/hypercall.h"

#define CHILD_MAX_VPS	  4
#define CHILD_DONE_PORT	  0x0d0e /* a 64-bit child's function has returned */
#define CHILD_SINT_VECTOR 0x50
#define CHILD_ALL	  (HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE | HV_MAP_GPA_EXECUTABLE)

struct child {
	u64 id;
	const struct hv_message *message[CHILD_MAX_VPS]; /* intercept message pages */
};

/* SynIC of the calling root VP: messages at SINT 0. Call it once, before children run. */
void child_listen(void);

/* A partition with synthetic features (HV_SYNTHETIC_FEATURE_*), initialized, with some memory. */
void child_create(struct child *child, u64 features);
void child_add_vp(struct child *child, u32 index);
/* Finalizes, withdraws, deletes. Returns false if any step was refused. */
bool child_destroy(struct child *child);

/* Maps pages of ours; flags HV_MAP_GPA_*. Returns the status. */
u32 child_map(struct child *child, u64 gpa, u64 spa, u32 pages, u32 flags);
u32 child_unmap(struct child *child, u64 gpa, u32 pages);
/* The whole image, at its own addresses. */
void child_map_image(struct child *child);

u32 child_try_get(struct child *child, u32 vp, u32 name, union hv_register_value *value);
u32 child_try_set(struct child *child, u32 vp, u32 name, const union hv_register_value *value);
u64 child_get(struct child *child, u32 vp, u32 name);
void child_set(struct child *child, u32 vp, u32 name, u64 value);

/* Prepares a VP: real mode at segment:offset, or 64-bit mode in one of our functions. */
void child_enter_real(struct child *child, u32 vp, u16 segment, u16 offset);
void child_enter_64(struct child *child, u32 vp, void (*function)(void));
/* Lets it run: clears the explicit or the intercept suspension. */
void child_start(struct child *child, u32 vp);
void child_resume(struct child *child, u32 vp);
/* Steps over the instruction of the last message, then resumes. */
void child_skip(struct child *child, u32 vp);

/*
 * Waits for an intercept of any VP of the child, sleeping. Returns its VP index; the type is in
 * the VP's message page. ~0: nothing came in time.
 */
u32 child_wait(struct child *child, u64 timeout_100ns);
/* The same without a clock, for measurements. */
u32 child_wait_forever(struct child *child);
/* The type of the next message of VP 0, or 0. */
u32 child_wait_type(struct child *child);
/* Runs VP 0 until its function has returned. False: something else came first. */
bool child_finish(struct child *child);

u32 child_interrupt(struct child *child, u32 apic_id, u8 vector, u32 type);

/* Intercept message of VP `vp`, by kind. */
static inline const struct hv_x64_memory_intercept_message *child_memory(
	const struct child *child, u32 vp)
{
	return (const void *)child->message[vp]->payload;
}

static inline const struct hv_x64_io_port_intercept_message *child_port(
	const struct child *child, u32 vp)
{
	return (const void *)child->message[vp]->payload;
}

static inline u32 child_message_type(const struct child *child, u32 vp)
{
	return child->message[vp]->header.message_type;
}

#endif
