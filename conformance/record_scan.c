#include "conformance/record_scan.h"

#include <string.h>

#define LOOKS_LIKE 5 /* octets of "IPERF_" that no payload has by chance */

void record_scan_begin(struct record_scan *scan, const struct iperf_cookie *cookie)
{
	scan->cookie = *cookie;
	scan->matching = false;
	scan->held_count = scan->told = scan->exact_left = 0;
}

static void tell(struct record_scan *scan, bool exact, const uint8_t *octets, size_t length)
{
	if (length > 0)
		scan->tell(scan->user, exact, octets, length);
}

static void plain(struct record_scan *scan, const uint8_t *octets, size_t length)
{
	size_t exact = length < scan->exact_left ? length : scan->exact_left;

	tell(scan, true, octets, exact);
	scan->exact_left -= exact;
	tell(scan, false, octets + exact, length - exact);
}

/* The parser knows what the held octets are. */
static void matched(struct record_scan *scan)
{
	const uint8_t *rest = scan->held + scan->told;
	size_t length = scan->held_count - scan->told;

	scan->matching = false;
	if (scan->parser.status != IPERF_PARSE_DONE && scan->held_count < LOOKS_LIKE) {
		plain(scan, rest, length);
		return;
	}
	tell(scan, true, rest, length);
	scan->exact_left = scan->parser.status == IPERF_PARSE_DONE ? 0 : IPERF_COOKIE_LENGTH;
}

void record_scan_feed(struct record_scan *scan, const uint8_t *octets, size_t length)
{
	while (length > 0) {
		size_t used;

		if (scan->matching) {
			used = iperf_parser_feed(&scan->parser, octets, length);
			memcpy(scan->held + scan->held_count, octets, used);
			scan->held_count += used;
			if (scan->parser.status != IPERF_PARSE_INCOMPLETE)
				matched(scan);
		} else {
			const uint8_t *begin = memchr(octets, 'I', length); /* as all keywords begin, and none goes on */

			used = begin ? (size_t)(begin - octets) : length;
			plain(scan, octets, used);
			if (begin) {
				iperf_parser_init(&scan->parser, IPERF_GRAMMAR_MESSAGE, &scan->cookie);
				scan->matching = true;
				scan->held_count = scan->told = 0;
			}
		}
		octets += used;
		length -= used;
	}
}

void record_scan_flush(struct record_scan *scan)
{
	if (!scan->matching)
		return;
	tell(scan, true, scan->held + scan->told, scan->held_count - scan->told);
	scan->told = scan->held_count;
}

void record_scan_skip(struct record_scan *scan)
{
	record_scan_flush(scan);
	scan->matching = false;
	scan->exact_left = 0;
}
