/* Parameters (SPEC 24). */
#include "iperf3.h"
#include "iperf3_stream.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum key_type {
	KEY_TRUE,     /* bool: the literal true */
	KEY_INT,      /* int64_t */
	KEY_PRESENCE, /* bool: an integer that counts by being there */
	KEY_TEXT,     /* a string that only has to be one */
	KEY_NUMBER,   /* an integer without effect here */
};

struct key {
	const char *name;
	enum key_type type;
	size_t offset;
};

#define AT(member) offsetof(struct i3_params, member)

static const struct key keys[] = {
    {"udp", KEY_TRUE, AT(udp)},
    {"sctp", KEY_TRUE, AT(sctp)},
    {"omit", KEY_INT, AT(omit)},
    {"time", KEY_INT, AT(time)},
    {"num", KEY_INT, AT(num)},
    {"blockcount", KEY_INT, AT(blockcount)},
    {"parallel", KEY_INT, AT(parallel)},
    {"reverse", KEY_TRUE, AT(reverse)},
    {"bidirectional", KEY_TRUE, AT(bidirectional)},
    {"len", KEY_INT, AT(len)},
    {"bandwidth", KEY_INT, AT(bandwidth)},
    {"burst", KEY_INT, AT(burst)},
    {"MSS", KEY_INT, AT(mss)},
    {"nodelay", KEY_TRUE, AT(nodelay)},
    {"window", KEY_INT, AT(window)},
    {"TOS", KEY_INT, AT(tos)},
    {"flowlabel", KEY_INT, AT(flowlabel)},
    {"fqrate", KEY_INT, AT(fqrate)},
    {"mptcp", KEY_TRUE, AT(mptcp)},
    {"server_affinity", KEY_INT, AT(server_affinity)},
    {"get_server_output", KEY_PRESENCE, AT(server_output)},
    {"udp_counters_64bit", KEY_PRESENCE, AT(wide)},
    {"repeating_payload", KEY_PRESENCE, AT(repeating)},
    {"dont_fragment", KEY_PRESENCE, AT(dont_fragment)},
    {"pacing_timer", KEY_NUMBER, 0},
    {"zerocopy", KEY_NUMBER, 0},
    {"skip_rx_copy", KEY_NUMBER, 0},
    {"gso", KEY_NUMBER, 0},
    {"gso_dg_size", KEY_NUMBER, 0},
    {"gso_bf_size", KEY_NUMBER, 0},
    {"gro", KEY_NUMBER, 0},
    {"gro_bf_size", KEY_NUMBER, 0},
    {"title", KEY_TEXT, 0},
    {"extra_data", KEY_TEXT, 0},
    {"congestion", KEY_TEXT, 0},
    {"congestion_used", KEY_TEXT, 0},
    {"authtoken", KEY_TEXT, 0},
    {"client_version", KEY_TEXT, 0},
    {"tcp", KEY_TRUE, AT(sctp)}, /* last: only its type matters, TCP is what the others are not */
};

void i3_params_default(struct i3_params *p)
{
	*p = (struct i3_params){.time = 10, .parallel = 1, .len = 131072, .server_affinity = -1};
}

size_t i3_stream_total(const struct i3_params *p)
{
	return (size_t)p->parallel * (p->bidirectional ? 2 : 1);
}

/* What a program does that trusts the types of the other side. */
static void crash_on_text(const struct key *key, const struct json *value)
{
	if (i3_server_fault(string_key_crashes) && key->type == KEY_TEXT && value->type != JSON_STRING)
		abort();
}

static bool read_key(const struct key *key, const struct json *value, struct i3_params *p)
{
	bool *flag = (bool *)((char *)p + key->offset);
	int64_t number;

	crash_on_text(key, value);
	switch (key->type) {
	case KEY_TRUE:
		if (strcmp(key->name, "tcp") != 0)
			*flag = value->truth;
		return value->type == JSON_BOOL;
	case KEY_TEXT:
		return value->type == JSON_STRING;
	case KEY_PRESENCE:
		*flag = true;
		return i3_integer(value, &number);
	case KEY_NUMBER:
		return i3_integer(value, &number);
	case KEY_INT:
		break;
	}
	if (!i3_integer(value, &number)) {
		while (i3_server_fault(number_key_hangs))
			sleep_ms(1000);
		return false;
	}
	*(int64_t *)((char *)p + key->offset) = number;
	return true;
}

static const struct key *find_key(const struct json *member)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (member->name_len == strlen(keys[i].name) && strcmp(member->name, keys[i].name) == 0)
			return &keys[i];
	return NULL;
}

/* Not the keys, but what faults make of them. */
static bool misread(const struct json *object)
{
	if (i3_server_fault(keys_in_order) && object->first && strcmp(object->first->name, "tcp") != 0 &&
	    strcmp(object->first->name, "udp") != 0)
		return true;
	return i3_server_fault(empty_object_refused) && !json_member(object, "len");
}

bool i3_params_read(struct i3_params *p, const struct json *object)
{
	const struct json *text;

	if (misread(object))
		return false;
	for (const struct json *m = object->first; m; m = m->next) {
		const struct key *key = find_key(m);

		if (key ? !read_key(key, m, p) : i3_server_fault(unknown_key_refused))
			return false;
	}
	p->token = json_member(object, "authtoken");
	text = json_member(object, "congestion");
	if (text)
		snprintf(p->congestion, sizeof p->congestion, "%s", text->text);
	return true;
}

static void write_flag(FILE *out, const char *name)
{
	fprintf(out, "\"%s\":%s,", name, i3_client_fault(boolean_as_number) ? "1" : "true");
}

static int64_t told_len(const struct i3_params *p)
{
	return i3_client_fault(len_not_told) ? (p->udp ? 1460 : 131072) : p->len;
}

char *i3_params_write(const struct i3_params *p)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fputc('{', out);
	if (!p->udp || i3_client_fault(both_transports))
		write_flag(out, "tcp");
	if (p->udp)
		write_flag(out, "udp");
	fprintf(out, "\"omit\":%lld,\"time\":%lld,", (long long)p->omit, (long long)p->time);
	if (!i3_client_fault(num_absent))
		fprintf(out, "\"num\":%lld,", (long long)p->num);
	fprintf(out, "\"blockcount\":%lld,\"parallel\":%lld,", (long long)p->blockcount,
		i3_client_fault(parallel_not_told) ? 1LL : (long long)p->parallel);
	if (p->reverse)
		write_flag(out, "reverse");
	else if (i3_client_fault(false_written))
		fputs("\"reverse\":false,", out);
	if (p->bidirectional)
		write_flag(out, "bidirectional");
	fprintf(out, "\"%s\":%lld,", i3_client_fault(upper_case_key) ? "Len" : "len", (long long)told_len(p));
	if (i3_client_fault(key_written_twice))
		fprintf(out, "\"len\":%lld,", (long long)told_len(p));
	if (p->bandwidth)
		fprintf(out, "\"bandwidth\":%lld,", (long long)p->bandwidth);
	fputs("\"pacing_timer\":1000,", out);
	if (p->server_output)
		fputs("\"get_server_output\":1,", out);
	if (p->wide)
		fputs("\"udp_counters_64bit\":1,", out);
	fputs("\"client_version\":\"3.21\"}", out);
	fclose(out);
	return text;
}
