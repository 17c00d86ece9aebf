/* A client of the iperf3 profile, octet by octet, for tests of the real server; on top of testwire.h. No use is made
 * of the sessions of proto/. */
#ifndef IPERF_REF_IPERF3_WIRE_TEST_H
#define IPERF_REF_IPERF3_WIRE_TEST_H

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/rows_test.h"
#include "ref/testprogram.h"
#include "ref/testwire.h"

#define COOKIE 37

enum { TEST_START = 1, TEST_RUNNING = 2, TEST_END = 4, PARAM_EXCHANGE = 9, CREATE_STREAMS = 10, SERVER_TERMINATE = 11,
       CLIENT_TERMINATE = 12, EXCHANGE_RESULTS = 13, DISPLAY_RESULTS = 14, IPERF_DONE = 16, ACCESS_DENIED = 0xff,
       SERVER_ERROR = 0xfe };

#define R1 "{\"id\":1,\"bytes\":0,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}"
#define RESULTS_OF(streams)                                                                                            \
	"{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,\"sender_has_retransmits\":-1,\"streams\":["  \
	streams "]}"

/* The next octets are these. */
static inline void expect_octets(int fd, size_t count, ...)
{
	va_list arguments;

	va_start(arguments, count);
	for (size_t i = 0; i < count; i++) {
		int wanted = va_arg(arguments, int);
		uint8_t octet = 0;

		test_assert(wire_read(fd, &octet, 1) == 1, "the end in place of octet %02x", (unsigned)wanted);
		test_assert(octet == wanted, "octet %02x in place of %02x", octet, (unsigned)wanted);
	}
	va_end(arguments);
}

static inline void expect_denied(int fd)
{
	expect_octets(fd, 1, ACCESS_DENIED);
	wire_ended(fd);
}

/* SERVER_ERROR with that number, then the end. */
static inline void expect_error(int fd, int error)
{
	uint8_t octets[9];

	test_assert(wire_read(fd, octets, 9) == 9, "the end in place of SERVER_ERROR");
	test_assert(octets[0] == SERVER_ERROR, "octet %02x in place of SERVER_ERROR", octets[0]);
	test_assert(octets[4] == error, "error %d in place of %d", octets[4], error);
	wire_ended(fd);
}

static inline void send_octet(int fd, uint8_t octet)
{
	wire_send(fd, &octet, 1);
}

static inline void send_json(int fd, const char *text)
{
	uint32_t length = htonl((uint32_t)strlen(text));

	wire_send(fd, &length, sizeof length);
	wire_send(fd, text, strlen(text));
}

/* Connects and sends the cookie of that name. */
static inline int open_with(bool six, uint16_t port, char name)
{
	uint8_t cookie[COOKIE];
	int fd = wire_connect(six, port);

	memset(cookie, name, sizeof cookie - 1);
	cookie[COOKIE - 1] = '\0';
	wire_send(fd, cookie, sizeof cookie);
	return fd;
}

/* Opens a test as far as CREATE_STREAMS; returns its control connection. */
static inline int open_test(bool six, uint16_t port, char name, const char *parameters)
{
	int fd = open_with(six, port, name);

	expect_octets(fd, 1, PARAM_EXCHANGE);
	send_json(fd, parameters);
	expect_octets(fd, 1, CREATE_STREAMS);
	return fd;
}

/* A test of one TCP stream that flows; *stream is it. */
static inline int open_flowing(bool six, uint16_t port, char name, const char *parameters, int *stream)
{
	int fd = open_test(six, port, name, parameters);

	*stream = open_with(six, port, name);
	expect_octets(fd, 2, TEST_START, TEST_RUNNING);
	return fd;
}

/* The server's results, up to DISPLAY_RESULTS. The caller frees them. */
static inline json_t *read_results(int fd)
{
	uint32_t length = 0;
	json_t *results;
	char *text;

	test_assert(wire_read(fd, &length, sizeof length) == sizeof length, "the end in place of results");
	length = ntohl(length);
	test_assert(length < 1 << 20, "results of %u octets", length);
	text = malloc(length + 1);
	test_assert(wire_read(fd, text, length) == length, "results are cut short");
	results = json_loadb(text, length, 0, NULL);
	free(text);
	test_assert(results, "results are no JSON");
	expect_octets(fd, 1, DISPLAY_RESULTS);
	return results;
}

/* From TEST_END to the results. */
static inline json_t *end_test(int fd, const char *own)
{
	send_octet(fd, TEST_END);
	expect_octets(fd, 1, EXCHANGE_RESULTS);
	send_json(fd, own);
	return read_results(fd);
}

static inline void say_done(int fd)
{
	send_octet(fd, IPERF_DONE);
	wire_ended(fd);
	wire_close(fd);
}

/* An integer of the stream at that index of results. */
static inline long long figure(const json_t *results, size_t index, const char *name)
{
	const json_t *value = json_object_get(json_array_get(json_object_get(results, "streams"), index), name);

	test_assert(json_is_integer(value), "stream %zu has no integer %s", index, name);
	return json_integer_value(value);
}

/* A test with a cookie of its own runs at once, from beginning to end. */
static inline void served_iperf3(bool six, uint16_t port)
{
	int stream, fd = open_flowing(six, port, 'z', "{}", &stream);

	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	wire_close(stream);
}

#endif
