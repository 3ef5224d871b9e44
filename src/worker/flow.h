/* worker/flow.h - what accompanies the bytes of one transfer: the bandwidth limits that hold it
 * back and the rate below which it is ended. Lives on the stack of the command; the session knows
 * of it meanwhile, so that waits for the client can look at it. Threads: the one that runs the
 * session. */
#ifndef WORKER_FLOW_H
#define WORKER_FLOW_H

#include "worker/session.h"

struct flow {
	struct session *session;
	int fd; /* the data connection, borrowed */
	/* The bandwidth limits that hold for it. */
	struct meter {
		struct bucket *bucket;
		uint64_t rate;
		int64_t credit; /* bytes that may flow now */
		const char *limit;
	} meters[3];
	size_t n_meters;
	int64_t began_ms, waited_ms; /* waited: for the limits */
	/* The rate below which it is ended, looked at whenever this much time has gone by. */
	uint64_t min_rate;
	int64_t look_ms; /* 0: never */
	int64_t window_ms, window_waited_ms;
	uint64_t window_bytes;
	uint64_t slow_rate; /* what it had when it was ended for being slow */
};

void flow_begin(struct flow *flow, struct session *s, int fd, enum direction direction);
/* Gives back what was taken and not used. */
void flow_end(struct flow *flow);

/* Waits until something may flow; ABOR, STAT and NOOP are served meanwhile. How many bytes, at most
 * `most` (not 0); or an error of control_wait_wake. */
ssize_t flow_take(struct flow *flow, size_t most) MUST_CHECK;
/* So many have flown. 0; -ETIME: too slow for the server. */
int flow_spend(struct flow *flow, size_t bytes) MUST_CHECK;

/* The limit that holds it back most, or NULL when none is there. */
const struct meter *flow_narrowest(const struct flow *flow);
/* It, when the transfer waited for limits most of its time; else NULL. */
const struct meter *flow_held_back_by(const struct flow *flow);

/* For waits of the session's data connection: no longer than until the next look, then look. */
int64_t flow_wait_until(const struct session *s, int64_t deadline_ms);
int flow_look(struct session *s) MUST_CHECK; /* 0 or -ETIME */

#endif
