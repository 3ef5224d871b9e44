/* load/control.c - replies, TLS and login of one client. */
#include "load/control.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load/options.h"

enum { KEPT_ERRORS = 4 };

struct counters counters;
struct sockaddr_in server_address;
SSL_CTX *tls_context;

static char kept_errors[KEPT_ERRORS][300];

/* Written by the first handshake of all. */
static _Atomic bool is_tls_known;
static char tls_version[32], tls_cipher[64];

/* OpenSSL hands every ticket over, also those that come later. */
static int keep_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct client *client = SSL_get_app_data(ssl);
	if (!client)
		return 0;
	SSL_SESSION_free(client->ticket);
	client->ticket = ticket;
	return 1;
}

int control_init(void)
{
	server_address.sin_family = AF_INET;
	server_address.sin_port = htons((uint16_t)options.port);
	if (inet_pton(AF_INET, options.host, &server_address.sin_addr) != 1) {
		fprintf(stderr, "ftpload: %s is no IPv4 address\n", options.host);
		return -1;
	}
	if (options.tls == TLS_NONE)
		return 0;
	tls_context = SSL_CTX_new(TLS_client_method());
	if (!tls_context ||
	    (options.ciphers && !SSL_CTX_set_cipher_list(tls_context, options.ciphers)) ||
	    (options.suites && !SSL_CTX_set_ciphersuites(tls_context, options.suites))) {
		fprintf(stderr, "ftpload: OpenSSL does not take these ciphers\n");
		return -1;
	}
	SSL_CTX_set_verify(tls_context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(tls_context,
				       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(tls_context, keep_ticket);
	SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					      SSL_MODE_RELEASE_BUFFERS);
	return 0;
}

void control_print_errors(FILE *out)
{
	for (int i = 0; i < KEPT_ERRORS && i < counters.errors; i++)
		fprintf(out, "%s\"%s\"", i ? "," : "", kept_errors[i]);
}

void control_print_tls(FILE *out)
{
	fprintf(out,
		"{\"version\":\"%s\",\"cipher\":\"%s\",\"control\":%ld,\"data\":%ld,"
		"\"data_resumed\":%ld,\"no_close_notify\":%ld}",
		tls_version, tls_cipher, counters.control_handshakes, counters.data_handshakes,
		counters.data_resumed, counters.no_close_notify);
}

int client_fail(struct client *client, const char *format, ...)
{
	char reason[260];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	long number = atomic_fetch_add(&counters.errors, 1);
	if (number >= KEPT_ERRORS)
		return -1;
	char *kept = kept_errors[number];
	snprintf(kept, sizeof(kept_errors[0]), "client %d: %s", client->id, reason);
	for (; *kept; kept++) { /* it becomes a JSON string */
		if (*kept == '"' || *kept == '\\' || (unsigned char)*kept < 32)
			*kept = '\'';
	}
	return -1;
}

const char *tls_reason(int result, int error)
{
	static __thread char reason[200];
	unsigned long code = ERR_get_error();
	if (code)
		ERR_error_string_n(code, reason, sizeof(reason));
	else
		snprintf(reason, sizeof(reason), "result %d, error %d, %s", result, error,
			 strerror(errno));
	ERR_clear_error();
	return reason;
}

void tls_drop(SSL *ssl)
{
	if (!ssl)
		return;
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
}

/* 0 when SSL wants to be called again. */
static int tls_result(struct client *client, const char *what, int result)
{
	int error = SSL_get_error(client->ssl, result);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return 0;
	return client_fail(client, "control %s after '%s': %s", what, client->line,
			   tls_reason(result, error));
}

int client_handshake(struct client *client, SSL *ssl, const char *what)
{
	ERR_clear_error();
	int result = SSL_connect(ssl);
	if (result == 1)
		return 1;
	int error = SSL_get_error(ssl, result);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return 0;
	return client_fail(client, "%s TLS handshake: %s", what, tls_reason(result, error));
}

/* Bytes written, 0: wait. */
static int write_some(struct client *client, const char *bytes, int size)
{
	if (client->ssl) {
		ERR_clear_error();
		int n = SSL_write(client->ssl, bytes, size);
		return n > 0 ? n : tls_result(client, "write", n);
	}
	ssize_t n = send(client->watch.fd, bytes, (size_t)size, MSG_NOSIGNAL);
	if (n >= 0)
		return (int)n;
	return errno == EAGAIN ? 0 : client_fail(client, "control write: %s", strerror(errno));
}

int client_write(struct client *client, const char *bytes, int size)
{
	while (size > 0) {
		int n = write_some(client, bytes, size);
		if (n < 0)
			return -1;
		if (n == 0 && watch_wait(&client->watch, NULL, options.timeout_s))
			return client_fail(client, "control write: timeout");
		bytes += n;
		size -= n;
	}
	return 0;
}

static int send_command(struct client *client, const char *command)
{
	char line[640];
	int size = snprintf(line, sizeof(line), "%s\r\n", command);
	return client_write(client, line, size);
}

int client_send(struct client *client, const char *format, ...)
{
	char command[600];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return send_command(client, command);
}

static bool is_digit(char c)
{
	return isdigit((unsigned char)c) != 0;
}

static void keep_line(struct client *client, const char *line, int size)
{
	int n = size < (int)sizeof(client->line) - 1 ? size : (int)sizeof(client->line) - 1;
	memcpy(client->line, line, (size_t)n);
	client->line[n] = '\0';
	if (n > 0 && client->line[n - 1] == '\r')
		client->line[n - 1] = '\0';
}

/* Takes one complete reply out of the input: its code, or 0 when it is not all there. */
static int take_reply(struct client *client)
{
	int at = 0, first = 0;
	for (;;) {
		char *line = client->input + at;
		char *end = memchr(line, '\n', (size_t)(client->input_size - at));
		if (!end) {
			bool is_full = client->input_size == (int)sizeof(client->input);
			return is_full ? client_fail(client, "reply too long") : 0;
		}
		int size = (int)(end - line), code = 0;
		if (size >= 3 && is_digit(line[0]) && is_digit(line[1]) && is_digit(line[2]))
			code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
		if (!first) {
			if (!code)
				return client_fail(client, "not a reply: %.*s",
						   size > 60 ? 60 : size, line);
			first = code;
		}
		at += size + 1;
		if (code == first && (size == 3 || line[3] == ' ' || line[3] == '\r')) {
			keep_line(client, line, size);
			client->input_size -= at;
			memmove(client->input, client->input + at, (size_t)client->input_size);
			return code;
		}
	}
}

/* Bytes read, 0: wait. */
static int read_some(struct client *client)
{
	char *to = client->input + client->input_size;
	int room = (int)sizeof(client->input) - client->input_size;
	if (client->ssl) {
		ERR_clear_error();
		int n = SSL_read(client->ssl, to, room);
		return n > 0 ? n : tls_result(client, "read", n);
	}
	ssize_t n = recv(client->watch.fd, to, (size_t)room, 0);
	if (n > 0)
		return (int)n;
	if (n == 0)
		return client_fail(client, "control closed after '%s'", client->line);
	return errno == EAGAIN ? 0
			       : client_fail(client, "control read after '%s': %s", client->line,
					     strerror(errno));
}

int client_try_reply(struct client *client)
{
	for (;;) {
		int code = client->input_size ? take_reply(client) : 0;
		if (code)
			return code;
		int n = read_some(client);
		if (n <= 0)
			return n;
		client->input_size += n;
	}
}

int client_reply(struct client *client)
{
	for (;;) {
		int code = client_try_reply(client);
		if (code)
			return code;
		if (watch_wait(&client->watch, NULL, options.timeout_s))
			return client_fail(client, "no reply in %.0f s, the last was '%s'",
					   options.timeout_s, client->line);
	}
}

int client_ask(struct client *client, int lowest, int highest, const char *format, ...)
{
	char command[600];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (send_command(client, command))
		return -1;
	int code = client_reply(client);
	if (code < 0)
		return -1;
	if (code < lowest || code > highest)
		return client_fail(client, "%s: %s", command, client->line);
	return code;
}

/* Binds to this client's own address of 127.1.0.0/16, so that a server sees many. */
static int bind_source(struct client *client, int fd)
{
	int one = 1;
	if (options.source_addresses == 1)
		return 0;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)))
		return -1;
	return bind(fd, (const struct sockaddr *)&client->source, sizeof(client->source));
}

int client_connect(struct client *client, struct watch *watch, const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
	if (fd < 0)
		return client_fail(client, "socket: %s", strerror(errno));
	bool is_data = watch != &client->watch;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    (options.receive_buffer && is_data &&
	     setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer,
			sizeof(options.receive_buffer))) ||
	    bind_source(client, fd) ||
	    (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS) ||
	    watch_add(this_loop, watch, fd)) {
		int error = errno;
		(void)close(fd); /* it never carried a byte */
		watch->fd = -1;
		return client_fail(client, "connect: %s", strerror(error));
	}
	return 0;
}

static int start_tls(struct client *client)
{
	client->ssl = SSL_new(tls_context);
	SSL_set_fd(client->ssl, client->watch.fd);
	SSL_set_app_data(client->ssl, (char *)client);
	for (;;) {
		int done = client_handshake(client, client->ssl, "control");
		if (done < 0)
			return -1;
		if (done)
			break;
		if (watch_wait(&client->watch, NULL, options.timeout_s))
			return client_fail(client, "control TLS handshake: timeout");
	}
	counters.control_handshakes++;
	if (!atomic_exchange(&is_tls_known, true)) {
		snprintf(tls_cipher, sizeof(tls_cipher), "%s", SSL_get_cipher_name(client->ssl));
		snprintf(tls_version, sizeof(tls_version), "%s", SSL_get_version(client->ssl));
	}
	return 0;
}

static int authenticate(struct client *client)
{
	if (options.tls == TLS_EXPLICIT) {
		if (client_ask(client, 234, 234, "AUTH TLS") < 0)
			return -1;
		if (client->input_size)
			return client_fail(client, "bytes after 234");
		if (start_tls(client))
			return -1;
	}
	int code = client_ask(client, 230, 331, "USER %s", options.user);
	if (code < 0 || (code == 331 && client_ask(client, 230, 230, "PASS %s", options.pass) < 0))
		return -1;
	client->is_logged_in = true;
	return 0;
}

static int prepare_transfers(struct client *client)
{
	if (options.tls && !options.clear_data &&
	    (client_ask(client, 200, 200, "PBSZ 0") < 0 ||
	     client_ask(client, 200, 200, "PROT P") < 0))
		return -1;
	return client_ask(client, 200, 200, "TYPE I") < 0 ? -1 : 0;
}

int client_login(struct client *client, bool for_transfers)
{
	uint32_t number = (uint32_t)(client->id % options.source_addresses);
	client->input_size = 0;
	client->line[0] = '\0';
	client->watch.fd = -1;
	client->source.sin_family = AF_INET;
	client->source.sin_addr.s_addr = htonl(0x7f010001u + ((number / 250) << 8) + number % 250);
	if (client_connect(client, &client->watch, &server_address))
		return -1;
	if (options.tls == TLS_IMPLICIT && start_tls(client))
		return -1;
	int code = client_reply(client);
	if (code < 0)
		return -1;
	if (code != 220)
		return client_fail(client, "greeting: %s", client->line);
	if (authenticate(client))
		return -1;
	return for_transfers ? prepare_transfers(client) : 0;
}

void client_close(struct client *client)
{
	tls_drop(client->ssl);
	client->ssl = NULL;
	if (client->watch.fd >= 0)
		(void)close(
			client->watch.fd); /* all replies have been read, or the run has failed */
	client->watch.fd = -1;
	client->is_logged_in = false;
	client->input_size = 0;
}

int client_quit(struct client *client)
{
	int result = 0;
	if (client->is_logged_in)
		result = client_ask(client, 221, 221, "QUIT") < 0 ? -1 : 0;
	client_close(client);
	return result;
}
