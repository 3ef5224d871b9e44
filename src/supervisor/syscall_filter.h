/* supervisor/syscall_filter.h - the system calls that a child may still make (seccomp(2)).
 *
 *	on the list           goes on
 *	plainly hostile       kills the process: execve, ptrace, mount, setuid, bpf ...
 *	anything else         EPERM, as a library that tries something new can live with
 *
 * What is refused is reported to the kernel's audit log, where one is kept. A worker opens files
 * from directories that it holds, never by a name alone. Threads: before the first
 * one of a process. Source: seccomp(2), seccomp_rule_add(3). */
#ifndef SUPERVISOR_SYSCALL_FILTER_H
#define SUPERVISOR_SYSCALL_FILTER_H

#include "base/common.h"

/* What this child needs beyond the list of its kind. */
struct syscall_needs {
	bool is_manager;  /* SQLite, the API; else: sessions and transfers */
	bool is_examiner; /* the doctor, for the manager: listens as well */
	bool connects;	  /* worker: opens data connections of active mode */
	bool looks_up;	  /* worker: getaddrinfo(3) at run time, its files */
};

/* Whether the kernel takes filters that can kill a process (Linux 4.14). */
bool syscall_filter_is_possible(void);

/* Loads the filter, for good. No new privileges must be set already. 0 or -errno. */
int syscall_filter_load(const struct syscall_needs *needs) MUST_CHECK;

/* Whether a filter is in force, as the kernel tells it. */
bool syscall_filter_is_on(void);

#endif
