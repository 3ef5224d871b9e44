/* supervisor/privileges.h - who each process is and what it may do.
 *
 *	started as root, user = sallyport   all processes become that user. The supervisor keeps the
 *	                                    right to bind low ports and to read keys, raised only
 *	                                    while it does so; children keep nothing.
 *	started as root, user = root        stays root: children keep only what serving files of
 *	                                    other users needs.
 *	started by anybody else             stays that user; capabilities given from outside are cut
 *	                                    down in the same way.
 *
 * Each drop is read back. Threads: before the first thread of a process.
 * Source: capabilities(7), prctl(2), credentials(7). */
#ifndef SUPERVISOR_PRIVILEGES_H
#define SUPERVISOR_PRIVILEGES_H

#include <sys/types.h>

#include "supervisor/failure.h"

struct identity {
	uid_t uid;
	gid_t gid;
	bool is_change; /* root becomes somebody else */
	char user[64];	/* the name, for messages */
};

/* Who to be, given the setting `user`. 0, or -ENOENT with the failure (no such user). */
int identity_find(const char *user, struct identity *ret, struct failure *ret_failure) MUST_CHECK;

/* The supervisor becomes identity and cuts its capabilities. 0 or -errno with the failure: the
 * caller must not go on then. */
int privileges_become(const struct identity *identity, struct failure *ret_failure) MUST_CHECK;

/* Between the two calls the supervisor may bind low ports and read any file, as far as it was ever
 * allowed to. Failures show in what is then attempted. */
void privileges_raise(void);
void privileges_lower(void);

/* A child gives up everything, for good; binds_low_port: but the right to send from a port below
 * 1024. 0 or -errno: the child must exit then. */
int privileges_drop_for_child(bool binds_low_port) MUST_CHECK;

#endif
