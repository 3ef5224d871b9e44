/* supervisor/examiners.h - the children that look at something for the manager (examiner.h):
 * started on its word, few at a time, ended when their time is over. They belong to no generation
 * and nobody replaces them. Threads: one (the supervisor's loop). */
#ifndef SUPERVISOR_EXAMINERS_H
#define SUPERVISOR_EXAMINERS_H

#include "ipc/messages.h"
#include "supervisor/children.h"

/* message is len bytes long; fds are the pipe to write to and the one that cancels, and stay the
 * caller's. False: it is no sound message. What cannot be started is logged: its pipe just ends. */
bool examiners_start(struct children *children, const struct message_examine *message, size_t len,
		     const int *fds, size_t n_fds) MUST_CHECK;

/* Whether pid was one of them: it is gone now. */
bool examiners_bury(struct children *children, pid_t pid);
/* Kills those whose time is over (all: every one). */
void examiners_tend(struct children *children, bool all);
int64_t examiners_next_deadline(const struct children *children);

#endif
