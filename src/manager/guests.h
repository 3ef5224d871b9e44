/* manager/guests.h - guest links: one page for the other party, who cannot connect. A link is a
 * secret of which only a hash is kept; it expires, and the first browser that opens it keeps it.
 * From then on what the server sees of that browser's address is noted, and told to the bus topic
 * "guest:<id>": sessions, logins, transfers, and what the events of the server say.
 * Threads: any; one of its own looks at the scoreboard while a link is in use. One lock. */
#ifndef MANAGER_GUESTS_H
#define MANAGER_GUESTS_H

#include "accounts/shelf.h"
#include "ipc/scoreboard.h"
#include "manager/bus.h"

#define GUEST_TOKEN_SIZE 44 /* 32 random bytes, base64url */
#define GUEST_MINUTES_MOST (30 * 24 * 60)

struct guests;

struct guest {
	int64_t id;
	char name[128];
	char user[USER_NAME_MAX + 1]; /* whose settings it shows; empty: nobody's */
	char by[160];
	int64_t created_wall_ms, expires_wall_ms;
	int64_t opened_wall_ms; /* 0: nobody has */
	char opened_from[ADDRESS_TEXT_SIZE];
};

/* All borrowed. NULL: memory is short. */
struct guests *guests_new(struct shelf *shelf, const struct scoreboard *board,
			  struct bus *bus) MUST_CHECK;
void guests_free(struct guests **guests); /* accepts NULL; leaves NULL */

/* name, user and by of *guest are given, and when it expires; its id is set. The token is told here
 * alone. 0 or -errno. */
int guests_add(struct guests *guests, struct guest *guest,
	       char ret_token[static GUEST_TOKEN_SIZE]) MUST_CHECK;
/* 0; -ENOENT; -errno. */
int guests_remove(struct guests *guests, int64_t id) MUST_CHECK;

/* The links, newest first, those that have expired within a week included: {"id", "name", "user",
 * "by", "created", "expires", "opened", "address"}. NULL when the database failed. */
json_t *guests_list(struct guests *guests) MUST_CHECK;
/* The same of one, with "seen". 0; -ENOENT; -errno. */
int guests_get(struct guests *guests, int64_t id, json_t **ret) MUST_CHECK;

/* Somebody comes with the token. cookie: what the browser has been given before (GUEST_TOKEN_SIZE),
 * or NULL; from: its address. The first to come gets *ret_cookie, else it is empty. 0; -ENOENT: no
 * such link; -EKEYREVOKED: it has expired, or another browser has it; -errno. */
int guests_enter(struct guests *guests, const char *token, const char *cookie, const char *from,
		 struct guest *ret, char ret_cookie[static GUEST_TOKEN_SIZE]) MUST_CHECK;

/* [{"time", "what", "severity", "text", "session"}], oldest first; a new reference. */
json_t *guests_seen(struct guests *guests, int64_t id) MUST_CHECK;

#endif
