/* Which system calls the program needs when its sockets are open, and with which arguments.
 *
 * All other calls fail with ENOSYS, as on a kernel that is older: so a libc that is newer than this list, or another
 * one, takes the way that it has for such kernels, and a test that runs is not lost. (With EPERM it would give up.) */
#include "ref/sandbox_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/guard.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* With any arguments. */
static const int calls[] = {
	/* the loop: libuv */
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_create), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2), SCMP_SYS(pipe2), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64),
	/* sockets; the kinds of new ones are below */
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(shutdown),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg), SCMP_SYS(recvmmsg_time64), SCMP_SYS(recv), SCMP_SYS(send), SCMP_SYS(sendto),
	SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
	/* what is open: pipes and eventfds of the loop, reports */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(lseek),
	SCMP_SYS(_llseek), SCMP_SYS(fstat), SCMP_SYS(fstat64),
	/* time */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres), SCMP_SYS(clock_getres_time64),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(getrusage), SCMP_SYS(times),
	/* memory; but for mmap and mprotect, which are below */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	/* threads */
	SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(gettid),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* signals; a client reads them from a descriptor */
	SCMP_SYS(signalfd4), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigreturn), SCMP_SYS(restart_syscall),
	/* who and where we are: for reports, and within libc */
	SCMP_SYS(getpid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom),
};

#define IS(argument, value)        { argument, SCMP_CMP_MASKED_EQ, 0xffffffff, (scmp_datum_t)(value) }
#define HAS(argument, bits)        { argument, SCMP_CMP_MASKED_EQ, bits, bits }
#define HAS_NOT(argument, bits)    { argument, SCMP_CMP_MASKED_EQ, bits, 0 }
#define IS_KIND(argument, kind)    { argument, SCMP_CMP_MASKED_EQ, 0xf, kind } /* SOCK_NONBLOCK and the like aside */

#ifdef __s390__ /* the kernel's list of clone(2) differs there */
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* With some arguments only. */
static const struct rule {
	int call;
	unsigned count;
	struct scmp_arg_cmp arguments[3];
} rules[] = {
	{ SCMP_SYS(socket), 3, { IS(0, AF_INET), IS_KIND(1, SOCK_STREAM), IS(2, 0) } },
	{ SCMP_SYS(socket), 3, { IS(0, AF_INET), IS_KIND(1, SOCK_DGRAM), IS(2, 0) } },
	{ SCMP_SYS(socket), 3, { IS(0, AF_INET6), IS_KIND(1, SOCK_STREAM), IS(2, 0) } },
	{ SCMP_SYS(socket), 3, { IS(0, AF_INET6), IS_KIND(1, SOCK_DGRAM), IS(2, 0) } },
	/* Many other options have had errors in the kernel: filters, packet rules, multicast, TCP's repair. */
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_SOCKET), IS(2, SO_REUSEADDR) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_SOCKET), IS(2, SO_RCVBUF) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_SOCKET), IS(2, SO_RCVBUFFORCE) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_SOCKET), IS(2, SO_SNDBUF) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_SOCKET), IS(2, SO_RCVTIMEO) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_SOCKET), IS(2, SO_SNDTIMEO) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_SOCKET), IS(2, SO_MAX_PACING_RATE) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_IP), IS(2, IP_TOS) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_IP), IS(2, IP_PKTINFO) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_IP), IS(2, IP_MTU_DISCOVER) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_IPV6), IS(2, IPV6_TCLASS) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_IPV6), IS(2, IPV6_V6ONLY) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_IPV6), IS(2, IPV6_RECVPKTINFO) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_TCP), IS(2, TCP_CONGESTION) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_UDP), IS(2, UDP_GRO) } },
	{ SCMP_SYS(ioctl), 1, { IS(1, FIONBIO) } },
	{ SCMP_SYS(ioctl), 1, { IS(1, SIOCINQ) } },
	{ SCMP_SYS(ioctl), 1, { IS(1, SIOCOUTQ) } },
	{ SCMP_SYS(ioctl), 1, { IS(1, SIOCGIFNAME) } }, /* the zone of an address */
	{ SCMP_SYS(ioctl), 1, { IS(1, TCGETS) } },      /* is it a terminal? */
	/* Others make the kernel send signals to other processes. */
	{ SCMP_SYS(fcntl), 1, { IS(1, F_GETFD) } },
	{ SCMP_SYS(fcntl), 1, { IS(1, F_SETFD) } },
	{ SCMP_SYS(fcntl), 1, { IS(1, F_GETFL) } },
	{ SCMP_SYS(fcntl), 1, { IS(1, F_SETFL) } },
	{ SCMP_SYS(fcntl64), 1, { IS(1, F_GETFL) } },
	{ SCMP_SYS(fcntl64), 1, { IS(1, F_SETFL) } },
	{ SCMP_SYS(prctl), 1, { IS(0, PR_SET_TIMERSLACK) } },
	{ SCMP_SYS(newfstatat), 1, { HAS(3, AT_EMPTY_PATH) } }, /* fstat() of some libcs */
	/* No memory becomes a program. */
	{ SCMP_SYS(mmap), 1, { HAS_NOT(2, PROT_EXEC) } },
	{ SCMP_SYS(mmap2), 1, { HAS_NOT(2, PROT_EXEC) } },
	{ SCMP_SYS(mprotect), 1, { HAS_NOT(2, PROT_EXEC) } },
	/* Threads, and no processes. */
	{ SCMP_SYS(clone), 1, { HAS(CLONE_FLAGS, CLONE_THREAD) } },
	/* Its bounds can be read, not set. */
	{ SCMP_SYS(prlimit64), 2, { IS(0, 0), { 2, SCMP_CMP_EQ, 0, 0 } } },
};

/* Fail in all modes, with these numbers. */
static const struct refusal {
	unsigned error;
	struct rule rule;
} refusals[] = {
	/* libc opens files on its own, and does without them */
	{ EACCES, { SCMP_SYS(open), 0, { { 0 } } } },
	{ EACCES, { SCMP_SYS(openat), 0, { { 0 } } } },
	{ EACCES, { SCMP_SYS(access), 0, { { 0 } } } },
	{ EACCES, { SCMP_SYS(faccessat), 0, { { 0 } } } },
	/* it asks for the name of an interface on any kind of socket, and tries this first */
	{ EAFNOSUPPORT, { SCMP_SYS(socket), 1, { IS(0, AF_UNIX) } } },
	/* what it does cannot be seen from its arguments; libc uses clone() instead */
	{ ENOSYS, { SCMP_SYS(clone3), 0, { { 0 } } } },
};

static int add(scmp_filter_ctx filter, uint32_t action, const struct rule *rule)
{
	return seccomp_rule_add_array(filter, action, rule->call, rule->count, rule->arguments);
}

static int fill(scmp_filter_ctx filter, bool kill)
{
	/* abort() ends the process by this; other processes are none of its business. */
	const struct rule own = { SCMP_SYS(tgkill), 1, { IS(0, getpid()) } };
	int error = add(filter, SCMP_ACT_ALLOW, &own);

	for (size_t i = 0; i < COUNT(calls) && error == 0; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; i < COUNT(rules) && error == 0; i++)
		error = add(filter, SCMP_ACT_ALLOW, &rules[i]);
	for (size_t i = 0; i < COUNT(refusals) && error == 0; i++)
		if (kill || refusals[i].error != ENOSYS) /* libseccomp takes no rule that says what holds anyway */
			error = add(filter, SCMP_ACT_ERRNO(refusals[i].error), &refusals[i].rule);
	return error;
}

static void set_attributes(scmp_filter_ctx filter)
{
	seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1); /* the kernel's own errno */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	/* A tree in place of a chain: it is gone through once for each call whose arguments matter. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* Old kernels slow a process with a filter down, lest a program that it interprets read its memory: here is
	 * none, and speed is what is measured. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
}

static int make_filter(bool kill)
{
	scmp_filter_ctx filter = seccomp_init(kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(ENOSYS));
	int error;

	if (!filter)
		return -ENOMEM;
	set_attributes(filter);
	error = fill(filter, kill);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int sandbox_filter(bool kill)
{
	struct guard guard;
	int error;

	guard_begin(&guard, "iperf-ref: cannot enter the sandbox: no memory for a filter of system calls\n");
	error = make_filter(kill);
	guard_end(&guard);
	return error;
}
