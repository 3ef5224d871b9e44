/* manager/records.h - what workers report of transfers and changes: a thread of its own gathers
 * what a moment brings, stores it in one transaction, writes the lines of the xferlog, and only
 * then tells the workers that they may forget it. It deletes what has become too old as well.
 * Threads: records_note belongs to the main loop. */
#ifndef MANAGER_RECORDS_H
#define MANAGER_RECORDS_H

#include "accounts/transfers.h"
#include "ipc/messages.h"
#include "manager/worker_links.h"
#include "settings/settings.h"

struct records;

/* Both are borrowed. An xferlog that cannot be opened is logged, and there is none. 0 or -errno. */
int records_new(struct transfers *transfers, const struct settings *settings,
		struct records **ret) MUST_CHECK;
/* Stores what is left. Accepts NULL; leaves NULL. */
void records_free(struct records **records);

/* "upload", "download", ...; NULL past the end. */
const char *event_kind_name(unsigned kind);
/* enum event_kind, or -EINVAL. */
int event_kind_find(const char *name);

/* Events of a worker are whole and of the right length. */
bool records_are_sound(const struct message_events *message, size_t len);
/* Never waits for the disk. Holds link until they are acknowledged. */
void records_note(struct records *records, struct worker_link *link,
		  const struct message_events *message);

#endif
