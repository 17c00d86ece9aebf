#include "conformance/command.h"
#include "conformance/case.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int command_complain(const char *command, const char *option, const char *value, const char *allowed)
{
	fprintf(stderr, "iperf-conform %s: %s%s%s: %s; try 'iperf-conform %s --help'\n", command, option,
		*value ? " " : "", value, allowed, command);
	return STATUS_USAGE;
}

bool command_port(const char *text, bool zero, uint16_t *port)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > 65535 || (value == 0 && !zero))
		return false;
	*port = (uint16_t)value;
	return true;
}

bool command_count(const char *text, unsigned most, unsigned *count)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*count = (unsigned)value;
	return end != text && !*end && *text != '-' && value >= 1 && value <= most;
}

static bool get_seconds(const char **text, char stop, int64_t *ns)
{
	char *end;
	double value = strtod(*text, &end);

	if (end == *text || *end != stop || !(value > 0) || value > 86400)
		return false;
	*ns = (int64_t)(value * 1e9);
	*text = end + (stop != '\0');
	return true;
}

bool command_seconds(const char *text, int64_t *ns)
{
	return get_seconds(&text, '\0', ns);
}

bool command_timers(const char *text, int64_t *t_hello_ns, int64_t *t_begin_ns, int64_t *t_idle_ns)
{
	return get_seconds(&text, ',', t_hello_ns) && get_seconds(&text, ',', t_begin_ns) &&
	       get_seconds(&text, '\0', t_idle_ns);
}

/* One "T_read=0.5" up to its end, which is a comma or the end of all. */
static bool get_timer(const char **text, int64_t *all)
{
	const char *equals = strchr(*text, '='), *value = equals ? equals + 1 : NULL;
	char stop = value && strchr(value, ',') ? ',' : '\0';

	for (unsigned i = CASE_NO_TIMER + 1; value && i < CASE_TIMERS; i++) {
		const char *name = case_timer_name((enum case_timer)i);

		if (strlen(name) != (size_t)(equals - *text) || strncmp(name, *text, strlen(name)) != 0)
			continue;
		*text = value;
		return get_seconds(text, stop, &all[i]);
	}
	return false;
}

bool command_named_timers(const char *text, int64_t *all)
{
	if (*text != 'T')
		return command_timers(text, &all[CASE_T_HELLO], &all[CASE_T_BEGIN], &all[CASE_T_IDLE]);
	while (*text)
		if (!get_timer(&text, all))
			return false;
	return true;
}

bool command_speed(const char *text, double *pace)
{
	char *end;
	double speed = strtod(text, &end);

	if (strcmp(text, "max") == 0) {
		*pace = 0;
		return true;
	}
	*pace = 1 / speed;
	return end != text && !*end && speed >= 0.001 && speed <= 1000;
}

int command_help(const char *text)
{
	fputs(text, stdout);
	return fflush(stdout) == 0 ? STATUS_CONFORMS : STATUS_UNTESTED;
}
