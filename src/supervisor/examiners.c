/* supervisor/examiners.c - see examiners.h. */
#include "supervisor/examiners.h"

#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/child_process.h"

#define MOST_MS (10 * 60 * 1000)

static struct examiner *free_place(struct children *c)
{
	for (size_t i = 0; i < EXAMINERS_MAX; i++)
		if (c->examiners[i].pid == 0)
			return &c->examiners[i];
	return NULL;
}

bool examiners_start(struct children *c, const struct message_examine *message, size_t len,
		     const int *fds, size_t n_fds)
{
	const size_t head = offsetof(struct message_examine, text);

	if (n_fds != 2 || len <= head || len > sizeof(*message) ||
	    strnlen(message->text, len - head) != len - head - 1)
		return false;

	struct examiner *place = c->is_ending ? NULL : free_place(c);

	if (!place) {
		log_event(LOG_WARNING, "examination-refused",
			  F_STR("reason", "too many of them run, or the server ends"));
		return true;
	}

	pid_t pid = fork();

	if (pid == 0)
		child_process_examine(c, (struct text){ message->text, len - head - 1 }, fds[0],
				      fds[1]);
	if (pid < 0) {
		log_event(LOG_ERROR, "examination-refused", F_ERRNO(-errno));
		return true;
	}
	*place = (struct examiner){ .pid = pid, .kill_at_ms = clock_ms() + MOST_MS };
	return true;
}

bool examiners_bury(struct children *c, pid_t pid)
{
	for (size_t i = 0; i < EXAMINERS_MAX; i++) {
		if (c->examiners[i].pid != pid)
			continue;
		c->examiners[i].pid = 0;
		return true;
	}
	return false;
}

void examiners_tend(struct children *c, bool all)
{
	for (size_t i = 0; i < EXAMINERS_MAX; i++)
		if (c->examiners[i].pid > 0 && (all || clock_ms() >= c->examiners[i].kill_at_ms)) {
			(void)kill(c->examiners[i].pid, SIGKILL); /* it may be gone already */
			c->examiners[i].kill_at_ms = DEADLINE_NEVER;
		}
}

int64_t examiners_next_deadline(const struct children *c)
{
	int64_t next_ms = DEADLINE_NEVER;

	for (size_t i = 0; i < EXAMINERS_MAX; i++)
		if (c->examiners[i].pid > 0)
			next_ms = MIN_OF(next_ms, c->examiners[i].kill_at_ms);
	return next_ms;
}
