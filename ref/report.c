#include "ref/report.h"

#include <errno.h>

#include "ref/units.h"

const char *report_protocol(enum iperf_protocol protocol)
{
	return protocol == IPERF_TCP ? "TCP" : "UDP";
}

double report_rate(uint64_t bytes, double seconds)
{
	return seconds > 0 ? (double)bytes * 8 / seconds : 0;
}

void report_flow(const char *id, double start, double end, uint64_t bytes)
{
	char octets[UNITS_TEXT_SIZE], rate[UNITS_TEXT_SIZE];

	units_octets_text((double)bytes, octets);
	units_rate_text(report_rate(bytes, end - start), rate);
	printf("[%3s] %6.2f-%-6.2f sec  %11s  %14s", id, start, end, octets, rate);
}

json_t *report_flow_json(double start, double end, uint64_t bytes, bool sender)
{
	return json_pack("{s:f, s:f, s:f, s:I, s:f, s:b}", "start", start, "end", end, "seconds", end - start, "bytes",
			 (json_int_t)bytes, "bits_per_second", report_rate(bytes, end - start), "sender", (int)sender);
}

json_t *report_timestamp_json(time_t at)
{
	char text[64];
	struct tm tm;

	strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &tm));
	return json_pack("{s:s, s:I}", "time", text, "timesecs", (json_int_t)at);
}

int report_flush(FILE *out)
{
	errno = 0;
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}
