/* ipc/tally.h - what has been counted since the server's start, for the metrics: numbers that only
 * grow, in memory shared by all of our processes, so that neither a reload nor the end of a process
 * sets them back. Threads and processes: any. */
#ifndef IPC_TALLY_H
#define IPC_TALLY_H

#include "ftp/account.h"
#include "ftp/data_record.h"

enum tally_row {
	TALLY_LOGINS,		/* by enum auth_result */
	TALLY_TRANSFERS,	/* by enum event_kind */
	TALLY_TRANSFERS_FAILED, /* of those */
	TALLY_BYTES,		/* of finished transfers, by enum event_kind */
	TALLY_DATA,		/* data connections, by enum data_outcome */
	TALLY_DATA_TLS,		/* with TLS: 0 a full handshake, 1 resumed */
	TALLY_CONTROL_TLS,	/* likewise, of control connections */
	TALLY_CAUSES,		/* what went wrong, by the number of the D-id */
	TALLY_HANDSHAKES_FAILED,
	TALLY_REQUESTS, /* to the manager, by the first digit of the answer's status */
	TALLY_ROWS
};

#define TALLY_COLUMNS 128u

struct tally;

/* Supervisor, before the first fork. NULL when memory is short. */
struct tally *tally_new(void) MUST_CHECK;

/* A column that is too large counts in the last one. tally NULL: nothing is counted. */
void tally_add(struct tally *tally, enum tally_row row, unsigned column, uint64_t n);
uint64_t tally_get(const struct tally *tally, enum tally_row row, unsigned column);

#endif
