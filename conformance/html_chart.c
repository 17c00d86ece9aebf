/* Sequence charts as SVG: time and connection in a gutter at the left, then the client's line and the server's, an arrow
 * between them for each line of the sequence, its label above it. A connection has a shape and a colour of its own, the same
 * in both charts of a case. */
#include "conformance/html_private.h"

#include <string.h>

/* In units of the viewBox; on a phone of 320 pixels one is 0.8 pixels. */
#define WIDTH 346
#define CLIENT 54
#define SERVER 338
#define MIDDLE ((CLIENT + SERVER) / 2)
#define LINE 15         /* height of a line of text */
#define LABEL_POINTS 37 /* characters between the two lines at 12.5 units and a fixed width */
#define LABEL_LINES 8   /* of a label; what is longer is cut, its whole is in the list of what was said */
#define NAME_POINTS 6   /* in the shape of a connection */
#define SHAPES 6
#define HEADING 26       /* above the first row */
#define TALL 12          /* rows, above which a chart gets a link to its first difference */
#define PART 8           /* rows in one picture; a page on paper is broken between two */
#define MARGIN 8         /* above and below the first difference, together */

struct row {
	struct outcome_text label, connection, direction;
	bool has_at, wrong, reached;
	double at;
};

struct chart {
	FILE *out;
	json_t *shapes;         /* name of a connection: its number */
	const char *name;       /* "Expected" */
	struct outcome_text id; /* of the case */
	bool marked;            /* there is a first difference already */
	int y;                  /* where the next row begins */
};

/* The text of a step without the connection and direction that the chart draws. */
static struct outcome_text without_head(struct outcome_text text, struct outcome_text connection, struct outcome_text direction)
{
	const struct outcome_text heads[] = { connection, direction };

	for (size_t i = 0; i < 2; i++) {
		size_t n = heads[i].length;

		if (n == 0 || text.length <= n || memcmp(text.at, heads[i].at, n) != 0 || text.at[n] != ' ')
			break;
		while (n < text.length && text.at[n] == ' ')
			n++;
		text = (struct outcome_text){ text.at + n, text.length - n };
	}
	return text;
}

static struct row row_of(const json_t *line)
{
	const json_t *at = json_object_get(line, "at");
	struct outcome_text state = outcome_text(line, "state");
	struct row row = {
		.connection = outcome_text(line, "connection"),
		.direction = outcome_text(line, "direction"),
		.has_at = json_is_number(at),
		.at = json_number_value(at),
		.wrong = json_is_true(json_object_get(line, "wrong")) || outcome_is(state, "failed"),
		.reached = !outcome_is(state, "not reached"),
	};

	row.label = without_head(outcome_text(line, "text"), row.connection, row.direction);
	return row;
}

static size_t points(struct outcome_text text)
{
	size_t n = 0;

	for (size_t place = 0; place < text.length; n++)
		outcome_next(text, &place);
	return n;
}

/* How many characters the page shows for one: controls are written as \x1b. */
static size_t shown(uint32_t c)
{
	return !outcome_is_control(c) ? 1 : c < 0x100 ? 4 : 6;
}

/* The next line of a label: up to a blank or comma if there is one in its second half. */
static struct outcome_text next_line(struct outcome_text *rest)
{
	size_t place = 0, blank = 0, used = 0, begin = 0;
	struct outcome_text line;

	while (place < rest->length) {
		begin = place;
		uint32_t c = outcome_next(*rest, &place);

		used += shown(c);
		if (used > LABEL_POINTS) {
			place = blank > 0 ? blank : begin;
			break;
		}
		if ((c == ' ' || c == ',') && used > LABEL_POINTS / 2)
			blank = place;
	}
	line = (struct outcome_text){ rest->at, place };
	*rest = (struct outcome_text){ rest->at + place, rest->length - place };
	return line;
}

/* Writes a label, centred, from chart->y on, and moves that behind it. */
static void put_label(struct chart *chart, struct outcome_text label, const char *classes)
{
	for (int n = 0; label.length > 0; n++) {
		struct outcome_text line = next_line(&label);

		chart->y += LINE;
		fprintf(chart->out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", classes, MIDDLE, chart->y - 4);
		html_put(chart->out, line);
		fputs(n == LABEL_LINES - 1 && label.length > 0 ? "…</text>" : "</text>", chart->out);
		if (n == LABEL_LINES - 1)
			break;
	}
}

static int shape_of(struct chart *chart, struct outcome_text connection)
{
	const json_t *known = json_object_get(chart->shapes, connection.at);

	if (!known) {
		json_object_set_new_nocheck(chart->shapes, connection.at, json_integer((json_int_t)json_object_size(chart->shapes)));
		known = json_object_get(chart->shapes, connection.at);
	}
	return (int)(json_integer_value(known) % SHAPES);
}

/* A shape 46 wide and 16 high around (24, y), and the connection's name in it. */
static void put_connection(struct chart *chart, struct outcome_text name, int y)
{
	static const char *const corners[SHAPES] = {
		"1,-8 47,-8 47,8 1,8",
		"7,-8 41,-8 47,0 41,8 7,8 1,0",
		"7,-8 47,-8 41,8 1,8",
		"1,-8 41,-8 47,0 41,8 1,8",
		"6,-8 42,-8 47,-3 47,3 42,8 6,8 1,3 1,-3",
		"1,-8 47,-8 41,8 7,8",
	};
	int shape = shape_of(chart, name);
	size_t place = 0;

	fprintf(chart->out, "<g class=\"c%d\" transform=\"translate(0 %d)\"><polygon points=\"%s\"/><text x=\"24\" y=\"4\">", shape, y,
		corners[shape]);
	for (size_t n = 0; place < name.length; n++) {
		if (n == NAME_POINTS - 1 && points(name) > NAME_POINTS) {
			fputs("…", chart->out);
			break;
		}
		html_put_point(chart->out, outcome_next(name, &place));
	}
	fputs("</text></g>", chart->out);
}

static void put_arrow(struct chart *chart, const struct row *row, int y)
{
	bool to_server = outcome_is(row->direction, "C>S");
	bool nothing = row->label.length >= 7 && memcmp(row->label.at, "nothing", 7) == 0;
	bool udp = row->connection.length > 3 && memcmp(row->connection.at, "udp", 3) == 0;
	int from = to_server ? CLIENT : SERVER, to = to_server ? SERVER : CLIENT, back = to_server ? -9 : 9;

	fprintf(chart->out, "<g class=\"c%d\"><path class=\"arrow%s\" d=\"M%d %dH%d\"/>", shape_of(chart, row->connection),
		nothing ? " none" : udp ? " udp" : "", from, y, nothing ? to : to + back / 2);
	if (!nothing)
		fprintf(chart->out, "<path class=\"head\" d=\"M%d %dl%d -5v10z\"/>", to, y, back);
	fputs("</g>", chart->out);
}

static void put_time(FILE *out, double at, int y)
{
	fprintf(out, "<text class=\"at\" x=\"46\" y=\"%d\">%.*f</text>", y, at < 10 ? 4 : at < 100 ? 3 : at < 1000 ? 2 : 0, at);
}

static int row_height(const struct row *row, bool arrow, struct outcome_text label)
{
	int lines = 0;

	while (label.length > 0 && lines < LABEL_LINES) {
		next_line(&label);
		lines++;
	}
	return LINE * (lines + row->wrong + (row->connection.length > 0 && points(row->connection) > NAME_POINTS)) +
	       (arrow ? 22 : 12) + (row->wrong ? MARGIN : 0);
}

/* The anchor of the first difference in this chart. */
static void put_difference(const struct chart *chart, const char *before)
{
	fprintf(chart->out, "%s%s-", before, chart->name);
	html_put_anchor(chart->out, chart->id);
}

static void put_row(struct chart *chart, const struct row *row)
{
	bool arrow = row->direction.length > 0 && row->connection.length > 0;
	int begin = chart->y, height = row_height(row, arrow, row->label);
	const char *classes = arrow ? "label" : "label note";

	fprintf(chart->out, "<g class=\"row%s%s\"", row->wrong ? " wrong" : "", row->reached ? "" : " late");
	if (row->wrong && !chart->marked) {
		put_difference(chart, " id=\"");
		putc('"', chart->out);
		chart->marked = true;
	}
	putc('>', chart->out);
	if (row->wrong) {
		fprintf(chart->out, "<rect class=\"mark\" x=\"49\" y=\"%d\" width=\"296\" height=\"%d\"/>", begin, height - 3);
		chart->y += MARGIN / 2;
		put_label(chart, (struct outcome_text){ "✗ first difference", strlen("✗ first difference") }, "label what");
	} else if (!arrow) {
		fprintf(chart->out, "<rect class=\"box\" x=\"60\" y=\"%d\" width=\"272\" height=\"%d\" rx=\"4\"/>", begin, height - 8);
	}
	if (row->has_at)
		put_time(chart->out, row->at, begin + 9);
	if (row->connection.length > 0 && points(row->connection) > NAME_POINTS)
		put_label(chart, row->connection, "label what");
	put_label(chart, row->label, classes);
	if (arrow)
		put_arrow(chart, row, chart->y + 7);
	if (row->connection.length > 0)
		put_connection(chart, row->connection, arrow ? chart->y + 7 : chart->y);
	fputs("</g>\n", chart->out);
	chart->y = begin + height;
}

/* What the failure says was observed, where the list of what was said has no wrong line: nothing came. */
static bool missing_row(const json_t *one, struct row *row)
{
	const json_t *failure = json_object_get(one, "failure"), *line;
	size_t i;

	if (!json_is_object(failure))
		return false;
	json_array_foreach(json_object_get(one, "observed"), i, line) {
		if (json_is_true(json_object_get(line, "wrong")))
			return false;
	}
	*row = (struct row){ .label = outcome_text(failure, "observed"), .has_at = true, .wrong = true, .reached = true,
			     .at = outcome_number(failure, "at") };
	json_array_foreach(json_object_get(one, "expected"), i, line) {
		if (outcome_is(outcome_text(line, "state"), "failed"))
			row->connection = outcome_text(line, "connection");
	}
	return true;
}

/* The row after the last line is what is missing, if something is. */
static struct row row_at(const json_t *lines, const struct row *last, size_t index)
{
	return index < json_array_size(lines) ? row_of(json_array_get(lines, index)) : *last;
}

static bool has_difference(const json_t *lines, const struct row *last)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		if (row_at(lines, last, i).wrong)
			return true;
	}
	return last != NULL;
}

/* The rows from begin to before end as one picture. Only the first of a chart has a heading and a name. */
static void put_part(struct chart *chart, const json_t *lines, const struct row *last, size_t begin, size_t end, size_t count)
{
	int height = begin == 0 ? HEADING : 0;

	chart->y = height;
	for (size_t i = begin; i < end; i++) {
		struct row row = row_at(lines, last, i);

		height += row_height(&row, row.direction.length > 0 && row.connection.length > 0, row.label);
	}
	fprintf(chart->out, "<svg %s viewBox=\"0 0 %d %d\">", begin == 0 ? "role=\"img\"" : "aria-hidden=\"true\"", WIDTH, height);
	if (begin == 0) {
		fprintf(chart->out, "<title>%s sequence of case ", chart->name);
		html_put(chart->out, chart->id);
		fprintf(chart->out, "</title><desc>%zu line%s between client and server%s</desc>\n", count, count == 1 ? "" : "s",
			has_difference(lines, last) ? "; the first difference is marked" : "");
		fprintf(chart->out, "<text class=\"lane\" x=\"%d\" y=\"14\">client</text><text class=\"lane end\" x=\"%d\" "
				    "y=\"14\">server</text><text class=\"at\" x=\"46\" y=\"14\">s</text>", CLIENT - 4, SERVER + 4);
	}
	fprintf(chart->out, "<path class=\"life\" d=\"M%d %dV%dM%d %dV%d\"/>\n", CLIENT, begin == 0 ? 20 : 0, height, SERVER,
		begin == 0 ? 20 : 0, height);
	for (size_t i = begin; i < end; i++) {
		struct row row = row_at(lines, last, i);

		put_row(chart, &row);
	}
	fputs("</svg>\n", chart->out);
}

static void put_chart(FILE *out, const json_t *one, json_t *shapes, const char *name, const json_t *lines, const struct row *last)
{
	struct chart chart = { .out = out, .shapes = shapes, .name = name, .id = outcome_text(one, "id") };
	size_t count = json_array_size(lines) + (last != NULL), begin = 0;

	fprintf(out, "<figure><figcaption>%s", name);
	if (count > TALL && has_difference(lines, last)) {
		put_difference(&chart, " <a href=\"#");
		fputs("\">to the first difference</a>", out);
	}
	fprintf(out, "</figcaption><div class=\"chart\" tabindex=\"0\" role=\"group\" aria-label=\"%s sequence of ", name);
	html_put(out, chart.id);
	fputs("\">\n", out);
	do {
		put_part(&chart, lines, last, begin, begin + PART < count ? begin + PART : count, count);
		begin += PART;
	} while (begin < count);
	fputs("</div></figure>\n", out);
}

void html_put_charts(FILE *out, const json_t *one)
{
	json_t *shapes = json_object();
	struct row last;
	bool missing = missing_row(one, &last);

	fputs("<div class=\"charts\">\n", out);
	put_chart(out, one, shapes, "Expected", json_object_get(one, "expected"), NULL);
	if (missing || json_array_size(json_object_get(one, "observed")) > 0)
		put_chart(out, one, shapes, "Observed", json_object_get(one, "observed"), missing ? &last : NULL);
	fputs("</div>\n", out);
	json_decref(shapes);
}
