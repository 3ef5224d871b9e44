/* net/stream_test.c - bytes through a stream, plain and TLS: deadlines, ends, files. */
#include "net/test_peer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/file_window.h"

#define BIG ((size_t)1024 * 1024) /* more than a socket takes in at once */

static struct fixture {
	struct test_certificate certificate;
	struct tls_server *server;
	struct tls_binding binding;
	struct stream stream;
	struct peer peer;
} f;

static int make_server(void **state)
{
	struct tls_ticket_keys keys;

	(void)state;
	f = (struct fixture){ .stream = { .fd = -1 }, .peer = { .fd = -1 } };
	/* As all of our processes do: neither sendfile(2) nor OpenSSL can be told not to raise
	 * it. */
	(void)signal(SIGPIPE, SIG_IGN);
	tls_ticket_keys_generate(&keys);
	test_certificate_make(&f.certificate);
	f.server = test_server_new(&f.certificate, &keys);
	return 0;
}

static int remove_server(void **state)
{
	(void)state;
	tls_server_free(&f.server);
	test_certificate_remove(&f.certificate);
	return 0;
}

static int make_plain(void **state)
{
	(void)state;
	peer_init(&f.peer, &f.stream);
	return 0;
}

static void start_tls(int version, bool reads_ahead)
{
	struct tls_error error;

	f.binding = (struct tls_binding){ .is_data = false, .reads_ahead = reads_ahead };
	peer_want_tls(&f.peer, &(struct peer_tls){ .from = version, .to = version });
	if (peer_handshake(&f.peer, &f.stream, f.server, &f.binding, &error) < 0)
		fail_msg("%s", error.text);
}

static int make_tls_1_3(void **state)
{
	(void)make_plain(state);
	start_tls(TLS1_3_VERSION, false);
	return 0;
}

static int make_tls_ahead(void **state)
{
	(void)make_plain(state);
	start_tls(TLS1_3_VERSION, true);
	return 0;
}

static int make_tls_1_2(void **state)
{
	(void)make_plain(state);
	start_tls(TLS1_2_VERSION, false);
	return 0;
}

static int remove_connection(void **state)
{
	(void)state;
	stream_release(&f.stream);
	peer_release(&f.peer);
	return 0;
}

static void send_from_peer(const char *text)
{
	size_t len = strlen(text);

	if (f.peer.ssl)
		assert_int_equal(SSL_write(f.peer.ssl, text, (int)len), len);
	else
		assert_int_equal(send(f.peer.fd, text, len, 0), len);
}

static void assert_received(const char *text)
{
	(void)peer_drain(&f.peer);
	assert_text((struct text){ f.peer.received, f.peer.n_received }, text);
}

/* Repeats after 251 bytes, so that a piece at a wrong place shows. */
static char byte_at(size_t at)
{
	return (char)(at % 251);
}

static void assert_received_from(size_t start, size_t len)
{
	assert_int_equal(f.peer.n_received, len);
	for (size_t i = 0; i < len; i++)
		if (f.peer.received[i] != byte_at(start + i))
			fail_msg("byte %zu of %zu is wrong", i, len);
}

/* A file in memory with len bytes. */
static int make_file(size_t len)
{
	AUTO_FREE char *bytes = malloc(len);
	int fd = memfd_create("stream_test", MFD_CLOEXEC);

	assert_true(fd >= 0 && bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(i);
	assert_int_equal(write(fd, bytes, len), len);
	return fd;
}

/* --- refusals and deadlines ------------------------------------------------------------------- */

static void a_read_ends_at_its_deadline(void **state)
{
	char bytes[8] = "before";

	(void)state;
	assert_int_equal(stream_try_read(&f.stream, bytes, sizeof(bytes)), -EAGAIN);
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(10)), -ETIMEDOUT);
	assert_string_equal(bytes, "before");
}

static void a_write_that_nobody_reads_ends_at_its_deadline(void **state)
{
	AUTO_FREE char *bytes = calloc(1, 4 * BIG);

	(void)state;
	f.peer.move = NULL;
	assert_int_equal(stream_write(&f.stream, bytes, 4 * BIG, deadline_in(10)), -ETIMEDOUT);
}

static void an_error_of_the_waiter_ends_the_call(void **state)
{
	AUTO_FREE char *bytes = calloc(1, 4 * BIG);
	AUTO_CLOSE int file = make_file(4 * BIG);
	ssize_t n;
	off_t at = 0;

	(void)state;
	f.peer.error = -ECANCELED;
	assert_int_equal(stream_read(&f.stream, bytes, 1, DEADLINE_NEVER), -ECANCELED);
	assert_int_equal(stream_write(&f.stream, bytes, 4 * BIG, DEADLINE_NEVER), -ECANCELED);
	do {
		n = stream_send_file(&f.stream, file, &at, BIG, bytes, BIG, DEADLINE_NEVER);
	} while (n > 0);
	assert_int_equal(n, -ECANCELED);
}

static void a_client_that_has_gone_cannot_be_written_to(void **state)
{
	(void)state;
	fd_close(&f.peer.fd);
	int r = stream_write(&f.stream, "hello", 5, deadline_in(PATIENCE_MS));
	assert_true(r == -EPIPE || r == -ECONNRESET);
}

static void a_reset_is_no_end_of_file(void **state)
{
	char bytes[8];

	(void)state;
	assert_int_equal(stream_write(&f.stream, "unread", 6, deadline_in(PATIENCE_MS)), 0);
	fd_close(&f.peer.fd); /* with bytes that it has not read: the kernel says so */
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(PATIENCE_MS)),
			 -ECONNRESET);
}

static void an_end_without_close_notify_is_not_proven(void **state)
{
	char bytes[8];

	(void)state;
	send_from_peer("half");
	assert_int_equal(shutdown(f.peer.fd, SHUT_WR), 0);
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(PATIENCE_MS)), 4);
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(PATIENCE_MS)),
			 -ENODATA);
}

static void bytes_that_are_no_tls_record_are_a_protocol_error(void **state)
{
	char bytes[8];

	(void)state;
	assert_int_equal(send(f.peer.fd, "NOOP in clear\r\n", 15, 0), 15);
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(PATIENCE_MS)),
			 -EPROTO);
	/* Nothing may follow such an error, and closing must not try to. */
	stream_close(&f.stream);
	assert_false(stream_is_open(&f.stream));
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
	AUTO_CLOSE int directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int file = make_file(10);
	AUTO_CLOSE int write_only = -1;
	char path[64], buffer[64];
	off_t at = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	write_only = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(directory >= 0 && write_only >= 0);
	assert_true(stream_send_file(&f.stream, directory, &at, 10, buffer, sizeof(buffer),
				     DEADLINE_NEVER) < 0);
	assert_int_equal(stream_send_file(&f.stream, write_only, &at, 10, buffer, sizeof(buffer),
					  DEADLINE_NEVER),
			 -EBADF);
	assert_int_equal(at, 0);
}

/* --- what works ------------------------------------------------------------------------------- */

static void bytes_pass_in_both_directions(void **state)
{
	char bytes[16];

	(void)state;
	send_from_peer("hello");
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(PATIENCE_MS)), 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(stream_write(&f.stream, "welcome", 7, deadline_in(PATIENCE_MS)), 0);
	assert_received("welcome");
}

static void move_hello(struct peer *peer)
{
	peer->move = NULL;
	send_from_peer("hello");
}

static void a_read_waits_for_bytes(void **state)
{
	char bytes[16];
	unsigned before = f.peer.n_waits;

	(void)state;
	f.peer.move = move_hello;
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), DEADLINE_NEVER), 5);
	assert_int_equal(f.peer.n_waits, before + 1);
}

static void a_write_goes_on_as_the_client_reads(void **state)
{
	AUTO_FREE char *bytes = malloc(BIG);

	(void)state;
	for (size_t i = 0; i < BIG; i++)
		bytes[i] = byte_at(i);
	f.peer.move = peer_move_drain;
	assert_int_equal(stream_write(&f.stream, bytes, BIG, deadline_in(PATIENCE_MS)), 0);
	(void)peer_drain(&f.peer);
	assert_received_from(0, BIG);
}

static void an_end_in_order_is_proven(void **state)
{
	char bytes[8];

	(void)state;
	send_from_peer("all");
	if (f.peer.ssl)
		assert_true(SSL_shutdown(f.peer.ssl) >= 0);
	assert_int_equal(shutdown(f.peer.fd, SHUT_WR), 0);
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(PATIENCE_MS)), 3);
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(PATIENCE_MS)), 0);
	/* The other direction is still open. */
	assert_int_equal(stream_write(&f.stream, "late", 4, deadline_in(PATIENCE_MS)), 0);
	assert_received("late");
}

static void our_end_is_proven_to_the_client(void **state)
{
	char byte;

	(void)state;
	assert_int_equal(stream_write(&f.stream, "bye", 3, deadline_in(PATIENCE_MS)), 0);
	assert_false(peer_drain(&f.peer));
	assert_int_equal(stream_end(&f.stream, deadline_in(PATIENCE_MS)), 0);
	assert_true(peer_drain(&f.peer));
	assert_received("bye");
	/* Behind close_notify comes the FIN, while the client may go on. */
	assert_int_equal(recv(f.peer.fd, &byte, 1, 0), 0);
	send_from_peer("x");
	assert_int_equal(stream_read(&f.stream, &byte, 1, deadline_in(PATIENCE_MS)), 1);
}

static void closing_sends_what_was_written_and_the_end(void **state)
{
	(void)state;
	send_from_peer("never read");
	assert_int_equal(stream_write(&f.stream, "421 Bye.\r\n", 10, deadline_in(PATIENCE_MS)), 0);
	stream_close(&f.stream);
	assert_false(stream_is_open(&f.stream));
	assert_true(peer_drain(&f.peer));
	assert_received("421 Bye.\r\n");
	stream_close(&f.stream); /* once more is harmless */
}

static void finishing_closes_what_the_peer_is_silent_on(void **state)
{
	(void)state;
	assert_int_equal(stream_write(&f.stream, "bye", 3, deadline_in(PATIENCE_MS)), 0);
	assert_int_equal(stream_finish(&f.stream, deadline_in(PATIENCE_MS)), 0);
	assert_false(stream_is_open(&f.stream));
	assert_true(peer_drain(&f.peer));
	assert_received("bye");
	stream_close(&f.stream);
}

/* A close would be a reset then, which takes away what the peer has not read. */
static void finishing_only_ends_what_the_peer_has_sent_on(void **state)
{
	(void)state;
	send_from_peer("never read");
	assert_int_equal(stream_write(&f.stream, "bye", 3, deadline_in(PATIENCE_MS)), 0);
	assert_int_equal(stream_finish(&f.stream, deadline_in(PATIENCE_MS)), 0);
	assert_true(stream_is_open(&f.stream));
	stream_close(&f.stream);
	assert_true(peer_drain(&f.peer));
	assert_received("bye");
}

static void an_end_that_is_known_is_not_asked_for(void **state)
{
	char bytes[4];

	(void)state;
	send_from_peer("in two");
	f.stream.knows_end = true; /* as if the FIN had been seen: else the last read would wait */
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(0)), 4);
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(0)), 2);
	assert_int_equal(stream_read(&f.stream, bytes, sizeof(bytes), deadline_in(0)), 0);
}

static void a_file_is_sent_from_any_offset(void **state)
{
	static const struct {
		size_t size, at, len, sent;
	} rows[] = {
		{ 0, 0, 10, 0 },     { 100, 100, 10, 0 }, { 100, 0, 100, 100 },
		{ 100, 99, 100, 1 }, { 100, 30, 20, 20 }, { 20000, 16383, 20000, 3617 },
	};
	char buffer[32 * 1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_CLOSE int file = make_file(MAX_OF(rows[i].size, 1ul));
		off_t at = (off_t)rows[i].at;

		assert_int_equal(ftruncate(file, (off_t)rows[i].size), 0);
		f.peer.n_received = 0;
		assert_int_equal(stream_send_file(&f.stream, file, &at, rows[i].len, buffer,
						  sizeof(buffer), deadline_in(PATIENCE_MS)),
				 rows[i].sent);
		assert_int_equal(at, rows[i].at + rows[i].sent);
		(void)peer_drain(&f.peer);
		assert_received_from(rows[i].at, rows[i].sent);
	}
}

static void a_long_file_is_sent_as_the_client_reads(void **state)
{
	AUTO_CLOSE int file = make_file(2 * BIG);
	AUTO_FREE char *buffer = malloc(BIG);
	off_t at = 7;
	ssize_t n;

	(void)state;
	f.peer.move = peer_move_drain;
	do {
		n = stream_send_file(&f.stream, file, &at, BIG, buffer, BIG,
				     deadline_in(PATIENCE_MS));
		assert_true(n >= 0);
	} while (n > 0);
	assert_int_equal(at, 2 * BIG);
	(void)peer_drain(&f.peer);
	assert_received_from(7, 2 * BIG - 7);
}

static void a_mapped_file_is_sent_from_any_offset(void **state)
{
	static const struct {
		size_t size, at, len, sent;
	} rows[] = {
		{ 100, 100, 10, 0 },	     { 100, 200, 10, 0 },   { 100, 99, 100, 1 },
		{ 20000, 4095, 9000, 9000 }, { 20000, 4096, 1, 1 }, { 20000, 12345, 20000, 7655 },
		{ BIG, 7, BIG, BIG - 7 },
	};
	(void)state;
	assert_int_equal(file_window_catch_cuts(), 0);
	f.peer.move = peer_move_drain;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_CLOSE int file = make_file(rows[i].size);
		off_t at = (off_t)rows[i].at;

		f.peer.n_received = 0;
		assert_int_equal(stream_send_mapped(&f.stream, file, &at, rows[i].len,
						    deadline_in(PATIENCE_MS)),
				 rows[i].sent);
		assert_int_equal(at, rows[i].at + rows[i].sent);
		(void)peer_drain(&f.peer);
		assert_received_from(rows[i].at, rows[i].sent);
	}
}

static void a_file_that_cannot_be_mapped_is_left_to_others(void **state)
{
	AUTO_CLOSE int file = make_file(10);
	AUTO_CLOSE int write_only = -1;
	char path[64];
	off_t at = 0;

	(void)state;
	assert_int_equal(file_window_catch_cuts(), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	write_only = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(stream_send_mapped(&f.stream, write_only, &at, 10, DEADLINE_NEVER),
			 -EOPNOTSUPP);
	assert_int_equal(at, 0);
	assert_int_equal(stream_write(&f.stream, "still good", 10, deadline_in(PATIENCE_MS)), 0);
	assert_received("still good");
}

#define CUT_SIZE (2 * BIG)
/* The client begins to read, and somebody cuts the file to cut_to. */
static int cut_file;
static off_t cut_to;

static void move_cut_file(struct peer *peer)
{
	assert_int_equal(ftruncate(cut_file, cut_to), 0);
	peer->move = peer_move_drain;
	peer_move_drain(peer);
}

/* Each row: where the file ends from the first wait on. */
static void a_file_that_is_cut_ends_the_stream_without_a_proof(void **state)
{
	static const size_t rows[] = { 0, 4096, CUT_SIZE - 4096, CUT_SIZE - 100 };

	(void)state;
	assert_int_equal(file_window_catch_cuts(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_CLOSE int file = make_file(CUT_SIZE);
		off_t at = 0;

		(void)remove_connection(NULL);
		(void)make_tls_1_3(NULL);
		cut_file = file;
		cut_to = (off_t)rows[i];
		f.peer.move = move_cut_file;
		assert_int_equal(stream_send_mapped(&f.stream, file, &at, CUT_SIZE,
						    deadline_in(PATIENCE_MS)),
				 -ESPIPE);
		assert_in_range(at, 1, CUT_SIZE); /* what had gone out by then counts */
		assert_int_equal(stream_write(&f.stream, "more", 4, DEADLINE_NEVER), -EPIPE);
		stream_close(&f.stream);
		assert_false(peer_drain(&f.peer));
		assert_in_range(f.peer.n_received, at, at + 16384);
		/* Zeros of the last page alone may have come. */
		if (rows[i] % 4096 != 0)
			f.peer.n_received = MIN_OF(f.peer.n_received, rows[i]);
		assert_received_from(0, f.peer.n_received);
	}
}

static void a_plain_stream_says_nothing_of_tls(void **state)
{
	char text[64] = "before";

	(void)state;
	stream_describe_tls(&f.stream, text, sizeof(text));
	assert_string_equal(text, "");
	stream_push_ticket(&f.stream); /* nothing to do */
	assert_received("");
}

static void a_tls_stream_says_version_and_cipher(void **state)
{
	char text[64];

	(void)state;
	stream_describe_tls(&f.stream, text, sizeof(text));
	assert_true(text_starts(text_of(text), T("TLSv1.3 TLS_")));
}

static void a_pushed_ticket_arrives_with_the_next_bytes(void **state)
{
	unsigned before = f.peer.n_tickets;

	(void)state;
	assert_int_equal(before, 2);
	stream_push_ticket(&f.stream);
	assert_int_equal(stream_write(&f.stream, "226 Done.\r\n", 11, deadline_in(PATIENCE_MS)), 0);
	assert_received("226 Done.\r\n");
	assert_int_equal(f.peer.n_tickets, before + 1);
	assert_int_equal(f.peer.n_sessions, 3);
}

static void a_pushed_ticket_does_not_go_out_before_the_reply(void **state)
{
	char byte;

	(void)state;
	stream_push_ticket(&f.stream);
	assert_int_equal(stream_try_read(&f.stream, &byte, 1), -EAGAIN);
	assert_int_equal(recv(f.peer.fd, &byte, 1, MSG_PEEK), -1);
	assert_int_equal(errno, EAGAIN);
}

/* One record of the peer's, as it would be sent. */
static size_t make_record(const char *text, char *ret, size_t size)
{
	BIO *socket = SSL_get_wbio(f.peer.ssl), *kept = BIO_new(BIO_s_mem());

	(void)BIO_up_ref(socket);
	SSL_set0_wbio(f.peer.ssl, kept);
	assert_int_equal(SSL_write(f.peer.ssl, text, (int)strlen(text)), strlen(text));
	int n = BIO_read(kept, ret, (int)size);
	assert_true(n > 5 && (size_t)n < size);
	SSL_set0_wbio(f.peer.ssl, socket);
	return (size_t)n;
}

static void assert_line(const char *text, bool is_drained)
{
	char line[64];
	ssize_t n = stream_try_read(&f.stream, line, sizeof(line));

	assert_true(n > 0);
	assert_text((struct text){ line, (size_t)n }, text);
	assert_int_equal(f.stream.is_drained, is_drained);
}

static void tls_that_reads_ahead_knows_when_it_has_all(void **state)
{
	(void)state;
	send_from_peer("NOOP\r\n");
	assert_line("NOOP\r\n", true);
	send_from_peer("PWD\r\n");
	send_from_peer("SYST\r\n");
	assert_line("PWD\r\nSYST\r\n", false); /* the second one was in the buffer */
}

static void tls_that_asks_for_the_rest_of_a_record_does_not(void **state)
{
	char record[256];
	size_t len;

	(void)state;
	send_from_peer("NOOP\r\n");
	len = make_record("PWD\r\n", record, sizeof(record));
	assert_int_equal(send(f.peer.fd, record, 7, 0), 7);
	assert_line("NOOP\r\n", false);
	assert_int_equal(send(f.peer.fd, record + 7, len - 7, 0), len - 7);
	send_from_peer("SYST\r\n");
	assert_line("PWD\r\n", false);
	assert_line("SYST\r\n", true);
}

static void tls_that_reads_single_records_does_not(void **state)
{
	(void)state;
	send_from_peer("NOOP\r\n");
	assert_line("NOOP\r\n", false);
}

static void tls_1_2_has_no_tickets_to_push(void **state)
{
	(void)state;
	assert_int_equal(f.peer.n_tickets, 1);
	stream_push_ticket(&f.stream);
	assert_int_equal(stream_write(&f.stream, "226 Done.\r\n", 11, deadline_in(PATIENCE_MS)), 0);
	assert_received("226 Done.\r\n");
	assert_int_equal(f.peer.n_tickets, 1);
}

static void a_handshake_goes_on_when_the_client_has_sent_more(void **state)
{
	struct tls_error error;
	int64_t deadline = deadline_in(PATIENCE_MS);
	unsigned n_steps = 0;
	int r;

	(void)state;
	f.binding = (struct tls_binding){ .is_data = false };
	peer_want_tls(&f.peer, &(struct peer_tls){ TLS1_3_VERSION, TLS1_3_VERSION });
	while ((r = stream_try_tls(&f.stream, f.server, &f.binding, deadline, &error)) == -EAGAIN) {
		assert_true(++n_steps < 10);
		peer_move_drain(&f.peer); /* its next flight, in the first place */
	}
	assert_int_equal(r, 0);
	assert_true(n_steps >= 2);
	assert_int_equal(f.peer.n_waits, 0);
	send_from_peer("NOOP");
	char got[8];
	assert_int_equal(stream_read(&f.stream, got, sizeof(got), deadline), 4);
}

static void garbage_ends_a_handshake_in_steps(void **state)
{
	struct tls_error error;

	(void)state;
	f.binding = (struct tls_binding){ .is_data = false };
	send_from_peer("USER alice\r\n");
	assert_int_equal(
		stream_try_tls(&f.stream, f.server, &f.binding, deadline_in(PATIENCE_MS), &error),
		-EPROTO);
	assert_true(*error.text != '\0');
}

/* One story on a plain connection, on TLS 1.2 or on TLS 1.3. */
#define PLAIN(story) cmocka_unit_test_setup_teardown(story, make_plain, remove_connection)
#define TLS_1_2(story)                                                                             \
	{                                                                                          \
#story " (TLS 1.2)", story, make_tls_1_2, remove_connection, NULL                  \
	}
#define TLS_1_3(story)                                                                             \
	{                                                                                          \
#story " (TLS 1.3)", story, make_tls_1_3, remove_connection, NULL                  \
	}
#define AHEAD(story) cmocka_unit_test_setup_teardown(story, make_tls_ahead, remove_connection)
#define EACH(story) PLAIN(story), TLS_1_2(story), TLS_1_3(story)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_read_ends_at_its_deadline),
		EACH(a_write_that_nobody_reads_ends_at_its_deadline),
		EACH(an_error_of_the_waiter_ends_the_call),
		EACH(a_client_that_has_gone_cannot_be_written_to),
		EACH(a_reset_is_no_end_of_file),
		TLS_1_2(an_end_without_close_notify_is_not_proven),
		TLS_1_3(an_end_without_close_notify_is_not_proven),
		TLS_1_2(bytes_that_are_no_tls_record_are_a_protocol_error),
		TLS_1_3(bytes_that_are_no_tls_record_are_a_protocol_error),
		EACH(a_file_that_cannot_be_read_is_an_error),
		EACH(bytes_pass_in_both_directions),
		EACH(a_read_waits_for_bytes),
		EACH(a_write_goes_on_as_the_client_reads),
		EACH(an_end_in_order_is_proven),
		EACH(our_end_is_proven_to_the_client),
		EACH(closing_sends_what_was_written_and_the_end),
		PLAIN(finishing_closes_what_the_peer_is_silent_on),
		PLAIN(finishing_only_ends_what_the_peer_has_sent_on),
		PLAIN(an_end_that_is_known_is_not_asked_for),
		EACH(a_file_is_sent_from_any_offset),
		EACH(a_long_file_is_sent_as_the_client_reads),
		TLS_1_2(a_mapped_file_is_sent_from_any_offset),
		TLS_1_3(a_mapped_file_is_sent_from_any_offset),
		TLS_1_3(a_file_that_cannot_be_mapped_is_left_to_others),
		TLS_1_3(a_file_that_is_cut_ends_the_stream_without_a_proof),
		PLAIN(a_handshake_goes_on_when_the_client_has_sent_more),
		PLAIN(garbage_ends_a_handshake_in_steps),
		PLAIN(a_plain_stream_says_nothing_of_tls),
		TLS_1_3(a_tls_stream_says_version_and_cipher),
		TLS_1_3(a_pushed_ticket_arrives_with_the_next_bytes),
		TLS_1_3(a_pushed_ticket_does_not_go_out_before_the_reply),
		AHEAD(tls_that_reads_ahead_knows_when_it_has_all),
		AHEAD(tls_that_asks_for_the_rest_of_a_record_does_not),
		TLS_1_3(tls_that_reads_single_records_does_not),
		TLS_1_2(tls_1_2_has_no_tickets_to_push),
	};

	return cmocka_run_group_tests(tests, make_server, remove_server);
}
