/* What can be done in the sandbox and what cannot. Each test is a process that enters it and tries; what it tries
 * works, or fails otherwise, without the sandbox: where it does not, the test says nothing and is skipped. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/rows_test.h"
#include "ref/landlock.h"
#include "ref/sandbox.h"
#include "ref/testchild.h"

static bool enter(enum sandbox_mode mode, bool server)
{
	const char *user = server && geteuid() == 0 ? "root" : NULL; /* user_test.c has another */
	const struct sandbox_config config = { .mode = mode, .server = server, .user = user };
	const char *what;

	return sandbox_enter(&config, &what) == 0;
}

static bool enter_server(void)
{
	return enter(SANDBOX_REQUIRED, true);
}

static bool enter_client(void)
{
	return enter(SANDBOX_REQUIRED, false);
}

static bool enter_or_die(void)
{
	return enter(SANDBOX_KILL, true);
}

/* --- what is forbidden: functions that return 0, or errno --------------------------------------------------------- */

#define ERROR_OF(call) ((call) < 0 ? errno : 0)

static int try_execve(void)
{
	char *const words[] = { (char *)(uintptr_t) "true", NULL };

	execv("/bin/true", words);
	return errno;
}

static int try_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child < 0 ? errno : 0;
}

static int try_new_namespace(void)
{
	return ERROR_OF(unshare(CLONE_NEWUSER));
}

static int try_read_file(void)
{
	return ERROR_OF(open("/etc/passwd", O_RDONLY));
}

static int try_write_file(void)
{
	return ERROR_OF(open("/dev/null", O_WRONLY));
}

static int try_openat2(void)
{
	const uint64_t how[3] = { O_RDONLY, 0, 0 };

	return ERROR_OF(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how));
}

static int try_delete_file(void)
{
	return ERROR_OF(unlink("/nonexistent/file"));
}

static int try_list(void)
{
	char text[256];

	return ERROR_OF(readlink("/proc/self/exe", text, sizeof text));
}

static int try_traceme(void)
{
	return ERROR_OF(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_kill(void)
{
	return ERROR_OF(kill(getppid(), 0));
}

static int try_tgkill(void)
{
	return ERROR_OF(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int try_unix(void)
{
	return ERROR_OF(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_netlink(void)
{
	return ERROR_OF(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int try_raw(void)
{
	return ERROR_OF(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int try_mptcp(void)
{
	return ERROR_OF(socket(AF_INET, SOCK_STREAM, 262));
}

static int try_listen(void)
{
	return ERROR_OF(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
}

static int try_socket_filter(void)
{
	struct sock_filter one = { .code = BPF_RET | BPF_K, .k = 0 };
	struct sock_fprog program = { .len = 1, .filter = &one };

	return ERROR_OF(setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_ATTACH_FILTER, &program,
				   sizeof program));
}

static int try_socket_broadcast(void)
{
	int one = 1;

	return ERROR_OF(setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_BROADCAST, &one, sizeof one));
}

static int try_ioctl(void)
{
	int process = getpid();

	return ERROR_OF(ioctl(socket(AF_INET, SOCK_DGRAM, 0), FIOSETOWN, &process));
}

static int try_fcntl(void)
{
	return ERROR_OF(fcntl(socket(AF_INET, SOCK_DGRAM, 0), F_SETOWN, getpid()));
}

static int try_map_program(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int try_make_program(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? CHILD_WRONG : ERROR_OF(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int try_bounds(void)
{
	struct rlimit bounds;

	return getrlimit(RLIMIT_NOFILE, &bounds) != 0 ? CHILD_WRONG : ERROR_OF(setrlimit(RLIMIT_NOFILE, &bounds));
}

static int try_dumpable(void)
{
	return ERROR_OF(prctl(PR_SET_DUMPABLE, 1L));
}

static int try_new_filter(void)
{
	struct sock_filter one = { .code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW };
	struct sock_fprog program = { .len = 1, .filter = &one };

	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0 && errno != ENOSYS ?
		       CHILD_WRONG :
		       ERROR_OF(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static int try_io_uring(void)
{
	char parameters[120] = { 0 };

	return ERROR_OF(syscall(SYS_io_uring_setup, 1, parameters));
}

static int try_memfd(void)
{
	return ERROR_OF(syscall(SYS_memfd_create, "x", 0));
}

static int try_other_memory(void)
{
	return ERROR_OF(syscall(SYS_process_vm_readv, getpid(), NULL, 0UL, NULL, 0UL, 0UL));
}

static int try_mount(void)
{
	return ERROR_OF(mount("none", "/nonexistent", "tmpfs", 0, NULL));
}

static const struct forbidden {
	const char *name;
	int (*try)(void);
	int error;
} forbidden_rows[] = {
	{ "forbidden/execve", try_execve, ENOSYS },
	{ "forbidden/fork", try_fork, ENOSYS },
	{ "forbidden/unshare", try_new_namespace, ENOSYS },
	{ "forbidden/open-to-read", try_read_file, EACCES },
	{ "forbidden/open-to-write", try_write_file, EACCES },
	{ "forbidden/openat2", try_openat2, ENOSYS },
	{ "forbidden/unlink", try_delete_file, ENOSYS },
	{ "forbidden/readlink", try_list, ENOSYS },
	{ "forbidden/ptrace", try_traceme, ENOSYS },
	{ "forbidden/kill", try_kill, ENOSYS },
	{ "forbidden/tgkill-of-another", try_tgkill, ENOSYS },
	{ "forbidden/socket-unix", try_unix, EAFNOSUPPORT },
	{ "forbidden/socket-netlink", try_netlink, ENOSYS },
	{ "forbidden/socket-raw", try_raw, ENOSYS },
	{ "forbidden/socket-mptcp", try_mptcp, ENOSYS },
	{ "forbidden/listen", try_listen, ENOSYS },
	{ "forbidden/setsockopt-filter", try_socket_filter, ENOSYS },
	{ "forbidden/setsockopt-broadcast", try_socket_broadcast, ENOSYS },
	{ "forbidden/ioctl", try_ioctl, ENOSYS },
	{ "forbidden/fcntl", try_fcntl, ENOSYS },
	{ "forbidden/mmap-program", try_map_program, ENOSYS },
	{ "forbidden/mprotect-program", try_make_program, ENOSYS },
	{ "forbidden/setrlimit", try_bounds, ENOSYS },
	{ "forbidden/prctl", try_dumpable, ENOSYS },
	{ "forbidden/another-filter", try_new_filter, ENOSYS },
	{ "forbidden/io_uring", try_io_uring, ENOSYS },
	{ "forbidden/memfd", try_memfd, ENOSYS },
	{ "forbidden/process_vm_readv", try_other_memory, ENOSYS },
	{ "forbidden/mount", try_mount, ENOSYS },
};

static void run_forbidden(void **state)
{
	const struct forbidden *row = *state;

	if (test_in_child(NULL, row->try) == row->error)
		skip();
	assert_int_equal(test_in_child(enter_server, row->try), row->error);
	assert_int_equal(test_in_child(enter_client, row->try), row->error);
}

/* --- what is permitted, in the mode that kills -------------------------------------------------------------------- */

static void *thread(void *user)
{
	return user;
}

static int can_thread(void)
{
	pthread_t one;

	return pthread_create(&one, NULL, thread, NULL) != 0 || pthread_join(one, NULL) != 0;
}

static int can_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, some;

	return fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	       setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof one) != 0 || ioctl(fd, FIONBIO, &one) != 0 ||
	       ioctl(fd, SIOCINQ, &some) != 0 || ioctl(fd, SIOCOUTQ, &some) != 0;
}

/* Of a link-local address, in reports. */
static int can_name_interface(void)
{
	char name[IF_NAMESIZE];

	return if_indextoname(1, name) == NULL;
}

static int can_abort(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int can_not_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES;
}

static const struct permitted {
	const char *name;
	int (*try)(void);
	int result;
} permitted_rows[] = {
	{ "permitted/thread", can_thread, 0 },
	{ "permitted/socket", can_socket, 0 },
	{ "permitted/interface-name", can_name_interface, 0 },
	{ "permitted/abort", can_abort, -SIGABRT },
	{ "permitted/open-fails", can_not_open, 0 },
	{ "kill/execve", try_execve, -SIGSYS },
	{ "kill/socket-netlink", try_netlink, -SIGSYS },
	{ "kill/kill", try_kill, -SIGSYS },
};

static void run_permitted(void **state)
{
	const struct permitted *row = *state;

	assert_int_equal(test_in_child(enter_or_die, row->try), row->result);
}

/* --- Landlock ----------------------------------------------------------------------------------------------------- */

static struct sockaddr_in there;

static int try_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&there, sizeof there) == 0 ? 0 : errno;
}

static int landlock_level(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 ? landlock_enter(false) : CHILD_WRONG;
}

static int landlock_then_open(void)
{
	return landlock_level() > 0 ? try_read_file() : CHILD_WRONG;
}

static void connections_to_others(void **state)
{
	socklen_t length = sizeof there;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	there = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)&there, sizeof there), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&there, &length), 0);
	assert_int_equal(test_in_child(NULL, try_connect), 0);
	assert_int_equal(test_in_child(enter_client, try_connect), 0);
	assert_int_equal(test_in_child(enter_server, try_connect), test_in_child(NULL, landlock_level) == 2 ? EACCES : 0);
	close(fd);
}

static void landlock_alone(void **state)
{
	(void)state;
	if (test_in_child(NULL, landlock_level) == 0)
		skip();
	assert_int_equal(test_in_child(NULL, landlock_then_open), EACCES);
}

/* --- where the system does not permit it -------------------------------------------------------------------------- */

/* Filters are not to be had, as on a kernel that is built without. */
static bool forbid_filters(void)
{
	const struct scmp_arg_cmp sets_one = { 0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0 };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	return filter && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0) == 0 &&
	       seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &sets_one) == 0 &&
	       seccomp_load(filter) == 0;
}

static int enter_as(enum sandbox_mode mode)
{
	const struct sandbox_config config = { .mode = mode };
	const char *what = "";
	int error;

	close(STDERR_FILENO); /* the line that it writes belongs to no test */
	error = sandbox_enter(&config, &what);
	return error == 0 ? 0 : strcmp(what, "sandbox") == 0 ? -error : CHILD_WRONG;
}

static int enter_as_on(void)
{
	return enter_as(SANDBOX_ON);
}

static int enter_as_required(void)
{
	return enter_as(SANDBOX_REQUIRED);
}

static int enter_as_kill(void)
{
	return enter_as(SANDBOX_KILL);
}

static void without_filters(void **state)
{
	(void)state;
	assert_int_equal(test_in_child(forbid_filters, enter_as_on), 0);
	assert_int_equal(test_in_child(forbid_filters, enter_as_required), EINVAL);
	assert_int_equal(test_in_child(forbid_filters, enter_as_kill), EINVAL);
}

/* --- the seed of jansson's tables --------------------------------------------------------------------------------- */

static volatile sig_atomic_t opened;

static void count_open(int number)
{
	(void)number;
	opened++;
}

/* From here on, files that are opened are counted. */
static bool count_opens(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	signal(SIGSYS, count_open);
	return filter && seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(open), 0) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(openat), 0) == 0 && seccomp_load(filter) == 0;
}

static bool count_opens_in_sandbox(void)
{
	return count_opens() && enter_client();
}

static int first_object(void)
{
	opened = 0;
	json_decref(json_object());
	return opened > 0;
}

/* Seeded from the clock, tables could be made slow by chosen keys. */
static void seed(void **state)
{
	(void)state;
	if (test_in_child(count_opens, first_object) != 1)
		skip(); /* a jansson that needs no file for it */
	assert_int_equal(test_in_child(count_opens_in_sandbox, first_object), 0);
}

static void can_be_entered(void **state)
{
	(void)state;
	assert_int_equal(test_in_child(NULL, enter_as_on), 0);
	assert_int_equal(test_in_child(NULL, enter_as_required), 0);
	assert_int_equal(test_in_child(NULL, enter_as_kill), 0);
}

/* Why the sandbox cannot be entered for a reason that is none of ours; else NULL. */
static const char *excuse(void)
{
	switch (test_in_child(NULL, enter_as_kill)) {
	case ENOTSUP:
		return "this build has none: sanitizers, valgrind, or coverage";
	case EINVAL:
	case ENOSYS:
	case EPERM:
		return "this system permits no filters of system calls";
	}
	return NULL;
}

int main(void)
{
	if (excuse()) {
		printf("1..0 # SKIP %s\n", excuse());
		return 0;
	}
	test_add("can-be-entered", can_be_entered, NULL);
	ROWS_ADD(forbidden_rows, run_forbidden);
	ROWS_ADD(permitted_rows, run_permitted);
	test_add("landlock/connections-to-others", connections_to_others, NULL);
	test_add("landlock/alone", landlock_alone, NULL);
	test_add("not-permitted/filters", without_filters, NULL);
	test_add("jansson/seed", seed, NULL);
	return tests_run("sandbox");
}
