/* manager/records.c - see records.h.
 * Threads: the lock guards the queue and the flags; the writer takes the queue as a whole and works
 * on it without the lock. */
#include "manager/records.h"

#include <fcntl.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "manager/api_handlers.h"
#include "manager/data_json.h"
#include "manager/event_json.h"
#include "manager/login.h"
#include "manager/xferlog.h"

#define BATCH_MAX 512u
#define GATHER_MS 20 /* after the first event of a batch */
#define PRUNE_AT_ONCE 1000u
#define PRUNE_EVERY_MS 60000
/* What the manager notes itself is in no hurry, and must not pile up. */
#define QUIET_MS 500
#define OWN_MAX 4096u
#define EVENTS_KEPT 500000
/* Timelines of failed data connections that are kept in a second. */
#define FAILURES_PER_S 20u

enum own_kind { OWN_HAPPENING, OWN_LOGIN, OWN_LOGIN_FAILED };

/* What a worker has sent, or what the manager notes itself. */
struct noted {
	struct list link;
	struct worker_link *worker; /* held; NULL: the manager's own */
	enum own_kind own;
	bool has_activity;
	uint16_t cause; /* of a failed login or handshake; 0: none */
	struct address peer;
	struct activity_record activity; /* where has_activity */
	/* Of a worker's only: behind this, in one piece, and only as long as what it holds, since
	 * thousands of logouts may wait, and paths are long. new_path: of EVENT_STORED_KINDS. */
	struct transfer_record *record;
};
_Static_assert(offsetof(struct transfer_record, path) < offsetof(struct transfer_record, new_path),
	       "what is left out stands at the end");

struct records {
	struct records_start start;
	const struct settings *settings;
	int xferlog; /* or -1 */
	int64_t next_prune_ms, next_tend_ms;
	int64_t failures_since_ms; /* a second began then */
	unsigned failures;	   /* kept in it */
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;
	struct list queue;
	size_t n_queued, n_own;
	bool is_quiet;		/* nothing in the queue is in a hurry, */
	int64_t quiet_until_ms; /* until then */
};

/* --- one event -------------------------------------------------------------------------------- */

static const char *const kind_names[] = {
	[EVENT_UPLOAD] = "upload", [EVENT_DOWNLOAD] = "download", [EVENT_DELETE] = "delete",
	[EVENT_RENAME] = "rename", [EVENT_MKDIR] = "mkdir",	  [EVENT_RMDIR] = "rmdir",
	[EVENT_COPY] = "copy",
};
_Static_assert(ARRAY_SIZE(kind_names) == EVENT_STORED_KINDS, "each has a name");

int event_kind_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kind_names); i++)
		if (strcmp(kind_names[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

const char *event_kind_name(unsigned kind)
{
	return kind < ARRAY_SIZE(kind_names) ? kind_names[kind] : NULL;
}

static bool ends_in_nul(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* left: bytes from event on. */
static bool is_sound(const struct event *event, size_t left)
{
	return left >= offsetof(struct event, text) && event->path_len <= TRANSFER_PATH_MAX &&
	       event->new_path_len <= TRANSFER_PATH_MAX && left >= event_step(event) &&
	       event->kind <= EVENT_HANDSHAKE && ends_in_nul(event->user, sizeof(event->user)) &&
	       ends_in_nul(event->result, sizeof(event->result)) &&
	       ends_in_nul(event->end_state, sizeof(event->end_state)) &&
	       ends_in_nul(event->sha256, sizeof(event->sha256)) &&
	       !memchr(event->text, '\0', (size_t)event->path_len + event->new_path_len);
}

static const struct event *event_at(const struct message_events *message, size_t at)
{
	return (const void *)(message->bytes + at);
}

bool records_are_sound(const struct message_events *message, size_t len)
{
	size_t at = 0;

	if (len < offsetof(struct message_events, bytes) || message->head.kind != MSG_EVENTS)
		return false;
	len -= offsetof(struct message_events, bytes);
	for (uint32_t i = 0; i < message->n; i++) {
		if (!is_sound(event_at(message, at), len - at))
			return false;
		at += event_step(event_at(message, at));
	}
	return at == len;
}

/* As much as there is room for. */
static void copy_cut(char *dst, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memcpy(dst, text, len);
	dst[len] = '\0';
}

/* All of it: what is behind the ends of the texts is not set, which is most of its memory. */
static void fill(struct transfer_record *record, const struct event *event)
{
	record->id = 0;
	record->source = event->source;
	record->sequence = event->sequence;
	record->ended_wall_ms = event->ended_wall_ms;
	record->kind = event->kind;
	record->session = event->session_id;
	record->bytes = event->bytes;
	record->duration_ms = event->duration_ms;
	record->is_tls = event->is_tls;
	record->is_ascii = event->is_ascii;
	copy_cut(record->user, sizeof(record->user), event->user);
	(void)address_format_ip(&event->peer, record->address);
	copy_cut(record->result, sizeof(record->result), event->result);
	copy_cut(record->end_state, sizeof(record->end_state), event->end_state);
	copy_cut(record->sha256, sizeof(record->sha256), event->sha256);
	record->data = event->data;
	memcpy(record->path, event->text, event->path_len);
	record->path[event->path_len] = '\0';
	if (event->kind >= EVENT_STORED_KINDS)
		return;
	memcpy(record->new_path, event->text + event->path_len, event->new_path_len);
	record->new_path[event->new_path_len] = '\0';
}

/* Of the record of this event. */
static size_t record_size(const struct event *event)
{
	if (event->kind < EVENT_STORED_KINDS)
		return offsetof(struct transfer_record, new_path) + event->new_path_len + 1u;
	return offsetof(struct transfer_record, path) + event->path_len + 1u;
}

static struct noted *new_note(struct worker_link *link, const struct event *event)
{
	struct noted *noted = malloc(sizeof(*noted) + record_size(event));

	if (!noted)
		return NULL;
	noted->record = (void *)(noted + 1);
	fill(noted->record, event);
	noted->peer = event->peer;
	noted->cause = event->cause;
	noted->has_activity = happening_of_event(event, &noted->activity);
	noted->worker = worker_link_hold(link);
	return noted;
}

static bool is_urgent(const struct event *event)
{
	return event->kind < EVENT_STORED_KINDS;
}

static void hurry_locked(struct records *records)
{
	if (records->is_quiet || list_is_empty(&records->queue))
		(void)pthread_cond_signal(&records->changed);
	records->is_quiet = false;
}

/* Before something is queued: the writer wakes by itself when the first has waited. */
static void begin_quiet_locked(struct records *records)
{
	if (!list_is_empty(&records->queue))
		return;
	records->is_quiet = true;
	records->quiet_until_ms = deadline_in(QUIET_MS);
	(void)pthread_cond_signal(&records->changed);
}

void records_note(struct records *records, struct worker_link *link,
		  const struct message_events *message)
{
	uint32_t lost = 0;
	size_t at = 0;

	(void)pthread_mutex_lock(&records->lock);
	begin_quiet_locked(records);
	for (uint32_t i = 0; i < message->n; i++) {
		const struct event *event = event_at(message, at);
		struct noted *noted = new_note(link, event);

		at += event_step(event);
		if (is_urgent(event))
			hurry_locked(records);
		if (noted)
			list_append(&records->queue, &noted->link);
		else
			lost++;
	}
	records->n_queued += message->n - lost;
	if (records->n_queued >= BATCH_MAX)
		hurry_locked(records);
	(void)pthread_mutex_unlock(&records->lock);
	if (lost > 0)
		log_event(LOG_ERROR, "records-lost", F_UINT("records", lost), F_ERRNO(-ENOMEM));
}

static struct noted *new_own_note(enum own_kind kind)
{
	struct noted *noted = malloc(sizeof(*noted));

	if (!noted)
		return NULL;
	noted->worker = NULL;
	noted->own = kind;
	noted->has_activity = true;
	noted->cause = 0;
	return noted;
}

/* Takes noted, which may be NULL. */
static void queue_own_note(struct records *records, struct noted *noted)
{
	if (!noted)
		return;
	(void)pthread_mutex_lock(&records->lock);
	bool has_room = records->n_own < OWN_MAX;
	if (has_room) {
		begin_quiet_locked(records);
		list_append(&records->queue, &noted->link);
		records->n_queued++;
		records->n_own++;
	}
	(void)pthread_mutex_unlock(&records->lock);
	if (!has_room)
		free(noted);
}

size_t records_waiting(struct records *records)
{
	(void)pthread_mutex_lock(&records->lock);
	size_t n = records->n_queued;
	(void)pthread_mutex_unlock(&records->lock);
	return n;
}

void records_note_happening(struct records *records, const struct happening *happening)
{
	struct noted *noted = new_own_note(OWN_HAPPENING);

	if (noted)
		happening_fill(happening, clock_wall_ms(), &noted->activity);
	queue_own_note(records, noted);
}

void records_note_login(struct records *records, const struct message_auth_request *request,
			const char *user, enum auth_result result)
{
	bool is_ok = result == AUTH_OK;
	struct noted *noted = new_own_note(is_ok ? OWN_LOGIN : OWN_LOGIN_FAILED);
	struct text cause = text_of(login_cause(result));
	uint64_t number = 0;

	if (noted) {
		if (!is_ok && text_skip(&cause, T("D-")))
			(void)!text_to_uint(cause, UINT16_MAX, &number);
		noted->cause = (uint16_t)number;
		noted->peer = request->peer;
		happening_of_login(request, user, is_ok ? NULL : login_reason(result),
				   login_cause(result), clock_wall_ms(), &noted->activity);
	}
	tally_add(records->start.tally, TALLY_LOGINS, result, 1);
	queue_own_note(records, noted);
}

/* --- storing ---------------------------------------------------------------------------------- */

/* Tells each worker up to where its events are stored: they came in order, so the last one of each
 * says it all. */
static void acknowledge(struct noted *const *batch, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct message_event_stored message = { .head = { MSG_EVENT_STORED } };
		bool is_last = batch[i]->worker != NULL;

		for (size_t k = i + 1; k < n && is_last; k++)
			is_last = batch[k]->worker != batch[i]->worker;
		if (!is_last)
			continue;
		message.sequence = batch[i]->record->sequence;
		(void)!worker_link_send(batch[i]->worker, &message, sizeof(message), NULL,
					NULL); /* its worker may be gone */
	}
}

/* What never had a data connection moved nothing, and has no line. */
static void write_xferlog(struct records *records, struct transfer_record *const *all,
			  const bool *is_new, size_t n)
{
	char line[XFERLOG_LINE_SIZE];

	for (size_t i = 0; records->xferlog >= 0 && i < n; i++) {
		const struct transfer_record *record = all[i];

		/* The xferlog is of transfers: what was refused was none. */
		if (!is_new[i] || !*record->end_state || data_record_is_failure(&record->data) ||
		    !xferlog_format(record, record->kind == EVENT_UPLOAD,
				    record->kind == EVENT_DOWNLOAD, line))
			continue;
		if (write(records->xferlog, line, strlen(line)) < 0)
			log_event(LOG_ERROR, "xferlog-unwritten", F_ERRNO(-errno));
	}
}

static void log_loss(size_t n, int r)
{
	if (r < 0)
		log_event(LOG_ERROR, "records-lost", F_UINT("records", n), F_ERRNO(r));
}

/* Says of each whether it was not there before. What cannot be stored is lost, and its workers need
 * not keep it. */
static void store_transfers(struct records *records, struct noted *const *batch, size_t n,
			    bool *ret_is_new)
{
	struct transfer_record *all[BATCH_MAX];
	bool is_new[BATCH_MAX];
	size_t count = 0, at = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		ret_is_new[i] = true;
		if (batch[i]->worker && batch[i]->record->kind < EVENT_STORED_KINDS)
			all[count++] = batch[i]->record;
	}
	memset(is_new, true, sizeof(is_new));
	if (records->settings->keep_transfers_s > 0 && count > 0)
		r = transfers_add(records->start.transfers, all, count, is_new);
	log_loss(count, r);
	write_xferlog(records, all, is_new, count);
	for (size_t i = 0; i < n && at < count; i++)
		if (batch[i]->worker && batch[i]->record == all[at])
			ret_is_new[i] = is_new[at++];
}

/* What a listener may hear of later: a view and its texts, in one piece. */
struct told {
	struct activity_view view;
	char texts[];
};

static const char *keep_text(char **to, const char *text)
{
	size_t size = strlen(text) + 1;
	char *kept = memcpy(*to, text, size);

	*to += size;
	return kept;
}

static struct told *told_new(const struct activity_record *record)
{
	size_t size = strlen(record->kind) + strlen(record->user) + strlen(record->address) +
		      strlen(record->text) + strlen(record->facts) + 5;
	struct told *told = malloc(sizeof(*told) + size);
	char *to = told ? told->texts : NULL;

	if (told)
		told->view = (struct activity_view){
			.id = record->id,
			.wall_ms = record->wall_ms,
			.severity = record->severity,
			.session = record->session,
			.kind = keep_text(&to, record->kind),
			.user = keep_text(&to, record->user),
			.address = keep_text(&to, record->address),
			.text = keep_text(&to, record->text),
			.facts = keep_text(&to, record->facts),
		};
	return told;
}

static json_t *told_json(const void *told)
{
	return event_json(&((const struct told *)told)->view);
}

static void publish(struct records *records, const struct activity_record *record)
{
	bus_publish_later(records->start.bus, "events", record->id, told_new(record), told_json);
}

static void store_activity(struct records *records, struct noted *const *batch, size_t n,
			   bool *is_new)
{
	struct activity_record *all[BATCH_MAX];
	bool keeps = records->settings->keep_transfers_s > 0;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (batch[i]->has_activity)
			all[count++] = &batch[i]->activity;

	int r = keeps && count > 0 ? activity_add(records->start.activity, all, count) : 0;

	log_loss(count, r);
	for (size_t i = 0; i < n; i++) {
		bool was_there =
			keeps && r == 0 && batch[i]->has_activity && batch[i]->activity.id == 0;

		is_new[i] = is_new[i] && !was_there;
		if (batch[i]->has_activity && is_new[i])
			publish(records, &batch[i]->activity);
	}
}

/* --- who gets through ------------------------------------------------------------------------- */

/* Not for each of a flood. */
static bool may_keep_failure(struct records *records)
{
	int64_t now = clock_ms();

	if (now - records->failures_since_ms >= 1000) {
		records->failures_since_ms = now;
		records->failures = 0;
	}
	return records->failures++ < FAILURES_PER_S;
}

static void keep_failure(struct records *records, const struct noted *noted)
{
	const struct transfer_record *record = noted->record;
	json_t *timeline = timeline_json(records->start.recorder, record->session);
	char *text = timeline ? json_dumps(timeline, JSON_COMPACT) : NULL;
	struct reach_failure failure = { .wall_ms = record->ended_wall_ms,
					 .session = record->session,
					 .data = record->data,
					 .path = text_of(record->path),
					 .timeline = text ? text : "[]" };
	const char *kind = event_kind_name(record->kind);

	(void)connectivity_network_of(&noted->peer, failure.network);
	(void)snprintf(failure.kind, sizeof(failure.kind), "%s",
		       kind	       ? kind
		       : *record->path ? "listing"
				       : "unused");
	copy_cut(failure.user, sizeof(failure.user), record->user);
	copy_cut(failure.address, sizeof(failure.address), record->address);

	int r = reach_store_begin(records->start.reach);

	if (r == 0)
		r = reach_store_end(records->start.reach,
				    reach_store_add_failure(records->start.reach, &failure));
	if (r < 0)
		log_event(LOG_WARNING, "timeline-not-stored", F_ERRNO(r));
	free(text);
	json_decref(timeline);
}

static void count_data(struct tally *tally, const struct data_record *data)
{
	if (data->mode == DATA_MODE_NONE)
		return;
	tally_add(tally, TALLY_DATA, data->outcome, 1);
	if (data->is_tls)
		tally_add(tally, TALLY_DATA_TLS, data->is_resumed, 1);
	if (data->cause > 0)
		tally_add(tally, TALLY_CAUSES, data->cause, 1);
}

/* For the metrics. */
static void count_noted(struct records *records, const struct noted *noted)
{
	struct tally *tally = records->start.tally;
	const struct transfer_record *record = noted->record;

	if (noted->cause > 0)
		tally_add(tally, TALLY_CAUSES, noted->cause, 1);
	if (!noted->worker)
		return;
	if (record->kind == EVENT_HANDSHAKE)
		tally_add(tally, TALLY_HANDSHAKES_FAILED, 0, 1);
	if (record->kind < EVENT_STORED_KINDS) {
		bool is_complete = strcmp(record->result, "complete") == 0;

		tally_add(tally, TALLY_TRANSFERS, record->kind, 1);
		tally_add(tally, TALLY_TRANSFERS_FAILED, record->kind, !is_complete);
		tally_add(tally, TALLY_BYTES, record->kind, record->bytes);
	}
	if (record->kind <= EVENT_DATA)
		count_data(tally, &record->data);
}

static void add_up(struct records *records, const struct noted *noted)
{
	struct connectivity *connectivity = records->start.connectivity;
	const struct connectivity_who who = {
		.peer = &noted->peer,
		.user = noted->worker		  ? noted->record->user
			: noted->own == OWN_LOGIN ? noted->activity.user
						  : "",
		.session = noted->worker ? noted->record->session : noted->activity.session,
		.wall_ms = noted->worker ? noted->record->ended_wall_ms : noted->activity.wall_ms,
	};

	if (noted->worker && noted->record->kind == EVENT_HANDSHAKE)
		connectivity_note_failure(connectivity, &who, noted->cause, false);
	else if (noted->worker)
		connectivity_note_data(connectivity, &who, &noted->record->data);
	else if (noted->own == OWN_LOGIN)
		connectivity_note_login(connectivity, &who);
	else if (noted->own == OWN_LOGIN_FAILED)
		connectivity_note_failure(connectivity, &who, noted->cause, true);
	if (noted->worker && data_record_is_failure(&noted->record->data) &&
	    may_keep_failure(records))
		keep_failure(records, noted);
}

static bool tell_network(const struct network_state *state, void *arg)
{
	struct records *records = arg;
	struct reach_verdict verdict;

	reach_judge(state, records->settings, &verdict);
	bus_publish(records->start.bus, "connectivity", 0, network_json(state, &verdict));
	return false; /* the one that was heard of last */
}

/* Those who listen hear of transfers, and how the network of this one stands now. */
static void tell(struct records *records, const struct noted *noted)
{
	struct bus *bus = records->start.bus;

	if (noted->worker && noted->record->kind < EVENT_STORED_KINDS &&
	    bus_is_heard(bus, "transfers"))
		bus_publish(bus, "transfers", 0, transfer_record_json(noted->record));
	if (noted->worker && noted->record->data.mode != DATA_MODE_NONE &&
	    bus_is_heard(bus, "connectivity"))
		connectivity_each(records->start.connectivity, tell_network, records);
}

static void store(struct records *records, struct noted *const *batch, size_t n)
{
	bool is_new[BATCH_MAX];

	store_transfers(records, batch, n, is_new);
	store_activity(records, batch, n, is_new);
	for (size_t i = 0; i < n; i++)
		if (is_new[i]) {
			count_noted(records, batch[i]);
			add_up(records, batch[i]);
			tell(records, batch[i]);
		}
	acknowledge(batch, n);
}

static void prune(struct records *records)
{
	int64_t keep_ms = (int64_t)records->settings->keep_transfers_s * 1000;
	int r;

	if (clock_ms() < records->next_prune_ms)
		return;
	do {
		r = transfers_prune(records->start.transfers, clock_wall_ms() - keep_ms,
				    PRUNE_AT_ONCE);
	} while (r == (int)PRUNE_AT_ONCE);
	do {
		if (r >= 0)
			r = activity_prune(records->start.activity, clock_wall_ms() - keep_ms,
					   EVENTS_KEPT, PRUNE_AT_ONCE);
	} while (r == (int)PRUNE_AT_ONCE);
	if (r < 0)
		log_event(LOG_WARNING, "records-not-pruned", F_ERRNO(r));
	records->next_prune_ms = deadline_in(MAX_OF(1000, MIN_OF(keep_ms / 2, PRUNE_EVERY_MS)));
}

/* --- the thread ------------------------------------------------------------------------------- */

static void wait_locked(struct records *records, int64_t until_ms)
{
	const struct timespec until = { .tv_sec = until_ms / 1000,
					.tv_nsec = until_ms % 1000 * 1000000 };

	(void)pthread_cond_clockwait(&records->changed, &records->lock, CLOCK_MONOTONIC, &until);
}

/* Until there is enough for a batch, or somebody is in a hurry and has waited for others. */
static void gather_locked(struct records *records)
{
	while (records->is_quiet && !records->is_ending && clock_ms() < records->quiet_until_ms)
		wait_locked(records, records->quiet_until_ms);
	if (records->is_quiet)
		return;
	for (int64_t until = deadline_in(GATHER_MS);
	     !records->is_ending && records->n_queued < BATCH_MAX && clock_ms() < until;)
		wait_locked(records, until);
}

/* Moves up to BATCH_MAX events out of the queue; 0: it was time for other work, or to end. */
static size_t take_batch_locked(struct records *records, struct noted **batch)
{
	size_t n = 0;

	if (list_is_empty(&records->queue) && !records->is_ending)
		wait_locked(records, MIN_OF(records->next_prune_ms, records->next_tend_ms));
	if (!list_is_empty(&records->queue) && !records->is_ending)
		gather_locked(records);
	while (n < BATCH_MAX && !list_is_empty(&records->queue)) {
		batch[n] = list_entry(records->queue.next, struct noted, link);
		list_remove(&batch[n]->link);
		records->n_own -= !batch[n++]->worker;
	}
	records->n_queued -= n;
	return n;
}

static void *write_batches(void *arg)
{
	struct records *records = arg;
	struct noted *batch[BATCH_MAX];
	bool goes_on = true;

	while (goes_on) {
		(void)pthread_mutex_lock(&records->lock);
		size_t n = take_batch_locked(records, batch);
		goes_on = n > 0 || !records->is_ending;
		(void)pthread_mutex_unlock(&records->lock);
		if (n > 0)
			store(records, batch, n);
		for (size_t i = 0; i < n; i++) {
			worker_link_drop(&batch[i]->worker);
			free(batch[i]);
		}
		prune(records);
		records->next_tend_ms = connectivity_tend(records->start.connectivity);
	}
	return NULL;
}

static void open_xferlog(struct records *records)
{
	const char *path = records->settings->xferlog;

	records->xferlog = -1;
	if (!*path)
		return;
	records->xferlog = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (records->xferlog < 0)
		log_event(LOG_ERROR, "xferlog-unusable", F_STR("path", path), F_ERRNO(-errno));
}

static void destroy(struct records *records)
{
	fd_close(&records->xferlog);
	(void)pthread_cond_destroy(&records->changed);
	(void)pthread_mutex_destroy(&records->lock);
	free(records);
}

int records_new(const struct records_start *start, struct records **ret)
{
	struct records *records = calloc(1, sizeof(*records));

	if (!records)
		return -ENOMEM;
	records->start = *start;
	records->settings = start->settings;
	list_init(&records->queue);
	(void)pthread_mutex_init(&records->lock, NULL);
	(void)pthread_cond_init(&records->changed, NULL);
	open_xferlog(records);
	int code = pthread_create(&records->writer, NULL, write_batches, records);
	if (code != 0) {
		destroy(records);
		return -code;
	}
	*ret = records;
	return 0;
}

void records_free(struct records **records)
{
	struct records *r = *records;

	if (!r)
		return;
	(void)pthread_mutex_lock(&r->lock);
	r->is_ending = true;
	(void)pthread_cond_signal(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->writer, NULL);
	destroy(r);
	*records = NULL;
}
