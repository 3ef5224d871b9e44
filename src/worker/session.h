/* worker/session.h - one control connection and all that belongs to it.
 *
 * A session is parked (it waits for its client: no thread, no buffers, an entry in epoll) or
 * running (exactly one pool thread owns it). Fields of the first group are guarded by the table's
 * lock; all others belong to the thread that runs the session, and to nobody while it is parked. */
#ifndef WORKER_SESSION_H
#define WORKER_SESSION_H

#include <stdatomic.h>

#include "base/list.h"
#include "ftp/account.h"
#include "ftp/command.h"
#include "ftp/line.h"
#include "ftp/user_limits.h"
#include "ftp/listing.h"
#include "ftp/path.h"
#include "ftp/policy.h"
#include "ftp/quota.h"
#include "ipc/bans.h"
#include "ipc/buckets.h"
#include "net/stream.h"
#include "store/home.h"
#include "worker/state.h"

enum session_state { SESSION_PARKED, SESSION_RUNNING };

enum data_plan { DATA_NONE, DATA_PASSIVE, DATA_ACTIVE };

/* A name in the user's tree that leads to another directory. */
struct session_folder {
	struct text path; /* borrowed from the policy */
	struct home *home;
	bool is_read_only;
	struct quota_limits quota;
};

/* What a login brings; heap, so that a session before its login stays small. */
struct session_user {
	struct policy *policy;
	struct user_limits *limits; /* NULL: all as the server's, as nearly everybody's */
	enum user_uploads uploads;
	uint32_t n_folders;
	struct session_folder *folders; /* those that could be opened */
	struct home *home;
	struct session_quota *quota; /* see worker/quota.h */
	char *directory;	     /* clean absolute path of the working directory */
	char *rename_from;	     /* between RNFR and RNTO, else NULL */
	char *copy_from;	     /* between SITE CPFR and CPTO, else NULL */
	/* What SIZE has said last, and of which path: where a client's APPE thinks that it
	 * begins. */
	char *sized_path;
	uint64_t sized_bytes;
	struct doctor_view *doctor;  /* worker/site_doctor.c; owned, NULL: nothing yet */
	struct data_note *data_note; /* worker/data_note.c; likewise */
	char name[];
};

/* Why there is no session for a connection. */
struct session_refusal {
	/* -ENOSPC: the server is full; -EUSERS: the address has too many; -EACCES: it is banned;
	 * -ENOMEM */
	int error;
	unsigned count;	      /* -EUSERS: how many it has */
	struct ban_entry ban; /* -EACCES */
};

/* The order is that of the groups, and within them by size: tens of thousands wait at a time, and
 * a hole costs as much as a field. */
struct session {
	/* Guarded by the lock of struct sessions. */
	struct list timeout_link;	   /* among the not yet logged in, or the parked */
	int64_t deadline_ms;		   /* when the sweep ends it */
	struct message_auth_reply *answer; /* what the manager said to its login, not yet read */
	char *login_name; /* who it is, for kicks; set before the login is told to the session */
	_Atomic(char *) farewell;    /* end it: the text of a 421 reply; owned */
	struct address arrived_from; /* where that came from; port 0: none has come */
	struct address stray;	     /* who else came to the reserved port; port 0: nobody */
	int arrived_fd;		     /* data connection that came for its reservation, or -1 */
	int wake_fd;		     /* eventfd of the thread that runs it, or -1 */
	enum session_state state;
	bool is_watched; /* it has its entry in epoll */
	bool is_pending; /* something has come while it ran: look before parking */
	/* Something has come on the control connection since a transfer was told to begin. */
	atomic_bool is_called;
	/* The client has ended its direction, or has sent urgent data: a read that is short is not
	 * the last one. */
	atomic_bool has_more_to_say;

	/* Fixed for its life. */
	struct worker *worker;
	uint64_t id;
	struct address peer, local;
	int64_t started_ms, started_wall_ms;
	uint32_t board_slot;
	int control_fd; /* that of control, for the table */

	/* The running thread's. */
	struct stream control;
	struct waiter control_waiter, data_waiter;
	struct tls_binding *tls; /* heap; NULL on a plain connection */
	const struct host *host; /* that the client has chosen, by SNI or HOST */
	struct line_reader lines;
	char *held_line; /* read during a transfer, to be run after it; any bytes, held_len of them */
	size_t held_len;
	struct session_user *user;
	char *login_user;		 /* of USER, until PASS */
	int64_t refuse_from_ms;		 /* a wrong password is not told before */
	_Atomic int64_t reserved_ms;	 /* when the reservation was made; 0: none is pending */
	uint64_t restart_at;		 /* REST */
	uint64_t range_first, range_end; /* RANG, when has_range; the end is not included */
	uint64_t bytes_sent, bytes_received;
	uint64_t transfer_size; /* when all is well; UINT64_MAX: not known */
	int64_t transfer_started_wall_ms;
	_Atomic uint64_t transfer_bytes;
	const char *transfer_path; /* borrowed during a transfer */
	struct flow *flow;	   /* of the transfer in progress, see worker/flow.h; else NULL */
	struct opening *opening;   /* a transfer that waits for its client, worker/opening.h */
	struct bucket buckets[DIRECTIONS];
	struct address active_to;
	enum data_plan plan;
	enum transfer_kind transfer_kind;
	enum transfer_type type;
	uint32_t facts; /* of MLSD/MLST, enum fact */
	unsigned failed_logins;
	unsigned idle_timeout_s; /* SITE IDLE; 0: the setting's */
	uint16_t passive_port;
	uint16_t data_watch;   /* counts the times that its data connections were watched */
	uint8_t digest;	       /* of HASH, enum digest_kind */
	uint8_t deflate_level; /* OPTS MODE Z LEVEL */
	bool is_mode_z;	       /* MODE Z */
	bool is_implicit;      /* fixed for its life */
	bool wants_utf8;       /* OPTS UTF8 ON: also where the host has a legacy character set */
	bool awaits_answer;    /* of the manager, to its login: nothing else goes on meanwhile */
	bool is_greeted;
	bool is_published; /* the scoreboard shows how it stands */
	bool is_drained;   /* all that had come when it was read last has been read */
	bool is_cleared;   /* TLS was on until CCC; tls is still there for data connections */
	bool has_pbsz, protects_data; /* PBSZ seen; PROT P */
	bool awaits_handshake;	      /* the client owes its TLS handshake, or the rest of it */
	bool is_in_handshake; /* its first byte has come: nothing can be said to the client */
	bool wants_end;	      /* QUIT, or the connection is gone */
	bool wants_abort;     /* an ABOR waits behind the transfer in progress */
	bool is_transferring;
	bool needs_epsv;    /* EPSV ALL was sent (RFC 2428 4) */
	bool needs_ticket;  /* the client has spent one */
	bool has_range;	    /* RANG */
	bool parks_opening; /* the session is to be parked until something has come for it */
};

/* Runs a session that is in the hands of the calling pool thread: its next commands, until it has
 * to wait for its client (it is parked) or ends (it is gone). */
void session_run(struct session *s);

/* Greets a fresh client in the same way, and leaves its commands for when they come. */
void session_begin(struct session *s);

/* Builds the clean path of a client's argument; replies 501/553 and returns < 0 when it is none.
 * What may be done there: worker/place.h. */
int session_path(struct session *s, struct text argument, struct path *ret) MUST_CHECK;

/* How the session stands has changed: control_flush will tell the scoreboard. */
static inline void session_publish(struct session *s)
{
	s->is_published = false;
}
/* Tells it now. */
void session_publish_now(struct session *s);

/* The line of the log for a change that the user has made: mkdir, chmod, copy ... */
void session_log_change(const struct session *s, const char *event, const struct path *path);

/* TLS on the control connection, as far as what the client has sent allows. 0: it is on; -EAGAIN:
 * call again when more has come; else it failed, which is logged, and the session must end. */
int session_try_tls(struct session *s) MUST_CHECK;
void session_log_handshake(const struct session *s, const char *error); /* which has failed */

/* Forgets the login (AUTH TLS starts over, RFC 4217 4). */
void session_forget_login(struct session *s);
void session_user_free(struct session_user **user); /* accepts NULL; leaves NULL */

/* Each of these somewhere in the user's tree; where is for worker/place.h to say. */
static inline bool session_may_somewhere(const struct session *s, uint32_t permissions)
{
	return s->user &&
	       (policy_permissions_somewhere(s->user->policy) & permissions) == permissions;
}

static inline bool session_is_tls(const struct session *s)
{
	return s->control.ssl != NULL;
}

#endif
