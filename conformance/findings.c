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

void findings_add(struct findings *findings, size_t max, const struct iperf_endpoint *server,
		  const struct iperf_finding *finding)
{
	struct finding *kept;
	char *text = strdup(finding->text);

	if (findings->count >= max || !text || !grow(findings)) {
		findings->left_out++;
		free(text);
		return;
	}
	kept = &findings->list[findings->count++];
	*kept = (struct finding){
		.verdict = finding->verdict,
		.requirement = finding->requirement,
		.by = finding->by,
		.should = strcmp(iperf_requirements[finding->requirement].level, "SHOULD") == 0,
		.server = *server,
		.client_known = finding->client != NULL,
		.connection = finding->conn ? finding->conn->number : 0,
		.mark = finding->mark,
		.text = text,
	};
	if (finding->client)
		kept->client = *finding->client;
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->list[i].text);
	free(findings->list);
	memset(findings, 0, sizeof *findings);
}
