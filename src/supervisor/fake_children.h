/* supervisor/fake_children.h - a manager and a worker that do no work: they do what their parent
 * says and tell the test about it through a pipe. Threads: none. */
#ifndef SUPERVISOR_FAKE_CHILDREN_H
#define SUPERVISOR_FAKE_CHILDREN_H

#include <sys/types.h>

#include "base/common.h"

enum fake_what {
	FAKE_STARTED = 1, /* slot, generation */
	FAKE_CONNECTED,	  /* a channel between worker and manager came; manager: slot */
	FAKE_DRAIN,
	FAKE_TERMINATE,
	FAKE_PORT, /* the answer to fake_port: error, n_fds */
	FAKE_ORPHANED,
};

struct fake_event {
	enum fake_what what;
	bool is_manager;
	pid_t pid;
	uint32_t slot, generation;
	int error;
	size_t n_fds;
	bool can_become_root;
};

extern int fake_events;	      /* writing end of the test's pipe */
extern uint16_t fake_port;    /* a worker asks for it at its start, unless 0 */
extern bool fake_asks_reload; /* the first manager asks for a reload */
extern bool fake_ignores_end; /* TERMINATE is heard, but not followed */

#endif
