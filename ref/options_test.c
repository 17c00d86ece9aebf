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
	{ "default/t-read", AT, "-s", OF(t_read_ns), 10 * IPERF_S },
	{ "default/t-silence", AT, "-s", OF(t_silence_ns), 120 * IPERF_S },
	{ "default/t-over", AT, "-s", OF(t_over_ns), 40 * IPERF_S },
	{ "default/t-reply", AT, "-c h --profile iperf3", OF(t_reply_ns), 30 * IPERF_S },
	{ "default/rcv-timeout", AT, "-c h --profile iperf3", OF(rcv_timeout_ms), 0 },
	{ "iperf3/rcv-timeout", AT, "-c h --profile iperf3 --rcv-timeout 500", OF(rcv_timeout_ms), 500 },
	{ "default/blocks", AT, "-c h", OF(blocks), -1 },
	{ "default/omit", AT, "-c h", OF(omit_ns), 0 },
	{ "iperf3/tcp-length", AT, "-c h --profile iperf3", OF(tcp_length), 131072 },
	{ "iperf3/udp-length", AT, "-c h --profile iperf3 -u", OF(udp_length), -1 },
	{ "iperf3/udp-length-given", AT, "-c h --profile iperf3 -u -l 16", OF(udp_length), 16 },
	{ "iperf3/tcp-rate", AT, "-c h --profile iperf3", OF(tcp_rate), 0 },
	{ "iperf3/udp-rate", AT, "-c h --profile iperf3 -u", OF(udp_rate), 1048576 },
	{ "iperf3/udp-rate-given", AT, "-c h --profile iperf3 -u -b 3M", OF(udp_rate), 3000000 },
	{ "iperf3/omit", AT, "-c h --profile iperf3 -O 2", OF(omit_ns), 2 * IPERF_S },
	{ "iperf3/blocks", AT, "-c h --profile iperf3 -k 2K", OF(blocks), 2048 },
	{ "iperf3/retry", AT, "-c h --profile iperf3 --retry 1", OF(retry_ns), IPERF_S },
	{ "iperf3/server-timers", AT, "-s --profile iperf3 --t-read 0.5", OF(t_read_ns), 500 * IPERF_MS },
	{ "auto/timers-of-both", AT, "-s --t-read 0.5 --t-hello 2", OF(t_hello_ns), 2 * IPERF_S },
	{ "auto/in-words", AT, "-s --profile auto --t-over 2 --t-idle 2", OF(t_over_ns), 2 * IPERF_S },
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
	{ "wrong/letter", AT, "-s -Y", "-Y: there is no such option" },
	{ "wrong/letter-of-iperf3", AT, "-s -Z", "--zerocopy is an option of iperf3 that iperf-ref does not have" },
	{ "wrong/value-of-letter-of-iperf3", AT, "-c h -w 5",
	  "--window is an option of iperf3 that iperf-ref does not have" },
	{ "wrong/word-of-iperf3", AT, "-c h --sctp", "--sctp is an option of iperf3 that iperf-ref does not have" },
	{ "wrong/value-of-iperf3", AT, "-c h --title=x",
	  "--title is an option of iperf3 that iperf-ref does not have" },
	{ "wrong/profile", AT, "-s --profile x", "--profile x: allowed are auto, text and iperf3" },
	{ "wrong/profile-of-client", AT, "-c h --profile auto", "--profile auto: allowed are text and iperf3" },
	{ "wrong/reverse", AT, "-c h -R", "--reverse is an option of --profile iperf3" },
	{ "wrong/bidir", AT, "-c h --bidir --profile text", "--bidir is an option of --profile iperf3" },
	{ "wrong/omit", AT, "-c h -O 1", "--omit is an option of --profile iperf3" },
	{ "wrong/blocks", AT, "-c h -k 1", "--blockcount is an option of --profile iperf3" },
	{ "wrong/server-output", AT, "-c h --get-server-output",
	  "--get-server-output is an option of --profile iperf3" },
	{ "wrong/wide", AT, "-c h -u --udp-counters-64bit", "--udp-counters-64bit is an option of --profile iperf3" },
	{ "wrong/t-reply", AT, "-c h --t-reply 1", "--t-reply is an option of --profile iperf3" },
	{ "wrong/mixed-iperf3", AT, "-c h --profile iperf3 --udp-streams 1",
	  "--udp-streams is an option of --profile text" },
	{ "wrong/cookie-iperf3", AT, "-c h --profile iperf3 --cookie " HEX, "--cookie is an option of --profile text" },
	{ "wrong/t-hello-iperf3", AT, "-s --profile iperf3 --t-hello 1", "--t-hello is an option of --profile text" },
	{ "wrong/t-read-text", AT, "-s --profile text --t-read 1", "--t-read is an option of --profile iperf3" },
	{ "wrong/directions", AT, "-c h --profile iperf3 -R --bidir", "--reverse and --bidir cannot be combined" },
	{ "wrong/iperf3-parallel", AT, "-c h --profile iperf3 -P 0",
	  "--parallel 0: allowed are 1 to 128 with --profile iperf3" },
	{ "wrong/iperf3-bytes", AT, "-c h --profile iperf3 -n 0",
	  "--bytes 0: allowed are numbers from 1 with --profile iperf3" },
	{ "wrong/iperf3-time", AT, "-c h --profile iperf3 -t 0.5",
	  "--time and --omit: allowed are whole seconds with --profile iperf3" },
	{ "wrong/iperf3-omit", AT, "-c h --profile iperf3 -O 601", "--omit 601: allowed are 0 to 600 seconds" },
	{ "wrong/time-and-blocks", AT, "-c h --profile iperf3 -k 1 -t 1",
	  "--blockcount and --time cannot be combined" },
	{ "wrong/bytes-and-blocks", AT, "-c h --profile iperf3 -k 1 -n 1",
	  "--blockcount and --bytes cannot be combined" },
	{ "wrong/iperf3-udp-length", AT, "-c h --profile iperf3 -u -l 15",
	  "--length 15: allowed are 16 to 65507 octets for UDP" },
	{ "wrong/iperf3-tcp-length", AT, "-c h --profile iperf3 -l 0",
	  "--length 0: allowed are 1 to 1048576 octets for TCP" },
	{ "wrong/word", AT, "-s --frob", "--frob: there is no such option" },
	{ "wrong/operand", AT, "-s here", "here: only options are expected" },
	{ "wrong/no-value", AT, "-c", "--client: a value is needed: HOST" },
	{ "wrong/value-of-flag", AT, "-s --json=1", "--json: no value is allowed" },
	{ "wrong/sandbox", AT, "-s --sandbox x", "--sandbox x: allowed are required and kill" },
	{ "wrong/sandbox-and-none", AT, "-s --sandbox kill --no-sandbox",
	  "--sandbox and --no-sandbox cannot be combined" },
	{ "wrong/user-of-client", AT, "-c h --user nobody", "--user is an option of the server" },
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
	{ "wrong/bytes-of-nothing", AT, "-c h -u -l 0 -n 5",
	  "--length 0: allowed are 1 to 65507 octets for these streams" },
	{ "wrong/udp-twice", AT, "-c h -u --udp-streams 1",
	  "--udp and --udp-streams cannot be combined: use --parallel" },
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

static void profiles(void **state)
{
	char complaint[OPTIONS_COMPLAINT_SIZE];
	struct options options;

	(void)state;
	assert_int_equal(parse("-s", &options, complaint), OPTIONS_RUN);
	assert_int_equal(options.profile, OPTIONS_PROFILE_AUTO);
	assert_int_equal(parse("-s --profile text", &options, complaint), OPTIONS_RUN);
	assert_int_equal(options.profile, OPTIONS_PROFILE_TEXT);
	assert_int_equal(parse("-c h", &options, complaint), OPTIONS_RUN);
	assert_int_equal(options.profile, OPTIONS_PROFILE_TEXT);
	assert_false(options.reverse || options.bidirectional || options.get_server_output || options.wide);
	assert_int_equal(parse("-c h --profile iperf3 -R -u --get-server-output --udp-counters-64bit", &options,
			       complaint),
			 OPTIONS_RUN);
	assert_int_equal(options.profile, OPTIONS_PROFILE_IPERF3);
	assert_true(options.reverse && options.get_server_output && options.wide && !options.bidirectional);
	assert_int_equal(parse("--profile iperf3 -c h --bidir", &options, complaint), OPTIONS_RUN);
	assert_true(options.bidirectional && !options.reverse);
}

static void sandbox_modes(void **state)
{
	char complaint[OPTIONS_COMPLAINT_SIZE];
	struct options options;

	(void)state;
	assert_int_equal(parse("-s", &options, complaint), OPTIONS_RUN);
	assert_int_equal(options.sandbox, SANDBOX_ON);
	assert_null(options.user);
	assert_int_equal(parse("-c h --no-sandbox", &options, complaint), OPTIONS_RUN);
	assert_int_equal(options.sandbox, SANDBOX_OFF);
	assert_int_equal(parse("-s --sandbox=required --user me", &options, complaint), OPTIONS_RUN);
	assert_int_equal(options.sandbox, SANDBOX_REQUIRED);
	assert_string_equal(options.user, "me");
	assert_int_equal(parse("-c h --sandbox kill", &options, complaint), OPTIONS_RUN);
	assert_int_equal(options.sandbox, SANDBOX_KILL);
}

int main(void)
{
	ROWS_ADD(value_rows, run_value);
	ROWS_ADD(wrong_rows, run_wrong);
	test_add("help-and-version", help_and_version, NULL);
	test_add("words", words, NULL);
	test_add("profiles", profiles, NULL);
	test_add("sandbox", sandbox_modes, NULL);
	return tests_run("ref/options");
}
