/* Whether a step makes sense: for the role that is tested, for its connection, and with its modifiers. */
#include "conformance/case_private.h"

#include <inttypes.h>
#include <string.h>

enum done { DONE_BOTH, DONE_ACTION, DONE_EXPECTATION };

static const struct kind {
	const char *name;
	enum done done;     /* whether the runner does it or expects it */
	bool tcp;           /* TCP only */
	bool to_server;     /* C>S only */
	bool octets;        /* what is sent are octets, and can be cut */
	bool text_only;     /* of the text profile */
} kinds[] = {
	[CASE_MESSAGE] = { "a message", DONE_BOTH, false, false, true, true },
	[CASE_PREAMBLE] = { "preamble", DONE_BOTH, true, true, true, true },
	[CASE_PAYLOAD] = { "payload", DONE_BOTH, false, false, true, false },
	[CASE_OCTETS] = { "octets", DONE_BOTH, false, false, true, false },
	[CASE_OPEN] = { "open", DONE_ACTION, true, true, false, false },
	[CASE_END_OF_FILE] = { "end-of-file", DONE_BOTH, true, false, false, false },
	[CASE_CLOSE] = { "close", DONE_ACTION, true, false, false, false },
	[CASE_RESET] = { "reset", DONE_BOTH, true, false, false, false },
	[CASE_CLOSED] = { "closed", DONE_EXPECTATION, true, false, false, false },
	[CASE_NOTHING] = { "nothing for", DONE_EXPECTATION, false, false, false, false },
	[CASE_WAIT] = { "wait", DONE_ACTION, false, false, false, false },
	[CASE_MARK] = { "mark", DONE_ACTION, false, false, false, false },
	[CASE_SET_COOKIE] = { "$cookie =", DONE_ACTION, false, false, false, false },
	[CASE_SERVE] = { "serve", DONE_ACTION, false, false, false, true },
	[CASE_EXIT] = { "exit", DONE_EXPECTATION, false, false, false, false },
	[CASE_SAYS] = { "says", DONE_EXPECTATION, false, false, false, false },
	[CASE_COOKIE] = { "cookie", DONE_BOTH, true, true, true, false },
	[CASE_STATE] = { "a state", DONE_BOTH, true, false, true, false },
	[CASE_ERROR] = { "SERVER_ERROR", DONE_BOTH, true, false, true, false },
	[CASE_PARAMETERS] = { "parameters", DONE_BOTH, true, true, true, false },
	[CASE_RESULTS] = { "results", DONE_BOTH, true, false, true, false },
	[CASE_TEXT] = { "text", DONE_BOTH, true, false, true, false },
	[CASE_FAILED] = { "failed", DONE_EXPECTATION, true, false, false, false },
	[CASE_DENIED] = { "denied", DONE_EXPECTATION, true, false, false, false },
	[CASE_HELLO] = { "hello", DONE_BOTH, false, true, true, false },
	[CASE_REPLY] = { "reply", DONE_BOTH, false, false, true, false },
	[CASE_ANY_REPLY] = { "any reply", DONE_EXPECTATION, false, false, false, false },
	[CASE_UNREAD] = { "unread", DONE_EXPECTATION, true, false, false, false },
	[CASE_DATAGRAMS] = { "datagrams", DONE_BOTH, false, false, true, false },
	[CASE_FREE] = { "free", DONE_EXPECTATION, false, false, false, false },
	[CASE_SIGNAL] = { "signal", DONE_ACTION, false, false, false, false },
	[CASE_REFUSE] = { "refuse", DONE_ACTION, false, false, false, false },
};

static const char *role_name(const struct case_file *file)
{
	return file->role == CASE_SERVER ? "server" : "client";
}

static const char *direction_name(enum case_direction direction)
{
	return direction == CASE_TO_SERVER ? "C>S" : "S>C";
}

/* Whether the runner does the step. Of those without a connection, some are expectations all the same. */
static bool does(const struct case_parse *parse)
{
	if (parse->step.label < 0)
		return kinds[parse->step.what].done == DONE_ACTION;
	return case_is_action(parse->file, &parse->step);
}

/* --- who may do it, and where ------------------------------------------------------------------------------------ */

static void check_side(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	const struct kind *kind = &kinds[step->what];
	const char *side = direction_name(step->direction);

	if (kind->tcp && parse->file->labels[step->label].udp)
		case_fail(parse, parse->at.what, "%s is for TCP connections; %s is a UDP source", kind->name,
			  parse->file->labels[step->label].name);
	else if (kind->to_server && step->direction != CASE_TO_SERVER)
		case_fail(parse, parse->at.direction, "%s goes from the client to the server: expected C>S, found S>C",
			  kind->name);
	else if (step->what == CASE_OPEN && !does(parse))
		case_fail(parse, parse->at.what, "open can only be done; that the client opens a connection is expected by the "
			  "first line about it");
	else if (kind->done == DONE_ACTION && !does(parse))
		case_fail(parse, parse->at.what, "%s can only be done, and with role %s %s is expected; was closed meant?",
			  kind->name, role_name(parse->file), side);
	else if (kind->done == DONE_EXPECTATION && does(parse))
		case_fail(parse, parse->at.what, "%s can only be expected, and with role %s %s is done; %s", kind->name,
			  role_name(parse->file), side,
			  step->what == CASE_CLOSED ? "was close meant?" : "was wait meant?");
}

static bool response(const struct case_step *step)
{
	return step->what == CASE_MESSAGE && step->message == IPERF_RESULTS_RESPONSE;
}

static void check_response(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	if (parse->results && (step->direction != CASE_TO_CLIENT || !does(parse)))
		case_fail(parse, parse->at.what, "$results can only be sent, by a server: S>C with role client");
	else if (step->direction == CASE_TO_CLIENT && !step->json && !parse->results)
		case_fail(parse, parse->at.what, "expected result data after IPERF_RESULTS_RESPONSE $cookie: {...}%s",
			  does(parse) ? " or $results" : "");
	else if (step->direction == CASE_TO_CLIENT && !does(parse) && step->json && *step->json != '{')
		case_fail(parse, parse->at.json, "result data is an object: expected {...}");
	else if (step->direction == CASE_TO_SERVER && !does(parse))
		case_fail(parse, parse->at.what, "no client sends IPERF_RESULTS_RESPONSE; octets can be expected");
}

/* What a server of this protocol never sends can be done by the runner, but not expected. */
static void check_expected_of_server(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	if (does(parse) || step->direction != CASE_TO_CLIENT || parse->file->profile == CASE_IPERF3)
		return;
	if (parse->file->labels[step->label].udp && step->what != CASE_NOTHING)
		case_fail(parse, parse->at.what, "a server sends no datagram (R-8.3-8): expected nothing for");
	else if (step->what == CASE_MESSAGE && step->message != IPERF_RESULTS_RESPONSE)
		case_fail(parse, parse->at.what, "a server sends no %s: expected IPERF_RESULTS_RESPONSE, closed, reset, "
			  "end-of-file or nothing for", iperf_message_keyword(step->message));
}

static void check_payload(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	bool udp = parse->file->labels[step->label].udp;

	if (parse->file->profile == CASE_TEXT_PROFILE && step->direction == CASE_TO_CLIENT &&
	    (does(parse) || step->octets >= 0))
		case_fail(parse, parse->at.direction, "payload goes from the client to the server: expected C>S, found S>C%s",
			  does(parse) ? "" : " ([payload] is whatever else a server sends)");
	else if (step->octets > (int64_t)CASE_PAYLOAD_MAX || step->datagrams > (int64_t)CASE_PAYLOAD_MAX)
		case_fail(parse, parse->at.what, "payload is at most %" PRIu64 " octets", CASE_PAYLOAD_MAX);
	else if (step->octets < 0 && does(parse))
		case_fail(parse, parse->at.what, "[payload] can only be expected; how many octets are to be sent?");
	else if (step->some && parse->file->profile == CASE_TEXT_PROFILE)
		case_fail(parse, parse->at.what, "[some payload] is for cases of 'profile iperf3'");
	else if (udp && step->octets >= 0 && parse->file->profile == CASE_IPERF3)
		case_fail(parse, parse->at.what, "of UDP, say which datagrams: datagrams 1..4 of 1000 octets");
	else if (step->datagrams >= 0 && !udp)
		case_fail(parse, parse->at.what, "datagrams are for UDP; %s is a TCP connection",
			  parse->file->labels[step->label].name);
	else if (step->datagrams == 0)
		case_fail(parse, parse->at.what, "expected at least one datagram");
	else if (step->datagrams > 0 && step->octets > step->datagrams * CASE_DATAGRAM_MAX)
		case_fail(parse, parse->at.what, "a datagram has at most %d octets", CASE_DATAGRAM_MAX);
	else if (step->octets == 0 && !udp && does(parse))
		case_fail(parse, parse->at.what, "to send 0 octets over TCP is to do nothing");
}

static void check_octets(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	uint64_t total = case_piece_total(step);
	bool udp = step->label >= 0 && parse->file->labels[step->label].udp;

	if (total > CASE_OCTETS_MAX)
		case_fail(parse, parse->at.what, "these are more than %" PRIu64 " octets", CASE_OCTETS_MAX);
	else if (udp && total > CASE_DATAGRAM_MAX)
		case_fail(parse, parse->at.what, "a datagram has at most %d octets, this one %" PRIu64, CASE_DATAGRAM_MAX,
			  total);
	else if (total == 0 && !udp)
		case_fail(parse, parse->at.what, "an empty string is no octet");
	else if (step->what == CASE_SET_COOKIE && total != case_cookie_length(parse->file))
		case_fail(parse, parse->at.what, "a cookie has %zu octets, this one %" PRIu64,
			  case_cookie_length(parse->file), total);
}

/* --- the connection's life --------------------------------------------------------------------------------------- */

static struct case_connection *connection(struct case_parse *parse)
{
	return &parse->connections[parse->step.label];
}

/* Opened, and not ended, by lines above. Whoever comes first is the client. */
static void check_life(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	const struct case_connection *c = connection(parse);
	const char *name = parse->file->labels[step->label].name;
	bool ends = step->what == CASE_CLOSE || step->what == CASE_RESET || step->what == CASE_CLOSED ||
		    step->what == CASE_FAILED || step->what == CASE_DENIED;

	if (!c->opened && step->direction != CASE_TO_SERVER)
		case_fail(parse, parse->at.direction, "%s is used for the first time: expected C>S, for the client opens it",
			  name);
	else if (!c->opened && (step->what == CASE_CLOSED || step->what == CASE_NOTHING))
		case_fail(parse, parse->at.what, "%s is used for the first time: expected what opens it", name);
	else if (c->opened && step->what == CASE_OPEN)
		case_fail(parse, parse->at.what, "%s has been opened in line %" PRIu32, name, c->opened);
	else if (c->closed)
		case_fail(parse, parse->at.label, "%s has been closed in line %" PRIu32, name, c->closed);
	else if (c->ended[step->direction] && !(ends && does(parse)) &&
		 !(step->what == CASE_RESET || step->what == CASE_CLOSED || step->what == CASE_FAILED))
		case_fail(parse, parse->at.what, "%s of %s has ended in line %" PRIu32, direction_name(step->direction), name,
			  c->ended[step->direction]);
}

static void live(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	struct case_connection *c = connection(parse);

	if (!c->opened)
		c->opened = step->line;
	switch (step->what) {
	case CASE_CLOSE:
		c->closed = step->line;
		break;
	case CASE_RESET:
		if (does(parse))
			c->closed = step->line;
		c->ended[step->direction] = step->line;
		break;
	case CASE_END_OF_FILE:
	case CASE_CLOSED:
	case CASE_FAILED:
	case CASE_DENIED:
		c->ended[step->direction] = step->line;
		break;
	default:
		break;
	}
}

/* --- cookies ----------------------------------------------------------------------------------------------------- */

/* A client's cookie is known to the runner once a line has expected it. */
static void use_cookie(struct case_parse *parse, int cookie)
{
	bool client = parse->file->role == CASE_CLIENT;

	if (client && cookie == 0 && does(parse) && !parse->cookie_used[0])
		case_fail(parse, parse->at.cookie, "no line above this one expects $cookie of the client, so it is not known");
	if (!parse->cookie_used[cookie])
		parse->cookie_used[cookie] = parse->step.line;
}

static void set_cookie(struct case_parse *parse)
{
	int cookie = parse->step.cookie;

	for (size_t i = 0; i < parse->step.piece_count; i++) {
		if (parse->step.pieces[i].cookie == cookie)
			case_fail(parse, parse->at.what, "a cookie cannot be made of itself");
	}
	if (parse->file->role == CASE_CLIENT && cookie == 0)
		case_fail(parse, parse->at.what, "with role client, $cookie is the client's: expected $cookie2 to $cookie%d",
			  CASE_COOKIES_MAX);
	else if (parse->cookie_set[cookie])
		case_fail(parse, parse->at.what, "this cookie has been given its octets in line %" PRIu32,
			  parse->cookie_set[cookie]);
	else if (parse->cookie_used[cookie])
		case_fail(parse, parse->at.what, "this cookie has been used in line %" PRIu32 ", with random octets",
			  parse->cookie_used[cookie]);
	parse->cookie_set[cookie] = parse->step.line;
}

static void check_cookies(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	if (step->what == CASE_SET_COOKIE)
		set_cookie(parse);
	if (step->what == CASE_MESSAGE || step->what == CASE_PREAMBLE || step->what == CASE_COOKIE)
		use_cookie(parse, step->cookie);
	for (size_t i = 0; i < step->piece_count; i++) {
		if (step->pieces[i].cookie >= 0)
			use_cookie(parse, step->pieces[i].cookie);
	}
}

/* --- modifiers --------------------------------------------------------------------------------------------------- */

static void check_times(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	const char *at = parse->at.within ? parse->at.within : parse->at.not_before;

	if (at && (does(parse) || step->what == CASE_NOTHING))
		case_fail(parse, at, "%s takes no 'within' or 'not before': they are about what is expected to come",
			  does(parse) ? "what the runner does" : "'nothing for'");
	else if (parse->at.from && !at)
		case_fail(parse, parse->at.from, "'from' needs a 'within' or 'not before' that it can be about");
	else if (step->has_within && step->has_not_before && step->within.timer == step->not_before.timer &&
		 !(step->within.factor > step->not_before.factor) && step->within.ns <= step->not_before.ns)
		case_fail(parse, parse->at.not_before, "'not before' is not earlier than 'within'");
}

/* How many octets the step sends, or UINT64_MAX: not known. */
static uint64_t sent(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	switch (step->what) {
	case CASE_MESSAGE:
		if (response(step) && (step->json || parse->results))
			return UINT64_MAX;
		return iperf_message_length(step->message) + (connection(parse)->opened ? 0 : IPERF_COOKIE_LENGTH);
	case CASE_PREAMBLE:
		return IPERF_COOKIE_LENGTH;
	case CASE_PAYLOAD:
		return (uint64_t)step->octets;
	case CASE_OCTETS:
		return case_piece_total(step);
	default:
		return case_iperf3_sent(step);
	}
}

static void check_cut(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	uint64_t length;

	if (!parse->at.cut)
		return;
	if (step->label < 0 || !kinds[step->what].octets || !does(parse)) {
		case_fail(parse, parse->at.cut, "'cut' is for octets that the runner sends");
	} else if (parse->file->labels[step->label].udp) {
		case_fail(parse, parse->at.cut, "a datagram cannot be cut; write one line for each");
	} else if (step->cut_count == 0 && step->cut_into == 0) {
		case_fail(parse, parse->at.cut, "parts have at least one octet");
	} else {
		length = sent(parse);
		if (step->cut_count > 0 && step->cuts[step->cut_count - 1] >= length)
			case_fail(parse, parse->at.cut, "this sends %" PRIu64 " octets: it cannot be cut at %zu", length,
				  step->cuts[step->cut_count - 1]);
	}
}

static void check_or(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	if (!parse->at.or)
		return;
	if (parse->file->profile != CASE_IPERF3 || parse->file->role != CASE_SERVER)
		case_fail(parse, parse->at.or, "'or' is for cases of 'profile iperf3' and role server");
	else if (does(parse) || step->label < 0 || step->what == CASE_UNREAD)
		case_fail(parse, parse->at.or, "'or' is for what is expected on a connection");
}

static void check_blame(struct case_parse *parse)
{
	enum iperf_requirement blamed = parse->step.requirement;

	for (size_t i = 0; i < parse->file->test_count; i++) {
		if (parse->file->tests[i] == blamed)
			return;
	}
	if (blamed != IPERF_R_NONE)
		case_fail(parse, parse->at.requirement, "%s is not among the requirements that the case tests (line %" PRIu32
			  ")", iperf_requirements[blamed].id, parse->heads[HEAD_TESTS]);
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

static void check_client_only(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	const char *name = kinds[step->what].name;
	uint32_t *once = step->what == CASE_SERVE ? &parse->served : step->what == CASE_EXIT ? &parse->exited : NULL;

	if (parse->file->role != CASE_CLIENT && !(step->what == CASE_EXIT && parse->file->profile == CASE_IPERF3) &&
	    !(step->what == CASE_SAYS && parse->file->profile == CASE_IPERF3))
		case_fail(parse, parse->at.what, "%s%s is for cases of role client", name,
			  step->what == CASE_NOTHING ? " without a connection" : "");
	else if (step->what == CASE_NOTHING && step->direction != CASE_TO_SERVER)
		case_fail(parse, parse->at.what, "a client opens connections: expected C>S nothing for");
	else if (once && *once)
		case_fail(parse, parse->at.what, "%s stands here for the second time; the first is line %" PRIu32, name, *once);
	if (once)
		*once = step->line;
}

/* Lines of the profile only. */
static void check_profile(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	const char *at = parse->at.what;

	if (kinds[step->what].text_only && parse->file->profile == CASE_IPERF3)
		case_fail(parse, at, "%s is of the text profile, and the head says 'profile iperf3'", kinds[step->what].name);
	else if (step->what >= CASE_COOKIE && parse->file->profile == CASE_TEXT_PROFILE)
		case_fail(parse, at, "%s is of the iperf3 profile; the head does not say 'profile iperf3'",
			  kinds[step->what].name);
	else if (step->what == CASE_FREE && parse->file->role == CASE_CLIENT)
		case_fail(parse, at, "free is for cases of role server");
	else if (step->what == CASE_REFUSE && parse->file->role == CASE_SERVER)
		case_fail(parse, at, "refuse is for cases of role client");
}

static void check_labelled(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	check_side(parse);
	if (step->what >= CASE_COOKIE && !parse->failed)
		case_iperf3_check(parse, does(parse));
	if (response(step))
		check_response(parse);
	check_expected_of_server(parse);
	if (step->what == CASE_PAYLOAD)
		check_payload(parse);
	if (step->what == CASE_OCTETS)
		check_octets(parse);
	check_life(parse);
}

void case_check_step(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	check_profile(parse);
	if (step->label >= 0)
		check_labelled(parse);
	else if (step->what == CASE_NOTHING || step->what == CASE_SERVE || step->what == CASE_EXIT || step->what == CASE_SAYS)
		check_client_only(parse);
	else if (step->what == CASE_SET_COOKIE)
		check_octets(parse);
	if (parse->failed)
		return;
	check_cookies(parse);
	check_times(parse);
	check_cut(parse);
	check_or(parse);
	check_blame(parse);
	if (step->label >= 0)
		live(parse);
}
