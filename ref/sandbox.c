#include "ref/sandbox.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ref/landlock.h"
#include "ref/sandbox_filter.h"
#include "ref/user.h"

/* Sanitizers read and trace the process as they like, and what measures coverage writes files at the end: in such
 * builds (the Makefile says so of the latter) there is no sandbox. */
#ifndef IPERF_SANDBOX
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IPERF_SANDBOX 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define IPERF_SANDBOX 0
#endif
#endif
#endif
#ifndef IPERF_SANDBOX
#define IPERF_SANDBOX 1
#endif

/* Valgrind does its own work within the process, as sanitizers do, and shows itself by what it preloads. */
static bool can_be(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return IPERF_SANDBOX && !(preloaded && strstr(preloaded, "vgpreload"));
}

/* A part of it has failed. */
static int failed(const struct sandbox_config *config, const char *part, int error)
{
	if (config->mode != SANDBOX_ON)
		return error;
	fprintf(stderr, "iperf-ref: goes on %s: %s\n", part, strerror(-error));
	return 0;
}

static int enter_user(const struct sandbox_config *config)
{
	int error;

	if (config->user)
		return user_become(config->user, config->low_ports);
	if (!can_be() || config->mode == SANDBOX_OFF || !config->server || geteuid() != 0)
		return 0;
	error = user_become(SANDBOX_USER, config->low_ports);
	return error < 0 ? failed(config, "as root", error) : 0;
}

static int enter_rest(const struct sandbox_config *config)
{
	int error;

	if (config->mode == SANDBOX_OFF)
		return 0;
	if (!can_be())
		return config->mode == SANDBOX_ON ? 0 : -ENOTSUP;
	json_object_seed(0); /* else the first object would look for /dev/urandom in vain, and take the clock */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0)
		landlock_enter(!config->server);
	error = sandbox_filter(config->mode == SANDBOX_KILL);
	return error < 0 ? failed(config, "without a filter of system calls", error) : 0;
}

int sandbox_enter(const struct sandbox_config *config, const char **what)
{
	int error;

	*what = "user";
	error = enter_user(config);
	if (error < 0)
		return error;
	*what = "sandbox";
	return enter_rest(config);
}
