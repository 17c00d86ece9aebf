/* What a judge said of a server before it was known whether the server speaks the protocol at all: kept, up to a bound,
 * to be told later or dropped. */
#ifndef IPERF_CONFORMANCE_PENDING_H
#define IPERF_CONFORMANCE_PENDING_H

#include <stddef.h>

#include "conformance/report.h"

#define PENDING_MAX 256 /* a server that is spoken to in another protocol gives rise to a few for each connection */

struct pending_item;

struct pending {
	struct pending_item *items;
	size_t count;
};

void pending_said(struct pending *pending, const struct iperf_said *said);
void pending_found(struct pending *pending, const struct iperf_finding *finding);

/* Tells all to the report, in order, and drops it. */
void pending_tell(struct pending *pending, struct report *report, const struct iperf_endpoint *server);

void pending_free(struct pending *pending);

#endif
