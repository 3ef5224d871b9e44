/* worker/breakout.c - see breakout.h. */
#include "worker/breakout.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static int settle(long result)
{
	int r = result < 0 ? -errno : 0;

	return r;
}

static int try_fd(long fd)
{
	if (fd < 0)
		return -errno;
	(void)close((int)fd);
	return 0;
}

static int try_open(const char *path, int directory UNUSED)
{
	return try_fd(open(path, O_RDONLY | O_CLOEXEC));
}

static int openat2_with(const char *path, int directory, uint64_t resolve)
{
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = resolve };

	return try_fd(syscall(SYS_openat2, directory, path, &how, sizeof(how)));
}

static int try_openat2(const char *path, int directory)
{
	return openat2_with(path, directory, 0);
}

static int try_beneath(const char *path, int directory)
{
	return openat2_with(path, directory, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

static int try_write(const char *path, int directory UNUSED)
{
	return try_fd(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_remove(const char *path, int directory UNUSED)
{
	return settle(unlinkat(AT_FDCWD, path, 0));
}

static int try_exec(const char *path UNUSED, int directory UNUSED)
{
	char *const nothing[] = { NULL };

	return settle(execve("/bin/true", nothing, nothing));
}

static int try_ptrace(const char *path UNUSED, int directory UNUSED)
{
	return settle(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

static int try_memory(const char *path UNUSED, int directory UNUSED)
{
	char byte;
	const struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)&try_memory, 1 };

	return settle(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}

static int try_signal(const char *path UNUSED, int directory UNUSED)
{
	return settle(kill(getppid(), 0));
}

static int try_fork(const char *path UNUSED, int directory UNUSED)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	return waitpid(pid, NULL, 0) == pid ? 0 : -errno;
}

static int dial(int family, const void *address, size_t len)
{
	AUTO_CLOSE int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return settle(connect(fd, address, (socklen_t)len));
}

static int try_unix(const char *path, int directory UNUSED)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int r = text_copy(text_of(path), where.sun_path, sizeof(where.sun_path));

	return r < 0 ? r : dial(AF_UNIX, &where, sizeof(where));
}

static int try_abstract(const char *name, int directory UNUSED)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int r = text_copy(text_of(name), where.sun_path + 1, sizeof(where.sun_path) - 1);

	return r < 0 ? r
		     : dial(AF_UNIX, &where,
			    offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static struct sockaddr_in local_port(const char *text)
{
	struct sockaddr_in where = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	where.sin_port = htons((uint16_t)strtoul(text, NULL, 10));
	return where;
}

static int try_tcp(const char *port, int directory UNUSED)
{
	struct sockaddr_in where = local_port(port);

	return dial(AF_INET, &where, sizeof(where));
}

static int try_listen(const char *port, int directory UNUSED)
{
	struct sockaddr_in where = local_port(port);
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&where, sizeof(where)) < 0)
		return -errno;
	return settle(listen(fd, 1));
}

static int try_setuid(const char *path UNUSED, int directory UNUSED)
{
	return settle(setresuid(0, 0, 0));
}

static int try_executable(const char *path UNUSED, int directory UNUSED)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -errno : settle(munmap(page, 4096));
}

static const struct {
	const char *name;
	int (*run)(const char *argument, int directory);
} attempts[] = {
	{ "open", try_open },	    { "openat2", try_openat2 },
	{ "beneath", try_beneath }, { "write", try_write },
	{ "remove", try_remove },   { "exec", try_exec },
	{ "ptrace", try_ptrace },   { "memory", try_memory },
	{ "signal", try_signal },   { "fork", try_fork },
	{ "unix", try_unix },	    { "abstract", try_abstract },
	{ "tcp", try_tcp },	    { "listen", try_listen },
	{ "setuid", try_setuid },   { "executable", try_executable },
};

int breakout(struct text attempt, const char *argument, int directory)
{
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		if (text_equal(attempt, text_of(attempts[i].name)))
			return attempts[i].run(argument, directory);
	return -ENOTSUP;
}
