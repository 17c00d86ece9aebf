/* Capture files in hexadecimal digits, what is read from them, a row each; then what cannot be opened, files cut off at each
 * octet, and standard input. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "conformance/capture.h"
#include "conformance/testpackets.h"

/* pcap: magic number, version, time zone, accuracy, snap length, link type; little-endian unless said */
#define PCAP(magic, linktype) magic " 0200 0400 00000000 00000000 ffff0000 " linktype " "
#define PCAP_BIG(magic) magic " 0002 0004 00000000 00000000 0000ffff 00000001 "
/* seconds 1700000000, fraction 1, captured 4, length 9 */
#define RECORD "00f15365 01000000 04000000 09000000 aabbccdd "
#define RECORD_BIG "6553f100 00000001 00000004 00000009 aabbccdd "

/* pcapng: a section, an interface, packets with and without a time of 1700000000.000001 s in microseconds */
#define SECTION "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000 "
#define INTERFACE(linktype, snaplen) "01000000 14000000 " linktype " 0000 " snaplen " 14000000 "
/* with option 9, the resolution of times */
#define INTERFACE_TIMES(resolution) "01000000 20000000 0100 0000 ffff0000 0900 0100 " resolution " 000000 0000 0000 20000000 "
#define PACKET_TIME(interface, time) "06000000 24000000 " interface " " time " 04000000 09000000 aabbccdd 24000000 "
#define PACKET(interface) PACKET_TIME(interface, "240a0600 01401e18")
#define SIMPLE "03000000 14000000 04000000 aabbccdd 14000000 "
#define STATISTICS "05000000 18000000 00000000 00000000 00000000 18000000 "

#define FIRST  "1 1700000000000001000 aabbccdd/9; "
#define SECOND "2 1700000000000001000 aabbccdd/9; "

struct row {
	const char *name, *file, *says;
};

/* "FILE" is the file; "..." ends what is compared. */
static const struct row rows[] = {
	{"pcap", PCAP("d4c3b2a1", "01000000") RECORD RECORD, FIRST SECOND "end"},
	{"pcap, no packet", PCAP("d4c3b2a1", "01000000"), "end"},
	{"pcap, big-endian", PCAP_BIG("a1b2c3d4") RECORD_BIG, FIRST "end"},
	{"pcap, nanoseconds", PCAP("4d3cb2a1", "01000000") RECORD, "1 1700000000000000001 aabbccdd/9; end"},
	{"pcap, nanoseconds, big-endian", PCAP_BIG("a1b23c4d") RECORD_BIG, "1 1700000000000000001 aabbccdd/9; end"},
	{"pcap, latest time", PCAP("4d3cb2a1", "01000000") "ffffff7f ffc99a3b 01000000 01000000 aa",
	 "1 2147483647999999999 aa/1; end"},
	{"pcap, empty packet", PCAP("d4c3b2a1", "01000000") "00000000 00000000 00000000 00000000 " RECORD, "1 0 /0; " SECOND "end"},
	{"pcapng", SECTION INTERFACE("0100", "ffff0000") PACKET("00000000") STATISTICS PACKET("00000000"),
	 FIRST SECOND "end"},
	{"pcapng, packet without time", SECTION INTERFACE("0100", "ffff0000") SIMPLE, "1 0 aabbccdd/4; end"},
	{"pcapng, two interfaces", SECTION INTERFACE("0100", "ffff0000") INTERFACE("0100", "ffff0000") PACKET("01000000") PACKET("00000000"),
	 FIRST SECOND "end"},
	{"pcapng, nanoseconds", SECTION INTERFACE_TIMES("09") PACKET_TIME("00000000", "fe9c9717 e8cb853d"),
	 "1 1700000000123456488 aabbccdd/9; end"},
	{"pcapng, seconds beyond all nanoseconds", SECTION INTERFACE_TIMES("00") PACKET_TIME("00000000", "ffffff7f ffffffff"),
	 "1 9223372036854775807 aabbccdd/9; end"},
	{"pcapng, other link type", SECTION INTERFACE("0100", "ffff0000") PACKET("00000000") INTERFACE("7100", "ffff0000") PACKET("01000000"),
	 FIRST "damaged: FILE: cannot be read on after packet 1, at octet 84 of the file: its interfaces have different link types; "
	 "capture one interface, or \"any\" (libpcap: ..."},
	{"pcapng, other snap length", SECTION INTERFACE("0100", "ffff0000") PACKET("00000000") INTERFACE("0100", "60000000"),
	 FIRST "damaged: FILE: cannot be read on after packet 1, at octet 84 of the file: its interfaces have different snap lengths; "
	 "convert it with editcap -F pcap (libpcap: ..."},
	{"pcap, cut off in a packet", PCAP("d4c3b2a1", "01000000") RECORD "00f15365 e8030000 04000000 09000000 aabb",
	 FIRST "damaged: FILE: is cut off after packet 1, at octet 44 of the file; let the capturing program end before copying its "
	 "file (libpcap: truncated dump file; ..."},
	{"pcap, record of absurd length", PCAP("d4c3b2a1", "01000000") RECORD "00f15365 e8030000 00000070 09000000 aabb",
	 FIRST "damaged: FILE: is damaged after packet 1, at octet 44 of the file; capture or copy it again (libpcap: ..."},
	{"pcapng, block of absurd length", SECTION INTERFACE("0100", "ffff0000") PACKET("00000000") "06000000 07000000 00000000",
	 FIRST "damaged: FILE: is damaged after packet 1, at octet 84 of the file; capture or copy it again (libpcap: ..."},
	{"empty", "", "FILE: is empty; let the capturing program end before reading its file"},
	{"text", "68656c6c6f2c20776f726c640a 00000000000000000000000000",
	 "FILE: is no capture, neither pcap nor pcapng; make one with tcpdump -w"},
	{"a few octets", "d4c3", "FILE: ends within its file header and holds no packet; capture again (libpcap: ..."},
	{"half a header", "d4c3b2a1 0200 0400 0000",
	 "FILE: ends within its file header and holds no packet; capture again (libpcap: ..."},
	{"pcap, version 9", "d4c3b2a1 0900 0400 00000000 00000000 ffff0000 01000000",
	 "FILE: cannot be read as a capture; make one with tcpdump -w (libpcap: ..."},
	{"gzip", "1f8b0800 00000000 0003 00", "FILE: is compressed; run gunzip first"},
	{"bzip2", "425a6839 31415926", "FILE: is compressed; run bunzip2 first"},
	{"xz", "fd377a58 5a00 0004", "FILE: is compressed; run unxz first"},
	{"zstd", "28b52ffd 0458 0000", "FILE: is compressed; run unzstd first"},
	{"lz4", "04224d18 6440 a700", "FILE: is compressed; run unlz4 first"},
	{"link type of wireless", PCAP("d4c3b2a1", "69000000") RECORD,
	 "FILE: link type IEEE802_11 (105) is not supported; capture with one of these: Ethernet, Linux cooked (v1 and v2), raw IP, BSD "
	 "loopback"},
	{"link type without a name", PCAP("d4c3b2a1", "f0ff0000") RECORD,
	 "FILE: link type unknown (65520) is not supported; capture with ..."},
};

#define ROWS (sizeof rows / sizeof rows[0])

/* Reads all of a capture and says so. */
static void say_capture(const char *path, FILE *out)
{
	char error[CAPTURE_ERROR_SIZE];
	struct capture *c = capture_open(path, error);
	struct capture_packet p;
	enum capture_result result;

	if (!c) {
		fputs(error, out);
		return;
	}
	assert_string_equal(error, "");
	while ((result = capture_next(c, &p)) == CAPTURE_PACKET) {
		assert_string_equal(capture_error(c), "");
		fprintf(out, "%ju %jd ", (uintmax_t)p.number, (intmax_t)p.time_ns);
		for (uint32_t i = 0; i < p.captured; i++)
			fprintf(out, "%02x", p.octets[i]);
		fprintf(out, "/%u; ", p.length);
		assert_int_equal(p.linktype, 1);
	}
	assert_int_equal(capture_next(c, &p), result);
	fprintf(out, result == CAPTURE_END ? "end%s" : "damaged: %s", capture_error(c));
	capture_close(c);
}

/* What say_capture() says, "FILE" put for the name. The caller frees it. */
static char *read_capture(const char *path, const char *name)
{
	char *text = NULL, *at, *result;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	say_capture(path, out);
	fclose(out);
	at = strstr(text, name);
	if (!at)
		return text;
	assert_true(asprintf(&result, "%.*sFILE%s", (int)(at - text), text, at + strlen(name)) > 0);
	free(text);
	return result;
}

static void check_capture(const char *path, const char *name, const char *says)
{
	char *text = read_capture(path, name);
	size_t dots = strlen(says) - 3;

	if (strlen(says) > 3 && strcmp(says + dots, "...") == 0) {
		assert_true(strlen(text) > dots);
		assert_null(strchr(text, '\n'));
		assert_int_equal(text[strlen(text) - 1], strstr(says, "libpcap") ? ')' : text[strlen(text) - 1]);
		text[dots] = '\0';
		assert_memory_equal(text, says, dots);
	} else {
		assert_string_equal(text, says);
	}
	free(text);
}

/* Writes a file; the path is valid until the next one. */
static const char *write_file(const uint8_t *octets, size_t n)
{
	const char *path = testpackets_path("a.pcap");
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return path;
}

/* Makes a descriptor standard input for the check, and closes it. */
static void check_input(int fd, const char *says)
{
	int saved = dup(STDIN_FILENO);

	assert_true(fd >= 0);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	check_capture("-", "standard input", says);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* it stays open */
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	} else {
		close(STDIN_FILENO);
	}
}

/* The reading end of a pipe that a child fills, its first octets one by one. */
static int slow_pipe(const uint8_t *octets, size_t n, pid_t *child)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	*child = fork();
	assert_true(*child >= 0);
	if (*child == 0) {
		for (size_t i = 0; i < n; i++) {
			if (write(fds[1], octets + i, 1) != 1)
				_exit(1);
			if (i < 8)
				usleep(500);
		}
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

/* What is said of a pipe: the same, but no offset. */
static char *without_offset(const char *says)
{
	const char *from = strstr(says, ", at octet "), *to = from ? strstr(from, " of the file") : NULL;
	char *result;

	if (!from)
		return strdup(says);
	assert_true(asprintf(&result, "%.*s%s", (int)(from - says), says, to + strlen(" of the file")) > 0);
	return result;
}

static void run_row(void **state)
{
	const struct row *row = *state;
	uint8_t octets[512];
	size_t n = testpackets_hex(row->file, octets, sizeof octets);
	const char *path = write_file(octets, n);
	char *says = without_offset(row->says);
	pid_t child;

	check_capture(path, path, row->says);
	check_input(open(path, O_RDONLY | O_CLOEXEC), row->says);
	check_input(slow_pipe(octets, n, &child), says);
	assert_int_equal(waitpid(child, NULL, 0), child);
	free(says);
}

/* A file cut off at each octet: the whole packets before are read, and only between packets is there an end. */
static void check_cut_off(const char *hex, size_t header, size_t record)
{
	uint8_t octets[512];
	size_t n = testpackets_hex(hex, octets, sizeof octets);

	assert_int_equal(n, header + 3 * record);
	for (size_t length = header; length <= n; length++) {
		char error[CAPTURE_ERROR_SIZE], where[80];
		struct capture *c = capture_open(write_file(octets, length), error);
		size_t packets = (length - header) / record;
		struct capture_packet p;
		enum capture_result result;

		assert_non_null(c);
		for (size_t i = 1; i <= packets; i++) {
			assert_int_equal(capture_next(c, &p), CAPTURE_PACKET);
			assert_int_equal(p.number, i);
		}
		result = capture_next(c, &p);
		assert_int_equal(result, (length - header) % record == 0 ? CAPTURE_END : CAPTURE_DAMAGED);
		snprintf(where, sizeof where, "is cut off after packet %zu, at octet %zu of the file", packets,
			 header + packets * record);
		if (result == CAPTURE_DAMAGED)
			assert_non_null(strstr(capture_error(c), where));
		capture_close(c);
	}
}

static void cut_off_pcap(void **state)
{
	(void)state;
	check_cut_off(PCAP("d4c3b2a1", "01000000") RECORD RECORD RECORD, 24, 20);
}

static void cut_off_pcapng(void **state)
{
	(void)state;
	check_cut_off(SECTION INTERFACE("0100", "ffff0000") PACKET("00000000") PACKET("00000000") PACKET("00000000"), 48, 36);
}

static void missing_file(void **state)
{
	const char *path = testpackets_path("missing.pcap");

	(void)state;
	check_capture(path, path, "FILE: cannot be opened (No such file or directory); check the path");
}

static void directory(void **state)
{
	(void)state;
	check_capture("/tmp", "/tmp", "FILE: is a directory; give one capture file");
}

static void no_permission(void **state)
{
	const char *path = write_file((const uint8_t *)"", 0);
	bool root = geteuid() == 0;

	(void)state;
	assert_int_equal(chmod(path, 0), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	check_capture(path, path,
		      "FILE: cannot be opened (Permission denied); ask for the permission to read it, or run as its owner");
	if (root)
		assert_int_equal(seteuid(0), 0);
	unlink(path);
}

static void no_input(void **state)
{
	int saved = dup(STDIN_FILENO);

	(void)state;
	close(STDIN_FILENO);
	check_capture("-", "standard input", "FILE: cannot be opened (Bad file descriptor); redirect a capture to it");
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
}

/* A long path is cut off in the sentence, and what is wrong is still said. */
static void long_path(void **state)
{
	char path[4000], error[CAPTURE_ERROR_SIZE];

	(void)state;
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	assert_null(capture_open(path, error));
	assert_non_null(strstr(error, "cannot be opened"));
}

/* More than a buffer, so that packets lie across its edges: each is as it was written. */
static void large(void **state)
{
	struct testpackets packets;
	char error[CAPTURE_ERROR_SIZE];
	const char *path = testpackets_path("large.pcap");
	static uint8_t payload[9000], frame[TESTPACKETS_HEADERS + 9000];
	struct testrandom random = {1};
	struct capture_packet p;
	struct capture *c;

	(void)state;
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)testrandom_below(&random, 256);
	testpackets_init(&packets);
	for (uint32_t i = 0; i < 300; i++) {
		struct segment s = testpackets_segment((int)(i % 2));

		s.seq = i;
		s.payload = payload;
		s.length = 1 + testrandom_below(&random, sizeof payload);
		s.captured = i % 3 == 0 ? s.length / 2 : s.length;
		testpackets_add(&packets, &s, TESTPACKETS_START_NS + i);
	}
	testpackets_save(&packets, path);
	c = capture_open(path, error);
	assert_non_null(c);
	for (size_t i = 0; i < packets.count; i++) {
		uint32_t length, captured = (uint32_t)testpackets_frame(&packets.at[i].segment, frame, &length);

		assert_int_equal(capture_next(c, &p), CAPTURE_PACKET);
		assert_int_equal(p.number, i + 1);
		assert_true(p.time_ns == packets.at[i].time_ns);
		assert_int_equal(p.length, length);
		assert_int_equal(p.captured, captured);
		assert_memory_equal(p.octets, frame, captured);
	}
	assert_int_equal(capture_next(c, &p), CAPTURE_END);
	capture_close(c);
	capture_close(NULL);
	testpackets_free(&packets);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS + 8] = {
		cmocka_unit_test(cut_off_pcap), cmocka_unit_test(cut_off_pcapng), cmocka_unit_test(missing_file),
		cmocka_unit_test(directory),    cmocka_unit_test(no_permission),  cmocka_unit_test(no_input),
		cmocka_unit_test(long_path),    cmocka_unit_test(large),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[8 + i] = (struct CMUnitTest){rows[i].name, run_row, NULL, NULL, (void *)&rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
