/* The findings on one file, kept until it has ended. */
#ifndef IPERF_CONFORMANCE_FINDINGS_H
#define IPERF_CONFORMANCE_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/iperf3_judge.h"
#include "proto/judge.h"

struct finding {
	enum iperf_verdict verdict;
	enum iperf_requirement requirement;
	enum iperf_direction by;
	bool should;              /* the requirement is a SHOULD */
	struct iperf_endpoint server;
	struct iperf_endpoint client;
	bool client_known;
	uint64_t connection;      /* 0: none */
	struct iperf_mark mark;
	size_t ordinal;           /* as it was added */
	char *text;
};

struct findings {
	struct finding *list;
	size_t count, room;
	uint64_t left_out;        /* beyond the bound, or for lack of memory */
};

/* Keeps a copy, up to max of them. */
void findings_add(struct findings *findings, size_t max, const struct iperf_endpoint *server,
		  const struct iperf_finding *finding);

void findings_add_iperf3(struct findings *findings, size_t max, const struct iperf_endpoint *server,
			 const struct iperf3_finding *finding);

/* In the order of packets; those of one packet stay as they were added. */
void findings_sort(struct findings *findings);

void findings_free(struct findings *findings);

#endif
