/* store/durable.c - see durable.h.
 * The mutex guards the list of groups and all that is in them; it is never held across fsync. */
#include "store/durable.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

/* One that waits for its round; on the stack of its thread. */
struct waiter {
	struct waiter *next;
	bool is_done;
	int result;
};

/* All that commit one directory now. */
struct group {
	struct group *next;
	dev_t device;
	ino_t inode;
	unsigned users; /* threads in commit_together; the last one frees it */
	bool is_running;
	struct waiter *waiting; /* for the next round */
	pthread_cond_t changed;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct group *groups;
static _Atomic uint64_t rounds;

int durable_file(int fd)
{
	while (fsync(fd) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int commit(int directory)
{
	AUTO_CLOSE int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	atomic_fetch_add(&rounds, 1);
	if (fd >= 0)
		return durable_file(fd);
	return -errno;
}

uint64_t durable_rounds(void)
{
	return atomic_load(&rounds);
}

static struct group *join_group_locked(const struct stat *st)
{
	for (struct group *group = groups; group; group = group->next)
		if (group->device == st->st_dev && group->inode == st->st_ino) {
			group->users++;
			return group;
		}

	struct group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->device = st->st_dev;
	group->inode = st->st_ino;
	group->users = 1;
	(void)pthread_cond_init(&group->changed, NULL);
	group->next = groups;
	groups = group;
	return group;
}

static void leave_group_locked(struct group *group)
{
	if (--group->users > 0)
		return;
	for (struct group **at = &groups; *at; at = &(*at)->next)
		if (*at == group) {
			*at = group->next;
			break;
		}
	(void)pthread_cond_destroy(&group->changed);
	free(group);
}

/* One round for all that wait now, the caller among them. The lock is given up meanwhile. */
static void lead_round_locked(struct group *group, int directory)
{
	struct waiter *served = group->waiting;

	group->waiting = NULL;
	group->is_running = true;
	(void)pthread_mutex_unlock(&lock);
	int result = commit(directory);
	(void)pthread_mutex_lock(&lock);
	group->is_running = false;
	while (served) {
		struct waiter *next = served->next;
		served->result = result;
		served->is_done = true;
		served = next;
	}
	(void)pthread_cond_broadcast(&group->changed);
}

int durable_directory(int directory)
{
	struct waiter self = { 0 };
	struct stat st;

	if (fstat(directory, &st) < 0)
		return -errno;
	(void)pthread_mutex_lock(&lock);
	struct group *group = join_group_locked(&st);
	if (!group) {
		(void)pthread_mutex_unlock(&lock);
		return commit(directory);
	}
	self.next = group->waiting;
	group->waiting = &self;
	while (!self.is_done) {
		if (group->is_running)
			(void)pthread_cond_wait(&group->changed, &lock);
		else
			lead_round_locked(group, directory);
	}
	leave_group_locked(group);
	(void)pthread_mutex_unlock(&lock);
	return self.result;
}
