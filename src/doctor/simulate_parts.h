/* doctor/simulate_parts.h - what the files of the simulator share; nobody else includes it.
 *
 * Threads: the simulator's lock guards its counts, the references to sessions and the TLS session
 * that data connections resume; flags are atomic. A session's wires belong to its own thread. */
#ifndef DOCTOR_SIMULATE_PARTS_H
#define DOCTOR_SIMULATE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "doctor/simulate.h"
#include "doctor/simulate_certificates.h"
#include "doctor/simulate_wire.h"

#define SIMULATE_CLAMP 1200 /* bytes of a piece that still pass a clamped line */
#define SIMULATE_LOSS 15    /* percent of the larger segments on a bad line */
#define SIMULATE_LOSABLE 200
#define SIMULATE_SEGMENT 1448
#define SIMULATE_TICK_MS 200
#define SIMULATE_MAX_THREADS 512

struct simulator {
	struct simulate_options options; /* with the values of the cause where none were given */
	const struct simulation *cause;
	bool intercepts;
	struct door control;
	struct door *passive; /* n_passive of them, on the server's own ports; else NULL */
	size_t n_passive;
	struct certificates certificates;
	int stop_fd; /* readable once it is to stop */
	atomic_bool is_banned;
	atomic_uint n_data, n_data_now;
	atomic_uint n_kills; /* whoever began before the last one is reset */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned n_threads; /* running, or still to be joined */
	unsigned n_finished;
	pthread_t finished[SIMULATE_MAX_THREADS]; /* to be joined */
};

struct simulate_session {
	struct simulator *simulator;
	unsigned n_references;
	unsigned n_dialling; /* data connections that have come and are not passed on yet */
	struct wire client, server;
	atomic_bool has_ended;	  /* the command connection is gone */
	atomic_bool must_refuse;  /* the next final reply becomes a 522 */
	atomic_bool is_protected; /* PROT P */
	bool is_taken_apart;	  /* inside of TLS that we read */
	/* The newest ticket of the server's command connection, as bytes: threads share no object
	 * of OpenSSL's. Owned; 0 bytes: none. */
	unsigned char *ticket;
	int ticket_len;
};

/* Runs fn(arg) on a thread of its own; false when there are too many. */
bool simulator_spawn(struct simulator *simulator, void *(*fn)(void *), void *arg);
/* The last thing that such a thread does. */
void simulator_leave(struct simulator *simulator);
bool simulator_is_stopping(const struct simulator *simulator);
/* Waits for so long, or until it is to stop (true). */
bool simulator_pause(const struct simulator *simulator, unsigned ms);

void session_hold(struct simulate_session *session);
void session_drop(struct simulate_session *session);

/* Serves one client, whose connection it takes. */
void simulate_session_start(struct simulator *simulator, int client);

/* Makes a connection as bad as the cause has it: its large segments vanish, or some of them. */
void simulate_lose(const struct simulation *cause, const struct wire *wire);
/* The same for who will come to a door: segments as on Ethernet, so that there are some to lose. */
void simulate_narrow(const struct simulation *cause, const struct door *door);

/* A data connection that has come (fd is taken) and goes on to target. session is NULL where the
 * command connection cannot be read. is_active: it comes from the server. */
void simulate_relay_start(struct simulator *simulator, struct simulate_session *session, int fd,
			  const struct address *target, bool is_active);
/* Waits until what has come for the session stands at the other side as well, or never will: no
 * command may overtake it, for the server may give its port to the next one. */
void simulate_relay_await(struct simulate_session *session);

#endif
