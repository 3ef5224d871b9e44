/* manager/examinations.c - see examinations.h. */
#include "manager/examinations.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "manager/api_request.h"
#include "manager/examiner_link.h"

#define KEEP_RUNS 200
#define KEEP_MS ((int64_t)30 * 24 * 3600 * 1000)
#define LONGEST_MS (11 * 60 * 1000) /* the supervisor ends it before */

struct run {
	struct examinations *owner;
	int64_t id; /* 0: the place is free */
	struct examiner_link link;
	pthread_t thread;
	bool has_thread, is_over; /* over: the thread only waits to be joined */
	json_t *steps;		  /* that have ended */
	char *title;		  /* of the one that goes on; or NULL */
};

struct examinations {
	struct shelf *shelf;
	struct bus *bus;
	int supervisor;
	pthread_mutex_t lock; /* guards the runs, but for the link's reading end */
	struct run runs[EXAMINATIONS_AT_ONCE];
};

static void publish(struct run *run, json_t *data)
{
	char topic[32];

	(void)snprintf(topic, sizeof(topic), "doctor:%" PRId64, run->id);
	bus_publish(run->owner->bus, topic, 0, data);
}

/* --- what an examiner says -------------------------------------------------------------------- */

static void take_begin(struct run *run, const char *title)
{
	(void)pthread_mutex_lock(&run->owner->lock);
	free(run->title);
	run->title = text_dup(text_of(title));
	(void)pthread_mutex_unlock(&run->owner->lock);
	publish(run, json_pack("{s:s, s:s}", "step", "begin", "title", title));
}

static void take_end(struct run *run, json_t *step)
{
	json_t *told = json_copy(step);

	(void)pthread_mutex_lock(&run->owner->lock);
	free(run->title);
	run->title = NULL;
	(void)json_array_append(run->steps, step);
	(void)pthread_mutex_unlock(&run->owner->lock);
	(void)json_object_set_new(told, "step", json_string("end"));
	publish(run, told);
}

static const char *text_in(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void store_end(struct run *run, const char *state, const char *error, const json_t *last)
{
	const json_t *answer = json_object_get(last, "answer");
	AUTO_FREE char *steps = json_dumps(run->steps, JSON_COMPACT);
	AUTO_FREE char *answer_text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	const char *verdict = text_in(answer, "verdict"), *sentence = text_in(answer, "sentence");
	const struct shelf_value values[] = {
		shelf_number(run->id),
		shelf_number(clock_wall_ms()),
		shelf_text(state),
		shelf_text(error),
		shelf_text(verdict ? verdict : ""),
		shelf_text(sentence ? sentence : ""),
		shelf_text(steps ? steps : "[]"),
		shelf_text(answer_text),
		shelf_text(text_in(last, "html")),
		shelf_text(text_in(last, "md")),
	};
	int r = shelf_run(run->owner->shelf,
			  "UPDATE doctor_runs SET ended_ms = ?2, state = ?3, error = ?4, "
			  "verdict = ?5, sentence = ?6, steps = ?7, answer = ?8, report_html = ?9, "
			  "report_md = ?10 WHERE id = ?1",
			  values, ARRAY_SIZE(values), NULL, NULL);

	if (r < 0)
		log_event(LOG_ERROR, "examination-not-stored", F_INT("id", run->id), F_ERRNO(r));
	publish(run, json_pack("{s:s, s:s, s:s, s:O*}", "step", "over", "state", state, "error",
			       error, "answer", answer));
}

static void *watch(void *arg)
{
	struct run *run = arg;
	int64_t deadline = deadline_in(LONGEST_MS);
	json_t *said, *last = NULL;

	while (!last && (said = examiner_link_next(&run->link, deadline))) {
		json_t *step = json_object_get(said, "end");

		if (text_in(said, "begin"))
			take_begin(run, text_in(said, "begin"));
		else if (json_is_object(step))
			take_end(run, step);
		else
			last = json_incref(said);
		json_decref(said);
	}
	const char *error = text_in(last, "error");

	if (!last)
		error = "The examination was broken off: it was stopped, took too long, or the "
			"server was reloaded.";
	store_end(run, json_object_get(last, "answer") ? "done" : "failed", error ? error : "",
		  last);
	json_decref(last);
	(void)pthread_mutex_lock(&run->owner->lock);
	run->is_over = true;
	(void)pthread_mutex_unlock(&run->owner->lock);
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------- */

struct examinations *examinations_new(struct shelf *shelf, struct bus *bus, int supervisor)
{
	struct examinations *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->shelf = shelf;
	e->bus = bus;
	e->supervisor = supervisor;
	(void)pthread_mutex_init(&e->lock, NULL);

	int r = shelf_run(shelf,
			  "UPDATE doctor_runs SET state = 'failed', error = 'The server was "
			  "restarted meanwhile.' WHERE state = 'running'",
			  NULL, 0, NULL, NULL);

	if (r < 0)
		log_event(LOG_ERROR, "examinations-not-settled", F_ERRNO(r));
	return e;
}

/* The thread is over, or will be soon. */
static void clear_place(struct run *run)
{
	if (run->has_thread)
		(void)pthread_join(run->thread, NULL);
	examiner_link_close(&run->link);
	json_decref(run->steps);
	free(run->title);
	*run = (struct run){ 0 };
}

void examinations_free(struct examinations **examinations)
{
	struct examinations *e = *examinations;

	if (!e)
		return;
	for (size_t i = 0; i < EXAMINATIONS_AT_ONCE; i++) {
		(void)pthread_mutex_lock(&e->lock);
		if (e->runs[i].id != 0)
			fd_close(&e->runs[i].link.cancel);
		(void)pthread_mutex_unlock(&e->lock);
		if (e->runs[i].id != 0)
			clear_place(&e->runs[i]);
	}
	(void)pthread_mutex_destroy(&e->lock);
	free(e);
	*examinations = NULL;
}

static struct run *free_place_locked(struct examinations *e)
{
	for (size_t i = 0; i < EXAMINATIONS_AT_ONCE; i++) {
		if (e->runs[i].id != 0 && e->runs[i].is_over)
			clear_place(&e->runs[i]);
		if (e->runs[i].id == 0)
			return &e->runs[i];
	}
	return NULL;
}

/* The row of a run that begins, and those that are old go. */
static int add_row(struct examinations *e, const json_t *request, const char *by, int64_t *ret_id)
{
	json_t *kept = json_copy((json_t *)(uintptr_t)request); /* it only reads */
	int64_t now_ms = clock_wall_ms();

	(void)json_object_del(kept, "password");
	(void)json_object_del(kept, "look");

	AUTO_FREE char *options = json_dumps(kept, JSON_COMPACT);
	const struct shelf_value values[] = {
		shelf_number(now_ms),
		shelf_text(text_in(request, "host")),
		shelf_text(by),
		shelf_text(options ? options : "{}"),
	};
	const struct shelf_value old[] = { shelf_number(now_ms - KEEP_MS),
					   shelf_number(KEEP_RUNS - 1) };

	json_decref(kept);
	int r = shelf_begin(e->shelf);
	if (r < 0)
		return r;
	r = shelf_run_locked(e->shelf,
			     "DELETE FROM doctor_runs WHERE state <> 'running' AND (started_ms < "
			     "?1 OR id NOT IN (SELECT id FROM doctor_runs ORDER BY id DESC LIMIT "
			     "?2))",
			     old, 2, NULL, NULL);
	if (r >= 0)
		r = shelf_run_locked(e->shelf,
				     "INSERT INTO doctor_runs (started_ms, state, host, by, "
				     "options) VALUES (?1, 'running', ?2, ?3, ?4)",
				     values, ARRAY_SIZE(values), NULL, NULL);
	if (r >= 0)
		*ret_id = shelf_last_id(e->shelf);
	return shelf_end(e->shelf, r);
}

static int start_locked(struct examinations *e, const json_t *request, const char *by,
			int64_t *ret_id)
{
	struct run *run = free_place_locked(e);

	if (!run)
		return -EBUSY;
	*run = (struct run){ .owner = e, .steps = json_array() };

	int r = add_row(e, request, by, &run->id);

	if (r >= 0)
		r = examiner_link_open(e->supervisor, request, &run->link);
	if (r < 0) {
		if (run->id != 0)
			store_end(run, "failed", "The supervisor cannot be reached.", NULL);
		json_decref(run->steps);
		*run = (struct run){ 0 };
		return r;
	}
	*ret_id = run->id;
	run->has_thread = pthread_create(&run->thread, NULL, watch, run) == 0;
	if (!run->has_thread) {
		store_end(run, "failed", "Memory is short.", NULL);
		clear_place(run);
		return -ENOMEM;
	}
	return 0;
}

int examinations_start(struct examinations *e, const json_t *request, const char *by,
		       int64_t *ret_id)
{
	(void)pthread_mutex_lock(&e->lock);
	int r = start_locked(e, request, by, ret_id);
	(void)pthread_mutex_unlock(&e->lock);
	return r;
}

int examinations_remove(struct examinations *e, int64_t id)
{
	const struct shelf_value value = shelf_number(id);

	(void)pthread_mutex_lock(&e->lock);
	for (size_t i = 0; i < EXAMINATIONS_AT_ONCE; i++)
		if (e->runs[i].id == id)
			fd_close(&e->runs[i].link.cancel);
	(void)pthread_mutex_unlock(&e->lock);

	int r = shelf_run(e->shelf, "DELETE FROM doctor_runs WHERE id = ?1", &value, 1, NULL, NULL);

	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

/* --- telling ---------------------------------------------------------------------------------- */

#define SUMMARY_COLUMNS                                                                            \
	"id, state, host, started_ms, ended_ms, by, options, verdict, sentence, error"

static json_t *summary_json(sqlite3_stmt *row)
{
	json_t *options = json_loads(shelf_column(row, 6), 0, NULL);

	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
			 (json_int_t)sqlite3_column_int64(row, 0), "state", shelf_column(row, 1),
			 "host", api_text(text_of(shelf_column(row, 2))), "started",
			 api_time(sqlite3_column_int64(row, 3)), "ended",
			 api_time(sqlite3_column_int64(row, 4)), "by",
			 api_text(text_of(shelf_column(row, 5))), "options",
			 options ? options : json_object(), "verdict",
			 api_text_or_null(shelf_column(row, 7)), "sentence",
			 api_text_or_null(shelf_column(row, 8)), "error",
			 api_text_or_null(shelf_column(row, 9)));
}

static void add_summary(sqlite3_stmt *row, void *arg)
{
	(void)json_array_append_new(arg, summary_json(row));
}

json_t *examinations_list(struct examinations *e, int64_t after, unsigned limit)
{
	const struct shelf_value values[] = { shelf_number(after ? after : INT64_MAX),
					      shelf_number(limit) };
	json_t *list = json_array();
	int r = shelf_run(e->shelf,
			  "SELECT " SUMMARY_COLUMNS
			  " FROM doctor_runs WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
			  values, 2, add_summary, list);

	if (r >= 0)
		return list;
	json_decref(list);
	return NULL;
}

static void read_whole(sqlite3_stmt *row, void *arg)
{
	json_t **ret = arg;
	json_t *steps = json_loads(shelf_column(row, 10), 0, NULL);
	json_t *answer = json_loads(shelf_column(row, 11), 0, NULL);

	*ret = summary_json(row);
	(void)json_object_set_new(*ret, "steps", steps ? steps : json_array());
	(void)json_object_set_new(*ret, "answer", answer ? answer : json_null());
}

/* What is not stored before the end: the steps so far. */
static void add_live_steps(struct examinations *e, int64_t id, json_t *json)
{
	(void)pthread_mutex_lock(&e->lock);
	for (size_t i = 0; i < EXAMINATIONS_AT_ONCE; i++) {
		struct run *run = &e->runs[i];

		if (run->id != id || run->is_over)
			continue;
		json_t *steps = json_copy(run->steps);

		if (run->title)
			(void)json_array_append_new(
				steps, json_pack("{s:s, s:s, s:s, s:n}", "title", run->title,
						 "state", "running", "detail", "", "duration_ms"));
		(void)json_object_set_new(json, "steps", steps);
	}
	(void)pthread_mutex_unlock(&e->lock);
}

int examinations_get(struct examinations *e, int64_t id, json_t **ret)
{
	const struct shelf_value value = shelf_number(id);
	json_t *json = NULL;
	int r = shelf_run(e->shelf,
			  "SELECT " SUMMARY_COLUMNS
			  ", steps, answer FROM doctor_runs WHERE id = ?1",
			  &value, 1, read_whole, &json);

	if (r < 0 || !json)
		return r < 0 ? r : -ENOENT;
	if (strcmp(text_in(json, "state"), "running") == 0)
		add_live_steps(e, id, json);
	*ret = json;
	return 0;
}

static void read_report(sqlite3_stmt *row, void *arg)
{
	*(char **)arg = text_dup(text_of(shelf_column(row, 0)));
}

int examinations_report(struct examinations *e, int64_t id, bool is_html, char **ret)
{
	const struct shelf_value value = shelf_number(id);
	char *report = NULL;
	int r = shelf_run(e->shelf,
			  is_html ? "SELECT report_html FROM doctor_runs WHERE id = ?1"
				  : "SELECT report_md FROM doctor_runs WHERE id = ?1",
			  &value, 1, read_report, &report);

	if (r < 0 || !report)
		return r < 0 ? r : -ENOENT;
	if (!*report) {
		free(report);
		return -EAGAIN;
	}
	*ret = report;
	return 0;
}
