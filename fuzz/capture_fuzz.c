/* The capture reader, the decoder of packets and reassembly, on any file.
 *
 * Input: a capture file, pcap or pcapng. It reaches the reader through a file in memory. */
#include <sys/mman.h>
#include <unistd.h>

#include "conformance/capture.h"
#include "conformance/decode.h"
#include "conformance/reassembly.h"
#include "fuzz/fuzz.h"

static void octets_told(void *user, struct connection *c, int direction, const uint8_t *octets, uint32_t length,
			const struct where *w)
{
	uint64_t *sum = user;

	(void)direction, (void)w;
	must(c->first_packet > 0);
	for (uint32_t i = 0; i < length; i++)
		*sum += octets[i];
}

static const struct reassembly_events events = { .octets = octets_told };

static void within(const struct capture_packet *packet, const struct segment *s)
{
	must(s->captured <= s->length);
	must(s->length <= packet->length || s->length <= UINT16_MAX); /* a fragment's datagram is longer than its packet */
	must(s->captured == 0 || (s->payload >= packet->octets &&
				  s->payload + s->captured <= packet->octets + packet->captured));
	must(s->protocol == SEGMENT_TCP || s->protocol == SEGMENT_UDP);
}

static void read_file(const char *path)
{
	char error[CAPTURE_ERROR_SIZE] = "";
	struct capture *c = capture_open(path, error);
	struct capture_packet packet;
	uint64_t sum = 0, number = 0;
	struct reassembly_options options = { .events = &events, .user = &sum, .server_port = 5201 };
	struct reassembly *r;
	enum capture_result result;

	must(c || error[0] != '\0');
	if (!c)
		return;
	r = reassembly_new(&options);
	must(r);
	while ((result = capture_next(c, &packet)) == CAPTURE_PACKET) {
		struct segment s;

		must(packet.number == ++number);
		if (decode_packet(packet.linktype, packet.octets, packet.captured, packet.length, &s) != DECODE_SEGMENT)
			continue;
		within(&packet, &s);
		must(reassembly_segment(r, &s, packet.number, packet.time_ns) == 0);
	}
	must(capture_next(c, &packet) == result);
	must((result == CAPTURE_DAMAGED) == (capture_error(c)[0] != '\0'));
	must(reassembly_finish(r) == 0);
	reassembly_free(r);
	capture_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("capture", 0);
		must(fd >= 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	must(ftruncate(fd, 0) == 0);
	must(length == 0 || pwrite(fd, octets, length, 0) == (ssize_t)length);
	read_file(path);
	return 0;
}
