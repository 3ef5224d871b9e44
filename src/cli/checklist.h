/* cli/checklist.h - the doctor's steps as a list that grows: "✓ Login  under TLS  (0.1 s)".
 * On a terminal the step that runs is shown with the time that it has taken so far.
 * Threads: one caller; the time is shown by a thread of its own. */
#ifndef CLI_CHECKLIST_H
#define CLI_CHECKLIST_H

#include <pthread.h>

#include "doctor/doctor.h"

struct checklist {
	struct watcher watcher; /* give this to the examination */
	FILE *out;		/* NULL: prints nothing */
	bool has_colour, is_live;
	pthread_mutex_t lock; /* guards all below, and the line on the terminal */
	pthread_cond_t changed;
	pthread_t ticker;
	bool has_ticker, is_over;
	const char *title; /* of the step that runs; NULL: none */
	int64_t begin_ms;
};

/* is_live: out is a terminal. */
void checklist_init(struct checklist *checklist, FILE *out, bool has_colour, bool is_live);
void checklist_release(struct checklist *checklist);

#endif
