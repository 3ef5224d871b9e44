/* ipc/reservations.h - who waits for a data connection from where: (client address, passive port)
 * -> session, in memory shared by all workers. Many clients hold the same port at once; only the
 * pair is unique. A reservation lives from the 227/229 reply until its connection arrives.
 *
 * Threads and processes: any. One robust mutex guards the table; when its holder was killed the
 * next one repairs the table and goes on. Nothing blocks while it is held. */
#ifndef IPC_RESERVATIONS_H
#define IPC_RESERVATIONS_H

#include "net/address.h"

struct reservations;

struct reservation_owner {
	uint32_t worker_slot;
	uint32_t board_slot; /* of the session; one reservation per session */
	uint64_t session_id;
};

/* Supervisor, before the first fork. NULL when memory is short. */
struct reservations *reservations_new(size_t max_sessions) MUST_CHECK;

/* Reserves (peer, port) for the owner, replacing what the owner had (a pair that is given up for
 * another goes into quarantine; a session may always take its own pair again). 0; -EBUSY when
 * another session has the pair, or had it and gave it up unused less than quarantine_ms ago (its
 * client may still connect: that connection must not reach us). */
int reservations_take(struct reservations *r, const struct address *peer, uint16_t port,
		      const struct reservation_owner *owner, int64_t quarantine_ms) MUST_CHECK;

/* A connection from peer arrived at port: true, *ret_owner, and the reservation is gone; false when
 * nobody waits for it. A pair that is in quarantine is not matched, and its quarantine ends. */
bool reservations_match(struct reservations *r, const struct address *peer, uint16_t port,
			struct reservation_owner *ret_owner);

/* For peers that may differ from the control connection's (passive_data_from): the only reservation
 * of this port whose owner accepts() the peer; none or several: false. accepts is called under the
 * lock and must not block. */
bool reservations_match_foreign(struct reservations *r, uint16_t port,
				bool (*accepts)(const struct address *control_peer, void *arg),
				void *arg, struct reservation_owner *ret_owner);

/* The only reservation of this port, which stays as it is; none or several: false. */
bool reservations_find_only(struct reservations *r, uint16_t port,
			    struct reservation_owner *ret_owner);

/* The owner gives its reservation up; the pair goes into quarantine. Nothing to do: fine. */
void reservations_drop(struct reservations *r, uint32_t board_slot, uint64_t session_id);

/* Supervisor: the worker has died; its reservations go, into quarantine. */
void reservations_forget_worker(struct reservations *r, uint32_t worker_slot);

/* Waits until a reservation of this peer (or of one that shares its hash) was matched or dropped
 * since *seen, at most timeout_ms; updates *seen. Start with reservations_seen(), before the
 * take that may fail. The end of a quarantine by time wakes nobody: wait in slices of at most
 * quarantine_ms. Waiters are told apart by peer, since a wake-up of everybody for each
 * connection would cost the square of their number. Source: futex(2). */
uint32_t reservations_seen(const struct reservations *r, const struct address *peer);
void reservations_wait(struct reservations *r, const struct address *peer, uint32_t *seen,
		       int timeout_ms);

/* How many are held now. */
size_t reservations_count(struct reservations *r);

#endif
