/* SPDX-License-Identifier: BSD-2-Clause */
/* hvstat report: a recording as a page, or as figures for a script. */
#include "hvstat/report.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hvstat/program.h"

static const char usage[] =
	"usage: hvstat report [OPTIONS] FILE\n\n"
	"Makes a page with plots of the recording FILE, its older parts FILE.1, FILE.2, ... "
	"included.\n"
	"The page is one file and needs no network.\n\n"
	"  -o, --output DIR   where index.html is written (default hvstat-report)\n"
	"  -j, --json         figures on standard output instead of a page\n";

static void json_use(struct text *text, const struct hvstat_use *use, double seconds)
{
	text_printf(text,
		"\"run_seconds\":%.9g,\"hypervisor_seconds\":%.9g,\"wait_seconds\":%.9g,"
		"\"dispatches\":%.12g,\"intercepts\":%.12g,\"interrupts\":%.12g,"
		"\"hypercalls\":%.12g,\"seconds\":%.9g,\"classes\":{",
		use->run, use->hypervisor, use->wait, use->dispatches, use->intercepts,
		use->interrupts, use->hypercalls, seconds);
	for (unsigned i = 0; i < HVSTAT_CLASSES; i++)
		text_printf(text, "%s\"%s\":{\"count\":%.12g,\"seconds\":%.9g}", i ? "," : "",
			hvstat_classes[i].label, use->count[i], use->time[i]);
	text_say(text, "}");
}

void report_json(struct text *text, const struct report *report)
{
	text_printf(text,
		"{\"start\":%.3f,\"end\":%.3f,\"samples\":%lu,\"gaps\":%lu,\"damaged_bytes\":%llu,"
		"\"machine\":{",
		report->start, report->end, report->samples, report->gaps,
		(unsigned long long)report->damaged);
	json_use(text, &report->all, report->seconds);
	text_say(text, "},\n\"partitions\":[");
	for (size_t i = 0; i < report->guest_count; i++) {
		const struct report_guest *guest = &report->guests[i];

		text_printf(text, "%s\n{\"partition\":%llu,\"name\":", i ? "," : "",
			(unsigned long long)guest->id);
		text_json(text, guest->name);
		text_say(text, ",");
		json_use(text, &guest->use, guest->use.elapsed);
		text_say(text, "}");
	}
	text_say(text, "],\n\"logical_processors\":[");
	for (size_t i = 0; i < report->lp_count; i++)
		text_printf(text,
			"%s\n{\"lp\":%u,\"seconds\":%.9g,\"guest_seconds\":%.9g,"
			"\"hypervisor_seconds\":%.9g,\"idle_seconds\":%.9g}",
			i ? "," : "", report->lps[i].index, report->lps[i].use.elapsed,
			report->lps[i].use.guest, report->lps[i].use.hypervisor,
			report->lps[i].use.idle);
	text_say(text, "]}\n");
}

static void write_page(const struct text *text, const char *folder)
{
	char *path = NULL;
	FILE *file;

	if (mkdir(folder, 0777) && errno != EEXIST)
		die("%s: %s", folder, strerror(errno));
	if (asprintf(&path, "%s/index.html", folder) < 0)
		die("out of memory");
	file = fopen(path, "w");
	if (!file || fwrite(text->data, 1, text->length, file) != text->length || fclose(file))
		die("%s: %s", path, strerror(errno));
	printf("%s\n", path);
	free(path);
}

int command_report(int argc, char **argv)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'},
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *folder = "hvstat-report";
	char error[HVSTAT_ERROR];
	struct text text = {0};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "o:jh", options, NULL)) != -1) {
		if (option == 'o')
			folder = optarg;
		else if (option == 'j')
			json = true;
		else if (option == 'h')
			return fputs(usage, stdout), DONE;
		else
			return USAGE;
	}
	if (optind != argc - 1)
		bad_use("report wants one recording");
	struct report *report = report_of(argv[optind], error);

	if (!report)
		die("%s", error);
	if (json)
		report_json(&text, report);
	else
		report_html(&text, report);
	if (text.failed)
		die("out of memory");
	if (json)
		write_out(&text);
	else
		write_page(&text, folder);
	text_free(&text);
	report_free(report);
	return DONE;
}
