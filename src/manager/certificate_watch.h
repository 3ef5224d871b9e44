/* manager/certificate_watch.h - how the certificates that clients are shown are doing, for the
 * overview. They are judged once an hour: that reads every authority which this machine trusts.
 * Threads: any; a lock of its own. */
#ifndef MANAGER_CERTIFICATE_WATCH_H
#define MANAGER_CERTIFICATE_WATCH_H

#include "manager/api_request.h"

#define CERTIFICATE_SOON_DAYS 21

struct certificate_watch;

struct certificate_state {
	bool is_there;
	char host[HOST_NAME_SIZE]; /* "default", or the name of a [host] */
	char name[256];		   /* the first that it is for */
	int64_t days_left;	   /* below 0: it has expired */
	char problem[512];	   /* why clients refuse it; empty: they do not */
	bool lacks_issuer;	   /* that is the problem: those who trust the issuer take it */
};

struct certificate_watch *certificate_watch_new(void) MUST_CHECK; /* NULL: no memory */
void certificate_watch_free(struct certificate_watch **watch);	  /* accepts NULL; leaves NULL */

/* That of the default host, and of all hosts the one that most needs to be looked at. */
void certificate_watch_look(struct certificate_watch *watch, const struct api_context *context,
			    struct certificate_state *ret_default,
			    struct certificate_state *ret_worst);

#endif
