/* manager/guest_ear.h - hears the server's events on the bus for those who watch an address: why a
 * login failed, why a data connection did not come. For guests.c only.
 * Threads: one at a time; it never waits. */
#ifndef MANAGER_GUEST_EAR_H
#define MANAGER_GUEST_EAR_H

#include "manager/bus.h"

struct guest_ear;

/* NULL: memory is short, or the bus has no room now. */
struct guest_ear *guest_ear_new(struct bus *bus) MUST_CHECK;
void guest_ear_free(struct guest_ear **ear); /* accepts NULL; leaves NULL */

/* The next event, a new reference; NULL: none now. *ret_is_over: there will be none any more, since
 * too much was left unread or the bus is closed. */
json_t *guest_ear_next(struct guest_ear *ear, bool *ret_is_over) MUST_CHECK;

#endif
