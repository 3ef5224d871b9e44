/* worker/breakout.h - for tests only, never in the delivered programs: what somebody who has
 * taken over a worker would try next. Each attempt is the plain system call. Threads: any. */
#ifndef WORKER_BREAKOUT_H
#define WORKER_BREAKOUT_H

#include "base/text.h"

/* attempt: one of
 *	open PATH       openat(AT_FDCWD), for reading
 *	openat2 PATH    openat2(2) from a directory that is open (descriptor), without RESOLVE_BENEATH
 *	beneath PATH    openat2(2) as store/home.h does it
 *	write PATH      creates the file
 *	remove PATH     unlink(2)
 *	exec            /bin/true
 *	ptrace          attaches to the parent
 *	memory          reads the memory of the parent
 *	signal          signal 0 to the parent
 *	fork            another process
 *	unix PATH       connects to the socket
 *	abstract NAME   connects to the abstract socket
 *	tcp PORT        connects to 127.0.0.1
 *	listen          binds a port of the kernel's choice and listens on it
 *	listen PORT     likewise, this port
 *	setuid          becomes root
 *	executable      maps memory that can be written and executed
 * Returns 0 when it went through, -errno when it was refused; some are refused by the end of the
 * process (SIGSYS). -ENOTSUP: no such attempt. */
int breakout(struct text attempt, const char *argument, int directory) MUST_CHECK;

#endif
