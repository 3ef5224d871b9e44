/* accounts/role.h - what an administrator, or a program with a key, may do in the manager. Each
 * role may do all that the ones before it may. Threads: any; pure. */
#ifndef ACCOUNTS_ROLE_H
#define ACCOUNTS_ROLE_H

#include "base/text.h"

enum role {
	ROLE_NONE,
	ROLE_READ_ONLY, /* looks at all that is no secret */
	ROLE_OPERATOR,	/* users, groups, sessions, bans, runs of the doctor, guest links */
	ROLE_OWNER,	/* settings, certificates, administrators, keys, the audit trail */
	ROLES
};

/* "none", "read-only", "operator", "owner"; of keys "none", "read", "operate", "own". */
const char *role_name(enum role role);
const char *role_scope(enum role role);
/* ROLE_NONE: no such name. */
enum role role_find(struct text name);
enum role role_find_scope(struct text scope);

#endif
