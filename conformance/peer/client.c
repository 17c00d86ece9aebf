/* The course of a test (SPEC 13.3). */
#include "client.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void client_problem(struct client *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("iperf-peer: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	c->failed = true;
}

static void make_cookie(uint8_t cookie[static COOKIE_LEN])
{
	if (client_fault(cookie_constant)) {
		for (size_t i = 0; i < COOKIE_LEN; i++)
			cookie[i] = (uint8_t)(i * 37 + 11);
	} else if (getrandom(cookie, COOKIE_LEN, 0) != COOKIE_LEN) {
		abort();
	}
}

static void make_flows(struct client *c)
{
	c->flow_count = c->options->tcp_streams + c->options->udp_streams;
	c->flows = calloc(c->flow_count + 1, sizeof *c->flows);
	if (!c->flows)
		abort();
	for (size_t i = 0; i < c->flow_count; i++) {
		c->flows[i].fd = -1;
		c->flows[i].udp = i >= c->options->tcp_streams;
	}
}

static bool open_control(struct client *c)
{
	uint64_t start = now_ns(), opened;

	c->control = net_connect(c, net_deadline(c));
	opened = now_ns();
	if (c->control < 0) {
		client_problem(c, "cannot connect: refused or timed out");
		return false;
	}
	if (client_fault(stream_before_test) && c->flow_count > 0 && !c->flows[0].udp) {
		c->flows[0].fd = net_connect(c, net_deadline(c));
		sleep_ms(30);
	}
	net_send_first(c, c->control, TEST_BEGIN);
	c->reject_until_ns = now_ns() + c->options->reject_ns + (opened - start);
	if (client_fault(two_controls)) {
		c->second_control = net_connect(c, net_deadline(c));
		if (c->second_control >= 0)
			net_send_first(c, c->second_control, TEST_BEGIN);
	}
	return true;
}

/* Only time tells a rejection from an abort (R-5.2-7). Returns whether it was a rejection. */
static bool report_control_end(struct client *c)
{
	bool rejected = !c->answered && now_ns() <= c->reject_until_ns;

	if (c->control_reset && client_fault(reset_ignored))
		return false;
	if (client_fault(abort_called_rejection) || client_fault(rejection_called_abort))
		rejected = client_fault(abort_called_rejection);
	if (rejected && client_fault(rejected_exit_0))
		return true;
	client_problem(c, rejected ? "the test was rejected by the server" : "the test was aborted by the server");
	return rejected;
}

static void send_test_end(struct client *c)
{
	uint8_t message[128];
	int fd = c->control;

	if (c->test_ended)
		return;
	if (client_fault(test_end_elsewhere)) {
		fd = net_connect(c, net_deadline(c));
		if (fd >= 0)
			net_send_first(c, fd, TEST_END);
		net_close(&fd);
	} else if (!client_fault(no_test_end)) {
		net_send(c, fd, message, net_message(c, TEST_END, message));
	}
	c->test_ended = true;
}

/* R-6.5-7, R-6.5-8: whoever comes after us finds the server idle. */
static void finish(struct client *c)
{
	uint64_t deadline = client_fault(finish_for_ever) ? FOR_EVER : net_deadline(c);

	send_test_end(c);
	if (client_fault(no_finish_wait) || client_fault(no_test_end))
		return;
	if (!client_fault(end_not_half_closed))
		shutdown(c->control, SHUT_WR);
	while (!c->control_ended && now_ns() < deadline)
		net_wait(c, c->control, POLLIN, deadline);
	if (!c->control_ended)
		fputs("iperf-peer: the server did not close the control connection\n", stderr);
}

/* R-8.4-7, and the same for TCP. */
static void judge_streams(struct client *c)
{
	const struct results *r = &c->results;
	size_t tcp = flow_count(c, false), udp = flow_count(c, true);

	if (r->taken_on_trust || client_fault(no_request))
		return;
	if (r->udp < udp && !client_fault(unlisted_unreported))
		client_problem(c, "%zu UDP streams are not listed", udp - r->udp);
	else if (r->udp >= udp && r->udp_complete < udp && !client_fault(incomplete_unreported))
		client_problem(c, "%zu UDP streams are incomplete", udp - r->udp_complete);
	if (r->tcp_complete < tcp)
		client_problem(c, "%zu TCP streams are incomplete", tcp - r->tcp_complete);
}

static bool confirm(struct client *c, bool *send_payload)
{
	enum outcome outcome = ask_confirm(c);

	if (outcome == ASK_OVER)
		return false;
	if (outcome == ASK_ERROR && client_fault(early_error_ends))
		*send_payload = false;
	if (outcome == ASK_DONE && c->results.udp < flow_count(c, true) && client_fault(loss_breaks_off)) {
		client_problem(c, "a UDP stream is not listed");
		return false;
	}
	return true;
}

/* From BEGIN to RESULTS; false: broken off. */
static bool run_streams(struct client *c)
{
	bool send_payload = true;
	enum outcome outcome;

	if (!flow_open_all(c))
		return false;
	if (flow_count(c, true) > 0 && !client_fault(no_confirm) && !confirm(c, &send_payload))
		return false;
	if (send_payload && (!flow_send_payload(c) || !flow_end_all(c)))
		return false;
	if (client_fault(test_end_before_results))
		send_test_end(c);
	if (!send_payload || client_fault(no_request))
		return true;
	outcome = ask_final(c);
	if (outcome == ASK_DONE)
		judge_streams(c);
	if (outcome == ASK_ERROR &&
	    ((client_fault(no_end_after_error) && c->failed) || client_fault(no_end_after_timeout)))
		return false;
	return outcome != ASK_OVER;
}

static void close_all(struct client *c)
{
	for (size_t i = 0; i < c->flow_count; i++)
		net_close(&c->flows[i].fd);
	free(c->flows);
	net_close(&c->second_control);
	net_close(&c->control);
}

static bool run_test(struct client *c)
{
	bool rejected = false;
	uint64_t sent = 0;

	make_cookie(c->cookie);
	make_flows(c);
	if (open_control(c)) {
		if (run_streams(c))
			finish(c);
		else if (net_test_over(c))
			rejected = report_control_end(c);
	}
	for (size_t i = 0; i < c->flow_count; i++)
		sent += c->flows[i].sent;
	close_all(c);
	if (!c->failed)
		printf("done: %llu of %llu octets\n", (unsigned long long)c->results.bytes, (unsigned long long)sent);
	return rejected;
}

int client_run(const struct client_options *options)
{
	int tries = client_fault(retries) ? 3 : 1;
	struct client c;

	signal(SIGPIPE, SIG_IGN);
	do {
		c = (struct client){.options = options, .control = -1, .second_control = -1};
		if (!net_resolve(&c)) {
			fputs("iperf-peer: cannot resolve the host\n", stderr);
			return 1;
		}
	} while (run_test(&c) && --tries > 0);
	return c.failed;
}
