/* The command line of a program under test: its places, and what is added where there is none. */
#include "conformance/launch.h"

#include "proto/rows_test.h"

#define MAX 24

struct row {
	const char *name;
	const char *command[MAX];
	const char *head;         /* lines of a case's head; NULL: of no case */
	const char *words[MAX];
};

#define CLIENT "role client\nprofile iperf3\n"

static const struct row rows[] = {
	{ "places", { "a", "-c{host}", "{port}", "{streams}", "{bytes}", "{transport}", "{udp:-u}", "{tcp:-t}" }, NULL,
	  { "a", "-ch", "5", "2", "3000", "udp", "-u" } },
	{ "unknown-place", { "{a:b}", "{", "{x}" }, CLIENT, { "{a:b}", "{", "{x}" } },
	{ "option-said", { "{length:-l%}", "{reverse:-R}" }, CLIENT "with length=100 reverse\n", { "-l100", "-R" } },
	{ "option-not-said", { "a", "{length:-l%}", "{reverse:-R}" }, CLIENT, { "a" } },
	{ "option-within", { "x{time:=%s}y" }, CLIENT "with time=1.5\n", { "x=1.5sy" } },
	{ "option-twice", { "{rate:%/%}" }, CLIENT "with rate=8\n", { "8/8" } },
	{ "streams-said", { "{streams:-P%}", "{bytes:-n%}" }, CLIENT "with streams=3\n", { "-P3" } },
	{ "server", { "{one-off:-1}", "{bitrate-limit:-b=%}", "{duration-limit:-d%}", "{key:-k}", "{both-profiles:--both}" },
	  "role server\nprofile iperf3\nwith one-off bitrate-limit=1000 duration-limit=2 key both-profiles\n",
	  { "-1", "-b=1000", "-d2", "-k", "--both" } },
	{ "empty-word-stays", { "", "a" }, NULL, { "", "a" } },
};

static struct case_file *case_of(const char *head)
{
	struct case_error error;
	struct case_file *file;
	char *text = NULL;

	assert_true(asprintf(&text, "id my/1\ntitle T\ntests R-23-1\n%swait 1s\n", head) > 0);
	file = case_parse(NULL, text, strlen(text), &error);
	if (!file)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	free(text);
	return file;
}

static void run_row(void **state)
{
	const struct row *row = *state;
	struct case_file *file = row->head ? case_of(row->head) : NULL;
	const struct launch_values values = { .host = "h", .port = 5, .streams = 2, .bytes = 3000, .udp = true, .file = file };
	char **words = launch_words((char *const *)(uintptr_t)row->command, &values);
	size_t count = 0;

	assert_non_null(words);
	for (; words[count] && row->words[count]; count++)
		assert_string_equal(words[count], row->words[count]);
	assert_null(words[count]);
	assert_null(row->words[count]);
	launch_free_words(words);
	case_free(file);
}

static void complete(void **state)
{
	char *plain[] = { "iperf3", NULL }, *own[] = { "x", "{port}", NULL };
	char **words = launch_complete(plain, CASE_SERVER);

	(void)state;
	assert_string_equal(words[0], "iperf3");
	assert_string_equal(words[1], "-s");
	assert_true(launch_has(words, "port") && launch_has(words, "one-off") && launch_has(words, "bitrate-limit"));
	assert_false(launch_has(words, "key"));
	free(words);
	words = launch_complete(plain, CASE_CLIENT);
	assert_true(launch_has(words, "host") && launch_has(words, "transport") && launch_has(words, "receive-timeout"));
	free(words);
	words = launch_complete(own, CASE_SERVER);
	assert_string_equal(words[1], "{port}");
	assert_null(words[2]);
	free(words);
}

static void listens(void **state)
{
	char *sleeping[] = { "sleep", "10", NULL };
	struct launch launch;
	uint16_t port = launch_free_port();

	(void)state;
	assert_int_not_equal(port, 0);
	assert_int_equal(launch_start(&launch, sleeping), 0);
	assert_false(launch_listens(&launch, port, 50000000));
	launch_stop(&launch);
	assert_true(launch_ended(&launch));
	assert_false(launch_listens(&launch, port, INT64_MAX / 4)); /* whoever has ended does not listen */
	launch_free(&launch);
}

int main(void)
{
	ROWS_ADD(rows, run_row);
	test_add("complete", complete, NULL);
	test_add("listens", listens, NULL);
	return tests_run("launch");
}
