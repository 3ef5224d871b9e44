/* worker/housekeeping.c - see housekeeping.h. */
#include "worker/housekeeping.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "store/leftovers.h"
#include "worker/hosts.h"
#include "worker/quota.h"

#define LONGEST_PAUSE_S 21600u

static int log_removed(void *arg, const struct leftover *leftover)
{
	(void)arg;
	if (leftover->is_removed)
		log_event(LOG_INFO, "partial-expired", F_STR("path", leftover->path),
			  F_UINT("bytes", leftover->size_bytes));
	return 0;
}

static void clean(const struct worker *worker, struct ledger *ledger, int root)
{
	struct leftover_walk walk = {
		.max_age_s = worker->settings->partial_max_age_s,
		.removes = true,
		.ledger = ledger,
		.visit = log_removed,
	};
	int r = leftovers_walk(&walk, root);

	if (r < 0)
		log_event(LOG_WARNING, "housekeeping-failed", F_ERRNO(r));
}

static void *run(void *arg)
{
	const struct worker *worker = arg;
	unsigned age_s = worker->settings->partial_max_age_s;
	const struct timespec pause = { .tv_sec = MIN_OF(age_s / 2 + 1, LONGEST_PAUSE_S) };

	struct ledger *ledger = quota_worker_ledger(worker);

	/* Of this thread only; transfers go first. */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
	for (;;) {
		(void)nanosleep(&pause, NULL);
		for (size_t i = 0; i <= worker->settings->n_hosts; i++)
			if (i == 0 || worker->hosts[i].data_root != worker->hosts[0].data_root)
				clean(worker, ledger, worker->hosts[i].data_root);
	}
	return NULL;
}

int housekeeping_start(const struct worker *worker)
{
	pthread_attr_t attributes;
	pthread_t thread;

	if (worker->start->index != 0)
		return 0;
	int r = pthread_attr_init(&attributes);
	if (r != 0)
		return -r;
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attributes, run, (void *)(uintptr_t)worker);
	(void)pthread_attr_destroy(&attributes);
	return -r;
}
