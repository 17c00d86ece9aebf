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
	TEXT,    /* as it is; const char * */
	COUNT,   /* number without suffix; int64_t, as are all that follow */
	OCTETS,  /* number, suffixes are powers of 1024 */
	RATE,    /* number, suffixes are powers of 1000 */
	SECONDS, /* seconds with fraction, in nanoseconds */
};

struct rule {
	int letter;           /* of the short form; below ' ' when there is none */
	const char *name;     /* of the long form */
	enum side side;
	enum kind kind;
	size_t offset;        /* into struct options */
	int64_t min, max;
	const char *argument; /* as the help text names it */
	const char *help;
};

#define AT(field) offsetof(struct options, field)

/* Options, their checks and their help: all there is to know about them. */
static const struct rule rules[] = {
	{ 's', "server", BOTH, FLAG, AT(server), 0, 0, NULL, "be the server: receive" },
	{ 'c', "client", BOTH, TEXT, AT(client), 0, 0, "HOST", "be the client: send to HOST" },
	{ 'p', "port", BOTH, COUNT, AT(port), 0, 65535, "PORT",
	  "TCP and UDP port (5201); a server takes 0 for a free one" },
	{ 'B', "bind", BOTH, TEXT, AT(bind), 0, 0, "ADDRESS", "use this local address" },
	{ '4', "version4", BOTH, FLAG, AT(version4), 0, 0, NULL, "IPv4 only" },
	{ '6', "version6", BOTH, FLAG, AT(version6), 0, 0, NULL, "IPv6 only" },
	{ 'i', "interval", BOTH, SECONDS, AT(interval_ns), 0, DAYS, "SECONDS",
	  "between periodic reports; 0: none (client 1, server 0)" },
	{ 'J', "json", BOTH, FLAG, AT(json), 0, 0, NULL, "report in JSON on standard output" },
	{ 'V', "verbose", BOTH, FLAG, AT(verbose), 0, 0, NULL, "tell each decision on standard error" },
	{ '1', "one-off", SERVER, FLAG, AT(one_off), 0, 0, NULL, "exit after one test" },
	{ 1, "t-hello", SERVER, SECONDS, AT(t_hello_ns), IPERF_MS, DAYS, "SECONDS", "T_hello (10)" },
	{ 2, "t-begin", SERVER, SECONDS, AT(t_begin_ns), IPERF_MS, DAYS, "SECONDS", "T_begin (10)" },
	{ 3, "t-idle", SERVER, SECONDS, AT(t_idle_ns), IPERF_MS, DAYS, "SECONDS", "T_idle (60)" },
	/* 4096: result data of more streams could pass the 1 MiB that a client need not read (R-9.2-12) */
	{ 4, "max-streams", SERVER, COUNT, AT(streams_max), 1, 4096, "N", "streams of a test (128)" },
	{ 5, "max-pending", SERVER, COUNT, AT(pending_max), 1, 4096, "N", "connections without a first message (64)" },
	{ 'u', "udp", CLIENT, FLAG, AT(udp), 0, 0, NULL, "UDP streams in place of TCP streams" },
	{ 'P', "parallel", CLIENT, COUNT, AT(tcp_streams), 0, 128, "N", "streams (1); 0: a test without a stream" },
	{ 6, "udp-streams", CLIENT, COUNT, AT(udp_streams), 0, 128, "N", "UDP streams beside the TCP streams (0)" },
	{ 't', "time", CLIENT, SECONDS, AT(time_ns), IPERF_MS, DAYS, "SECONDS", "send for so long (10)" },
	{ 'n', "bytes", CLIENT, OCTETS, AT(bytes), 0, INT64_MAX, "N[KMGT]",
	  "send so many octets, all streams together" },
	{ 'l', "length", CLIENT, OCTETS, AT(length), 0, OPTIONS_TCP_LENGTH_MAX, "N[KM]",
	  "octets in one write (TCP, 1M) or datagram (UDP, 1400)" },
	{ 'b', "bitrate", CLIENT, RATE, AT(bitrate), 0, INT64_C(1000000000000), "N[KMG]",
	  "bits per second of each stream; 0: no limit (TCP 0, UDP 1M)" },
	{ 7, "t-results", CLIENT, SECONDS, AT(t_results_ns), IPERF_MS, DAYS, "SECONDS", "T_results (10)" },
	{ 8, "t-reject", CLIENT, SECONDS, AT(t_reject_ns), IPERF_MS, DAYS, "SECONDS", "T_reject (0.5)" },
	{ 14, "retry", CLIENT, SECONDS, AT(retry_ns), 0, DAYS, "SECONDS",
	  "when rejected or refused, try again for so long (0)" },
	{ 15, "cookie", CLIENT, TEXT, AT(cookie_hex), 0, 0, "HEX", "64 digits in place of a random cookie, for tests" },
	{ 'h', "help", BOTH, FLAG, 0, 0, 0, NULL, "this text" },
	{ 'v', "version", BOTH, FLAG, 0, 0, 0, NULL, "the version" },
};

#define RULES (sizeof rules / sizeof *rules)

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
	case TEXT:
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
	} else if (rule->kind == TEXT) {
		*(const char **)field = text;
	} else {
		if (!read_number(rule, text, &number) || number < rule->min || number > rule->max)
			return wrong_number(rule, text, complaint);
		*(int64_t *)field = number;
	}
	return OPTIONS_RUN;
}

/* --- what options mean together ---------------------------------------------------------------------------------- */

static enum options_verdict check_side(const struct options *options, const bool *seen, char *complaint)
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
	return OPTIONS_RUN;
}

/* -l is for all streams; a mixed test takes what suits both kinds. */
static enum options_verdict check_length(struct options *options, char *complaint)
{
	int64_t min = options->tcp_streams > 0 || (options->bytes > 0 && options->udp_streams > 0) ? 1 : 0;
	int64_t max = options->udp_streams > 0 ? OPTIONS_UDP_LENGTH_MAX : OPTIONS_TCP_LENGTH_MAX;

	options->tcp_length = OPTIONS_TCP_LENGTH_MAX; /* fewer, longer writes: a peer that keeps up sleeps less */
	options->udp_length = 1400;
	if (options->length < 0)
		return OPTIONS_RUN;
	if (options->length < min || options->length > max)
		return wrong(complaint, "--length %" PRId64 ": allowed are %" PRId64 " to %" PRId64 " octets for %s",
			     options->length, min, max,
			     options->udp_streams == 0 ? "TCP" : min ? "these streams" : "UDP");
	options->tcp_length = options->udp_length = options->length;
	return OPTIONS_RUN;
}

static enum options_verdict check_client(struct options *options, const bool *seen, char *complaint)
{
	if (options->udp && options->udp_streams > 0)
		return wrong(complaint, "--udp and --udp-streams cannot be combined: use --parallel");
	if (options->udp) {
		options->udp_streams = options->tcp_streams;
		options->tcp_streams = 0;
	}
	for (size_t i = 0; i < RULES; i++)
		if (seen[i] && rules[i].letter == 't' && options->bytes >= 0)
			return wrong(complaint, "--time and --bytes cannot be combined");
	if (options->port == 0)
		return wrong(complaint, "--port 0: a client needs 1 to 65535");
	if (options->cookie_hex && !iperf_cookie_from_hex(&options->cookie, options->cookie_hex))
		return wrong(complaint, "--cookie %.80s: allowed are exactly 64 hexadecimal digits",
			     options->cookie_hex);
	options->tcp_rate = options->bitrate < 0 ? 0 : options->bitrate;
	options->udp_rate = options->bitrate < 0 ? 1000000 : options->bitrate;
	return check_length(options, complaint);
}

static enum options_verdict check(struct options *options, const bool *seen, char *complaint)
{
	enum options_verdict verdict = check_side(options, seen, complaint);

	if (options->interval_ns < 0)
		options->interval_ns = options->server ? 0 : IPERF_S;
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

/* What getopt_long() could not make sense of: a letter in optopt, or the whole word. */
static enum options_verdict wrong_option(const char *word, char *complaint)
{
	size_t i = find_rule(optopt);

	if (i < RULES)
		return wrong(complaint, "--%s: no value is allowed", rules[i].name);
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

void options_help(FILE *out)
{
	static const char *const titles[] = { "", "\nServer:\n", "\nClient:\n" };

	fputs("usage: iperf-ref -s [options]\n       iperf-ref -c HOST [options]\n\n", out);
	for (enum side side = BOTH; side <= CLIENT; side++) {
		fputs(titles[side], out);
		for (size_t i = 0; i < RULES; i++) {
			char letter[] = { '-', (char)rules[i].letter, ',', '\0' };
			char name[40];

			if (rules[i].side != side)
				continue;
			snprintf(name, sizeof name, "--%s %s", rules[i].name,
				 rules[i].argument ? rules[i].argument : "");
			fprintf(out, "  %3s %-23s %s\n", letter[1] < ' ' ? "" : letter, name, rules[i].help);
		}
	}
	fputs("\nDefaults are in parentheses. Exit status: 0 the test went well; 1 it did not, or was refused;\n"
	      "2 wrong usage; 3 it could not be tried (name not resolved, address not bound, no output).\n",
	      out);
}
