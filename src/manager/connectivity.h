/* manager/connectivity.h - from which networks clients get through, and at which passive ports.
 *
 * What workers and logins tell is added up in memory, for each client network (IPv4 /24, IPv6 /64)
 * and each port, and written to the database every few seconds and at the end. The number of
 * networks is bounded: those that were not heard of for longest leave; networks without a single
 * login have a small part of the room to themselves, so that strangers cannot push the others out,
 * and are not stored. What it all means for a network: connectivity_causes.h.
 * Threads: any; the notes and connectivity_tend belong to one thread (records.c). One lock. */
#ifndef MANAGER_CONNECTIVITY_H
#define MANAGER_CONNECTIVITY_H

#include "accounts/reach_store.h"
#include "ftp/data_record.h"
#include "settings/settings.h"

#define CONNECTIVITY_NETWORKS 4096u
#define CONNECTIVITY_STRANGERS 1024u /* of them, at most, without a login */
#define CONNECTIVITY_TRIES 48u
#define CONNECTIVITY_LAST 4u /* users, addresses */
#define CONNECTIVITY_SESSIONS 6u
#define CONNECTIVITY_CAUSES 8u

struct connectivity;

/* A client that gives a port up sooner has not tried it, or was refused at once. */
#define CONNECTIVITY_BRIEF_MS 500u

/* One data connection. */
struct network_try {
	int64_t wall_ms;
	uint16_t port, cause;
	uint8_t mode, outcome;
	bool is_brief; /* nobody came, but nobody was waited for: it tells nothing of the port */
};

/* What else went wrong: a login refused, a handshake failed. */
struct network_cause {
	uint16_t cause; /* number of the D-id */
	uint32_t n;
	int64_t wall_ms; /* of the last */
};

struct network_state {
	struct network network;
	char name[REACH_NETWORK_SIZE]; /* "203.0.113.0/24" */
	int64_t first_ms, seen_ms;     /* wall time, as all of these; 0: never */
	int64_t success_ms, failure_ms;
	int64_t login_ms, login_failure_ms;
	uint32_t login_failures; /* since the last login */
	struct reach_counts counts;
	/* The newest first, each without repetition; the tries with all. */
	unsigned n_tries, n_users, n_addresses, n_sessions, n_causes;
	struct network_try tries[CONNECTIVITY_TRIES];
	char users[CONNECTIVITY_LAST][USER_NAME_MAX + 1];
	struct address addresses[CONNECTIVITY_LAST];
	uint64_t sessions[CONNECTIVITY_SESSIONS];
	struct network_cause causes[CONNECTIVITY_CAUSES];
};

/* store and settings are borrowed; store NULL: nothing is kept. Loads what is there. 0 or
 * -errno. */
int connectivity_new(struct reach_store *store, const struct settings *settings,
		     struct connectivity **ret) MUST_CHECK;
/* Writes what is left. Accepts NULL; leaves NULL. */
void connectivity_free(struct connectivity **connectivity);

/* The network that an address belongs to, and its name. */
struct network connectivity_network_of(const struct address *peer,
				       char ret_name[static REACH_NETWORK_SIZE]);

struct connectivity_who {
	const struct address *peer;
	const char *user; /* or empty */
	uint64_t session;
	int64_t wall_ms;
};
void connectivity_note_data(struct connectivity *c, const struct connectivity_who *who,
			    const struct data_record *data);
void connectivity_note_login(struct connectivity *c, const struct connectivity_who *who);
/* A login that was refused, or a handshake that failed; cause 0: nothing to say. */
void connectivity_note_failure(struct connectivity *c, const struct connectivity_who *who,
			       unsigned cause, bool is_login);

/* Writes when it is time, in wall time of clock_ms. Returns when to call again. */
int64_t connectivity_tend(struct connectivity *c);

/* --- reading: the callbacks run under the lock ------------------------------------------------ */

/* Every network, the one that was heard of last first, until each says false. */
void connectivity_each(struct connectivity *c,
		       bool (*each)(const struct network_state *state, void *arg), void *arg);
/* A copy. 0 or -ENOENT. */
int connectivity_get(struct connectivity *c, const char *name,
		     struct network_state *ret) MUST_CHECK;
void connectivity_each_port(struct connectivity *c,
			    void (*each)(uint16_t port, const struct reach_port_counts *counts,
					 void *arg),
			    void *arg);

#endif
