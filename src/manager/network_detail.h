/* manager/network_detail.h - what is remembered of one client network beside the counts: the newest
 * of everything, and how the database keeps it (JSON; sessions are not kept, their numbers begin
 * again with each start). Threads: any; pure functions on what the caller guards. */
#ifndef MANAGER_NETWORK_DETAIL_H
#define MANAGER_NETWORK_DETAIL_H

#include "manager/connectivity.h"

void network_state_note_who(struct network_state *state, const struct connectivity_who *who);
void network_state_note_try(struct network_state *state, int64_t wall_ms,
			    const struct data_record *data);
void network_state_note_cause(struct network_state *state, int64_t wall_ms, unsigned cause);

/* For free(3); NULL: memory is short. */
char *network_detail_write(const struct network_state *state) MUST_CHECK;
/* What cannot be read is left out. */
void network_detail_read(const char *detail, struct network_state *state);

#endif
