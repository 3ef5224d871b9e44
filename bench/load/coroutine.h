/* load/coroutine.h - stackful tasks on an edge-triggered epoll loop, one loop per thread.
 *
 *	struct loop loop;
 *	loop_init(&loop);
 *	task_spawn(&loop, one_client, &client);
 *	loop_run(&loop);                      until no task is left
 *
 * A task runs until it waits (watch_wait) or ends. Shared by the load generator and the limit
 * server, so that neither has the more expensive event loop. x86-64 has a hand-written switch of
 * about 2 ns, everything else uses ucontext.
 * Threads: a loop, its tasks and its watches belong to the thread that runs the loop; only
 * loop_wake may be called from another. Out of memory or descriptors ends the program. */
#ifndef LOAD_COROUTINE_H
#define LOAD_COROUTINE_H

#include <stdbool.h>
#include <stdint.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

struct loop;
struct task;

/* A descriptor known to epoll: an event wakes the task that waits on it, else calls on_event. Must
 * stay where it is until the descriptor is closed. */
struct watch {
	int fd;
	struct task *waiter;
	void (*on_event)(struct watch *, uint32_t events);
};

struct task {
#if defined(__x86_64__)
	void *stack_pointer;
#else
	ucontext_t context;
#endif
	char *stack;
	struct loop *loop;
	void (*run)(void *);
	void *argument;
	struct task *next;
	bool is_queued, is_waiting, is_late, is_done;
	double deadline;     /* of the wait in progress; 0: none */
	uint64_t generation; /* for the owner of on_wake, which finds its sleeping tasks by it */
};

struct loop {
	int epoll_fd, wake_fd;
	struct watch wake_watch;
#if defined(__x86_64__)
	void *stack_pointer;
#else
	ucontext_t context;
#endif
	struct task *current, *first_ready, *last_ready, *spare;
	struct task **tasks; /* all that ever were, to look for deadlines */
	int task_count, task_room, live_count;
	bool is_kept; /* runs on when no task is left */
	double last_sweep;
	void (*on_wake)(struct loop *);
	void *owner;
};

/* The loop that this thread runs. */
extern __thread struct loop *this_loop;

/* CLOCK_MONOTONIC in seconds. */
double now_s(void);

void loop_init(struct loop *loop);
void loop_run(struct loop *loop);

/* Makes the loop call on_wake. Any thread. */
void loop_wake(struct loop *loop);

/* Borrows argument until the task ends. */
void task_spawn(struct loop *loop, void (*run)(void *), void *argument);

/* The task that calls sleeps until task_ready is called for it. */
void task_sleep(void);
void task_ready(struct task *task);

/* Watches fd for everything, edge-triggered. 0, or -1 with errno. */
int watch_add(struct loop *loop, struct watch *watch, int fd);

/* Waits for an event on a, or b when it is given. 0, or -1 with ETIMEDOUT; timeouts are looked
 * after every half second. timeout_s 0: for ever. */
int watch_wait(struct watch *a, struct watch *b, double timeout_s);

/* Lets time pass, in steps of half a second. */
void task_pause(double seconds);

#endif
