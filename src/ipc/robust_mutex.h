/* ipc/robust_mutex.h - a mutex in memory that processes share, each of which may be killed while it
 * holds it: the next one repairs what is behind it. Threads: any, of any process. */
#ifndef IPC_ROBUST_MUTEX_H
#define IPC_ROBUST_MUTEX_H

#include <pthread.h>

#include "base/common.h"

/* 0 or -errno; before the first fork. */
int robust_mutex_init(pthread_mutex_t *mutex) MUST_CHECK;

/* repair is called with the mutex held when its last owner died with it. */
void robust_mutex_lock(pthread_mutex_t *mutex, void (*repair)(void *arg), void *arg);
void robust_mutex_unlock(pthread_mutex_t *mutex);

#endif
