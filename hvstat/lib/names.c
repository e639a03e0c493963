/* SPDX-License-Identifier: BSD-2-Clause */
/* Which process belongs to which partition: the decision. vmms.c looks at the processes. */
#include "hvstat/lib/names.h"

#include <stdlib.h>
#include <string.h>

#define TICK   10000000	  /* ns: the times of processes are multiples of it */
#define SLACK  (2 * TICK) /* and debugfs takes the date of the last timer interrupt */
#define SECOND 1000000000ll

/* QEMU makes one VP after the other, each by its thread, soon after the thread has begun. */
static bool vp_fits(const struct vmm *vmm, uint32_t index, int64_t made)
{
	int64_t thread, next;

	if (index >= NAMED_VPS || !made || !vmm->thread_made[index])
		return true;
	thread = vmm->thread_made[index];
	next = index + 1 < NAMED_VPS ? vmm->thread_made[index + 1] : 0;
	if (made < thread - SLACK || made > thread + 5 * SECOND)
		return false;
	return !next || made <= next + SLACK;
}

bool names_fit(const struct vmm *vmm, const struct guest_facts *guest)
{
	if (vmm->partitions != 1 || vmm->vps != guest->vp_count || !guest->made)
		return false;
	if (guest->made < vmm->started - SLACK)
		return false;
	for (uint32_t i = 0; i < guest->vps_known; i++)
		if (!vp_fits(vmm, guest->vp_index[i], guest->vp_made[i]))
			return false;
	return true;
}

/* Who can be whose. Rows are partitions, columns VMMs. */
struct fits {
	size_t rows, columns;
	bool *fit;
	size_t *row_count, *column_count; /* how many fit */
};

static bool *fit_at(const struct fits *fits, size_t row, size_t column)
{
	return &fits->fit[row * fits->columns + column];
}

static void take_out(struct fits *fits, size_t row, size_t column)
{
	if (!*fit_at(fits, row, column))
		return;
	*fit_at(fits, row, column) = false;
	fits->row_count[row]--;
	fits->column_count[column]--;
}

/* Both are out of the game. */
static void pair(struct fits *fits, size_t row, size_t column, struct guest_facts *guest,
	const struct vmm *vmm)
{
	guest->pid = vmm->pid;
	memcpy(guest->name, vmm->name, HVSTAT_NAME);
	for (size_t i = 0; i < fits->rows; i++)
		take_out(fits, i, column);
	for (size_t i = 0; i < fits->columns; i++)
		take_out(fits, row, i);
}

/* Every partition has its VMM among the processes and the reverse, so a single possibility of one
 * of the two is enough. But if two claim the same one, the dates cannot be trusted: neither gets
 * it.
 */
static bool sure(const struct fits *fits, size_t row, size_t column)
{
	bool by_row = fits->row_count[row] == 1, by_column = fits->column_count[column] == 1;

	for (size_t i = 0; by_row && i < fits->rows; i++)
		by_row = i == row || fits->row_count[i] != 1 || !*fit_at(fits, i, column);
	for (size_t i = 0; by_column && i < fits->columns; i++)
		by_column = i == column || fits->column_count[i] != 1 || !*fit_at(fits, row, i);
	return by_row || by_column;
}

static void match(struct fits *fits, const struct vmm *vmms, struct guest_facts **guests)
{
	bool progress = true;

	while (progress) { /* a pair that is found may leave others a single possibility */
		progress = false;
		for (size_t row = 0; row < fits->rows; row++)
			for (size_t column = 0; column < fits->columns; column++) {
				if (!*fit_at(fits, row, column) || !sure(fits, row, column))
					continue;
				pair(fits, row, column, guests[row], &vmms[column]);
				progress = true;
			}
	}
}

static bool taken(const struct vmm *vmm, struct guest_facts *const *guests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (guests[i]->pid == vmm->pid)
			return true;
	return false;
}

void names_match(
	const struct vmm *vmms, size_t vmm_count, struct guest_facts **guests, size_t count)
{
	struct fits fits = {
		.rows = count,
		.columns = vmm_count,
		.fit = calloc(count * vmm_count + 1, sizeof(bool)),
		.row_count = calloc(count + 1, sizeof(size_t)),
		.column_count = calloc(vmm_count + 1, sizeof(size_t)),
	};
	bool room = fits.fit && fits.row_count && fits.column_count;

	for (size_t column = 0; room && column < vmm_count; column++) {
		if (taken(&vmms[column], guests, count))
			continue;
		for (size_t row = 0; row < count; row++) {
			if (guests[row]->pid || !names_fit(&vmms[column], guests[row]))
				continue;
			*fit_at(&fits, row, column) = true;
			fits.row_count[row]++;
			fits.column_count[column]++;
		}
	}
	if (room)
		match(&fits, vmms, guests);
	free(fits.fit);
	free(fits.row_count);
	free(fits.column_count);
}

void names_find(const char *proc, struct guest_facts **guests, size_t count)
{
	size_t vmm_count;
	struct vmm *vmms = vmms_find(proc, &vmm_count);

	if (vmms)
		names_match(vmms, vmm_count, guests, count);
	free(vmms);
}

/* ---- The name itself ---- */

static void copy_name(const char *from, size_t length, char name[HVSTAT_NAME])
{
	size_t i;

	for (i = 0; i < length && i < HVSTAT_NAME - 1; i++) {
		unsigned char c = (unsigned char)from[i];

		name[i] = c < ' ' || c == 127 || strchr("()#\\/*:\"", c) ? '_' : (char)c;
	}
	/* Not half a UTF-8 character. */
	if (length > i)
		while (i && ((unsigned char)from[i] & 0xc0) == 0x80)
			i--;
	name[i] = 0;
}

static bool begins_with(const char *text, const char *begin)
{
	return strncmp(text, begin, strlen(begin)) == 0;
}

/* -name GUEST, or a list of properties with guest=GUEST; two commas in a value stand for one. */
static void name_option(const char *value, char name[HVSTAT_NAME])
{
	while (*value) {
		char text[HVSTAT_NAME * 2] = "";
		size_t length = 0;
		bool property =
			!begins_with(value, "debug-threads=") && !begins_with(value, "process=");

		for (; *value && (*value != ',' || value[1] == ','); value++) {
			value += *value == ',';
			if (length < sizeof(text) - 1)
				text[length++] = *value;
		}
		text[length] = 0;
		value += *value == ',';
		if (property) {
			size_t key = begins_with(text, "guest=") ? strlen("guest=") : 0;

			copy_name(text + key, strlen(text + key), name);
			return;
		}
	}
}

void names_from_arguments(const char *arguments, size_t length, char name[HVSTAT_NAME])
{
	const char *end = arguments + length, *next;
	bool is_name = false;

	*name = 0;
	for (const char *at = arguments; at < end; at = next + 1) {
		next = memchr(at, 0, (size_t)(end - at));
		if (!next)
			return;
		if (is_name) {
			name_option(at, name);
			return;
		}
		is_name = !strcmp(at, "-name") || !strcmp(at, "--name");
	}
}
