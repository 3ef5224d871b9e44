/* worker/passive.h - the shared passive ports, as one worker sees them.
 *
 * A port of the range is listened on when somebody needs it, through the supervisor, which owns the
 * sockets; a connection that arrives is matched by its peer's address to the session that reserved
 * the port (ipc/reservations.h), here or in another worker. Connections that nobody waits for are
 * closed.
 *
 * A client connects before its transfer command or after it. What has come is taken from the
 * socket's queue by the session itself when its command runs: no other thread is woken for it. Only
 * while a session waits are arrivals watched; and now and then somebody looks, so that reservations
 * do not outlive the arrival for long. Threads: any; a mutex guards the list of listeners; what
 * happens under it at most is that a message is put into the supervisor's queue. */
#ifndef WORKER_PASSIVE_H
#define WORKER_PASSIVE_H

#include "worker/session.h"

struct passive;

/* epoll: of the worker's main thread, which calls passive_look_everywhere for events with this
 * tag. */
struct passive *passive_new(struct worker *worker, int epoll) MUST_CHECK;
#define PASSIVE_TAG ((uint64_t)1 << 63)

/* Reserves a port of the range for the session: s->plan, s->passive_port. 0; -EBUSY: all of them
 * are reserved by this client's address, even after waiting for passive_wait; -ECANCELED; or why no
 * port could be opened. */
int passive_reserve(struct passive *passive, struct session *s) MUST_CHECK;
/* The same for one port of the range, without waiting. The session has no plan before it. */
int passive_reserve_port(struct passive *passive, struct session *s, uint16_t port) MUST_CHECK;
/* Gives the session's reservation up, if it has one. Borrowing thread, or the table's lock. */
void passive_drop(struct passive *passive, struct session *s);

/* Takes in what has arrived, for whichever session it is: at the session's port, until its own is
 * there; at all ports. Not under the table's lock. */
void passive_look(struct passive *passive, struct session *s);
void passive_look_everywhere(struct passive *passive);

/* Around a wait for an arrival: the main thread is woken by each. */
void passive_watch(struct passive *passive);
void passive_unwatch(struct passive *passive);

/* Main thread: the supervisor's answer (takes the descriptors); now and then, to give back
 * listeners that nobody has used for a while. */
void passive_listener_reply(struct passive *passive, const struct message_listener *reply,
			    int fds[], size_t n_fds);
void passive_tend(struct passive *passive);

/* Main thread: hands over what other workers had no room for. True: some of it still waits, call
 * soon again. */
bool passive_post(struct passive *passive);

#endif
