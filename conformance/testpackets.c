#include "conformance/testpackets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>
#include <pcap/pcap.h>

static char directory[256];

void testpackets_init(struct testpackets *p)
{
	*p = (struct testpackets){.isn = {1000, 2000}};
}

void testpackets_free(struct testpackets *p)
{
	for (size_t i = 0; i < p->count; i++)
		free((void *)p->at[i].segment.payload);
	free(p->at);
	testpackets_init(p);
}

void testpackets_add(struct testpackets *p, const struct segment *s, int64_t time_ns)
{
	uint8_t *payload = malloc(s->captured);
	struct segment copy = *s; /* s may lie in p */

	if (p->count == p->room) {
		p->room = p->room * 2 + 16;
		p->at = realloc(p->at, p->room * sizeof *p->at);
	}
	assert_non_null(p->at);
	assert_non_null(payload);
	if (copy.captured > 0)
		memcpy(payload, copy.payload, copy.captured);
	copy.payload = payload;
	p->at[p->count++] = (struct testpacket){copy, time_ns};
}

struct segment testpackets_segment(int sender)
{
	static const struct iperf_endpoint ends[2] = {
		{.address = {[10] = 0xff, 0xff, 10, 0, 0, 1}, .port = 40000},
		{.address = {[10] = 0xff, 0xff, 10, 0, 0, 2}, .port = 5201},
	};

	return (struct segment){.source = ends[sender], .destination = ends[!sender], .protocol = SEGMENT_TCP};
}

struct segment testpackets_of_client(struct segment s, uint32_t n)
{
	struct iperf_endpoint *client = s.source.port == 40000 ? &s.source : &s.destination;

	client->address[13] = (uint8_t)(n >> 16);
	client->port = (uint16_t)n;
	return s;
}

/* One word of the text of a packet. */
static void parse_word(const struct testpackets *p, int sender, const char *word, struct segment *s, int64_t *time_ns)
{
	long number = strtol(word + 1, NULL, 10);

	switch (word[0]) {
	case '@':
		s->seq = p->isn[sender] + 1 + (uint32_t)number;
		break;
	case 'a':
		s->flags |= SEGMENT_ACK;
		s->ack = p->isn[!sender] + 1 + (uint32_t)number;
		break;
	case '=':
		s->payload = (const uint8_t *)word + 1;
		s->captured = (uint32_t)strlen(word + 1);
		s->length += s->captured;
		break;
	case '~':
		s->length += (uint32_t)number;
		break;
	case 't':
		*time_ns += (number - 1) * 1000000;
		break;
	default:
		for (; *word; word++) {
			assert_non_null(strchr("SFR", *word));
			s->flags |= *word == 'S' ? SEGMENT_SYN : *word == 'F' ? SEGMENT_FIN : SEGMENT_RST;
		}
	}
}

static void parse_packet(struct testpackets *p, char *text)
{
	int64_t time_ns = p->count ? p->at[p->count - 1].time_ns + 1000000 : TESTPACKETS_START_NS;
	char *rest, *word = strtok_r(text, " ", &rest);
	struct segment s;
	int sender;

	if (!word)
		return;
	assert_true(strcmp(word, ">") == 0 || strcmp(word, "<") == 0);
	sender = word[0] == '<';
	s = testpackets_segment(sender);
	s.seq = p->isn[sender] + 1;
	s.window = 1000;
	while ((word = strtok_r(NULL, " ", &rest)))
		parse_word(p, sender, word, &s, &time_ns);
	if (s.flags & SEGMENT_SYN)
		s.seq--;
	testpackets_add(p, &s, time_ns);
}

void testpackets_parse(struct testpackets *p, const char *text)
{
	char *copy = strdup(text), *rest, *packet;

	assert_non_null(copy);
	for (packet = strtok_r(copy, ";", &rest); packet; packet = strtok_r(NULL, ";", &rest))
		parse_packet(p, packet);
	free(copy);
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

static size_t put_ipv4(const struct segment *s, uint8_t *ip, uint32_t payload)
{
	ip[0] = 0x45;
	put16(ip + 2, 20 + payload);
	ip[8] = 64;
	ip[9] = s->protocol == SEGMENT_TCP ? 6 : 17;
	memcpy(ip + 12, s->source.address + 12, 4);
	memcpy(ip + 16, s->destination.address + 12, 4);
	return 20;
}

static size_t put_ipv6(const struct segment *s, uint8_t *ip, uint32_t payload)
{
	ip[0] = 0x60;
	put16(ip + 4, payload);
	ip[6] = s->protocol == SEGMENT_TCP ? 6 : 17;
	ip[7] = 64;
	memcpy(ip + 8, s->source.address, 16);
	memcpy(ip + 24, s->destination.address, 16);
	return 40;
}

static void put_transport(const struct segment *s, uint8_t *p)
{
	put16(p, s->source.port);
	put16(p + 2, s->destination.port);
	if (s->protocol == SEGMENT_UDP) {
		put16(p + 4, 8 + s->length);
		return;
	}
	put32(p + 4, s->seq);
	put32(p + 8, s->ack);
	p[12] = 0x50;
	p[13] = s->flags;
	put16(p + 14, s->window);
}

size_t testpackets_frame(const struct segment *s, uint8_t *frame, uint32_t *length)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
	bool ipv4 = memcmp(s->source.address, mapped, sizeof mapped) == 0;
	uint32_t header = s->protocol == SEGMENT_TCP ? 20 : 8;
	size_t at = 14;

	memset(frame, 0, TESTPACKETS_HEADERS);
	frame[5] = 1;  /* to 00:00:00:00:00:01 */
	frame[11] = 2; /* from 00:00:00:00:00:02 */
	put16(frame + 12, ipv4 ? 0x0800 : 0x86dd);
	at += ipv4 ? put_ipv4(s, frame + at, header + s->length) : put_ipv6(s, frame + at, header + s->length);
	put_transport(s, frame + at);
	at += header;
	if (s->captured > 0)
		memcpy(frame + at, s->payload, s->captured);
	*length = (uint32_t)at + s->length;
	return at + s->captured;
}

void testpackets_save(const struct testpackets *p, const char *path)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 262144, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dumper;

	assert_non_null(pcap);
	dumper = pcap_dump_open(pcap, path);
	assert_non_null(dumper);
	for (size_t i = 0; i < p->count; i++) {
		const struct testpacket *packet = &p->at[i];
		uint8_t *frame = malloc(TESTPACKETS_HEADERS + packet->segment.captured);
		struct pcap_pkthdr header = {.ts = {packet->time_ns / 1000000000, packet->time_ns % 1000000000}};

		assert_non_null(frame);
		header.caplen = (bpf_u_int32)testpackets_frame(&packet->segment, frame, &header.len);
		pcap_dump((u_char *)dumper, &header, frame);
		free(frame);
	}
	assert_int_equal(pcap_dump_flush(dumper), 0);
	pcap_dump_close(dumper);
	pcap_close(pcap);
}

size_t testpackets_hex(const char *hex, uint8_t *octets, size_t room)
{
	size_t n = 0;

	for (;;) {
		unsigned value;

		hex += strspn(hex, " \t\n");
		if (!*hex)
			return n;
		assert_true(n < room);
		assert_int_equal(sscanf(hex, "%2x", &value), 1);
		octets[n++] = (uint8_t)value;
		hex += 2;
	}
}

static void remove_directory(void)
{
	DIR *d = opendir(directory);
	const struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	rmdir(directory);
}

const char *testpackets_path(const char *name)
{
	static char path[512];
	const char *parent = getenv("TMPDIR");

	if (!directory[0]) {
		snprintf(directory, sizeof directory, "%s/iperf-test-XXXXXX", parent && *parent ? parent : "/tmp");
		assert_non_null(mkdtemp(directory));
		atexit(remove_directory);
	}
	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

/* splitmix64 */
uint32_t testrandom_below(struct testrandom *r, uint32_t below)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) % below);
}
