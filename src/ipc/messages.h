/* ipc/messages.h - the fixed messages between supervisor, manager and workers.
 *
 * Every packet is one of the structs below (EVENTS: up to the last event; AUTH_REPLY: without the
 * bytes behind its policy) and begins with a struct message_head whose kind says which. A
 * packet of a wrong length or an unexpected kind ends the connection with the peer. All processes
 * are forks of one binary, so layouts agree by construction. Text fields end in NUL.
 *
 *	channel              kinds
 *	supervisor -> worker  MANAGER_CHANNEL (1 fd), LISTENER_REPLY (n fds), DRAIN, TERMINATE
 *	worker -> supervisor  LISTENER_REQUEST, LISTENER_RELEASE, DRAINING
 *	supervisor -> manager WORKER_CHANNEL (1 fd), TERMINATE
 *	manager -> supervisor RELOAD, EXAMINE (2 fds)
 *	worker -> manager     AUTH_REQUEST, EVENTS, MEMBERS_REQUEST, QUOTA_REPLY
 *	manager -> worker     AUTH_REPLY, KICK, EVENT_STORED, MEMBERS_REPLY, QUOTA_REQUEST
 *	worker -> mailbox of another worker   DATA_CONNECTION, CONTROL_CONNECTION (1 fd)
 */
#ifndef IPC_MESSAGES_H
#define IPC_MESSAGES_H

#include "base/secret.h"
#include "ftp/data_record.h"
#include "ftp/policy.h"
#include "ftp/quota.h"
#include "ftp/user_limits.h"
#include "net/address.h"

enum message_kind {
	/* The worker's new connection to the manager; replaces the old one, whose unanswered
	 * requests are to be sent again. Struct: message_head. */
	MSG_MANAGER_CHANNEL = 1,
	/* A worker has come up; the descriptor leads to it. Struct: message_worker_channel. */
	MSG_WORKER_CHANNEL,
	/* Accept no more control connections; exit when the last session ends. message_head. */
	MSG_DRAIN,
	/* The worker has stopped accepting, as it was told: what connects from now on is served by
	 * its successors. message_head. */
	MSG_DRAINING,
	/* End every session with 421 and exit. Manager: finish what is asked and exit.
	 * message_head. */
	MSG_TERMINATE,
	/* Please re-read the configuration, as SIGHUP. message_head. */
	MSG_RELOAD,
	/* Passive ports: a worker asks for, gets, gives back the listening sockets of a port.
	 * message_listener; the reply carries one fd per listen address when error is 0. */
	MSG_LISTENER_REQUEST,
	MSG_LISTENER_REPLY,
	MSG_LISTENER_RELEASE,
	MSG_AUTH_REQUEST,	/* message_auth_request */
	MSG_AUTH_REPLY,		/* message_auth_reply */
	MSG_KICK,		/* message_kick */
	MSG_DATA_CONNECTION,	/* message_data_connection */
	MSG_CONTROL_CONNECTION, /* message_control_connection */
	MSG_EVENTS,		/* message_events */
	MSG_EVENT_STORED,	/* message_event_stored */
	MSG_MEMBERS_REQUEST,	/* message_members_request */
	MSG_MEMBERS_REPLY,	/* message_members_reply */
	MSG_QUOTA_REQUEST,	/* message_quota_request */
	MSG_QUOTA_REPLY,	/* message_quota_reply */
	/* Something is to be looked at that the manager cannot reach: message_examine. One end of a
	 * pipe for what is found, one that ends when nobody wants to know any more. */
	MSG_EXAMINE,
};

struct message_head {
	uint32_t kind; /* enum message_kind */
};

struct message_worker_channel {
	struct message_head head;
	uint32_t slot;	     /* of the worker, see ipc/scoreboard.h */
	uint32_t generation; /* counts reloads */
};

struct message_listener {
	struct message_head head;
	uint16_t port;
	int32_t error; /* reply: 0 or -errno of bind(2)/listen(2) */
};

struct message_auth_request {
	struct message_head head;
	uint64_t request_id; /* chosen by the worker, echoed */
	uint64_t session_id;
	struct address peer;
	bool is_tls;
	char user[USER_NAME_MAX + 1];
	struct secret password; /* wipe the message after use, on both sides */
};

/* AUTH_NO_USER, AUTH_WRONG_PASSWORD and AUTH_DISABLED all become the same 530; the manager has
 * logged the reason. */
struct message_auth_reply {
	struct message_head head;
	uint64_t request_id;
	uint32_t result; /* enum auth_result */
	/* The rest only with AUTH_OK: */
	uint32_t permissions;		 /* enum permission bits */
	struct user_limits limits;	 /* with those of the group already */
	uint32_t uploads;		 /* enum user_uploads, likewise */
	struct quota_limits user_quota;	 /* of the user alone */
	struct quota_limits group_quota; /* of all members of the group together */
	char group[USER_NAME_MAX + 1];	 /* empty: none */
	char user[USER_NAME_MAX + 1];	 /* as stored */
	char home[USER_HOME_MAX + 1];	 /* absolute, or relative to data_root */
	/* Lines of ftp/policy.h. The packet ends behind the NUL. */
	char policy[POLICY_TEXT_SIZE];
};

/* What is sent of it. */
static inline size_t message_auth_reply_size(const struct message_auth_reply *reply)
{
	return offsetof(struct message_auth_reply, policy) + strlen(reply->policy) + 1;
}

/* A packet of len bytes is a whole one. */
static inline bool message_auth_reply_is_whole(const struct message_auth_reply *reply, size_t len)
{
	size_t fixed = offsetof(struct message_auth_reply, policy);

	return len > fixed && len <= sizeof(*reply) &&
	       strnlen(reply->policy, len - fixed) == len - fixed - 1;
}

struct message_kick {
	struct message_head head;
	uint64_t session_id;	      /* 0: every session of the user */
	char user[USER_NAME_MAX + 1]; /* used when session_id is 0 */
	char reason[200];	      /* text of the 421 reply */
};

/* A data connection that another worker accepted; one fd. */
struct message_data_connection {
	struct message_head head;
	uint32_t board_slot; /* of the session that reserved the port */
	uint64_t session_id; /* must still be that slot's session */
	uint16_t port;
	struct address peer;
};

/* A client that another worker accepted and that this one, which has fewer sessions, is to serve;
 * one fd. */
struct message_control_connection {
	struct message_head head;
	struct address peer;
	bool is_implicit;
};

enum event_kind {
	EVENT_UPLOAD,
	EVENT_DOWNLOAD,
	EVENT_DELETE,
	EVENT_RENAME,
	EVENT_MKDIR,
	EVENT_RMDIR, /* of a whole tree: one for its top */
	EVENT_COPY,
	EVENT_STORED_KINDS, /* those before are kept as records of their own */
	/* A data connection of a listing, or of nothing: it was offered and given up, or refused.
	 * path: what was listed. */
	EVENT_DATA = EVENT_STORED_KINDS,
	EVENT_LOGOUT,	 /* a session with a login has ended; result: why */
	EVENT_HANDSHAKE, /* TLS on a control connection did not come up; result: why */
};

#define EVENT_TEXT_MAX (2 * 4096) /* two paths */
#define EVENTS_BYTES (32 * 1024)

/* What a session did with a file. It is sent again until it is stored; source and sequence tell
 * that it is the same one. Travels in EVENTS. */
struct event {
	uint32_t kind;	   /* enum event_kind */
	uint64_t source;   /* a random number of the worker's */
	uint64_t sequence; /* from 1 up, in the order of sending */
	uint64_t session_id;
	struct address peer;
	int64_t ended_wall_ms;
	uint64_t bytes, duration_ms; /* of uploads, downloads and copies; LOGOUT: sent, connected */
	uint64_t received_bytes;     /* LOGOUT */
	uint16_t cause;		     /* of HANDSHAKE: number of the D-id, or 0 */
	struct data_record data;     /* of uploads, downloads and DATA */
	bool is_tls, is_ascii;
	char user[USER_NAME_MAX + 1];
	char result[64];    /* "complete", or why not */
	char end_state[12]; /* "proven", "likely", "truncated", "broken"; empty: no data flowed */
	char sha256[65];    /* hexadecimal, or empty */
	uint16_t path_len, new_path_len;
	char text[EVENT_TEXT_MAX]; /* the path, then the new path; without NUL */
};

static inline size_t event_size(const struct event *event)
{
	return offsetof(struct event, text) + event->path_len + event->new_path_len;
}

/* The next one behind event begins so many bytes further on. */
static inline size_t event_step(const struct event *event)
{
	return (event_size(event) + 7) & ~(size_t)7;
}

/* Events one behind the other, each cut behind its text; the packet ends with the last one. */
struct message_events {
	struct message_head head;
	uint32_t n;
	_Alignas(8) char bytes[EVENTS_BYTES];
};

/* All events up to this one are stored. */
struct message_event_stored {
	struct message_head head;
	uint64_t sequence;
};

#define MEMBERS_HOMES_SIZE 8192

/* The homes of a group's members, page by page in the order of their names. */
struct message_members_request {
	struct message_head head;
	uint64_t request_id; /* chosen by the worker, echoed */
	char group[USER_NAME_MAX + 1];
	char after[USER_NAME_MAX + 1]; /* the last user of the page before; empty: the first page */
};

struct message_members_reply {
	struct message_head head;
	uint64_t request_id;
	int32_t error; /* 0 or -errno; the rest with 0 only */
	bool is_last;
	char last[USER_NAME_MAX + 1]; /* user of this page */
	uint32_t n, len;
	char homes[MEMBERS_HOMES_SIZE]; /* n texts of len bytes together, each ended by NUL */
};

/* How much a tree or a group holds. */
struct message_quota_request {
	struct message_head head;
	uint64_t request_id;		   /* chosen by the manager, echoed */
	bool is_recount;		   /* count again, even if it is known */
	char group[USER_NAME_MAX + 1];	   /* empty: a tree */
	char directory[USER_HOME_MAX + 1]; /* of the tree: absolute, or relative to data_root */
};

struct message_quota_reply {
	struct message_head head;
	uint64_t request_id;
	int32_t error;	/* 0 or -errno; the rest with 0 only */
	bool was_known; /* before is what was thought */
	struct quota_usage before, after;
};

#define EXAMINE_TEXT_SIZE 8192

/* The packet ends behind the NUL. See supervisor/examiner.h for the text. */
struct message_examine {
	struct message_head head;
	char text[EXAMINE_TEXT_SIZE]; /* JSON; may hold a password: wipe it after use */
};

/* Large enough for any of them. */
union message {
	struct message_head head;
	struct message_worker_channel worker_channel;
	struct message_listener listener;
	struct message_auth_request auth_request;
	struct message_auth_reply auth_reply;
	struct message_kick kick;
	struct message_data_connection data_connection;
	struct message_control_connection control_connection;
	struct message_events events;
	struct message_event_stored event_stored;
	struct message_members_request members_request;
	struct message_members_reply members_reply;
	struct message_quota_request quota_request;
	struct message_quota_reply quota_reply;
	struct message_examine examine;
};

#endif
