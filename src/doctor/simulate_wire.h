/* doctor/simulate_wire.h - one end of what the simulator passes on: a blocking socket, plain or
 * TLS; and doors, where connections arrive or do not. For the simulator only.
 * Threads: one at a time per wire. */
#ifndef DOCTOR_SIMULATE_WIRE_H
#define DOCTOR_SIMULATE_WIRE_H

#include <openssl/ssl.h>

#include "net/address.h"

struct wire {
	int fd;	  /* owned; -1: closed */
	SSL *ssl; /* owned; NULL: plain */
};

/* Takes fd, which becomes blocking with time limits. */
void wire_init(struct wire *wire, int fd);
void wire_close(struct wire *wire);
/* Closes so that the peer gets a reset. */
void wire_reset(struct wire *wire);
/* Ends our direction; with_notify: TLS ends first, if there is any. */
void wire_end(struct wire *wire, bool with_notify);

/* Of the segments that arrive here with more than size bytes so many percent are lost, without a
 * word to who sent them: the kernel drops them before TCP counts them, and no root is needed. */
void wire_lose(const struct wire *wire, unsigned size, unsigned percent);

/* The handshake, as server or client; session (may be NULL) is to be resumed, name (may be NULL) is
 * sent as SNI. A client that only uploads never reads tickets: data connections give none. 0 or
 * -EPROTO. */
int wire_accept_tls(struct wire *wire, SSL_CTX *context, bool gives_tickets) MUST_CHECK;
int wire_connect_tls(struct wire *wire, SSL_CTX *context, SSL_SESSION *session,
		     const char *name) MUST_CHECK;

/* What has arrived, at least a byte; 0: the end; -EAGAIN: nothing after all; or -errno. */
ssize_t wire_read(struct wire *wire, void *ret, size_t size) MUST_CHECK;
/* Bytes that wait inside of TLS, where poll(2) does not see them. */
bool wire_has_pending(const struct wire *wire);
int wire_write(struct wire *wire, const void *data, size_t len) MUST_CHECK;

/* How connections to a port fare: accepted, refused (RST), or without any answer. */
enum door_kind { DOOR_OPEN, DOOR_REFUSED, DOOR_DROPPED };

struct door {
	int fd; /* owned */
	struct address address;
};

void door_init(struct door *door);
/* At address, whose port may be 0. 0 or -errno. */
int door_open(struct door *door, const struct address *address, enum door_kind kind) MUST_CHECK;
/* From now on an open door does not answer any more. 0 or -errno. */
int door_drop(struct door *door) MUST_CHECK;
/* Whoever connects from now on sends segments of at most size bytes. */
void door_narrow(const struct door *door, int size);
void door_close(struct door *door);

/* A connection to address, from `from` unless it is NULL, within 30 s. */
int dial(const struct address *address, const struct address *from, struct wire *ret) MUST_CHECK;

#endif
