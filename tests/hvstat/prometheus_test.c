/* SPDX-License-Identifier: BSD-2-Clause */
/* The text for Prometheus. */
#define _GNU_SOURCE
#include "hvstat/prometheus.h"
#include "tests/hvstat/test.h"
#include <stdlib.h>

static char *write_text(const struct hvstat_sample *sample, bool openmetrics)
{
	char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	write_prometheus(file, NULL, openmetrics, sample);
	fclose(file);
	return text;
}

/* Every family is described once, and each of its lines follows the description. */
static void check_families(const char *text)
{
	char family[256] = "", type[32] = "";

	for (const char *line = text; line && *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "# TYPE %255s %31s", family, type) == 2) {
			char head[300];

			snprintf(head, sizeof(head), "# TYPE %s ", family);
			CHECK(!strstr(line + 1, head));
		} else if (*line != '#') {
			CHECK(!strncmp(line, family, strlen(family)));
			CHECK(!strcmp(type, "counter") ==
				!strncmp(line + strcspn(line, "{ ") - 6, "_total", 6));
		}
	}
}

void test_prometheus(void)
{
	struct hvstat_object objects[] = {{.kind = HVSTAT_LP, .index = 3},
		{.kind = HVSTAT_PT, .partition = 1}, {.kind = HVSTAT_VP, .partition = 1},
		{.kind = HVSTAT_VP, .partition = 5, .index = 1}};
	struct hvstat_sample sample = {.root = 1, .count = 4, .objects = objects};
	char *text;

	set(&objects[0], 2, 30), set(&objects[0], 3, 10), set(&objects[0], 11, 7);
	set(&objects[1], 10, 2);
	set(&objects[3], 1, 123456789012), set(&objects[3], 2, 5);
	text = write_text(&sample, false);
	check_families(text);
#define HAS(line) CHECK(strstr(text, "\n" line "\n"))
	HAS("windows_hyperv_hypervisor_logical_processor_time_total{core=\"3\",state=\"guest\"} "
	    "20");
	HAS("windows_hyperv_hypervisor_virtual_processor_run_time_total"
	    "{vm=\"partition 5\",core=\"1\"} 123456789012");
	HAS("windows_hyperv_root_partition_4K_gpa_pages 2");
	HAS("# TYPE hvstat_lp_total_run_time_seconds_total counter");
	HAS("hvstat_lp_total_run_time_seconds_total{lp=\"3\"} 0.0000030");
	HAS("# TYPE hvstat_lp_monitor_transition_cost_seconds gauge");
	HAS("hvstat_lp_monitor_transition_cost_seconds{lp=\"3\"} 0.0000007");
	HAS("hvstat_pt_gpa_pages4k_bytes{partition=\"1\",name=\"root\"} 8192");
	HAS("hvstat_vp_total_run_time_seconds_total{partition=\"5\",name=\"partition 5\",vp=\"1\"}"
	    " 12345.6789012");
	CHECK(!strstr(text, "# EOF"));
	CHECK(!strstr(text, "hypercalls_count")); /* not there, so not shown */
	free(text);
	text = write_text(&sample, true);
	HAS("# TYPE hvstat_lp_total_run_time_seconds counter");
	HAS("hvstat_lp_total_run_time_seconds_total{lp=\"3\"} 0.0000030");
	CHECK(strlen(text) > 6 && !strcmp(text + strlen(text) - 6, "# EOF\n"));
	free(text);
	for (unsigned kind = 0; kind < 4; kind++) /* with everything there */
		for (unsigned i = 1; i < 213; i++)
			set(&objects[kind], i, i);
	text = write_text(&sample, false);
	check_families(text);
	free(text);
}
