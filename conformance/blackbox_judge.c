/* What the server is left like by an input. */
#include "conformance/blackbox_private.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "conformance/play_private.h"

#define STREAM_BEGIN (2 * IPERF_COOKIE_LENGTH + sizeof "IPERF_STREAM_BEGIN") /* octets, with the preamble */
#define RECOVERS (3 * IPERF_S)      /* beyond its timers */
#define RECOVERS_MAX (30 * IPERF_S) /* nobody wants to wait longer for what is broken */

void blackbox_blame(struct blackbox_fault *fault, enum blackbox_kind kind, enum iperf_requirement requirement,
		    const char *format, ...)
{
	va_list arguments;

	fault->kind = kind;
	fault->requirement = requirement;
	va_start(arguments, format);
	vsnprintf(fault->text, sizeof fault->text, format, arguments);
	va_end(arguments);
}

/* Whether a text that was sent tells of a requirement of its own. */
static enum iperf_requirement about_text(const struct case_file *file, enum iperf_requirement otherwise)
{
	enum iperf_requirement found = otherwise;

	for (size_t i = 0; i < file->step_count; i++) {
		const struct case_step *step = &file->steps[i];

		if (!case_is_action(file, step))
			continue;
		if (step->what == CASE_PARAMETERS || (step->what == CASE_RESULTS && step->json))
			found = IPERF_R_22_4_7;
		else if (step->what == CASE_TEXT)
			found = IPERF_R_22_4_5;
	}
	return found;
}

enum iperf_requirement blackbox_ended_by(const struct blackbox *box, const struct case_file *file)
{
	return box->options->profile == CASE_IPERF3 ? about_text(file, IPERF_R_23_18) : IPERF_R_6_5_5;
}

/* Whether it asks for a test over UDP: the next one is to be served, too (R-23-20). */
static bool asks_for_udp(const struct case_file *file)
{
	for (size_t i = 0; i < file->step_count; i++)
		if (file->steps[i].what == CASE_PARAMETERS && file->steps[i].json &&
		    strstr(file->steps[i].json, "\"udp\":true"))
			return true;
	return false;
}

/* What octets there are of a connection's beginning: enough of them may begin a stream. */
static size_t octets_there(const struct case_file *file, int label)
{
	size_t sum = 0;

	for (size_t i = 0; i < file->step_count; i++) {
		const struct case_step *step = &file->steps[i];

		if (step->label != label || !case_is_action(file, step))
			continue;
		if (step->what == CASE_MESSAGE)
			return sum; /* that is the first message, whatever follows */
		sum += step->what == CASE_PREAMBLE ? IPERF_COOKIE_LENGTH : 0;
		for (size_t k = 0; step->what == CASE_OCTETS && k < step->piece_count; k++)
			sum += step->pieces[k].repeat * (step->pieces[k].cookie < 0 ? step->pieces[k].length :
									     step->pieces[k].end - step->pieces[k].begin);
	}
	return sum;
}

/* Streams that were begun for which no test came. */
struct begun {
	bool stream[CASE_COOKIES_MAX];
	int control[CASE_COOKIES_MAX]; /* label on which a test began, and nothing came since; -1: none */
	size_t cookies;                /* in messages */
};

static void see_message(struct begun *begun, const struct case_step *step)
{
	int cookie = step->cookie;

	begun->cookies += !begun->stream[cookie] && begun->control[cookie] < 0;
	if (step->message == IPERF_TEST_BEGIN) {
		begun->stream[cookie] = false;
		begun->control[cookie] = step->label;
	} else if (step->message == IPERF_STREAM_BEGIN) {
		/* Of a test that goes on; of several cookies one may have kept another from its test. */
		begun->stream[cookie] = begun->stream[cookie] || begun->control[cookie] < 0 || begun->cookies > 1;
	}
}

bool blackbox_leaves_stream(const struct case_file *file)
{
	struct begun begun = { .cookies = 0 };

	for (size_t i = 0; i < CASE_COOKIES_MAX; i++)
		begun.control[i] = -1;
	for (size_t i = 0; i < file->step_count; i++) {
		const struct case_step *step = &file->steps[i];

		for (size_t k = 0; k < CASE_COOKIES_MAX; k++)
			if (step->label == begun.control[k] && case_is_action(file, step))
				begun.control[k] = -1; /* that may have ended the test */
		if (step->what == CASE_MESSAGE)
			see_message(&begun, step);
	}
	for (size_t i = 0; i < CASE_COOKIES_MAX; i++)
		if (begun.stream[i])
			return true;
	for (size_t i = 0; i < file->label_count; i++)
		if (!file->labels[i].udp && octets_there(file, (int)i) >= STREAM_BEGIN)
			return true;
	return false;
}

int64_t blackbox_free_after(const struct blackbox *box, const struct case_file *file)
{
	bool kept = box->options->profile == CASE_TEXT_PROFILE && blackbox_leaves_stream(file);

	return BLACKBOX_FREE_NS + (kept ? box->player->timers[CASE_T_BEGIN] : 0);
}

/* The next clients, when all has ended. */
static void judge_next(struct blackbox *box, const struct case_file *file, struct blackbox_fault *fault)
{
	enum iperf_requirement broken = box->options->profile == CASE_IPERF3 ? IPERF_R_23_18 : IPERF_R_6_5_5;
	int64_t patience_ns = blackbox_free_after(box, file);
	char text[350];

	if (!blackbox_is_served(box, patience_ns, text, sizeof text)) {
		broken = box->unserved == IPERF_R_23_21 ? box->unserved : broken;
	} else if (box->clean_udp && asks_for_udp(file) && !blackbox_is_served_udp(box, patience_ns, text, sizeof text)) {
		broken = IPERF_R_23_20;
		fault->udp = true;
	} else {
		return;
	}
	if (blackbox_interrupted(box))
		return;
	fault->bound_ns = patience_ns;
	blackbox_blame(fault, BLACKBOX_BUSY, broken, "%.1f s after the end of all: %s", (double)patience_ns / 1e9, text);
}

void blackbox_judge(struct blackbox *box, const struct blackbox_input *input, struct play *play,
		    struct blackbox_fault *fault)
{
	char text[350];

	if (!input->stalls || blackbox_judge_silence(box, play, fault)) {
		wire_clear(play->wire);
		memset(play->conns, 0, sizeof play->conns);
		judge_next(box, input->file, fault);
	}
	if (blackbox_server_ended(box, text, sizeof text))
		blackbox_blame(fault, BLACKBOX_ENDED, blackbox_ended_by(box, input->file), "the server has ended %s", text);
	else if (fault->kind != BLACKBOX_FINE && strstr(fault->text, strerror(ECONNREFUSED))) /* whoever started it */
		blackbox_blame(fault, BLACKBOX_ENDED, blackbox_ended_by(box, input->file), "nobody listens there any more: %s",
			       strerror(ECONNREFUSED));
	if (blackbox_interrupted(box))
		fault->kind = BLACKBOX_UNTESTED;
}

void blackbox_await_recovery(struct blackbox *box, struct blackbox_fault *fault)
{
	int64_t from_ns = wire_now() - (fault->kind == BLACKBOX_BUSY ? fault->bound_ns : 0);
	int64_t patience_ns = blackbox_longest_timer(box) + RECOVERS;
	char text[350];

	if (patience_ns > RECOVERS_MAX)
		patience_ns = RECOVERS_MAX;
	if (!blackbox_has_time(box, patience_ns))
		patience_ns = IPERF_S;
	wire_clear(&box->player->wire);
	if (fault->kind == BLACKBOX_ENDED && box->command)
		return;
	fault->recovered = (fault->udp ? blackbox_is_served_udp : blackbox_is_served)(box, patience_ns, text, sizeof text);
	fault->after_ns = wire_now() - from_ns;
}
