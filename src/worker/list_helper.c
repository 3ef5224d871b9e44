/* worker/list_helper.c - see list_helper.h. The lock guards state; the part goes back and forth
 * with it. */
#include "worker/list_helper.h"

#include <pthread.h>
#include <stdatomic.h>

#define STACK_BYTES (256 * 1024) /* as in the pool */

enum helper_state { RESTING, WORKING, LEAVING };

struct list_helper {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum helper_state state;
	pthread_t thread;
	struct list_part part;
	char *storage; /* lines, then names */
};

/* Of all listings of this process. */
static atomic_bool is_taken;

static void *helper_main(void *arg)
{
	struct list_helper *helper = arg;

	(void)pthread_mutex_lock(&helper->lock);
	while (helper->state != LEAVING) {
		if (helper->state == RESTING) {
			(void)pthread_cond_wait(&helper->changed, &helper->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&helper->lock);
		list_lines_add_batch(&helper->part.lines, helper->part.directory,
				     &helper->part.names);
		(void)pthread_mutex_lock(&helper->lock);
		helper->state = RESTING;
		(void)pthread_cond_signal(&helper->changed);
	}
	(void)pthread_mutex_unlock(&helper->lock);
	return NULL;
}

static void set_state(struct list_helper *helper, enum helper_state state)
{
	(void)pthread_mutex_lock(&helper->lock);
	helper->state = state;
	(void)pthread_cond_signal(&helper->changed);
	(void)pthread_mutex_unlock(&helper->lock);
}

static int start_thread(struct list_helper *helper)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return -error;
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	error = pthread_create(&helper->thread, &attributes, helper_main, helper);
	(void)pthread_attr_destroy(&attributes);
	return -error;
}

static void release(struct list_helper *helper)
{
	(void)pthread_cond_destroy(&helper->changed);
	(void)pthread_mutex_destroy(&helper->lock);
	free(helper->storage);
	free(helper);
	atomic_store(&is_taken, false);
}

int list_helper_new(const struct list_lines *like, const struct list_directory *directory,
		    size_t lines_size, size_t names_size, struct list_helper **ret)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || atomic_exchange(&is_taken, true))
		return -EBUSY;

	struct list_helper *helper = calloc(1, sizeof(*helper));
	char *storage = malloc(lines_size + names_size);

	if (!helper || !storage) {
		free(helper);
		free(storage);
		atomic_store(&is_taken, false);
		return -ENOMEM;
	}
	helper->storage = storage;
	helper->part.directory = directory;
	helper->part.lines = *like;
	buf_init(&helper->part.lines.out, storage, lines_size);
	names_init(&helper->part.names, directory->fd, storage + lines_size);
	(void)pthread_mutex_init(&helper->lock, NULL);
	(void)pthread_cond_init(&helper->changed, NULL);

	int r = start_thread(helper);
	if (r < 0) {
		release(helper);
		return r;
	}
	*ret = helper;
	return 0;
}

void list_helper_free(struct list_helper **helper)
{
	if (!*helper)
		return;
	set_state(*helper, LEAVING);
	(void)pthread_join((*helper)->thread, NULL);
	release(*helper);
	*helper = NULL;
}

struct list_part *list_helper_part(struct list_helper *helper)
{
	return &helper->part;
}

void list_helper_begin(struct list_helper *helper)
{
	set_state(helper, WORKING);
}

void list_helper_wait(struct list_helper *helper)
{
	(void)pthread_mutex_lock(&helper->lock);
	while (helper->state == WORKING)
		(void)pthread_cond_wait(&helper->changed, &helper->lock);
	(void)pthread_mutex_unlock(&helper->lock);
}
