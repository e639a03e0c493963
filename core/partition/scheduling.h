/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a parent may set about the scheduling of a child, as partition properties (TLFS ch. 18):
 * CPU_RESERVE and CPU_CAP in 1/65536 of an LP for each VP, CPU_WEIGHT, CPU_GROUP_ID; and, with
 * codes of our own, the groups themselves and the LPs a VP may use (docs/decisions/0016).
 *
 * Every function answers with the status of the hypercall. A value that is refused changes nothing;
 * one that is taken counts at once, also for VPs that run, and for those that come later.
 * PROPERTY_VALUE_OUT_OF_RANGE is the TLFS's status for a value that breaks a rule, such as a sum of
 * reserves above the number of LPs.
 *
 * Where the root schedules (the option scheduler=root) nothing can be set: OPERATION_DENIED.
 *
 * The root's VPs are bound to their LPs and have the default values, which nobody can change.
 */
#ifndef CORE_PARTITION_SCHEDULING_H
#define CORE_PARTITION_SCHEDULING_H

#include "abi/hv_types.h"
#include "core/partition/partition.h"

/* Weight 100, no reserve, no cap, no group. */
void scheduling_init(struct partition *partition);
/* Out of its group; its VPs are gone. May be said twice. */
void scheduling_leave(struct partition *partition);
/*
 * A new VP gets what is set for its partition, whose lock is held. NO_RESOURCES: its reserve does
 * not fit any more.
 */
enum hv_status scheduling_enter(struct vp *vp);

/*
 * NUMA, under the lock of the partition, a child: after a change of its memory map, VPs that were
 * given no node are best placed where most of the memory is (docs/decisions/0019).
 */
void scheduling_follow_memory(struct partition *partition);
/*
 * A new VP: near the domain that its creator names, if there is an LP, else as the partition's
 * others (TLFS HvCallCreateVp).
 */
void scheduling_place(struct vp *vp, const struct hv_proximity_domain_info *wanted);

enum hv_status scheduling_get_reserve(struct partition *partition, u64 *value);
enum hv_status scheduling_set_reserve(struct partition *partition, u64 value);
enum hv_status scheduling_get_cap(struct partition *partition, u64 *value);
enum hv_status scheduling_set_cap(struct partition *partition, u64 value);
enum hv_status scheduling_get_weight(struct partition *partition, u64 *value);
enum hv_status scheduling_set_weight(struct partition *partition, u64 value);

/* INVALID_CPU_GROUP_ID: there is no such group. 0: none. */
enum hv_status scheduling_get_group(struct partition *partition, u64 *value);
enum hv_status scheduling_set_group(struct partition *partition, u64 value);

/*
 * INVALID_VP_INDEX; PROPERTY_VALUE_OUT_OF_RANGE: no LP, or one that the machine does not have;
 * NO_RESOURCES: more different sets than the scheduler has room for.
 */
enum hv_status scheduling_get_affinity(struct partition *partition, u32 vp_index, u64 *mask);
enum hv_status scheduling_set_affinity(struct partition *partition, u32 vp_index, u64 mask);

/* ---- What concerns all partitions: whose it is does not matter ---- */

enum hv_status scheduling_get_reserved(struct partition *partition, u64 *value);
enum hv_status scheduling_get_capacity(struct partition *partition, u64 *value);

/*
 * INVALID_CPU_GROUP_STATE: there is such a group already, or (delete) it has partitions.
 * NO_RESOURCES: as many as HV_CPU_GROUPS_MAX. PROPERTY_VALUE_OUT_OF_RANGE: id 0 or above 32 bits, a
 * cap above all LPs that is not HV_CPU_GROUP_NO_CAP.
 */
enum hv_status scheduling_create_group(struct partition *partition, u64 id);
enum hv_status scheduling_delete_group(struct partition *partition, u64 id);
enum hv_status scheduling_set_group_cap(struct partition *partition, u64 id_and_cap);
/* id << 32 | cap of one entry of the table, 0 if it is free. */
enum hv_status scheduling_get_group_at(struct partition *partition, u32 index, u64 *value);

#endif
