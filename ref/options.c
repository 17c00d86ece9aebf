#include "ref/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "proto/limits.h"
#include "ref/units.h"

#define K INT64_C(1024)
#define M (K * K)
#define DAYS (24 * 3600 * IPERF_S)

enum side {
	BOTH,
	SERVER,
	CLIENT,
};

/* How the value of an option is written, and thereby what it is stored as. */
enum kind {
	FLAG,    /* none; bool */
	WORD,    /* as it is; const char * */
	COUNT,   /* number without suffix; int64_t, as are all that follow */
	OCTETS,  /* number, suffixes are powers of 1024 */
	RATE,    /* number, suffixes are powers of 1000 */
	SECONDS, /* seconds with fraction, in nanoseconds */
};

/* In which profile an option means something. */
#define ANY    OPTIONS_PROFILE_AUTO
#define TEXT   OPTIONS_PROFILE_TEXT
#define IPERF3 OPTIONS_PROFILE_IPERF3
#define PROFILES 3

struct rule {
	int letter;           /* of the short form; below ' ' when there is none */
	const char *name;     /* of the long form */
	enum side side;
	enum options_profile profile;
	enum kind kind;
	size_t offset;        /* into struct options */
	int64_t min, max;
	const char *argument; /* as the help text names it */
	const char *help;
};

#define AT(field) offsetof(struct options, field)

/* Options, their checks and their help: all there is to know about them. */
static const struct rule rules[] = {
	{ 's', "server", BOTH, ANY, FLAG, AT(server), 0, 0, NULL, "be the server" },
	{ 'c', "client", BOTH, ANY, WORD, AT(client), 0, 0, "HOST", "be the client of the server on HOST" },
	{ 16, "profile", BOTH, ANY, WORD, AT(profile_name), 0, 0, "PROFILE",
	  "text or iperf3, a server also auto: both (client text, server auto)" },
	{ 'p', "port", BOTH, ANY, COUNT, AT(port), 0, 65535, "PORT",
	  "TCP and UDP port (5201); a server takes 0 for a free one" },
	{ 'B', "bind", BOTH, ANY, WORD, AT(bind), 0, 0, "ADDRESS", "use this local address" },
	{ '4', "version4", BOTH, ANY, FLAG, AT(version4), 0, 0, NULL, "IPv4 only" },
	{ '6', "version6", BOTH, ANY, FLAG, AT(version6), 0, 0, NULL, "IPv6 only" },
	{ 'i', "interval", BOTH, ANY, SECONDS, AT(interval_ns), 0, DAYS, "SECONDS",
	  "between periodic reports; 0: none (client 1, server 0)" },
	{ 'J', "json", BOTH, ANY, FLAG, AT(json), 0, 0, NULL, "report in JSON on standard output" },
	{ 'V', "verbose", BOTH, ANY, FLAG, AT(verbose), 0, 0, NULL, "tell each decision on standard error" },
	{ 25, "sandbox", BOTH, ANY, WORD, AT(sandbox_name), 0, 0, "MODE",
	  "required: or do not run; kill: and die of a call it does not permit" },
	{ 26, "no-sandbox", BOTH, ANY, FLAG, AT(no_sandbox), 0, 0, NULL, "keep all rights" },
	{ '1', "one-off", SERVER, ANY, FLAG, AT(one_off), 0, 0, NULL, "exit after one test" },
	{ 27, "user", SERVER, ANY, WORD, AT(user), 0, 0, "NAME",
	  "when root runs it, become this user (" SANDBOX_USER ")" },
	{ 1, "t-hello", SERVER, TEXT, SECONDS, AT(t_hello_ns), IPERF_MS, DAYS, "SECONDS", "T_hello (10)" },
	{ 2, "t-begin", SERVER, TEXT, SECONDS, AT(t_begin_ns), IPERF_MS, DAYS, "SECONDS", "T_begin (10)" },
	{ 3, "t-idle", SERVER, TEXT, SECONDS, AT(t_idle_ns), IPERF_MS, DAYS, "SECONDS", "T_idle (60)" },
	{ 17, "t-read", SERVER, IPERF3, SECONDS, AT(t_read_ns), IPERF_MS, DAYS, "SECONDS", "T_read (10)" },
	{ 18, "t-silence", SERVER, IPERF3, SECONDS, AT(t_silence_ns), IPERF_MS, DAYS, "SECONDS", "T_silence (120)" },
	{ 19, "t-over", SERVER, IPERF3, SECONDS, AT(t_over_ns), IPERF_MS, DAYS, "SECONDS", "T_over (40)" },
	/* 4096: result data of more streams could pass the 1 MiB that a client need not read (R-9.2-12) */
	{ 4, "max-streams", SERVER, ANY, COUNT, AT(streams_max), 1, 4096, "N", "streams of a test (128)" },
	{ 5, "max-pending", SERVER, ANY, COUNT, AT(pending_max), 1, 4096, "N",
	  "connections without a first message (64)" },
	{ 'u', "udp", CLIENT, ANY, FLAG, AT(udp), 0, 0, NULL, "UDP streams in place of TCP streams" },
	{ 'P', "parallel", CLIENT, ANY, COUNT, AT(tcp_streams), 0, 128, "N",
	  "streams (1); 0, text: a test without a stream" },
	{ 't', "time", CLIENT, ANY, SECONDS, AT(time_ns), IPERF_MS, DAYS, "SECONDS", "send for so long (10)" },
	{ 'n', "bytes", CLIENT, ANY, OCTETS, AT(bytes), 0, INT64_MAX, "N[KMGT]",
	  "send so many octets, all streams together" },
	{ 'l', "length", CLIENT, ANY, OCTETS, AT(length), 0, OPTIONS_TCP_LENGTH_MAX, "N[KM]",
	  "octets in one write (TCP; text 1M, iperf3 128K) or datagram (UDP; 1400, path)" },
	{ 'b', "bitrate", CLIENT, ANY, RATE, AT(bitrate), 0, INT64_C(1000000000000), "N[KMG]",
	  "bits per second of each stream; 0: no limit (TCP 0, UDP 1M)" },
	{ 14, "retry", CLIENT, ANY, SECONDS, AT(retry_ns), 0, DAYS, "SECONDS",
	  "when rejected or refused, try again for so long (0)" },
	{ 6, "udp-streams", CLIENT, TEXT, COUNT, AT(udp_streams), 0, 128, "N",
	  "UDP streams beside the TCP streams (0)" },
	{ 7, "t-results", CLIENT, TEXT, SECONDS, AT(t_results_ns), IPERF_MS, DAYS, "SECONDS", "T_results (10)" },
	{ 8, "t-reject", CLIENT, TEXT, SECONDS, AT(t_reject_ns), IPERF_MS, DAYS, "SECONDS", "T_reject (0.5)" },
	{ 15, "cookie", CLIENT, TEXT, WORD, AT(cookie_hex), 0, 0, "HEX",
	  "64 digits in place of a random cookie, for tests" },
	{ 'R', "reverse", CLIENT, IPERF3, FLAG, AT(reverse), 0, 0, NULL, "the server sends" },
	{ 20, "bidir", CLIENT, IPERF3, FLAG, AT(bidirectional), 0, 0, NULL, "both send, each on streams of its own" },
	{ 'O', "omit", CLIENT, IPERF3, SECONDS, AT(omit_ns), 0, 600 * IPERF_S, "SECONDS",
	  "at the beginning, that do not count (0)" },
	{ 'k', "blockcount", CLIENT, IPERF3, OCTETS, AT(blocks), 1, INT64_MAX, "N[KMGT]",
	  "send so many writes or datagrams, all streams together" },
	{ 21, "get-server-output", CLIENT, IPERF3, FLAG, AT(get_server_output), 0, 0, NULL,
	  "show the server's report, too" },
	{ 22, "udp-counters-64bit", CLIENT, IPERF3, FLAG, AT(wide), 0, 0, NULL, "count datagrams in 64 bits" },
	{ 23, "t-reply", CLIENT, IPERF3, SECONDS, AT(t_reply_ns), IPERF_MS, DAYS, "SECONDS", "T_reply (30)" },
	{ 24, "rcv-timeout", CLIENT, IPERF3, COUNT, AT(rcv_timeout_ms), 0, DAYS / IPERF_MS, "MS",
	  "give up when no payload arrives for so many milliseconds (0: never)" },
	{ 'h', "help", BOTH, ANY, FLAG, 0, 0, 0, NULL, "this text" },
	{ 'v', "version", BOTH, ANY, FLAG, 0, 0, 0, NULL, "the version" },
};

#define RULES (sizeof rules / sizeof *rules)

/* What iperf3 has besides: told apart from a slip of the fingers. */
static const struct foreign {
	char letter; /* or 0 */
	const char *name;
} foreign[] = {
	{ 'f', "format" },	      { 'A', "affinity" },	   { 'd', "debug" },
	{ 'D', "daemon" },	      { 'I', "pidfile" },	   { 'F', "file" },
	{ 'w', "window" },	      { 'M', "set-mss" },	   { 'N', "no-delay" },
	{ 'C', "congestion" },	      { 'S', "tos" },		   { 'L', "flowlabel" },
	{ 'Z', "zerocopy" },	      { 'T', "title" },		   { 'X', "xbind" },
	{ 'm', "mptcp" },	      { 0, "sctp" },		   { 0, "nstreams" },
	{ 0, "dscp" },		      { 0, "fq-rate" },		   { 0, "pacing-timer" },
	{ 0, "connect-timeout" },     { 0, "snd-timeout" },
	{ 0, "idle-timeout" },	      { 0, "bind-dev" },	   { 0, "cport" },
	{ 0, "username" },	      { 0, "rsa-public-key-path" }, { 0, "rsa-private-key-path" },
	{ 0, "authorized-users-path" }, { 0, "time-skew-threshold" }, { 0, "use-pkcs1-padding" },
	{ 0, "extra-data" },	      { 0, "repeating-payload" },  { 0, "dont-fragment" },
	{ 0, "logfile" },	      { 0, "forceflush" },	   { 0, "timestamps" },
	{ 0, "json-stream" },	      { 0, "server-bitrate-limit" }, { 0, "server-max-duration" },
	{ 0, "skip-rx-copy" },	      { 0, "gsro" },		   { 0, "cntl-ka" },
};

__attribute__((format(printf, 2, 3))) static enum options_verdict wrong(char *complaint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(complaint, OPTIONS_COMPLAINT_SIZE, format, arguments);
	va_end(arguments);
	return OPTIONS_WRONG;
}

static bool read_number(const struct rule *rule, const char *text, int64_t *value)
{
	switch (rule->kind) {
	case COUNT:
		return strspn(text, "0123456789") == strlen(text) && units_number(text, 1, value);
	case OCTETS:
		return units_number(text, 1024, value);
	case RATE:
		return units_number(text, 1000, value);
	case SECONDS:
		return units_seconds(text, value);
	case FLAG:
	case WORD:
		break;
	}
	return false;
}

static enum options_verdict wrong_number(const struct rule *rule, const char *text, char *complaint)
{
	double unit = rule->kind == SECONDS ? (double)IPERF_S : 1;
	const char *form = rule->kind == COUNT ? "" : rule->kind == SECONDS ? " seconds" : ", suffixes K, M, G and T";

	if (rule->max == INT64_MAX)
		return wrong(complaint, "--%s %s: allowed are numbers from %g%s", rule->name, text,
			     (double)rule->min / unit, form);
	return wrong(complaint, "--%s %s: allowed are %g to %.15g%s", rule->name, text, (double)rule->min / unit,
		     (double)rule->max / unit, form);
}

/* Stores the value of one option. */
static enum options_verdict store(const struct rule *rule, const char *text, struct options *options, char *complaint)
{
	void *field = (char *)options + rule->offset;
	int64_t number;

	if (rule->letter == 'h')
		return OPTIONS_HELP;
	if (rule->letter == 'v')
		return OPTIONS_VERSION;
	if (rule->kind == FLAG) {
		*(bool *)field = true;
	} else if (rule->kind == WORD) {
		*(const char **)field = text;
	} else {
		if (!read_number(rule, text, &number) || number < rule->min || number > rule->max)
			return wrong_number(rule, text, complaint);
		*(int64_t *)field = number;
	}
	return OPTIONS_RUN;
}

/* --- what options mean together ---------------------------------------------------------------------------------- */

static const char *const profile_names[PROFILES] = { [ANY] = "auto", [TEXT] = "text", [IPERF3] = "iperf3" };

static bool given(const bool *seen, int letter)
{
	for (size_t i = 0; i < RULES; i++)
		if (rules[i].letter == letter)
			return seen[i];
	return false;
}

static enum options_verdict check_profile(struct options *options, const bool *seen, char *complaint)
{
	enum options_profile profile = ANY;

	options->profile = options->server ? ANY : TEXT;
	if (options->profile_name) {
		while (profile < PROFILES && strcmp(profile_names[profile], options->profile_name) != 0)
			profile++;
		if (profile == PROFILES || (profile == ANY && !options->server))
			return wrong(complaint, "--profile %.80s: allowed are %stext and iperf3", options->profile_name,
				     options->server ? "auto, " : "");
		options->profile = profile;
	}
	for (size_t i = 0; i < RULES; i++)
		if (seen[i] && options->profile != ANY && rules[i].profile != ANY &&
		    rules[i].profile != options->profile)
			return wrong(complaint, "--%s is an option of --profile %s", rules[i].name,
				     profile_names[rules[i].profile]);
	return OPTIONS_RUN;
}

static enum options_verdict check_sandbox(struct options *options, char *complaint)
{
	const char *name = options->sandbox_name;

	options->sandbox = options->no_sandbox ? SANDBOX_OFF : SANDBOX_ON;
	if (!name)
		return OPTIONS_RUN;
	if (options->no_sandbox)
		return wrong(complaint, "--sandbox and --no-sandbox cannot be combined");
	options->sandbox = strcmp(name, "kill") == 0 ? SANDBOX_KILL : SANDBOX_REQUIRED;
	if (options->sandbox == SANDBOX_REQUIRED && strcmp(name, "required") != 0)
		return wrong(complaint, "--sandbox %.80s: allowed are required and kill", name);
	return OPTIONS_RUN;
}

static enum options_verdict check_side(struct options *options, const bool *seen, char *complaint)
{
	if (options->server == (options->client != NULL))
		return wrong(complaint, options->server ? "--server and --client cannot be combined" :
							  "one of --server and --client HOST is needed");
	for (size_t i = 0; i < RULES; i++)
		if (seen[i] && rules[i].side == (options->server ? CLIENT : SERVER))
			return wrong(complaint, "--%s is an option of the %s", rules[i].name,
				     options->server ? "client" : "server");
	if (options->version4 && options->version6)
		return wrong(complaint, "--version4 and --version6 cannot be combined");
	if (options->interval_ns > 0 && options->interval_ns < IPERF_S / 10)
		return wrong(complaint, "--interval %g: allowed are 0 and 0.1 or more seconds",
			     (double)options->interval_ns / (double)IPERF_S);
	return check_profile(options, seen, complaint);
}

/* -l is for all streams; a mixed test takes what suits both kinds. */
static enum options_verdict check_length(struct options *options, char *complaint)
{
	bool iperf3 = options->profile == IPERF3;
	int64_t min = options->tcp_streams > 0 || (options->bytes > 0 && options->udp_streams > 0) ? 1 : 0;
	int64_t max = options->udp_streams > 0 ? OPTIONS_UDP_LENGTH_MAX : OPTIONS_TCP_LENGTH_MAX;

	if (iperf3 && options->udp)
		min = 16; /* the longer header */
	/* text: fewer, longer writes: a peer that keeps up sleeps less; iperf3: SPEC 24 */
	options->tcp_length = iperf3 ? 128 * K : OPTIONS_TCP_LENGTH_MAX;
	options->udp_length = iperf3 ? -1 : 1400;
	if (options->length < 0)
		return OPTIONS_RUN;
	if (options->length < min || options->length > max)
		return wrong(complaint, "--length %" PRId64 ": allowed are %" PRId64 " to %" PRId64 " octets for %s",
			     options->length, min, max,
			     options->udp_streams == 0 ? "TCP" : min && !iperf3 ? "these streams" : "UDP");
	options->tcp_length = options->udp_length = options->length;
	return OPTIONS_RUN;
}

/* What goes into the parameters of SPEC 24, and means something else in the text profile or nothing. */
static enum options_verdict check_iperf3(struct options *options, char *complaint)
{
	if (options->reverse && options->bidirectional)
		return wrong(complaint, "--reverse and --bidir cannot be combined");
	if (options->tcp_streams + options->udp_streams == 0)
		return wrong(complaint, "--parallel 0: allowed are 1 to 128 with --profile iperf3");
	if (options->bytes == 0)
		return wrong(complaint, "--bytes 0: allowed are numbers from 1 with --profile iperf3");
	if (options->time_ns % IPERF_S != 0 || options->omit_ns % IPERF_S != 0)
		return wrong(complaint, "--time and --omit: allowed are whole seconds with --profile iperf3");
	if (options->bitrate < 0)
		options->udp_rate = M;
	return OPTIONS_RUN;
}

static enum options_verdict check_client(struct options *options, const bool *seen, char *complaint)
{
	enum options_verdict verdict = OPTIONS_RUN;

	if (options->udp && options->udp_streams > 0)
		return wrong(complaint, "--udp and --udp-streams cannot be combined: use --parallel");
	if (options->udp) {
		options->udp_streams = options->tcp_streams;
		options->tcp_streams = 0;
	}
	if (given(seen, 't') && options->bytes >= 0)
		return wrong(complaint, "--time and --bytes cannot be combined");
	if (options->blocks >= 0 && (given(seen, 't') || options->bytes >= 0))
		return wrong(complaint, "--blockcount and --%s cannot be combined",
			     options->bytes >= 0 ? "bytes" : "time");
	if (options->port == 0)
		return wrong(complaint, "--port 0: a client needs 1 to 65535");
	if (options->cookie_hex && !iperf_cookie_from_hex(&options->cookie, options->cookie_hex))
		return wrong(complaint, "--cookie %.80s: allowed are exactly 64 hexadecimal digits",
			     options->cookie_hex);
	options->tcp_rate = options->bitrate < 0 ? 0 : options->bitrate;
	options->udp_rate = options->bitrate < 0 ? 1000000 : options->bitrate;
	if (options->profile == IPERF3)
		verdict = check_iperf3(options, complaint);
	return verdict == OPTIONS_RUN ? check_length(options, complaint) : verdict;
}

static enum options_verdict check(struct options *options, const bool *seen, char *complaint)
{
	enum options_verdict verdict = check_side(options, seen, complaint);

	if (options->interval_ns < 0)
		options->interval_ns = options->server ? 0 : IPERF_S;
	if (verdict == OPTIONS_RUN)
		verdict = check_sandbox(options, complaint);
	if (verdict == OPTIONS_RUN && !options->server)
		verdict = check_client(options, seen, complaint);
	return verdict;
}

/* --- the command line -------------------------------------------------------------------------------------------- */

static void set_defaults(struct options *options)
{
	*options = (struct options){
		.port = IPERF_PORT,
		.interval_ns = -1,
		.t_hello_ns = IPERF_T_HELLO,
		.t_begin_ns = IPERF_T_BEGIN,
		.t_idle_ns = IPERF_T_IDLE,
		.streams_max = IPERF_STREAMS_MAX,
		.pending_max = IPERF_PENDING_MAX,
		.tcp_streams = 1,
		.time_ns = 10 * IPERF_S,
		.bytes = -1,
		.length = -1,
		.bitrate = -1,
		.t_results_ns = IPERF_T_RESULTS,
		.t_reject_ns = IPERF_T_REJECT,
		.t_read_ns = 10 * IPERF_S,
		.t_silence_ns = 120 * IPERF_S,
		.t_over_ns = 40 * IPERF_S,
		.t_reply_ns = 30 * IPERF_S,
		.blocks = -1,
	};
}

/* The rules in the two forms that getopt_long() wants. */
static void fill_getopt(char *letters, struct option *names)
{
	*letters++ = ':';
	for (size_t i = 0; i < RULES; i++) {
		names[i] = (struct option){ rules[i].name, rules[i].argument != NULL, NULL, rules[i].letter };
		if (rules[i].letter < ' ')
			continue;
		*letters++ = (char)rules[i].letter;
		if (rules[i].argument)
			*letters++ = ':';
	}
	*letters = '\0';
	names[RULES] = (struct option){ NULL, 0, NULL, 0 };
}

static size_t find_rule(int letter)
{
	size_t i = 0;

	while (i < RULES && rules[i].letter != letter)
		i++;
	return i;
}

static const struct foreign *find_foreign(int letter, const char *word)
{
	const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
	size_t length = strcspn(name, "=");

	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (letter ? foreign[i].letter == letter :
			     length == strlen(foreign[i].name) && strncmp(foreign[i].name, name, length) == 0)
			return &foreign[i];
	return NULL;
}

/* What getopt_long() could not make sense of: a letter in optopt, or the whole word. */
static enum options_verdict wrong_option(const char *word, char *complaint)
{
	size_t i = find_rule(optopt);
	const struct foreign *of_iperf3 = find_foreign(optopt, word);

	if (i < RULES)
		return wrong(complaint, "--%s: no value is allowed", rules[i].name);
	if (of_iperf3)
		return wrong(complaint, "--%s is an option of iperf3 that iperf-ref does not have", of_iperf3->name);
	if (optopt > ' ' && optopt <= '~')
		return wrong(complaint, "-%c: there is no such option", optopt);
	return wrong(complaint, "%.80s: there is no such option", word);
}

enum options_verdict options_parse(int argc, char **argv, struct options *options,
				   char complaint[static OPTIONS_COMPLAINT_SIZE])
{
	char letters[2 * RULES + 2];
	struct option names[RULES + 1];
	bool seen[RULES] = { false };
	enum options_verdict verdict = OPTIONS_RUN;
	int letter;

	set_defaults(options);
	fill_getopt(letters, names);
	opterr = 0;
	optind = 0;
	while (verdict == OPTIONS_RUN && (letter = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		size_t i = find_rule(letter == ':' ? optopt : letter);

		if (letter == '?')
			return wrong_option(argv[optind - 1], complaint);
		if (letter == ':')
			return wrong(complaint, "--%s: a value is needed: %s", rules[i].name, rules[i].argument);
		seen[i] = true;
		verdict = store(&rules[i], optarg, options, complaint);
	}
	if (verdict != OPTIONS_RUN)
		return verdict;
	if (optind < argc)
		return wrong(complaint, "%.80s: only options are expected", argv[optind]);
	return check(options, seen, complaint);
}

static void help_of(FILE *out, const struct rule *rule)
{
	char letter[] = { '-', (char)rule->letter, ',', '\0' };
	char name[40];

	snprintf(name, sizeof name, "--%s %s", rule->name, rule->argument ? rule->argument : "");
	fprintf(out, "  %3s %-23s %s\n", letter[1] < ' ' ? "" : letter, name, rule->help);
}

void options_help(FILE *out)
{
	static const char *const titles[][PROFILES] = {
		[BOTH] = { "", "", "" },
		[SERVER] = { "\nServer:\n", "\nServer, text profile:\n", "\nServer, iperf3 profile:\n" },
		[CLIENT] = { "\nClient:\n", "\nClient, text profile:\n", "\nClient, iperf3 profile:\n" },
	};

	fputs("usage: iperf-ref -s [options]\n       iperf-ref -c HOST [options]\n\n", out);
	for (enum side side = BOTH; side <= CLIENT; side++) {
		for (enum options_profile profile = ANY; profile < PROFILES; profile++) {
			fputs(titles[side][profile], out);
			for (size_t i = 0; i < RULES; i++)
				if (rules[i].side == side && rules[i].profile == profile)
					help_of(out, &rules[i]);
		}
	}
	fputs("\nDefaults are in parentheses. Exit status: 0 the test went well; 1 it did not, or was refused;\n"
	      "2 wrong usage; 3 it could not be tried (name not resolved, address not bound, no output).\n",
	      out);
}
