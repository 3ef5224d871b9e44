/* limits/limftp.c - an FTP-shaped program that does the least work that the kernel and OpenSSL
 * allow, to be measured with the same workloads as the servers: the "limit" of the tables. It is NO
 * server: one fixed user, no chroot, no checks, no timeouts, no log, constant replies where a reply
 * may be constant.
 *
 * Control connections are state machines without a stack in a few worker threads (epoll, one shared
 * listener, a new session goes to the worker with the fewest); a transfer runs as a task of the
 * same thread. RETR: sendfile, or SSL_write of a mapping. STOR: splice through a pipe of 1 MiB
 * (small: recv and write), or SSL_read and write. Listings: limits/listing.h. The passive socket of
 * a session is kept from one transfer to the next.
 *
 *	limftp PORT FOLDER PASSWORD WORKERS [CERTIFICATE KEY] */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits/listing.h"
#include "load/coroutine.h"

enum {
	MAX_WORKERS = 64,
	COPY_SIZE = 64 * 1024,
	SPLICE_SIZE = 1 << 20,
	SENDFILE_AT_ONCE = 4 << 20,
	TIMEOUT_S = 60,
};

struct worker;

struct session {
	struct watch watch; /* first: an event of the watch is one of the session */
	struct worker *worker;
	SSL *ssl;
	int passive_fd;
	uint16_t passive_port;
	char *kept; /* input that waits: an incomplete line, or commands behind a transfer */
	int kept_size;
	bool is_busy, is_private, is_handshaking, is_closing;
	char *folder; /* NULL: the root */
};

struct worker {
	struct loop loop;
	struct watch listener;
	char output[64 * 1024], input[16 * 1024];
	int output_size;
	int pipe[2];
	uint8_t *buffer;
	_Atomic int session_count;
};

struct transfer {
	struct session *session;
	char verb; /* R, S, L, N or M */
	char path[500];
	struct watch watch;
	SSL *ssl;
	int file_fd;
};

static const char *root, *password;
static SSL_CTX *tls_context;
static int listener_fd, worker_count;
static struct worker *workers[MAX_WORKERS];
static __thread struct worker *worker; /* of this thread */

static void put(const char *bytes, int size)
{
	if (worker->output_size + size > (int)sizeof(worker->output))
		return; /* a client that pipelines thousands of commands measures nothing here */
	memcpy(worker->output + worker->output_size, bytes, (size_t)size);
	worker->output_size += size;
}

static void say(const char *reply)
{
	put(reply, (int)strlen(reply));
}

static void flush_output(struct session *session)
{
	int size = worker->output_size;
	worker->output_size = 0;
	if (size == 0)
		return;
	if (session->ssl && !session->is_handshaking)
		(void)SSL_write(session->ssl, worker->output, size); /* the client misses it */
	else
		(void)!send(session->watch.fd, worker->output, (size_t)size, MSG_NOSIGNAL);
}

static void session_free(struct session *session)
{
	if (session->ssl) {
		SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(session->ssl);
	}
	close(session->watch.fd);
	if (session->passive_fd >= 0)
		close(session->passive_fd);
	session->worker->session_count--;
	free(session->kept);
	free(session->folder);
	free(session);
}

/* --- transfers
 * --------------------------------------------------------------------------------- */

static int wait_for(struct transfer *transfer)
{
	return watch_wait(&transfer->watch, NULL, TIMEOUT_S);
}

static bool wants_again(SSL *ssl, int result)
{
	int error = SSL_get_error(ssl, result);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static int write_all(void *owner, const char *bytes, long size)
{
	struct transfer *transfer = owner;
	while (size > 0) {
		long n;
		if (transfer->ssl) {
			ERR_clear_error();
			n = SSL_write(transfer->ssl, bytes, (int)(size < 1 << 30 ? size : 1 << 30));
			if (n <= 0 && !wants_again(transfer->ssl, (int)n))
				return -1;
		} else {
			n = send(transfer->watch.fd, bytes, (size_t)size, MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN)
				return -1;
		}
		if (n <= 0) {
			if (wait_for(transfer))
				return -1;
			continue;
		}
		bytes += n;
		size -= n;
	}
	return 0;
}

static int send_file(struct transfer *transfer, long size)
{
	for (off_t at = 0; at < size;) {
		long left = size - at;
		ssize_t n = sendfile(transfer->watch.fd, transfer->file_fd, &at,
				     (size_t)(left < SENDFILE_AT_ONCE ? left : SENDFILE_AT_ONCE));
		if (n == 0 || (n < 0 && (errno != EAGAIN || wait_for(transfer))))
			return -1;
	}
	return 0;
}

static int send_mapped(struct transfer *transfer, long size)
{
	int flags = MAP_SHARED | (size > COPY_SIZE ? 0 : MAP_POPULATE);
	if (size == 0)
		return 0;
	char *bytes = mmap(NULL, (size_t)size, PROT_READ, flags, transfer->file_fd, 0);
	if (bytes == MAP_FAILED)
		return -1;
	int result = write_all(transfer, bytes, size);
	munmap(bytes, (size_t)size);
	return result;
}

static int receive_tls(struct transfer *transfer)
{
	for (;;) {
		ERR_clear_error();
		int n = SSL_read(transfer->ssl, worker->buffer, COPY_SIZE);
		if (n > 0) {
			if (write(transfer->file_fd, worker->buffer, (size_t)n) != n)
				return -1;
		} else if (wants_again(transfer->ssl, n)) {
			if (wait_for(transfer))
				return -1;
		} else {
			return SSL_get_error(transfer->ssl, n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
		}
	}
}

/* Bytes moved, 0 at the end, -1 with errno. */
static ssize_t copy_some(struct transfer *transfer)
{
	ssize_t n = recv(transfer->watch.fd, worker->buffer, COPY_SIZE, 0);
	if (n > 0 && write(transfer->file_fd, worker->buffer, (size_t)n) != n)
		return -1;
	return n;
}

static ssize_t splice_some(struct transfer *transfer)
{
	ssize_t n = splice(transfer->watch.fd, NULL, worker->pipe[1], NULL, SPLICE_SIZE,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	for (ssize_t left = n; left > 0;) {
		ssize_t moved = splice(worker->pipe[0], NULL, transfer->file_fd, NULL, (size_t)left,
				       SPLICE_F_MOVE);
		if (moved <= 0)
			return -1;
		left -= moved;
	}
	return n;
}

static int receive_plain(struct transfer *transfer)
{
	for (long got = 0;;) {
		ssize_t n = got < COPY_SIZE ? copy_some(transfer) : splice_some(transfer);
		if (n == 0)
			return 0;
		if (n < 0 && (errno != EAGAIN || wait_for(transfer)))
			return -1;
		if (n > 0)
			got += n;
	}
}

static int accept_data(struct transfer *transfer)
{
	struct watch listener = { .fd = -1 };
	int fd, listening = transfer->session->passive_fd;
	while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0) {
		if (errno != EAGAIN)
			return -1;
		if (listener.fd < 0 ? watch_add(&worker->loop, &listener, listening)
				    : watch_wait(&listener, NULL, TIMEOUT_S))
			return -1;
	}
	if (listener.fd >= 0)
		epoll_ctl(worker->loop.epoll_fd, EPOLL_CTL_DEL, listening, NULL);
	return watch_add(&worker->loop, &transfer->watch, fd);
}

static int accept_tls(struct transfer *transfer)
{
	transfer->ssl = SSL_new(tls_context);
	SSL_set_fd(transfer->ssl, transfer->watch.fd);
	SSL_set_read_ahead(transfer->ssl, 1);
	SSL_set_default_read_buffer_len(transfer->ssl, COPY_SIZE);
	SSL_set_num_tickets(transfer->ssl, 0);
	for (;;) {
		ERR_clear_error();
		int result = SSL_accept(transfer->ssl);
		if (result == 1)
			return 0;
		if (!wants_again(transfer->ssl, result) || wait_for(transfer))
			return -1;
	}
}

static int move_bytes(struct transfer *transfer, long size)
{
	switch (transfer->verb) {
	case 'R':
		return transfer->ssl ? send_mapped(transfer, size) : send_file(transfer, size);
	case 'S':
		return transfer->ssl ? receive_tls(transfer) : receive_plain(transfer);
	default:
		return listing_send(transfer->path, transfer->verb, write_all, transfer);
	}
}

static int open_file(struct transfer *transfer, long *ret_size)
{
	struct stat st = { 0 };
	if (transfer->verb == 'R') {
		transfer->file_fd = open(transfer->path, O_RDONLY | O_CLOEXEC);
		if (transfer->file_fd < 0 || fstat(transfer->file_fd, &st))
			return -1;
	} else if (transfer->verb == 'S') {
		transfer->file_fd =
			open(transfer->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (transfer->file_fd < 0)
			return -1;
	}
	*ret_size = st.st_size;
	return 0;
}

static int serve(struct transfer *transfer)
{
	long size;
	if (open_file(transfer, &size) || accept_data(transfer))
		return -1;
	say("150 Go\r\n");
	flush_output(transfer->session);
	if (transfer->session->is_private && accept_tls(transfer))
		return -1;
	return move_bytes(transfer, size);
}

static void transfer_end(struct transfer *transfer)
{
	if (transfer->ssl) {
		ERR_clear_error();
		(void)SSL_shutdown(transfer->ssl); /* the client counts the ones it misses */
		SSL_set_shutdown(transfer->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(transfer->ssl);
	}
	if (transfer->watch.fd >= 0)
		close(transfer->watch.fd);
	if (transfer->file_fd >= 0)
		close(transfer->file_fd);
	free(transfer);
}

static void run_lines(struct session *session, char *bytes, int size);

static void run_transfer(void *argument)
{
	struct transfer *transfer = argument;
	struct session *session = transfer->session;
	int result = serve(transfer);
	transfer_end(transfer);
	say(result ? "550 No\r\n" : "226 Done\r\n");
	flush_output(session);
	session->is_busy = false;
	if (session->is_closing) {
		session_free(session);
		return;
	}
	if (session->kept) {
		char *kept = session->kept;
		session->kept = NULL;
		run_lines(session, kept, session->kept_size);
		free(kept);
	}
	if (!session->is_busy)
		session->watch.on_event(&session->watch, EPOLLIN);
}

/* --- commands
 * ---------------------------------------------------------------------------------- */

enum next { GO_ON, END_SESSION, HANDSHAKE, TRANSFER };

static void path_of(const struct session *session, const char *argument, char *ret, size_t size)
{
	if (argument[0] == '/')
		snprintf(ret, size, "%s%s", root, argument);
	else if (session->folder)
		snprintf(ret, size, "%s/%s/%s", root, session->folder, argument);
	else
		snprintf(ret, size, "%s/%s", root, argument);
}

static enum next cmd_noop(struct session *session, const char *verb, const char *argument)
{
	(void)session, (void)verb, (void)argument;
	say("200 OK\r\n");
	return GO_ON;
}

static enum next cmd_user(struct session *session, const char *verb, const char *argument)
{
	(void)session, (void)verb, (void)argument;
	say("331 Password\r\n");
	return GO_ON;
}

static enum next cmd_pass(struct session *session, const char *verb, const char *argument)
{
	(void)session, (void)verb;
	say(strcmp(argument, password) == 0 ? "230 In\r\n" : "530 No\r\n");
	return GO_ON;
}

static enum next cmd_quit(struct session *session, const char *verb, const char *argument)
{
	(void)session, (void)verb, (void)argument;
	say("221 Bye\r\n");
	return END_SESSION;
}

static enum next cmd_prot(struct session *session, const char *verb, const char *argument)
{
	(void)verb;
	session->is_private = argument[0] == 'P';
	say("200 OK\r\n");
	return GO_ON;
}

static enum next cmd_auth(struct session *session, const char *verb, const char *argument)
{
	(void)verb, (void)argument;
	if (!tls_context || session->ssl) {
		say("502 No\r\n");
		return GO_ON;
	}
	say("234 Go\r\n");
	flush_output(session);
	session->ssl = SSL_new(tls_context);
	SSL_set_fd(session->ssl, session->watch.fd);
	session->is_handshaking = true;
	return HANDSHAKE;
}

static enum next cmd_pwd(struct session *session, const char *verb, const char *argument)
{
	char reply[600];
	(void)verb, (void)argument;
	snprintf(reply, sizeof(reply), "257 \"/%s\"\r\n", session->folder ? session->folder : "");
	say(reply);
	return GO_ON;
}

static enum next cmd_cwd(struct session *session, const char *verb, const char *argument)
{
	char path[700];
	struct stat st;
	(void)verb;
	path_of(session, argument, path, sizeof(path));
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		say("550 No\r\n");
		return GO_ON;
	}
	const char *folder = path + strlen(root);
	folder += strspn(folder, "/");
	free(session->folder);
	session->folder = *folder ? strdup(folder) : NULL;
	say("250 OK\r\n");
	return GO_ON;
}

static enum next cmd_size(struct session *session, const char *verb, const char *argument)
{
	char path[700], reply[40];
	struct stat st;
	(void)verb;
	path_of(session, argument, path, sizeof(path));
	if (stat(path, &st))
		snprintf(reply, sizeof(reply), "550 No\r\n");
	else
		snprintf(reply, sizeof(reply), "213 %ld\r\n", (long)st.st_size);
	say(reply);
	return GO_ON;
}

static int open_passive(struct session *session)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	if (getsockname(session->watch.fd, (struct sockaddr *)&address, &size))
		return -1;
	address.sin_port = 0;
	session->passive_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (session->passive_fd < 0 ||
	    bind(session->passive_fd, (const struct sockaddr *)&address, size) ||
	    listen(session->passive_fd, 2) ||
	    getsockname(session->passive_fd, (struct sockaddr *)&address, &size))
		return -1;
	session->passive_port = ntohs(address.sin_port);
	return 0;
}

static enum next cmd_passive(struct session *session, const char *verb, const char *argument)
{
	char reply[60];
	(void)argument;
	if (session->passive_fd < 0 && open_passive(session)) {
		say("425 No\r\n");
		return GO_ON;
	}
	unsigned port = session->passive_port;
	if (verb[0] == 'E')
		snprintf(reply, sizeof(reply), "229 (|||%u|)\r\n", port);
	else
		snprintf(reply, sizeof(reply), "227 (127,0,0,1,%u,%u)\r\n", port >> 8, port & 255);
	say(reply);
	return GO_ON;
}

static enum next cmd_transfer(struct session *session, const char *verb, const char *argument)
{
	if (session->passive_fd < 0) {
		say("425 No\r\n");
		return GO_ON;
	}
	flush_output(session);
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	if (!transfer)
		abort();
	transfer->session = session;
	transfer->verb = verb[0];
	transfer->watch.fd = transfer->file_fd = -1;
	path_of(session, argument, transfer->path, sizeof(transfer->path));
	session->is_busy = true;
	task_spawn(&worker->loop, run_transfer, transfer);
	return TRANSFER;
}

static const struct command {
	const char *verb;
	enum next (*run)(struct session *, const char *verb, const char *argument);
} commands[] = {
	{ "NOOP", cmd_noop },	  { "PWD", cmd_pwd },	    { "CWD", cmd_cwd },
	{ "SIZE", cmd_size },	  { "EPSV", cmd_passive },  { "PASV", cmd_passive },
	{ "RETR", cmd_transfer }, { "STOR", cmd_transfer }, { "LIST", cmd_transfer },
	{ "NLST", cmd_transfer }, { "MLSD", cmd_transfer }, { "USER", cmd_user },
	{ "PASS", cmd_pass },	  { "QUIT", cmd_quit },	    { "TYPE", cmd_noop },
	{ "PBSZ", cmd_noop },	  { "PROT", cmd_prot },	    { "AUTH", cmd_auth },
};

static enum next run_line(struct session *session, char *line, int size)
{
	char *argument = memchr(line, ' ', (size_t)size);
	if (argument)
		*argument++ = '\0';
	else
		argument = line + size;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(line, commands[i].verb) == 0)
			return commands[i].run(session, line, argument);
	}
	say("500 What\r\n");
	return GO_ON;
}

static void keep(struct session *session, const char *bytes, long size)
{
	if (size <= 0)
		return;
	session->kept = malloc((size_t)size);
	if (!session->kept)
		abort();
	memcpy(session->kept, bytes, (size_t)size);
	session->kept_size = (int)size;
}

static void run_lines(struct session *session, char *bytes, int size)
{
	char *at = bytes, *end = bytes + size;
	enum next next = GO_ON;
	while (next == GO_ON && at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break;
		int length = (int)(newline - at);
		if (length > 0 && at[length - 1] == '\r')
			length--;
		at[length] = '\0';
		next = run_line(session, at, length);
		at = newline + 1;
	}
	if (next == HANDSHAKE)
		return;
	flush_output(session);
	if (next == END_SESSION)
		session->is_closing = true;
	else
		keep(session, at, end - at);
}

/* --- events
 * ------------------------------------------------------------------------------------ */

/* Bytes read, 0: wait, -1: the session is over. */
static int read_input(struct session *session, int offset)
{
	char *to = worker->input + offset;
	int room = (int)sizeof(worker->input) - offset;
	if (session->ssl) {
		ERR_clear_error();
		int n = SSL_read(session->ssl, to, room);
		if (n > 0)
			return n;
		return wants_again(session->ssl, n) ? 0 : -1;
	}
	ssize_t n = recv(session->watch.fd, to, (size_t)room, 0);
	if (n > 0)
		return (int)n;
	return n < 0 && errno == EAGAIN ? 0 : -1;
}

/* 1 when TLS is up or not wanted, 0: wait, -1: the session is over. */
static int shake_hands(struct session *session)
{
	if (!session->is_handshaking)
		return 1;
	ERR_clear_error();
	int result = SSL_accept(session->ssl);
	if (result != 1)
		return wants_again(session->ssl, result) ? 0 : -1;
	session->is_handshaking = false;
	return 1;
}

/* What was kept of the input goes to the front of the worker's buffer: its size. */
static int restore_input(struct session *session)
{
	if (!session->kept)
		return 0;
	int size = session->kept_size;
	memcpy(worker->input, session->kept, (size_t)size);
	free(session->kept);
	session->kept = NULL;
	return size;
}

static void on_control(struct watch *watch, uint32_t events)
{
	struct session *session = (struct session *)(void *)watch;
	(void)events;
	while (!session->is_busy) { /* it comes again when the transfer is over */
		int result = shake_hands(session);
		if (result == 0)
			return;
		int kept = restore_input(session);
		int n = result < 0 ? -1 : read_input(session, kept);
		if (n == 0) {
			keep(session, worker->input, kept);
			return;
		}
		if (n > 0)
			run_lines(session, worker->input, kept + n);
		if (n < 0 || (session->is_closing && !session->is_busy)) {
			session_free(session);
			return;
		}
		if (!session->ssl && kept + n < (int)sizeof(worker->input))
			return; /* edge-triggered: a short read has emptied the socket */
	}
}

static void on_accept(struct watch *watch, uint32_t events)
{
	int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	(void)events;
	if (fd < 0)
		return; /* another worker was faster */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	struct session *session = calloc(1, sizeof(*session));
	if (!session)
		abort();
	session->passive_fd = -1;
	session->watch.on_event = on_control;
	session->watch.fd = fd;
	say("220 Hi\r\n");
	flush_output(session);
	session->worker = worker;
	for (int i = 0; i < worker_count; i++) {
		if (workers[i]->session_count < session->worker->session_count)
			session->worker = workers[i];
	}
	session->worker->session_count++;
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET,
				     .data.ptr = &session->watch };
	epoll_ctl(session->worker->loop.epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void *run_worker(void *argument)
{
	worker = argument;
	this_loop = &worker->loop;
	worker->buffer =
		mmap(NULL, COPY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (worker->buffer == MAP_FAILED || pipe2(worker->pipe, O_CLOEXEC) ||
	    fcntl(worker->pipe[1], F_SETPIPE_SZ, SPLICE_SIZE) < 0)
		abort();
	worker->listener.fd = listener_fd;
	worker->listener.on_event = on_accept;
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE,
				     .data.ptr = &worker->listener };
	epoll_ctl(worker->loop.epoll_fd, EPOLL_CTL_ADD, listener_fd, &event);
	loop_run(&worker->loop);
	return NULL;
}

/* --- start
 * ------------------------------------------------------------------------------------- */

static int start_tls(const char *certificate, const char *key)
{
	tls_context = SSL_CTX_new(TLS_server_method());
	if (!tls_context || SSL_CTX_use_certificate_chain_file(tls_context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls_context, key, SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		return -1;
	}
	SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(tls_context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(tls_context, (const unsigned char *)"limit", 5);
	SSL_CTX_set_options(tls_context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_num_tickets(tls_context, 1);
	return 0;
}

static int start_listening(unsigned port)
{
	int one = 1;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listener_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener_fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener_fd, 4096)) {
		perror("limftp: listen");
		return -1;
	}
	return 0;
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* too few show as failed sessions */
}

int main(int argc, char **argv)
{
	if (argc != 5 && argc != 7) {
		fprintf(stderr, "limftp PORT FOLDER PASSWORD WORKERS [CERTIFICATE KEY]\n");
		return 2;
	}
	root = argv[2];
	password = argv[3];
	worker_count = (int)strtol(argv[4], NULL, 10);
	if (worker_count < 1 || worker_count > MAX_WORKERS)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	if ((argc == 7 && start_tls(argv[5], argv[6])) ||
	    start_listening((unsigned)strtoul(argv[1], NULL, 10)))
		return 2;
	for (int i = 0; i < worker_count; i++) {
		workers[i] = calloc(1, sizeof(struct worker));
		if (!workers[i])
			abort();
		loop_init(&workers[i]->loop);
		workers[i]->loop.is_kept = true;
	}
	for (int i = 1; i < worker_count; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, run_worker, workers[i]))
			abort();
	}
	run_worker(workers[0]);
	return 0;
}
