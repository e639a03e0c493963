/* SPDX-License-Identifier: BSD-2-Clause */
/* vapic_request() on one LP between any two accesses of the owner on another, and vice versa. */
#include "tests/host/interrupt/interleaving.h"

#define vapic_reset		 interleaved_vapic_reset
#define vapic_init		 interleaved_vapic_init
#define vapic_write_base	 interleaved_vapic_write_base
#define vapic_request		 interleaved_vapic_request
#define vapic_deliverable	 interleaved_vapic_deliverable
#define vapic_enabled		 interleaved_vapic_enabled
#define vapic_highest_request	 interleaved_vapic_highest_request
#define vapic_accept		 interleaved_vapic_accept
#define vapic_ppr		 interleaved_vapic_ppr
#define vapic_end		 interleaved_vapic_end
#define vapic_matches		 interleaved_vapic_matches
#define vapic_timer_deadline	 interleaved_vapic_timer_deadline
#define vapic_timer_expire	 interleaved_vapic_timer_expire
#define vapic_timer_start	 interleaved_vapic_timer_start
#define vapic_timer_count	 interleaved_vapic_timer_count
#define vapic_note_error	 interleaved_vapic_note_error
#define vapic_replace_requests	 interleaved_vapic_replace_requests
#define vapic_replace_in_service interleaved_vapic_replace_in_service
#include "core/interrupt/vapic.c"

#include "tests/host/test.h"

#define MAX_ACCESSES 60

static struct vapic apic;
static u32 act_at;
static bool acted;

static void setup(void)
{
	vapic_reset(&apic, 0, false, true, 2000000000, 200000000);
	apic.spurious = 0x1ff;
	acted = false;
}

/* One action at access `act_at`, or after the call. */
static bool once(u32 number)
{
	bool now = !acted && number >= act_at;

	acted |= now;
	return now;
}

static void request_neighbour(u32 number)
{
	if (once(number))
		CHECK(vapic_request(&apic, 0x42, false));
}

TEST(interleaved_accept_and_request)
{
	for (act_at = 0; act_at < MAX_ACCESSES; act_at++) {
		setup();
		vapic_request(&apic, 0x51, false);
		interleave(request_neighbour);
		vapic_accept(&apic, 0x51);
		interleave(NULL);
		request_neighbour(MAX_ACCESSES);
		CHECK_EQ(0x42, vapic_highest_request(&apic));
	}
}

static void accept_neighbour(u32 number)
{
	if (once(number))
		vapic_accept(&apic, 0x51);
}

TEST(interleaved_request_and_accept)
{
	for (act_at = 0; act_at < MAX_ACCESSES; act_at++) {
		setup();
		vapic_request(&apic, 0x51, false);
		interleave(accept_neighbour);
		CHECK(vapic_request(&apic, 0x42, true));
		interleave(NULL);
		accept_neighbour(MAX_ACCESSES);
		CHECK_EQ(0x42, vapic_highest_request(&apic));
	}
}

/* The same vector: a request that says "was not pending" is pending afterwards. */
TEST(interleaved_request_and_accept_same)
{
	for (act_at = 0; act_at < MAX_ACCESSES; act_at++) {
		bool fresh;

		setup();
		vapic_request(&apic, 0x51, false);
		interleave(accept_neighbour);
		fresh = vapic_request(&apic, 0x51, false);
		interleave(NULL);
		CHECK_EQ(fresh || !acted ? 0x51 : -1, vapic_highest_request(&apic));
	}
}

/* A request that meets an INIT may be lost, but its vector works afterwards. */
TEST(interleaved_init_and_request)
{
	for (act_at = 0; act_at < MAX_ACCESSES; act_at++) {
		setup();
		interleave(request_neighbour);
		vapic_replace_requests(&apic, (u32[8]){0});
		interleave(NULL);
		request_neighbour(MAX_ACCESSES);
		CHECK((apic.irr[2] != 0) == (vapic_highest_request(&apic) == 0x42));
		vapic_request(&apic, 0x42, false);
		CHECK_EQ(0x42, vapic_highest_request(&apic));
	}
}

static void init_owner(u32 number)
{
	if (once(number))
		vapic_replace_requests(&apic, (u32[8]){0});
}

TEST(interleaved_request_and_init)
{
	for (act_at = 0; act_at < 8; act_at++) {
		setup();
		interleave(init_owner);
		vapic_request(&apic, 0x42, false);
		interleave(NULL);
		vapic_request(&apic, 0x42, false);
		CHECK_EQ(0x42, vapic_highest_request(&apic));
	}
}
