/* worker/test_server.h - for tests: a whole worker process on the loopback interface. The test
 * plays the supervisor, the manager and the clients. One at a time. Threads: the test's own. */
#ifndef WORKER_TEST_SERVER_H
#define WORKER_TEST_SERVER_H

#include "base/test.h"
#include "worker/worker.h"

#define PATIENCE_MS 30000 /* for what must come; nothing waits so long when all is well */
#define TEST_USER "alice"

struct test_server {
	char folder[64], files[80], log[80];
	char home[96]; /* of the user, beneath files */
	struct settings_loaded *settings;
	struct scoreboard *board;
	struct reservations *reservations;
	struct places *places;
	struct address address;	     /* of the control port */
	uint16_t passive_port;	     /* the only one */
	int listener, passive;	     /* both listen */
	int supervisor, manager;     /* our ends of the channels */
	int mailbox;		     /* where other workers send data connections */
	bool has_given_passive_port; /* the worker listens on it */
	pid_t pid;		     /* 0: it has ended */
};
extern struct test_server server;

/* Starts a worker with plain FTP and these settings ("name=value", NULL at the end) on top. */
void server_start(const char *const overrides[], size_t max_sessions);
/* Fails the test unless the worker has ended with status 0. */
void server_wait_for_end(void);
/* Ends the worker if it still runs, and removes its files. 0, or -1 when it did not end well. */
int server_stop(void);

/* As the supervisor. */
void server_tell(enum message_kind kind);
/* The worker gets a new connection to the manager; returns our end of the one before. When that one
 * has hung up the worker has done everything that it was told before. */
int server_replace_manager(void);
void server_wait_for_hangup(int channel);

/* As the manager: the next question, and an answer. */
struct message_auth_request server_next_login(void);
void server_answer_login(const struct message_auth_request *request, enum auth_result result,
			 uint32_t permissions);
void server_kick(uint64_t session_id, const char *user, const char *reason);

/* --- clients: int is the control connection --- */

/* Says nothing and expects nothing. */
int client_connect(void);
/* With the greeting read. */
int client_open(void);
/* With USER and PASS done. */
int client_login(uint32_t permissions);

/* Sends a line and its CRLF. */
void client_send(int client, const char *line);
/* Reads one reply, with all of its lines. Borrowed until the next call. */
const char *client_reply(int client);
/* The same; its code must be this. */
const char *client_expect(int client, unsigned code);
/* Both. */
const char *client_ask(int client, const char *line, unsigned code);
/* The server closes, and has nothing more to say. */
void client_expect_end(int client);

/* EPSV. */
void client_plan_data(int client);
/* EPSV, and the data connection to the port. */
int client_open_data(int client);
/* Everything up to the end of the data connection, which is closed. Borrowed until the next
 * call. */
struct text client_read_data(int *data);

/* --- files of the user --- */
void file_make(const char *name, const char *content);
void file_make_sparse(const char *name, off_t size);
void assert_file(const char *name, const char *content);
void assert_no_file(const char *name);

#endif
