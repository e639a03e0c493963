/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/lib/string.h"
#include "core/log.h"
#include "core/options.h"

struct choice {
	const char *word;
	u32 value;
};

struct option_row {
	const char *name;
	u32 offset;		      /* in struct options */
	bool wide;		      /* a size: u64 with K, M, G; else u32 */
	u64 maximum;		      /* of numbers */
	const struct choice *choices; /* NULL: a number */
};

static const struct choice log_choices[] = {
	{"error", LOG_ERROR},
	{"warning", LOG_WARNING},
	{"info", LOG_INFO},
	{"debug", LOG_DEBUG},
	{NULL, 0},
};

static const struct choice page_choices[] = {
	{"4k", ROOT_PAGES_4K},
	{"2m", ROOT_PAGES_2M},
	{"1g", ROOT_PAGES_1G},
	{NULL, 0},
};

static const struct choice boot_processor_choices[] = {
	{"auto", BOOT_PROCESSOR_AUTO},
	{"use", BOOT_PROCESSOR_USE},
	{"idle", BOOT_PROCESSOR_IDLE},
	{NULL, 0},
};

static const struct choice scheduler_choices[] = {
	{"classic", SCHEDULER_CLASSIC},
	{"core", SCHEDULER_CORE},
	{"root", SCHEDULER_ROOT},
	{NULL, 0},
};

static const struct option_row rows[] = {
	{"root-memory", offsetof(struct options, root_memory), true, 1ull << 46, NULL},
	{"lps", offsetof(struct options, lps), false, 64, NULL},
	{"log", offsetof(struct options, log), false, 0, log_choices},
	{"root-pages", offsetof(struct options, root_pages), false, 0, page_choices},
	{"boot-processor", offsetof(struct options, boot_processor), false, 0,
		boot_processor_choices},
	{"scheduler", offsetof(struct options, scheduler), false, 0, scheduler_choices},
};

/* A piece of the command line. */
struct word {
	const char *text;
	u32 length;
};

static bool word_is(struct word word, const char *text)
{
	return strlen(text) == word.length && !strncmp(word.text, text, word.length);
}

static u32 suffix_shift(char c)
{
	switch (c) {
	case 'K':
	case 'k':
		return 10;
	case 'M':
	case 'm':
		return 20;
	case 'G':
	case 'g':
		return 30;
	default:
		return 0;
	}
}

static bool parse_number(struct word word, bool suffix, u64 maximum, u64 *value)
{
	u32 shift = suffix && word.length ? suffix_shift(word.text[word.length - 1]) : 0;
	u32 digits = word.length - (shift ? 1 : 0);

	*value = 0;
	if (!digits || digits > 15)
		return false;
	for (u32 i = 0; i < digits; i++) {
		if (word.text[i] < '0' || word.text[i] > '9')
			return false;
		*value = *value * 10 + (u64)(word.text[i] - '0');
	}
	if (*value > maximum >> shift)
		return false;
	*value <<= shift;
	return true;
}

static bool parse_choice(struct word word, const struct choice *choices, u64 *value)
{
	for (; choices->word; choices++) {
		if (word_is(word, choices->word)) {
			*value = choices->value;
			return true;
		}
	}
	return false;
}

static bool parse_value(struct options *options, const struct option_row *row, struct word word)
{
	char *place = (char *)options + row->offset;
	u64 value;

	if (row->choices ? !parse_choice(word, row->choices, &value)
			 : !parse_number(word, row->wide, row->maximum, &value))
		return false;
	if (row->wide)
		memcpy(place, &value, sizeof(value));
	else
		memcpy(place, &(u32){(u32)value}, sizeof(u32));
	return true;
}

static void complain(char *error, u32 size, const char *what, struct word word)
{
	u32 at = 0;

	for (; *what && at + 1 < size; what++)
		error[at++] = *what;
	for (u32 i = 0; i < word.length && at + 1 < size; i++)
		error[at++] = word.text[i];
	error[at] = 0;
}

static bool parse_word(struct options *options, struct word word, char *error, u32 size)
{
	struct word name = {word.text, 0};
	struct word value;

	while (name.length < word.length && word.text[name.length] != '=')
		name.length++;
	if (name.length == word.length) {
		complain(error, size, "option without a value: ", word);
		return false;
	}
	value.text = word.text + name.length + 1;
	value.length = word.length - name.length - 1;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!word_is(name, rows[i].name))
			continue;
		if (parse_value(options, &rows[i], value))
			return true;
		complain(error, size, "bad value: ", word);
		return false;
	}
	complain(error, size, "unknown option: ", word);
	return false;
}

bool options_parse(struct options *options, const char *line, char *error, u32 size)
{
	*options = (struct options){.log = LOG_INFO, .root_pages = ROOT_PAGES_1G};
	while (*line) {
		struct word word = {line, 0};

		while (line[word.length] && line[word.length] != ' ')
			word.length++;
		if (word.length && !parse_word(options, word, error, size))
			return false;
		line += word.length;
		while (*line == ' ')
			line++;
	}
	return true;
}
