/* Writes a capture of what was said, without having captured: a program that knows the octets and times of its own
 * connections gets the packets made for them. Wireshark and `iperf-conform check` read the file. No privileges needed.
 *
 * The packets are raw IP (DLT_RAW) with times in nanoseconds: handshakes, segments, acknowledgements, all with right
 * checksums, as a network without loss and delay would carry them. How TCP really cut the octets is not known here.
 *
 *	char error[PCAP_WRITER_ERROR_SIZE];
 *	struct pcap_writer *w = pcap_writer_open("run.pcap", error);
 *	uint32_t id = pcap_writer_connection(w, &client, &server, now);
 *
 *	pcap_writer_octets(w, id, true, octets, length, now);
 *	pcap_writer_eof(w, id, true, now);
 *	pcap_writer_eof(w, id, false, now);
 *	if (!pcap_writer_close(w, error))
 *		puts(error);
 *
 * Errors stick: after the first one nothing is written any more, and pcap_writer_close() tells it. Each call leaves a
 * readable file, should the program be killed after it. All but open and close accept NULL for the writer, and do
 * nothing. Times are since the epoch; one before that of the last packet is raised to it. */
#ifndef IPERF_CONFORMANCE_PCAP_WRITER_H
#define IPERF_CONFORMANCE_PCAP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/endpoint.h"

/* Room for the longest sentence; a longer path is cut off. */
#define PCAP_WRITER_ERROR_SIZE 512

/* Octets of a segment at most: with its headers it fits all common links. */
#define PCAP_WRITER_SEGMENT 1400

struct pcap_writer;

/* Creates the file, or empties it; "-" is standard output. Returns the writer, for pcap_writer_close(), or NULL with one
 * sentence for people in error. */
struct pcap_writer *pcap_writer_open(const char *path, char error[static PCAP_WRITER_ERROR_SIZE]);

/* The handshake of a connection: SYN, SYN with ACK, ACK. Returns its number for what follows, from 1; 0
 * when there was an error, which all other functions accept too, and then do nothing. */
uint32_t pcap_writer_connection(struct pcap_writer *w, const struct iperf_endpoint *client,
				const struct iperf_endpoint *server, int64_t time_ns);

/* A SYN, and the server's reset. */
void pcap_writer_refused(struct pcap_writer *w, const struct iperf_endpoint *client, const struct iperf_endpoint *server,
			 int64_t time_ns);

/* Octets of one direction. Nothing is written behind the end-of-file of that direction, or a reset. */
void pcap_writer_octets(struct pcap_writer *w, uint32_t id, bool to_server, const uint8_t *octets, size_t length,
			int64_t time_ns);

/* The end-of-file of one direction, once. */
void pcap_writer_eof(struct pcap_writer *w, uint32_t id, bool to_server, int64_t time_ns);

/* A reset by the client (to_server) or the server. The connection is over. */
void pcap_writer_reset(struct pcap_writer *w, uint32_t id, bool to_server, int64_t time_ns);

/* A datagram, an empty one too, from client to server or back. One that IP cannot carry whole is an error. */
void pcap_writer_datagram(struct pcap_writer *w, const struct iperf_endpoint *client,
			  const struct iperf_endpoint *server, bool to_server, const uint8_t *octets, size_t length,
			  int64_t time_ns);

/* Ends the file and frees the writer. False when not all could be written, with one sentence for people in error. NULL
 * is accepted: true. */
bool pcap_writer_close(struct pcap_writer *w, char error[static PCAP_WRITER_ERROR_SIZE]);

#endif
