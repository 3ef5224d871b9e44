/* manager/user_change.h - what a body says of a user, checked: for one that is added or changed,
 * and for many that are imported.
 *
 *	status = user_change_read_new(request, body, &change);
 *	if (status == 0)
 *		status = user_change_hash(request, body, &change);
 *	... rights_add_account(accounts, &change.account, change.rights_parts, &change.rights) ...
 *	explicit_bzero(&change, sizeof(change));
 *
 * The functions return 0, or the status of a problem that they have made.
 * Threads: the one that runs the request. */
#ifndef MANAGER_USER_CHANGE_H
#define MANAGER_USER_CHANGE_H

#include "accounts/rights.h"
#include "manager/api_request.h"
#include "manager/json_fields.h"

#define USER_DISABLED_REASON "Your account has been disabled by the administrator."

struct user_change {
	unsigned parts; /* enum account_part */
	struct account account;
	unsigned rights_parts; /* enum rights_part */
	struct rights rights;
};

/* The members of a body; the first, "name", is for new users only. */
#define USER_CHANGE_FIELDS 17
extern const struct json_field user_change_fields[USER_CHANGE_FIELDS];

/* All that body says but its password, of a user that is not there yet and has to have one, or of
 * the one of this name. */
unsigned user_change_read_new(struct api_request *request, const json_t *body,
			      struct user_change *ret);
unsigned user_change_read(struct api_request *request, const json_t *body, const char *name,
			  struct user_change *ret);
/* Whether the password or its hash, if there is one, can be set. known: of which kinds of hashes
 * one has passed; NULL: each is looked at on its own, which takes tens of milliseconds. */
unsigned user_change_check_password(struct api_request *request, const json_t *body,
				    struct password_kinds *known);
/* The checked password or hash goes to the change; hashing takes tens of milliseconds. */
unsigned user_change_hash(struct api_request *request, const json_t *body,
			  struct user_change *change);

/* The problem of storing it: user_change has a group that is not there, or as api_problem_errno. */
unsigned user_change_problem(struct api_request *request, int r, const char *name,
			     const struct user_change *change);

/* Ends the sessions of a user, who is told the reason. */
void user_change_kick(struct api_request *request, const char *name, const char *reason);

#endif
