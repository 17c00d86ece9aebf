/* The grammar of a line of a case, beside iperf-case(5). Ragel in ten lines: proto/message.rl.
 *
 * A line comes here without its end, with " \n" in its place, so that a blank follows each word. "%a" therefore runs at
 * the blank behind a word, with p there, and parse->word, which ">word" has set, is where the word began. The blanks
 * before a word tell what is expected ("x" in "to_x"), which is all that case_wrong() needs to say what is wrong.
 * Errors of meaning are kept by the functions called (the first counts), and the machine reads on. */
#include "conformance/case_private.h"

#include <signal.h>

%%{
	machine case_line;

	action word       { parse->word = p; }
	action wrong      { case_wrong(parse, p); fbreak; }

	# --- what is expected after these blanks ---------------------------------------------------------------------

	action x_id          { parse->expected = EXPECT_ID; }
	action x_title       { parse->expected = EXPECT_TITLE; }
	action x_role        { parse->expected = EXPECT_ROLE; }
	action x_requirement { parse->expected = EXPECT_REQUIREMENT; }
	action x_with        { parse->expected = EXPECT_WITH; }
	action x_timer       { parse->expected = EXPECT_TIMER; }
	action x_direction   { parse->expected = EXPECT_DIRECTION; }
	action x_what        { parse->expected = EXPECT_WHAT; }
	action x_nothing     { parse->expected = EXPECT_NOTHING; }
	action x_for         { parse->expected = EXPECT_FOR; }
	action x_cookie      { parse->expected = EXPECT_COOKIE; }
	action x_payload     { parse->expected = EXPECT_PAYLOAD; }
	action x_piece       { parse->expected = EXPECT_PIECE; }
	action x_equals      { parse->expected = EXPECT_EQUALS; }
	action x_time        { parse->expected = EXPECT_TIME; }
	action x_name        { parse->expected = EXPECT_NAME; }
	action x_status      { parse->expected = EXPECT_STATUS; }
	action x_string      { parse->expected = EXPECT_STRING; }
	action x_before      { parse->expected = EXPECT_BEFORE; }
	action x_cut         { parse->expected = EXPECT_CUT; }
	action x_number      { parse->expected = EXPECT_NUMBER; }
	action x_end         { parse->expected = EXPECT_END; }
	action x_profile     { parse->expected = EXPECT_PROFILE; }
	action x_range       { parse->expected = EXPECT_RANGE; }
	action x_signal      { parse->expected = EXPECT_SIGNAL; }
	action x_or          { parse->expected = EXPECT_OR; }
	action x_reply       { parse->expected = EXPECT_REPLY; }
	action x_modifier    { parse->expected = after_step(parse); }

	blank          = " " | "\t";
	to_id          = blank+ >x_id;
	to_title       = blank+ >x_title;
	to_role        = blank+ >x_role;
	to_requirement = blank+ >x_requirement;
	to_with        = blank+ >x_with;
	to_timer       = blank+ >x_timer;
	to_direction   = blank+ >x_direction;
	to_what        = blank+ >x_what;
	to_nothing     = blank+ >x_nothing;
	to_for         = blank+ >x_for;
	to_cookie      = blank+ >x_cookie;
	to_payload     = blank+ >x_payload;
	to_piece       = blank+ >x_piece;
	to_equals      = blank+ >x_equals;
	to_time        = blank+ >x_time;
	to_name        = blank+ >x_name;
	to_status      = blank+ >x_status;
	to_string      = blank+ >x_string;
	to_before      = blank+ >x_before;
	to_cut         = blank+ >x_cut;
	to_number      = blank+ >x_number;
	to_profile     = blank+ >x_profile;
	to_range       = blank+ >x_range;
	to_signal      = blank+ >x_signal;
	to_or          = blank+ >x_or;
	to_reply       = blank+ >x_reply;
	to_modifier    = blank+ >x_modifier;

	# --- values --------------------------------------------------------------------------------------------------

	action number       { case_value_number(parse, p); }
	action seconds      { case_value_time(parse, false); }
	action milliseconds { case_value_time(parse, true); }
	action factor       { case_value_factor(parse); }
	action t_hello      { case_value_timer(parse, CASE_T_HELLO); }
	action t_begin      { case_value_timer(parse, CASE_T_BEGIN); }
	action t_idle       { case_value_timer(parse, CASE_T_IDLE); }
	action t_results    { case_value_timer(parse, CASE_T_RESULTS); }
	action t_read       { case_value_timer(parse, CASE_T_READ); }
	action t_silence    { case_value_timer(parse, CASE_T_SILENCE); }
	action t_over       { case_value_timer(parse, CASE_T_OVER); }
	action t_reply      { case_value_timer(parse, CASE_T_REPLY); }
	action time         { parse->time = (struct case_time){ 0 }; }
	action requirement  { case_value_requirement(parse, p); }
	action string_begin { parse->string = p; }
	action string_end   { parse->string = NULL; }
	action cookie       { case_value_cookie(parse, p); }

	number      = digit+ >word %number;
	decimal     = ( digit+ ( "." digit+ )? ) >word %number;
	duration    = decimal ( "s" @seconds | "ms" @milliseconds );
	timer       = ( "T_hello" @t_hello | "T_begin" @t_begin | "T_idle" @t_idle | "T_results" @t_results
	              | "T_read" @t_read | "T_silence" @t_silence | "T_over" @t_over | "T_reply" @t_reply ) >word;
	time        = ( duration | ( decimal "*" @factor )? timer ( "+" duration )? ) >time;
	requirement = ( "R-" [0-9.\-]+ ) >word %requirement;
	cookie      = ( "$cookie" digit* ) >word %cookie;
	name        = ( alnum ( alnum | "_" | "-" )* ) >word;
	string      = ( '"' @string_begin ( [^"\\\n] | "\\" [rnt0\\"] | "\\x" xdigit{2} )* '"' @string_end ) >word;

	# --- octets --------------------------------------------------------------------------------------------------

	action repeat       { case_piece_repeat(parse); }
	action hex          { case_piece_hex(parse, p); }
	action octets       { case_piece_string(parse, p + 1); }
	action of_cookie    { case_piece_cookie(parse); }
	action part_begin   { parse->piece.begin = (size_t)parse->number; }
	action part_end     { parse->piece.end = (size_t)parse->number; }
	action piece_done   { case_piece_done(parse); }

	hex    = ( xdigit{2} )+ >word %hex;
	part   = cookie %of_cookie ( "[" number %part_begin ".." number %part_end "]" )?;
	piece  = ( ( number "*" @repeat )? ( hex | string @octets | part ) ) %piece_done;
	pieces = to_piece piece ( blank+ piece )*;

	# --- what a connection does ----------------------------------------------------------------------------------

	action test_begin       { message(&parse->step, IPERF_TEST_BEGIN); }
	action test_end         { message(&parse->step, IPERF_TEST_END); }
	action stream_begin     { message(&parse->step, IPERF_STREAM_BEGIN); }
	action stream_end       { message(&parse->step, IPERF_STREAM_END); }
	action results_request  { message(&parse->step, IPERF_RESULTS_REQUEST); }
	action results_response { message(&parse->step, IPERF_RESULTS_RESPONSE); }
	action message_cookie   { parse->step.cookie = parse->cookie; }
	action results          { parse->results = true; }
	action json             { parse->at.json = p; p = case_json(parse, p, pe); }
	action preamble         { parse->step.what = CASE_PREAMBLE; }
	action payload          { parse->step.what = CASE_PAYLOAD; }
	action some             { parse->step.some = true; }
	action payload_octets   { parse->step.octets = (int64_t)parse->number; }
	action payload_in       { parse->step.datagrams = (int64_t)parse->number; }
	action literal          { parse->step.what = CASE_OCTETS; }
	action open             { parse->step.what = CASE_OPEN; }
	action end_of_file      { parse->step.what = CASE_END_OF_FILE; }
	action close            { parse->step.what = CASE_CLOSE; }
	action closed           { parse->step.what = CASE_CLOSED; }
	action reset            { parse->step.what = CASE_RESET; }
	action nothing          { parse->step.what = CASE_NOTHING; }
	action for_time         { parse->step.time = parse->time; }
	action what             { parse->at.what = p; }

	to_step_cookie = to_cookie cookie >{ parse->at.cookie = p; } %message_cookie;
	request  = ( "IPERF_TEST_BEGIN" @test_begin | "IPERF_TEST_END" @test_end | "IPERF_STREAM_BEGIN" @stream_begin
	           | "IPERF_STREAM_END" @stream_end | "IPERF_RESULTS_REQUEST" @results_request ) to_step_cookie;
	response = "IPERF_RESULTS_RESPONSE" @results_response to_step_cookie ( blank+ ( "$results" @results | [{\[] @json ) )?;
	counted  = number %payload_octets to_payload ( "octet" | "octets" ) to_payload "of" to_payload "payload"
	           ( to_payload "in" to_payload number %payload_in to_payload ( "datagram" | "datagrams" ) )?;
	payload  = "[" >x_payload @payload blank* ( "payload" | "some" @some to_payload "payload" | counted ) blank* "]";
	nothing  = "nothing" @nothing to_for "for" to_time time %for_time;

	# --- and in the iperf3 profile -------------------------------------------------------------------------------

	action cookie_only     { parse->step.what = CASE_COOKIE; }
	action state_named     { case_iperf3_state(parse, p); }
	action state           { parse->step.what = CASE_STATE; }
	action minus           { parse->minus = true; }
	action step_number     { case_iperf3_number(parse); }
	action parameters      { parse->step.what = CASE_PARAMETERS; }
	action test_results    { parse->step.what = CASE_RESULTS; }
	action text            { parse->step.what = CASE_TEXT; }
	action failed          { parse->step.what = CASE_FAILED; }
	action denied          { parse->step.what = CASE_DENIED; }
	action hello           { parse->step.what = CASE_HELLO; }
	action reply           { parse->step.what = CASE_REPLY; }
	action any_reply       { parse->step.what = CASE_ANY_REPLY; }
	action unread          { parse->step.what = CASE_UNREAD; }
	action datagrams       { parse->step.what = CASE_DATAGRAMS; }
	action range_first     { parse->first = parse->number; }
	action range           { case_iperf3_range(parse); }
	action datagram_octets { parse->step.octets = (int64_t)parse->number; }
	action wide            { parse->step.wide = true; }

	signed    = ( "-" @minus )? number %step_number;
	json      = blank+ ( "$results" @results | [{\[] @json );
	state     = ( "TEST_START" | "TEST_RUNNING" | "RESULT_REQUEST" | "TEST_END" | "STREAM_BEGIN" | "STREAM_RUNNING"
	            | "STREAM_END" | "ALL_STREAMS_END" | "PARAM_EXCHANGE" | "CREATE_STREAMS" | "SERVER_TERMINATE"
	            | "CLIENT_TERMINATE" | "EXCHANGE_RESULTS" | "DISPLAY_RESULTS" | "IPERF_START" | "IPERF_DONE"
	            | "ACCESS_DENIED" | "SERVER_ERROR" ) >word %state_named;
	range     = number %range_first ( ".." number )? %range;
	sequences = ( to_range range )+ to_range "of" to_number number %datagram_octets to_range "octets" ( blank+ "wide" @wide )?;
	own       = "cookie" @cookie_only to_step_cookie | state ( blank+ signed )? | "state" @state to_number signed
	          | "parameters" @parameters json? | "results" @test_results json? | "text" @text pieces
	          | "failed" @failed | "denied" @denied | "hello" @hello | "reply" @reply
	          | "any" to_reply "reply" @any_reply | "unread" @unread
	          | "datagrams" @datagrams sequences;

	what = ( request | response | own | "preamble" @preamble to_step_cookie | payload | "octets" @literal pieces | "open" @open
	       | "end-of-file" @end_of_file | "close" @close | "closed" @closed | "reset" @reset | nothing ) >what;

	# --- modifiers -----------------------------------------------------------------------------------------------

	action within        { parse->step.within = parse->time; parse->step.has_within = true; }
	action not_before    { parse->step.not_before = parse->time; parse->step.has_not_before = true; }
	action from_mark     { case_value_from(parse, p); }
	action cut_at        { case_value_cut(parse); }
	action cut_into      { parse->step.cut_into = (size_t)parse->number; }
	action blamed        { parse->step.requirement = parse->requirement; }
	action is_within     { case_once(parse, &parse->at.within, p, "within"); }
	action is_not_before { case_once(parse, &parse->at.not_before, p, "not before"); }
	action is_from       { case_once(parse, &parse->at.from, p, "from"); }
	action is_cut        { case_once(parse, &parse->at.cut, p, "cut"); }
	action is_or         { case_once(parse, &parse->at.or, p, "or"); }
	action or_failed     { parse->step.or = CASE_OR_FAILED; }
	action or_denied     { parse->step.or = CASE_OR_DENIED; }
	action is_blamed     { case_once(parse, &parse->at.requirement, p, ";"); }

	offsets  = number %cut_at ( "," blank* number %cut_at )*;
	modifier = "within" @is_within to_time time %within
	         | "not" @is_not_before to_before "before" to_time time %not_before
	         | "from" @is_from to_name name %from_mark
	         | "cut" @is_cut to_cut ( "at" to_number offsets | "into" to_number number %cut_into )
	         | "or" @is_or to_or ( "failed" @or_failed | "denied" @or_denied )
	         | ( ";" >is_blamed >x_requirement blank* ) requirement %blamed;
	end      = ( to_modifier modifier )* to_modifier "\n";

	# --- lines ---------------------------------------------------------------------------------------------------

	action label     { case_value_label(parse, p); }
	action to_server { parse->step.direction = CASE_TO_SERVER; }
	action to_client { parse->step.direction = CASE_TO_CLIENT; }
	action direction { parse->at.direction = p; }
	action is_wait   { parse->step.what = CASE_WAIT; }
	action is_mark   { parse->step.what = CASE_MARK; }
	action mark      { case_value_mark(parse, p); }
	action set       { parse->step.what = CASE_SET_COOKIE; parse->step.cookie = parse->cookie; }
	action serve     { parse->step.what = CASE_SERVE; }
	action exit      { parse->step.what = CASE_EXIT; }
	action success   { parse->step.success = true; }
	action any       { parse->step.any_status = true; }
	action is_says   { parse->step.what = CASE_SAYS; }
	action is_free   { parse->step.what = CASE_FREE; }
	action is_signal { parse->step.what = CASE_SIGNAL; }
	action interrupt { parse->step.number = SIGINT; }
	action terminate { parse->step.number = SIGTERM; }
	action is_refuse { parse->step.what = CASE_REFUSE; }
	action says      { case_value_says(parse, p + 1); }

	label     = ( ( "#" | "udp:" ) alnum+ ) >word %label;
	direction = ( "C>S" @to_server | "S>C" @to_client ) >direction;
	step      = label to_direction direction to_what what
	          | ( direction to_nothing nothing
	            | "wait" @is_wait to_time time %for_time
	            | "mark" @is_mark to_name name %mark
	            | cookie %set to_equals "=" pieces
	            | "serve" @serve ( blank+ "{" @json )?
	            | "exit" @exit to_status ( "0" @success | "failure" | "any" @any )
	            | "free" @is_free | "refuse" @is_refuse
	            | "signal" @is_signal to_signal ( "INT" @interrupt | "TERM" @terminate )
	            | "says" @is_says to_string string @says ) >what;

	action id         { case_head(parse, HEAD_ID, p); }
	action id_word    { case_head_id(parse, p); }
	action title      { case_head(parse, HEAD_TITLE, p); }
	action title_text { case_head_title(parse, p); }
	action role       { case_head(parse, HEAD_ROLE, p); }
	action server     { case_head_role(parse, CASE_SERVER); }
	action client     { case_head_role(parse, CASE_CLIENT); }
	action tests      { case_head(parse, HEAD_TESTS, p); }
	action test       { case_head_test(parse); }
	action with       { case_head(parse, HEAD_WITH, p); }
	action streams    { case_head_streams(parse); }
	action bytes      { case_head_bytes(parse); }
	action tcp        { case_head_transport(parse, false); }
	action udp        { case_head_transport(parse, true); }
	action needs      { case_head(parse, HEAD_NEEDS, p); }
	action need       { case_head_need(parse); }
	action short      { parse->is_short = true; }

	action profile    { case_head(parse, HEAD_PROFILE, p); }
	action text_one   { case_head_profile(parse, CASE_TEXT_PROFILE); }
	action iperf3_one { case_head_profile(parse, CASE_IPERF3); }
	action option     { case_head_option(parse, p); }

	id        = ( ( alnum | "." | "_" | "-" )+ "/" digit+ ) >word;
	text      = ( [^ \t\n] [^\n]* ) >word;
	with      = "streams=" number %streams | "bytes=" number %bytes
	          | "transport=" ( "tcp" @tcp | "udp" @udp ) >word
	          | ( ( "blocks" | "time" | "omit" | "length" | "rate" | "interval" | "receive-timeout" | "bitrate-limit"
	              | "duration-limit" ) "=" digit+ ( "." digit+ )? ) >word %option
	          | ( "reverse" | "bidir" | "wide" | "server-output" | "one-off" | "key" | "both-profiles" ) >word %option;
	end_head  = ( blank+ >x_end "\n" );
	end_list  = ( blank+ "\n" );
	head      = "id" %id to_id id %id_word end_head
	          | "title" %title to_title text %title_text "\n"
	          | "role" %role to_role ( "server" @server | "client" @client ) end_head
	          | "profile" %profile to_profile ( "text" @text_one | "iperf3" @iperf3_one ) end_head
	          | "tests" %tests ( to_requirement requirement %test )+ end_list
	          | "with" %with ( to_with with )+ end_list
	          | "needs" %needs ( to_timer ( "short" @short blank+ )? timer %need )+ end_list;

	line := ( blank* ( head | step end ) ) $!wrong;
}%%

%% write data noerror nofinal;

/* What may follow a step: its modifiers, and where it may still go on, more of it. */
static enum case_expect after_step(const struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	if (step->what == CASE_OCTETS || step->what == CASE_SET_COOKIE || step->what == CASE_TEXT)
		return EXPECT_PIECE_OR_MODIFIER;
	if (step->what == CASE_MESSAGE && step->message == IPERF_RESULTS_RESPONSE && !step->json && !parse->results)
		return EXPECT_JSON;
	if ((step->what == CASE_PARAMETERS || step->what == CASE_RESULTS) && !step->json && !parse->results)
		return EXPECT_JSON;
	return EXPECT_MODIFIER;
}

static void message(struct case_step *step, enum iperf_message_kind kind)
{
	step->what = CASE_MESSAGE;
	step->message = kind;
}

void case_parse_line(struct case_parse *parse, const char *begin, const char *end)
{
	const char *p = begin;
	const char *const pe = end;
	const char *const eof = NULL; /* the line's own "\n" is its end */
	int cs = case_line_start;

	%% write exec;
	(void)eof;
	(void)case_line_en_line;
}
