/* The server's report: a test as the server saw it. Text, or with options->json one JSON document on a line of its
 * own. */
#ifndef IPERF_REF_REPORT_SERVER_H
#define IPERF_REF_REPORT_SERVER_H

#include <time.h>

#include "proto/server.h"
#include "ref/options.h"

struct served {
	struct iperf_cookie cookie;
	bool begun;                    /* TEST_BEGIN had arrived; else the cookie was held for nothing */
	struct iperf_endpoint client;  /* of the control connection, when begun */
	time_t began_at;               /* wall clock */
	double seconds;                /* from TEST_BEGIN to the release */
	enum iperf_release how;
	enum iperf_requirement why;
	const struct iperf_stream *streams; /* as many as results has, in the same order */
	struct iperf_results results;
};

/* Tells that the server is ready, and where. All functions return 0, or a negative errno when they could not write. */
int report_server_listening(const struct options *options, uint16_t port);

/* The report of a test that is over. */
int report_server_test(const struct options *options, const struct served *served);

/* Notes a connection that was rejected. */
int report_server_rejected(const struct options *options, const struct iperf_endpoint *client,
			   enum iperf_requirement why);

/* The periodic report of a test that is running: what arrived since the one before. before holds the octets of each
 * stream then, and is brought up to date. Text only. */
int report_server_interval(const struct iperf_results *results, uint64_t *before, double start, double end);

#endif
