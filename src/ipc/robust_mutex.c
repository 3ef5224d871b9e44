/* ipc/robust_mutex.c - see robust_mutex.h. */
#include "ipc/robust_mutex.h"

#include <assert.h>

int robust_mutex_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;
	int r = pthread_mutexattr_init(&attributes);

	if (r != 0)
		return -r;
	(void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	(void)pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	r = pthread_mutex_init(mutex, &attributes);
	(void)pthread_mutexattr_destroy(&attributes);
	return -r;
}

void robust_mutex_lock(pthread_mutex_t *mutex, void (*repair)(void *arg), void *arg)
{
	int error = pthread_mutex_lock(mutex);

	if (error == EOWNERDEAD) {
		repair(arg);
		error = pthread_mutex_consistent(mutex);
	}
	assert(error == 0);
	(void)error;
}

void robust_mutex_unlock(pthread_mutex_t *mutex)
{
	int error = pthread_mutex_unlock(mutex);

	assert(error == 0);
	(void)error;
}
