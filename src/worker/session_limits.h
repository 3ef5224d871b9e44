/* worker/session_limits.h - which limits hold for a session, and the replies that name them: the
 * limit, how much of it is used, what to do. Threads: the one that runs the session. */
#ifndef WORKER_SESSION_LIMITS_H
#define WORKER_SESSION_LIMITS_H

#include "worker/session.h"

/* Of the session's user, or the server's where the user has none of its own. 0: no limit. */
uint64_t limits_value(const struct session *s, enum limit limit);

/* Says why no session was opened for this connection, and closes it. */
void limits_refuse(const struct worker *worker, int fd, const struct address *peer,
		   bool is_implicit, const struct session_refusal *refusal);

/* The session's user has one more session. False: it has as many as it may, the client knows and
 * the session ends. */
bool limits_admit(struct session *s) MUST_CHECK;

/* How many bytes an upload may write from this position on; UINT64_MAX: any number. */
uint64_t limits_upload_room(const struct session *s, uint64_t position);
/* 552: the file, with so many bytes already, is or would become too large. */
void limits_reply_too_large(struct session *s, uint64_t bytes);
/* 426: slower than min_rate. more: words at the end. */
void limits_reply_slow(struct session *s, uint64_t rate, const char *more);

#endif
