/* JSON that is not as the server expects it. */
#include "conformance/blackbox_private.h"

#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {
	"tcp", "udp", "sctp", "omit", "time", "num", "blockcount", "parallel", "reverse", "bidirectional", "window", "len",
	"MSS", "nodelay", "bandwidth", "fqrate", "pacing_timer", "burst", "TOS", "flowlabel", "title", "extra_data",
	"congestion",
	"congestion_used", "get_server_output", "authtoken", "udp_counters_64bit", "repeating_payload", "zerocopy",
	"dont_fragment", "client_version", "MPTCP", "cpu_util_total", "cpu_util_user", "cpu_util_system",
	"sender_has_retransmits", "server_output_text", "server_output_json", "streams", "id", "bytes", "retransmits",
	"jitter",
	"errors", "omitted_errors", "packets", "omitted_packets", "start_time", "end_time",
};

/* Those at which deployed servers have failed come often. */
static const char *const strings[] = {
	"title", "extra_data", "congestion", "client_version", "authtoken", "congestion_used",
};

static json_t *nested(size_t depth)
{
	json_t *value = json_array();

	for (size_t i = 0; i < depth; i++)
		value = json_pack("[o]", value);
	return value;
}

static json_t *odd_number(struct blackbox_random *random)
{
	static const json_int_t numbers[] = { 0, 1, -1, 2, 5, 37, 128, 1000, 65507, 65536, 1 << 20, INT32_MAX, INT32_MIN,
					      (json_int_t)1 << 32, ((json_int_t)1 << 32) + 1, INT64_MAX, INT64_MIN };

	return json_integer(numbers[blackbox_below(random, sizeof numbers / sizeof *numbers)]);
}

static json_t *odd_value(struct blackbox_random *random)
{
	char text[301];

	switch (blackbox_below(random, 12)) {
	case 0: return json_null();
	case 1: return json_true();
	case 2: return json_false();
	case 3: return json_array();
	case 4: return json_object();
	case 5: return json_string("");
	case 6: return json_real(1e308);
	case 7: return nested(1 + blackbox_below(random, 60));
	case 8:
		memset(text, 'x', sizeof text - 1);
		text[blackbox_below(random, sizeof text)] = '\0';
		text[sizeof text - 1] = '\0';
		return json_string(text);
	default: return odd_number(random);
	}
}

static const char *some_key(struct blackbox_random *random)
{
	if (blackbox_below(random, 3) == 0)
		return strings[blackbox_below(random, sizeof strings / sizeof *strings)];
	return keys[blackbox_below(random, sizeof keys / sizeof *keys)];
}

/* A key that the object has; NULL: it has none. */
static const char *own_key(struct blackbox_random *random, json_t *object)
{
	size_t at = blackbox_below(random, json_object_size(object));
	void *iter = json_object_iter(object);

	while (at-- > 0)
		iter = json_object_iter_next(object, iter);
	return json_object_iter_key(iter);
}

/* The object itself, or one of its streams. */
static json_t *some_object(struct blackbox_random *random, json_t *object)
{
	json_t *streams = json_object_get(object, "streams");
	json_t *stream = json_array_get(streams, blackbox_below(random, json_array_size(streams)));

	return json_is_object(stream) && blackbox_below(random, 2) ? stream : object;
}

static void change(struct blackbox_random *random, json_t *object)
{
	const char *own = own_key(random, object);

	switch (blackbox_below(random, 4)) {
	case 0:
		if (own)
			json_object_del(object, own);
		break;
	case 1:
		if (own)
			json_object_set_new(object, own, odd_value(random));
		break;
	default:
		json_object_set_new(object, some_key(random), odd_value(random));
		break;
	}
}

/* A text that is no JSON any more. */
static char *spoil(struct blackbox_random *random, const char *text)
{
	static const char odd[] = "{}[]\":,x0-";
	char *copy = strdup(text);
	size_t length = strlen(text);

	if (copy && length > 0 && blackbox_below(random, 2))
		copy[blackbox_below(random, length)] = '\0';
	else if (copy && length > 0)
		copy[blackbox_below(random, length)] = odd[blackbox_below(random, sizeof odd - 1)];
	return copy;
}

char *blackbox_mutate_json(enum case_profile profile, struct blackbox_random *random, const char *text)
{
	json_t *object = json_loads(text, 0, NULL);
	char *changed = NULL;

	if (json_is_object(object) && (profile == CASE_TEXT_PROFILE || blackbox_below(random, 6))) {
		for (size_t n = 1 + blackbox_below(random, 2); n > 0; n--)
			change(random, some_object(random, object));
		changed = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
	} else {
		changed = spoil(random, text);
	}
	json_decref(object);
	return changed;
}
