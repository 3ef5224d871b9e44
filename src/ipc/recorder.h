/* ipc/recorder.h - the flight recorder: what clients and we have said last on every control
 * connection, kept in memory for as long as there is room. Each worker has a ring in memory shared
 * by all of our processes, and the manager reads the lines of one session out of it, also of one
 * that has ended, while nothing newer has taken their place. Secrets never get here: who notes a
 * line has masked it.
 *
 * Threads and processes: the threads of the ring's worker note lines, without locks and without
 * waiting for each other; anybody reads. A reader drops what is overwritten under its eyes. A
 * worker that is killed while it writes leaves a line that nobody sees. */
#ifndef IPC_RECORDER_H
#define IPC_RECORDER_H

#include "base/text.h"

/* Of each worker: 1 MiB. A line of up to 104 bytes takes one slot, a longer one up to three; then
 * it is cut. */
#define RECORDER_SLOTS 8192u
#define RECORDER_LINE_MAX ((size_t)3 * 104)

enum recorder_source { RECORDER_CLIENT, RECORDER_SERVER };

struct recorder_line {
	int64_t wall_ms; /* up to 4 ms early */
	enum recorder_source source;
	bool is_cut;
	struct text text; /* without the line end; inner ones of a reply are \n */
};

struct recorder;

/* Supervisor, before the first fork: room for this many workers. NULL when memory is short. */
struct recorder *recorder_new(uint32_t workers) MUST_CHECK;

/* Worker, before its first session: takes the memory of its ring at once, so that sessions do not
 * seem to need it. */
void recorder_prepare(struct recorder *recorder, uint32_t worker_slot);

/* Worker: one line of the session. */
void recorder_note(struct recorder *recorder, uint32_t worker_slot, uint64_t session,
		   enum recorder_source source, struct text line);

/* Calls each for the lines of the session that are still there, the oldest first; line is borrowed
 * for the call. Returns how many. */
size_t recorder_read(const struct recorder *recorder, uint64_t session,
		     void (*each)(const struct recorder_line *line, void *arg), void *arg);

#endif
