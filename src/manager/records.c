/* manager/records.c - see records.h.
 * Threads: the lock guards the queue and the flags; the writer takes the queue as a whole and works
 * on it without the lock. */
#include "manager/records.h"

#include <fcntl.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "manager/xferlog.h"

#define BATCH_MAX 512u
#define GATHER_MS 20 /* after the first event of a batch */
#define PRUNE_AT_ONCE 1000u
#define PRUNE_EVERY_MS 60000

struct noted {
	struct list link;
	struct worker_link *worker; /* held */
	struct transfer_record record;
};

struct records {
	struct transfers *transfers;
	const struct settings *settings;
	int xferlog; /* or -1 */
	int64_t next_prune_ms;
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;
	struct list queue;
	size_t n_queued;
};

/* --- one event -------------------------------------------------------------------------------- */

static const char *const kind_names[] = {
	[EVENT_UPLOAD] = "upload", [EVENT_DOWNLOAD] = "download", [EVENT_DELETE] = "delete",
	[EVENT_RENAME] = "rename", [EVENT_MKDIR] = "mkdir",	  [EVENT_RMDIR] = "rmdir",
	[EVENT_COPY] = "copy",
};

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
	       event_kind_name(event->kind) && ends_in_nul(event->user, sizeof(event->user)) &&
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
	memcpy(record->path, event->text, event->path_len);
	record->path[event->path_len] = '\0';
	memcpy(record->new_path, event->text + event->path_len, event->new_path_len);
	record->new_path[event->new_path_len] = '\0';
}

static struct noted *new_note(struct worker_link *link, const struct event *event)
{
	struct noted *noted = malloc(sizeof(*noted));

	if (!noted)
		return NULL;
	fill(&noted->record, event);
	noted->worker = worker_link_hold(link);
	return noted;
}

void records_note(struct records *records, struct worker_link *link,
		  const struct message_events *message)
{
	uint32_t lost = 0;
	size_t at = 0;

	(void)pthread_mutex_lock(&records->lock);
	bool wakes = list_is_empty(&records->queue);
	for (uint32_t i = 0; i < message->n; i++) {
		struct noted *noted = new_note(link, event_at(message, at));

		at += event_step(event_at(message, at));
		if (noted)
			list_append(&records->queue, &noted->link);
		else
			lost++;
	}
	records->n_queued += message->n - lost;
	if (wakes || records->n_queued >= BATCH_MAX)
		(void)pthread_cond_signal(&records->changed);
	(void)pthread_mutex_unlock(&records->lock);
	if (lost > 0)
		log_event(LOG_ERROR, "records-lost", F_UINT("records", lost), F_ERRNO(-ENOMEM));
}

/* --- storing ---------------------------------------------------------------------------------- */

/* Tells each worker up to where its events are stored: they came in order, so the last one of each
 * says it all. */
static void acknowledge(struct noted *const *batch, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct message_event_stored message = { .head = { MSG_EVENT_STORED },
							.sequence = batch[i]->record.sequence };
		bool is_last = true;

		for (size_t k = i + 1; k < n && is_last; k++)
			is_last = batch[k]->worker != batch[i]->worker;
		if (is_last)
			(void)!worker_link_send(batch[i]->worker, &message, sizeof(message), NULL,
						NULL); /* its worker may be gone */
	}
}

static void write_xferlog(struct records *records, struct noted *const *batch, const bool *is_new,
			  size_t n)
{
	char line[XFERLOG_LINE_SIZE];

	for (size_t i = 0; records->xferlog >= 0 && i < n; i++) {
		const struct transfer_record *record = &batch[i]->record;

		/* The xferlog is of transfers: what was refused was none. */
		if (!is_new[i] || !*record->end_state ||
		    !xferlog_format(record, record->kind == EVENT_UPLOAD,
				    record->kind == EVENT_DOWNLOAD, line))
			continue;
		if (write(records->xferlog, line, strlen(line)) < 0)
			log_event(LOG_ERROR, "xferlog-unwritten", F_ERRNO(-errno));
	}
}

/* What cannot be stored is lost, and its workers need not keep it. */
static void store(struct records *records, struct noted *const *batch, size_t n)
{
	struct transfer_record *all[BATCH_MAX];
	bool is_new[BATCH_MAX];
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		all[i] = &batch[i]->record;
		is_new[i] = true;
	}
	if (records->settings->keep_transfers_s > 0)
		r = transfers_add(records->transfers, all, n, is_new);
	if (r < 0)
		log_event(LOG_ERROR, "records-lost", F_UINT("records", n), F_ERRNO(r));
	write_xferlog(records, batch, is_new, n);
	acknowledge(batch, n);
}

static void prune(struct records *records)
{
	int64_t keep_ms = (int64_t)records->settings->keep_transfers_s * 1000;
	int r;

	if (clock_ms() < records->next_prune_ms)
		return;
	do {
		r = transfers_prune(records->transfers, clock_wall_ms() - keep_ms, PRUNE_AT_ONCE);
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

/* Moves up to BATCH_MAX events out of the queue; 0: it was time to prune, or to end. */
static size_t take_batch_locked(struct records *records, struct noted **batch)
{
	size_t n = 0;

	if (list_is_empty(&records->queue) && !records->is_ending)
		wait_locked(records, records->next_prune_ms);
	if (!list_is_empty(&records->queue) && !records->is_ending)
		for (int64_t until = deadline_in(GATHER_MS);
		     !records->is_ending && records->n_queued < BATCH_MAX && clock_ms() < until;)
			wait_locked(records, until);
	while (n < BATCH_MAX && !list_is_empty(&records->queue)) {
		batch[n] = list_entry(records->queue.next, struct noted, link);
		list_remove(&batch[n++]->link);
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

int records_new(struct transfers *transfers, const struct settings *settings, struct records **ret)
{
	struct records *records = calloc(1, sizeof(*records));

	if (!records)
		return -ENOMEM;
	records->transfers = transfers;
	records->settings = settings;
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
