/* manager/audit_note.h - the row of the audit trail that goes with a change.
 *
 *	r = accounts_begin(accounts);
 *	if (r == 0) {
 *		r = accounts_delete(accounts, name);
 *		if (r == 0)
 *			r = audit_note(request, "user-deleted", name, user_json, NULL);
 *		r = accounts_end(accounts, r);
 *	}
 *
 * What is no change of the accounts database is noted after it was done.
 * Threads: the one that runs the request. */
#ifndef MANAGER_AUDIT_NOTE_H
#define MANAGER_AUDIT_NOTE_H

#include "manager/api_request.h"

/* Who asks, and what it was: action is a word such as "user-added", object the name of what was
 * changed, before and after (borrowed; NULL: nothing) how it was and is. Members that hold secrets
 * (password, password_hash, private_key, token ...) are stored as "changed". 0 or -errno. */
int audit_note(const struct api_request *request, const char *action, const char *object,
	       const json_t *before, const json_t *after) MUST_CHECK;

/* The same for a change that body, an object, asks for: of what stands now (current) only the
 * members that body names are kept. */
int audit_note_change(const struct api_request *request, const char *action, const char *object,
		      const json_t *current, const json_t *body) MUST_CHECK;

/* For what has been done already and cannot be taken back: a failure is logged. */
void audit_note_done(const struct api_request *request, const char *action, const char *object,
		     const json_t *before, const json_t *after);

#endif
