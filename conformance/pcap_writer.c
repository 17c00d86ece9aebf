#include "conformance/pcap_writer.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/packet_build.h"

#define ACK_EACH 16 /* segments; as receivers of a fast network do */

/* A connection. Ends are 0, the client, and 1, the server. */
struct written {
	struct iperf_endpoint ends[2];
	uint32_t next[2]; /* sequence numbers */
	bool ended[2];
};

struct pcap_writer {
	char *path;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	struct written *connections;
	uint32_t count, room;
	int64_t last_ns;
	bool failed;
	char why[160];          /* when failed */
	uint8_t packet[PACKET_MAX];
};

static void fail(struct pcap_writer *w, const char *why)
{
	if (w->failed)
		return;
	w->failed = true;
	snprintf(w->why, sizeof w->why, "%s", why);
}

struct pcap_writer *pcap_writer_open(const char *path, char error[static PCAP_WRITER_ERROR_SIZE])
{
	struct pcap_writer *w = calloc(1, sizeof *w);

	if (!w)
		goto no_memory;
	w->path = strdup(path);
	w->pcap = pcap_open_dead_with_tstamp_precision(DLT_RAW, PACKET_MAX, PCAP_TSTAMP_PRECISION_NANO);
	if (!w->path || !w->pcap)
		goto no_memory;
	errno = 0;
	w->dumper = pcap_dump_open(w->pcap, path);
	if (!w->dumper) {
		snprintf(error, PCAP_WRITER_ERROR_SIZE, "%.300s: no capture can be written there: %s", path,
			 errno ? strerror(errno) : pcap_geterr(w->pcap));
		goto failed;
	}
	if (pcap_dump_flush(w->dumper) != 0)
		fail(w, strerror(errno));
	return w;
no_memory:
	snprintf(error, PCAP_WRITER_ERROR_SIZE, "%.300s: out of memory: no capture is written", path);
failed:
	if (w && w->pcap)
		pcap_close(w->pcap);
	if (w)
		free(w->path);
	free(w);
	return NULL;
}

/* --- packets ----------------------------------------------------------------------------------------------------- */

static void put(struct pcap_writer *w, const struct segment *s, int64_t time_ns)
{
	size_t length = w->failed ? 0 : packet_build(s, w->packet);
	struct pcap_pkthdr header = { .caplen = (bpf_u_int32)length, .len = (bpf_u_int32)length };

	if (w->failed)
		return;
	if (length == 0) {
		fail(w, "a datagram was longer than IP can carry");
		return;
	}
	if (time_ns < w->last_ns)
		time_ns = w->last_ns;
	w->last_ns = time_ns;
	header.ts.tv_sec = time_ns / 1000000000;
	header.ts.tv_usec = time_ns % 1000000000; /* nanoseconds, as the file was opened for */
	errno = 0;
	pcap_dump((u_char *)w->dumper, &header, w->packet);
	if (ferror(pcap_dump_file(w->dumper)))
		fail(w, strerror(errno));
}

/* At the end of each call from outside. */
static void flush(struct pcap_writer *w)
{
	if (!w->failed && pcap_dump_flush(w->dumper) != 0)
		fail(w, strerror(errno));
}

/* A TCP segment by the end `from`. */
static void put_tcp(struct pcap_writer *w, struct written *c, int from, uint8_t flags, const uint8_t *octets,
		    uint32_t length, int64_t time_ns)
{
	struct segment s = {
		.source = c->ends[from],
		.destination = c->ends[!from],
		.protocol = SEGMENT_TCP,
		.seq = c->next[from],
		.ack = c->next[!from],
		.flags = flags,
		.window = flags & SEGMENT_RST ? 0 : UINT16_MAX,
		.payload = octets,
		.captured = length,
		.length = length,
	};

	put(w, &s, time_ns);
	c->next[from] += length + (flags & (SEGMENT_SYN | SEGMENT_FIN) ? 1 : 0);
}

/* The connection, while that end may send; or NULL. */
static struct written *sending(struct pcap_writer *w, uint32_t id, int from)
{
	struct written *c;

	if (!w || w->failed || id == 0 || id > w->count)
		return NULL;
	c = &w->connections[id - 1];
	return c->ended[from] ? NULL : c;
}

/* --- what can be said -------------------------------------------------------------------------------------------- */

/* A connection's sequence numbers lie apart from those of others, also on the same ports. */
static void begin(struct written *c, uint32_t number, const struct iperf_endpoint *client,
		  const struct iperf_endpoint *server)
{
	*c = (struct written){
		.ends = { *client, *server },
		.next = { number * 0x9e3779b1u, number * 0x85ebca6bu },
	};
}

uint32_t pcap_writer_connection(struct pcap_writer *w, const struct iperf_endpoint *client,
				const struct iperf_endpoint *server, int64_t time_ns)
{
	struct written *c;

	if (!w || w->failed)
		return 0;
	if (w->count == w->room) {
		uint32_t room = w->room * 2 + 16;

		c = realloc(w->connections, room * sizeof *c);
		if (!c) {
			fail(w, "out of memory");
			return 0;
		}
		w->connections = c;
		w->room = room;
	}
	c = &w->connections[w->count++];
	begin(c, w->count, client, server);
	put_tcp(w, c, 0, SEGMENT_SYN, NULL, 0, time_ns);
	put_tcp(w, c, 1, SEGMENT_SYN | SEGMENT_ACK, NULL, 0, time_ns);
	put_tcp(w, c, 0, SEGMENT_ACK, NULL, 0, time_ns);
	flush(w);
	return w->count;
}

void pcap_writer_refused(struct pcap_writer *w, const struct iperf_endpoint *client, const struct iperf_endpoint *server,
			 int64_t time_ns)
{
	struct written c;

	if (!w)
		return;
	begin(&c, w->count + 1, client, server);
	put_tcp(w, &c, 0, SEGMENT_SYN, NULL, 0, time_ns);
	c.next[1] = 0; /* RFC 9293, 3.10.7.1 */
	put_tcp(w, &c, 1, SEGMENT_RST | SEGMENT_ACK, NULL, 0, time_ns);
	flush(w);
}

void pcap_writer_octets(struct pcap_writer *w, uint32_t id, bool to_server, const uint8_t *octets, size_t length,
			int64_t time_ns)
{
	int from = to_server ? 0 : 1;
	struct written *c = sending(w, id, from);

	if (!c || length == 0)
		return;
	for (unsigned segments = 1; length > 0; segments++) {
		uint32_t part = length < PCAP_WRITER_SEGMENT ? (uint32_t)length : PCAP_WRITER_SEGMENT;

		put_tcp(w, c, from, SEGMENT_ACK | (part == length ? SEGMENT_PSH : 0), octets, part, time_ns);
		octets += part;
		length -= part;
		if (length == 0 || segments % ACK_EACH == 0)
			put_tcp(w, c, !from, SEGMENT_ACK, NULL, 0, time_ns);
	}
	flush(w);
}

void pcap_writer_eof(struct pcap_writer *w, uint32_t id, bool to_server, int64_t time_ns)
{
	int from = to_server ? 0 : 1;
	struct written *c = sending(w, id, from);

	if (!c)
		return;
	put_tcp(w, c, from, SEGMENT_FIN | SEGMENT_ACK, NULL, 0, time_ns);
	c->ended[from] = true;
	put_tcp(w, c, !from, SEGMENT_ACK, NULL, 0, time_ns);
	flush(w);
}

void pcap_writer_reset(struct pcap_writer *w, uint32_t id, bool to_server, int64_t time_ns)
{
	int from = to_server ? 0 : 1;
	struct written *c = !w || id == 0 || id > w->count ? NULL : &w->connections[id - 1];

	/* A connection may be reset behind its own end-of-file, but not when both are over. */
	if (!c || (c->ended[0] && c->ended[1]))
		return;
	put_tcp(w, c, from, SEGMENT_RST | SEGMENT_ACK, NULL, 0, time_ns);
	c->ended[0] = c->ended[1] = true;
	flush(w);
}

void pcap_writer_datagram(struct pcap_writer *w, const struct iperf_endpoint *client,
			  const struct iperf_endpoint *server, bool to_server, const uint8_t *octets, size_t length,
			  int64_t time_ns)
{
	struct segment s = {
		.source = to_server ? *client : *server,
		.destination = to_server ? *server : *client,
		.protocol = SEGMENT_UDP,
		.payload = octets,
		.captured = length > UINT16_MAX ? UINT16_MAX : (uint32_t)length,
		.length = length > UINT16_MAX ? UINT16_MAX : (uint32_t)length,
	};

	if (!w)
		return;
	put(w, &s, time_ns);
	flush(w);
}

bool pcap_writer_close(struct pcap_writer *w, char error[static PCAP_WRITER_ERROR_SIZE])
{
	bool failed;

	if (!w)
		return true;
	flush(w);
	failed = w->failed;
	if (failed)
		snprintf(error, PCAP_WRITER_ERROR_SIZE, "%.300s: the capture is not whole: %s", w->path, w->why);
	pcap_dump_close(w->dumper);
	pcap_close(w->pcap);
	free(w->connections);
	free(w->path);
	free(w);
	return !failed;
}
