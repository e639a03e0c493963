/* SPDX-License-Identifier: BSD-2-Clause */
/* Our scheduler beside models of others, in the same machine with the same load. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct policy *const sim_policies[] = {
	&policy_trivium, &policy_round_robin, &policy_credit, &policy_fair};

static FILE *out;

FILE *report_file(const char *folder, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

/* ---- What is measured ---- */

static int by_value(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static double latency(double quantile)
{
	u32 index = (u32)(quantile * (world.latency_count - 1));

	return world.latency_count ? (double)world.latencies[index] / 10 : 0; /* µs */
}

struct errors {
	double worst, mean;
};

/* Of those that are always busy, against what is ideal if the others took what they had. */
static struct errors fairness(u64 window)
{
	static double shares[MAX_VPS];
	struct errors errors = {0, 0};
	double low = 0, high = 1, left = world.lp_count;
	u32 count = 0;

	for (u32 i = 0; i < world.vp_count; i++)
		if (world.vps[i].workload != BUSY)
			left -= (double)world_had(&world.vps[i]) / (double)window;
	for (u32 turn = 0; turn < 60; turn++) {
		double level = (low + high) / 2, sum = 0;

		for (u32 i = 0; i < world.vp_count; i++) {
			const struct vp *vp = &world.vps[i];

			shares[i] = (double)vp->reserve / SCHED_WHOLE_LP + level * vp->weight;
			shares[i] = MIN(shares[i], (double)vp->cap / SCHED_WHOLE_LP);
			sum += vp->workload == BUSY ? shares[i] : 0;
		}
		*(sum > left ? &high : &low) = level;
	}
	for (u32 i = 0; i < world.vp_count; i++) {
		double error = (double)world_had(&world.vps[i]) / (double)window - shares[i];

		if (world.vps[i].workload != BUSY)
			continue;
		error = error < 0 ? -error : error;
		errors.worst = MAX(errors.worst, error);
		errors.mean += error;
		count++;
	}
	errors.mean /= MAX(count, 1);
	return errors;
}

static void print_row(const char *scenario, u64 window)
{
	double seconds = (double)window / 1e9;
	struct errors errors = fairness(window);
	double useful = 0, total = seconds * 1e9 * world.lp_count;
	u64 decisions = world.decisions + world.wakes;

	for (u32 i = 0; i < world.vp_count; i++)
		useful += (double)world.vps[i].progress;
	qsort(world.latencies, world.latency_count, sizeof(u32), by_value);
	fprintf(out, "%s\t%s\t%.2f\t%.2f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t%.1f\t%llu\n",
		scenario, world.policy->name, errors.worst * 100, errors.mean * 100, latency(0.5),
		latency(0.99), latency(1), (double)world.moves / seconds / world.lp_count,
		(double)world.moves_far / seconds / world.lp_count, useful / total * 100,
		(double)world.steps / (double)MAX(decisions, 1),
		(unsigned long long)world.steps_longest);
}

static void zero_progress(void)
{
	for (u32 i = 0; i < world.vp_count; i++)
		world.vps[i].progress = 0;
}

static void measure(const char *scenario, u64 window)
{
	world_start(20 * MS);
	world_run(500 * MS);
	world_sync();
	world_mark();
	zero_progress();
	world_run(500 * MS + window);
	world_sync();
	print_row(scenario, window);
}

/* ---- Scenarios, on 16 LPs of two nodes ---- */

static void add_many(u32 count, enum workload workload, u64 run, u64 sleep)
{
	for (u32 i = 0; i < count; i++)
		world_add(world.vp_count / 2 + 1, workload, run, sleep);
}

static void equal(void)
{
	add_many(40, BUSY, 0, 0);
}

static void uneven(void)
{
	static const u32 weights[] = {50, 100, 100, 200, 400};

	add_many(40, BUSY, 0, 0);
	for (u32 i = 0; i < world.vp_count; i++)
		world.vps[i].weight = weights[i % 5];
}

static void mixed(void)
{
	add_many(24, BUSY, 0, 0);
	add_many(40, INTERACTIVE, MS / 5, 10 * MS);
	add_many(16, PERIODIC, 2 * MS, 20 * MS);
	add_many(16, BURSTY, 5 * MS, 20 * MS);
}

static void storms(void)
{
	add_many(24, BUSY, 0, 0);
	add_many(100, STORMING, MS / 20, 0);
}

static void locks(void)
{
	for (u32 i = 0; i < 48; i++)
		world_add(i / 4 + 1, LOCKING, MS, 0);
}

static void thieves(void)
{
	add_many(24, BUSY, 0, 0);
	add_many(8, STEALING, MS, 0);
}

static void devices(void)
{
	world_add_roots(MS / 20, 4 * MS);
	add_many(48, BUSY, 0, 0);
}

static void half_full(void)
{
	add_many(10, BURSTY, 20 * MS, 20 * MS);
	add_many(40, INTERACTIVE, MS / 2, 5 * MS);
}

static const struct {
	const char *name;
	void (*make)(void);
} scenarios[] = {
	{"equal", equal},
	{"weights", uneven},
	{"mixed", mixed},
	{"storms", storms},
	{"locks", locks},
	{"stealing", thieves},
	{"devices", devices},
	{"half full", half_full},
};

static void compare(void)
{
	fprintf(out,
		"scenario\tpolicy\tworst\tmean\tp50\tp99\tmax\tmoves\tfar\tuseful\tsteps\tmost\n");
	for (u32 i = 0; i < ARRAY_SIZE(scenarios); i++)
		for (u32 j = 0; j < ARRAY_SIZE(sim_policies); j++) {
			world_init(sim_policies[j], 16, 2, 1, 42);
			scenarios[i].make();
			measure(scenarios[i].name, SECOND);
		}
}

/* ---- Thieves: what they have, of what they should ---- */

static void steal(void)
{
	fprintf(out, "policy\tthief\tvictim\n");
	for (u32 j = 0; j < ARRAY_SIZE(sim_policies); j++) {
		double stolen = 0, left = 0;

		world_init(sim_policies[j], 16, 2, 1, 42);
		thieves();
		world_start(20 * MS);
		world_run(500 * MS);
		world_mark();
		world_run(2500 * MS);
		for (u32 i = 0; i < world.vp_count; i++)
			*(world.vps[i].workload == STEALING ? &stolen : &left) +=
				(double)world_had(&world.vps[i]) / 2e9;
		fprintf(out, "%s\t%.3f\t%.3f\n", sim_policies[j]->name, stolen / 8, left / 24);
	}
}

/* ---- Size ---- */

static void grow(void)
{
	static const u32 sizes[][3] = {{1, 1, 10}, {4, 1, 40}, {16, 2, 160}, {64, 4, 640},
		{256, 8, 2500}, {1024, 16, 10000}};

	fprintf(out, "lps\tvps\tpolicy\tsteps\tmost\tcycles\tworst\tmean\tp99\n");
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
		for (u32 j = 0; j < ARRAY_SIZE(sim_policies); j++) {
			u32 busy = sizes[i][2] / 4;
			u64 decisions;
			struct errors errors;

			/* The lists and scans of the models take too long for this machine. */
			if (sizes[i][0] > 256 && sim_policies[j] != &policy_trivium)
				continue;
			world_init(sim_policies[j], sizes[i][0], sizes[i][1], 1, 7);
			add_many(busy, BUSY, 0, 0);
			add_many(sizes[i][2] - busy, INTERACTIVE, MS / 2, 20 * MS);
			world_start(20 * MS);
			world_run(200 * MS);
			world_mark();
			world_run(700 * MS);
			decisions = world.decisions + world.wakes;
			errors = fairness(500 * MS);
			qsort(world.latencies, world.latency_count, sizeof(u32), by_value);
			fprintf(out, "%u\t%u\t%s\t%.1f\t%llu\t%.0f\t%.2f\t%.2f\t%.1f\n",
				sizes[i][0], sizes[i][2], sim_policies[j]->name,
				(double)world.steps / (double)decisions,
				(unsigned long long)world.steps_longest,
				(double)world.cycles / (double)decisions, errors.worst * 100,
				errors.mean * 100, latency(0.99));
		}
}

/* ---- All ---- */

static void print_file(const char *folder, const char *name)
{
	char line[512], path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	printf("---- %s\n", name);
	while (file && fgets(line, sizeof(line), file))
		for (char *word = strtok(line, "\t\n"), *next; word; word = next) {
			next = strtok(NULL, "\t\n");
			printf(next ? "%-15s" : "%s\n", word);
		}
	if (file)
		fclose(file);
}

int report(const char *folder)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} parts[] = {{"comparison.tsv", compare}, {"stealing.tsv", steal}, {"size.tsv", grow}};
	int failed;

	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		out = report_file(folder, parts[i].name);
		parts[i].make();
		fclose(out);
		print_file(folder, parts[i].name);
	}
	failed = experiment(folder);
	print_file(folder, "experiment.tsv");
	return failed;
}
