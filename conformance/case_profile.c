/* What the two profiles name differently. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/case.h"
#include "proto/iperf3_control.h"

#define PART_II 21 /* its first section */

static const struct {
	const char *name;
	enum case_profile profile;
} timers[CASE_TIMERS] = {
	[CASE_NO_TIMER] = { "", CASE_TEXT_PROFILE },
	[CASE_T_HELLO] = { "T_hello", CASE_TEXT_PROFILE },
	[CASE_T_BEGIN] = { "T_begin", CASE_TEXT_PROFILE },
	[CASE_T_IDLE] = { "T_idle", CASE_TEXT_PROFILE },
	[CASE_T_RESULTS] = { "T_results", CASE_TEXT_PROFILE },
	[CASE_T_READ] = { "T_read", CASE_IPERF3 },
	[CASE_T_SILENCE] = { "T_silence", CASE_IPERF3 },
	[CASE_T_OVER] = { "T_over", CASE_IPERF3 },
	[CASE_T_REPLY] = { "T_reply", CASE_IPERF3 },
};

size_t case_cookie_length(const struct case_file *file)
{
	return file->profile == CASE_IPERF3 ? IPERF3_COOKIE_LENGTH : IPERF_COOKIE_LENGTH;
}

const char *case_timer_name(enum case_timer timer)
{
	return timers[timer].name;
}

enum case_profile case_timer_profile(enum case_timer timer)
{
	return timers[timer].profile;
}

const char *case_profile_name(enum case_profile profile)
{
	return profile == CASE_IPERF3 ? "iperf3" : "text";
}

enum case_profile case_requirement_profile(enum iperf_requirement requirement)
{
	const char *id = iperf_requirements[requirement].id;

	return requirement != IPERF_R_NONE && atoi(id + strlen("R-")) >= PART_II ? CASE_IPERF3 : CASE_TEXT_PROFILE;
}

const char *case_option(const struct case_file *file, const char *name)
{
	static char number[24];

	if (strcmp(name, "streams") == 0 && file->has_streams)
		snprintf(number, sizeof number, "%u", file->streams);
	else if (strcmp(name, "bytes") == 0 && file->has_bytes)
		snprintf(number, sizeof number, "%llu", (unsigned long long)file->bytes);
	else if (strcmp(name, "transport") == 0 && file->has_transport)
		return file->udp ? "udp" : "tcp";
	else
		*number = '\0';
	if (*number)
		return number;
	for (size_t i = 0; i < file->option_count; i++)
		if (strcmp(file->options[i].name, name) == 0)
			return file->options[i].value;
	return NULL;
}
