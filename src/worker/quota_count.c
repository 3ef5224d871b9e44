/* worker/quota_count.c - see quota_count.h. */
#include "worker/quota_count.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>

#include "base/log.h"
#include "settings/data_roots.h"
#include "store/tree.h"
#include "worker/hosts.h"
#include "worker/manager_link.h"
#include "worker/pool.h"

#define NAP_NS 2000000
#define GROUP_TRIES 1000

static void block(const struct worker *worker)
{
	if (pool_self())
		pool_block(worker->pool);
}

static void unblock(const struct worker *worker)
{
	if (pool_self())
		pool_unblock(worker->pool);
}

void quota_nap(const struct worker *worker)
{
	const struct timespec pause = { .tv_nsec = NAP_NS };

	block(worker);
	(void)nanosleep(&pause, NULL);
	unblock(worker);
}

/* --- trees ------------------------------------------------------------------------------------ */

struct tree_walk {
	struct quotas *quotas;
	uint32_t tree;
	struct quota_usage found;
};

static int add_file(void *arg, const struct stat *file)
{
	struct tree_walk *walk = arg;

	if (!quotas_meet(walk->quotas, walk->tree, file)) {
		walk->found.bytes += (uint64_t)file->st_size;
		walk->found.files++;
	}
	return 0;
}

int quota_count_tree(const struct worker *worker, int directory, uint32_t tree, bool anew)
{
	struct quotas *quotas = worker->start->quotas;
	struct quota_actor self = { .quotas = quotas,
				    .worker_slot = worker->start->slot,
				    .record = QUOTA_NO_RECORD };
	struct tree_walk walk = { .quotas = quotas, .tree = tree };
	struct quota_usage known;

	for (;;) {
		if (!anew && quotas_look(quotas, tree, &known) == 0)
			return 0;
		if (quotas_hold(&self, &tree, 1) == 0)
			break;
		quota_nap(worker);
	}
	block(worker);
	int r = tree_files(directory, add_file, &walk);
	unblock(worker);
	if (r == 0) {
		quotas_counted(&self, tree, &walk.found);
	} else {
		log_event(LOG_ERROR, "quota-uncounted", F_ERRNO(r));
		quotas_release(&self, &tree, 1);
	}
	return r;
}

/* As sessions open it, but nothing is made. */
static int find_home(const struct worker *worker, int data_root, const char *path,
		     struct home **ret)
{
	size_t root_len = data_roots_length(worker->settings, text_of(path));

	if (*path == '/' && root_len > 0)
		return home_open_in_root(data_root, path, root_len, true, ret);
	return home_find(data_root, path, ret);
}

/* --- groups ----------------------------------------------------------------------------------- */

/* The homes of the members, each ended by NUL. */
struct members {
	char *homes;
	size_t len, n;
};

static int list_members(const struct worker *worker, const char *group, struct members *ret)
{
	struct message_members_reply page = { 0 };
	char after[USER_NAME_MAX + 1] = "";

	for (;;) {
		int r = manager_link_members(worker->manager, group, after, &page);
		if (r < 0)
			return r;
		char *homes = realloc(ret->homes, ret->len + page.len + 1);
		if (!homes)
			return -ENOMEM;
		memcpy(homes + ret->len, page.homes, page.len);
		ret->homes = homes;
		ret->len += page.len;
		ret->n += page.n;
		if (page.is_last)
			return 0;
		memcpy(after, page.last, sizeof(after));
	}
}

struct member_tree {
	uint32_t tree;
	int directory; /* owned */
};

static int compare_trees(const void *a, const void *b)
{
	uint32_t x = ((const struct member_tree *)a)->tree;
	uint32_t y = ((const struct member_tree *)b)->tree;

	return x < y ? -1 : x > y;
}

/* A home that is not there yet holds nothing; one that cannot be opened lets nobody in. */
static int open_member(const struct worker *worker, int data_root, const char *path,
		       struct member_tree *ret)
{
	struct home *home = NULL;
	struct stat st;

	if (find_home(worker, data_root, path, &home) < 0)
		return 0;
	int r = home_openat(home, ".", O_RDONLY | O_DIRECTORY, 0, &ret->directory);
	home_free(&home);
	if (r < 0)
		return 0;
	r = fstat(ret->directory, &st) < 0 ? -errno : 0;
	if (r == 0)
		r = quotas_find_tree(worker->start->quotas, &st, &ret->tree);
	if (r < 0)
		fd_close(&ret->directory);
	return r < 0 ? r : 1;
}

/* All homes that there are, each once, ordered by the number of their trees. */
static int open_members(const struct worker *worker, int data_root, const struct members *members,
			struct member_tree *trees, size_t *ret_n)
{
	size_t n = 0, n_once = 0;

	for (const char *home = members->homes; home && home < members->homes + members->len;
	     home += strlen(home) + 1) {
		int r = open_member(worker, data_root, home, &trees[n]);
		if (r < 0) {
			*ret_n = n;
			return r;
		}
		n += r > 0;
	}
	qsort(trees, n, sizeof(trees[0]), compare_trees);
	for (size_t i = 0; i < n; i++) {
		if (n_once > 0 && trees[n_once - 1].tree == trees[i].tree)
			fd_close(&trees[i].directory);
		else
			trees[n_once++] = trees[i];
	}
	*ret_n = n_once;
	return 0;
}

/* No other of them lies above this one. */
static int find_top(const struct worker *worker, const struct member_tree *trees, size_t n,
		    size_t at, bool *ret)
{
	uint32_t above[QUOTA_TREES_MAX];
	size_t n_above;
	int r = quotas_trees_above(worker->start->quotas, trees[at].directory, above, &n_above);

	*ret = true;
	for (size_t i = 0; r == 0 && i < n_above; i++) {
		const struct member_tree key = { .tree = above[i] };

		if (above[i] != trees[at].tree &&
		    bsearch(&key, trees, n, sizeof(key), compare_trees))
			*ret = false;
	}
	return r;
}

static int count_members(const struct worker *worker, uint32_t group, uint32_t epoch,
			 const struct member_tree *trees, size_t n, bool anew)
{
	AUTO_FREE uint32_t *numbers = calloc(n + 1, sizeof(numbers[0]));
	AUTO_FREE bool *tops = calloc(n + 1, sizeof(tops[0]));
	uint32_t unknown;
	int r = numbers && tops ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && r == 0; i++) {
		numbers[i] = trees[i].tree;
		r = find_top(worker, trees, n, i, &tops[i]);
		if (r == 0)
			r = quota_count_tree(worker, trees[i].directory, trees[i].tree, anew);
	}
	return r < 0 ? r
		     : quotas_set_members(worker->start->quotas, group, epoch, numbers, tops, n,
					  &unknown);
}

static int try_count_group(const struct worker *worker, int data_root, const char *name,
			   uint32_t group, bool anew)
{
	uint32_t epoch = quotas_members_epoch(worker->start->quotas, group);
	struct members members = { 0 };
	struct member_tree *trees = NULL;
	size_t n = 0;
	int r = list_members(worker, name, &members);

	if (r == 0) {
		trees = calloc(members.n + 1, sizeof(trees[0]));
		r = trees ? open_members(worker, data_root, &members, trees, &n) : -ENOMEM;
	}
	if (r == 0)
		r = count_members(worker, group, epoch, trees, n, anew);
	for (size_t i = 0; i < n; i++)
		fd_close(&trees[i].directory);
	free(trees);
	free(members.homes);
	return r;
}

int quota_count_group(const struct worker *worker, int data_root, const char *name, uint32_t group,
		      bool anew)
{
	struct quota_usage known;
	int r = -EAGAIN;

	for (int tries = 0; tries < GROUP_TRIES && (r == -EAGAIN || r == -ENODATA); tries++) {
		if (tries > 0)
			quota_nap(worker);
		if (!anew && quotas_look(worker->start->quotas, group, &known) == 0)
			return 0;
		r = try_count_group(worker, data_root, name, group, anew);
	}
	if (r < 0)
		log_event(LOG_ERROR, "quota-uncounted", F_STR("group", name), F_ERRNO(r));
	return r;
}

/* --- for the manager -------------------------------------------------------------------------- */

struct errand {
	const struct worker *worker;
	struct message_quota_request request;
};

static int find_directory(const struct errand *errand, int data_root,
			  struct message_quota_reply *reply, int *ret_fd, uint32_t *ret)
{
	struct home *home = NULL;
	struct stat st;
	int r = find_home(errand->worker, data_root, errand->request.directory, &home);

	if (r == 0)
		r = home_openat(home, ".", O_RDONLY | O_DIRECTORY, 0, ret_fd);
	home_free(&home);
	if (r == 0)
		r = fstat(*ret_fd, &st) < 0 ? -errno : 0;
	if (r == 0)
		r = quotas_find_tree(errand->worker->start->quotas, &st, ret);
	if (r == 0)
		reply->was_known =
			quotas_look(errand->worker->start->quotas, *ret, &reply->before) == 0;
	return r;
}

static int run_tree(const struct errand *errand, int data_root, struct message_quota_reply *reply)
{
	AUTO_CLOSE int fd = -1;
	uint32_t tree;
	int r = find_directory(errand, data_root, reply, &fd, &tree);

	if (r == -ENOENT)
		return 0; /* a home that nobody has used yet: nothing is in it */
	if (r == 0)
		r = quota_count_tree(errand->worker, fd, tree, errand->request.is_recount);
	return r == 0 ? quotas_look(errand->worker->start->quotas, tree, &reply->after) : r;
}

static int run_group(const struct errand *errand, int data_root, struct message_quota_reply *reply)
{
	struct quotas *quotas = errand->worker->start->quotas;
	struct stat root;
	uint32_t group;
	int r = fstat(data_root, &root) < 0 ? -errno : 0;

	if (r == 0)
		r = quotas_find_group(quotas, errand->request.group, &root, &group);
	if (r < 0)
		return r;
	reply->was_known = quotas_look(quotas, group, &reply->before) == 0;
	r = quota_count_group(errand->worker, data_root, errand->request.group, group,
			      errand->request.is_recount);
	return r == 0 ? quotas_look(quotas, group, &reply->after) : r;
}

static void *run_errand(void *arg)
{
	struct errand *errand = arg;
	int data_root = errand->worker->hosts[0].data_root;
	struct message_quota_reply reply = { .head = { MSG_QUOTA_REPLY },
					     .request_id = errand->request.request_id };

	/* Somebody else may have changed something between the count and the look. */
	do
		reply.error = *errand->request.group ? run_group(errand, data_root, &reply)
						     : run_tree(errand, data_root, &reply);
	while (reply.error == -ENODATA);
	int r = manager_link_send(errand->worker->manager, &reply, sizeof(reply));
	if (r < 0)
		log_event(LOG_WARNING, "quota-answer-lost", F_ERRNO(r));
	free(errand);
	return NULL;
}

void quota_count_request(const struct worker *worker, const struct message_quota_request *request)
{
	struct errand *errand = malloc(sizeof(*errand));
	pthread_attr_t attributes;
	pthread_t thread;

	if (!errand || !worker->start->quotas || pthread_attr_init(&attributes) != 0) {
		free(errand);
		return; /* who asks gives up by itself */
	}
	*errand = (struct errand){ worker, *request };
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, run_errand, errand) != 0)
		free(errand);
	(void)pthread_attr_destroy(&attributes);
}
