#include "proto/iperf3_parameters.h"

#include <string.h>

#include "proto/json_private.h"

enum kind {
	FLAG,     /* true; a bool, if any, says that it is there */
	PRESENCE, /* an integer, 1 when written; a bool says that it is there */
	INTEGER,  /* an int64_t */
	CONSTANT, /* an integer that is of no use here: checked; written as in the table */
	STRING,   /* IPERF3_STRING_SIZE octets */
	OPAQUE,   /* a string that is of no use here: checked, never written */
	AFFINITY, /* an integer that is of no use here: checked, never written */
};

#define NOWHERE SIZE_MAX
#define AT(member) offsetof(struct iperf3_parameters, member)

static const struct key {
	const char *name;
	enum kind kind;
	size_t at;        /* of the member in struct iperf3_parameters */
	int64_t constant;
} keys[IPERF3_KEY_COUNT] = {
	[IPERF3_KEY_TCP] = { "tcp", FLAG, NOWHERE, 0 },
	[IPERF3_KEY_UDP] = { "udp", FLAG, NOWHERE, 0 },
	[IPERF3_KEY_SCTP] = { "sctp", FLAG, NOWHERE, 0 },
	[IPERF3_KEY_OMIT] = { "omit", INTEGER, AT(omit), 0 },
	[IPERF3_KEY_TIME] = { "time", INTEGER, AT(time), 0 },
	[IPERF3_KEY_NUM] = { "num", INTEGER, AT(num), 0 },
	[IPERF3_KEY_BLOCKCOUNT] = { "blockcount", INTEGER, AT(blockcount), 0 },
	[IPERF3_KEY_PARALLEL] = { "parallel", INTEGER, AT(parallel), 0 },
	[IPERF3_KEY_REVERSE] = { "reverse", FLAG, AT(reverse), 0 },
	[IPERF3_KEY_BIDIRECTIONAL] = { "bidirectional", FLAG, AT(bidirectional), 0 },
	[IPERF3_KEY_LEN] = { "len", INTEGER, AT(len), 0 },
	[IPERF3_KEY_BANDWIDTH] = { "bandwidth", INTEGER, AT(bandwidth), 0 },
	[IPERF3_KEY_PACING_TIMER] = { "pacing_timer", INTEGER, AT(pacing_timer), 0 },
	[IPERF3_KEY_BURST] = { "burst", INTEGER, AT(burst), 0 },
	[IPERF3_KEY_MSS] = { "MSS", INTEGER, AT(mss), 0 },
	[IPERF3_KEY_NODELAY] = { "nodelay", FLAG, AT(nodelay), 0 },
	[IPERF3_KEY_WINDOW] = { "window", INTEGER, AT(window), 0 },
	[IPERF3_KEY_TOS] = { "TOS", INTEGER, AT(tos), 0 },
	[IPERF3_KEY_FLOWLABEL] = { "flowlabel", INTEGER, AT(flowlabel), 0 },
	[IPERF3_KEY_FQRATE] = { "fqrate", INTEGER, AT(fqrate), 0 },
	[IPERF3_KEY_TITLE] = { "title", STRING, AT(title), 0 },
	[IPERF3_KEY_EXTRA_DATA] = { "extra_data", STRING, AT(extra_data), 0 },
	[IPERF3_KEY_CONGESTION] = { "congestion", STRING, AT(congestion), 0 },
	[IPERF3_KEY_CONGESTION_USED] = { "congestion_used", OPAQUE, NOWHERE, 0 },
	[IPERF3_KEY_GET_SERVER_OUTPUT] = { "get_server_output", PRESENCE, AT(get_server_output), 0 },
	[IPERF3_KEY_UDP_COUNTERS_64BIT] = { "udp_counters_64bit", PRESENCE, AT(udp_counters_64bit), 0 },
	[IPERF3_KEY_REPEATING_PAYLOAD] = { "repeating_payload", PRESENCE, AT(repeating_payload), 0 },
	[IPERF3_KEY_ZEROCOPY] = { "zerocopy", CONSTANT, NOWHERE, 1 },
	[IPERF3_KEY_DONT_FRAGMENT] = { "dont_fragment", CONSTANT, NOWHERE, 1 },
	[IPERF3_KEY_SKIP_RX_COPY] = { "skip_rx_copy", CONSTANT, NOWHERE, 1 },
	[IPERF3_KEY_MPTCP] = { "mptcp", FLAG, NOWHERE, 0 },
	[IPERF3_KEY_GSO] = { "gso", CONSTANT, NOWHERE, 0 },
	[IPERF3_KEY_GSO_DG_SIZE] = { "gso_dg_size", CONSTANT, NOWHERE, 0 },
	[IPERF3_KEY_GSO_BF_SIZE] = { "gso_bf_size", CONSTANT, NOWHERE, 65507 },
	[IPERF3_KEY_GRO] = { "gro", CONSTANT, NOWHERE, 0 },
	[IPERF3_KEY_GRO_BF_SIZE] = { "gro_bf_size", CONSTANT, NOWHERE, 65507 },
	[IPERF3_KEY_SERVER_AFFINITY] = { "server_affinity", AFFINITY, NOWHERE, 0 },
	[IPERF3_KEY_AUTHTOKEN] = { "authtoken", OPAQUE, NOWHERE, 0 },
	[IPERF3_KEY_CLIENT_VERSION] = { "client_version", STRING, AT(client_version), 0 },
};

void iperf3_parameters_defaults(struct iperf3_parameters *parameters)
{
	memset(parameters, 0, sizeof *parameters);
	parameters->protocol = IPERF_TCP;
	parameters->time = 10;
	parameters->parallel = 1;
	parameters->len = 131072;
	parameters->pacing_timer = 1000;
}

int64_t iperf3_parameters_streams(const struct iperf3_parameters *parameters)
{
	if (!parameters->bidirectional)
		return parameters->parallel;
	if (parameters->parallel > INT64_MAX / 2)
		return INT64_MAX;
	return parameters->parallel < INT64_MIN / 2 ? INT64_MIN : 2 * parameters->parallel;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* The value of a key that is present. *written: false when there is none to write. */
static json_t *encode_value(const struct iperf3_parameters *parameters, const struct key *key, bool *written)
{
	const char *member = key->at == NOWHERE ? NULL : (const char *)parameters + key->at;

	*written = true;
	switch (key->kind) {
	case FLAG:
		return json_true();
	case PRESENCE:
		return json_integer(1);
	case INTEGER:
		return json_integer(*(const int64_t *)(const void *)member);
	case CONSTANT:
		return json_integer(key->constant);
	case STRING:
		return json_stringn(member, strnlen(member, IPERF3_STRING_SIZE));
	case OPAQUE:
	case AFFINITY:
		break;
	}
	*written = false;
	return NULL;
}

size_t iperf3_parameters_encode(const struct iperf3_parameters *parameters, char *out, size_t size)
{
	json_t *object = json_object();
	size_t length = 0;
	bool written;

	for (unsigned i = 0; i < IPERF3_KEY_COUNT; i++) {
		json_t *value;

		if (!(parameters->present & UINT64_C(1) << i))
			continue;
		value = encode_value(parameters, &keys[i], &written);
		if (written && json_object_set_new(object, keys[i].name, value) != 0)
			goto cleanup;
	}
	length = json_dumpb(object, out, size, JSON_COMPACT);
	if (length > size)
		length = 0;
cleanup:
	json_decref(object);
	return length;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool decode_string(const json_t *value, const char *name, char *out, struct iperf3_json_error *error)
{
	size_t length = json_string_length(value);

	if (length >= IPERF3_STRING_SIZE)
		return iperf3_json_wrong(error, IPERF_R_32_1, "%s: %zu octets, more than %d", name, length,
					 IPERF3_STRING_SIZE - 1);
	if (memchr(json_string_value(value), '\0', length))
		return iperf3_json_wrong(error, IPERF_R_22_4_7, "%s: a NUL within", name);
	memcpy(out, json_string_value(value), length);
	out[length] = '\0';
	return true;
}

static bool decode_value(const json_t *value, const struct key *key, struct iperf3_parameters *parameters,
			 struct iperf3_json_error *error)
{
	void *member = key->at == NOWHERE ? NULL : (char *)parameters + key->at;
	int64_t integer = 0;

	if (key->kind == FLAG && !json_is_true(value))
		return iperf3_json_wrong(error, IPERF_R_22_4_4, "%s: not true", key->name);
	if ((key->kind == STRING || key->kind == OPAQUE) && !json_is_string(value))
		return iperf3_json_wrong(error, IPERF_R_22_4_7, "%s: not a string", key->name);
	if (key->kind == PRESENCE || key->kind == INTEGER || key->kind == CONSTANT || key->kind == AFFINITY)
		if (!iperf3_json_integer(value, &integer))
			return iperf3_json_wrong(error, IPERF_R_22_4_7, "%s: not an integer", key->name);
	if (!member)
		return true;
	if (key->kind == STRING)
		return decode_string(value, key->name, member, error);
	if (key->kind == INTEGER)
		*(int64_t *)member = integer;
	else
		*(bool *)member = true;
	return true;
}

bool iperf3_parameters_decode(const char *text, size_t length, struct iperf3_parameters *parameters,
			      struct iperf3_json_error *error)
{
	json_t *object = iperf3_json_load(text, length, IPERF3_PARAMETERS_MAX, error);
	bool ok = object != NULL;

	iperf3_parameters_defaults(parameters);
	for (unsigned i = 0; ok && i < IPERF3_KEY_COUNT; i++) {
		const json_t *value = json_object_get(object, keys[i].name);

		if (!value)
			continue;
		parameters->present |= UINT64_C(1) << i;
		ok = decode_value(value, &keys[i], parameters, error);
	}
	if (parameters->present & UINT64_C(1) << IPERF3_KEY_UDP)
		parameters->protocol = IPERF_UDP;
	json_decref(object);
	return ok;
}
