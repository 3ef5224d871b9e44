/* supervisor/child_process.h - what happens in a child between fork(2) and its own main function:
 * it forgets what is not its own, gives up its rights, and becomes a manager or a worker.
 * Threads: none yet. */
#ifndef SUPERVISOR_CHILD_PROCESS_H
#define SUPERVISOR_CHILD_PROCESS_H

#include "supervisor/children.h"

/* Becomes an examiner (examiner.h): request is what it is asked, out and cancel are its pipes.
 * Never returns. */
_Noreturn void child_process_examine(struct children *children, struct text request, int out,
				     int cancel);

/* child describes this process, channel is its own end to the supervisor. Never returns. */
_Noreturn void child_process_run(struct children *children, struct child *child, int channel);

#endif
