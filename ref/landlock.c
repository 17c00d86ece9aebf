#include "ref/landlock.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in linux/landlock.h since Linux 6.7; older systems have a header that is shorter. */
struct ruleset {
	uint64_t files; /* what is forbidden unless a rule permits it; there will be no rules */
	uint64_t net;
};

#define FILES_ALL        ((UINT64_C(1) << 13) - 1) /* all of the first version */
#define NET_BIND_TCP     (UINT64_C(1) << 0)
#define NET_CONNECT_TCP  (UINT64_C(1) << 1)
#define FLAG_VERSION     1U
#define VERSION_WITH_NET 4

int landlock_enter(bool connects)
{
	struct ruleset ruleset = { .files = FILES_ALL, .net = NET_BIND_TCP | NET_CONNECT_TCP };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0UL, FLAG_VERSION);
	size_t size = version < VERSION_WITH_NET ? sizeof ruleset.files : sizeof ruleset;
	bool restricted;
	int fd;

	if (version < 1)
		return 0;
	if (connects)
		ruleset.net = 0; /* its end may be bound, too */
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0U);
	if (fd < 0)
		return 0;
	restricted = syscall(SYS_landlock_restrict_self, fd, 0U) == 0;
	close(fd);
	return !restricted ? 0 : version < VERSION_WITH_NET ? 1 : 2;
}
