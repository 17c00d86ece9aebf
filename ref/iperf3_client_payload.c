/* What flows in a test of the iperf3 client: from FLOW to COUNT. */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ref/clock.h"
#include "ref/iperf3_client_private.h"

#define DRAIN_NS  (800 * IPERF_MS) /* with the session's own moment it is less than R-27.2-3's second */
#define DRAIN_GAP 5                /* ms */

/* --- measuring --------------------------------------------------------------------------------------------------- */

/* Brings the report up to date. */
static void update(struct iperf3_run *run, int64_t now_ns)
{
	for (size_t i = 0; i < run->count; i++) {
		struct run_stream *stream = &run->streams[i];
		struct run_link *link = iperf3_run_link(run, (int)i);

		if (stream->final || !stream->flow)
			continue;
		iperf3_flow_measure(stream->flow, &run->report.streams[i].measure);
		if (stream->sends && run->parameters.protocol == IPERF_TCP && link)
			iperf3_report_read_tcp(&run->report.streams[i].tcp, link->fd);
	}
	run->report.seconds = (double)(now_ns - run->measure_ns) / 1e9;
}

static void report_interval(struct iperf3_run *run, bool last)
{
	int error = iperf3_report_interval(&run->report, last);

	if (error < 0)
		iperf3_run_fail(run, "report", error);
}

/* The last interval, unless it is one of many and next to nothing happened in it. */
static void report_rest(struct iperf3_run *run)
{
	double interval = (double)run->options->interval_ns / 1e9;

	if (interval > 0 && (run->report.interval_start <= 0 ||
			     run->report.seconds - run->report.interval_start > interval / 10))
		report_interval(run, true);
}

static void on_interval(uv_timer_t *timer)
{
	struct iperf3_run *run = timer->data;
	int64_t now_ns = clock_now_ns();
	int64_t end_ns = run->session.deadline_ns < run->session.again_ns ? run->session.deadline_ns :
									    run->session.again_ns;

	/* The end is near: its report will cover this moment, too. */
	if (end_ns != INT64_MAX && end_ns - now_ns < run->options->interval_ns / 10)
		return;
	update(run, now_ns);
	report_interval(run, false);
	if (run->error != 0)
		iperf3_client_stop(&run->session, now_ns);
	iperf3_run_settle(run);
}

static void begin_to_count(struct iperf3_run *run)
{
	uint64_t interval_ms = (uint64_t)(run->options->interval_ns / IPERF_MS);

	run->measure_ns = clock_now_ns();
	getrusage(RUSAGE_SELF, &run->usage);
	uv_update_time(&run->loop);
	if (interval_ms > 0)
		uv_timer_start(&run->interval, on_interval, interval_ms, interval_ms);
}

/* --- flowing ----------------------------------------------------------------------------------------------------- */

/* A flow came to its end: called by its thread. */
static void on_stream_over(void *user, int error)
{
	struct run_stream *stream = user;

	atomic_store(&stream->error, error);
	atomic_store(&stream->ended, true);
	uv_async_send(&stream->run->flow_over);
}

static bool has_amount(const struct iperf3_run *run)
{
	return run->options->bytes >= 0 || run->options->blocks >= 0;
}

/* Whether the amount of the test has been moved: all senders have ended, or what was to arrive has, or will not. */
static bool amount_moved(struct iperf3_run *run)
{
	size_t senders = 0, sending = 0, receiving = 0;

	if (!has_amount(run))
		return false;
	for (size_t i = 0; i < run->count; i++) {
		bool ended = atomic_load(&run->streams[i].ended);

		senders += run->streams[i].sends;
		sending += run->streams[i].sends && !ended;
		receiving += !run->streams[i].sends && !ended;
	}
	return senders > 0 ? sending == 0 : receiving == 0 || atomic_load(&run->amount.left) <= 0;
}

static void on_flow_over(uv_async_t *async)
{
	struct iperf3_run *run = async->data;
	int64_t now_ns = clock_now_ns();

	for (size_t i = 0; i < run->count; i++) {
		struct run_stream *stream = &run->streams[i];
		int error = atomic_load(&stream->error);

		if (!atomic_load(&stream->ended) || stream->told)
			continue;
		stream->told = true;
		if (error && run->parameters.protocol == IPERF_TCP) {
			iperf3_client_ended(&run->session, (int)i, true, now_ns);
		} else if (error) {
			iperf3_run_fail(run, "send", -error);
			iperf3_client_stop(&run->session, now_ns);
		}
	}
	if (run->session.state == IPERF3_CLIENT_PAYLOAD && amount_moved(run))
		iperf3_client_payload_over(&run->session, now_ns);
	iperf3_run_settle(run);
}

/* Senders get equal shares in whole blocks. What a receiver gets is the server's choice: all take from one amount. */
static void share_amount(struct iperf3_run *run)
{
	const struct options *options = run->options;
	int64_t len = run->parameters.len, senders = 0, place = 0;
	int64_t blocks = options->blocks >= 0 ? options->blocks : options->bytes / len + (options->bytes % len > 0);

	if (!has_amount(run))
		return;
	run->amount.blocks = options->blocks >= 0;
	atomic_store(&run->amount.left, run->amount.blocks ? options->blocks : options->bytes);
	for (size_t i = 0; i < run->count; i++)
		senders += run->streams[i].sends;
	for (size_t i = 0; i < run->count; i++) {
		struct iperf3_amount *share = &run->streams[i].amount;

		if (!run->streams[i].sends)
			continue;
		share->blocks = true;
		atomic_store(&share->left, blocks / senders + (place++ < blocks % senders));
	}
}

static int start_flow(struct iperf3_run *run, size_t i)
{
	const struct iperf3_parameters *parameters = &run->parameters;
	struct run_stream *stream = &run->streams[i];
	struct run_link *link = iperf3_run_link(run, (int)i);
	struct iperf3_flow_config config = {
		.protocol = parameters->protocol,
		.sends = stream->sends,
		.fd = link->fd,
		.length = (size_t)parameters->len,
		.rate = parameters->bandwidth,
		.wide = parameters->udp_counters_64bit,
		.omitting = parameters->omit > 0,
		.amount = !has_amount(run) ? NULL : stream->sends ? &stream->amount : &run->amount,
		.over = on_stream_over,
		.user = stream,
	};

	if (!stream->sends || parameters->protocol == IPERF_UDP)
		iperf3_run_leave(link);
	return iperf3_flow_start(&stream->flow, &config);
}

void iperf3_run_flow(struct iperf3_run *run)
{
	int error = iperf3_report_begin(&run->report);

	if (error < 0)
		iperf3_run_fail(run, "report", error);
	share_amount(run);
	begin_to_count(run);
	for (size_t i = 0; i < run->count && error == 0; i++) {
		error = start_flow(run, i);
		if (error < 0)
			iperf3_run_fail(run, "start", error);
	}
	if (run->error != 0)
		run->over = true;
}

void iperf3_run_measure(struct iperf3_run *run)
{
	update(run, clock_now_ns());
	report_rest(run);
	for (size_t i = 0; i < run->count; i++) {
		iperf3_flow_omitted(run->streams[i].flow);
		iperf3_flow_measure(run->streams[i].flow, &run->report.streams[i].measure);
	}
	iperf3_report_measure(&run->report);
	begin_to_count(run);
}

static double since(const struct timeval *end, const struct timeval *start)
{
	return (double)(end->tv_sec - start->tv_sec) + (double)(end->tv_usec - start->tv_usec) / 1e6;
}

static void count_cpu(struct iperf3_run *run)
{
	double seconds = run->report.seconds > 0 ? run->report.seconds : 1;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	run->own.cpu_user = since(&usage.ru_utime, &run->usage.ru_utime) * 100 / seconds;
	run->own.cpu_system = since(&usage.ru_stime, &run->usage.ru_stime) * 100 / seconds;
	run->own.cpu_total = run->own.cpu_user + run->own.cpu_system;
}

void iperf3_run_halt(struct iperf3_run *run)
{
	uv_timer_stop(&run->interval);
	for (size_t i = 0; i < run->count; i++)
		if (run->streams[i].sends)
			iperf3_flow_stop(run->streams[i].flow);
	for (size_t i = 0; i < run->count; i++)
		if (run->streams[i].sends)
			iperf3_flow_join(run->streams[i].flow);
	update(run, clock_now_ns());
	for (size_t i = 0; i < run->count; i++)
		run->streams[i].final = run->streams[i].sends;
	run->report.sent_seconds = run->report.seconds;
	count_cpu(run);
	run->halted = true;
	run->drain_ns = has_amount(run) && run->parameters.protocol == IPERF_TCP ? clock_now_ns() + DRAIN_NS : 0;
}

static void on_drain(uv_timer_t *timer)
{
	iperf3_run_settle(timer->data);
}

bool iperf3_run_drained(struct iperf3_run *run)
{
	bool drained = clock_now_ns() >= run->drain_ns;

	for (size_t i = 0; i < run->count && !drained; i++) {
		const struct run_link *link = iperf3_run_link(run, (int)i);
		int left = 0;

		if (run->streams[i].sends && link && ioctl(link->fd, SIOCOUTQ, &left) == 0 && left > 0) {
			uv_timer_start(&run->interval, on_drain, DRAIN_GAP, 0);
			return false;
		}
	}
	return true;
}

/* Receivers read on, but what they count from now on is not asked for. */
void iperf3_run_freeze(struct iperf3_run *run)
{
	bool all_send = !run->parameters.reverse && !run->parameters.bidirectional;

	if (!all_send)
		update(run, clock_now_ns());
	for (size_t i = 0; i < run->count; i++)
		run->streams[i].final = true;
	report_rest(run);
}

int64_t iperf3_run_arrived_ns(const struct iperf3_run *run)
{
	struct iperf3_measure measure;
	int64_t last_ns = 0;

	for (size_t i = 0; i < run->count; i++) {
		if (run->streams[i].sends || !run->streams[i].flow)
			continue;
		iperf3_flow_measure(run->streams[i].flow, &measure);
		if (measure.last_ns > last_ns)
			last_ns = measure.last_ns;
	}
	return last_ns;
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static struct iperf3_stream_result result_of(const struct iperf3_run *run, size_t i)
{
	const struct iperf3_measure *measure = &run->report.streams[i].measure;
	bool udp = run->parameters.protocol == IPERF_UDP;

	return (struct iperf3_stream_result){
		.id = iperf3_stream_id(i),
		.bytes = (int64_t)measure->bytes,
		.retransmits = measure->retransmits,
		.jitter = measure->jitter,
		.errors = (int64_t)measure->errors,
		.packets = (int64_t)measure->packets,
		.has_omitted = true,
		.omitted_errors = udp ? (int64_t)measure->omitted_errors : 0,
		.omitted_packets = udp ? (int64_t)measure->omitted_packets : 0,
		.has_times = true,
		.end_time = run->streams[i].sends ? run->report.sent_seconds : run->report.seconds,
	};
}

void iperf3_run_count(struct iperf3_run *run)
{
	const struct run_link *first = iperf3_run_link(run, 0);
	bool tcp = run->parameters.protocol == IPERF_TCP, sends = run->streams[0].sends;
	socklen_t length = sizeof run->own.congestion_used - 1;

	iperf3_run_stop_flows(run);
	if (!tcp || !first ||
	    getsockopt(first->fd, IPPROTO_TCP, TCP_CONGESTION, run->own.congestion_used, &length) != 0)
		run->own.congestion_used[0] = '\0';
	run->own.sender_has_retransmits = !sends ? -1 : tcp; /* R-28-8; stream 0 sends if any does */
	run->own.count = run->count;
	for (size_t i = 0; i < run->count; i++) {
		run->own.streams[i] = result_of(run, i);
		if (run->own.sender_has_retransmits == 1 && run->streams[i].sends &&
		    run->own.streams[i].retransmits < 0)
			run->own.sender_has_retransmits = 0;
	}
}

void iperf3_run_stop_flows(struct iperf3_run *run)
{
	for (size_t i = 0; i < run->count; i++)
		iperf3_flow_stop(run->streams[i].flow);
	for (size_t i = 0; i < run->count; i++) {
		iperf3_flow_free(run->streams[i].flow);
		run->streams[i].flow = NULL;
		run->streams[i].final = true;
	}
	uv_timer_stop(&run->interval);
}

int iperf3_run_payload_init(struct iperf3_run *run)
{
	int error = uv_async_init(&run->loop, &run->flow_over, on_flow_over);

	uv_timer_init(&run->loop, &run->interval);
	run->flow_over.data = run->interval.data = run;
	return error;
}
