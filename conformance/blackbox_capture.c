/* What passes over a wire, as a capture. */
#include "conformance/blackbox_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conformance/pcap_writer.h"

struct blackbox_capture {
	struct pcap_writer *pcap;
	int64_t epoch_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
};

static void write_down(void *user, struct wire_conn *conn, enum wire_event event, bool to_server, const uint8_t *octets,
		       size_t length, int64_t at_ns)
{
	struct blackbox_capture *c = user;
	int64_t time_ns = at_ns + c->epoch_ns;

	if (event == WIRE_OPENED)
		conn->number = pcap_writer_connection(c->pcap, &conn->client, &conn->server, time_ns);
	else if (event == WIRE_REFUSED)
		pcap_writer_refused(c->pcap, &conn->client, &conn->server, time_ns);
	else if (event == WIRE_OCTETS)
		pcap_writer_octets(c->pcap, conn->number, to_server, octets, length, time_ns);
	else if (event == WIRE_EOF)
		pcap_writer_eof(c->pcap, conn->number, to_server, time_ns);
	else if (event == WIRE_RESET)
		pcap_writer_reset(c->pcap, conn->number, to_server, time_ns);
	else
		pcap_writer_datagram(c->pcap, &conn->client, &conn->server, to_server, octets, length, time_ns);
}

struct blackbox_capture *blackbox_capture_begin(struct blackbox *box, struct wire *wire, const char *path)
{
	char error[PCAP_WRITER_ERROR_SIZE] = "no memory";
	struct blackbox_capture *capture = calloc(1, sizeof *capture);
	struct timespec real;

	if (capture)
		capture->pcap = pcap_writer_open(path, error);
	if (!capture || !capture->pcap) {
		snprintf(box->stopped, sizeof box->stopped, "%.399s", error);
		free(capture);
		return NULL;
	}
	clock_gettime(CLOCK_REALTIME, &real);
	capture->epoch_ns = real.tv_sec * IPERF_S + real.tv_nsec - wire_now();
	wire->watch = write_down;
	wire->user = capture;
	return capture;
}

void blackbox_capture_end(struct blackbox *box, struct wire *wire, struct blackbox_capture *capture)
{
	char error[PCAP_WRITER_ERROR_SIZE];

	wire->watch = NULL;
	if (capture && !pcap_writer_close(capture->pcap, error))
		snprintf(box->stopped, sizeof box->stopped, "%.399s", error);
	free(capture);
}
