#include "conformance/record_findings.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/check.h"

#define STREAMS_ROOM 1024

json_t *record_findings(const char *path, uint16_t port)
{
	struct servers_options servers = { .port = port, .streams_max = STREAMS_ROOM };
	char *text = NULL;
	size_t size = 0;
	struct report_options report = { .out = open_memstream(&text, &size), .json = true };
	json_t *all = NULL, *findings;

	if (!report.out)
		return NULL;
	if (strcmp(path, "-") != 0) {
		check_file(path, &servers, &report, true);
		report_finish(&report, true);
	}
	if (fclose(report.out) == 0)
		all = json_loadb(text, size, 0, NULL);
	free(text);
	findings = json_incref(json_object_get(json_array_get(json_object_get(all, "captures"), 0), "findings"));
	json_decref(all);
	return findings;
}

static enum iperf_requirement requirement_of(const char *id)
{
	for (size_t i = 1; id && i < IPERF_REQUIREMENT_COUNT; i++)
		if (strcmp(iperf_requirements[i].id, id) == 0)
			return (enum iperf_requirement)i;
	return IPERF_R_NONE;
}

static bool is(const json_t *finding, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(finding, name));

	return text && strcmp(text, value) == 0;
}

/* A case names requirements of its profile only. */
static void note(struct record_result *result, enum iperf_requirement requirement)
{
	if (case_requirement_profile(requirement) == result->steps.file->profile)
		record_note(result, requirement);
}

void record_findings_note(const json_t *findings, enum case_role role, const struct iperf_endpoint *server,
			  uint64_t first, uint64_t last, struct record_result *result)
{
	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *finding = json_array_get(findings, i);
		json_int_t packet = json_integer_value(json_object_get(finding, "packet"));
		const char *at = json_string_value(json_object_get(finding, "server"));
		const char *port = at ? strrchr(at, ':') : NULL; /* as in "[::1]:5201" */
		const char *id = json_string_value(json_object_get(finding, "requirement"));
		enum iperf_requirement requirement = requirement_of(id);

		if (is(finding, "verdict", "broken") && is(finding, "by", role == CASE_SERVER ? "server" : "client") &&
		    (uint64_t)packet >= first && (uint64_t)packet <= last && (!port || strtoul(port + 1, NULL, 10) == server->port))
			note(result, requirement);
	}
}
