/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvstat serve: the counters over HTTP. One thread answers, with bounds on the number of
 * connections, their memory and their time; a client that asks often gets the same sample again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "hvstat/metrics.h"
#include "hvstat/program.h"

static const char usage[] =
	"usage: hvstat serve [OPTIONS]\n\n"
	"Answers GET /metrics in Prometheus' text format or in OpenMetrics, as the client asks.\n\n"
	"  -l, --listen ADDRESS[:PORT]   default 127.0.0.1:9182; [::1]:9182 for IPv6; port 0: "
	"any.\n"
	"                                There is no password: beyond this machine anyone can "
	"read.\n"
	"  -m, --match PATTERN           metrics whose names fit, * and ? allowed; may be "
	"repeated\n"
	"  -z, --skip-zero               leave out metrics that are 0 everywhere\n"
	"  -a, --max-age SECONDS         how old a sample may be when it is sent (default 0.5)\n";

#define PATTERNS	32
#define CONNECTIONS	64
#define TIMEOUT_SECONDS 10u

struct server {
	struct hvstat *stat;
	struct hvstat_sample *sample;
	struct metrics_options metrics;
	const char *patterns[PATTERNS];
	const char *listen;
	double max_age;
	int64_t read_at; /* 0: never */
};

static bool renew(struct server *server, char error[HVSTAT_ERROR])
{
	int64_t now = clock_now();

	if (server->read_at && (double)(now - server->read_at) / 1e9 < server->max_age)
		return true;
	if (!hvstat_read(server->stat, server->sample, error))
		return false;
	server->read_at = now;
	return true;
}

/* ---- Answers ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
	const char *body, size_t length, enum MHD_ResponseMemoryMode mode)
{
	/* libmicrohttpd copies the body or frees it. */
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, (void *)(uintptr_t)body, mode);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_line(
	struct MHD_Connection *connection, unsigned status, const char *line)
{
	return answer(connection, status, "text/plain; charset=utf-8", line, strlen(line),
		MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result answer_metrics(struct server *server, struct MHD_Connection *connection)
{
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	struct metrics_options options = server->metrics;
	char error[HVSTAT_ERROR] = "";
	struct text text = {0};

	if (!renew(server, error)) {
		strncat(error, "\n", sizeof(error) - strlen(error) - 1);
		return answer_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, error);
	}
	options.open_metrics = accept && strstr(accept, "application/openmetrics-text");
	metrics_write(&text, server->sample, &options);
	if (text.failed) {
		text_free(&text);
		return answer_line(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	}
	return answer(connection, MHD_HTTP_OK,
		options.open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				     : "text/plain; version=0.0.4; charset=utf-8",
		text.data ? text.data : "", text.length,
		text.data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *length, void **state)
{
	static const char page[] =
		"<!DOCTYPE html><html lang=\"en\"><title>hvstat</title><h1>hvstat</h1>"
		"<p><a href=\"/metrics\">metrics</a></p></html>\n";

	(void)version;
	(void)data;
	(void)length;
	(void)state;
	/* What comes with a body is refused before the body is read. */
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_line(
			connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD, please\n");
	if (!strcmp(url, "/metrics"))
		return answer_metrics(context, connection);
	if (!strcmp(url, "/health"))
		return answer_line(connection, MHD_HTTP_OK, "ok\n");
	if (!strcmp(url, "/"))
		return answer(connection, MHD_HTTP_OK, "text/html; charset=utf-8", page,
			sizeof(page) - 1, MHD_RESPMEM_PERSISTENT);
	return answer_line(connection, MHD_HTTP_NOT_FOUND, "there is /metrics and /health\n");
}

/* ---- Start ---- */

/* Where to listen: one of the two, and the port. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} socket;
	bool is_v6;
	char host[64];
};

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT, :PORT */
static struct address address_of(const char *listen)
{
	struct address address = {.host = "127.0.0.1"};
	const char *colon = strrchr(listen, ':'), *bracket = strchr(listen, ']');
	unsigned long port = 9182;
	size_t length;

	if (colon && (*listen == '[' ? colon < bracket : strchr(listen, ':') != colon))
		colon = NULL; /* part of an IPv6 address */
	length = colon ? (size_t)(colon - listen) : strlen(listen);
	if (colon)
		port = number_argument("the port", colon + 1, 0, 65535);
	if (*listen == '[' && bracket)
		snprintf(address.host, sizeof(address.host), "%.*s", (int)(bracket - listen - 1),
			listen + 1);
	else if (length)
		snprintf(address.host, sizeof(address.host), "%.*s", (int)length, listen);
	if (inet_pton(AF_INET, address.host, &address.socket.v4.sin_addr) == 1) {
		address.socket.v4.sin_family = AF_INET;
		address.socket.v4.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, address.host, &address.socket.v6.sin6_addr) == 1) {
		address.is_v6 = true;
		address.socket.v6.sin6_family = AF_INET6;
		address.socket.v6.sin6_port = htons((uint16_t)port);
	} else {
		bad_use("\"%s\" is not an address and a port", listen);
	}
	return address;
}

static struct MHD_Daemon *start(struct server *server)
{
	struct address address = address_of(server->listen);
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
	struct MHD_Daemon *daemon = MHD_start_daemon(flags | (address.is_v6 ? MHD_USE_IPv6 : 0u), 0,
		NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, &address.socket.any,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		TIMEOUT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);

	if (!daemon)
		die("cannot listen on %s: %s", server->listen, strerror(errno));
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);

	printf(address.is_v6 ? "http://[%s]:%u/metrics\n" : "http://%s:%u/metrics\n", address.host,
		info ? info->port : 0u);
	fflush(stdout);
	return daemon;
}

static bool read_options(struct server *server, int argc, char **argv)
{
	static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
		{"match", required_argument, NULL, 'm'}, {"skip-zero", no_argument, NULL, 'z'},
		{"max-age", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "l:m:za:h", options, NULL)) != -1) {
		if (option == 'l')
			server->listen = optarg;
		else if (option == 'm' && server->metrics.pattern_count == PATTERNS)
			bad_use("at most %d patterns", PATTERNS);
		else if (option == 'm')
			server->patterns[server->metrics.pattern_count++] = optarg;
		else if (option == 'z')
			server->metrics.skip_zero = true;
		else if (option == 'a')
			server->max_age = seconds_argument("-a", optarg);
		else if (option == 'h')
			return fputs(usage, stdout), false;
		else
			exit(USAGE);
	}
	if (optind < argc)
		bad_use("serve takes no argument \"%s\"", argv[optind]);
	return true;
}

int command_serve(int argc, char **argv)
{
	struct server server = {.listen = "127.0.0.1:9182", .max_age = 0.5};
	char error[HVSTAT_ERROR];
	struct MHD_Daemon *daemon;
	sigset_t signals, old;

	if (!read_options(&server, argc, argv))
		return DONE;
	server.metrics.patterns = server.patterns;
	server.stat = hvstat_open(&common_options, error);
	server.sample = hvstat_sample_new();
	if (!server.stat || !server.sample || !renew(&server, error))
		die("%s", server.sample ? error : "out of memory");
	stop_on_signals();
	/* Held back, also from the server's thread, until this one waits for them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &old);
	daemon = start(&server);
	while (!stopped)
		ppoll(NULL, 0, NULL, &old);
	MHD_stop_daemon(daemon);
	hvstat_close(server.stat);
	hvstat_sample_free(server.sample);
	return DONE;
}
