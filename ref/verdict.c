#include "ref/verdict.h"

#include <stdio.h>

static const struct {
	const char *word, *advice;
} verdicts[] = {
	[IPERF_OUTCOME_OK] = { "ok", "" },
	[IPERF_OUTCOME_INCOMPLETE] = { "incomplete",
				       "datagrams were lost, or streams are bounded: try a lower --bitrate, or fewer" },
	[IPERF_OUTCOME_STREAM_LOST] = { "stream lost", "a server bounds the streams of a test: try fewer" },
	[IPERF_OUTCOME_TIMEOUT] = { "timeout", "look at the network and the server, or allow more with --t-results" },
	[IPERF_OUTCOME_MALFORMED] = { "malformed", "it does not keep to the protocol: see which program it is" },
	[IPERF_OUTCOME_REFUSED] = { "refused", "see whether a server runs there, or wait for one with --retry" },
	[IPERF_OUTCOME_ABORTED] = { "aborted", "see the server's report for why" },
	[IPERF_OUTCOME_REJECTED] = { "rejected", "it serves another test: try later, or wait with --retry" },
	[IPERF_OUTCOME_INTERRUPTED] = { "interrupted", "the server aborts the test, its numbers are not complete" },
};

const char *verdict_word(enum iperf_outcome outcome)
{
	return verdicts[outcome].word;
}

void verdict_sentence(const struct iperf_client *client, const char *host, int64_t port, char *text, size_t size)
{
	const char *id = iperf_requirements[client->why].id;

	if (client->outcome == IPERF_OUTCOME_OK)
		*text = '\0';
	else
		snprintf(text, size, "%s: %s port %lld: %s%s%s%s; %s", verdicts[client->outcome].word, host,
			 (long long)port, client->detail, *id ? " (" : "", id, *id ? ")" : "",
			 verdicts[client->outcome].advice);
}
