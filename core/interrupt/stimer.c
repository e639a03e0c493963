/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Synthetic timers (TLFS "Timers"). A periodic timer that is served late owes expirations:
 * a lazy one forgives them; a normal one fires at shortened periods until it has caught up,
 * or forgives them when there are too many. `due` walks the grid of nominal expirations,
 * `expiry` is when the next one is worth handling.
 */
#include "core/interrupt/stimer.h"

#include "abi/hv_message.h"
#include "core/lib/string.h"

#define NEVER		    (~0ull)
#define CONFIG_VECTOR_SHIFT 4
#define CONFIG_SINT_SHIFT   16
#define CONFIG_RESERVED	    (~0xf1fffull)

/* A normal timer makes good at most this many missed expirations in a row. */
#define CATCH_UP_LIMIT 4
/* A lazy expiration served in the last 1/8 of its period is left out in favour of the next. */
#define LAZY_SKIP_FRACTION 8

static u8 config_vector(u64 config)
{
	return (u8)(config >> CONFIG_VECTOR_SHIFT);
}

static u8 config_sint(u64 config)
{
	return (config >> CONFIG_SINT_SHIFT) & 0xf;
}

static u64 add_saturating(u64 a, u64 b)
{
	return a + b < a ? NEVER : a + b;
}

/* SINT0 is the hypervisor's: a message timer there is disabled at once (TLFS). */
static u64 allowed_config(u64 config)
{
	if (!(config & STIMER_DIRECT) && config_sint(config) == 0)
		return config & ~STIMER_ENABLE;
	return config;
}

/* One-shot counts are absolute and may lie in the past: such a timer is due at once. */
static void arm(struct stimer *timer, u64 now_100ns)
{
	if (!(timer->config & STIMER_ENABLE) || timer->count == 0)
		timer->due = NEVER;
	else if (timer->config & STIMER_PERIODIC)
		timer->due = add_saturating(now_100ns, timer->count);
	else
		timer->due = timer->count;
	timer->expiry = timer->due;
}

void stimer_reset(struct stimer *timer)
{
	timer->config = 0;
	timer->count = 0;
	timer->due = NEVER;
	timer->expiry = NEVER;
}

bool stimer_write_config(struct stimer *timer, u64 value, u64 now_100ns)
{
	if (value & CONFIG_RESERVED)
		return false;
	if ((value & STIMER_DIRECT) && config_vector(value) < 16)
		return false;
	timer->config = allowed_config(value);
	arm(timer, now_100ns);
	return true;
}

void stimer_write_count(struct stimer *timer, u64 value, u64 now_100ns)
{
	timer->count = value;
	if (value == 0)
		timer->config &= ~STIMER_ENABLE;
	else if (timer->config & STIMER_AUTO_ENABLE)
		timer->config = allowed_config(timer->config | STIMER_ENABLE);
	arm(timer, now_100ns);
}

u64 stimer_next(const struct stimer timers[STIMER_COUNT])
{
	u64 next = NEVER;

	for (u32 i = 0; i < STIMER_COUNT; i++)
		next = MIN(next, timers[i].expiry);
	return next;
}

/* Moves `due` forward and picks the next expiry, which lies after now. Returns how many it gives
 * up.
 */
static u64 rearm_periodic(struct stimer *timer, u64 now_100ns)
{
	u64 pace = timer->count;
	u64 given_up = 0;
	u64 missed;

	timer->due = add_saturating(timer->due, timer->count);
	if (timer->due <= now_100ns) {
		missed = (now_100ns - timer->due) / timer->count + 1;
		if ((timer->config & STIMER_LAZY) || missed > CATCH_UP_LIMIT) {
			timer->due = add_saturating(timer->due, missed * timer->count);
			given_up = missed;
		} else {
			pace = MAX(timer->count / 2, 1ull);
		}
	}
	timer->expiry = timer->due;
	if (timer->due <= now_100ns)
		timer->expiry = add_saturating(now_100ns, pace);
	return given_up;
}

/* A dedicated buffer per timer: what waits undelivered is brought up to date, not doubled. */
static void fill_message(struct stimer *timer, u32 index, u64 due, u64 now_100ns)
{
	struct hv_timer_message_payload payload = {
		.timer_index = index,
		.expiration_time = due,
		.delivery_time = now_100ns,
	};

	timer->message.type = HVMSG_TIMER_EXPIRED;
	timer->message.sender = 0;
	timer->message.payload_size = sizeof(payload);
	memcpy(timer->message.payload, &payload, sizeof(payload));
}

static void fire_timer(
	struct stimer *timer, u32 index, u64 due, u64 now_100ns, struct stimer_fire *fire)
{
	if (timer->config & STIMER_DIRECT) {
		fire->vector = config_vector(timer->config);
		return;
	}
	fill_message(timer, index, due, now_100ns);
	if (timer->message.queued)
		return;
	timer->message.sint = config_sint(timer->config);
	fire->message = &timer->message;
}

/* A lazy timer served so late that the next expiration is near keeps still (TLFS). */
static bool skips(const struct stimer *timer, u64 now_100ns)
{
	return (timer->config & STIMER_LAZY) &&
	       timer->expiry - now_100ns < timer->count / LAZY_SKIP_FRACTION;
}

bool stimer_expire(struct stimer *timer, u32 index, u64 now_100ns, struct stimer_fire *fire)
{
	u64 due = timer->due;

	*fire = (struct stimer_fire){0};
	if (timer->expiry > now_100ns)
		return false;
	if (timer->config & STIMER_PERIODIC) {
		fire->skipped = rearm_periodic(timer, now_100ns);
		if (skips(timer, now_100ns)) {
			fire->skipped++;
			return false;
		}
	} else {
		timer->config &= ~STIMER_ENABLE;
		timer->due = NEVER;
		timer->expiry = NEVER;
	}
	fire_timer(timer, index, due, now_100ns, fire);
	return true;
}
