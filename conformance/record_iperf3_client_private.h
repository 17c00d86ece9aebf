/* A part of record_iperf3_client.c and record_iperf3_client_say.c; nobody else needs it. */
#ifndef IPERF_CONFORMANCE_RECORD_IPERF3_CLIENT_PRIVATE_H
#define IPERF_CONFORMANCE_RECORD_IPERF3_CLIENT_PRIVATE_H

#include "conformance/record_iperf3.h"

#define RECORD_CLIENT_STREAMS 256
#define RECORD_CLIENT_RESULTS 1000    /* no state: in the course, the place of the results */
#define RECORD_CLIENT_RESULTS_PLACE 5

struct recorded_client {
	const struct record_source *source;
	struct record_result *result;
	uint8_t *said;                /* by the client, on the control connection */
	size_t said_length;
	struct iperf3_parameters parameters;
	bool parameters_known;
	bool ended, terminated;       /* TEST_END, CLIENT_TERMINATE */
	struct record_speaker control, streams[RECORD_CLIENT_STREAMS];
	size_t stream_count;
	struct iperf3_stream_result room[RECORD_CLIENT_STREAMS];
	size_t place;                 /* in the course of a test */
	bool running;
	bool over, well;              /* the client has nothing more to do; and succeeded */
};

/* A line, and the requirement that it is about. */
struct case_step *record_iperf3_line(struct recorded_client *c, enum case_what what, enum case_direction direction, int label,
				     enum iperf_requirement why);

void record_iperf3_set_head(struct recorded_client *c);
void record_iperf3_expect_parameters(struct recorded_client *c);
void record_iperf3_payload(struct recorded_client *c);
void record_iperf3_test_end(struct recorded_client *c);
void record_iperf3_expect_results(struct recorded_client *c);

#endif
