/* The header of the iperf3 profile's datagrams, beside SPEC 26.2, and what a receiver counts. For Ragel in ten lines
 * see message.rl. */
#include "proto/iperf3_datagram.h"

#include <math.h>
#include <string.h>

const uint8_t iperf3_hello[IPERF3_HELLO_LENGTH] = { 0x39, 0x38, 0x37, 0x36 };
const uint8_t iperf3_hello_old[IPERF3_HELLO_LENGTH] = { 0x15, 0xcd, 0x5b, 0x07 };
const uint8_t iperf3_reply[IPERF3_HELLO_LENGTH] = { 0x36, 0x37, 0x38, 0x39 };
const uint8_t iperf3_reply_old[IPERF3_HELLO_LENGTH] = { 0xb1, 0x68, 0xde, 0x3a };

%%{
	machine header;

	action digit        { number = number << 8 | *p; }
	action seconds      { header->seconds = (uint32_t)number; number = 0; }
	action microseconds { header->microseconds = (uint32_t)number; number = 0; }
	action sequence     { header->sequence = number; whole = true; fbreak; }

	word = any{4} $digit;
	time = word @seconds word @microseconds;

	narrow := time word @sequence;
	wide   := time ( word word ) @sequence;
}%%

%% write data nofinal noerror;

bool iperf3_header_read(struct iperf3_header *header, bool wide, const uint8_t *octets, size_t length)
{
	const uint8_t *p = octets;
	const uint8_t *pe = length ? octets + length : octets; /* NULL + 0 is undefined */
	int cs = wide ? header_en_wide : header_en_narrow;
	uint64_t number = 0;
	bool whole = false;

	(void)header_start;
	memset(header, 0, sizeof *header);
	%% write exec;
	(void)cs;
	return whole;
}

static uint8_t *word_write(uint8_t *out, uint32_t word)
{
	for (unsigned i = 0; i < 4; i++)
		*out++ = (uint8_t)(word >> (24 - 8 * i));
	return out;
}

size_t iperf3_header_write(uint8_t out[static IPERF3_HEADER_64], bool wide, const struct iperf3_header *header)
{
	uint8_t *end = word_write(out, header->seconds);

	end = word_write(end, header->microseconds);
	if (wide)
		end = word_write(end, (uint32_t)(header->sequence >> 32));
	end = word_write(end, (uint32_t)header->sequence);
	return (size_t)(end - out);
}

bool iperf3_is_reply(const uint8_t *octets, size_t length)
{
	return length >= IPERF3_HELLO_LENGTH && (memcmp(octets, iperf3_reply, IPERF3_HELLO_LENGTH) == 0 ||
						 memcmp(octets, iperf3_reply_old, IPERF3_HELLO_LENGTH) == 0);
}

/* R-26.3-5. The clocks of both sides differ by an unknown amount, which is the same in every transit time, so that the
 * difference of two is without it. Whole nanoseconds: a double of a wall clock would be coarser than the jitter. What
 * wraps around is a header that no clock gave. */
static void transit(struct iperf3_counter *counter, const struct iperf3_header *header, int64_t now_ns)
{
	uint64_t sent = header->seconds * UINT64_C(1000000000) + header->microseconds * UINT64_C(1000);
	uint64_t now = (uint64_t)now_ns - sent;
	double difference = (double)(int64_t)(now - counter->transit) / 1e9;

	if (counter->transit_known)
		counter->jitter += (fabs(difference) - counter->jitter) / 16;
	counter->transit = now;
	counter->transit_known = true;
}

void iperf3_counter_datagram(struct iperf3_counter *counter, bool wide, const uint8_t *octets, size_t length,
			     int64_t now_ns)
{
	struct iperf3_header header;

	if (!iperf3_header_read(&header, wide, octets, length))
		return;
	counter->bytes += length;
	counter->datagrams++;
	if (header.sequence > counter->packets) {
		counter->errors += header.sequence - counter->packets - 1;
		counter->packets = header.sequence;
	} else {
		counter->out_of_order++;
		counter->errors -= counter->errors > 0;
	}
	transit(counter, &header, now_ns);
}

void iperf3_counter_omitted(struct iperf3_counter *counter)
{
	counter->bytes = 0;
	counter->datagrams = 0;
	counter->omitted_packets = counter->packets;
	counter->omitted_errors = counter->errors;
}
