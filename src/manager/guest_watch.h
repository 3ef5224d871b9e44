/* manager/guest_watch.h - what the server sees of one address: the steps of its sessions on the
 * scoreboard, since it is watched. For guests.c only. Threads: one at a time. */
#ifndef MANAGER_GUEST_WATCH_H
#define MANAGER_GUEST_WATCH_H

#include <jansson.h>

#include "ipc/scoreboard.h"

#define GUEST_SESSIONS_MAX 32
#define GUEST_SEEN_MAX 100

struct guest_session {
	uint64_t id; /* 0: free */
	bool is_there, is_tls, is_logged_in;
	enum transfer_kind transfer;
};

struct guest_watch {
	int64_t id; /* of the link; 0: free */
	int64_t expires_wall_ms;
	struct address address;
	json_t *seen; /* an array; the newest GUEST_SEEN_MAX */
	struct guest_session sessions[GUEST_SESSIONS_MAX];
};

/* Appends {"time", "what", "severity", "text", "session"}; returns it, borrowed. NULL: memory is
 * short. text is UTF-8 or is made so. */
json_t *guest_watch_note(struct guest_watch *watch, const char *what, const char *severity,
			 uint64_t session, const char *text);

/* Compares the sessions of this address with what they were; each news is noted and given to
 * tell. */
void guest_watch_look(struct guest_watch *watch, const struct scoreboard *board,
		      void (*tell)(struct guest_watch *watch, json_t *item, void *arg), void *arg);

#endif
