/* supervisor/syscall_filter.c - see syscall_filter.h.
 *
 * Names that this machine's libseccomp or architecture does not know are left out: what cannot be
 * called needs no rule. */
#include "supervisor/syscall_filter.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* clang-format off */
/* Nothing in our code or in a library has a use for these: who calls them has taken us over. */
static const char *const hostile[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev",
	"process_madvise", "kcmp", "pidfd_getfd", "mount", "umount", "umount2", "move_mount",
	"open_tree", "fsopen", "fsmount", "fsconfig", "fspick", "mount_setattr", "pivot_root",
	"chroot", "unshare", "setns", "bpf", "perf_event_open", "userfaultfd", "keyctl",
	"add_key", "request_key", "kexec_load", "kexec_file_load", "init_module", "finit_module",
	"delete_module", "reboot", "swapon", "swapoff", "iopl", "ioperm", "acct", "quotactl",
	"quotactl_fd", "open_by_handle_at", "name_to_handle_at", "setuid", "setgid", "setreuid",
	"setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capset",
	"personality", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
	"sethostname", "setdomainname", "mknod", "mknodat", "io_uring_setup", "io_uring_enter",
	"io_uring_register", "modify_ldt", "syslog", "vhangup", "lookup_dcookie",
	"fanotify_init", "uselib", "ustat", "sysfs", "_sysctl",
};

static const char *const everybody[] = {
	/* memory, threads, signals, time */
	"brk", "munmap", "mremap", "madvise", "mincore", "membarrier", "futex",
	"set_robust_list", "get_robust_list", "rseq", "set_tid_address", "gettid", "getpid",
	"getppid", "getpgrp", "getpgid", "getsid", "getuid", "geteuid", "getgid", "getegid",
	"getresuid", "getresgid", "getgroups", "capget", "exit", "exit_group", "sched_yield",
	"sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
	"sched_get_priority_min", "getcpu", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack", "restart_syscall",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getrandom", "getrlimit", "getrusage", "times", "sysinfo", "uname",
	/* descriptors */
	"read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64",
	"pwritev", "pwritev2", "lseek", "close", "close_range", "dup", "dup2", "dup3", "fcntl",
	"pipe", "pipe2", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll",
	"ppoll", "select", "pselect6",
	/* sockets that are there already */
	"accept", "accept4", "getsockname", "getpeername", "getsockopt", "setsockopt", "sendto",
	"sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
	/* files */
	"fstat", "newfstatat", "stat", "lstat", "statx", "fstatfs", "statfs", "fsync",
	"fdatasync", "ftruncate", "fallocate", "fadvise64", "fchmod", "fchown", "flock",
	"readlink", "readlinkat", "umask", "getdents64", "access", "faccessat", "faccessat2",
	"sync_file_range",
};

static const char *const worker_only[] = {
	"linkat", "utimensat", "syncfs", "copy_file_range", "sendfile", "splice", "tee",
	"fgetxattr", "flistxattr", "fsetxattr", "getxattr",
};

/* SQLite opens by name. What it may open is up to Landlock. */
static const char *const manager_only[] = {
	"open", "openat", "unlink", "rename", "renameat", "mkdir", "mkdirat", "rmdir", "getcwd",
	"chmod", "fchmodat", "fchownat", "utime", "utimes", "utimensat", "truncate", "sendfile",
	"unlinkat", "renameat2",
};

/* clang-format on */

#ifdef SALLYPORT_SANITIZED
/* What the runtimes of the sanitizers do, at their start and when they write a report. */
static const char *const sanitizers[] = {
	"open",	 "openat", "sched_setaffinity", "tkill", "wait4", "mprotect", "mmap", "prctl",
	"msync", "getcwd",
};
#endif

static int allow_all(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		if (number >= 0)
			r = seccomp_rule_add(filter, action, number, 0);
	}
	return r;
}

/* Allows the call when all conditions hold. */
#define ALLOW_IF(filter, call, ...)                                                                \
	seccomp_rule_add_array((filter), SCMP_ACT_ALLOW, SCMP_SYS(call),                           \
			       ARRAY_SIZE(((const struct scmp_arg_cmp[]){ __VA_ARGS__ })),         \
			       (const struct scmp_arg_cmp[]){ __VA_ARGS__ })

/* Threads, and no processes. */
static int add_thread_rules(scmp_filter_ctx filter)
{
	/* It never comes so far: see hide_clone3. */
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone3), 0);

	if (r == 0)
		r = ALLOW_IF(filter, clone,
			     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	/* abort(3) and pthread_kill(3): ourselves only. */
	if (r == 0)
		r = ALLOW_IF(filter, tgkill, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	/* Housekeeping stands back behind the sessions: a thread may make itself less urgent. */
	if (r == 0)
		r = ALLOW_IF(filter, setpriority, SCMP_A0(SCMP_CMP_EQ, PRIO_PROCESS));
	/* Limits are read, never changed. */
	if (r == 0)
		r = ALLOW_IF(filter, prlimit64, SCMP_A2(SCMP_CMP_EQ, 0));
	return r;
}

/* What is written never becomes code, and no code is loaded any more. */
static int add_memory_rules(scmp_filter_ctx filter)
{
	int r = ALLOW_IF(filter, mmap, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (r == 0)
		r = ALLOW_IF(filter, mprotect, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

/* Not those that type into the terminal that a daemon in the foreground logs to. */
static int add_ioctl_rules(scmp_filter_ctx filter)
{
	static const unsigned long requests[] = { FIONREAD, FIONBIO, TCGETS, FICLONE };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(requests); i++)
		r = ALLOW_IF(filter, ioctl, SCMP_A1(SCMP_CMP_EQ, requests[i]));
	return r;
}

static int add_prctl_rules(scmp_filter_ctx filter)
{
	static const int options[] = { PR_SET_NAME,	PR_GET_NAME,	 PR_GET_SECCOMP,
				       PR_GET_DUMPABLE, PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS,
				       0x53564d41 /* PR_SET_VMA: names of arenas */ };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(options); i++)
		r = ALLOW_IF(filter, prctl, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)options[i]));
	return r;
}

static int add_socket_rule(scmp_filter_ctx filter, int family)
{
	return ALLOW_IF(filter, socket, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
}

/* New sockets: of the internet only. A local one would lead to the services of this machine. */
static int add_network_rules(scmp_filter_ctx filter, const struct syscall_needs *needs)
{
	int r = 0;

	if (!needs->connects && !needs->looks_up)
		return 0;
	r = add_socket_rule(filter, AF_INET);
	if (r == 0)
		r = add_socket_rule(filter, AF_INET6);
	if (r == 0 && needs->looks_up)
		r = add_socket_rule(filter, AF_NETLINK); /* which families this machine has */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0);
	if (r == 0 && needs->is_examiner)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(listen), 0);
	return r;
}

static int allow_from_directory(scmp_filter_ctx filter, const char *name)
{
	const struct scmp_arg_cmp is_descriptor[] = { SCMP_A0(SCMP_CMP_MASKED_EQ, 0x80000000, 0) };
	int number = seccomp_syscall_resolve_name(name);

	return number < 0
		       ? 0
		       : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, is_descriptor);
}

/* Files are named from a directory that is open already, never from the working directory (which
 * is a negative number). What name is asked for stays unseen here: a filter cannot look behind a
 * pointer, Landlock and RESOLVE_BENEATH do. */
static int add_directory_rules(scmp_filter_ctx filter)
{
	static const char *const names[] = { "openat",	 "openat2",   "mkdirat",
					     "unlinkat", "renameat",  "renameat2",
					     "fchmodat", "fchmodat2", "fchownat" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++)
		r = allow_from_directory(filter, names[i]);
	/* Its directory is the second argument. */
	return r == 0 ? ALLOW_IF(filter, symlinkat, SCMP_A1(SCMP_CMP_MASKED_EQ, 0x80000000, 0)) : r;
}

static int add_open_for_reading(scmp_filter_ctx filter)
{
	const scmp_datum_t writes = O_ACCMODE | O_CREAT | O_TRUNC;
	int r = ALLOW_IF(filter, openat, SCMP_A2(SCMP_CMP_MASKED_EQ, writes, O_RDONLY));

	if (r == 0 && seccomp_syscall_resolve_name("open") >= 0)
		r = ALLOW_IF(filter, open, SCMP_A1(SCMP_CMP_MASKED_EQ, writes, O_RDONLY));
	return r;
}

static int fill(scmp_filter_ctx filter, const struct syscall_needs *needs)
{
	int r = allow_all(filter, SCMP_ACT_KILL_PROCESS, hostile, ARRAY_SIZE(hostile));

	if (r == 0)
		r = allow_all(filter, SCMP_ACT_ALLOW, everybody, ARRAY_SIZE(everybody));
	if (r == 0 && needs->is_manager)
		r = allow_all(filter, SCMP_ACT_ALLOW, manager_only, ARRAY_SIZE(manager_only));
	if (r == 0 && !needs->is_manager)
		r = allow_all(filter, SCMP_ACT_ALLOW, worker_only, ARRAY_SIZE(worker_only));
#ifdef SALLYPORT_SANITIZED
	if (r == 0)
		r = allow_all(filter, SCMP_ACT_ALLOW, sanitizers, ARRAY_SIZE(sanitizers));
#endif
	if (r == 0)
		r = add_thread_rules(filter);
	if (r == 0)
		r = add_memory_rules(filter);
	if (r == 0)
		r = add_ioctl_rules(filter);
	if (r == 0)
		r = add_prctl_rules(filter);
	if (r == 0 && !needs->is_manager)
		r = add_directory_rules(filter);
	if (r == 0 && !needs->is_manager)
		r = add_network_rules(filter, needs);
	if (r == 0 && needs->looks_up)
		r = add_open_for_reading(filter);
	return r;
}

bool syscall_filter_is_possible(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* clone3(2) hides its flags behind a pointer: glibc is told that there is none and takes clone(2).
 * A filter of its own, whose refusals do not go to the audit log: each new thread is one. */
static int hide_clone3(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter)
		return -ENOMEM;

	int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int syscall_filter_load(const struct syscall_needs *needs)
{
	int r = hide_clone3();
	scmp_filter_ctx filter = r < 0 ? NULL : seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!filter)
		return r < 0 ? r : -ENOMEM;
	r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	/* For the audit log; a kernel that cannot do it (before 4.14) does without. */
	if (r == 0)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	if (r == 0)
		r = fill(filter, needs);
	/* A tree instead of a long row of comparisons: each call passes through it. */
	if (r == 0)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

bool syscall_filter_is_on(void)
{
	return prctl(PR_GET_SECCOMP, 0L, 0L, 0L, 0L) == SECCOMP_MODE_FILTER;
}
