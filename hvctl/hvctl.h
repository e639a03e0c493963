/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvctl sets how the hypervisor schedules its guests; docs/hvctl.md.
 *
 * The way: a guest's VMM holds a file of Linux's mshv driver for its partition. hvctl takes a copy
 * of it (pidfd_getfd(2)) and passes HvCallGetPartitionProperty and HvCallSetPartitionProperty on
 * through it (docs/decisions/0016). words.c reads what is typed, guests.c finds guests in /proc,
 * driver.c talks to the driver, the rest are the commands.
 *
 * Functions that may fail return 0, or what the program is to end with: 1, it could not be done; 2,
 * it was not asked for properly. The text is in failure() then.
 */
#ifndef HVCTL_HVCTL_H
#define HVCTL_HVCTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define HVCTL_VERSION "0.1"

#define WHOLE_LP	0x10000u /* of reserves, limits and caps of groups */
#define NO_CAP		0xffffffffu
#define MAX_VPS		256
#define NAME_MAX_LENGTH 128

/* How the machine is reached; tests have one of their own. The functions are as those of libc. */
struct machine {
	const char *proc;
	const char *device;
	FILE *out;
	bool json;
	int (*take_file)(pid_t process, int fd);
	int (*control)(int fd, unsigned long request, void *argument);
};

/* ---- Failures ---- */

int failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
int misused(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *failure(void);

/* ---- words.c: all but the printers return false for what is no such thing ---- */

bool parse_number(const char *text, uint64_t most, uint64_t *number);
/* "50%", "12.5", in 1/65536 of an LP, rounded; at most `most` of them. */
bool parse_share(const char *text, uint64_t most, uint32_t *share);
void print_share(uint32_t share, char text[16]);
/* "0-3,6" or "all" of `count` LPs (at most 64), as a bit for each. */
bool parse_lps(const char *text, unsigned count, uint64_t *set);
void print_lps(uint64_t set, char text[256]);
/* GUEST:VP; the VP is what follows the last colon. */
bool parse_guest_vp(const char *text, char guest[NAME_MAX_LENGTH], uint32_t *vp);
void print_json_string(FILE *out, const char *text);

/* What is set for each VP of a partition. */
struct settings {
	uint32_t weight, reserve, limit;
};

enum { GIVEN_WEIGHT = 1, GIVEN_RESERVE = 2, GIVEN_LIMIT = 4 };

/* "weight=200": changes what it names and adds its GIVEN_ bit. */
int parse_setting(const char *text, struct settings *settings, unsigned *given);

/* ---- guests.c ---- */

/* A file of a partition that a process holds. */
struct guest {
	pid_t process;
	int fd;	  /* in that process */
	int file; /* ours */
	uint64_t id;
	char name[NAME_MAX_LENGTH]; /* as QEMU's -name has it; empty: none */
};

struct guests {
	unsigned count;
	struct guest *list;
};

/* Takes the name from a QEMU command line: words that end with 0. False: there is none. */
bool name_from_arguments(const char *arguments, size_t length, char name[NAME_MAX_LENGTH]);

/* All there are, by partition. guests_close() whatever it returns. */
int guests_open(const struct machine *machine, struct guests *guests);
void guests_close(struct guests *guests);
/* The one that has this name or else this partition number. */
int guests_find(const struct guests *guests, const char *word, const struct guest **found);
/* Both. */
int guest_open(const struct machine *machine, const char *word, struct guests *guests,
	const struct guest **found);

/* ---- driver.c: `file` is a partition's, or for questions about the machine the device ---- */

int device_open(const struct machine *machine, int *file);
/* A partition that has nothing and goes with its file: through it what concerns all is set. */
int partition_open(const struct machine *machine, int *file);
/* The status of the hypercall; what else can go wrong is a failure and DRIVER_FAILED. */
#define DRIVER_FAILED (-1)
int property_get(const struct machine *machine, int file, uint32_t code, uint64_t *value);
int property_set(const struct machine *machine, int file, uint32_t code, uint64_t value);
/* The same for what is never refused for a reason that the user could know. `what` is for texts. */
int get(const struct machine *machine, int file, uint32_t code, const char *what, uint64_t *value);
/* What the status means for `what`; passes DRIVER_FAILED's text on. */
int refused(int status, const char *what);

int settings_get(const struct machine *machine, int file, struct settings *settings);
/* All or nothing. */
int settings_set(
	const struct machine *machine, const struct guest *guest, const struct settings *settings);

/* ---- Commands: words behind the command's name ---- */

int command_list(const struct machine *machine, int count, char **words);
int command_show(const struct machine *machine, int count, char **words);
int command_set(const struct machine *machine, int count, char **words);
int command_affinity(const struct machine *machine, int count, char **words);
int command_group(const struct machine *machine, int count, char **words);

/* The whole program but for what main() adds: words without the program's name. */
int hvctl(struct machine *machine, int count, char **words);

#endif
