/* The head of a case: what it is called and what it tests. */
#include "conformance/case_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const head_names[CASE_HEADS] = {
	[HEAD_ID] = "id",       [HEAD_TITLE] = "title", [HEAD_ROLE] = "role",
	[HEAD_TESTS] = "tests", [HEAD_WITH] = "with",   [HEAD_NEEDS] = "needs",
	[HEAD_PROFILE] = "profile",
};

void case_head(struct case_parse *parse, enum case_head head, const char *end)
{
	const char *at = end - strlen(head_names[head]);

	parse->is_head = true;
	if (parse->file->step_count > 0)
		case_fail(parse, at, "'%s' belongs to the head, above the first step in line %" PRIu32, head_names[head],
			  parse->file->steps[0].line);
	else if (parse->heads[head])
		case_fail(parse, at, "'%s' stands here for the second time; the first is line %" PRIu32, head_names[head],
			  parse->heads[head]);
	parse->heads[head] = parse->line;
}

void case_head_id(struct case_parse *parse, const char *end)
{
	size_t length = (size_t)(end - parse->word);
	const char *number = memchr(parse->word, '/', length);

	if (length >= sizeof parse->file->id) {
		case_fail(parse, parse->word, "an id has at most %zu characters, this one %zu", sizeof parse->file->id - 1,
			  length);
	} else if (number[1] == '0' || end - number > 7) {
		case_fail(parse, parse->word, "the number of a case is from 1 to 999999, without leading zeros; found '%.*s'",
			  (int)(end - number - 1), number + 1);
	} else {
		memcpy(parse->file->id, parse->word, length);
		parse->file->id[length] = '\0';
	}
}

void case_head_title(struct case_parse *parse, const char *end)
{
	if (parse->file->title)
		return; /* the second: an error already */
	while (end > parse->word && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	parse->file->title = strndup(parse->word, (size_t)(end - parse->word));
	if (!parse->file->title)
		case_no_memory(parse);
}

void case_head_role(struct case_parse *parse, enum case_role role)
{
	parse->file->role = role;
}

void case_head_profile(struct case_parse *parse, enum case_profile profile)
{
	parse->file->profile = profile;
}

void case_head_test(struct case_parse *parse)
{
	struct case_file *file = parse->file;

	for (size_t i = 0; i < file->test_count; i++) {
		if (file->tests[i] == parse->requirement && !parse->failed)
			case_fail(parse, parse->word, "%s is named twice", iperf_requirements[parse->requirement].id);
	}
	if (file->test_count == CASE_TESTS_MAX)
		case_fail(parse, parse->word, "a case tests at most %d requirements", CASE_TESTS_MAX);
	else
		file->tests[file->test_count++] = parse->requirement;
}

static void once(struct case_parse *parse, bool *had, const char *name)
{
	if (*had)
		case_fail(parse, parse->word, "'%s' is given twice", name);
	*had = true;
}

void case_head_streams(struct case_parse *parse)
{
	once(parse, &parse->file->has_streams, "streams");
	if (parse->number < 1 || parse->number > CASE_STREAMS_MAX)
		case_fail(parse, parse->word, "streams is from 1 to %d", CASE_STREAMS_MAX);
	else
		parse->file->streams = (unsigned)parse->number;
}

void case_head_bytes(struct case_parse *parse)
{
	once(parse, &parse->file->has_bytes, "bytes");
	if (parse->number > CASE_PAYLOAD_MAX)
		case_fail(parse, parse->word, "bytes is at most %" PRIu64, CASE_PAYLOAD_MAX);
	parse->file->bytes = parse->number;
}

void case_head_transport(struct case_parse *parse, bool udp)
{
	once(parse, &parse->file->has_transport, "transport");
	parse->file->udp = udp;
}

void case_head_need(struct case_parse *parse)
{
	unsigned bit = 1U << parse->time.timer;

	if (parse->file->needs & bit)
		case_fail(parse, parse->word, "a timer is named twice");
	parse->file->needs |= bit;
	if (parse->is_short)
		parse->file->needs_short |= bit;
	parse->is_short = false;
	parse->time = (struct case_time){ 0 };
}

void case_head_option(struct case_parse *parse, const char *end)
{
	struct case_file *file = parse->file;
	struct case_option *option = &file->options[file->option_count];
	const char *equals = memchr(parse->word, '=', (size_t)(end - parse->word));
	const char *name_end = equals ? equals : end;
	bool had = false;

	if (file->option_count == CASE_OPTIONS_MAX || name_end - parse->word >= (int)sizeof option->name ||
	    (equals && end - equals > (int)sizeof option->value)) {
		case_fail(parse, parse->word, "there is too much here that is to be done");
		return;
	}
	snprintf(option->name, sizeof option->name, "%.*s", (int)(name_end - parse->word), parse->word);
	snprintf(option->value, sizeof option->value, "%.*s", equals ? (int)(end - equals - 1) : 0, equals ? equals + 1 : "");
	for (size_t i = 0; i < file->option_count; i++)
		had = had || strcmp(file->options[i].name, option->name) == 0;
	once(parse, &had, option->name);
	file->option_count++;
}

/* Timers and requirements are those of the profile. */
static void check_profile(struct case_parse *parse)
{
	const struct case_file *file = parse->file;

	for (unsigned timer = CASE_T_HELLO; timer < CASE_TIMERS; timer++)
		if (file->needs & 1U << timer && case_timer_profile((enum case_timer)timer) != file->profile) {
			parse->line = parse->heads[HEAD_NEEDS];
			case_fail(parse, NULL, "%s is no timer of the %s profile", case_timer_name((enum case_timer)timer),
				  case_profile_name(file->profile));
		}
	for (size_t i = 0; i < file->test_count; i++)
		if (case_requirement_profile(file->tests[i]) != file->profile) {
			parse->line = parse->heads[HEAD_TESTS];
			case_fail(parse, NULL, "%s is no requirement of the %s profile%s", iperf_requirements[file->tests[i]].id,
				  case_profile_name(file->profile),
				  file->profile == CASE_TEXT_PROFILE ? "; should the head say 'profile iperf3'?" : "");
		}
}

/* A section that begins with a digit is one of SPEC.md: that of the first requirement. Others are users' own. */
static bool section_fits(const struct case_file *file)
{
	const char *first = iperf_requirements[file->tests[0]].id + strlen("R-");
	size_t length = strcspn(file->id, "/");

	if (file->id[0] < '0' || file->id[0] > '9')
		return true;
	return strncmp(first, file->id, length) == 0 && first[length] == '-';
}

void case_head_complete(struct case_parse *parse, const char *at)
{
	for (unsigned head = 0; head <= HEAD_TESTS; head++) {
		if (!parse->heads[head])
			case_fail(parse, at, "the head has no '%s'", head_names[head]);
	}
	if (parse->failed)
		return;
	check_profile(parse);
	if (parse->file->option_count > 0 || parse->file->profile == CASE_IPERF3)
		case_iperf3_head(parse);
	if (parse->failed)
		return;
	if (parse->heads[HEAD_WITH] && parse->file->role == CASE_SERVER && parse->file->profile == CASE_TEXT_PROFILE) {
		parse->line = parse->heads[HEAD_WITH];
		case_fail(parse, NULL, "'with' is for cases of role client only");
	} else if (!section_fits(parse->file)) {
		parse->line = parse->heads[HEAD_ID];
		case_fail(parse, NULL, "the section of '%s' is not that of %s, the first requirement that it tests",
			  parse->file->id, iperf_requirements[parse->file->tests[0]].id);
	}
}
