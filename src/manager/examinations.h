/* manager/examinations.h - runs of the doctor that the manager has asked for: started, watched
 * while they go on, stopped, kept with their answer and report in the accounts database.
 * Threads: any; each run is read by a thread of its own. One lock. */
#ifndef MANAGER_EXAMINATIONS_H
#define MANAGER_EXAMINATIONS_H

#include <jansson.h>

#include "accounts/shelf.h"
#include "manager/bus.h"

#define EXAMINATIONS_AT_ONCE 2

struct examinations;

/* What a manager before this one has left running is marked as failed. shelf and bus are borrowed.
 * NULL: memory is short. */
struct examinations *examinations_new(struct shelf *shelf, struct bus *bus,
				      int supervisor) MUST_CHECK;
/* Breaks off what runs, and waits for it. Accepts NULL; leaves NULL. */
void examinations_free(struct examinations **examinations);

/* request is what the examiner is told (supervisor/examiner.h); it is kept without its password.
 * 0 and the run's id; -EBUSY: enough of them run; -errno. The steps go to the bus topic
 * "doctor:<id>": {"step": "begin", "title"}, {"step": "end", "title", "state", "detail",
 * "duration_ms"}, and at last {"step": "over", "state", "answer"}. */
int examinations_start(struct examinations *examinations, const json_t *request, const char *by,
		       int64_t *ret_id) MUST_CHECK;

/* Stops it when it runs, and forgets it. 0; -ENOENT; -errno. */
int examinations_remove(struct examinations *examinations, int64_t id) MUST_CHECK;

/* {"id", "state", "host", "started", "ended", "by", "options", "verdict", "sentence", "error",
 * "steps", "answer"}; a new reference. 0; -ENOENT; -errno. */
int examinations_get(struct examinations *examinations, int64_t id, json_t **ret) MUST_CHECK;
/* The report of a run that is over: HTML or Markdown, owned by the caller. 0; -ENOENT; -EAGAIN: it
 * is not over, or gave none; -errno. */
int examinations_report(struct examinations *examinations, int64_t id, bool is_html,
			char **ret) MUST_CHECK;
/* The newest first, without steps and answers; after: the id behind which the page begins, 0: the
 * newest. A new reference, NULL when the database failed. */
json_t *examinations_list(struct examinations *examinations, int64_t after,
			  unsigned limit) MUST_CHECK;

#endif
