#include "conformance/findings.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct findings *findings)
{
	size_t room = findings->room ? findings->room * 2 : 16;
	struct finding *list;

	if (findings->count < findings->room)
		return true;
	list = realloc(findings->list, room * sizeof *list);
	if (!list)
		return false;
	findings->list = list;
	findings->room = room;
	return true;
}

/* Keeps a finding whose text is copied. */
static void add(struct findings *findings, size_t max, const struct finding *finding, const char *text)
{
	char *copy = strdup(text);
	struct finding *kept;

	if (findings->count >= max || !copy || !grow(findings)) {
		findings->left_out++;
		free(copy);
		return;
	}
	kept = &findings->list[findings->count];
	*kept = *finding;
	kept->should = strcmp(iperf_requirements[finding->requirement].level, "SHOULD") == 0;
	kept->ordinal = findings->count++;
	kept->text = copy;
}

void findings_add(struct findings *findings, size_t max, const struct iperf_endpoint *server,
		  const struct iperf_finding *finding)
{
	struct finding kept = {
		.verdict = finding->verdict,
		.requirement = finding->requirement,
		.by = finding->by,
		.server = *server,
		.client_known = finding->client != NULL,
		.connection = finding->conn ? finding->conn->number : 0,
		.mark = finding->mark,
	};

	if (finding->client)
		kept.client = *finding->client;
	add(findings, max, &kept, finding->text);
}

void findings_add_iperf3(struct findings *findings, size_t max, const struct iperf_endpoint *server,
			 const struct iperf3_finding *finding)
{
	struct finding kept = {
		.verdict = finding->verdict,
		.requirement = finding->requirement,
		.by = finding->by,
		.server = *server,
		.client_known = finding->client != NULL,
		.connection = finding->conn,
		.mark = finding->mark,
	};

	if (finding->client)
		kept.client = *finding->client;
	add(findings, max, &kept, finding->text);
}

static int by_packet(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->mark.packet != y->mark.packet)
		return x->mark.packet < y->mark.packet ? -1 : 1;
	return x->ordinal < y->ordinal ? -1 : 1;
}

void findings_sort(struct findings *findings)
{
	if (findings->count > 1)
		qsort(findings->list, findings->count, sizeof *findings->list, by_packet);
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->list[i].text);
	free(findings->list);
	memset(findings, 0, sizeof *findings);
}
