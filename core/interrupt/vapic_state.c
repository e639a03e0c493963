/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual local APIC as its parent saves and restores it (HvCallGetVpState, …SetVpState). */
#include "core/interrupt/vapic.h"
#include "core/interrupt/vapic_internal.h"

#include "abi/hv_state.h"

#define ESR_BITS (VAPIC_ESR_SEND_ILLEGAL | VAPIC_ESR_RECEIVE_ILLEGAL | VAPIC_ESR_ILLEGAL_REGISTER)

/* clang-format off */
#define ROW(word, reg) {offsetof(struct hv_local_interrupt_controller_state, word), reg}
/* clang-format on */

/* The words of the image that are plain registers. */
static const struct {
	u16 word;
	u8 reg;
} state_words[] = {
	ROW(apic_ldr, VAPIC_LDR),
	ROW(apic_dfr, VAPIC_DFR),
	ROW(apic_spurious, VAPIC_SPURIOUS),
	ROW(apic_lvt_timer, VAPIC_LVT_TIMER),
	ROW(apic_lvt_thermal, VAPIC_LVT_THERMAL),
	ROW(apic_lvt_perfmon, VAPIC_LVT_PERFORMANCE),
	ROW(apic_lvt_lint0, VAPIC_LVT_LINT0),
	ROW(apic_lvt_lint1, VAPIC_LVT_LINT1),
	ROW(apic_lvt_error, VAPIC_LVT_ERROR),
	ROW(apic_lvt_cmci, VAPIC_LVT_CMCI),
	ROW(apic_initial_count, VAPIC_INITIAL_COUNT),
	ROW(apic_divide_configuration, VAPIC_DIVIDE),
};

void vapic_get_state(
	struct vapic *apic, u64 now_tsc, struct hv_local_interrupt_controller_state *state)
{
	vapic_timer_expire(apic, now_tsc);
	*state = (struct hv_local_interrupt_controller_state){
		.apic_id = vapic_id_register(apic, apic->base & VAPIC_BASE_X2APIC),
		.apic_version = VAPIC_VERSION_VALUE,
		.apic_esr = apic->esr,
		.apic_error_status = atomic_load(&apic->esr_pending),
		.apic_icr_high = (u32)(apic->icr >> 32),
		.apic_icr_low = (u32)apic->icr,
		.apic_counter_value = vapic_timer_count(apic, now_tsc),
	};
	for (u32 i = 0; i < ARRAY_SIZE(state_words); i++)
		*(u32 *)((char *)state + state_words[i].word) =
			vapic_field(apic, state_words[i].reg);
	for (u32 i = 0; i < 8; i++) {
		state->apic_isr[i] = apic->isr[i];
		state->apic_tmr[i] = atomic_load(&apic->tmr[i]);
		state->apic_irr[i] = atomic_load(&apic->irr[i]);
	}
}

/* Vectors below 16 do not exist; the parent cannot make them pending. */
static void set_vectors(struct vapic *apic, const struct hv_local_interrupt_controller_state *state)
{
	u32 isr[8], irr[8];

	for (u32 i = 0; i < 8; i++) {
		u32 legal = i ? ~0u : ~0u << VAPIC_FIRST_VECTOR;

		isr[i] = state->apic_isr[i] & legal;
		irr[i] = state->apic_irr[i] & legal;
		atomic_store(&apic->tmr[i], state->apic_tmr[i] & legal);
	}
	vapic_replace_in_service(apic, isr);
	vapic_replace_requests(apic, irr);
}

/* The id, and the LDR that follows from it in x2APIC mode, stay as they are. */
void vapic_set_state(
	struct vapic *apic, u64 now_tsc, const struct hv_local_interrupt_controller_state *state)
{
	u32 ldr = apic->ldr;

	for (u32 i = 0; i < ARRAY_SIZE(state_words); i++)
		vapic_set_field(apic, state_words[i].reg,
			*(const u32 *)((const char *)state + state_words[i].word));
	apic->dfr |= VAPIC_DFR_FIXED_ONES;
	if (apic->base & VAPIC_BASE_X2APIC)
		apic->ldr = ldr;
	apic->esr = state->apic_esr & ESR_BITS;
	atomic_store(&apic->esr_pending, state->apic_error_status & ESR_BITS);
	apic->icr = (u64)state->apic_icr_high << 32 | (state->apic_icr_low & VAPIC_ICR_WRITABLE);
	set_vectors(apic, state);
	vapic_timer_start(apic, MIN(state->apic_counter_value, apic->initial_count), now_tsc);
}
