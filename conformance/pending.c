#include "conformance/pending.h"

#include <stdlib.h>
#include <string.h>

struct pending_item {
	bool is_finding;
	struct iperf_said said;
	struct iperf_finding finding;
	struct iperf_judge_conn conn; /* as it was: the connection itself may be gone */
	struct iperf_endpoint client;
	struct iperf_cookie cookie;
	uint8_t octets[IPERF_OPENING_MAX];
	char text[400];
};

/* The next item; NULL beyond the bound, or without memory: what is lost then is the beginning of a chart. */
static struct pending_item *next(struct pending *pending)
{
	struct pending_item *item;

	if (!pending->items)
		pending->items = calloc(PENDING_MAX, sizeof *pending->items);
	if (!pending->items || pending->count == PENDING_MAX)
		return NULL;
	item = &pending->items[pending->count++];
	memset(item, 0, sizeof *item);
	return item;
}

/* Keeps what a pointer of the judge points to. */
static const struct iperf_judge_conn *keep_conn(struct pending_item *item, const struct iperf_judge_conn *conn)
{
	if (!conn)
		return NULL;
	item->conn.number = conn->number;
	item->conn.client = conn->client;
	return &item->conn;
}

static const struct iperf_endpoint *keep_client(struct pending_item *item, const struct iperf_endpoint *client)
{
	if (!client)
		return NULL;
	item->client = *client;
	return &item->client;
}

void pending_said(struct pending *pending, const struct iperf_said *said)
{
	struct pending_item *item = next(pending);
	size_t length = said->length < sizeof item->octets ? (size_t)said->length : sizeof item->octets;

	if (!item)
		return;
	item->said = *said;
	item->said.conn = keep_conn(item, said->conn);
	item->said.client = keep_client(item, said->client);
	if (said->cookie) {
		item->cookie = *said->cookie;
		item->said.cookie = &item->cookie;
	}
	if (said->octets) {
		memcpy(item->octets, said->octets, length);
		item->said.octets = item->octets;
		item->said.length = length;
	}
}

void pending_found(struct pending *pending, const struct iperf_finding *finding)
{
	struct pending_item *item = next(pending);

	if (!item)
		return;
	item->is_finding = true;
	item->finding = *finding;
	item->finding.conn = keep_conn(item, finding->conn);
	item->finding.client = keep_client(item, finding->client);
	strncpy(item->text, finding->text, sizeof item->text - 1);
	item->finding.text = item->text;
}

void pending_tell(struct pending *pending, struct report *report, const struct iperf_endpoint *server)
{
	for (size_t i = 0; i < pending->count; i++) {
		struct pending_item *item = &pending->items[i];

		if (item->is_finding)
			report_found(report, server, &item->finding);
		else
			report_said(report, server, &item->said);
	}
	pending_free(pending);
}

void pending_free(struct pending *pending)
{
	free(pending->items);
	pending->items = NULL;
	pending->count = 0;
}
