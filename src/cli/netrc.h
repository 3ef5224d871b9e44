/* cli/netrc.h - user and password of a host from a .netrc file, as ftp(1) and curl(1) read it.
 * Pure; threads: any. Source: netrc(5). */
#ifndef CLI_NETRC_H
#define CLI_NETRC_H

#include "base/secret.h"

#define NETRC_USER_SIZE 256

/* Looks for "machine host", else for "default". user: only an entry with this login counts; NULL:
 * the first. 0 with ret_user (its login, or "") and *ret_password to be released by the caller;
 * -ENOENT: no entry. Words may be in double quotes. */
int netrc_find(struct text file, const char *host, const char *user,
	       char ret_user[static NETRC_USER_SIZE], struct secret *ret_password) MUST_CHECK;

#endif
