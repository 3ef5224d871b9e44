/* ftp/access.h - from where, until when and how protected a user may log in.
 * Threads: any; pure functions. */
#ifndef FTP_ACCESS_H
#define FTP_ACCESS_H

#include "ftp/account.h"
#include "net/address.h"

#define ACCESS_NETWORKS_SIZE 1024 /* bytes of the list, NUL included */

struct user_access {
	char networks[ACCESS_NETWORKS_SIZE]; /* comma separated; empty: from anywhere */
	int64_t expires_wall_ms;	     /* no login from then on; 0: never */
	bool requires_tls;		     /* also where the server serves plain FTP */
};

/* What is wrong with a list of networks and addresses ("10.0.0.0/8, 2001:db8::7"), as a sentence
 * that names the entry; NULL: it may be stored. ret is where the sentence is made. */
const char *access_networks_problem(struct text list, char *ret, size_t ret_size) MUST_CHECK;

/* The list is empty or has the address. An entry that cannot be read lets nobody in. */
bool access_networks_contain(struct text list, const struct address *peer);

/* For a user whose password was right. AUTH_OK, AUTH_EXPIRED, AUTH_WRONG_ADDRESS or
 * AUTH_NEEDS_TLS. */
enum auth_result access_check(const struct user_access *access, const struct address *peer,
			      bool is_tls, int64_t now_wall_ms) MUST_CHECK;

#endif
