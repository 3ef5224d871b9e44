/* manager/records.h - what workers report of transfers, changes and data connections, and what the
 * manager itself has seen: a thread of its own gathers what a moment brings, stores it in one
 * transaction for each table, writes the lines of the xferlog, and only then tells the workers that
 * they may forget it. It adds up who gets through (connectivity.h), keeps the timelines of failed
 * data connections, tells listeners, and deletes what has become too old.
 * Threads: records_note belongs to the main loop, the other notes to any. */
#ifndef MANAGER_RECORDS_H
#define MANAGER_RECORDS_H

#include "accounts/activity.h"
#include "accounts/reach_store.h"
#include "accounts/transfers.h"
#include "ipc/messages.h"
#include "ipc/recorder.h"
#include "ipc/tally.h"
#include "manager/bus.h"
#include "manager/connectivity.h"
#include "manager/happenings.h"
#include "manager/worker_links.h"
#include "settings/settings.h"

struct records;

/* All borrowed. */
struct records_start {
	struct transfers *transfers;
	struct activity *activity;
	struct reach_store *reach;
	struct connectivity *connectivity;
	const struct recorder *recorder; /* NULL: nothing is recorded */
	const struct settings *settings;
	struct bus *bus;     /* hears of events, transfers and networks */
	struct tally *tally; /* NULL: nothing is counted for the metrics */
};

/* An xferlog that cannot be opened is logged, and there is none. 0 or -errno. */
int records_new(const struct records_start *start, struct records **ret) MUST_CHECK;
/* Stores what is left. Accepts NULL; leaves NULL. */
void records_free(struct records **records);

/* How much waits to be stored. */
size_t records_waiting(struct records *records);

/* "upload", "download", ...; NULL past the end. */
const char *event_kind_name(unsigned kind);
/* enum event_kind, or -EINVAL. */
int event_kind_find(const char *name);

/* Events of a worker are whole and of the right length. */
bool records_are_sound(const struct message_events *message, size_t len);
/* Never waits for the disk. Holds link until they are acknowledged. */
void records_note(struct records *records, struct worker_link *link,
		  const struct message_events *message);
/* Something has happened in the manager; stored within a second. */
void records_note_happening(struct records *records, const struct happening *happening);
/* A login was answered so; user: as stored, or as the client has named it. */
void records_note_login(struct records *records, const struct message_auth_request *request,
			const char *user, enum auth_result result);

#endif
