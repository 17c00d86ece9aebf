/* Becoming another user, which only root can: for good, with nothing left but what was asked for. */
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/rows_test.h"
#include "ref/testchild.h"
#include "ref/user.h"

#define USER "nobody"

static int become(bool low_ports)
{
	return -user_become(USER, low_ports);
}

static int can_become(void)
{
	return become(false);
}

static int is_nobody(void)
{
	const struct passwd *user = getpwnam(USER);
	gid_t groups[3] = { 1, 2, 3 }; /* that are to be lost */
	uid_t ids[3];

	if (!user || setgroups(3, groups) != 0 || become(false) != 0 || getresuid(&ids[0], &ids[1], &ids[2]) != 0 ||
	    getresgid(&groups[0], &groups[1], &groups[2]) != 0)
		return CHILD_WRONG;
	for (int i = 0; i < 3; i++)
		if (ids[i] != user->pw_uid || groups[i] != user->pw_gid)
			return 1 + i;
	return getgroups(0, NULL);
}

static int regains(void)
{
	return become(true) != 0 ? CHILD_WRONG : setuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0;
}

static int keeps_signal_of_parent(void)
{
	int number = 0;

	prctl(PR_SET_PDEATHSIG, (long)SIGUSR1);
	return become(false) != 0 || prctl(PR_GET_PDEATHSIG, &number) != 0 ? CHILD_WRONG : number;
}

/* 0: it could bind a port below 1024. */
static int bind_low(bool low_ports)
{
	int error = EADDRINUSE;

	if (become(low_ports) != 0)
		return CHILD_WRONG;
	for (uint16_t port = 1023; port > 512 && error == EADDRINUSE; port--) {
		struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };

		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		error = bind(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&at, sizeof at) == 0 ? 0 : errno;
	}
	return error;
}

static int binds_low(void)
{
	return bind_low(true);
}

static int binds_low_unasked(void)
{
	return bind_low(false);
}

static int unknown_user(void)
{
	return -user_become("no-such-user", false);
}

static const struct row {
	const char *name;
	int (*try)(void);
	int result;
} rows[] = {
	{ "all-ids", is_nobody, 0 },
	{ "never-back", regains, 0 },
	{ "signal-of-parent", keeps_signal_of_parent, SIGUSR1 },
	{ "low-port", binds_low, 0 },
	{ "unknown", unknown_user, ENOENT },
};

static void run_user(void **state)
{
	const struct row *row = *state;

	assert_int_equal(test_in_child(NULL, row->try), row->result);
}

/* Where every user may bind every port, as in some containers, there is nothing to see. */
static void no_low_port(void **state)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	int first = 0;

	(void)state;
	if (file) {
		if (fscanf(file, "%d", &first) != 1)
			first = 0;
		fclose(file);
	}
	if (first < 1024)
		skip();
	assert_int_equal(test_in_child(NULL, binds_low_unasked), EACCES);
}

int main(void)
{
	int error = test_in_child(NULL, can_become);

	if (geteuid() != 0 || error == EPERM || error == EINVAL) { /* or there is no other user here */
		printf("1..0 # SKIP only root can become another user, and not everywhere\n");
		return 0;
	}
	ROWS_ADD(rows, run_user);
	test_add("no-low-port-unasked", no_low_port, NULL);
	return tests_run("user");
}
