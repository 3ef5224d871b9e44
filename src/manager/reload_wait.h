/* manager/reload_wait.h - asks the supervisor to read the configuration again, and waits for what
 * becomes of it. Threads: those of the API. */
#ifndef MANAGER_RELOAD_WAIT_H
#define MANAGER_RELOAD_WAIT_H

#include "ipc/scoreboard.h"

/* The supervisor has the words of a failure on the scoreboard (server_view.last_reload_error).
 * 0: the new configuration serves; -ECANCELED: it was refused, with the reason; -ETIMEDOUT: nobody
 * knows yet; -errno: the supervisor could not be asked. */
int reload_and_wait(const struct scoreboard *board, int supervisor, char *ret_reason,
		    size_t reason_size) MUST_CHECK;

#endif
