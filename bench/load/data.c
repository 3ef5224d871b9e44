/* load/data.c - opening a data connection, and moving bytes over it. */
#include "load/data.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load/content.h"

enum {
	BUFFER_SIZE = 256 * 1024,
	DROP_AT_ONCE = 16 << 20,
	SENDFILE_AT_ONCE = 4 << 20,
	SMALL = 64 * 1024, /* up to here one send(2) is cheaper than sendfile(2) */
};

static int source_fd = -1;
static const uint8_t *source;

int data_init(void)
{
	if (!options.source)
		return 0;
	struct stat st;
	source_fd = open(options.source, O_RDONLY | O_CLOEXEC);
	if (source_fd < 0 || fstat(source_fd, &st))
		return -1;
	if (!options.size)
		options.size = st.st_size;
	if (options.size > st.st_size) {
		errno = EINVAL;
		return -1;
	}
	source = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, source_fd, 0);
	return source == MAP_FAILED ? -1 : 0;
}

void data_close(struct data *data)
{
	tls_drop(data->ssl);
	data->ssl = NULL;
	if (data->watch.fd >= 0)
		(void)close(data->watch.fd); /* the reply says whether the transfer was complete */
	data->watch.fd = -1;
}

/* Asks for a port: where to connect to. */
static int passive_address(struct client *client, struct sockaddr_in *ret)
{
	struct sockaddr_in to = server_address;
	unsigned a[6];
	char *at;
	if (!options.pasv) {
		if (client_ask(client, 229, 229, "EPSV") < 0)
			return -1;
		at = strstr(client->line, "|||");
		if (!at)
			return client_fail(client, "EPSV: %s", client->line);
		to.sin_port = htons((uint16_t)strtoul(at + 3, NULL, 10));
		*ret = to;
		return 0;
	}
	if (client_ask(client, 227, 227, "PASV") < 0)
		return -1;
	for (at = client->line + 4; *at && !isdigit((unsigned char)*at);)
		at++;
	if (sscanf(at, "%u,%u,%u,%u,%u,%u", a, a + 1, a + 2, a + 3, a + 4, a + 5) != 6)
		return client_fail(client, "PASV: %s", client->line);
	to.sin_port = htons((uint16_t)(a[4] * 256 + a[5]));
	to.sin_addr.s_addr = htonl(a[0] << 24 | a[1] << 16 | a[2] << 8 | a[3]);
	*ret = to;
	return 0;
}

static void prepare_tls(struct client *client, struct data *data)
{
	data->ssl = SSL_new(tls_context);
	SSL_set_fd(data->ssl, data->watch.fd);
	SSL_set_read_ahead(data->ssl, 1);
	SSL_set_default_read_buffer_len(data->ssl, 64 * 1024);
	if (client->ticket) { /* a copy: OpenSSL marks a TLS 1.3 session as used up */
		SSL_SESSION *copy = SSL_SESSION_dup(client->ticket);
		SSL_set_session(data->ssl, copy);
		SSL_SESSION_free(copy);
	}
}

/* 1 when the handshake is over, 0 when not. */
static int step_handshake(struct client *client, struct data *data, bool is_replied,
			  const char *command)
{
	int done = client_handshake(client, data->ssl, "data");
	if (done < 0 && !is_replied && client_try_reply(client) > 0) /* it may say why */
		return client_fail(client, "%s: %s", command, client->line);
	if (done > 0) {
		counters.data_handshakes++;
		if (SSL_session_reused(data->ssl))
			counters.data_resumed++;
	}
	return done;
}

/* 1 when the first reply is there, 0 when not. */
static int step_reply(struct client *client, const char *command)
{
	int code = client_try_reply(client);
	if (code >= 200)
		return client_fail(client, "%s: %s", command, client->line);
	return code < 0 ? -1 : code > 0;
}

/* Waits for the first reply and the end of the handshake, in any order. */
static int bring_up(struct client *client, struct data *data, const char *command)
{
	int is_secure = data->ssl == NULL, is_replied = 0;
	for (;;) {
		if (!is_secure)
			is_secure = step_handshake(client, data, is_replied != 0, command);
		if (is_secure >= 0 && !is_replied)
			is_replied = step_reply(client, command);
		if (is_secure < 0 || is_replied < 0)
			return -1;
		if (is_secure && is_replied)
			return 0;
		struct watch *first = is_secure ? &client->watch : &data->watch;
		struct watch *second = is_secure || is_replied ? NULL : &client->watch;
		if (watch_wait(first, second, options.timeout_s))
			return client_fail(client, "%s: timeout (%s reply, %s TLS)", command,
					   is_replied ? "with" : "no", is_secure ? "with" : "no");
	}
}

int data_open(struct client *client, struct data *data, const char *command)
{
	struct sockaddr_in to;
	data->ssl = NULL;
	data->watch.fd = -1;
	if (passive_address(client, &to) || client_connect(client, &data->watch, &to))
		return -1;
	if (client_send(client, "%s", command) == 0) {
		if (options.tls && !options.clear_data)
			prepare_tls(client, data);
		if (bring_up(client, data, command) == 0)
			return 0;
	}
	data_close(data);
	return -1;
}

/* Each thread has one buffer for what it reads. */
static uint8_t *buffer(void)
{
	static __thread uint8_t *bytes;
	if (!bytes)
		bytes = malloc(BUFFER_SIZE);
	if (!bytes)
		abort();
	return bytes;
}

enum { AGAIN = -2 }; /* wait for the descriptor, then try again */

/* Bytes, 0 at the end, -1 or AGAIN. */
static long read_tls(struct client *client, struct data *data)
{
	ERR_clear_error();
	int n = SSL_read(data->ssl, buffer(), BUFFER_SIZE);
	if (n > 0)
		return n;
	int error = SSL_get_error(data->ssl, n);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return AGAIN;
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	if (error == SSL_ERROR_SYSCALL ||
	    ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		counters.no_close_notify++;
		return 0;
	}
	return client_fail(client, "data read: %s", tls_reason(n, error));
}

static long read_plain(struct client *client, struct data *data, enum sink sink)
{
	ssize_t n = sink == SINK_DROP ? recv(data->watch.fd, NULL, DROP_AT_ONCE, MSG_TRUNC)
				      : recv(data->watch.fd, buffer(), BUFFER_SIZE, 0);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? AGAIN : client_fail(client, "data read: %s", strerror(errno));
}

static long count_newlines(const uint8_t *bytes, long size)
{
	long lines = 0;
	const uint8_t *end = bytes + size;
	for (const uint8_t *at = bytes; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
		lines++;
	return lines;
}

struct received {
	long bytes, lines;
	double first_byte_at;
};

static int receive(struct client *client, struct data *data, enum sink sink, bool count_lines,
		   struct received *ret)
{
	struct received got = { 0 };
	for (;;) {
		long n = data->ssl ? read_tls(client, data) : read_plain(client, data, sink);
		if (n == AGAIN) {
			if (watch_wait(&data->watch, NULL, options.timeout_s))
				return client_fail(client, "data read: timeout after %ld bytes",
						   got.bytes);
			continue;
		}
		if (n < 0)
			return -1;
		if (got.bytes == 0)
			got.first_byte_at = now_s();
		if (n == 0)
			break;
		if (count_lines)
			got.lines += count_newlines(buffer(), n);
		if (sink == SINK_CHECK &&
		    !content_matches(buffer(), (uint64_t)got.bytes, (size_t)n))
			return client_fail(client, "content differs at or after byte %ld",
					   got.bytes);
		got.bytes += n;
	}
	*ret = got;
	return 0;
}

/* Bytes written, -1 or AGAIN. */
static long write_some(struct client *client, struct data *data, long offset, long size)
{
	long left = size - offset;
	if (data->ssl) {
		ERR_clear_error();
		int n = SSL_write(data->ssl, source + offset,
				  (int)(left < BUFFER_SIZE ? left : BUFFER_SIZE));
		if (n > 0)
			return n;
		int error = SSL_get_error(data->ssl, n);
		if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
			return AGAIN;
		return client_fail(client, "data write: %s", tls_reason(n, error));
	}
	off_t at = offset;
	ssize_t n = size <= SMALL
			    ? send(data->watch.fd, source + offset, (size_t)left, MSG_NOSIGNAL)
			    : sendfile(data->watch.fd, source_fd, &at,
				       (size_t)(left < SENDFILE_AT_ONCE ? left : SENDFILE_AT_ONCE));
	if (n >= 0)
		return n;
	return errno == EAGAIN ? AGAIN : client_fail(client, "data write: %s", strerror(errno));
}

static void say_goodbye(struct data *data)
{
	ERR_clear_error();
	int result = SSL_shutdown(data->ssl);
	if (result < 0 && SSL_get_error(data->ssl, result) == SSL_ERROR_WANT_WRITE &&
	    watch_wait(&data->watch, NULL, options.timeout_s) == 0)
		(void)SSL_shutdown(data->ssl); /* the server's reply says whether it got there */
	ERR_clear_error();
}

static int transmit(struct client *client, struct data *data, long size)
{
	for (long offset = 0; offset < size;) {
		long n = write_some(client, data, offset, size);
		if (n == AGAIN) {
			if (watch_wait(&data->watch, NULL, options.timeout_s))
				return client_fail(client, "data write: timeout after %ld bytes",
						   offset);
			continue;
		}
		if (n < 0)
			return -1;
		offset += n;
	}
	if (data->ssl)
		say_goodbye(data);
	(void)shutdown(data->watch.fd, SHUT_WR); /* a broken connection shows in the reply */
	return 0;
}

/* The reply at the end of a transfer. */
static int final_reply(struct client *client, const char *command)
{
	int code = client_reply(client);
	if (code < 0)
		return -1;
	return code == 226 || code == 250 ? 0
					  : client_fail(client, "%s: %s", command, client->line);
}

int transfer_get(struct client *client, const char *command, long size, bool count_lines,
		 struct tally *tally)
{
	struct data data;
	struct received got = { 0 };
	double began = now_s();
	if (data_open(client, &data, command))
		return -1;
	enum sink sink = count_lines ? SINK_COPY : options.sink;
	int result = receive(client, &data, sink, count_lines, &got);
	data_close(&data);
	if (result || final_reply(client, command))
		return -1;
	if (size >= 0 && got.bytes != size)
		return client_fail(client, "%s: got %ld bytes, not %ld", command, got.bytes, size);
	tally_latency(tally, now_s() - began);
	if (count_lines)
		tally_first_byte(tally, got.first_byte_at - began);
	tally->operations++;
	tally->bytes += got.bytes;
	tally->lines += got.lines;
	return 0;
}

int transfer_put(struct client *client, const char *command, long size, struct tally *tally)
{
	struct data data;
	double began = now_s();
	if (data_open(client, &data, command))
		return -1;
	/* The connection stays open until the reply: a close could overtake it as a reset. */
	int result = transmit(client, &data, size);
	if (result == 0)
		result = final_reply(client, command);
	data_close(&data);
	if (result)
		return -1;
	tally_latency(tally, now_s() - began);
	tally->operations++;
	tally->bytes += size;
	return 0;
}
