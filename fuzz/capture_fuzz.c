/* The capture reader, the decoder of packets and reassembly, on any file.
 *
 * Input: a capture file, pcap or pcapng. The reader's own source is taken in, with a file in memory in place of one on
 * disk: most of the time would go into the kernel else. */
#include <stdio.h>
#include <sys/types.h>

static FILE *open_memory(const char *path, const char *mode);
static off_t seek_memory(int fd, off_t offset, int from);

#define fopen open_memory
#define lseek seek_memory
#include "conformance/capture.c"
#undef fopen
#undef lseek

#include "conformance/reassembly.h"
#include "fuzz/fuzz.h"

static struct input file;

static FILE *open_memory(const char *path, const char *mode)
{
	(void)path;
	return fmemopen((void *)(uintptr_t)file.at, file.left, mode);
}

/* Whether it can be sought: yes. */
static off_t seek_memory(int fd, off_t offset, int from)
{
	(void)fd, (void)from;
	return offset;
}

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

static void read_file(void)
{
	char error[CAPTURE_ERROR_SIZE] = "";
	struct capture *c = capture_open("input", error);
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
	uint8_t *copy = exactly(octets, length);

	file = (struct input){ copy, length };
	read_file();
	free(copy);
	return 0;
}
