/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The experiment of which figures were published (docs/bench-seed.md): guests that do the same
 * fixed amount of work on four LPs, with as many VPs as there are LPs, half as many, and twice as
 * many.
 */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#define LPS	4
#define TASK	(25 * MS) /* as program tasks of image/programs, on average */
#define TASKS	800
#define WORKERS (2 * LPS) /* so many that a VP hardly ever lacks one */
#define SLEEP	(5 * MS)
#define GUESTS	4
#define LIMIT	(120 * SECOND)
#define SAMPLE	(250 * MS)

enum row { NATIVE, FOUR, TWO, NONE, WEIGHTS, RESERVE, ROWS };

static const struct {
	const char *name;
	u32 guests, vps, weight, reserve; /* of guests 0 and 1 */
	double ideal;			  /* times what one 2-VP guest takes; 0: nothing is said */
	double share[2]; /* that a guest of the first and second pair is promised */
} rows[ROWS] = {
	[NATIVE] = {"native", 1, LPS, 100, 0, 0, {1}},
	[FOUR] = {"four VPs", 1, LPS, 100, 0, 0, {1}},
	[TWO] = {"two VPs", 1, 2, 100, 0, 1, {1}},
	[NONE] = {"none", GUESTS, 2, 100, 0, 2, {1. / 4, 1. / 4}},
	[WEIGHTS] = {"weights", GUESTS, 2, 200, 0, 1.5, {1. / 3, 1. / 6}},
	[RESERVE] = {"reserve", GUESTS, 2, 100, SCHED_WHOLE_LP / 2, 4. / 3, {3. / 8, 1. / 8}},
};

struct outcome {
	double seconds;	      /* until the guests with priority have done their work */
	double share[GUESTS]; /* of the time that all had, until the first of them had done it */
	double seconds_of[GUESTS];
};

/* ---- One run ---- */

static void make(const struct policy *policy, enum row row)
{
	world_init(policy, LPS, 1, 1, 5);
	for (u32 guest = 0; guest < rows[row].guests; guest++) {
		bool high = guest < 2;

		sim_programs[guest + 1] = (struct program){.tasks = TASKS, .idle = WORKERS};
		for (u32 i = 0; i < rows[row].vps; i++) {
			struct vp *vp = world_add(guest + 1, TASKED, TASK, SLEEP);

			vp->weight = high ? rows[row].weight : 100;
			vp->reserve = high ? rows[row].reserve : 0;
			/* Without a hypervisor a processor is nobody else's. */
			if (row == NATIVE)
				vp->bound = vp->lp = i;
		}
	}
}

static u64 had(u32 guest)
{
	u64 sum = 0;

	for (u32 i = 0; i < world.vp_count; i++)
		sum += world.vps[i].partition == guest + 1 ? world_had(&world.vps[i]) : 0;
	return sum;
}

static void shares(double *share)
{
	double all = 0;

	for (u32 guest = 0; guest < GUESTS; guest++)
		all += share[guest] = (double)had(guest);
	for (u32 guest = 0; guest < GUESTS; guest++)
		share[guest] /= MAX(all, 1);
}

static u32 guests_done(u32 guests)
{
	u32 count = 0;

	for (u32 guest = 0; guest < guests; guest++)
		count += sim_programs[guest + 1].finished != 0;
	return count;
}

/* Ends when the work of all guests is done; `trace` gets what each has of the machine, over time.
 */
static struct outcome run(const struct policy *policy, enum row row, FILE *trace)
{
	struct outcome outcome = {0};
	u64 had_before[GUESTS] = {0};
	u32 guests = rows[row].guests;

	make(policy, row);
	world_start(MS);
	while (world.now < LIMIT && guests_done(guests) < guests) {
		world_run(world.now + SAMPLE);
		if (!guests_done(guests))
			shares(outcome.share);
		for (u32 guest = 0; trace && guest < guests; guest++) {
			u64 now = had(guest);

			fprintf(trace, "%s\t%s\t%.2f\t%u\t%.4f\n", policy->name, rows[row].name,
				(double)world.now / 1e9, guest,
				(double)(now - had_before[guest]) / SAMPLE / LPS);
			had_before[guest] = now;
		}
	}
	for (u32 guest = 0; guest < guests; guest++) {
		u64 end = sim_programs[guest + 1].finished;

		outcome.seconds_of[guest] = (double)(end ? end : LIMIT) / 1e9;
		if (row == NONE || guest < 2)
			outcome.seconds = MAX(outcome.seconds, outcome.seconds_of[guest]);
	}
	return outcome;
}

/* ---- What is promised ---- */

static u32 passed, failed;

static void verdict(const char *what, double value, double low, double high)
{
	bool ok = value >= low && value <= high;

	*(ok ? &passed : &failed) += 1;
	printf("%s %s: %.3f, expected %.3f to %.3f\n", ok ? "ok  " : "FAIL", what, value, low,
		high);
}

/* Nothing else is going on in this machine, so what is lost are switches and moves. */
static void judge(const struct outcome *outcomes)
{
	char what[80];

	for (enum row row = NONE; row < ROWS; row++) {
		double ideal = rows[row].ideal * outcomes[TWO].seconds;

		snprintf(what, sizeof(what), "%s: elapsed, of the ideal bound", rows[row].name);
		verdict(what, outcomes[row].seconds / ideal, 0.99, 1.01);
		for (u32 guest = 0; guest < GUESTS; guest++) {
			double promised = rows[row].share[guest / 2];

			snprintf(
				what, sizeof(what), "%s: share of guest %u", rows[row].name, guest);
			verdict(what, outcomes[row].share[guest], promised - 0.005,
				promised + 0.005);
		}
	}
	verdict("one 4-VP guest: elapsed, of native",
		outcomes[FOUR].seconds / outcomes[NATIVE].seconds, 0.99, 1.01);
}

/* ---- All ---- */

static void run_all(const struct policy *policy, struct outcome *outcomes, FILE *table, FILE *trace)
{
	for (enum row row = 0; row < ROWS; row++) {
		const struct outcome *o = &outcomes[row];

		outcomes[row] = run(policy, row, row >= NONE ? trace : NULL);
		if (!table)
			continue;
		fprintf(table, "%s\t%s\t%.3f\t%.3f\t%.4f\t%.4f\n", policy->name, rows[row].name,
			o->seconds, rows[row].ideal * outcomes[TWO].seconds,
			o->share[0] + o->share[1], o->share[2] + o->share[3]);
	}
}

/* Ours comes last, and is judged. */
int experiment(const char *folder)
{
	struct outcome outcomes[ROWS] = {0};
	FILE *table, *trace;

	if (folder) {
		table = report_file(folder, "experiment.tsv");
		trace = report_file(folder, "experiment-shares.tsv");
		fprintf(table, "policy\tsetting\tseconds\tideal\thigh\tlow\n");
		fprintf(trace, "policy\tsetting\ttime\tguest\tshare\n");
		for (u32 i = ARRAY_SIZE(sim_policies); i--;)
			run_all(sim_policies[i], outcomes, table, trace);
		fclose(table);
		fclose(trace);
	} else {
		run_all(sim_policies[0], outcomes, NULL, NULL);
	}
	judge(outcomes);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
