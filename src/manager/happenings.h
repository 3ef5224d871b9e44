/* manager/happenings.h - what has happened, in words: an event of a worker or a login becomes a row
 * for the log of events. Threads: any; pure functions. */
#ifndef MANAGER_HAPPENINGS_H
#define MANAGER_HAPPENINGS_H

#include "accounts/activity.h"
#include "accounts/transfers.h"
#include "ipc/messages.h"

enum happening_kind {
	HAPPENING_LOGIN,
	HAPPENING_LOGIN_FAILED,
	HAPPENING_LOGOUT,
	HAPPENING_HANDSHAKE_FAILED,
	HAPPENING_DATA_FAILED,
	HAPPENING_KICK,
	HAPPENING_BAN,
	HAPPENING_CHANGE,
	HAPPENING_SERVER,
	HAPPENING_KINDS
};

/* "login" ... */
extern const char *const happening_kinds[HAPPENING_KINDS];

/* Something that the manager itself has seen or done. Texts are borrowed. */
struct happening {
	enum happening_kind kind;
	enum activity_severity severity;
	const char *user, *address; /* NULL: none */
	uint64_t session;
	const char *text;
	const char *facts; /* a JSON object; NULL: {} */
};

/* Fills all but source and sequence. Bytes that are not UTF-8 become question marks. */
void happening_fill(const struct happening *happening, int64_t wall_ms,
		    struct activity_record *ret);

/* An event of a worker that has a row of its own. False: it has none (uploads that went well
 * ...). */
bool happening_of_event(const struct event *event, struct activity_record *ret);

/* A login: reason and cause ("D-61") as of manager/login.h, NULL: it was let in. */
void happening_of_login(const struct message_auth_request *request, const char *user,
			const char *reason, const char *cause, int64_t wall_ms,
			struct activity_record *ret);

#endif
