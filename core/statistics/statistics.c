/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/statistics/statistics.h"

#define UNITS_PER_SECOND 10000000ull

u64 stats_tsc_scale;
static u64 tsc_per_unit; /* 32.32 fixed point */

/* (numerator << 64) / denominator, numerator < denominator; there is no 128-bit division here. */
static u64 fraction_64(u64 numerator, u64 denominator)
{
	u64 quotient = 0;
	u64 rest = numerator;

	for (u32 i = 0; i < 64; i++) {
		bool carry = rest >> 63;

		rest <<= 1;
		quotient <<= 1;
		if (carry || rest >= denominator) {
			rest -= denominator;
			quotient |= 1;
		}
	}
	return quotient;
}

void stats_set_frequency(u64 tsc_hz)
{
	stats_tsc_scale = fraction_64(UNITS_PER_SECOND, tsc_hz);
	tsc_per_unit = (tsc_hz / UNITS_PER_SECOND) << 32 |
		       fraction_64(tsc_hz % UNITS_PER_SECOND, UNITS_PER_SECOND) >> 32;
}

u64 stats_tsc_of_100ns(u64 time_100ns)
{
	return (u64)(((unsigned __int128)time_100ns * tsc_per_unit) >> 32);
}
