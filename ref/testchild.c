#include "ref/testchild.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int test_in_child(bool (*enter)(void), int (*try)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (enter && !enter())
			_exit(CHILD_NOT_ENTERED);
		_exit(try());
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
