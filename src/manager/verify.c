/* manager/verify.c - see verify.h.
 * Threads: one lock guards the queue; a job belongs to the thread that took it. */
#include "manager/verify.h"

#include <pthread.h>
#include <sched.h>

#include "accounts/rights.h"
#include "base/list.h"
#include "base/log.h"
#include "manager/records.h"

#define MAX_THREADS 64
#define MAX_TRIES 3 /* of a login whose account changes all the while */

struct job {
	struct list queue;
	struct worker_link *link; /* held */
	struct message_auth_request request;
};

struct verify_pool {
	struct login_base base;
	struct last_logins *last_logins;
	struct ban_desk *bans;
	struct records *records;
	size_t max_waiting;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list queue;
	size_t n_waiting;
	bool is_ending;
	size_t n_threads;
	pthread_t threads[MAX_THREADS];
};

static void job_free(struct job *job)
{
	worker_link_drop(&job->link);
	explicit_bzero(job, sizeof(*job));
	free(job);
}

static void log_refusal(const struct job *job, enum auth_result result)
{
	char peer[ADDRESS_TEXT_SIZE];

	log_event(result == AUTH_BACKEND_ERROR ? LOG_ERROR : LOG_INFO, "login-refused",
		  F_STR("user", job->request.user),
		  F_STR("peer", address_format(&job->request.peer, peer)),
		  F_STR("reason", login_reason(result)), F_STR("cause", login_cause(result)),
		  F_UINT("session", job->request.session_id));
}

static struct login_attempt attempt_of(const struct message_auth_request *request)
{
	return (struct login_attempt){ text_of(request->user), secret_text(&request->password),
				       &request->peer, request->is_tls };
}

struct confirmation {
	const struct login_base *base;
	const struct account *account;
};

static int confirm_login(void *arg)
{
	const struct confirmation *c = arg;

	return login_confirm(c->base, c->account);
}

/* All but the policy, which is long, is cleared. */
static void init_reply(struct message_auth_reply *reply, const struct message_auth_request *request,
		       enum auth_result result)
{
	memset(reply, 0, offsetof(struct message_auth_reply, policy) + 1);
	reply->head.kind = MSG_AUTH_REPLY;
	reply->request_id = request->request_id;
	reply->result = result;
}

static int fill_reply(struct message_auth_reply *reply, const struct account *account,
		      const struct effective_rights *rights)
{
	reply->permissions = rights->permissions;
	reply->limits = rights->limits;
	reply->uploads = rights->uploads;
	reply->user_quota = rights->quota;
	reply->group_quota = rights->group_quota;

	int r = text_copy(text_of(rights->policy), reply->policy, sizeof(reply->policy));
	if (r == 0)
		r = text_copy(text_of(rights->group), reply->group, sizeof(reply->group));
	if (r == 0)
		r = text_copy(text_of(account->name), reply->user, sizeof(reply->user));
	if (r == 0)
		r = text_copy(text_of(account->home), reply->home, sizeof(reply->home));
	return r;
}

static void note_login(struct verify_pool *pool, const char *name,
		       const struct message_auth_request *request)
{
	char from[ADDRESS_TEXT_SIZE];

	last_logins_note(pool->last_logins, text_of(name),
			 text_of(address_format_ip(&request->peer, from)));
	ban_desk_note_success(pool->bans, &request->peer);
	records_note_login(pool->records, request, name, AUTH_OK);
}

static int send_refusal(struct verify_pool *pool, struct job *job, enum auth_result result)
{
	struct message_auth_reply reply;

	init_reply(&reply, &job->request, result);
	log_refusal(job, result);
	records_note_login(pool->records, &job->request, job->request.user, result);
	return worker_link_send(job->link, &reply, message_auth_reply_size(&reply), NULL, NULL);
}

/* -ESTALE: the account has changed since it was checked; nothing was sent. */
static int send_ok(struct verify_pool *pool, struct job *job, const struct account *account)
{
	struct confirmation confirmation = { &pool->base, account };
	struct message_auth_reply reply;
	struct effective_rights rights;

	int r = rights_get_effective(pool->base.accounts, text_of(account->name), &rights);
	if (r == -ENOENT)
		return -ESTALE;
	if (r < 0)
		return send_refusal(pool, job, AUTH_BACKEND_ERROR);
	init_reply(&reply, &job->request, AUTH_OK);
	r = fill_reply(&reply, account, &rights);
	if (r == 0)
		r = worker_link_send(job->link, &reply, message_auth_reply_size(&reply),
				     confirm_login, &confirmation);
	if (r == 0)
		note_login(pool, account->name, &job->request);
	return r;
}

/* Checks once and answers. -ESTALE: once more, please. */
static int try_job(struct verify_pool *pool, struct job *job)
{
	struct account account;

	struct login_attempt attempt = attempt_of(&job->request);
	enum auth_result result = login_check(&pool->base, &attempt, &account);
	int r = result == AUTH_OK ? send_ok(pool, job, &account) : send_refusal(pool, job, result);
	explicit_bzero(&account, sizeof(account));
	if (result == AUTH_NO_USER || result == AUTH_WRONG_PASSWORD)
		ban_desk_note_failure(pool->bans, &job->request.peer, job->request.user,
				      &job->request.password);
	return r;
}

static void run_job(struct verify_pool *pool, struct job *job)
{
	int r = -ESTALE;

	if (worker_link_is_gone(job->link))
		return; /* nobody waits for the answer */
	for (int i = 0; i < MAX_TRIES && r == -ESTALE; i++)
		r = try_job(pool, job);
	if (r == -ESTALE)
		r = send_refusal(pool, job, AUTH_BACKEND_ERROR);
	if (r < 0 && r != -EPIPE)
		log_event(LOG_ERROR, "login-answer-lost", F_STR("user", job->request.user),
			  F_UINT("worker", worker_link_slot(job->link)), F_ERRNO(r));
}

/* The next job, or NULL when the pool ends and the queue is empty. */
static struct job *take_job(struct verify_pool *pool)
{
	struct job *job = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	while (list_is_empty(&pool->queue) && !pool->is_ending)
		(void)pthread_cond_wait(&pool->changed, &pool->lock);
	if (!list_is_empty(&pool->queue)) {
		job = list_entry(pool->queue.next, struct job, queue);
		list_remove(&job->queue);
		pool->n_waiting--;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return job;
}

static void *run_jobs(void *arg)
{
	struct verify_pool *pool = arg;
	struct job *job;

	while ((job = take_job(pool))) {
		run_job(pool, job);
		job_free(job);
	}
	return NULL;
}

static unsigned count_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

int verify_pool_new(const struct verify_start *start, struct verify_pool **ret)
{
	struct verify_pool *pool = calloc(1, sizeof(*pool));
	size_t wanted = MIN_OF(start->threads ? start->threads : count_cpus(), MAX_THREADS);
	int code = 0;

	if (!pool)
		return -ENOMEM;
	pool->base = start->base;
	pool->last_logins = start->last_logins;
	pool->bans = start->bans;
	pool->records = start->records;
	pool->max_waiting = start->max_waiting;
	list_init(&pool->queue);
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->changed, NULL);
	for (; pool->n_threads < wanted && code == 0; pool->n_threads += code == 0)
		code = pthread_create(&pool->threads[pool->n_threads], NULL, run_jobs, pool);
	if (pool->n_threads == 0) {
		verify_pool_free(&pool);
		return -code;
	}
	*ret = pool;
	return 0;
}

void verify_pool_free(struct verify_pool **pool)
{
	struct verify_pool *p = *pool;

	if (!p)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	(void)pthread_cond_broadcast(&p->changed);
	(void)pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->n_threads; i++)
		(void)pthread_join(p->threads[i], NULL);
	(void)pthread_cond_destroy(&p->changed);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
	*pool = NULL;
}

/* --- passwords that are remembered ------------------------------------------------------------ */

struct recall {
	struct verify_pool *pool;
	const struct message_auth_request *request;
	struct message_auth_reply reply;
};

/* Under the lock of the link: a disable that commits later sends its KICK behind this answer. */
static ssize_t make_reply(void *arg)
{
	struct recall *recall = arg;
	struct effective_rights rights;
	struct account account;
	struct login_attempt attempt = attempt_of(recall->request);
	int r = login_recall(&recall->pool->base, &attempt, &account, &rights);

	if (r == 0) {
		init_reply(&recall->reply, recall->request, AUTH_OK);
		r = fill_reply(&recall->reply, &account, &rights);
	}
	explicit_bzero(&account, sizeof(account));
	return r < 0 ? r : (ssize_t)message_auth_reply_size(&recall->reply);
}

bool verify_pool_recall(struct verify_pool *pool, struct worker_link *link,
			const struct message_auth_request *request)
{
	struct recall recall;

	recall.pool = pool;
	recall.request = request;
	if (worker_link_send_now(link, &recall.reply, make_reply, &recall) < 0)
		return false;
	note_login(pool, recall.reply.user, request);
	return true;
}

int verify_pool_submit(struct verify_pool *pool, struct worker_link *link,
		       const struct message_auth_request *request)
{
	struct job *job = malloc(sizeof(*job));
	bool is_full;

	if (!job)
		return -ENOMEM;
	job->request = *request;
	job->link = worker_link_hold(link);
	(void)pthread_mutex_lock(&pool->lock);
	is_full = pool->n_waiting >= pool->max_waiting;
	if (!is_full) {
		list_append(&pool->queue, &job->queue);
		pool->n_waiting++;
		(void)pthread_cond_signal(&pool->changed);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (is_full)
		job_free(job);
	return is_full ? -ENOSPC : 0;
}
