/* Whether a server is idle: it serves a test without a stream. */
#include "conformance/play.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/iperf3_control.h"
#include "proto/limits.h"
#include "proto/message.h"

#define AGAIN (20 * IPERF_MS)   /* until the next try */
#define ANSWER (300 * IPERF_MS) /* a server that has not answered by then, does not */
#define REJECT (50 * IPERF_MS)  /* a server that has closed a request unanswered, closes a rejected client by then */
#define PATIENCE (2 * IPERF_S)

/* Of letters and digits: a server that does not bear other octets is found out by the cases, not here. */
static bool choose_cookie(struct iperf_cookie *cookie)
{
	char hex[IPERF_COOKIE_HEX_SIZE];
	bool done = iperf_cookie_generate(cookie) == 0;

	iperf_cookie_to_hex(cookie, hex);
	memcpy(cookie->octets, hex, sizeof cookie->octets);
	return done;
}

static struct wire_conn *open_with(struct player *player, enum iperf_message_kind kind,
				   const struct iperf_cookie *cookie)
{
	uint8_t octets[IPERF_OPENING_MAX];
	size_t length = iperf_opening_write(octets, kind, cookie), sent;
	struct wire_conn *conn = wire_open(&player->wire, (const struct sockaddr *)&player->address,
					   player->address_length, wire_now() + PATIENCE);

	if (conn && !conn->refused)
		wire_send(&player->wire, conn, octets, length, wire_now() + PATIENCE, &sent);
	return conn;
}

static void wait_for(struct player *player, const struct wire_conn *a, const struct wire_conn *b, int64_t until_ns)
{
	while (!wire_ended(a) && (!b || !wire_ended(b)) && wire_now() < until_ns)
		wire_wait(&player->wire, until_ns);
}

/* Whether control is served: it stays open while a request is answered, or at least read. */
static bool is_served(struct player *player, const struct iperf_cookie *cookie, const struct wire_conn *control)
{
	const struct wire_conn *request = open_with(player, IPERF_RESULTS_REQUEST, cookie);

	if (!request || request->refused)
		return false;
	wait_for(player, control, request, wire_now() + ANSWER);
	if (!wire_ended(control) && request->length == 0)
		wait_for(player, control, NULL, wire_now() + REJECT);
	return !wire_ended(control);
}

/* The same for a server that breaks the test as it reads a request: nothing is asked, and the control connection stays
 * open. That takes longer. */
static bool is_served_unasked(struct player *player, const struct wire_conn *control)
{
	wait_for(player, control, NULL, wire_now() + 2 * REJECT);
	return !wire_ended(control);
}

static void end_test(struct player *player, const struct iperf_cookie *cookie, struct wire_conn *control)
{
	uint8_t octets[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(octets, IPERF_TEST_END, cookie), sent;

	wire_send(&player->wire, control, octets, length, wire_now() + PATIENCE, &sent);
	wire_half_close(&player->wire, control);
	wait_for(player, control, NULL, wire_now() + PATIENCE);
}

/* Its PARAM_EXCHANGE, where in the text profile nothing is said. */
static bool is_iperf3(const struct wire_conn *control)
{
	return control->length > 0 && control->octets[0] == IPERF3_PARAM_EXCHANGE;
}

const char *play_idle_check(struct player *player, int64_t patience_ns, bool *unreachable)
{
	static char text[120];
	int64_t until_ns = wire_now() + patience_ns;
	struct iperf_cookie cookie;
	struct wire_conn *control;
	bool served, ask = true;

	do {
		*unreachable = !choose_cookie(&cookie);
		errno = 0;
		control = open_with(player, IPERF_TEST_BEGIN, &cookie);
		*unreachable = !control || control->refused;
		snprintf(text, sizeof text, "%s", *unreachable ? strerror(errno) : "it rejects a new client");
		served = !*unreachable && (ask ? is_served(player, &cookie, control) : is_served_unasked(player, control));
		if (!*unreachable && is_iperf3(control)) {
			snprintf(text, sizeof text, "it answers as a server of the iperf3 profile does; try --profile iperf3");
			wire_clear(&player->wire);
			return text;
		}
		if (served)
			end_test(player, &cookie, control);
		ask = !ask;
		wire_clear(&player->wire);
		if (served || *unreachable)
			return served ? NULL : text;
		wire_wait(&player->wire, wire_now() + AGAIN);
	} while (wire_now() < until_ns && !(player->interrupted && *player->interrupted));
	return text;
}
