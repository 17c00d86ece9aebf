/* Makes calls of a program fail on purpose: a shared object for LD_PRELOAD. fuzz/faults_check.sh uses it.
 *
 *   FAULTS_PROGRAM=iperf-ref FAULTS='alloc at=5' FAULTS_LOG=log LD_PRELOAD=build/fuzz/faults.so build/iperf-ref ...
 *
 * FAULTS_PROGRAM is the name of the program that is meant: others that it starts are left alone, and so are processes
 * that it forks, without the word `children`. Nothing is counted before main. The words of FAULTS:
 *
 *   alloc          what is meant: allocations, of libraries too
 *   descriptor       what makes a descriptor (open, fopen, socket, accept4, epoll_create1, pipe2 ...)
 *   process          fork, pthread_create
 *   io               what reads, writes or waits
 *   NAME             or one function: accept4, read ...
 *   at=N           the Nth call of these fails; without one of these four words none does
 *   from=N           the Nth, and all after it
 *   every=N          one of N, without a rhythm that a loop could fall in with; always the same ones
 *   site=HEX         the first that comes from there: the callers of a call, as the log names them
 *   error=NAME     with this error; if it is not said ENOMEM, EMFILE, EAGAIN, EINTR
 *   short=N        reads and writes move N octets at most, with seed=N a random number of them from 1 to N
 *   files=N        RLIMIT_NOFILE, from main on
 *   size=N         RLIMIT_FSIZE: no file grows beyond it. EFBIG, as ENOSPC on a disk that is full
 *   frames=N       a site is N callers; without it 24
 *   list           the log has the first call from each site
 *   children       faults are for the processes that the program forks, not for itself
 *
 * The log has a line for each fault: its number, the function, the site, the error. What was shortened is not in it. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#define FRAMES   24    /* of a site at most */
#define LOGGED   20000 /* lines at most; what is interrupted a million times is not told a million times */
#define SITES    16384 /* known at a time, for `list`; a power of two */

enum group { ALLOC, DESCRIPTOR, PROCESS, IO };

static const struct {
	const char *name;
	int error;
} groups[] = {
	[ALLOC] = { "alloc", ENOMEM },
	[DESCRIPTOR] = { "descriptor", EMFILE },
	[PROCESS] = { "process", EAGAIN },
	[IO] = { "io", EINTR },
};

static const struct {
	const char *name;
	int value;
} errors[] = {
	{ "ENOMEM", ENOMEM }, { "EMFILE", EMFILE }, { "ENFILE", ENFILE }, { "EAGAIN", EAGAIN }, { "EINTR", EINTR },
	{ "ENOSPC", ENOSPC }, { "EIO", EIO }, { "ENOBUFS", ENOBUFS },
};

static struct {
	char what[32];
	unsigned long at, from, every, site;
	int error; /* 0: that of the group */
	unsigned long most; /* octets of a read or write; 0: any number */
	unsigned long files, size, frames;
	bool list, children;
} plan;

static _Thread_local bool inside __attribute__((tls_model("initial-exec")));
static atomic_bool armed;
static atomic_ulong calls, logged, seed;
static atomic_bool site_failed;
static int log_fd = -1;

/* --- the plan ---------------------------------------------------------------------------------------------------- */

static void refuse(const char *word)
{
	dprintf(2, "faults: '%s' is not understood; see fuzz/faults.c\n", word);
	_exit(2);
}

static int error_value(const char *name)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].value;
	refuse(name);
	return 0;
}

static const char *error_name(int value)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].value == value)
			return errors[i].name;
	return "?";
}

static void take_word(const char *word)
{
	const char *value = strchr(word, '=');
	unsigned long number = value ? strtoul(value + 1, NULL, 10) : 0;

#define IS(name) (strncmp(word, name "=", sizeof name) == 0)
	if (strcmp(word, "list") == 0)
		plan.list = true;
	else if (strcmp(word, "children") == 0)
		plan.children = true;
	else if (!value)
		snprintf(plan.what, sizeof plan.what, "%s", word);
	else if (IS("at"))
		plan.at = number;
	else if (IS("from"))
		plan.from = number;
	else if (IS("every"))
		plan.every = number;
	else if (IS("site"))
		plan.site = strtoul(value + 1, NULL, 16);
	else if (IS("error"))
		plan.error = error_value(value + 1);
	else if (IS("short"))
		plan.most = number;
	else if (IS("seed"))
		seed = number;
	else if (IS("files"))
		plan.files = number;
	else if (IS("frames"))
		plan.frames = number;
	else if (IS("size"))
		plan.size = number;
	else
		refuse(word);
#undef IS
}

static void read_plan(const char *text)
{
	char words[200], *rest = NULL;

	snprintf(words, sizeof words, "%s", text);
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		take_word(word);
}

/* --- whether a call fails ---------------------------------------------------------------------------------------- */

/* The callers, as places in their files: the same in each run. */
static unsigned long site_here(void)
{
	void *frames[FRAMES];
	int count = backtrace(frames, FRAMES);
	unsigned long hash = 14695981039346656037ul;

	if (plan.frames && plan.frames + 2 < (unsigned long)count)
		count = (int)plan.frames + 2;
	for (int i = 2; i < count; i++) { /* without this function and its caller */
		struct dl_find_object object;
		unsigned long place = (unsigned long)frames[i];

		if (_dl_find_object(frames[i], &object) == 0)
			place -= (unsigned long)object.dlfo_map_start;
		hash = (hash ^ place) * 1099511628211ul;
	}
	return hash >> 16;
}

static unsigned long mixed(unsigned long number)
{
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9ul;
	number = (number ^ number >> 27) * 0x94d049bb133111ebul;
	return number ^ number >> 31;
}

/* Whether nothing came from there before. */
static bool is_new(unsigned long site)
{
	static atomic_ulong known[SITES];

	for (unsigned long i = site, tried = 0; tried < SITES; i++, tried++) {
		unsigned long none = 0;

		if (atomic_compare_exchange_strong(&known[i % SITES], &none, site))
			return true;
		if (none == site)
			return false;
	}
	return false;
}

static void tell(unsigned long number, const char *name, unsigned long site, const char *what)
{
	char line[100];
	int length;

	if (log_fd < 0 || atomic_fetch_add(&logged, 1) >= LOGGED)
		return;
	length = snprintf(line, sizeof line, "%lu %s %lx %s\n", number, name, site, what);
	if (write(log_fd, line, (size_t)length) < 0)
		return;
}

/* Whether this call is to fail; errno is set. */
static bool fails(enum group group, const char *name)
{
	unsigned long number, site = 0;
	bool failing;

	if (!armed || inside || (strcmp(plan.what, groups[group].name) != 0 && strcmp(plan.what, name) != 0))
		return false;
	inside = true;
	number = atomic_fetch_add(&calls, 1) + 1;
	failing = number == plan.at || (plan.from && number >= plan.from) || (plan.every && mixed(number) % plan.every == 0);
	if (plan.site || plan.list || (failing && log_fd >= 0 && logged < LOGGED))
		site = site_here();
	if (plan.site && plan.site == site)
		failing = !atomic_exchange(&site_failed, true);
	if (failing) {
		int error = plan.error ? plan.error : groups[group].error;

		tell(number, name, site, error_name(error));
		errno = error;
	} else if (plan.list && is_new(site)) {
		int before = errno;

		tell(number, name, site, "-");
		errno = before;
	}
	inside = false;
	return failing;
}

/* --- beginning --------------------------------------------------------------------------------------------------- */

static void in_child(void)
{
	calls = 0;
	site_failed = false;
	armed = plan.children;
}

static void set_limit(__rlimit_resource_t resource, unsigned long value)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	limit.rlim_cur = value;
	if (value && setrlimit(resource, &limit) != 0)
		refuse("the limit");
}

/* The log's descriptor is high, so that the program gets those that it gets without us. */
static void open_log(const char *path)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;

	if (fd < 0)
		return;
	log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 700);
	close(fd);
}

static int (*program_main)(int, char **, char **);

static int begin(int argc, char **argv, char **environment)
{
	const char *program = getenv("FAULTS_PROGRAM"), *text = getenv("FAULTS");
	void *frames[FRAMES];

	if (text && program && strcmp(program, program_invocation_short_name) == 0) {
		read_plan(text);
		open_log(getenv("FAULTS_LOG"));
		backtrace(frames, FRAMES); /* loads what it needs */
		pthread_atfork(NULL, NULL, in_child);
		set_limit(RLIMIT_NOFILE, plan.files);
		if (plan.size)
			signal(SIGXFSZ, SIG_IGN);
		set_limit(RLIMIT_FSIZE, plan.size);
		armed = !plan.children;
	}
	return program_main(argc, argv, environment);
}

int __libc_start_main(int (*main)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
		      void *);

/* The function itself, behind the one here that has its name. */
#define REAL(name)                                                                                                     \
	static __typeof__(&name) real;                                                                                 \
	if (!real)                                                                                                     \
		real = (__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name)

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	REAL(__libc_start_main);
	program_main = main;
	return real(begin, argc, argv, init, fini, rtld_fini, stack_end);
}

/* --- allocations: what strdup, open_memstream, getline and the rest call, too ------------------------------------ */

/* glibc's own: dlsym() allocates. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size)
{
	return fails(ALLOC, "malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails(ALLOC, "calloc") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails(ALLOC, "realloc") ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails(ALLOC, "aligned_alloc") ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	if (fails(ALLOC, "posix_memalign"))
		return ENOMEM;
	*memory = __libc_memalign(alignment, size);
	return *memory ? 0 : ENOMEM;
}

/* --- descriptors ------------------------------------------------------------------------------------------------- */

#define MAKES(name, failed, type, declared, given)                                                                     \
	type name declared;                                                                                            \
	type name declared                                                                                             \
	{                                                                                                              \
		REAL(name);                                                                                            \
		return fails(DESCRIPTOR, #name) ? failed : real given;                                                 \
	}

MAKES(socket, -1, int, (int domain, int type, int protocol), (domain, type, protocol))
MAKES(epoll_create1, -1, int, (int flags), (flags))
MAKES(eventfd, -1, int, (unsigned value, int flags), (value, flags))
MAKES(signalfd, -1, int, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
MAKES(memfd_create, -1, int, (const char *name, unsigned flags), (name, flags))
MAKES(pidfd_open, -1, int, (pid_t pid, unsigned flags), (pid, flags))
MAKES(pipe, -1, int, (int ends[2]), (ends))
MAKES(pipe2, -1, int, (int ends[2], int flags), (ends, flags))
MAKES(fopen, NULL, FILE *, (const char *path, const char *mode), (path, mode))
MAKES(fopen64, NULL, FILE *, (const char *path, const char *mode), (path, mode))

#define OPENS(name)                                                                                                    \
	int name(const char *path, int flags, ...)                                                                     \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		mode_t mode;                                                                                           \
		REAL(name);                                                                                            \
                                                                                                                       \
		va_start(arguments, flags);                                                                            \
		mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;                                \
		va_end(arguments);                                                                                     \
		return fails(DESCRIPTOR, #name) ? -1 : real(path, flags, mode);                                        \
	}

OPENS(open)
OPENS(open64)

/* --- processes and threads --------------------------------------------------------------------------------------- */

pid_t fork(void)
{
	REAL(fork);
	return fails(PROCESS, "fork") ? -1 : real();
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	REAL(pthread_create);
	return fails(PROCESS, "pthread_create") ? errno : real(thread, attributes, run, argument);
}

/* --- reading, writing, waiting ----------------------------------------------------------------------------------- */

/* How many octets of a stream or a file are moved. Datagrams are whole, and what a pipe holds is always read whole:
 * libuv relies on that for its signals, and may. */
static size_t shorter(int fd, size_t length)
{
	int type = 0, before = errno;
	socklen_t size = sizeof type;
	unsigned long most = plan.most;
	struct stat status;

	if (!armed || inside || !most || length <= 1 || fstat(fd, &status) != 0)
		return length;
	if (S_ISSOCK(status.st_mode))
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
	errno = before;
	if (type != SOCK_STREAM && !S_ISREG(status.st_mode))
		return length;
	if (seed) {
		most = 1 + mixed(atomic_fetch_add(&seed, 0x9e3779b97f4a7c15ul)) % most;
	}
	return length < most ? length : most;
}

/* The first octets that the message has, or has room for. */
static struct msghdr shorter_message(int fd, const struct msghdr *message, struct iovec *first)
{
	struct msghdr less = *message;

	while (less.msg_iovlen > 1 && less.msg_iov->iov_len == 0) {
		less.msg_iov++;
		less.msg_iovlen--;
	}
	if (less.msg_iovlen == 0)
		return less;
	*first = *less.msg_iov;
	first->iov_len = shorter(fd, first->iov_len);
	if (first->iov_len < less.msg_iov->iov_len) {
		less.msg_iov = first;
		less.msg_iovlen = 1;
	}
	return less;
}

#define MOVES(name, declared, given)                                                                                   \
	ssize_t name declared;                                                                                         \
	ssize_t name declared                                                                                          \
	{                                                                                                              \
		REAL(name);                                                                                            \
		return fails(IO, #name) ? -1 : real given;                                                             \
	}

MOVES(read, (int fd, void *room, size_t length), (fd, room, shorter(fd, length)))
MOVES(write, (int fd, const void *octets, size_t length), (fd, octets, shorter(fd, length)))
MOVES(pread, (int fd, void *room, size_t length, off_t at), (fd, room, shorter(fd, length), at))
MOVES(pread64, (int fd, void *room, size_t length, off_t at), (fd, room, shorter(fd, length), at))
MOVES(recv, (int fd, void *room, size_t length, int flags), (fd, room, shorter(fd, length), flags))
MOVES(send, (int fd, const void *octets, size_t length, int flags), (fd, octets, shorter(fd, length), flags))
MOVES(recvfrom, (int fd, void *room, size_t length, int flags, __SOCKADDR_ARG from, socklen_t *size),
      (fd, room, shorter(fd, length), flags, from, size))
MOVES(sendto, (int fd, const void *octets, size_t length, int flags, __CONST_SOCKADDR_ARG to, socklen_t size),
      (fd, octets, shorter(fd, length), flags, to, size))

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct iovec first;
	struct msghdr less = shorter_message(fd, message, &first);
	ssize_t got;
	REAL(recvmsg);

	if (fails(IO, "recvmsg"))
		return -1;
	got = real(fd, &less, flags);
	less.msg_iov = message->msg_iov;
	less.msg_iovlen = message->msg_iovlen;
	*message = less;
	return got;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct iovec first;
	struct msghdr less = shorter_message(fd, message, &first);
	REAL(sendmsg);

	return fails(IO, "sendmsg") ? -1 : real(fd, &less, flags);
}

/* Several datagrams at once become one. */
int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	REAL(recvmmsg);
	return fails(IO, "recvmmsg") ? -1 : real(fd, messages, armed && plan.most && count ? 1 : count, flags, timeout);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	REAL(sendmmsg);
	return fails(IO, "sendmmsg") ? -1 : real(fd, messages, armed && plan.most && count ? 1 : count, flags);
}

#define WAITS(name, type, declared, given)                                                                             \
	type name declared;                                                                                            \
	type name declared                                                                                             \
	{                                                                                                              \
		REAL(name);                                                                                            \
		return fails(IO, #name) ? -1 : real given;                                                             \
	}

struct epoll_event;
WAITS(poll, int, (struct pollfd *waits, nfds_t count, int ms), (waits, count, ms))
WAITS(ppoll, int, (struct pollfd *waits, nfds_t count, const struct timespec *timeout, const sigset_t *mask),
      (waits, count, timeout, mask))
WAITS(epoll_wait, int, (int fd, struct epoll_event *events, int count, int ms), (fd, events, count, ms))
WAITS(epoll_pwait, int, (int fd, struct epoll_event *events, int count, int ms, const sigset_t *mask),
      (fd, events, count, ms, mask))


int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	REAL(nanosleep);

	if (!fails(IO, "nanosleep"))
		return real(wanted, left);
	if (left)
		*left = *wanted;
	return -1;
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	REAL(waitpid);
	return !(options & WNOHANG) && fails(IO, "waitpid") ? -1 : real(pid, status, options);
}

/* It makes a descriptor, and waits. */
int accept4(int fd, __SOCKADDR_ARG address, socklen_t *restrict size, int flags)
{
	REAL(accept4);
	return fails(DESCRIPTOR, "accept4") || fails(IO, "accept4") ? -1 : real(fd, address, size, flags);
}

/* A connect that is interrupted goes on without its caller. */
int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
	int flags, result;
	REAL(connect);

	if (!fails(IO, "connect"))
		return real(fd, address, size);
	if (errno != EINTR)
		return -1;
	flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	result = real(fd, address, size);
	if (!(flags & O_NONBLOCK)) {
		int error = errno;

		fcntl(fd, F_SETFL, flags);
		errno = error;
		if (result != 0 && errno == EINPROGRESS)
			errno = EINTR;
	}
	return result;
}
