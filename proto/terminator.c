#include "proto/terminator.h"

#include <string.h>

#include "proto/message.h"

void iperf_terminator_init(struct iperf_terminator *terminator)
{
	memset(terminator, 0, sizeof *terminator);
}

void iperf_terminator_feed(struct iperf_terminator *terminator, const uint8_t *octets, size_t length)
{
	uint8_t *tail = terminator->tail;
	size_t size = sizeof terminator->tail;

	terminator->total += length;
	if (length >= size) {
		memcpy(tail, octets + length - size, size);
		terminator->known = (uint8_t)size;
	} else if (length > 0) {
		memmove(tail, tail + length, size - length);
		memcpy(tail + size - length, octets, length);
		terminator->known = (uint8_t)(terminator->known + length < size ? terminator->known + length : size);
	}
}

void iperf_terminator_skip(struct iperf_terminator *terminator, uint64_t length)
{
	terminator->total += length;
	if (length > 0)
		terminator->known = 0;
}

enum iperf_terminated iperf_terminator_state(const struct iperf_terminator *terminator,
					     const struct iperf_cookie *cookie)
{
	uint8_t end[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(end, IPERF_STREAM_END, cookie);
	size_t unknown = length - terminator->known;

	if (terminator->total < length)
		return IPERF_TERMINATED_NO;
	if (memcmp(terminator->tail + unknown, end + unknown, terminator->known) != 0)
		return IPERF_TERMINATED_NO;
	return unknown ? IPERF_TERMINATED_UNKNOWN : IPERF_TERMINATED_YES;
}
