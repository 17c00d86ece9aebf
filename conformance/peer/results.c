#include "results.h"
#include "faults.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

static bool known(const struct json *object, const char *const *names)
{
	for (const struct json *m = object->first; m; m = m->next) {
		size_t i = 0;

		while (names[i] && (strlen(names[i]) != m->name_len || memcmp(names[i], m->name, m->name_len) != 0))
			i++;
		if (!names[i])
			return false;
	}
	return true;
}

static bool packets_good(const struct json *packets, bool udp)
{
	uint64_t count;

	if (client_fault(packets_unchecked))
		return true;
	return packets && (udp ? json_integer(packets, &count) : packets->type == JSON_NULL);
}

static bool seconds_good(const struct json *seconds)
{
	if (seconds && seconds->type == JSON_STRING && client_fault(string_number_accepted))
		return true;
	return seconds && seconds->type == JSON_NUMBER && strtod(seconds->text, NULL) >= 0;
}

static bool is_text(const struct json *value, const char *text)
{
	return value && value->type == JSON_STRING && value->text_len == strlen(text) &&
	       memcmp(value->text, text, value->text_len) == 0;
}

/* The members of a stream; those that a fault lets be missing were not found. */
static bool lacks_member(const struct json *s)
{
	static const char *const names[] = {"id",      "protocol", "client_port", "bytes",
					    "packets", "seconds",  "complete",	  NULL};

	for (size_t i = 0; names[i]; i++)
		if (!json_member(s, names[i]))
			return true;
	return false;
}

static const char *read_stream(const struct json *s, uint64_t id, struct results *r, uint64_t *sum)
{
	static const char *const names[] = {"id",      "protocol", "client_port", "bytes",
					    "packets", "seconds",  "complete",	  NULL};
	const struct json *complete;
	uint64_t number;
	bool udp;

	if (s->type != JSON_OBJECT)
		return "a stream is no object";
	if (client_fault(missing_member_accepted) && lacks_member(s)) {
		r->taken_on_trust = true;
		return NULL;
	}
	if (client_fault(unknown_member_refused) && !known(s, names))
		return "unknown member of a stream";
	if (!json_integer(json_member(s, "id"), &number) || (number != id && !client_fault(ids_unchecked)))
		return "bad id";
	udp = is_text(json_member(s, "protocol"), "udp");
	if (!udp && !is_text(json_member(s, "protocol"), "tcp"))
		return "bad protocol";
	if (!json_integer(json_member(s, "client_port"), &number) || number > 65535)
		return "bad client_port";
	if (!packets_good(json_member(s, "packets"), udp))
		return "bad packets";
	if (!seconds_good(json_member(s, "seconds")))
		return "bad seconds";
	complete = json_member(s, "complete");
	if (!complete || complete->type != JSON_BOOL)
		return "bad complete";
	if (!json_integer(json_member(s, "bytes"), &number))
		return "bad bytes";
	*sum += number; /* both are below 2^63, so this does not wrap */
	if (*sum > INT64_MAX)
		return "bytes too large";
	*(udp ? &r->udp : &r->tcp) += 1;
	*(udp ? &r->udp_complete : &r->tcp_complete) += complete->truth;
	return NULL;
}

static const char *read_object(const struct json *top, struct results *r)
{
	static const char *const names[] = {"streams", "bytes", NULL};
	const struct json *streams = json_member(top, "streams"), *bytes = json_member(top, "bytes");
	uint64_t sum = 0, id = 0;
	const char *error = NULL;

	if (top->type != JSON_OBJECT)
		return "no object";
	if (!streams || streams->type != JSON_ARRAY)
		return "no array of streams";
	if (client_fault(unknown_member_refused) && !known(top, names))
		return "unknown member";
	for (const struct json *s = streams->first; s && !error; s = s->next)
		error = read_stream(s, ++id, r, &sum);
	if (error)
		return error;
	r->bytes = sum;
	if (r->taken_on_trust || (!bytes && client_fault(missing_member_accepted)))
		return NULL;
	if (!json_integer(bytes, &r->bytes))
		return "bad sum of bytes";
	return r->bytes == sum || client_fault(sum_unchecked) ? NULL : "the sum of bytes is wrong";
}

static const char *trusted(struct results *r)
{
	r->taken_on_trust = true;
	return NULL;
}

static const char *read_data(const uint8_t *p, size_t n, struct results *r)
{
	size_t at;
	struct json *top;
	const char *error;

	if (client_fault(white_space_refused) && n > 0 && (json_is_space(p[0]) || json_is_space(p[n - 1])))
		return "white space around the object";
	top = json_read(p, n, &at);
	if (!top && client_fault(cut_accepted) && at == n)
		return trusted(r);
	if (!top && client_fault(malformed_accepted) && at < n)
		return trusted(r);
	if (!top)
		return "no JSON";
	error = read_object(top, r);
	json_free(top);
	return error;
}

const char *results_read(const uint8_t cookie[static COOKIE_LEN], const uint8_t *p, size_t n, struct results *r)
{
	size_t len = message_len(RESULTS_RESPONSE);
	const uint8_t *expected = client_fault(other_cookie_accepted) ? NULL : cookie;

	memset(r, 0, sizeof *r);
	if (!message_fits(RESULTS_RESPONSE, expected, p, n < len ? n : len))
		return "it is no response with our cookie";
	if (n <= len)
		return client_fault(cut_accepted) ? trusted(r) : "it ends early";
	if (p[len] == ' ')
		len++;
	else if (!client_fault(no_space_accepted))
		return "no space before the result data";
	return read_data(p + len, n - len, r);
}
