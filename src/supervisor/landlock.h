/* supervisor/landlock.h - a Landlock ruleset: what of the file system and of TCP this process may
 * still reach. Everything that no rule allows is refused from landlock_ruleset_enforce() on, for
 * good, for this thread and all that it starts.
 *
 *	struct landlock_ruleset ruleset;
 *
 *	r = landlock_ruleset_init(&ruleset, LANDLOCK_NET_BIND);
 *	if (r == 0)
 *		r = landlock_allow_path(&ruleset, "/etc/hosts", LANDLOCK_READ);
 *	if (r == 0)
 *		r = landlock_ruleset_enforce(&ruleset);
 *	landlock_ruleset_release(&ruleset);
 *
 * glibc has no wrappers, and the kernel's headers of Debian 12 know an old version of the
 * interface: the numbers are here. Source: landlock(7), landlock_create_ruleset(2), the kernel's
 * Documentation/userspace-api/landlock.rst. Threads: before the first one of a process. */
#ifndef SUPERVISOR_LANDLOCK_H
#define SUPERVISOR_LANDLOCK_H

#include "base/common.h"

/* What a rule allows beneath a directory, or of a file. */
enum landlock_grant {
	LANDLOCK_READ,	/* look at files and directories */
	LANDLOCK_STORE, /* and write, make, rename, remove them: files, directories, links; never
			   devices, sockets or FIFOs, and nothing may be executed */
};

/* TCP: what is refused wherever no rule allows the port. */
#define LANDLOCK_NET_BIND (UINT64_C(1) << 0)
#define LANDLOCK_NET_CONNECT (UINT64_C(1) << 1)

struct landlock_ruleset {
	int fd;
	unsigned abi;
	uint64_t files, net; /* the kinds of access that it governs */
};

/* The version of the interface that the kernel speaks; 0: none, or one that is too old to keep
 * files renamable (before 2, Linux 5.19, every rename into another directory is refused). */
unsigned landlock_abi(void);

/* Governs every kind of access to files that the kernel knows, of net what it knows (ABI 4), and
 * from ABI 6 on signals and abstract sockets to processes outside. 0, -ENOSYS (see landlock_abi) or
 * -errno. */
int landlock_ruleset_init(struct landlock_ruleset *ruleset, uint64_t net) MUST_CHECK;
void landlock_ruleset_release(struct landlock_ruleset *ruleset);

/* Everything beneath the directory (O_PATH will do), or the file. 0 or -errno. */
int landlock_allow_fd(struct landlock_ruleset *ruleset, int fd,
		      enum landlock_grant grant) MUST_CHECK;
/* The same by name, links followed; what is not there is -ENOENT and needs no rule. */
int landlock_allow_path(struct landlock_ruleset *ruleset, const char *path,
			enum landlock_grant grant) MUST_CHECK;
/* One port (0: one that the kernel chooses), for the kinds in net. */
int landlock_allow_port(struct landlock_ruleset *ruleset, uint64_t net, uint16_t port) MUST_CHECK;

/* No new privileges must be set already. 0 or -errno. */
int landlock_ruleset_enforce(const struct landlock_ruleset *ruleset) MUST_CHECK;

#endif
