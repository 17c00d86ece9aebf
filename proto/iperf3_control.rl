/* The grammar of the control connection, beside SPEC 22. For Ragel in ten lines see message.rl.
 *
 * Every item has a length that is known when it begins, or after its first four octets. So the machines count; what a
 * number means is asked when its last octet is there. The octets of a text are not looked at: its machine reads the
 * length only, the rest is copied. */
#include "proto/iperf3_control.h"

#include <string.h>

#include "proto/cookie.h"

%%{
	machine control;

	action cookie_octet { parser->cookie.octets[parser->offset + (size_t)(p - octets)] = *p; }
	action digit        { parser->word = parser->word << 8 | *p; }
	action state        { parser->state = (int8_t)*p; }
	action error        { parser->error = (int32_t)parser->word; }
	action system_error { parser->system_error = (int32_t)parser->word; }
	action length       { length_known(parser); fbreak; }
	action done         { parser->status = IPERF3_DONE; fbreak; }

	number = any{4} $digit;

	cookie := any{37} $cookie_octet @done;
	state  := any @state @done;
	error  := number @error number @system_error @done;
	text   := number @length;
}%%

%% write data nofinal noerror;

int iperf3_cookie_generate(struct iperf3_cookie *cookie)
{
	static const char characters[32] = "abcdefghijklmnopqrstuvwxyz234567";
	struct iperf_cookie random; /* 256 bits, of which each character takes 5 */
	unsigned bits = 0, have = 0;
	const uint8_t *next = random.octets;
	int status = iperf_cookie_generate(&random);

	if (status < 0)
		return status;
	for (size_t i = 0; i < IPERF3_COOKIE_LENGTH - 1; i++) {
		if (have < 5) {
			bits = bits << 8 | *next++;
			have += 8;
		}
		have -= 5;
		cookie->octets[i] = (uint8_t)characters[bits >> have & 31];
	}
	cookie->octets[IPERF3_COOKIE_LENGTH - 1] = '\0';
	return 0;
}

bool iperf3_cookie_equal(const struct iperf3_cookie *a, const struct iperf3_cookie *b)
{
	const uint8_t *end = memchr(a->octets, '\0', sizeof a->octets);

	return memcmp(a->octets, b->octets, end ? (size_t)(end - a->octets) + 1 : sizeof a->octets) == 0;
}

/* --- states and errors -------------------------------------------------------------------------------------------- */

#define STATES 17 /* 0 to 16; the two negative ones stand apart */

static const char *const state_names[STATES] = {
	NULL, "TEST_START", "TEST_RUNNING", "RESULT_REQUEST", "TEST_END", "STREAM_BEGIN", "STREAM_RUNNING",
	"STREAM_END", "ALL_STREAMS_END", "PARAM_EXCHANGE", "CREATE_STREAMS", "SERVER_TERMINATE", "CLIENT_TERMINATE",
	"EXCHANGE_RESULTS", "DISPLAY_RESULTS", "IPERF_START", "IPERF_DONE",
};

const char *iperf3_state_name(int value)
{
	if (value == IPERF3_ACCESS_DENIED)
		return "ACCESS_DENIED";
	if (value == IPERF3_SERVER_ERROR)
		return "SERVER_ERROR";
	return value >= 0 && value < STATES ? state_names[value] : NULL;
}

bool iperf3_state_named(const char *name, size_t length, int *value)
{
	for (int i = IPERF3_SERVER_ERROR; i < STATES; i++) {
		const char *known = iperf3_state_name(i);

		if (known && strlen(known) == length && memcmp(known, name, length) == 0) {
			*value = i;
			return true;
		}
	}
	return false;
}

bool iperf3_state_of_client(int value)
{
	return value == IPERF3_TEST_END || value == IPERF3_CLIENT_TERMINATE || value == IPERF3_IPERF_DONE;
}

bool iperf3_state_of_server(int value)
{
	switch (value) {
	case IPERF3_TEST_START:
	case IPERF3_TEST_RUNNING:
	case IPERF3_PARAM_EXCHANGE:
	case IPERF3_CREATE_STREAMS:
	case IPERF3_SERVER_TERMINATE:
	case IPERF3_EXCHANGE_RESULTS:
	case IPERF3_DISPLAY_RESULTS:
	case IPERF3_ACCESS_DENIED:
	case IPERF3_SERVER_ERROR:
		return true;
	default:
		return false;
	}
}

static const struct {
	int32_t error;
	const char *text;
} errors[] = {
	{ IPERF3_ERROR_TOTALRATE, "more bandwidth than the server allows" },
	{ 34, "UDP asked of a server with a file" },
	{ IPERF3_ERROR_DURATION, "longer than the server allows" },
	{ IPERF3_ERROR_COOKIE, "cookie could not be read" },
	{ IPERF3_ERROR_STATE, "unknown state" },
	{ IPERF3_ERROR_MESSAGE, "message could not be read" },
	{ IPERF3_ERROR_PARAMETERS, "parameters could not be read" },
	{ IPERF3_ERROR_RESULTS, "results could not be read" },
	{ IPERF3_ERROR_CLIENT_TERMINATE, "the client was stopped" },
	{ 122, "TCP_NODELAY could not be set" },
	{ 123, "MSS could not be set" },
	{ 124, "socket buffers could not be set" },
	{ 125, "TOS could not be set" },
	{ 132, "affinity could not be set" },
	{ IPERF3_ERROR_CONGESTION, "congestion control could not be set" },
	{ IPERF3_ERROR_WINDOW, "window smaller than asked" },
	{ IPERF3_ERROR_AUTHENTICATION, "authentication failed" },
	{ IPERF3_ERROR_SILENCE, "nothing received for too long" },
	{ IPERF3_ERROR_OVER, "not ended in time" },
	{ IPERF3_ERROR_STREAM, "stream could not be created" },
	{ 201, "stream could not be initialised" },
	{ IPERF3_ERROR_STREAM_LISTEN, "streams could not be listened for" },
	{ IPERF3_ERROR_STREAM_WRITE, "stream could not be written" },
	{ IPERF3_ERROR_STREAM_READ, "stream could not be read" },
	{ IPERF3_ERROR_STREAM_ID, "unknown stream in results" },
};

const char *iperf3_error_text(int32_t error)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].error == error)
			return errors[i].text;
	return "error";
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int entry(enum iperf3_grammar grammar)
{
	switch (grammar) {
	case IPERF3_READ_COOKIE:
		return control_en_cookie;
	case IPERF3_READ_STATE:
		return control_en_state;
	case IPERF3_READ_ERROR:
		return control_en_error;
	case IPERF3_READ_TEXT:
		break;
	}
	return control_en_text;
}

void iperf3_parser_init(struct iperf3_parser *parser, enum iperf3_grammar grammar, uint8_t *text, size_t room)
{
	memset(parser, 0, sizeof *parser);
	parser->status = IPERF3_INCOMPLETE;
	parser->grammar = grammar;
	parser->text = text;
	parser->room = room;
	parser->cs = entry(grammar);
}

/* A text of no octet is no JSON; of one beyond the room not an octet is awaited. */
static void length_known(struct iperf3_parser *parser)
{
	parser->length = parser->word;
	parser->length_known = true;
	if (parser->length > 0 && parser->length <= parser->room)
		return;
	parser->status = IPERF3_WRONG;
	parser->why = parser->length == 0 ? IPERF_R_22_4_5 : IPERF_R_22_4_6;
}

/* Octets behind the length. */
static size_t text_octets(struct iperf3_parser *parser, const uint8_t *octets, size_t length)
{
	size_t have = parser->offset - IPERF3_LENGTH_SIZE;
	size_t n = length < parser->length - have ? length : parser->length - have;

	memcpy(parser->text + have, octets, n);
	parser->offset += n;
	if (have + n == parser->length)
		parser->status = IPERF3_DONE;
	return n;
}

size_t iperf3_parser_octets(struct iperf3_parser *parser, const uint8_t *octets, size_t length)
{
	const uint8_t *p = octets;
	const uint8_t *pe = length ? octets + length : octets; /* NULL + 0 is undefined */
	int cs = parser->cs;
	size_t used;

	(void)control_start;
	if (parser->status != IPERF3_INCOMPLETE || length == 0)
		return 0;
	if (parser->length_known)
		return text_octets(parser, octets, length);
	%% write exec;
	parser->cs = cs;
	used = (size_t)(p - octets);
	parser->offset += used;
	if (parser->status == IPERF3_INCOMPLETE && used < length)
		used += text_octets(parser, p, length - used);
	return used;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

void iperf3_length_write(uint8_t out[static IPERF3_LENGTH_SIZE], uint32_t length)
{
	for (unsigned i = 0; i < IPERF3_LENGTH_SIZE; i++)
		out[i] = (uint8_t)(length >> (24 - 8 * i));
}

void iperf3_error_write(uint8_t out[static IPERF3_ERROR_SIZE], int32_t error, int32_t system_error)
{
	out[0] = (uint8_t)IPERF3_SERVER_ERROR;
	iperf3_length_write(out + 1, (uint32_t)error);
	iperf3_length_write(out + 5, (uint32_t)system_error);
}
