/* ipc/session_card.h - how the scoreboard keeps a session_view: what is short, as nearly everything
 * is while a session waits, on a card of little more than a quarter of a kilobyte; the rest of long
 * texts in a place of its own, whose memory is not touched before there is one.
 *
 * The card is behind a sequence lock, the rest is not: a card carries a checksum of each long text,
 * and a reader that meets the rest of another one looks again, and shows the beginning only when it
 * has no luck.
 * Threads and processes: one writer at a time per card; any number of readers. */
#ifndef IPC_SESSION_CARD_H
#define IPC_SESSION_CARD_H

#include "ipc/scoreboard.h"
#include "ipc/seqlock.h"

#define SESSION_CARD_SIZE 272
#define SESSION_REST_SIZE 912

struct session_card {
	struct seqlock lock;
	_Atomic uint64_t words[SESSION_CARD_SIZE / 8];
};

struct session_rest {
	_Atomic uint64_t words[SESSION_REST_SIZE / 8];
};

/* Empty, also of the last command. */
void session_card_clear(struct session_card *card);
/* Everything but id, worker_slot, is_running, transfer_bytes, and the last command with its
 * time. */
void session_card_write(struct session_card *card, struct session_rest *rest,
			const struct session_view *view);
/* The last command; it is cut to SESSION_VIEW_TEXT. */
void session_card_set_command(struct session_card *card, struct session_rest *rest,
			      const char *line, int64_t wall_ms);
/* The fields that the two above have written; others become 0. False as in seqlock_read. */
bool session_card_read(const struct session_card *card, const struct session_rest *rest,
		       struct session_view *ret) MUST_CHECK;

#endif
