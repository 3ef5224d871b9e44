/* load/control.h - the control connection of one simulated client, and what all clients share: the
 * server's address, the TLS context, the counters of errors and handshakes.
 *
 * Functions that may fail return -1 after they have counted and kept the reason (client_fail).
 * Threads: a client belongs to the loop that its task runs on; the counters are atomic. */
#ifndef LOAD_CONTROL_H
#define LOAD_CONTROL_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "load/coroutine.h"

#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

struct client {
	int id;
	struct watch watch; /* of the control connection */
	SSL *ssl;
	SSL_SESSION *ticket; /* the latest */
	struct sockaddr_in source;
	char input[2048];
	int input_size;
	char line[400]; /* last line of the last reply */
	bool is_logged_in;
};

struct counters {
	_Atomic long errors, control_handshakes, data_handshakes, data_resumed, no_close_notify;
};

extern struct counters counters;
extern struct sockaddr_in server_address;
extern SSL_CTX *tls_context;

/* From the options. 0, or -1 after it has said why. */
int control_init(void);

/* The first errors as the elements of a JSON array, and the negotiated TLS as an object. */
void control_print_errors(FILE *out);
void control_print_tls(FILE *out);

/* Always -1. */
int client_fail(struct client *client, const char *format, ...) PRINTF_LIKE(2, 3);

/* Starts to connect; the end of it shows at the first use. */
int client_connect(struct client *client, struct watch *watch, const struct sockaddr_in *to);

/* One step of a handshake: 1 done, 0 wait for the descriptor. */
int client_handshake(struct client *client, SSL *ssl, const char *what);

/* Why an SSL function failed; valid until the next call in this thread. */
const char *tls_reason(int result, int error);

/* Frees without a farewell, and without making the TLS session unfit for resumption. */
void tls_drop(SSL *ssl);

int client_write(struct client *client, const char *bytes, int size);
int client_send(struct client *client, const char *format, ...) PRINTF_LIKE(2, 3);

/* The code of one reply when it is all there, 0 when not. */
int client_try_reply(struct client *client);

/* The code of the next reply. */
int client_reply(struct client *client);

/* Sends a command; the code of its reply, which must lie between the two. */
int client_ask(struct client *client, int lowest, int highest, const char *format, ...)
	PRINTF_LIKE(4, 5);

/* Connects, starts TLS and logs in; for_transfers: also PBSZ, PROT, TYPE. */
int client_login(struct client *client, bool for_transfers);
int client_quit(struct client *client);
void client_close(struct client *client);

#endif
