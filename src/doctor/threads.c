/* doctor/threads.c - independent probes side by side; see probe.h. */
#include <pthread.h>

#include "doctor/probe.h"

struct thread_start {
	void (*run)(void *arg);
	void *arg;
};

static void *start(void *arg)
{
	struct thread_start start = *(struct thread_start *)arg;

	free(arg);
	start.run(start.arg);
	return NULL;
}

void threads_run(struct threads *threads, void (*run)(void *arg), void *arg)
{
	struct thread_start *how = malloc(sizeof(*how));

	if (how) {
		*how = (struct thread_start){ run, arg };
		if (threads->n_ids < ARRAY_SIZE(threads->ids) &&
		    pthread_create(&threads->ids[threads->n_ids], NULL, start, how) == 0) {
			threads->n_ids++;
			return;
		}
	}
	free(how);
	run(arg);
}

void threads_join(struct threads *threads)
{
	while (threads->n_ids > 0)
		(void)pthread_join(threads->ids[--threads->n_ids], NULL);
}
