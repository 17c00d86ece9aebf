#include "ref/units.h"

#include <stdio.h>
#include <string.h>

/* Reads digits, and a fraction if there is one: value = whole + fraction, 0 <= fraction < 1. Returns what follows, or
 * NULL. Not strtod(): that takes signs, white space, hexadecimals and "nan" as well. */
static const char *read_decimal(const char *text, int64_t *whole, double *fraction)
{
	double place = 0.1;
	const char *at = text;

	*whole = 0;
	*fraction = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*whole, 10, whole) || __builtin_add_overflow(*whole, *at - '0', whole))
			return NULL;
	if (at == text)
		return NULL;
	if (*at != '.')
		return at;
	for (at++; *at >= '0' && *at <= '9'; at++, place /= 10)
		*fraction += place * (*at - '0');
	return at[-1] == '.' ? NULL : at;
}

/* value = (whole + fraction) * factor */
static bool scale(int64_t whole, double fraction, int64_t factor, int64_t *value)
{
	return !__builtin_mul_overflow(whole, factor, value) &&
	       !__builtin_add_overflow(*value, (int64_t)(fraction * (double)factor + 0.5), value);
}

bool units_number(const char *text, int64_t base, int64_t *value)
{
	static const char suffixes[] = "KMGTkmgt";
	int64_t whole, factor = 1;
	double fraction;
	const char *suffix, *end = read_decimal(text, &whole, &fraction);

	if (!end)
		return false;
	if (*end) {
		suffix = strchr(suffixes, *end);
		if (!suffix || end[1])
			return false;
		for (long power = (suffix - suffixes) % 4; power >= 0; power--)
			factor *= base;
	}
	return (fraction == 0 || factor > 1) && scale(whole, fraction, factor, value);
}

bool units_seconds(const char *text, int64_t *ns)
{
	int64_t whole;
	double fraction;
	const char *end = read_decimal(text, &whole, &fraction);

	return end && !*end && scale(whole, fraction, 1000000000, ns);
}

static void scaled_text(double value, double base, const char *unit, char text[static UNITS_TEXT_SIZE])
{
	static const char *const prefixes[] = { "", "K", "M", "G", "T" };
	size_t i = 0;

	for (; value >= base && i < 4; i++)
		value /= base;
	snprintf(text, UNITS_TEXT_SIZE, value < 9.995 ? "%.2f %s%s" : value < 99.95 ? "%.1f %s%s" : "%.0f %s%s", value,
		 prefixes[i], unit);
}

void units_octets_text(double octets, char text[static UNITS_TEXT_SIZE])
{
	scaled_text(octets, 1024, "Bytes", text);
}

void units_rate_text(double bits_per_second, char text[static UNITS_TEXT_SIZE])
{
	scaled_text(bits_per_second, 1000, "bits/sec", text);
}
