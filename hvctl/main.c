/* SPDX-License-Identifier: BSD-2-Clause */
/* hvctl on the machine it runs on. */
#define _GNU_SOURCE
#include "hvctl/hvctl.h"
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By numbers: the C library's functions for it are newer than what hvctl can be built with. */
static int take_file(pid_t process, int fd)
{
	int handle = (int)syscall(SYS_pidfd_open, process, 0);
	int file, error;

	if (handle < 0)
		return -1;
	file = (int)syscall(SYS_pidfd_getfd, handle, fd, 0);
	error = errno;
	close(handle);
	errno = error;
	return file;
}

static int control(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument);
}

int main(int argc, char **argv)
{
	struct machine machine = {
		.proc = "/proc",
		.device = "/dev/mshv",
		.out = stdout,
		.take_file = take_file,
		.control = control,
	};
	int status = hvctl(&machine, argc - 1, argv + 1);

	if (!status && (fflush(stdout) || ferror(stdout)))
		status = failed("cannot write");
	if (status)
		fprintf(stderr, "hvctl: %s\n", failure());
	return status;
}
