/* ipc/scoreboard.h - the live state of every process and every session, in memory shared by all of
 * our processes: written by its owner, read by the manager for `status` and `session list`.
 *
 * Threads and processes: a session slot is written only by the thread that runs that session, a
 * worker slot and the head only by the supervisor (counters of a worker slot: by that worker,
 * atomically). Text is published under a per-slot sequence lock; readers get a consistent copy.
 * No locks, so that a process killed at any instruction cannot stop the others. */
#ifndef IPC_SCOREBOARD_H
#define IPC_SCOREBOARD_H

#include "ipc/messages.h"

#define SCOREBOARD_WORKERS 64 /* worker slots: all generations that still live */

enum worker_state {
	WORKER_FREE,
	WORKER_SERVING,
	WORKER_DRAINING, /* an older generation that finishes its sessions */
};

struct worker_view {
	enum worker_state state;
	int32_t pid;
	uint32_t generation;
	uint32_t sessions;     /* live now */
	uint32_t threads;      /* in the pool now */
	uint64_t memory_bytes; /* resident, as of not long ago; 0: not yet told */
	int64_t started_wall_ms;
};

/* What the kernel holds a child to, as the child has read it back. */
struct sandbox_view {
	bool is_known;	       /* it has told */
	unsigned landlock_abi; /* 0: not in force */
	bool has_seccomp, has_no_new_privileges, has_openat2, dumps_core;
	uint64_t capabilities; /* bits of capability numbers */
};

struct server_view {
	int32_t supervisor_pid, manager_pid;
	int64_t started_wall_ms;
	uint32_t generation; /* 1 at start, +1 per successful reload */
	uint32_t worker_restarts, manager_restarts;
	int64_t last_reload_wall_ms; /* 0: never */
	char last_reload_error[512]; /* empty: it worked */
};

enum transfer_kind { TRANSFER_NONE, TRANSFER_LISTING, TRANSFER_DOWNLOAD, TRANSFER_UPLOAD };

#define SESSION_VIEW_TEXT 256

/* What the owner publishes of a session and what the manager shows. */
struct session_view {
	uint64_t id; /* 0: free slot */
	uint32_t worker_slot;
	struct address peer, local;
	int64_t started_wall_ms;
	bool is_logged_in, is_tls, is_implicit, is_running; /* running: a thread works for it */
	bool is_resumed;				    /* its TLS */
	char tls[64];		      /* "TLSv1.3 TLS_AES_128_GCM_SHA256", or empty */
	char user[USER_NAME_MAX + 1]; /* empty before login */
	char directory[SESSION_VIEW_TEXT];
	enum transfer_kind transfer;
	char transfer_path[SESSION_VIEW_TEXT];
	/* Of the running transfer: what it will have when all is well (UINT64_MAX: nobody knows),
	 * since when, and so far. */
	uint64_t transfer_size;
	int64_t transfer_started_wall_ms;
	uint64_t transfer_bytes;
	uint64_t bytes_sent, bytes_received; /* of all finished transfers */
	/* What scoreboard_set_command sets; the last fields. */
	int64_t last_command_wall_ms;
	char command[SESSION_VIEW_TEXT]; /* the last line, PASS masked, cut, control bytes as '?' */
};

struct scoreboard;

/* Supervisor, before the first fork. Never unmapped. NULL when memory is short. */
struct scoreboard *scoreboard_new(size_t max_sessions) MUST_CHECK;
size_t scoreboard_max_sessions(const struct scoreboard *board);

/* Supervisor: sets what readers see. The gauges of a worker (sessions, threads, memory) are not
 * taken from view: they are counted by the worker and become 0 with scoreboard_forget_worker. */
void scoreboard_set_server(struct scoreboard *board, const struct server_view *view);
void scoreboard_set_worker(struct scoreboard *board, uint32_t worker_slot,
			   const struct worker_view *view);
/* Supervisor: worker_slot has died; its session slots become free, also those that it was killed
 * in the middle of writing. To be called before the slot is given to another worker. */
void scoreboard_forget_worker(struct scoreboard *board, uint32_t worker_slot);

/* How many sessions there have been since the start. */
uint64_t scoreboard_sessions_ever(const struct scoreboard *board);

/* Worker: its gauges. */
void scoreboard_set_memory(struct scoreboard *board, uint32_t worker_slot, uint64_t bytes);
void scoreboard_add_threads(struct scoreboard *board, uint32_t worker_slot, int32_t delta);

/* A child: what it is held to; a worker by its slot, the manager as SCOREBOARD_MANAGER. */
#define SCOREBOARD_MANAGER SCOREBOARD_WORKERS
void scoreboard_set_sandbox(struct scoreboard *board, uint32_t child,
			    const struct sandbox_view *view);

/* Worker: takes a free slot for a new session and gives it an id never used before on this board
 * (from 1 up). 0 or -ENOSPC when max_sessions are there. */
int scoreboard_open(struct scoreboard *board, uint32_t worker_slot, uint32_t *ret_slot,
		    uint64_t *ret_id) MUST_CHECK;
void scoreboard_close(struct scoreboard *board, uint32_t slot);
/* Worker: publishes everything but id, worker_slot, and the last command with its time. */
void scoreboard_publish(struct scoreboard *board, uint32_t slot, const struct session_view *view);
/* Worker: publishes the last command. */
void scoreboard_set_command(struct scoreboard *board, uint32_t slot, const char *line,
			    int64_t wall_ms);
/* Worker: the cheap ones, without the sequence lock. */
void scoreboard_set_running(struct scoreboard *board, uint32_t slot, bool is_running);
void scoreboard_set_transfer_bytes(struct scoreboard *board, uint32_t slot, uint64_t bytes);

/* Worker: bytes of transfers and listings that its sessions have moved. Counts on when another
 * worker takes the slot. */
void scoreboard_add_bytes(struct scoreboard *board, uint32_t worker_slot, bool is_inbound,
			  uint64_t bytes);
/* Any: of all workers since the start of the server. */
void scoreboard_get_bytes(const struct scoreboard *board, uint64_t *ret_in, uint64_t *ret_out);

/* Readers. False: a free slot, or one whose worker was killed in the middle of writing it. */
bool scoreboard_get_session(const struct scoreboard *board, uint32_t slot,
			    struct session_view *ret);
void scoreboard_get_sandbox(const struct scoreboard *board, uint32_t child,
			    struct sandbox_view *ret);
void scoreboard_get_server(const struct scoreboard *board, struct server_view *ret);
void scoreboard_get_worker(const struct scoreboard *board, uint32_t worker_slot,
			   struct worker_view *ret);

#endif
