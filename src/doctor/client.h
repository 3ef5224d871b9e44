/* doctor/client.h - one control connection of ours: its evidence fills as it goes.
 * After a failure the client is broken: every further call does nothing and says so, so that a
 * dialogue reads as a straight line and is judged at its end. Threads: one at a time. */
#ifndef DOCTOR_CLIENT_H
#define DOCTOR_CLIENT_H

#include "doctor/probe.h"
#include "ftp/reply_reader.h"

struct client {
	const struct doctor *doctor;
	struct control *control; /* its slot of the evidence */
	struct patience patience;
	struct stream stream;
	struct tls_peer tls;
	struct tls_sessions sessions; /* for data connections, from all of its connections */
	struct tls_client *trust;     /* what the handshake was made with */
	bool hides_name;	      /* no SNI; set between open and start */
	struct reply_reader reader;
	char storage[EVIDENCE_REPLY];
	char in[4096]; /* read and not yet used: in_len bytes from in_at */
	size_t in_at, in_len;
	int64_t opened_ms;
	int64_t reply_ms; /* how long client_ask() waits; at the begin the examination's */
	/* NET_UNTRIED: it lives. Else how it ended, or why we gave it up. */
	enum net_outcome broken;
};

/* Connects to peer for the purpose and reads nothing yet. control is the slot that it fills (never
 * NULL). 0, or negative: then it is broken. Close it either way. */
int client_open(struct client *client, const struct doctor *doctor, struct control *control,
		const struct address *peer, enum tls_mode mode) MUST_CHECK;
/* The same with a connection that stands already; takes fd. */
void client_adopt(struct client *client, const struct doctor *doctor, struct control *control,
		  int fd, const struct attempt *attempt, enum tls_mode mode);
/* Says QUIT if it can, waits a moment for the answer, and notes how all ended. Safe to call twice.
 */
void client_close(struct client *client);
static inline bool client_is_alive(const struct client *client)
{
	return client->broken == NET_UNTRIED;
}

/* The TLS handshake, with trust (one of the examination's): of implicit TLS before the banner, or
 * after AUTH. 0 or negative. Drops what came in clear before it. */
int client_start_tls(struct client *client, struct tls_client *trust) MUST_CHECK;

/* Reads one reply into ret within timeout_ms. True: it was read. A preliminary reply (1xx) is one
 * too. */
bool client_read_reply(struct client *client, struct reply *ret, int64_t timeout_ms);
/* Sends a line. */
bool client_send(struct client *client, const char *format, ...) PRINTF_LIKE(2, 3);
/* Sends a line and reads its final reply; the exchange is noted. shown: how the command is noted
 * (a password is not); NULL: as sent. Returns the reply, whose outcome tells whether there is one;
 * never NULL, valid until the client is closed (or the next ask, when all slots are taken). */
const struct reply *client_ask(struct client *client, const char *verb, const char *shown,
			       const char *format, ...) PRINTF_LIKE(4, 5);
/* The banner, as an exchange without a verb. */
const struct reply *client_read_banner(struct client *client, int64_t timeout_ms);
/* True when bytes of a reply are there or come within timeout_ms. */
bool client_has_reply(struct client *client, int64_t timeout_ms);

/* 2 for 2xx; 0: no reply. */
static inline unsigned reply_class(const struct reply *reply)
{
	return reply->outcome == NET_OK ? reply->code / 100 : 0;
}

#endif
