/* Events of several connections, decoded from an input, for the targets that drive a state machine.
 *
 * An event is an octet, what in its low 3 bits and who in the others, and what follows:
 *   CONNECT, END_OF_FILE, RESET   nothing
 *   OCTETS                        a length and so many octets
 *   TOKEN                         which token, and how it is cut: 0 whole; below 128 its first octets, else without these
 *   DATAGRAM                      below 128 a length and so many octets, else a token
 *   LATER                         below 128: so many times 10 ms; else seconds from 1 to 127; 255: when the next timer is due
 *   OTHER                         an octet, for the target
 *
 * Tokens are what both sides commonly say, so that chance finds whole conversations. */
#ifndef IPERF_FUZZ_EVENTS_H
#define IPERF_FUZZ_EVENTS_H

#include "fuzz/fuzz.h"
#include "proto/limits.h"

enum what {
	CONNECT,
	OCTETS,
	TOKEN, /* told as OCTETS */
	END_OF_FILE,
	RESET,
	DATAGRAM,
	LATER,
	OTHER,
};

struct token {
	const uint8_t *octets;
	size_t length;
};

struct event {
	enum what what;
	unsigned who; /* 0 to 31 */
	const uint8_t *octets;
	size_t length;
	unsigned how; /* OTHER */
	int64_t ns;   /* LATER; -1: when the next timer is due */
};

#define EVENTS_MAX 400 /* of one input: what it may take is bounded */

static inline void take_token(struct input *in, struct event *event, const struct token *token)
{
	size_t cut = take(in);

	event->octets = token->octets;
	event->length = token->length;
	if (cut == 0 || token->length == 0)
		return;
	if (cut < 128) {
		event->length = cut % token->length;
	} else {
		event->octets += cut % 128 % token->length;
		event->length -= cut % 128 % token->length;
	}
}

/* False: there are no more. */
static inline bool next_event(struct input *in, struct event *event, const struct token *tokens, size_t count)
{
	uint8_t first = take(in), size;

	*event = (struct event){ .what = first & 7, .who = first >> 3 };
	switch (event->what) {
	case OCTETS:
		event->octets = take_octets(in, take(in), &event->length);
		break;
	case TOKEN:
		event->what = OCTETS;
		take_token(in, event, &tokens[take(in) % count]);
		break;
	case DATAGRAM:
		size = take(in);
		if (size < 128)
			event->octets = take_octets(in, size, &event->length);
		else
			take_token(in, event, &tokens[(size - 128u) % count]);
		break;
	case LATER:
		size = take(in);
		event->ns = size < 128 ? size * 10 * IPERF_MS : size < 255 ? (size - 127) * IPERF_S : -1;
		break;
	case OTHER:
		event->how = take(in);
		break;
	case CONNECT:
	case END_OF_FILE:
	case RESET:
		break;
	}
	return in->left > 0 || event->length > 0 || event->what != CONNECT || event->who > 0;
}

/* A number for all that was decided, to compare runs. */
static inline void digest(uint64_t *sum, uint64_t number)
{
	*sum = (*sum ^ number) * UINT64_C(0x100000001b3);
	*sum ^= *sum >> 29;
}

#endif
