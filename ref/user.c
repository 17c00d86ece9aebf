#include "ref/user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of what PR_SET_KEEPCAPS has kept: one capability, or none. */
static int keep_capabilities(bool low_ports)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (low_ports)
		data[0].permitted = data[0].effective = 1U << CAP_NET_BIND_SERVICE;
	return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

int user_become(const char *name, bool low_ports)
{
	const struct passwd *user;
	int signal_of_parent = 0, error;

	errno = 0;
	user = getpwnam(name);
	if (!user)
		return errno && errno != ESRCH && errno != EBADF && errno != EPERM ? -errno : -ENOENT; /* getpwnam(3) */
	if (user->pw_uid == geteuid() && user->pw_uid == getuid())
		return 0;
	/* Whoever wants us to end with him still does: the kernel forgets it with the change. */
	prctl(PR_GET_PDEATHSIG, &signal_of_parent);
	if (prctl(PR_SET_KEEPCAPS, 1L) != 0 || setgroups(0, NULL) != 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
		return -errno;
	error = keep_capabilities(low_ports);
	if (signal_of_parent != 0)
		prctl(PR_SET_PDEATHSIG, (long)signal_of_parent);
	return error;
}
