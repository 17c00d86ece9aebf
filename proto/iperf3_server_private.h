/* What the files of iperf3_server share. Private to iperf3_server*.c. */
#ifndef IPERF_PROTO_IPERF3_SERVER_PRIVATE_H
#define IPERF_PROTO_IPERF3_SERVER_PRIVATE_H

#include "proto/iperf3_server.h"

#define IPERF3_CONN_OF(at) \
	((struct iperf3_conn *)(void *)((char *)(at) - offsetof(struct iperf3_conn, link)))

/* --- iperf3_server_conn.c: connections, their lists, what is said on them */

void iperf3_link_init(struct iperf3_link *list);
bool iperf3_link_empty(const struct iperf3_link *list);

/* Before, which may be the list itself: then at its end. */
void iperf3_link_insert(struct iperf3_link *before, struct iperf3_link *link, size_t *count);
void iperf3_link_remove(struct iperf3_link *link, size_t *count);

void iperf3_conn_send(struct iperf3_server *server, struct iperf3_conn *conn, const void *octets, size_t length,
		      enum iperf_requirement why);

/* conn leaves what it was: END, and it goes on as ENDING. */
void iperf3_conn_end(struct iperf3_server *server, struct iperf3_conn *conn, enum iperf_requirement why,
		     int64_t now_ns);

void iperf3_conn_close(struct iperf3_server *server, struct iperf3_conn *conn, enum iperf_requirement why);

/* ACCESS_DENIED, and its end; gone: the peer's end has been read. */
void iperf3_conn_deny(struct iperf3_server *server, struct iperf3_conn *conn, bool gone, enum iperf_requirement why,
		      int64_t now_ns);

/* SERVER_ERROR, and its end. */
void iperf3_conn_fail(struct iperf3_server *server, struct iperf3_conn *conn, bool gone, int32_t error,
		      int32_t system_error, enum iperf_requirement why, int64_t now_ns);

/* The cookie of conn will not become whole. */
void iperf3_conn_short(struct iperf3_server *server, struct iperf3_conn *conn, bool gone, enum iperf_requirement why,
		       int64_t now_ns);

/* --- iperf3_server_course.c: the course of a test */

/* The whole cookie of conn has come. */
void iperf3_test_cookie(struct iperf3_server *server, struct iperf3_conn *conn, int64_t now_ns);

/* Octets of the control connection. */
void iperf3_test_octets(struct iperf3_server *server, const uint8_t *octets, size_t length, int64_t now_ns);

/* Its end, or reset. */
void iperf3_test_gone(struct iperf3_server *server, enum iperf3_release how, int64_t now_ns);

/* Ends the test: failed for that reason; gone: the peer's end has been read. */
void iperf3_test_fail(struct iperf3_server *server, int32_t error, int32_t system_error, bool gone,
		      enum iperf_requirement why, int64_t now_ns);

void iperf3_test_stop(struct iperf3_server *server, int64_t now_ns);

void iperf3_test_hello(struct iperf3_server *server, const struct iperf_endpoint *client, bool old, int64_t now_ns);

/* --- iperf3_server_parameters.c */

/* Whether a server can run such a test: 0, or the error; *why and *system_error with it. */
int32_t iperf3_server_judge(const struct iperf3_parameters *parameters, size_t streams_max, int32_t *system_error,
			    enum iperf_requirement *why);

#endif
