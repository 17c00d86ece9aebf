/* Numbers and times as users write them, and as reports show them. */
#include "proto/rows_test.h"
#include "ref/units.h"

/* What a text is read as; value is -1 where it is none. */
struct row {
	const char *name;
	const char *at;
	const char *text;
	int64_t value;
};

static const struct row octet_rows[] = {
	{ "octets/zero", AT, "0", 0 },
	{ "octets/plain", AT, "1500", 1500 },
	{ "octets/K", AT, "2K", 2048 },
	{ "octets/k", AT, "2k", 2048 },
	{ "octets/M", AT, "1M", 1048576 },
	{ "octets/G", AT, "1g", 1073741824 },
	{ "octets/T", AT, "1T", INT64_C(1099511627776) },
	{ "octets/fraction", AT, "1.5K", 1536 },
	{ "octets/most", AT, "9223372036854775807", INT64_MAX },
	{ "octets/one-too-many", AT, "9223372036854775808", -1 },
	{ "octets/too-many-by-suffix", AT, "8388608T", -1 },
	{ "octets/fraction-of-one", AT, "1.5", -1 },
	{ "octets/empty", AT, "", -1 },
	{ "octets/suffix-alone", AT, "K", -1 },
	{ "octets/two-suffixes", AT, "1KK", -1 },
	{ "octets/other-suffix", AT, "1X", -1 },
	{ "octets/negative", AT, "-1", -1 },
	{ "octets/plus", AT, "+1", -1 },
	{ "octets/space-before", AT, " 1", -1 },
	{ "octets/space-behind", AT, "1 ", -1 },
	{ "octets/point-alone", AT, ".", -1 },
	{ "octets/point-first", AT, ".5K", -1 },
	{ "octets/point-last", AT, "1.", -1 },
	{ "octets/hexadecimal", AT, "0x10", -1 },
	{ "octets/exponent", AT, "1e3", -1 },
	{ "octets/nan", AT, "nan", -1 },
};

static const struct row rate_rows[] = {
	{ "rate/K", AT, "2K", 2000 },
	{ "rate/M", AT, "1.25M", 1250000 },
	{ "rate/G", AT, "10G", INT64_C(10000000000) },
};

static const struct row second_rows[] = {
	{ "seconds/zero", AT, "0", 0 },
	{ "seconds/whole", AT, "10", INT64_C(10000000000) },
	{ "seconds/fraction", AT, "0.2", 200000000 },
	{ "seconds/nanosecond", AT, "0.000000001", 1 },
	{ "seconds/suffix", AT, "1s", -1 },
	{ "seconds/negative", AT, "-1", -1 },
	{ "seconds/too-many", AT, "9223372037", -1 },
	{ "seconds/empty", AT, "", -1 },
};

static void compare(const struct row *row, bool is_number, int64_t value)
{
	if (is_number != (row->value >= 0))
		row_fail(row->at, "\"%s\" is %s", row->text, is_number ? "taken" : "refused");
	if (is_number && value != row->value)
		row_fail(row->at, "\"%s\" is read as %lld", row->text, (long long)value);
}

static void run_octets(void **state)
{
	const struct row *row = *state;
	int64_t value = 0;
	bool is_number = units_number(row->text, 1024, &value);

	compare(row, is_number, value);
}

static void run_rate(void **state)
{
	const struct row *row = *state;
	int64_t value = 0;
	bool is_number = units_number(row->text, 1000, &value);

	compare(row, is_number, value);
}

static void run_seconds(void **state)
{
	const struct row *row = *state;
	int64_t value = 0;
	bool is_number = units_seconds(row->text, &value);

	compare(row, is_number, value);
}

static const struct {
	double value;
	const char *octets, *rate;
} text_rows[] = {
	{ 0, "0.00 Bytes", "0.00 bits/sec" },
	{ 9.994, "9.99 Bytes", "9.99 bits/sec" },
	{ 9.996, "10.0 Bytes", "10.0 bits/sec" },
	{ 99.96, "100 Bytes", "100 bits/sec" },
	{ 1000, "1000 Bytes", "1.00 Kbits/sec" },
	{ 1024, "1.00 KBytes", "1.02 Kbits/sec" },
	{ 1048576, "1.00 MBytes", "1.05 Mbits/sec" },
	{ 1e9, "954 MBytes", "1.00 Gbits/sec" },
	{ 1e12, "931 GBytes", "1.00 Tbits/sec" },
	{ 1e18, "909495 TBytes", "1000000 Tbits/sec" },
};

static void texts(void **state)
{
	char text[UNITS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(text_rows); i++) {
		units_octets_text(text_rows[i].value, text);
		assert_string_equal(text, text_rows[i].octets);
		units_rate_text(text_rows[i].value, text);
		assert_string_equal(text, text_rows[i].rate);
	}
}

int main(void)
{
	ROWS_ADD(octet_rows, run_octets);
	ROWS_ADD(rate_rows, run_rate);
	ROWS_ADD(second_rows, run_seconds);
	test_add("texts", texts, NULL);
	return tests_run("ref/units");
}
