#include "ref/iperf3_verdict.h"

#include <stdio.h>

static const struct {
	const char *word, *advice;
} verdicts[] = {
	[IPERF3_OUTCOME_OK] = { "ok", "" },
	[IPERF3_OUTCOME_REFUSED] = { "refused", "see whether a server runs there, or wait for one with --retry" },
	[IPERF3_OUTCOME_DENIED] = { "denied", "it serves another test: try later, or wait with --retry" },
	[IPERF3_OUTCOME_STREAM_LOST] = { "stream lost", "see whether the network lets the port of streams through" },
	[IPERF3_OUTCOME_TIMEOUT] = { "timeout",
				     "look at the network and the server, or allow more with --t-reply" },
	[IPERF3_OUTCOME_MALFORMED] = { "malformed", "it does not keep to the protocol: see which program it is" },
	[IPERF3_OUTCOME_ERROR] = { "server error", "see the server's report for why" },
	[IPERF3_OUTCOME_TERMINATED] = { "terminated", "its user has ended it" },
	[IPERF3_OUTCOME_ENDED] = { "aborted", "see the server's report for why" },
	[IPERF3_OUTCOME_LOCAL] = { "too long", "try fewer streams" },
	[IPERF3_OUTCOME_INTERRUPTED] = { "interrupted", "the server ends the test, its numbers are not complete" },
};

const char *iperf3_verdict_word(enum iperf3_outcome outcome)
{
	return verdicts[outcome].word;
}

void iperf3_verdict_sentence(const struct iperf3_client *client, const char *host, int64_t port, char *text,
			     size_t size)
{
	const char *id = iperf_requirements[client->why].id;

	if (client->outcome == IPERF3_OUTCOME_OK)
		*text = '\0';
	else
		snprintf(text, size, "%s: %s port %lld: %s%s%s%s; %s", verdicts[client->outcome].word, host,
			 (long long)port, client->detail, *id ? " (" : "", id, *id ? ")" : "",
			 verdicts[client->outcome].advice);
}
