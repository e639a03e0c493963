/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/fake_backend.h"

#include "core/vp/vp.h"
#include "tests/host/fake_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_hardware fake_hardware;

/* The registers of a processor that are not in vp->regs and not made up by the core. */
static const u32 known[] = {
	HV_REGISTER_CR0,
	HV_REGISTER_CR2,
	HV_REGISTER_CR3,
	HV_REGISTER_CR4,
	HV_REGISTER_XFEM,
	HV_REGISTER_DR0,
	HV_REGISTER_DR1,
	HV_REGISTER_DR2,
	HV_REGISTER_DR3,
	HV_REGISTER_DR6,
	HV_REGISTER_DR7,
	HV_REGISTER_ES,
	HV_REGISTER_CS,
	HV_REGISTER_SS,
	HV_REGISTER_DS,
	HV_REGISTER_FS,
	HV_REGISTER_GS,
	HV_REGISTER_LDTR,
	HV_REGISTER_TR,
	HV_REGISTER_IDTR,
	HV_REGISTER_GDTR,
	HV_REGISTER_EFER,
	HV_REGISTER_KERNEL_GS_BASE,
	HV_REGISTER_SYSENTER_CS,
	HV_REGISTER_SYSENTER_EIP,
	HV_REGISTER_SYSENTER_ESP,
	HV_REGISTER_STAR,
	HV_REGISTER_LSTAR,
	HV_REGISTER_CSTAR,
	HV_REGISTER_SFMASK,
};

#define FLOATING_FIRST HV_REGISTER_XMM0
#define FLOATING_LAST  HV_REGISTER_XMM_CONTROL_STATUS

struct control_page {
	struct fake_vp vp;
	union hv_register_value known[ARRAY_SIZE(known)];
	union hv_register_value floating[FLOATING_LAST - FLOATING_FIRST + 1];
};

_Static_assert(sizeof(struct control_page) <= PAGE_SIZE, "control page");

void fake_backend_reset(void)
{
	memset(&fake_hardware, 0, sizeof(fake_hardware));
	fake_hardware.extended_states = 0x2e7;
}

static struct control_page *page_of(const struct vp *vp)
{
	return vp->control_page;
}

struct fake_vp *fake_vp(const struct vp *vp)
{
	return &page_of(vp)->vp;
}

void fake_exit(enum intercept_kind kind, u8 length)
{
	struct fake_exit *exit;

	if (fake_hardware.exit_count == FAKE_EXITS_MAX)
		abort();
	exit = &fake_hardware.exits[fake_hardware.exit_count++];
	memset(exit, 0, sizeof(*exit));
	exit->intercept.kind = kind;
	exit->intercept.length = length;
	exit->guest_ticks = FAKE_GUEST_TICKS;
}

struct fake_exit *fake_exit_last(void)
{
	return &fake_hardware.exits[fake_hardware.exit_count - 1];
}

static union hv_register_value *find(const struct vp *vp, u32 name)
{
	if (name >= FLOATING_FIRST && name <= FLOATING_LAST)
		return &page_of(vp)->floating[name - FLOATING_FIRST];
	for (u32 i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i] == name)
			return &page_of(vp)->known[i];
	return NULL;
}

static void put64(struct vp *vp, u32 name, u64 value)
{
	find(vp, name)->reg64 = value;
}

void fake_enter_64(struct vp *vp)
{
	put64(vp, HV_REGISTER_CR0, 0x11);
	put64(vp, HV_REGISTER_EFER, 0x500);
	find(vp, HV_REGISTER_CS)->segment.attributes = 0xa09b;
	find(vp, HV_REGISTER_CS)->segment.base = 0;
	find(vp, HV_REGISTER_SS)->segment.attributes = 0xc093;
}

static const char *probe(void)
{
	return fake_hardware.missing;
}

static void lp_enable(u32 lp_index, void *save_page, void *state_page)
{
	(void)save_page;
	(void)state_page;
	fake_hardware.enabled_lps |= BIT(lp_index);
}

static void prepare_vp(struct vp *vp)
{
	vp->xcr0 = 1;
}

/* A VP is in one processor at a time, and only there does it run. */
static void must(bool condition, const char *what, const struct vp *vp)
{
	if (condition)
		return;
	printf("fake backend: %s, VP %u\n", what, vp->index);
	abort();
}

static void vp_load(struct vp *vp)
{
	must(!fake_vp(vp)->loaded, "loaded twice", vp);
	fake_vp(vp)->loaded = true;
	fake_vp(vp)->loads++;
}

static void vp_put(struct vp *vp)
{
	must(fake_vp(vp)->loaded, "taken out without being in", vp);
	fake_vp(vp)->loaded = false;
	fake_vp(vp)->puts++;
}

static void vp_update(struct vp *vp)
{
	fake_vp(vp)->updates++;
}

static void run(struct vp *vp, struct intercept *intercept)
{
	struct fake_exit exit = {
		.intercept.kind = INTERCEPT_Interrupt, .guest_ticks = FAKE_GUEST_TICKS};

	must(fake_vp(vp)->loaded, "runs without being loaded", vp);
	fake_vp(vp)->runs++;
	fake_vp(vp)->injected = vp->event;
	vp->event = 0;
	if (fake_hardware.exit_count) {
		exit = fake_hardware.exits[0];
		fake_hardware.exit_count--;
		memmove(fake_hardware.exits, fake_hardware.exits + 1,
			fake_hardware.exit_count * sizeof(exit));
	}
	fake.tsc += exit.guest_ticks;
	if (exit.act)
		exit.act(vp);
	*intercept = exit.intercept;
}

static bool get_register(
	const struct vp *vp, enum hv_register_name name, union hv_register_value *value)
{
	const union hv_register_value *place = find(vp, name);

	memset(value, 0, sizeof(*value));
	if (place)
		*value = *place;
	return place != NULL;
}

static bool set_register(
	struct vp *vp, enum hv_register_name name, const union hv_register_value *value)
{
	union hv_register_value *place = find(vp, name);

	if (!place)
		return false;
	if (name == HV_REGISTER_XFEM) {
		if (!(value->reg64 & 1) || (value->reg64 & ~fake_hardware.extended_states))
			return false;
		vp->xcr0 = value->reg64;
	}
	*place = *value;
	return true;
}

static void window(struct vp *vp, bool wanted)
{
	fake_vp(vp)->window = wanted;
}

static void watch(struct vp *vp, bool cr8_writes, bool nmi_return)
{
	fake_vp(vp)->cr8_writes = cr8_writes;
	fake_vp(vp)->nmi_return = nmi_return;
}

static void clear_shadow(struct vp *vp)
{
	fake_vp(vp)->shadow = false;
}

static bool privileged(const struct vp *vp)
{
	return !(find(vp, HV_REGISTER_SS)->segment.attributes & HV_SEGMENT_DPL_MASK);
}

static bool privileged_64(const struct vp *vp)
{
	return privileged(vp) && (find(vp, HV_REGISTER_EFER)->reg64 & BIT(10)) &&
	       (find(vp, HV_REGISTER_CS)->segment.attributes & HV_SEGMENT_LONG);
}

static void flush(struct vp *vp)
{
	fake_vp(vp)->flushes++;
}

static u64 extended_states(void)
{
	return fake_hardware.extended_states;
}

static void dump(const struct vp *vp)
{
	fake_vp(vp)->dumps++;
}

static u64 slat_leaf(u64 spa, u32 level, u64 rights)
{
	return spa | FAKE_SLAT_PRESENT | (level ? FAKE_SLAT_LEAF : 0) |
	       (rights & SLAT_WRITE ? FAKE_SLAT_WRITE : 0) |
	       (rights & SLAT_EXECUTE ? FAKE_SLAT_EXECUTE : 0);
}

static u64 slat_table(u64 spa)
{
	return spa | FAKE_SLAT_PRESENT;
}

static bool slat_present(u64 entry)
{
	return entry & FAKE_SLAT_PRESENT;
}

static bool slat_is_leaf(u64 entry, u32 level)
{
	return !level || (entry & FAKE_SLAT_LEAF);
}

static u64 slat_spa(u64 entry)
{
	return entry & ~PAGE_MASK;
}

static u64 slat_rights(u64 entry)
{
	return SLAT_READ | (entry & FAKE_SLAT_WRITE ? SLAT_WRITE : 0) |
	       (entry & FAKE_SLAT_EXECUTE ? SLAT_EXECUTE : 0);
}

static const struct slat_format slat_format = {
	.leaf = slat_leaf,
	.table = slat_table,
	.present = slat_present,
	.is_leaf = slat_is_leaf,
	.spa = slat_spa,
	.rights = slat_rights,
	.accessed_bit = FAKE_SLAT_ACCESSED,
	.dirty_bit = FAKE_SLAT_DIRTY,
	.largest_level = 2,
};

const struct backend fake_backend = {
	.name = "fake",
	.probe = probe,
	.lp_enable = lp_enable,
	.vp_create = prepare_vp,
	.vp_load = vp_load,
	.vp_put = vp_put,
	.vp_update = vp_update,
	.run = run,
	.get_register = get_register,
	.set_register = set_register,
	.window = window,
	.watch = watch,
	.clear_shadow = clear_shadow,
	.privileged = privileged,
	.privileged_64 = privileged_64,
	.flush = flush,
	.extended_states = extended_states,
	.dump = dump,
	.slat = &slat_format,
};
