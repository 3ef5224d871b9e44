/* manager/bus.h - what happens, told to whoever listens at the moment: the streams of the web page.
 *
 *	bus_publish(bus, "events", id, json_pack("{s:s}", "kind", "login"));
 *
 * Nobody is waited for: a listener that does not read is ended when too much waits for it. A
 * message is kept once for all of them. Threads: any; one lock, under which the callbacks of
 * listeners run: they must not call back. */
#ifndef MANAGER_BUS_H
#define MANAGER_BUS_H

#include <jansson.h>
#include <sys/types.h>

#include "base/common.h"

#define BUS_LISTENERS_MAX 32
#define BUS_TOPICS_SIZE 256
#define BUS_OWNER_SIZE 160
#define BUS_HISTORY 256		    /* messages with an id that a listener who comes back can get */
#define BUS_WAITING_MAX 256	    /* messages that may wait for one listener */
#define BUS_BYTES_MAX (4096 * 1024) /* of them together */
#define BUS_BEAT_MS 15000

struct bus;
struct bus_listener;

struct bus *bus_new(void) MUST_CHECK; /* NULL: memory is short */
void bus_free(struct bus **bus);      /* no listener may be left; accepts NULL; leaves NULL */

/* Sends data (a reference that is taken, also of NULL) to all who listen to the topic, a word such
 * as "sessions" or "doctor:12". id: 0, or a number that grows with each message that has one, over
 * restarts as well; the newest of these are kept for those who come back. */
void bus_publish(struct bus *bus, const char *topic, int64_t id, json_t *data);
/* The same for what happens often and is seldom heard: make(thing) is called once somebody wants
 * it, at most once, under the lock. thing is taken and given to free(3); NULL: nothing is sent. */
void bus_publish_later(struct bus *bus, const char *topic, int64_t id, void *thing,
		       json_t *(*make)(const void *thing));

/* Whether somebody listens to it: what costs is not made for nobody. */
bool bus_is_heard(struct bus *bus, const char *topic);
/* Grows whenever somebody begins to listen: who publishes changes only then tells all again. */
uint64_t bus_newcomers(struct bus *bus);

struct bus_subscription {
	const char *topics;	    /* comma separated; copied */
	const char *owner;	    /* who listens; see bus_end_owner */
	int64_t after_id;	    /* the last message that was heard before; 0: none */
	void (*wait)(void *arg);    /* there is nothing now: called by bus_listener_read */
	void (*wake)(void *arg);    /* there is something, or it has ended; once after each wait */
	bool (*is_gone)(void *arg); /* whoever listened is not there any more; between those two */
	void *arg;
};

/* 0 and *ret owned by the caller; -EINVAL: topics that are too long or none; -EBUSY: too many
 * listeners, or the bus is closed; -ENOMEM. */
int bus_listen(struct bus *bus, const struct bus_subscription *subscription,
	       struct bus_listener **ret) MUST_CHECK;
void bus_listener_free(struct bus_listener **listener); /* accepts NULL; leaves NULL */

/* The next bytes of the event stream (HTML, 9.2). More than 0; 0: nothing now, wait() was called;
 * -EPIPE: it has ended. */
ssize_t bus_listener_read(struct bus_listener *listener, char *ret, size_t size) MUST_CHECK;

/* Ends those who are gone. A comment to everybody who has not been told anything for BUS_BEAT_MS,
 * so that proxies keep the connection. now_ms: of the monotonic clock. */
void bus_beat(struct bus *bus, int64_t now_ms);

/* Ends the streams of this owner: logged out, disabled. */
void bus_end_owner(struct bus *bus, const char *owner);
/* Ends all; nobody can listen any more. */
void bus_close(struct bus *bus);

#endif
