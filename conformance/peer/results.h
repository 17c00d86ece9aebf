/* Reading a response for results (SPEC 9.2, 9.3). */
#ifndef PEER_RESULTS_H
#define PEER_RESULTS_H

#include "message.h"

struct results {
	size_t tcp, tcp_complete, udp, udp_complete; /* streams listed, and those that are complete */
	uint64_t bytes;
	bool taken_on_trust; /* by a fault: could not be read, passes for good */
};

/* Reads all octets of a results connection. Returns NULL, or what is wrong with them. */
const char *results_read(const uint8_t cookie[static COOKIE_LEN], const uint8_t *p, size_t n, struct results *r);

#endif
