/* Datagrams of the iperf3 profile: the header is read as it was written, and a receiver's counters agree with plain
 * ones of SPEC 26.3.
 *
 * Input: width; datagrams: a step in time, a length (0 to 20), and their octets. A length of 255 ends omit. */
#include "fuzz/fuzz.h"
#include "proto/iperf3_datagram.h"

struct plain {
	uint64_t bytes, datagrams, packets, errors, late;
};

static uint64_t big_endian(const uint8_t *octets, size_t length)
{
	uint64_t number = 0;

	for (size_t i = 0; i < length; i++)
		number = number << 8 | octets[i];
	return number;
}

static void header(bool wide, const uint8_t *octets, size_t length)
{
	struct iperf3_header header, back;
	uint8_t out[IPERF3_HEADER_64];
	size_t size = wide ? IPERF3_HEADER_64 : IPERF3_HEADER_32;
	bool there = iperf3_header_read(&header, wide, octets, length);

	must(there == (length >= size));
	if (!there)
		return;
	must(header.seconds == big_endian(octets, 4) && header.microseconds == big_endian(octets + 4, 4));
	must(header.sequence == big_endian(octets + 8, size - 8));
	must(iperf3_header_write(out, wide, &header) == size && memcmp(out, octets, size) == 0);
	must(iperf3_header_read(&back, wide, out, size) && back.sequence == header.sequence);
}

/* R-26.3-1 to R-26.3-3 */
static void count(struct plain *plain, bool wide, const uint8_t *octets, size_t length)
{
	size_t size = wide ? IPERF3_HEADER_64 : IPERF3_HEADER_32;
	uint64_t sequence;

	if (length < size)
		return;
	sequence = big_endian(octets + 8, size - 8);
	plain->bytes += length;
	plain->datagrams++;
	if (sequence > plain->packets) {
		plain->errors += sequence - plain->packets - 1;
		plain->packets = sequence;
	} else {
		plain->late++;
		if (plain->errors > 0)
			plain->errors--;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	struct input in = { octets, length };
	bool wide = take(&in) & 1, omitted = false;
	struct iperf3_counter counter = { 0 };
	struct plain plain = { 0 };
	int64_t now_ns = INT64_C(1700000000000000000);

	while (in.left > 0) {
		uint8_t size, *piece;
		size_t n;
		const uint8_t *at;

		now_ns += (int64_t)take(&in) * 1000000;
		size = take(&in);
		if (size == 255) {
			iperf3_counter_omitted(&counter);
			must(counter.bytes == 0 && counter.datagrams == 0);
			plain.bytes = plain.datagrams = 0;
			omitted = true;
			continue;
		}
		at = take_octets(&in, size % 21, &n);
		piece = exactly(at, n);
		header(wide, piece, n);
		must(!iperf3_is_reply(piece, n) || n >= IPERF3_HELLO_LENGTH);
		iperf3_counter_datagram(&counter, wide, piece, n, now_ns);
		count(&plain, wide, piece, n);
		free(piece);
		must(counter.bytes == plain.bytes && counter.datagrams == plain.datagrams);
		must(counter.packets == plain.packets && counter.out_of_order == plain.late);
		must(omitted || counter.errors == plain.errors);
		must(counter.jitter >= 0 && counter.jitter < 1e300);
	}
	return 0;
}
