/* worker/quota.h - the quotas that hold for a session: its user's, its group's, those of its
 * virtual folders. What its commands do to files is counted by a ledger (store/ledger.h) on the
 * counters of all processes (ipc/quotas.h), for everybody: also a user without a quota changes what
 * others may still store. Threads: the one that runs the session. */
#ifndef WORKER_QUOTA_H
#define WORKER_QUOTA_H

#include "base/buf.h"
#include "ipc/messages.h"
#include "ipc/quotas.h"
#include "worker/place.h"

struct session_quota;

/* At login, when home and folders of the user are open: from here on they are counted. 0 or
 * -errno. */
int quota_open(struct session *s, struct session_user *user,
	       const struct message_auth_reply *answer) MUST_CHECK;
void quota_free(struct session_quota **quota); /* accepts NULL; leaves NULL; after the homes */

/* What may still be stored at the place (UINT64_MAX: any number). 0 or -errno. */
int quota_room(struct session *s, const struct place *place, struct quota_usage *ret) MUST_CHECK;

/* A sentence or two about the quota that was in the way last, with its figures. */
void quota_describe(struct session *s, struct buf *out);
/* 552 with that. */
void quota_reply(struct session *s, const struct place *place);

/* reply_errno, with the figures where the error is that of a quota. */
void quota_reply_errno(struct session *s, int error, const struct place *place);

/* For what a worker removes by itself, with no session. NULL: nothing is counted, or memory is
 * short. It lives as long as the process. */
struct ledger *quota_worker_ledger(const struct worker *worker);

#endif
