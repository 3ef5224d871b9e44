/* worker/quota.c - see quota.h. */
#include "worker/quota.h"

#include <fcntl.h>
#include <stdio.h>

#include "store/partial.h"
#include "worker/control.h"
#include "worker/hosts.h"
#include "worker/quota_count.h"

/* How the counter of a bound is counted, and what it is called. */
struct source {
	const struct home *home; /* its tree; NULL: the group */
	const char *name;	 /* of the user or the group; empty: of a folder; borrowed */
};

/* Trees that nobody else changes for a while. */
struct held {
	uint32_t trees[2 * QUOTA_TREES_MAX];
	size_t n;
};

/* Most sessions have no quota and change nothing while they wait: what only those need is not
 * there. */
struct session_quota {
	struct ledger ledger;
	const struct worker *worker;
	char *group; /* its name; NULL: none with a quota */
	struct quota_actor actor;
	struct quota_bound *bounds; /* those of actor, with room for max_bounds of them */
	struct source *sources;	    /* by bound */
	uint32_t max_bounds;
	int data_root;		       /* borrowed */
	struct quota_section *section; /* between enter and leave */
	struct held *held;	       /* between hold and release */
};

/* The ledger is the first member. */
static struct session_quota *of(struct ledger *l)
{
	return (struct session_quota *)l;
}

/* --- counting first --------------------------------------------------------------------------- */

static int count_source(struct session_quota *q, const struct source *source, uint32_t counter)
{
	AUTO_CLOSE int fd = -1;

	if (!source->home)
		return quota_count_group(q->worker, q->data_root, source->name, counter, false);
	int r = home_openat(source->home, ".", O_RDONLY | O_DIRECTORY, 0, &fd);
	return r < 0 ? r : quota_count_tree(q->worker, fd, counter, false);
}

static int count_unknown(struct session_quota *q)
{
	for (size_t i = 0; i < q->actor.n_bounds; i++)
		if (q->actor.bounds[i].counter == q->actor.unknown)
			return count_source(q, &q->sources[i], q->actor.unknown);
	return -EINVAL;
}

/* --- the ledger ------------------------------------------------------------------------------- */

static bool is_on(const struct ledger *l)
{
	return quotas_are_on(((const struct session_quota *)l)->actor.quotas);
}

static int enter_section(struct session_quota *q, const int directories[2], bool adds)
{
	for (;;) {
		int r = quotas_enter(q->section, &q->actor, directories, adds);

		if (r == -ENODATA && q->actor.holds)
			return -EAGAIN; /* nobody can count what we hold */
		if (r == -ENODATA)
			r = count_unknown(q);
		else if (r == -EAGAIN)
			quota_nap(q->worker);
		else
			return r;
		if (r < 0 && r != -EAGAIN)
			return r;
	}
}

static void free_section(struct session_quota *q)
{
	free(q->section);
	q->section = NULL;
}

static int enter(struct ledger *l, const int directories[2], bool adds)
{
	struct session_quota *q = of(l);

	q->section = malloc(sizeof(*q->section));
	if (!q->section)
		return -ENOMEM;
	int r = enter_section(q, directories, adds);
	if (r < 0)
		free_section(q);
	return r;
}

static void leave(struct ledger *l)
{
	quotas_leave(of(l)->section);
	free_section(of(l));
}

static void doubt(struct ledger *l, int directory)
{
	quotas_doubt_above(of(l)->actor.quotas, directory);
}

static int may_create(struct ledger *l, const struct stat *replaces)
{
	return quotas_may_create(of(l)->section, replaces);
}

static void adopt(struct ledger *l, const struct stat *file, bool is_new,
		  const struct stat *replaces)
{
	quotas_adopt(of(l)->section, file, is_new, replaces);
}

static int may_replace(struct ledger *l, const struct stat *now)
{
	return quotas_may_replace(of(l)->section, now);
}

static uint64_t may_keep(struct ledger *l)
{
	return quotas_may_keep(of(l)->section);
}

static void settle(struct ledger *l, uint64_t bytes, uint64_t files)
{
	quotas_settle(of(l)->section, bytes, files);
}

static void removed(struct ledger *l, unsigned side, const struct stat *file)
{
	quotas_removed(of(l)->section, side, file);
}

static bool is_one_set(const struct ledger *l)
{
	return quotas_is_one_set(((const struct session_quota *)l)->section);
}

static struct ledger_amount amount(struct ledger *l, const struct stat *file)
{
	struct quota_usage usage = quotas_amount(of(l)->section, file);

	return (struct ledger_amount){ usage.bytes, usage.files };
}

static int may_move(struct ledger *l, const struct ledger_amount *moving,
		    const struct stat *replaced)
{
	const struct quota_usage usage = { moving->bytes, moving->files };

	return quotas_may_move(of(l)->section, &usage, replaced);
}

static void moved(struct ledger *l, const struct ledger_amount *moving, const struct stat *file)
{
	const struct quota_usage usage = { moving->bytes, moving->files };

	quotas_moved(of(l)->section, &usage, file);
}

static int grow(struct ledger *l, uint64_t bytes, uint64_t *ret_bytes)
{
	struct session_quota *q = of(l);

	for (;;) {
		int r = quotas_grow(&q->actor, bytes, ret_bytes);

		if (r != -ENODATA)
			return r;
		r = count_unknown(q);
		if (r < 0)
			return r;
	}
}

static void free_held(struct session_quota *q)
{
	free(q->held);
	q->held = NULL;
}

static int hold(struct ledger *l, const int directories[2])
{
	struct session_quota *q = of(l);
	int r;

	q->held = malloc(sizeof(*q->held));
	if (!q->held)
		return -ENOMEM;
	while ((r = quotas_hold_above(&q->actor, directories, q->held->trees, &q->held->n)) ==
	       -EAGAIN)
		quota_nap(q->worker);
	if (r < 0)
		free_held(q);
	return r;
}

static void release(struct ledger *l)
{
	struct session_quota *q = of(l);

	quotas_release(&q->actor, q->held->trees, q->held->n);
	free_held(q);
}

static bool is_growing(struct ledger *l, const struct stat *file)
{
	return quotas_is_growing(of(l)->actor.quotas, file);
}

static const struct ledger_calls calls = {
	.is_on = is_on,
	.enter = enter,
	.leave = leave,
	.doubt = doubt,
	.may_create = may_create,
	.adopt = adopt,
	.may_replace = may_replace,
	.may_keep = may_keep,
	.settle = settle,
	.removed = removed,
	.is_one_set = is_one_set,
	.amount = amount,
	.may_move = may_move,
	.moved = moved,
	.grow = grow,
	.hold = hold,
	.release = release,
	.is_growing = is_growing,
};

/* --- login ------------------------------------------------------------------------------------ */

static struct session_quota *new_quota(const struct worker *worker, uint32_t record)
{
	struct session_quota *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->ledger.calls = &calls;
	q->worker = worker;
	q->actor.quotas = worker->start->quotas;
	q->actor.worker_slot = worker->start->slot;
	q->actor.record = record;
	return q;
}

static int find_tree(struct session_quota *q, const struct home *home, uint32_t *ret)
{
	struct stat root;
	int r = home_stat(home, ".", &root);

	return r < 0 ? r : quotas_find_tree(q->actor.quotas, &root, ret);
}

static int add_bound(struct session_quota *q, uint32_t counter, const struct quota_limits *limits,
		     const struct home *home, const char *name)
{
	uint32_t at = q->actor.n_bounds;

	if (at == q->max_bounds)
		return -ENOSPC;
	q->bounds[at] = (struct quota_bound){ counter, *limits };
	q->sources[at] = (struct source){ home, name };
	q->actor.n_bounds++;
	return 0;
}

static int bind_tree(struct session_quota *q, const struct home *home,
		     const struct quota_limits *limits, const char *name)
{
	uint32_t tree;

	if (!quota_is_limited(limits))
		return 0;
	int r = find_tree(q, home, &tree);
	return r < 0 ? r : add_bound(q, tree, limits, home, name);
}

static int bind_group(struct session_quota *q, const struct home *home,
		      const struct message_auth_reply *answer)
{
	uint32_t tree, group = 0;
	struct stat root;

	if (!*answer->group || !quota_is_limited(&answer->group_quota))
		return 0;
	q->group = text_dup(text_of(answer->group));
	if (!q->group)
		return -ENOMEM;
	int r = fstat(q->data_root, &root) < 0 ? -errno : 0;
	if (r == 0)
		r = quotas_find_group(q->actor.quotas, answer->group, &root, &group);
	if (r == 0)
		r = find_tree(q, home, &tree);
	if (r < 0)
		return r;
	quotas_join(q->actor.quotas, tree, group);
	return add_bound(q, group, &answer->group_quota, NULL, q->group);
}

static int make_room(struct session_quota *q, uint32_t max_bounds)
{
	if (max_bounds == 0)
		return 0;
	q->bounds = calloc(max_bounds, sizeof(q->bounds[0]));
	q->sources = calloc(max_bounds, sizeof(q->sources[0]));
	if (!q->bounds || !q->sources)
		return -ENOMEM;
	q->actor.bounds = q->bounds;
	q->max_bounds = max_bounds;
	return 0;
}

static uint32_t count_bounds(const struct session_user *user,
			     const struct message_auth_reply *answer)
{
	uint32_t n = quota_is_limited(&answer->user_quota) ? 1 : 0;

	if (*answer->group && quota_is_limited(&answer->group_quota))
		n++;
	for (size_t i = 0; i < user->n_folders; i++)
		n += quota_is_limited(&user->folders[i].quota) ? 1 : 0;
	return n;
}

int quota_open(struct session *s, struct session_user *user,
	       const struct message_auth_reply *answer)
{
	if (!s->worker->start->quotas)
		return 0;

	struct session_quota *q = new_quota(s->worker, s->board_slot);

	if (!q)
		return -ENOMEM;
	q->data_root = s->host->data_root;
	user->quota = q;
	home_count(user->home, &q->ledger);
	int r = make_room(q, count_bounds(user, answer));
	if (r == 0)
		r = bind_tree(q, user->home, &answer->user_quota, user->name);
	if (r == 0)
		r = bind_group(q, user->home, answer);
	for (size_t i = 0; i < user->n_folders && r == 0; i++) {
		home_count(user->folders[i].home, &q->ledger);
		r = bind_tree(q, user->folders[i].home, &user->folders[i].quota, "");
	}
	return r;
}

void quota_free(struct session_quota **quota)
{
	if (*quota) {
		free((*quota)->group);
		free((*quota)->bounds);
		free((*quota)->sources);
		free_section(*quota);
		free_held(*quota);
	}
	free(*quota);
	*quota = NULL;
}

struct ledger *quota_worker_ledger(const struct worker *worker)
{
	struct session_quota *q = worker->start->quotas ? new_quota(worker, QUOTA_NO_RECORD) : NULL;

	return q ? &q->ledger : NULL;
}

/* --- room ------------------------------------------------------------------------------------- */

/* The directory at the place, or that of the file there. */
static int open_directory(const struct place *place, struct partial_place *ret)
{
	if (home_openat(place->home, place_beneath(place), O_PATH | O_DIRECTORY, 0,
			&ret->directory) == 0)
		return 0;
	return partial_find_place(place->home, place_beneath(place), ret);
}

bool quota_holds(const struct session *s)
{
	return s->user->quota && s->user->quota->actor.n_bounds > 0;
}

int quota_room(struct session *s, const struct place *place, struct quota_usage *ret)
{
	AUTO_PARTIAL_PLACE struct partial_place at = { .directory = -1 };
	struct session_quota *q = s->user->quota;

	*ret = (struct quota_usage){ UINT64_MAX, UINT64_MAX };
	if (!quota_holds(s))
		return 0;
	int r = open_directory(place, &at);
	while (r == 0) {
		r = quotas_room(&q->actor, at.directory, ret);
		if (r != -ENODATA)
			break;
		r = count_unknown(q);
	}
	return r;
}

void quota_blame_files(struct session *s)
{
	struct session_quota *q = s->user->quota;

	if (q)
		q->actor.exceeded = q->actor.tightest_files;
}

static void add_figure(struct buf *out, uint64_t used, uint64_t limit, const char *what)
{
	if (limit > 0)
		buf_addf(out, "%" PRIu64 " of %" PRIu64 " %s", used, limit, what);
	else
		buf_addf(out, "%" PRIu64 " %s", used, what);
}

void quota_describe(struct session *s, struct buf *out)
{
	const struct session_quota *q = s->user->quota;
	struct quota_usage used;

	if (!q || q->actor.exceeded >= q->actor.n_bounds)
		return; /* it is the file system's own */

	const struct quota_bound *bound = &q->bounds[q->actor.exceeded];
	const struct source *source = &q->sources[q->actor.exceeded];

	buf_addf(out, "The quota of %s%s is in the way",
		 !source->home	 ? "group "
		 : *source->name ? "user "
				 : "this folder",
		 source->name);
	if (quotas_look(q->actor.quotas, bound->counter, &used) == 0) {
		buf_add(out, T(": "));
		add_figure(out, used.bytes, bound->limits.bytes, "bytes");
		buf_add(out, T(" and "));
		add_figure(out, used.files, bound->limits.files, "files");
		buf_add(out, T(" are used"));
		if (bound->limits.bytes > 0)
			buf_addf(out, ", %" PRIu64 " bytes are left",
				 bound->limits.bytes - MIN_OF(bound->limits.bytes, used.bytes));
	}
	buf_add(out, T(". Delete files, or ask the administrator to raise it."));
}

void quota_reply_errno(struct session *s, int error, const struct place *place)
{
	char storage[512];
	struct buf figures;

	buf_init(&figures, storage, sizeof(storage) - 1);
	if (error == -EDQUOT)
		quota_describe(s, &figures);
	storage[figures.len] = '\0';
	reply_errno_more(s, error, path_text(&place->path), storage);
}

void quota_reply(struct session *s, const struct place *place)
{
	quota_reply_errno(s, -EDQUOT, place);
}
