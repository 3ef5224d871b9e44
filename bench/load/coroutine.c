/* load/coroutine.c - the switch between stacks, and the loop around epoll_wait(2). */
#include "load/coroutine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	STACK_SIZE = 64 * 1024,
	GUARD_SIZE = 4096,
	EVENTS_AT_ONCE = 256,
	SWEEP_MS = 500,
};

__thread struct loop *this_loop;

double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

#if defined(__x86_64__)
__attribute__((naked, noinline)) static void switch_stack(__attribute__((unused)) void **save,
							  __attribute__((unused)) void *to)
{
	__asm__ volatile("pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n"
			 "pushq %r15\n movq %rsp,(%rdi)\n movq %rsi,%rsp\n popq %r15\n"
			 "popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n ret\n");
}

static void to_loop(struct task *task)
{
	switch_stack(&task->stack_pointer, task->loop->stack_pointer);
}

static void to_task(struct loop *loop, struct task *task)
{
	switch_stack(&loop->stack_pointer, task->stack_pointer);
}
#else
static void to_loop(struct task *task)
{
	swapcontext(&task->context, &task->loop->context);
}

static void to_task(struct loop *loop, struct task *task)
{
	swapcontext(&loop->context, &task->context);
}
#endif

/* The bottom of every stack: a task that has ended waits here for its next work. */
static void task_main(void)
{
	struct task *task = this_loop->current;
	for (;;) {
		task->run(task->argument);
		task->is_done = true;
		to_loop(task);
	}
}

void task_sleep(void)
{
	to_loop(this_loop->current);
}

void task_ready(struct task *task)
{
	struct loop *loop = task->loop;
	if (task->is_queued)
		return;
	task->is_queued = true;
	task->next = NULL;
	if (loop->last_ready)
		loop->last_ready->next = task;
	else
		loop->first_ready = task;
	loop->last_ready = task;
}

static void remember(struct loop *loop, struct task *task)
{
	if (loop->task_count == loop->task_room) {
		loop->task_room = loop->task_room ? loop->task_room * 2 : 64;
		loop->tasks = realloc(loop->tasks, sizeof(*loop->tasks) * (size_t)loop->task_room);
		if (!loop->tasks)
			die("realloc");
	}
	loop->tasks[loop->task_count++] = task;
}

static struct task *task_new(struct loop *loop)
{
	struct task *task = calloc(1, sizeof(*task));
	if (!task)
		die("calloc");
	task->stack = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (task->stack == MAP_FAILED || mprotect(task->stack, GUARD_SIZE, PROT_NONE))
		die("stack of a task");
	task->loop = loop;
#if defined(__x86_64__)
	uint64_t *top = (uint64_t *)(void *)(task->stack + GUARD_SIZE + STACK_SIZE);
	*--top = 0; /* alignment: task_main is entered with rsp % 16 == 8 */
	*--top = (uint64_t)task_main;
	for (int i = 0; i < 6; i++)
		*--top = 0;
	task->stack_pointer = top;
#else
	getcontext(&task->context);
	task->context.uc_stack.ss_sp = task->stack + GUARD_SIZE;
	task->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&task->context, task_main, 0);
#endif
	remember(loop, task);
	return task;
}

void task_spawn(struct loop *loop, void (*run)(void *), void *argument)
{
	struct task *task = loop->spare;
	if (task)
		loop->spare = task->next;
	else
		task = task_new(loop);
	task->is_done = task->is_late = false;
	task->run = run;
	task->argument = argument;
	loop->live_count++;
	task_ready(task);
}

void loop_init(struct loop *loop)
{
	memset(loop, 0, sizeof(*loop));
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop->wake_watch.fd = loop->wake_fd;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &loop->wake_watch };
	if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event))
		die("epoll");
}

void loop_wake(struct loop *loop)
{
	uint64_t one = 1;
	if (write(loop->wake_fd, &one, sizeof(one)) < 0)
		die("eventfd");
}

int watch_add(struct loop *loop, struct watch *watch, int fd)
{
	watch->fd = fd;
	watch->waiter = NULL;
	watch->on_event = NULL;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				     .data.ptr = watch };
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int watch_wait(struct watch *a, struct watch *b, double timeout_s)
{
	struct task *task = this_loop->current;
	if (a)
		a->waiter = task;
	if (b)
		b->waiter = task;
	task->is_waiting = true;
	task->is_late = false;
	task->deadline = timeout_s > 0 ? now_s() + timeout_s : 0;
	task_sleep();
	task->is_waiting = false;
	if (a)
		a->waiter = NULL;
	if (b)
		b->waiter = NULL;
	if (task->is_late) {
		errno = ETIMEDOUT;
		return -1;
	}
	return 0;
}

void task_pause(double seconds)
{
	(void)watch_wait(NULL, NULL, seconds); /* being late is the wish here */
}

static void run_ready(struct loop *loop)
{
	while (loop->first_ready) {
		struct task *task = loop->first_ready;
		loop->first_ready = task->next;
		if (!loop->first_ready)
			loop->last_ready = NULL;
		task->is_queued = false;
		loop->current = task;
		to_task(loop, task);
		loop->current = NULL;
		if (task->is_done) {
			task->is_done = false;
			task->next = loop->spare;
			loop->spare = task;
			loop->live_count--;
		}
	}
}

static void dispatch(struct loop *loop, const struct epoll_event *event)
{
	struct watch *watch = event->data.ptr;
	if (watch == &loop->wake_watch) {
		uint64_t count;
		(void)!read(loop->wake_fd, &count, sizeof(count)); /* only to empty it */
		if (loop->on_wake)
			loop->on_wake(loop);
	} else if (watch->waiter) {
		task_ready(watch->waiter);
	} else if (watch->on_event) {
		watch->on_event(watch, event->events);
	}
}

static void sweep_deadlines(struct loop *loop)
{
	double now = now_s();
	if (now - loop->last_sweep < SWEEP_MS * 1e-3)
		return;
	loop->last_sweep = now;
	for (int i = 0; i < loop->task_count; i++) {
		struct task *task = loop->tasks[i];
		if (task->is_waiting && task->deadline > 0 && task->deadline < now &&
		    !task->is_queued) {
			task->is_late = true;
			task_ready(task);
		}
	}
}

void loop_run(struct loop *loop)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	unsigned turns = 0;
	this_loop = loop;
	for (;;) {
		run_ready(loop);
		if (loop->live_count <= 0 && !loop->is_kept)
			return;
		int n = epoll_wait(loop->epoll_fd, events, EVENTS_AT_ONCE, SWEEP_MS);
		for (int i = 0; i < n; i++)
			dispatch(loop, &events[i]);
		if (n == 0 || (++turns & 255) == 0) /* a busy loop need not ask for the time */
			sweep_deadlines(loop);
	}
}
