/* supervisor/web_listeners.h - the listening sockets of the manager's page, at the addresses of the
 * setting web_listen. A change of configuration keeps those whose place stays, like listeners.h;
 * the next set is made first and put in force when nothing can fail any more. Threads: one. */
#ifndef SUPERVISOR_WEB_LISTENERS_H
#define SUPERVISOR_WEB_LISTENERS_H

#include "manager/manager.h"
#include "settings/web_listen.h"
#include "supervisor/failure.h"

/* Zero-filled is a set without listeners. */
struct web_listeners {
	size_t n;
	struct web_address places[WEB_LISTEN_MAX];
	struct manager_door doors[WEB_LISTEN_MAX];
	bool is_new[WEB_LISTEN_MAX]; /* while it is prepared */
};

/* The set that loaded asks for, with the sockets of old where they stay. A default that another
 * program has taken is left out with a warning: files go on without a page. 0; or -errno with the
 * failure, and nothing is open that was not before. */
int web_listeners_prepare(const struct web_listeners *old, const struct settings_loaded *loaded,
			  struct web_listeners *ret, struct failure *ret_failure) MUST_CHECK;

/* Takes what was prepared: closes what is not needed any more. */
void web_listeners_commit(struct web_listeners *web, struct web_listeners *next);
/* Closes what was opened for it. */
void web_listeners_drop(struct web_listeners *next);

/* Closes all. */
void web_listeners_release(struct web_listeners *web);

#endif
