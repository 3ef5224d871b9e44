/* worker/flow.c - see flow.h. */
#include "worker/flow.h"

#include "base/clock.h"
#include "ipc/places.h"
#include "net/progress.h"
#include "worker/control.h"
#include "worker/session_limits.h"

static void add_meter(struct flow *flow, struct bucket *bucket, uint64_t rate, const char *limit)
{
	if (rate > 0)
		flow->meters[flow->n_meters++] = (struct meter){ bucket, rate, 0, limit };
}

static void find_meters(struct flow *flow, struct session *s, enum direction direction)
{
	const struct settings *settings = s->worker->settings;
	struct places *places = s->worker->start->places;
	bool is_up = direction == DIRECTION_UPLOAD;
	enum limit session = is_up ? LIMIT_SESSION_UPLOAD_RATE : LIMIT_SESSION_DOWNLOAD_RATE;
	enum limit user = is_up ? LIMIT_USER_UPLOAD_RATE : LIMIT_USER_DOWNLOAD_RATE;

	add_meter(flow, &s->buckets[direction], limits_value(s, session), limit_name(session));
	add_meter(flow, places_user_bucket(places, s->board_slot, direction), limits_value(s, user),
		  limit_name(user));
	add_meter(flow, places_total_bucket(places, direction),
		  is_up ? settings->total_upload_rate : settings->total_download_rate,
		  is_up ? "total_upload_rate" : "total_download_rate");
}

static void begin_window(struct flow *flow, int64_t now)
{
	int64_t time_ms = (int64_t)flow->session->worker->settings->min_rate_time_s * 1000;

	flow->look_ms = 0;
	if (flow->min_rate == 0 || progress_read(flow->fd, &flow->window_bytes) < 0)
		return;
	flow->window_ms = now;
	flow->window_waited_ms = flow->waited_ms;
	flow->look_ms = now + time_ms;
}

void flow_begin(struct flow *flow, struct session *s, int fd, enum direction direction)
{
	*flow = (struct flow){ .session = s,
			       .fd = fd,
			       .began_ms = clock_ms(),
			       .min_rate = limits_value(s, LIMIT_MIN_RATE) };
	find_meters(flow, s, direction);
	begin_window(flow, flow->began_ms);
	s->flow = flow;
}

void flow_end(struct flow *flow)
{
	for (size_t i = 0; i < flow->n_meters; i++) {
		struct meter *meter = &flow->meters[i];

		if (meter->credit > 0)
			bucket_give_back(meter->bucket, meter->rate, (uint64_t)meter->credit);
	}
	flow->session->flow = NULL;
}

/* Books a slice of each limit whose credit is used up. Returns when all of them may flow. */
static int64_t book(struct flow *flow, int64_t now_ns)
{
	int64_t at_ns = now_ns;

	for (size_t i = 0; i < flow->n_meters; i++) {
		struct meter *meter = &flow->meters[i];

		while (meter->credit <= 0) {
			uint64_t slice = bucket_slice(meter->rate);
			int64_t free_ns = bucket_take(meter->bucket, meter->rate, slice, now_ns);

			at_ns = MAX_OF(at_ns, free_ns);
			meter->credit += (int64_t)slice;
		}
	}
	return at_ns;
}

ssize_t flow_take(struct flow *flow, size_t most)
{
	if (flow->n_meters == 0)
		return (ssize_t)most;

	int64_t now_ns = clock_ns();
	int64_t at_ms = (book(flow, now_ns) + 999999) / 1000000, now_ms = now_ns / 1000000;

	if (at_ms > now_ms) {
		int r = control_rest(flow->session, at_ms);
		flow->waited_ms += clock_ms() - now_ms;
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < flow->n_meters; i++)
		most = MIN_OF(most, (size_t)flow->meters[i].credit);
	return (ssize_t)most;
}

/* Ends a transfer that was too slow, or begins the next window. */
static int look(struct flow *flow, int64_t now)
{
	int64_t time_ms = (int64_t)flow->session->worker->settings->min_rate_time_s * 1000;
	int64_t waited = flow->waited_ms - flow->window_waited_ms;
	int64_t spent = now - flow->window_ms - waited;
	uint64_t bytes;

	/* What the limits took from the window is added at its end. */
	if (spent < time_ms) {
		flow->look_ms = now + time_ms - spent;
		return 0;
	}
	if (progress_read(flow->fd, &bytes) < 0) {
		flow->look_ms = 0;
		return 0;
	}
	uint64_t rate = (bytes - flow->window_bytes) * 1000 / (uint64_t)spent;
	if (rate < flow->min_rate) {
		flow->slow_rate = rate;
		return -ETIME;
	}
	begin_window(flow, now);
	return 0;
}

int flow_spend(struct flow *flow, size_t bytes)
{
	for (size_t i = 0; i < flow->n_meters; i++)
		flow->meters[i].credit -= (int64_t)bytes;
	return flow_look(flow->session);
}

const struct meter *flow_narrowest(const struct flow *flow)
{
	const struct meter *narrowest = NULL;

	for (size_t i = 0; i < flow->n_meters; i++)
		if (!narrowest || flow->meters[i].rate < narrowest->rate)
			narrowest = &flow->meters[i];
	return narrowest;
}

const struct meter *flow_held_back_by(const struct flow *flow)
{
	bool is_held = flow->waited_ms * 2 > clock_ms() - flow->began_ms && flow->waited_ms > 100;

	return is_held ? flow_narrowest(flow) : NULL;
}

int64_t flow_wait_until(const struct session *s, int64_t deadline_ms)
{
	if (!s->flow || s->flow->look_ms == 0)
		return deadline_ms;
	return MIN_OF(deadline_ms, s->flow->look_ms);
}

int flow_look(struct session *s)
{
	if (!s->flow || s->flow->look_ms == 0)
		return 0;

	int64_t now = clock_ms();

	return now >= s->flow->look_ms ? look(s->flow, now) : 0;
}
