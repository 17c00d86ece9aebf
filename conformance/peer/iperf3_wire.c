/* Numbers, length and JSON text (SPEC 22.4). */
#include "iperf3.h"

#include <stdlib.h>
#include <string.h>

void i3_put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

void i3_put64(uint8_t *p, uint64_t value)
{
	i3_put32(p, (uint32_t)(value >> 32));
	i3_put32(p + 4, (uint32_t)value);
}

uint32_t i3_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t i3_get64(const uint8_t *p)
{
	return (uint64_t)i3_get32(p) << 32 | i3_get32(p + 4);
}

uint8_t *i3_frame(const char *text, size_t *size)
{
	size_t n = strlen(text) + (i3_fault(text_terminated) ? 1 : 0);
	uint8_t *frame = malloc(4 + n);

	if (!frame)
		abort();
	i3_put32(frame, (uint32_t)n);
	if (i3_fault(length_little_endian)) {
		uint32_t host = (uint32_t)n; /* as a program writes that forgets to convert */

		for (int i = 0; i < 4; i++, host >>= 8)
			frame[i] = (uint8_t)host;
	}
	memcpy(frame + 4, text, n);
	*size = 4 + n;
	return frame;
}

struct json *i3_object(const uint8_t *text, size_t n)
{
	size_t at;
	struct json *value;

	if (i3_fault(white_space_refused) && memchr(text, '\n', n))
		return NULL;
	value = json_read_any_number(text, n, &at);
	if (!value && i3_server_fault(bad_json_taken))
		value = json_read((const uint8_t *)"{}", 2, &at);
	if (value && value->type != JSON_OBJECT) {
		json_free(value);
		return NULL;
	}
	return value;
}

bool i3_integer(const struct json *value, int64_t *out)
{
	double number;
	char *end;

	if (!value || value->type != JSON_NUMBER)
		return false;
	if (strcmp(value->text, "18446744073709551615") == 0) {
		*out = -1; /* R-22.4-8 */
		return !i3_fault(unsigned_refused);
	}
	*out = strtoll(value->text, &end, 10);
	if (*end == 0 && value->text_len < 19)
		return true;
	number = strtod(value->text, NULL);
	if (*end && i3_fault(exponent_refused))
		return false;
	if (number == 18446744073709551616.0) {
		*out = -1; /* the same number out of a double */
		return true;
	}
	if (!(number > -9.2e18 && number < 9.2e18))
		return false;
	*out = *end ? (int64_t)number : *out;
	return *end == 0 || (double)*out == number;
}

const char *i3_minus_one(void)
{
	return i3_fault(minus_one_unsigned) ? "18446744073709551615" : "-1";
}
