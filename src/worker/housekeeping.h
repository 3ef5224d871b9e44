/* worker/housekeeping.h - what broken uploads have left goes when it is older than
 * partial_max_age. One worker of a generation looks through the data roots now and then, on a
 * thread of its own at the lowest priority. Homes that lie elsewhere are left to `sallyport storage
 * check --clean`. */
#ifndef WORKER_HOUSEKEEPING_H
#define WORKER_HOUSEKEEPING_H

#include "worker/state.h"

/* Starts it, in the worker whose turn it is. 0 or -errno. The thread ends with the process. */
int housekeeping_start(const struct worker *worker) MUST_CHECK;

#endif
