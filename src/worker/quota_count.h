/* worker/quota_count.h - finding out how much a tree or a group holds: the walk through the files,
 * with all changes of names in the tree held up meanwhile. Threads: any. */
#ifndef WORKER_QUOTA_COUNT_H
#define WORKER_QUOTA_COUNT_H

#include "ipc/messages.h"
#include "ipc/quotas.h"
#include "worker/state.h"

/* Counts the tree with this root (any descriptor of it) unless it is known; anew: in any case. 0 or
 * -errno. */
int quota_count_tree(const struct worker *worker, int directory, uint32_t tree,
		     bool anew) MUST_CHECK;

/* The same for all homes of the group's members beneath the data root. -ETIMEDOUT: the manager does
 * not tell who they are. */
int quota_count_group(const struct worker *worker, int data_root, const char *name, uint32_t group,
		      bool anew) MUST_CHECK;

/* The manager asks for figures: a thread finds them and sends the answer. */
void quota_count_request(const struct worker *worker, const struct message_quota_request *request);

/* A moment's wait for whoever is counting. */
void quota_nap(const struct worker *worker);

#endif
