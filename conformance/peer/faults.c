/* The tables of faults.h at run time. */
#include "faults.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct row {
	enum fault id;
	const char *name; /* with underscores */
	const char *requirement;
	const char *text;
};

#define SERVER_ROW(name, requirement, text) {SERVER_FAULT_##name, #name, requirement, text},
#define CLIENT_ROW(name, requirement, text) {CLIENT_FAULT_##name, #name, requirement, text},
#define I3_SERVER_ROW(name, requirement, text) {I3_SERVER_FAULT_##name, #name, requirement, text},
#define I3_CLIENT_ROW(name, requirement, text) {I3_CLIENT_FAULT_##name, #name, requirement, text},

static const struct row server_rows[] = {SERVER_FAULTS(SERVER_ROW){NO_FAULT, NULL, NULL, NULL}};
static const struct row client_rows[] = {CLIENT_FAULTS(CLIENT_ROW){NO_FAULT, NULL, NULL, NULL}};

#define I3_STOP "R-29-7"
#define I3_STATES "R-22.3-1"
static const struct row i3_server_rows[] = {I3_SERVER_FAULTS(I3_SERVER_ROW){NO_FAULT, NULL, NULL, NULL}};
#undef I3_STOP
#undef I3_STATES
#define I3_STOP "R-29-5"
#define I3_STATES "R-22.3-2"
static const struct row i3_client_rows[] = {I3_CLIENT_FAULTS(I3_CLIENT_ROW){NO_FAULT, NULL, NULL, NULL}};

enum fault active_fault = NO_FAULT;

static const struct row *rows(bool iperf3, bool server)
{
	if (iperf3)
		return server ? i3_server_rows : i3_client_rows;
	return server ? server_rows : client_rows;
}

static void hyphenate(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s", name);
	for (char *p = out; *p; p++)
		if (*p == '_')
			*p = '-';
}

bool fault_activate(bool iperf3, bool server, const char *name)
{
	char shown[64];

	for (const struct row *row = rows(iperf3, server); row->name; row++) {
		hyphenate(row->name, shown, sizeof shown);
		if (strcmp(shown, name) == 0) {
			active_fault = row->id;
			return true;
		}
	}
	return false;
}

void fault_list(bool iperf3, bool server)
{
	char shown[64];

	for (const struct row *row = rows(iperf3, server); row->name; row++) {
		hyphenate(row->name, shown, sizeof shown);
		printf("%s\t%s\t%s\n", shown, row->requirement, row->text);
	}
}
