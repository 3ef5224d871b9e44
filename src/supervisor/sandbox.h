/* supervisor/sandbox.h - what a child may still do once it is set up, held to it by the kernel.
 *
 *	                 worker                                  manager
 *	files            the data roots: read, write, make,      the directories of the state and of
 *	(Landlock)       remove; nothing is executed             the database: likewise
 *	TCP              no port is bound but one of the         none
 *	(Landlock 4)     kernel's choice for active mode;
 *	                 no connect without active mode
 *	signals,         to nobody outside                       to nobody outside
 *	abstract sockets
 *	(Landlock 6)
 *	system calls     see syscall_filter.h                    see syscall_filter.h
 *	(seccomp)
 *	core dumps       none: there are keys in memory          none: passwords
 *
 * A worker whose external_ip holds names may also read the resolver's files. Privileges and
 * capabilities are privileges.h's part, openat2(2) beneath a home is store/home.h's; what is in
 * force of all of it is read back here. Threads: before the first one of the process. */
#ifndef SUPERVISOR_SANDBOX_H
#define SUPERVISOR_SANDBOX_H

#include "ipc/scoreboard.h"
#include "settings/settings.h"
#include "supervisor/failure.h"

/* The layers, so that tests can show what each of them stops alone. */
enum sandbox_layer {
	SANDBOX_LANDLOCK = 1 << 0,
	SANDBOX_SECCOMP = 1 << 1,
	SANDBOX_NO_DUMPS = 1 << 2,
	SANDBOX_ALL = (1 << 3) - 1,
};

/* With sandbox = require: -ENOSYS with the failure when the kernel lacks a layer. */
int sandbox_check_kernel(const struct settings *settings, struct failure *ret_failure) MUST_CHECK;

/* The supervisor, which holds the private keys, writes no core dumps either. What it may do else is
 * up to privileges.h: it must start children. Logs and errors as below. */
int sandbox_forbid_dumps(const struct settings *settings) MUST_CHECK;

struct sandbox_worker {
	const struct settings *settings;
	const int *data_roots; /* descriptors of directories; -1 is skipped */
	size_t n_data_roots;
};

/* For good. What cannot be put in force is logged; with sandbox = require that is -errno, and the
 * caller must exit. *ret tells what is in force. */
int sandbox_enter_worker(const struct sandbox_worker *worker, unsigned layers,
			 struct sandbox_view *ret) MUST_CHECK;
int sandbox_enter_manager(const struct settings *settings, unsigned layers,
			  struct sandbox_view *ret) MUST_CHECK;
/* An examiner (examiner.h) connects to anywhere and listens at ports of the kernel's choice; of
 * files it reads what the resolver, the trust in certificates and /proc/net need, and writes
 * none. */
int sandbox_enter_examiner(const struct settings *settings, unsigned layers,
			   struct sandbox_view *ret) MUST_CHECK;

#endif
