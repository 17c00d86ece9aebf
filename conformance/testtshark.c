#include "conformance/testtshark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COMMAND "tshark -n -o tcp.check_checksum:FALSE -r '%s' "
#define FIELDS  "-Y tcp -T fields -e frame.number -e tcp.stream -e tcp.len -e tcp.analysis.lost_segment " \
	        "-e tcp.analysis.ack_lost_segment 2>/dev/null"

bool tshark_exists(void)
{
	return system("command -v tshark >/dev/null 2>&1") == 0;
}

/* Writes a block of pcapng: its type, a body of whole words, octets padded to such, and the length twice. */
static void write_block(FILE *file, uint32_t type, const uint32_t *body, size_t words, const uint8_t *octets, uint32_t n)
{
	static const uint8_t zeros[3];
	uint32_t padding = -n % 4, head[2] = {type, (uint32_t)(12 + 4 * words + n + padding)};

	fwrite(head, 4, 2, file);
	fwrite(body, 4, words, file);
	if (n > 0)
		fwrite(octets, 1, n, file);
	fwrite(zeros, 1, padding, file);
	fwrite(&head[1], 4, 1, file);
}

void tshark_begin(struct tshark *t, const char *path)
{
	/* octet order, version 1.0, a section of unknown length */
	static const uint32_t section[] = {0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX};

	*t = (struct tshark){.interfaces = 0};
	snprintf(t->path, sizeof t->path, "%s", path);
	t->file = fopen(path, "wb");
	assert_non_null(t->file);
	write_block(t->file, 0x0a0d0d0a, section, 4, NULL, 0);
}

size_t tshark_add(struct tshark *t, int linktype, const uint8_t *octets, uint32_t captured, uint32_t length)
{
	uint32_t interface = 0;

	while (interface < t->interfaces && t->linktypes[interface] != linktype)
		interface++;
	if (interface == t->interfaces) {
		const uint32_t body[] = {(uint32_t)linktype, 0}; /* no snap length */

		assert_true(t->interfaces < sizeof t->linktypes / sizeof t->linktypes[0]);
		t->linktypes[t->interfaces++] = linktype;
		write_block(t->file, 1, body, 2, NULL, 0);
	}
	write_block(t->file, 6, (const uint32_t[]){interface, 0, (uint32_t)t->frames, captured, length}, 5, octets, captured);
	return ++t->frames;
}

static FILE *run(const char *command)
{
	FILE *out = popen(command, "r");

	assert_non_null(out);
	return out;
}

static struct tshark_stream *stream_at(struct tshark *t, size_t number)
{
	if (number >= t->count) {
		t->streams = realloc(t->streams, (number + 1) * sizeof *t->streams);
		assert_non_null(t->streams);
		memset(t->streams + t->count, 0, (number + 1 - t->count) * sizeof *t->streams);
		t->count = number + 1;
	}
	return &t->streams[number];
}

/* Asks to which stream each packet belongs. */
static void ask_packets(struct tshark *t)
{
	char command[1024], line[256];
	size_t frame, number;
	unsigned length;
	FILE *out;

	snprintf(command, sizeof command, COMMAND FIELDS, t->path);
	out = run(command);
	while (fgets(line, sizeof line, out)) {
		struct tshark_stream *s;
		int end = 0;

		assert_int_equal(sscanf(line, "%zu %zu %u%n", &frame, &number, &length, &end), 3);
		s = stream_at(t, number);
		if (s->first_frame == 0)
			s->first_frame = frame;
		s->payload |= length > 0;
		s->lost |= strspn(line + end, "\t\r\n") < strlen(line + end);
	}
	assert_int_equal(pclose(out), 0);
}

/* Reads what `follow` writes of one stream, up to the line that ends it. Lines of the second end begin with a tab. */
static void read_followed(struct tshark_stream *s, FILE *out)
{
	char *line = NULL;
	size_t size = 0, sizes[2];
	FILE *texts[2];

	for (int i = 0; i < 2; i++) {
		texts[i] = open_memstream(&s->texts[i], &sizes[i]);
		assert_non_null(texts[i]);
	}
	while (getline(&line, &size, out) > 0 && strncmp(line, "=====", 5) != 0) {
		int second = line[0] == '\t';

		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, "Node 0: ", 8) == 0)
			snprintf(s->node, sizeof s->node, "%s", line + 8);
		else if (!strchr(line, ':'))
			fputs(line + second, texts[second]);
	}
	fclose(texts[0]);
	fclose(texts[1]);
	free(line);
}

/* Has the streams with payload followed; tshark writes them in whatever order. */
static void ask_streams(struct tshark *t)
{
	char *command = NULL, *line = NULL;
	size_t size, number, asked = 0;
	FILE *out = open_memstream(&command, &size);

	assert_non_null(out);
	fprintf(out, COMMAND "-q", t->path);
	for (size_t i = 0; i < t->count; i++)
		if (t->streams[i].payload && asked++ < TSHARK_STREAMS)
			fprintf(out, " -z follow,tcp,raw,%zu", i);
	fprintf(out, " 2>/dev/null");
	fclose(out);
	out = run(command);
	size = 0;
	while (getline(&line, &size, out) > 0)
		if (sscanf(line, "Filter: tcp.stream eq %zu", &number) == 1)
			read_followed(stream_at(t, number), out);
	assert_int_equal(pclose(out), 0);
	free(line);
	free(command);
}

void tshark_ask(struct tshark *t)
{
	FILE *file = t->file;

	t->file = NULL;
	assert_int_equal(fclose(file), 0);
	ask_packets(t);
	ask_streams(t);
}

const struct tshark_stream *tshark_find(const struct tshark *t, size_t frame)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->streams[i].first_frame == frame)
			return &t->streams[i];
	return NULL;
}

void tshark_free(struct tshark *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->streams[i].texts[0]);
		free(t->streams[i].texts[1]);
	}
	free(t->streams);
	if (t->file)
		fclose(t->file);
}
