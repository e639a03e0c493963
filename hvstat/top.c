/* SPDX-License-Identifier: BSD-2-Clause */
/* The command `top`: its options, and its batch mode. */
#include "hvstat/view.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct request {
	bool batch;
	double seconds;
	unsigned long turns; /* 0: until interrupted */
	struct view_choice choice;
};

static void print(const struct view *view, const struct view_choice *choice)
{
	char line[256];

	for (unsigned i = 0; i < 4; i++)
		printf("%s\n", view->machine[i]);
	view_head(choice, line, sizeof(line));
	printf("%s\n", line);
	for (unsigned i = 0; i < view->count; i++) {
		view_line(&view->rows[i], line, sizeof(line));
		printf("%s\n", line);
	}
	printf("\n");
}

static int batch(struct hvstat *hvstat, const struct request *request)
{
	struct hvstat_sample *before = hvstat_sample(hvstat), *after = NULL;
	struct ticks ticks = {0};
	unsigned long turn = 0;
	int status = 0;

	while (before && !status && (!request->turns || turn++ < request->turns)) {
		struct view view;

		if (!wait_tick(&ticks, request->seconds))
			break;
		after = hvstat_sample(hvstat);
		if (!after || !view_build(&view, &request->choice, before, after)) {
			status = failed("%s", after ? "out of memory" : hvstat_error(hvstat));
			break;
		}
		print(&view, &request->choice);
		view_free(&view);
		hvstat_free(before);
		before = after;
		after = NULL;
		if (fflush(stdout))
			status = failed("cannot write: %s", strerror(errno));
	}
	if (!before)
		status = failed("%s", hvstat_error(hvstat));
	hvstat_free(before);
	hvstat_free(after);
	return status;
}

static int parse_option(struct request *request, const char *option, const char *word)
{
	if (!strcmp(option, "-d"))
		return parse_seconds(word, &request->seconds) ? 0
							      : misused("%s is no interval", word);
	if (!strcmp(option, "-n"))
		return parse_count(word, &request->turns) ? 0 : misused("%s is no count", word);
	if (!strcmp(option, "-s")) {
		request->choice.sort = view_column(word);
		return request->choice.sort >= -1 ? 0 : misused("%s is no column", word);
	}
	snprintf(request->choice.filter, sizeof(request->choice.filter), "%s", word);
	return 0;
}

static int parse(struct request *request, int count, char **words)
{
	for (int i = 0; i < count; i++) {
		const char *option = words[i], *word;
		int status;

		if (!strcmp(option, "-b")) {
			request->batch = true;
			continue;
		}
		if (!strcmp(option, "-v")) {
			request->choice.expand_all = true;
			continue;
		}
		if (strcmp(option, "-d") && strcmp(option, "-n") && strcmp(option, "-s") &&
			strcmp(option, "-g"))
			return misused("top cannot do with %s", option);
		word = argument(count, words, &i);
		status = word ? parse_option(request, option, word) : 2;
		if (status)
			return status;
	}
	return 0;
}

int command_top(const struct options *options, int count, char **words)
{
	struct request request = {.seconds = 1};
	struct hvstat *hvstat;
	char error[512];
	int status;

	request.choice.names = options->names;
	request.choice.sort = -1;
	status = parse(&request, count, words);
	if (status)
		return status;
	hvstat = hvstat_open(options->root, error, sizeof(error));
	if (!hvstat)
		return failed("%s", error);
	catch_signals();
	if (request.batch || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		status = batch(hvstat, &request);
	else
		status = screen_run(hvstat, &request.choice, request.seconds);
	hvstat_close(hvstat);
	return status;
}
