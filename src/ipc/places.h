/* ipc/places.h - how many sessions an address and a user have, over all workers, and the buckets
 * that all sessions of a user share; in memory shared by all of our processes.
 *
 * A place belongs to a session's slot on the scoreboard, from its connection to its end. Counting
 * and taking are one step, so that limits hold exactly however many connect at once.
 * Threads and processes: any. One robust mutex guards the table; when its holder was killed the
 * next one repairs the table and goes on. Nothing blocks while it is held. */
#ifndef IPC_PLACES_H
#define IPC_PLACES_H

#include "ipc/buckets.h"
#include "net/address.h"

struct places;

/* Supervisor, before the first fork. NULL when memory is short. */
struct places *places_new(size_t max_sessions) MUST_CHECK;

/* A session from peer in this slot; what the slot held before is given back. most 0: no limit.
 * 0; -EUSERS when the address has `most` sessions or more. *ret_count: how many it has, without
 * this one. */
int places_enter(struct places *places, uint32_t board_slot, uint32_t worker_slot,
		 const struct address *peer, unsigned most, unsigned *ret_count) MUST_CHECK;
/* The session in this slot becomes the user's. 0; -EUSERS and *ret_count likewise. */
int places_log_in(struct places *places, uint32_t board_slot, const char *user, unsigned most,
		  unsigned *ret_count) MUST_CHECK;
/* Nothing to give back: fine. */
void places_log_out(struct places *places, uint32_t board_slot);
void places_leave(struct places *places, uint32_t board_slot);
/* Supervisor: the worker has died. To be called before its slots on the scoreboard become free. */
void places_forget_worker(struct places *places, uint32_t worker_slot);

/* The bucket that all sessions of the slot's user share; valid until the slot is logged out. The
 * one of all sessions of the server. */
struct bucket *places_user_bucket(struct places *places, uint32_t board_slot,
				  enum direction direction);
struct bucket *places_total_bucket(struct places *places, enum direction direction);

#endif
