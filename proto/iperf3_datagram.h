/* Datagrams of the iperf3 profile: hello, reply and header. SPEC 26. The grammar of the header is in
 * iperf3_datagram.rl. */
#ifndef IPERF_PROTO_IPERF3_DATAGRAM_H
#define IPERF_PROTO_IPERF3_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPERF3_HELLO_LENGTH 4

/* SPEC 26.1's table. */
extern const uint8_t iperf3_hello[IPERF3_HELLO_LENGTH], iperf3_hello_old[IPERF3_HELLO_LENGTH];
extern const uint8_t iperf3_reply[IPERF3_HELLO_LENGTH], iperf3_reply_old[IPERF3_HELLO_LENGTH];

/* Whether a datagram begins with either reply (R-26.1-7). */
bool iperf3_is_reply(const uint8_t *octets, size_t length);

#define IPERF3_HEADER_32 12
#define IPERF3_HEADER_64 16

struct iperf3_header {
	uint32_t seconds, microseconds;
	uint64_t sequence;
};

/* Reads the header of a datagram. False when it is too short to have one. */
bool iperf3_header_read(struct iperf3_header *header, bool wide, const uint8_t *octets, size_t length);

/* Writes it, IPERF3_HEADER_32 or _64 octets, and returns how many. 32 bits: the low half of the sequence. */
size_t iperf3_header_write(uint8_t out[static IPERF3_HEADER_64], bool wide, const struct iperf3_header *header);

/* What a receiver keeps of a UDP stream. SPEC 26.3. Zeroed is its beginning. */
struct iperf3_counter {
	uint64_t bytes;             /* since the end of omit */
	uint64_t datagrams;         /* received, since the end of omit */
	uint64_t packets;           /* the highest sequence; R-26.3-1 */
	uint64_t errors;            /* R-26.3-2, R-26.3-3 */
	uint64_t out_of_order;      /* sequences that were not higher than all before */
	uint64_t omitted_packets, omitted_errors;
	double jitter;              /* s; R-26.3-5 */
	/* Private. */
	bool transit_known;
	uint64_t transit;           /* ns, modulo 2^64 */
};

/* A datagram arrived at now_ns. One too short for a header is ignored. */
void iperf3_counter_datagram(struct iperf3_counter *counter, bool wide, const uint8_t *octets, size_t length,
			     int64_t now_ns);

/* The omit time is over: bytes and datagrams start again from 0, what there was of packets and errors is the omitted
 * part (R-26.3-8); jitter goes on. */
void iperf3_counter_omitted(struct iperf3_counter *counter);

#endif
