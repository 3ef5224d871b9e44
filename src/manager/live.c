/* manager/live.c - see live.h. The lock guards is_ending. */
#include "manager/live.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "manager/api_handlers.h"

#define PERIOD_MS 1000
#define MOST_SESSIONS 1000 /* in one message; "total" tells of the others */

struct live {
	const struct scoreboard *board;
	struct bus *bus;
	int64_t looked_ms;
	uint64_t in, out; /* in all, when it was looked at last */
	_Atomic uint64_t in_per_s, out_per_s;
	char *sessions; /* as they were told */
	uint64_t newcomers;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;
	bool has_thread;
	pthread_t thread;
};

static uint64_t per_second(uint64_t bytes, int64_t elapsed_ms)
{
	return elapsed_ms > 0 ? bytes * 1000 / (uint64_t)elapsed_ms : 0;
}

static void measure(struct live *live, int64_t now_ms)
{
	int64_t elapsed_ms = live->looked_ms > 0 ? now_ms - live->looked_ms : 0;
	uint64_t in, out;

	scoreboard_get_bytes(live->board, &in, &out);
	atomic_store(&live->in_per_s, per_second(in - live->in, elapsed_ms));
	atomic_store(&live->out_per_s, per_second(out - live->out, elapsed_ms));
	live->in = in;
	live->out = out;
	live->looked_ms = now_ms;
}

void live_rates(const struct live *live, uint64_t *ret_in_per_s, uint64_t *ret_out_per_s)
{
	*ret_in_per_s = atomic_load(&live->in_per_s);
	*ret_out_per_s = atomic_load(&live->out_per_s);
}

static void tell_throughput(struct live *live)
{
	size_t max = scoreboard_max_sessions(live->board);
	json_int_t sessions = 0, transfers = 0;
	struct session_view view;

	if (!bus_is_heard(live->bus, "throughput"))
		return;
	for (uint32_t slot = 0; slot < max; slot++) {
		if (!scoreboard_get_session(live->board, slot, &view))
			continue;
		sessions++;
		transfers += view.transfer != TRANSFER_NONE;
	}
	bus_publish(live->bus, "throughput", 0,
		    json_pack("{s:o, s:I, s:I, s:I, s:I}", "time", api_time(clock_wall_ms()),
			      "bytes_in_per_s", (json_int_t)atomic_load(&live->in_per_s),
			      "bytes_out_per_s", (json_int_t)atomic_load(&live->out_per_s),
			      "sessions", sessions, "transfers", transfers));
}

/* Whole, so that a listener needs no memory of what was; when it has changed, or somebody is
 * new. */
static void tell_sessions(struct live *live)
{
	uint64_t newcomers = bus_newcomers(live->bus);

	if (!bus_is_heard(live->bus, "sessions"))
		return;
	json_t *sessions = sessions_json(live->board, MOST_SESSIONS);
	char *text = json_dumps(sessions, JSON_COMPACT);
	bool is_same = text && live->sessions && strcmp(text, live->sessions) == 0;

	if (is_same && newcomers == live->newcomers) {
		json_decref(sessions);
		free(text);
		return;
	}
	free(live->sessions);
	live->sessions = text;
	live->newcomers = newcomers;
	bus_publish(live->bus, "sessions", 0, sessions);
}

/* False: it is time to end. */
static bool wait_for_next(struct live *live)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PERIOD_MS / 1000;
	(void)pthread_mutex_lock(&live->lock);
	while (!live->is_ending)
		if (pthread_cond_clockwait(&live->changed, &live->lock, CLOCK_MONOTONIC, &until) ==
		    ETIMEDOUT)
			break;
	bool goes_on = !live->is_ending;
	(void)pthread_mutex_unlock(&live->lock);
	return goes_on;
}

static void *run(void *arg)
{
	struct live *live = arg;

	while (wait_for_next(live)) {
		int64_t now_ms = clock_ms();

		measure(live, now_ms);
		tell_throughput(live);
		tell_sessions(live);
		bus_beat(live->bus, now_ms);
	}
	return NULL;
}

int live_new(const struct scoreboard *board, struct bus *bus, struct live **ret)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return -ENOMEM;
	live->board = board;
	live->bus = bus;
	(void)pthread_mutex_init(&live->lock, NULL);
	(void)pthread_cond_init(&live->changed, NULL);
	int r = -pthread_create(&live->thread, NULL, run, live);
	live->has_thread = r == 0;
	if (r < 0)
		live_free(&live);
	else
		*ret = live;
	return r;
}

void live_free(struct live **live)
{
	struct live *l = *live;

	if (!l)
		return;
	(void)pthread_mutex_lock(&l->lock);
	l->is_ending = true;
	(void)pthread_cond_signal(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	if (l->has_thread)
		(void)pthread_join(l->thread, NULL);
	free(l->sessions);
	(void)pthread_cond_destroy(&l->changed);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
	*live = NULL;
}
