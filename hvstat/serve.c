/* SPDX-License-Identifier: BSD-2-Clause */
/* The command `serve`: answers GET /metrics, on this machine alone unless told otherwise. */
#define _GNU_SOURCE
#include "hvstat/prometheus.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTEN	    "127.0.0.1:9182"
#define CONNECTIONS 16
#define TIMEOUT	    10 /* seconds */
#define TEXT	    "text/plain; version=0.0.4; charset=utf-8"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct server {
	struct hvstat *hvstat;
	const struct names *names;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, char *text,
	size_t length, const char *type)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(
	struct MHD_Connection *connection, unsigned status, const char *message)
{
	char *text = NULL;

	if (asprintf(&text, "%s\n", message) < 0)
		return MHD_NO;
	return answer(connection, status, text, strlen(text), "text/plain; charset=utf-8");
}

static enum MHD_Result metrics(struct server *server, struct MHD_Connection *connection)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
	bool openmetrics = accept && strstr(accept, "application/openmetrics-text");
	struct hvstat_sample *sample = hvstat_sample(server->hvstat);
	char *text = NULL;
	size_t length;
	FILE *file;

	if (!sample)
		return refuse(
			connection, MHD_HTTP_SERVICE_UNAVAILABLE, hvstat_error(server->hvstat));
	file = open_memstream(&text, &length);
	if (file)
		write_prometheus(file, server->names, openmetrics, sample);
	hvstat_free(sample);
	if (!file || fclose(file)) {
		free(text);
		return MHD_NO;
	}
	return answer(connection, MHD_HTTP_OK, text, length, openmetrics ? OPENMETRICS : TEXT);
}

/* All requests come in one thread, so the handle needs no lock. */
static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *data, size_t *size,
	void **request)
{
	static int seen;

	(void)version, (void)data;
	if (!*request) { /* the head alone has come */
		*request = &seen;
		return MHD_YES;
	}
	if (*size) { /* nobody wants it */
		*size = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET");
	if (!strcmp(url, "/"))
		return refuse(connection, MHD_HTTP_OK, "hvstat: see /metrics");
	if (strcmp(url, "/metrics"))
		return refuse(connection, MHD_HTTP_NOT_FOUND, "there is only /metrics");
	return metrics(argument, connection);
}

/* ADDR:PORT or [ADDR]:PORT, addresses as numbers. */
static bool parse_address(const char *text, struct sockaddr_storage *address)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	const char *colon = strrchr(text, ':');
	unsigned long port;
	char host[64];

	memset(address, 0, sizeof(*address));
	if (!colon || !parse_count(colon + 1, &port) || port > 65535)
		return false;
	if ((size_t)(colon - text) >= sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (host[0] == '[' && colon[-1] == ']') {
		host[strlen(host) - 1] = 0;
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1;
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &four->sin_addr) == 1;
}

static int serve(struct server *server, const char *listen)
{
	struct sockaddr_storage address;
	struct MHD_Daemon *daemon;
	unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD;

	if (!parse_address(listen, &address))
		return misused("%s is no address like " LISTEN, listen);
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR,
		&address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		TIMEOUT, MHD_OPTION_END);
	if (!daemon)
		return failed("cannot listen on %s: %s", listen, strerror(errno));
	printf("hvstat: http://%s/metrics\n", listen);
	fflush(stdout);
	for (struct ticks ticks = {0}; wait_tick(&ticks, 60);)
		;
	MHD_stop_daemon(daemon);
	return 0;
}

int command_serve(const struct options *options, int count, char **words)
{
	const char *listen = LISTEN;
	struct server server = {.names = options->names};
	char error[512];
	int status;

	for (int i = 0; i < count; i++) {
		if (strcmp(words[i], "--listen"))
			return misused("serve cannot do with %s", words[i]);
		listen = argument(count, words, &i);
		if (!listen)
			return 2;
	}
	server.hvstat = hvstat_open(options->root, error, sizeof(error));
	if (!server.hvstat)
		return failed("%s", error);
	catch_signals();
	status = serve(&server, listen);
	hvstat_close(server.hvstat);
	return status;
}
