/* manager/verify.h - the threads that check passwords, so that logins do not wait for each other.
 * Each request is checked, answered to the worker that asked, logged when refused, and wiped.
 * Threads: any may submit. */
#ifndef MANAGER_VERIFY_H
#define MANAGER_VERIFY_H

#include "manager/ban_desk.h"
#include "manager/last_logins.h"
#include "manager/login.h"
#include "manager/worker_links.h"

struct verify_pool;

struct verify_start {
	struct login_base base;		 /* borrowed */
	struct last_logins *last_logins; /* borrowed, as the next two */
	struct records *records;
	struct ban_desk *bans;
	unsigned threads; /* 0: one per CPU */
	size_t max_waiting;
};

/* 0 or -errno. */
int verify_pool_new(const struct verify_start *start, struct verify_pool **ret) MUST_CHECK;
/* Answers what waits, then ends the threads. Accepts NULL; leaves NULL. */
void verify_pool_free(struct verify_pool **pool);

/* Answers at once when the answer is yes and the password is remembered. False: nothing was done;
 * submit the request. Never waits for a hash, nor for the worker. */
bool verify_pool_recall(struct verify_pool *pool, struct worker_link *link,
			const struct message_auth_request *request) MUST_CHECK;

/* Takes a copy of the request. 0; -ENOSPC (too many wait); -ENOMEM: answer AUTH_BACKEND_ERROR. */
int verify_pool_submit(struct verify_pool *pool, struct worker_link *link,
		       const struct message_auth_request *request) MUST_CHECK;

#endif
