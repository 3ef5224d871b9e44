/* worker/data_note.c - see data_note.h. */
#include "worker/data_note.h"

#include "base/clock.h"
#include "worker/events.h"
#include "worker/sessions.h"

/* It is there as long as there is a plan: none for a session that waits between its transfers. */
struct data_note {
	struct data_record record;
	int64_t planned_ms;
	bool is_excused; /* that nobody came means nothing */
};

static struct data_record *record_of(const struct session *s)
{
	struct data_note *note = s->user ? s->user->data_note : NULL;

	return note ? &note->record : NULL;
}

static void forget(const struct session *s)
{
	free(s->user->data_note);
	s->user->data_note = NULL;
}

static void tell(struct session *s, struct text path)
{
	struct data_record record;

	if (data_note_take(s, &record))
		events_note_data(s, path, &record);
}

void data_note_plan(struct session *s, enum data_mode mode, const struct address *advertised)
{
	if (!s->user)
		return;
	if (!s->user->data_note)
		s->user->data_note = malloc(sizeof(*s->user->data_note));
	if (!s->user->data_note)
		return;
	*s->user->data_note = (struct data_note){
		.record = { .mode = (uint8_t)mode, .advertised = *advertised },
		.planned_ms = clock_coarse_ms(),
	};
}

void data_note_refusal(struct session *s, enum data_mode mode, const struct address *advertised,
		       unsigned cause)
{
	const struct address nowhere = { .port = 0 };

	data_note_plan(s, mode, advertised ? advertised : &nowhere);
	data_note_outcome(s, DATA_REFUSED, cause, NULL, 0);
	tell(s, T(""));
}

void data_note_outcome(struct session *s, enum data_outcome outcome, unsigned cause,
		       const struct address *peer, int64_t waited_ms)
{
	struct data_record *record = record_of(s);

	if (!record)
		return;
	record->outcome = (uint8_t)outcome;
	record->cause = (uint16_t)cause;
	record->waited_ms = (uint32_t)MAX_OF(waited_ms, 0);
	if (peer)
		record->peer = *peer;
}

void data_note_tls(struct session *s, bool is_resumed)
{
	struct data_record *record = record_of(s);

	if (!record)
		return;
	record->is_tls = true;
	record->is_resumed = is_resumed;
}

void data_note_tls_failure(struct session *s, unsigned cause)
{
	struct data_record *record = record_of(s);

	if (!record)
		return;
	record->outcome = DATA_TLS_FAILED;
	record->cause = (uint16_t)cause;
}

/* The ids that data_reply_broken tells the client; and that of a command connection which was lost,
 * which nobody can be told any more. */
static unsigned cause_of(const struct session *s, int error)
{
	switch (error) {
	case -ETIMEDOUT:
		return 78;
	case -ENODATA:
		return s->is_mode_z ? 93 : 57;
	case -ETIME:
		return 81;
	case -ECONNRESET:
		return s->wants_end ? 74 : 0;
	default:
		return 0;
	}
}

void data_note_broken(struct session *s, int error)
{
	struct data_record *record = record_of(s);

	if (record && record->cause == 0)
		record->cause = (uint16_t)cause_of(s, error);
}

bool data_note_take(struct session *s, struct data_record *ret)
{
	struct data_record *record = record_of(s);

	if (!record)
		return false;
	*ret = *record;
	forget(s);
	return true;
}

void data_note_excuse(struct session *s)
{
	if (record_of(s))
		s->user->data_note->is_excused = true;
}

void data_note_listing(struct session *s, struct text path)
{
	tell(s, path);
}

/* What can be said of a port that no transfer has asked for. */
static void judge_unused(struct session *s)
{
	int64_t waited_ms = clock_coarse_ms() - s->user->data_note->planned_ms;
	struct address peer;

	if (sessions_arrival(s->worker->sessions, s, &peer))
		data_note_outcome(s, DATA_ARRIVED, 0, &peer, 0);
	else if (sessions_stray(s->worker->sessions, s, &peer))
		data_note_outcome(s, DATA_ELSEWHERE, 31, &peer, waited_ms);
	else if (!s->user->data_note->is_excused)
		data_note_outcome(s, DATA_NEVER, 20, NULL, waited_ms);
}

void data_note_abandon(struct session *s)
{
	struct data_record *record = record_of(s);

	if (!record)
		return;
	if (record->outcome == DATA_OPEN_QUESTION && s->plan == DATA_PASSIVE)
		judge_unused(s);
	/* A PORT that nothing was done with tells nothing. */
	if (record->outcome == DATA_OPEN_QUESTION)
		forget(s);
	tell(s, T(""));
}
