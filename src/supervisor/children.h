/* supervisor/children.h - the manager and the workers: started, connected, restarted, ended.
 *
 * A *place* is where a living child is kept: a worker's place is its slot on the scoreboard. A
 * *seat* is a task of the newest generation that somebody must always do: the manager's, and one
 * per worker. A child without a seat finishes its sessions and leaves. Threads: one (the
 * supervisor's loop). */
#ifndef SUPERVISOR_CHILDREN_H
#define SUPERVISOR_CHILDREN_H

#include <sys/types.h>

#include "ipc/bans.h"
#include "ipc/places.h"
#include "ipc/recorder.h"
#include "ipc/reservations.h"
#include "ipc/scoreboard.h"
#include "ipc/tally.h"
#include "supervisor/backoff.h"
#include "supervisor/generation.h"
#include "supervisor/listeners.h"
#include "supervisor/passive_ports.h"
#include "supervisor/web_listeners.h"

/* The one in office and those that a quick row of reloads has told to finish. */
#define CHILDREN_MANAGERS 8
#define CHILDREN_MAX (SCOREBOARD_WORKERS + CHILDREN_MANAGERS)

struct seat;

struct child {
	pid_t pid; /* 0: the place is free */
	bool is_manager;
	uint32_t slot; /* of a worker */
	char name[32]; /* "manager", "worker.3" */
	int channel;   /* -1: closed */
	struct generation *generation;
	struct seat *seat; /* NULL: on its way out */
	int64_t started_ms;
	int64_t kill_at_ms; /* when our patience ends, or DEADLINE_NEVER */
	bool owes_drain;    /* was told to accept no more, and has not confirmed it yet */
};

struct seat {
	struct child *child; /* NULL: empty */
	int64_t fill_at_ms;  /* an empty one is filled then */
	struct backoff backoff;
};

/* See examiners.h: few, so that nobody turns this machine into a scanner. */
#define EXAMINERS_MAX 3

struct examiner {
	pid_t pid; /* 0: the place is free */
	int64_t kill_at_ms;
};

struct children {
	/* Set by the caller before children_init and borrowed. */
	struct scoreboard *board;
	struct reservations *reservations;
	struct places *places;
	struct bans *bans;
	struct quotas *quotas;
	struct recorder *recorder;
	struct tally *tally;
	struct listeners *listeners;
	struct web_listeners *web;
	struct passive_ports *passive_ports;
	struct server_view *view; /* what the scoreboard tells of the whole server */
	int api;
	struct tls_ticket_keys *ticket_keys; /* examiners wipe them */
	int signals;			     /* children close it */

	/* Set by the functions below. */
	struct generation *generation; /* the newest: what empty seats are filled with */
	bool is_ending;		       /* nobody is replaced any more */
	uint32_t n_workers;
	struct child all[CHILDREN_MAX]; /* workers by slot, then managers */
	struct seat manager_seat;
	struct seat worker_seats[SCOREBOARD_WORKERS];
	struct examiner examiners[EXAMINERS_MAX];
	int mailbox_in[SCOREBOARD_WORKERS], mailbox_out[SCOREBOARD_WORKERS];
};

/* Makes the mailboxes. 0 or -errno. */
int children_init(struct children *children) MUST_CHECK;

/* Whether there is room for a next generation: a place for its manager and at least one worker. */
bool children_have_room(const struct children *children);

/* generation (borrowed, one user is added) becomes the newest: new children take all seats at once,
 * the old workers are told to accept no more, the old manager to finish. Connections that arrive in
 * between wait in the queues of the listeners. */
void children_serve(struct children *children, struct generation *generation);

/* Whether every old worker has confirmed that it accepts no more: new connections are the newest
 * generation's alone. */
bool children_are_settled(const struct children *children);

/* Fills the empty seats whose time has come, and kills children whose time is over. */
void children_tend(struct children *children);
/* When children_tend has something to do next: a deadline, or DEADLINE_NEVER. */
int64_t children_next_deadline(const struct children *children);

/* Takes note of every child that has exited. */
void children_reap(struct children *children);

/* Reads what the child has sent. True: somebody asks for a reload. */
bool children_receive(struct children *children, struct child *child);

/* Everybody finishes, at most patience_ms; nobody is replaced. Again with less: less patience. */
void children_end(struct children *children, int64_t patience_ms);
size_t children_count(const struct children *children);

#endif
