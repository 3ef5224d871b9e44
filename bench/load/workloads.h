/* load/workloads.h - what a simulated client does, by name: a task for each client. */
#ifndef LOAD_WORKLOADS_H
#define LOAD_WORKLOADS_H

#include <stdbool.h>

#include "load/phases.h"

/* What a task gets as its argument. */
struct assignment {
	int id;
	struct tally *tally; /* of the thread that the task runs on */
};

/* Takes the workload from the options. How many tasks it wants, or -1 when there is no such. */
int workload_init(void);

void workload_run(void *assignment);

/* Sessions that the workloads idle and slow have opened. */
int workload_sessions(void);

#endif
