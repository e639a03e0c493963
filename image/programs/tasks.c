/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks [-w] WORKERS TASKS: a load with a fixed amount of work. One dispatcher hands TASKS tasks to
 * WORKERS threads. A task allocates a large collection, fills it with random data, searches it
 * again and again, frees it, and now and then sleeps as if for a disk. What a task does follows
 * from its number alone, so the result is the same wherever and in whatever order they run.
 *
 * Nothing is printed before the end, because a guest's console is work for others:
 * TASKS-DONE ms=ELAPSED tasks=N workers=N result=R
 * TASKS-PROGRESS DONE:MS ...                        twenty times
 * With -w: says TASKS-READY. and begins when a line comes in.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLLECTION  131072 /* numbers of 64 bits: 1 MiB */
#define SEARCHES    24
#define SLEEP_EVERY 8 /* tasks */
#define SLEEP_MS    5
#define MAX_WORKERS 64
#define STEPS	    20 /* of progress that are noted */
#define NO_TASK	    (~0u)

/* One place for the task that is handed over; all below the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t taken = PTHREAD_COND_INITIALIZER, given = PTHREAD_COND_INITIALIZER;
static unsigned offered = NO_TASK;
static bool over;
static unsigned done, tasks;
static uint64_t result;
static unsigned done_at[STEPS];
static uint64_t ms_at[STEPS], begun;

static uint64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static unsigned find(const uint64_t *numbers, uint64_t wanted)
{
	unsigned i = 0;

	while (i < COLLECTION && numbers[i] != wanted)
		i++;
	return i;
}

static uint64_t work(unsigned task)
{
	uint64_t state = 0x9e3779b97f4a7c15ull * (task + 1), sum = 0;
	uint64_t *numbers = malloc(COLLECTION * sizeof(*numbers));

	if (!numbers) {
		perror("tasks");
		exit(1);
	}
	for (unsigned i = 0; i < COLLECTION; i++)
		numbers[i] = next_random(&state);
	/* None of the first half, so each search costs much the same; every other one finds
	 * nothing. */
	for (unsigned i = 0; i < SEARCHES; i++) {
		uint64_t chance = next_random(&state);

		sum += find(numbers,
			i & 1 ? chance : numbers[COLLECTION / 2 + chance % (COLLECTION / 2)]);
	}
	free(numbers);
	return sum;
}

/* ---- Dispatcher and workers ---- */

static void note(uint64_t sum)
{
	pthread_mutex_lock(&lock);
	done++;
	result += sum;
	for (unsigned step = 0; step < STEPS; step++)
		if (!ms_at[step] && done * STEPS >= tasks * (step + 1)) {
			done_at[step] = done;
			ms_at[step] = now_ms() - begun;
		}
	pthread_mutex_unlock(&lock);
}

static unsigned take(void)
{
	unsigned task;

	pthread_mutex_lock(&lock);
	while (offered == NO_TASK && !over)
		pthread_cond_wait(&given, &lock);
	task = offered;
	offered = NO_TASK;
	pthread_cond_signal(&taken);
	pthread_mutex_unlock(&lock);
	return task;
}

static void give(unsigned task)
{
	pthread_mutex_lock(&lock);
	while (offered != NO_TASK)
		pthread_cond_wait(&taken, &lock);
	offered = task;
	pthread_cond_signal(&given);
	pthread_mutex_unlock(&lock);
}

static void no_more(void)
{
	pthread_mutex_lock(&lock);
	while (offered != NO_TASK)
		pthread_cond_wait(&taken, &lock);
	over = true;
	pthread_cond_broadcast(&given);
	pthread_mutex_unlock(&lock);
}

static void *worker(void *unused)
{
	const struct timespec input = {0, SLEEP_MS * 1000000};
	unsigned task;

	(void)unused;
	while ((task = take()) != NO_TASK) {
		note(work(task));
		if (task % SLEEP_EVERY == 0)
			nanosleep(&input, NULL);
	}
	return NULL;
}

static void run(unsigned workers)
{
	pthread_t threads[MAX_WORKERS];

	begun = now_ms();
	for (unsigned i = 0; i < workers; i++)
		if (pthread_create(&threads[i], NULL, worker, NULL)) {
			perror("tasks: pthread_create");
			exit(1);
		}
	for (unsigned task = 0; task < tasks; task++)
		give(task);
	no_more();
	for (unsigned i = 0; i < workers; i++)
		pthread_join(threads[i], NULL);
}

static void wait_for_line(void)
{
	char line[80];

	printf("TASKS-READY.\n");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

int main(int argc, char **argv)
{
	bool wait = argc > 1 && !strcmp(argv[1], "-w");
	unsigned long workers = argc == 3 + wait ? strtoul(argv[1 + wait], NULL, 10) : 0;

	tasks = workers ? (unsigned)strtoul(argv[2 + wait], NULL, 10) : 0;
	if (!tasks || workers > MAX_WORKERS) {
		fprintf(stderr, "usage: tasks [-w] WORKERS TASKS\n");
		return 2;
	}
	if (wait)
		wait_for_line();
	run((unsigned)workers);
	printf("TASKS-DONE ms=%" PRIu64 " tasks=%u workers=%lu result=%" PRIu64 ".\n",
		ms_at[STEPS - 1], done, workers, result);
	printf("TASKS-PROGRESS");
	for (unsigned step = 0; step < STEPS; step++)
		printf(" %u:%" PRIu64, done_at[step], ms_at[step]);
	printf(".\n");
	return 0;
}
