/* What the command line means: values, defaults, what depends on other options. What is refused is in command_test.c,
 * too, with the real program; here are the sentences. */
#include "proto/limits.h"
#include "proto/rows_test.h"
#include "ref/options.h"

#define WORDS_MAX 16
#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OF(field) offsetof(struct options, field)

static enum options_verdict parse(const char *line, struct options *options, char *complaint)
{
	static char copy[512];
	char *words[WORDS_MAX + 2] = { (char *)(uintptr_t)"iperf-ref" };
	int count = 1;

	snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok(copy, " "); word && count <= WORDS_MAX; word = strtok(NULL, " "))
		words[count++] = word;
	*complaint = '\0';
	return options_parse(count, words, options, complaint);
}

/* --- values ------------------------------------------------------------------------------------------------------ */

struct row {
	const char *name;
	const char *at;
	const char *line;
	size_t offset; /* of an int64_t in struct options */
	int64_t value;
};

static const struct row value_rows[] = {
	{ "default/port", AT, "-s", OF(port), 5201 },
	{ "default/t-hello", AT, "-s", OF(t_hello_ns), IPERF_T_HELLO },
	{ "default/t-begin", AT, "-s", OF(t_begin_ns), IPERF_T_BEGIN },
	{ "default/t-idle", AT, "-s", OF(t_idle_ns), IPERF_T_IDLE },
	{ "default/max-streams", AT, "-s", OF(streams_max), IPERF_STREAMS_MAX },
	{ "default/max-pending", AT, "-s", OF(pending_max), IPERF_PENDING_MAX },
	{ "default/server-interval", AT, "-s", OF(interval_ns), 0 },
	{ "default/client-interval", AT, "-c h", OF(interval_ns), IPERF_S },
	{ "default/t-results", AT, "-c h", OF(t_results_ns), IPERF_T_RESULTS },
	{ "default/t-reject", AT, "-c h", OF(t_reject_ns), IPERF_T_REJECT },
	{ "default/retry", AT, "-c h", OF(retry_ns), 0 },
	{ "default/time", AT, "-c h", OF(time_ns), 10 * IPERF_S },
	{ "default/bytes", AT, "-c h", OF(bytes), -1 },
	{ "default/tcp-streams", AT, "-c h", OF(tcp_streams), 1 },
	{ "default/udp-streams", AT, "-c h", OF(udp_streams), 0 },
	{ "default/tcp-rate", AT, "-c h", OF(tcp_rate), 0 },
	{ "default/udp-rate", AT, "-c h -u", OF(udp_rate), 1000000 },
	{ "default/tcp-length", AT, "-c h", OF(tcp_length), 1048576 },
	{ "default/udp-length", AT, "-c h -u", OF(udp_length), 1400 },
	{ "short/port", AT, "-s -p 0", OF(port), 0 },
	{ "short/joined", AT, "-sp5202", OF(port), 5202 },
	{ "long/port", AT, "--server --port=65535", OF(port), 65535 },
	{ "long/time", AT, "--client h --time 0.2", OF(time_ns), 200 * IPERF_MS },
	{ "long/bytes", AT, "--client h --bytes 1K", OF(bytes), 1024 },
	{ "long/t-idle", AT, "-s --t-idle 0.001", OF(t_idle_ns), IPERF_MS },
	{ "long/retry", AT, "-c h --retry 2.5", OF(retry_ns), 2500 * IPERF_MS },
	{ "order/last-counts", AT, "-s -p 1 -p 2", OF(port), 2 },
	{ "udp/turns-streams", AT, "-c h -P 3 -u", OF(udp_streams), 3 },
	{ "udp/leaves-none-tcp", AT, "-c h -u -P 3", OF(tcp_streams), 0 },
	{ "udp/empty-datagrams", AT, "-c h -u -l 0", OF(udp_length), 0 },
	{ "udp/longest-datagrams", AT, "-c h -u -l 65507", OF(udp_length), 65507 },
	{ "tcp/longest-write", AT, "-c h -l 1M", OF(tcp_length), 1048576 },
	{ "mixed/tcp", AT, "-c h -P 2 --udp-streams 5", OF(tcp_streams), 2 },
	{ "mixed/udp", AT, "-c h -P 2 --udp-streams 5", OF(udp_streams), 5 },
	{ "mixed/tcp-length", AT, "-c h --udp-streams 1 -l 1000", OF(tcp_length), 1000 },
	{ "mixed/udp-length", AT, "-c h --udp-streams 1 -l 1000", OF(udp_length), 1000 },
	{ "mixed/tcp-rate", AT, "-c h --udp-streams 1 -b 2M", OF(tcp_rate), 2000000 },
	{ "mixed/udp-rate", AT, "-c h --udp-streams 1 -b 2M", OF(udp_rate), 2000000 },
	{ "none/streams", AT, "-c h -P 0", OF(tcp_streams), 0 },
	{ "rate/no-limit", AT, "-c h -u -b 0", OF(udp_rate), 0 },
	{ "bytes/none", AT, "-c h -n 0", OF(bytes), 0 },
	{ "interval/none", AT, "-c h -i 0", OF(interval_ns), 0 },
	{ "interval/shortest", AT, "-c h -i 0.1", OF(interval_ns), 100 * IPERF_MS },
};

static void run_value(void **state)
{
	const struct row *row = *state;
	char complaint[OPTIONS_COMPLAINT_SIZE];
	struct options options;
	int64_t value;

	if (parse(row->line, &options, complaint) != OPTIONS_RUN)
		row_fail(row->at, "refused: %s", complaint);
	memcpy(&value, (char *)&options + row->offset, sizeof value);
	if (value != row->value)
		row_fail(row->at, "it is %lld", (long long)value);
}

/* --- sentences --------------------------------------------------------------------------------------------------- */

struct wrong_row {
	const char *name;
	const char *at;
	const char *line;
	const char *complaint;
};

static const struct wrong_row wrong_rows[] = {
	{ "wrong/no-role", AT, "-p 1", "one of --server and --client HOST is needed" },
	{ "wrong/both-roles", AT, "-s -c h", "--server and --client cannot be combined" },
	{ "wrong/client-option", AT, "-s -t 1", "--time is an option of the client" },
	{ "wrong/server-option", AT, "-c h -1", "--one-off is an option of the server" },
	{ "wrong/families", AT, "-s -4 -6", "--version4 and --version6 cannot be combined" },
	{ "wrong/letter", AT, "-s -Z", "-Z: there is no such option" },
	{ "wrong/word", AT, "-s --frob", "--frob: there is no such option" },
	{ "wrong/operand", AT, "-s here", "here: only options are expected" },
	{ "wrong/no-value", AT, "-c", "--client: a value is needed: HOST" },
	{ "wrong/value-of-flag", AT, "-s --json=1", "--json: no value is allowed" },
	{ "wrong/port", AT, "-s -p 65536", "--port 65536: allowed are 0 to 65535" },
	{ "wrong/port-suffix", AT, "-s -p 5K", "--port 5K: allowed are 0 to 65535" },
	{ "wrong/client-port", AT, "-c h -p 0", "--port 0: a client needs 1 to 65535" },
	{ "wrong/parallel", AT, "-c h -P 129", "--parallel 129: allowed are 0 to 128" },
	{ "wrong/time", AT, "-c h -t 0", "--time 0: allowed are 0.001 to 86400 seconds" },
	{ "wrong/time-and-bytes", AT, "-c h -t 1 -n 1", "--time and --bytes cannot be combined" },
	{ "wrong/bytes", AT, "-c h -n x", "--bytes x: allowed are numbers from 0, suffixes K, M, G and T" },
	{ "wrong/interval", AT, "-c h -i 0.05", "--interval 0.05: allowed are 0 and 0.1 or more seconds" },
	{ "wrong/tcp-length", AT, "-c h -l 0", "--length 0: allowed are 1 to 1048576 octets for TCP" },
	{ "wrong/udp-length", AT, "-c h -u -l 65508", "--length 65508: allowed are 0 to 65507 octets for UDP" },
	{ "wrong/mixed-length", AT, "-c h --udp-streams 1 -l 64K",
	  "--length 65536: allowed are 1 to 65507 octets for these streams" },
	{ "wrong/bytes-of-nothing", AT, "-c h -u -l 0 -n 5", "--length 0: allowed are 1 to 65507 octets for these streams" },
	{ "wrong/udp-twice", AT, "-c h -u --udp-streams 1", "--udp and --udp-streams cannot be combined: use --parallel" },
	{ "wrong/cookie", AT, "-c h --cookie 00", "--cookie 00: allowed are exactly 64 hexadecimal digits" },
};

static void run_wrong(void **state)
{
	const struct wrong_row *row = *state;
	char complaint[OPTIONS_COMPLAINT_SIZE];
	struct options options;

	if (parse(row->line, &options, complaint) != OPTIONS_WRONG)
		row_fail(row->at, "it is not refused");
	if (strcmp(complaint, row->complaint) != 0)
		row_fail(row->at, "it says: %s", complaint);
}

/* --- the rest ---------------------------------------------------------------------------------------------------- */

static void help_and_version(void **state)
{
	char complaint[OPTIONS_COMPLAINT_SIZE];
	struct options options;

	(void)state;
	assert_int_equal(parse("--help", &options, complaint), OPTIONS_HELP);
	assert_int_equal(parse("-s -h -Z", &options, complaint), OPTIONS_HELP);
	assert_int_equal(parse("-v", &options, complaint), OPTIONS_VERSION);
}

static void words(void **state)
{
	char complaint[OPTIONS_COMPLAINT_SIZE];
	struct options options;

	(void)state;
	assert_int_equal(parse("-c host -B 127.0.0.1 -6 -J -V --cookie " HEX, &options, complaint), OPTIONS_RUN);
	assert_string_equal(options.client, "host");
	assert_string_equal(options.bind, "127.0.0.1");
	assert_true(options.version6 && options.json && options.verbose);
	assert_false(options.server || options.version4);
	for (uint8_t i = 0; i < IPERF_COOKIE_LENGTH; i++)
		assert_int_equal(options.cookie.octets[i], i);
}

int main(void)
{
	ROWS_ADD(value_rows, run_value);
	ROWS_ADD(wrong_rows, run_wrong);
	test_add("help-and-version", help_and_version, NULL);
	test_add("words", words, NULL);
	return tests_run("ref/options");
}
