/* manager/live.c - see live.h. The lock guards is_ending. */
#include "manager/live.h"

#include <pthread.h>

#include "base/clock.h"
#include "manager/api_handlers.h"

#define PERIOD_MS 1000
#define MOST_SESSIONS 1000 /* in one message; "total" tells of the others */

/* What a session had moved when it was last looked at. */
struct counted {
	uint64_t id, in, out;
};

struct live {
	const struct scoreboard *board;
	struct bus *bus;
	struct counted *counted; /* by slot; NULL: nobody has listened yet */
	bool is_counting;	 /* they are of the last look */
	int64_t looked_ms;
	char *sessions; /* as they were told */
	uint64_t newcomers;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;
	bool has_thread;
	pthread_t thread;
};

struct totals {
	uint64_t in, out;
	json_int_t sessions, transfers;
};

static void count_session(struct counted *last, const struct session_view *view,
			  struct totals *totals)
{
	bool is_moving = view->transfer != TRANSFER_NONE;
	bool is_upload = view->transfer == TRANSFER_UPLOAD;
	struct counted now = { view->id, view->bytes_received, view->bytes_sent };

	if (is_moving)
		*(is_upload ? &now.in : &now.out) += view->transfer_bytes;
	if (last->id != now.id)
		*last = (struct counted){ now.id, 0, 0 };
	/* A reader of the scoreboard may see an end before the sum that it belongs to. */
	totals->in += now.in > last->in ? now.in - last->in : 0;
	totals->out += now.out > last->out ? now.out - last->out : 0;
	totals->sessions++;
	totals->transfers += is_moving;
	last->in = MAX_OF(now.in, last->in);
	last->out = MAX_OF(now.out, last->out);
}

static struct totals count_all(struct live *live)
{
	size_t max = scoreboard_max_sessions(live->board);
	struct totals totals = { 0 };
	struct session_view view;

	for (uint32_t slot = 0; slot < max; slot++)
		if (scoreboard_get_session(live->board, slot, &view))
			count_session(&live->counted[slot], &view, &totals);
	return totals;
}

static json_int_t per_second(uint64_t bytes, int64_t elapsed_ms)
{
	return elapsed_ms > 0 ? (json_int_t)(bytes * 1000 / (uint64_t)elapsed_ms) : 0;
}

static void tell_throughput(struct live *live, int64_t now_ms)
{
	if (!bus_is_heard(live->bus, "throughput")) {
		live->is_counting = false;
		return;
	}
	if (!live->counted)
		live->counted =
			calloc(scoreboard_max_sessions(live->board), sizeof(*live->counted));
	if (!live->counted)
		return;
	struct totals totals = count_all(live);
	int64_t elapsed_ms = live->is_counting ? now_ms - live->looked_ms : 0;

	live->looked_ms = now_ms;
	live->is_counting = true;
	bus_publish(live->bus, "throughput", 0,
		    json_pack("{s:o, s:I, s:I, s:I, s:I}", "time", api_time(clock_wall_ms()),
			      "bytes_in_per_s", per_second(totals.in, elapsed_ms),
			      "bytes_out_per_s", per_second(totals.out, elapsed_ms), "sessions",
			      totals.sessions, "transfers", totals.transfers));
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

		tell_throughput(live, now_ms);
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
	free(l->counted);
	free(l->sessions);
	(void)pthread_cond_destroy(&l->changed);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
	*live = NULL;
}
