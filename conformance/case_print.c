#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/case_private.h"

/* --- values ------------------------------------------------------------------------------------------------------ */

/* number / 10^places, without zeros at its end. */
static void print_decimal(FILE *out, uint64_t number, int places)
{
	uint64_t scale = 1;

	for (int i = 0; i < places; i++)
		scale *= 10;
	fprintf(out, "%" PRIu64, number / scale);
	number %= scale;
	if (number > 0)
		fputc('.', out);
	while (number > 0) {
		scale /= 10;
		fputc((int)('0' + number / scale), out);
		number %= scale;
	}
}

static void print_duration(FILE *out, int64_t ns)
{
	bool short_one = ns > 0 && ns < 1000000000;

	print_decimal(out, (uint64_t)ns, short_one ? 6 : 9);
	fputs(short_one ? "ms" : "s", out);
}

static void print_time(FILE *out, struct case_time time)
{
	if (time.timer == CASE_NO_TIMER) {
		print_duration(out, time.ns);
		return;
	}
	if (time.factor != 1) {
		print_decimal(out, (uint64_t)(time.factor * 1e6 + 0.5), 6); /* as many places as can be written */
		fputc('*', out);
	}
	fputs(case_timer_name(time.timer), out);
	if (time.ns > 0) {
		fputc('+', out);
		print_duration(out, time.ns);
	}
}

void case_print_cookie(FILE *out, int cookie)
{
	fputs("$cookie", out);
	if (cookie > 0)
		fprintf(out, "%d", cookie + 1);
}

/* One octet of a string; text: octets above 7f are part of characters, and stay. */
static void print_octet(FILE *out, uint8_t octet, bool text)
{
	static const char plain[] = "\r\n\t\\\"", letters[] = "rnt\\\"";
	const char *at = octet ? strchr(plain, octet) : NULL;

	if (at)
		fprintf(out, "\\%c", letters[at - plain]);
	else if (octet < 0x20 || octet == 0x7f || (octet >= 0x80 && !text))
		fprintf(out, "\\x%02x", octet);
	else
		fputc(octet, out);
}

static void print_string(FILE *out, const uint8_t *octets, size_t length, bool text)
{
	fputc('"', out);
	for (size_t i = 0; i < length; i++)
		print_octet(out, octets[i], text);
	fputc('"', out);
}

/* A string, when most of it can be read as one. */
static bool legible(const struct case_piece *piece)
{
	size_t letters = 0;

	for (size_t i = 0; i < piece->length; i++)
		letters += piece->octets[i] >= 0x20 && piece->octets[i] < 0x7f;
	return 2 * letters >= piece->length;
}

static void print_piece(FILE *out, const struct case_file *file, const struct case_piece *piece)
{
	if (piece->repeat != 1)
		fprintf(out, "%zu*", piece->repeat);
	if (piece->cookie >= 0) {
		case_print_cookie(out, piece->cookie);
		if (piece->begin != 0 || piece->end != case_cookie_length(file))
			fprintf(out, "[%zu..%zu]", piece->begin, piece->end);
	} else if (legible(piece)) {
		print_string(out, piece->octets, piece->length, false);
	} else {
		for (size_t i = 0; i < piece->length; i++)
			fprintf(out, "%02x", piece->octets[i]);
	}
}

void case_print_pieces(FILE *out, const struct case_file *file, const struct case_step *step)
{
	for (size_t i = 0; i < step->piece_count; i++) {
		fputc(' ', out);
		print_piece(out, file, &step->pieces[i]);
	}
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

static void print_message(FILE *out, const struct case_step *step)
{
	fprintf(out, "%s ", iperf_message_keyword(step->message));
	case_print_cookie(out, step->cookie);
	if (step->json)
		fprintf(out, " %s", step->json);
	else if (step->message == IPERF_RESULTS_RESPONSE && step->direction == CASE_TO_CLIENT)
		fputs(" $results", out);
}

static void print_payload(FILE *out, const struct case_step *step)
{
	if (step->octets < 0) {
		fputs(step->some ? "[some payload]" : "[payload]", out);
		return;
	}
	fprintf(out, "[%" PRId64 " octet%s of payload", step->octets, step->octets == 1 ? "" : "s");
	if (step->datagrams >= 0)
		fprintf(out, " in %" PRId64 " datagram%s", step->datagrams, step->datagrams == 1 ? "" : "s");
	fputc(']', out);
}

static void print_what(FILE *out, const struct case_file *file, const struct case_step *step)
{
	switch (step->what) {
	case CASE_MESSAGE:
		print_message(out, step);
		return;
	case CASE_PREAMBLE:
		fputs("preamble ", out);
		case_print_cookie(out, step->cookie);
		return;
	case CASE_PAYLOAD:
		print_payload(out, step);
		return;
	case CASE_OCTETS:
		fputs("octets", out);
		case_print_pieces(out, file, step);
		return;
	case CASE_OPEN:
		fputs("open", out);
		return;
	case CASE_END_OF_FILE:
		fputs("end-of-file", out);
		return;
	case CASE_CLOSE:
		fputs("close", out);
		return;
	case CASE_RESET:
		fputs("reset", out);
		return;
	case CASE_CLOSED:
		fputs("closed", out);
		return;
	case CASE_NOTHING:
		fputs("nothing for ", out);
		print_time(out, step->time);
		return;
	case CASE_WAIT:
		fputs("wait ", out);
		print_time(out, step->time);
		return;
	case CASE_MARK:
		fprintf(out, "mark %s", file->marks[step->mark]);
		return;
	case CASE_SET_COOKIE:
		case_print_cookie(out, step->cookie);
		fputs(" =", out);
		case_print_pieces(out, file, step);
		return;
	case CASE_SERVE:
		fprintf(out, "serve%s%s", step->json ? " " : "", step->json ? step->json : "");
		return;
	case CASE_EXIT:
		fputs(step->any_status ? "exit any" : step->success ? "exit 0" : "exit failure", out);
		return;
	case CASE_SAYS:
		fputs("says ", out);
		print_string(out, (const uint8_t *)step->text, strlen(step->text), true);
		return;
	default:
		case_iperf3_print(out, file, step);
	}
}

static void print_modifiers(FILE *out, const struct case_file *file, const struct case_step *step)
{
	if (step->has_within) {
		fputs(" within ", out);
		print_time(out, step->within);
	}
	if (step->has_not_before) {
		fputs(" not before ", out);
		print_time(out, step->not_before);
	}
	if (step->from >= 0)
		fprintf(out, " from %s", file->marks[step->from]);
	for (size_t i = 0; i < step->cut_count; i++)
		fprintf(out, "%s%zu", i ? "," : " cut at ", step->cuts[i]);
	if (step->or != CASE_OR_NOTHING)
		fputs(step->or == CASE_OR_FAILED ? " or failed" : " or denied", out);
	if (step->cut_into)
		fprintf(out, " cut into %zu", step->cut_into);
}

/* The step without its requirement; the label is given width columns. */
static void print_step(FILE *out, const struct case_file *file, const struct case_step *step, int width)
{
	if (step->label >= 0)
		fprintf(out, "%-*s ", width, file->labels[step->label].name);
	if (step->label >= 0 || step->what == CASE_NOTHING)
		fprintf(out, "%s ", step->direction == CASE_TO_SERVER ? "C>S" : "S>C");
	print_what(out, file, step);
	print_modifiers(out, file, step);
}

void case_step_text(const struct case_file *file, const struct case_step *step, char *text, size_t size)
{
	char *whole = NULL;
	size_t length = 0;
	FILE *out;

	if (size == 0)
		return;
	text[0] = '\0';
	out = open_memstream(&whole, &length);
	if (!out)
		return;
	print_step(out, file, step, 0);
	if (fclose(out) == 0) {
		if (length >= size) {
			length = size - 1;
			while (length > 0 && ((unsigned char)whole[length] & 0xc0) == 0x80) /* not within a character */
				length--;
		}
		memcpy(text, whole, length);
		text[length] = '\0';
	}
	free(whole);
}

/* --- cases ------------------------------------------------------------------------------------------------------- */

static void print_head(const struct case_file *file, FILE *out)
{
	fprintf(out, "id     %s\ntitle  %s\nrole   %s\n%stests ", file->id, file->title,
		file->role == CASE_SERVER ? "server" : "client", file->profile == CASE_IPERF3 ? "profile iperf3\n" : "");
	for (size_t i = 0; i < file->test_count; i++)
		fprintf(out, " %s", iperf_requirements[file->tests[i]].id);
	fputc('\n', out);
	if (file->has_streams || file->has_bytes || file->has_transport || file->option_count > 0) {
		fputs("with  ", out);
		if (file->has_streams)
			fprintf(out, " streams=%u", file->streams);
		if (file->has_bytes)
			fprintf(out, " bytes=%" PRIu64, file->bytes);
		if (file->has_transport)
			fprintf(out, " transport=%s", file->udp ? "udp" : "tcp");
		for (size_t i = 0; i < file->option_count; i++)
			fprintf(out, " %s%s%s", file->options[i].name, *file->options[i].value ? "=" : "",
				file->options[i].value);
		fputc('\n', out);
	}
	if (file->needs) {
		fputs("needs ", out);
		for (unsigned timer = CASE_T_HELLO; timer < CASE_TIMERS; timer++) {
			if (file->needs & 1U << timer)
				fprintf(out, " %s%s", file->needs_short & 1U << timer ? "short " : "",
					case_timer_name((enum case_timer)timer));
		}
		fputc('\n', out);
	}
}

/* Characters, which are columns for what is written here. */
static int characters(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

#define BLAME_COLUMN 46 /* at most; longer lines are followed at once */

static void print_steps(const struct case_file *file, FILE *out)
{
	int width = 0;

	for (size_t i = 0; i < file->label_count; i++) {
		int length = (int)strlen(file->labels[i].name);

		width = length > width ? length : width;
	}
	for (size_t i = 0; i < file->step_count; i++) {
		const struct case_step *step = &file->steps[i];
		char *line = NULL;
		size_t length = 0;
		FILE *memory = open_memstream(&line, &length);

		if (!memory)
			return;
		print_step(memory, file, step, width + 1);
		if (fclose(memory) == 0) {
			int blanks = BLAME_COLUMN - characters(line);

			fputs(line, out);
			if (step->requirement != IPERF_R_NONE)
				fprintf(out, "%*s; %s", blanks < 2 ? 2 : blanks, "", iperf_requirements[step->requirement].id);
			fputc('\n', out);
		}
		free(line);
	}
}

void case_print(const struct case_file *file, FILE *out)
{
	print_head(file, out);
	fputc('\n', out);
	print_steps(file, out);
}
