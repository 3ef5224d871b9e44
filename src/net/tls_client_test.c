/* net/tls_client_test.c - the client's side of TLS against our server's side: verdicts about
 * certificates, sessions that resume, servers that speak something else. */
#include "net/test_peer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/clock.h"

static struct fixture {
	struct test_certificate certificate;
	struct tls_server *server;
	struct tls_client *trusting, *strange; /* with our certificate as authority, and without */
} f;

static int wait_by_poll(struct waiter *waiter UNUSED, int fd, short events, int64_t deadline_ms)
{
	struct pollfd one = { .fd = fd, .events = events };
	int n = poll(&one, 1, deadline_left(deadline_ms));

	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static struct waiter waiter = { .wait = wait_by_poll };

static int set_up(void **state UNUSED)
{
	struct tls_client_options options = { .ca_path = f.certificate.certificate };
	struct tls_ticket_keys keys;
	struct tls_error error;

	(void)signal(SIGPIPE, SIG_IGN);
	tls_ticket_keys_generate(&keys);
	test_certificate_make(&f.certificate);
	f.server = test_server_new(&f.certificate, &keys);
	if (tls_client_new(&options, &f.trusting, &error) < 0)
		fail_msg("%s", error.text);
	options.ca_path = NULL;
	assert_int_equal(tls_client_new(&options, &f.strange, &error), 0);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	tls_client_free(&f.trusting);
	tls_client_free(&f.strange);
	tls_server_free(&f.server);
	test_certificate_remove(&f.certificate);
	return 0;
}

/* The server's side: a handshake and one byte, then the end. */
static void *serve(void *arg)
{
	struct tls_binding binding = { .is_data = false };
	struct tls_error error;
	struct stream stream;

	stream_init(&stream, *(int *)arg, &waiter);
	if (stream_start_tls(&stream, f.server, &binding, deadline_in(PATIENCE_MS), &error) == 0)
		(void)!stream_write(&stream, "x", 1, deadline_in(PATIENCE_MS));
	stream_close(&stream);
	return NULL;
}

/* Connects, reads the byte; the result of the handshake, and whether it resumed. */
static int connect_once(struct tls_client *client, struct tls_peer *peer, bool *ret_resumed)
{
	struct tls_error error;
	struct stream stream;
	pthread_t server;
	int ends[2];
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
			 0);
	assert_int_equal(pthread_create(&server, NULL, serve, &ends[1]), 0);
	stream_init(&stream, ends[0], &waiter);
	int r = stream_connect_tls(&stream, client, peer, deadline_in(PATIENCE_MS), &error);
	if (r == 0) {
		assert_int_equal(stream_read(&stream, &byte, 1, deadline_in(PATIENCE_MS)), 1);
		*ret_resumed = SSL_session_reused(stream.ssl);
	}
	stream_close(&stream);
	assert_int_equal(pthread_join(server, NULL), 0);
	return r;
}

static void test_authorities_that_cannot_be_read(void **state UNUSED)
{
	struct tls_client_options options = { .ca_path = "/nonexistent.pem" };
	struct tls_client *client = NULL;
	struct tls_error error;

	assert_int_equal(tls_client_new(&options, &client, &error), -EINVAL);
	assert_non_null(strstr(error.text, "/nonexistent.pem"));
	assert_null(client);
}

static void test_the_verdict_about_a_certificate_is_kept(void **state UNUSED)
{
	struct tls_peer known = { .name = "localhost" }, unknown = { .name = "localhost" };
	bool is_resumed;

	assert_int_equal(connect_once(f.trusting, &known, &is_resumed), 0);
	assert_int_equal(known.verify_error, X509_V_OK);
	assert_int_equal(connect_once(f.strange, &unknown, &is_resumed), 0);
	assert_int_not_equal(unknown.verify_error, X509_V_OK);
}

static void test_sessions_resume(void **state UNUSED)
{
	struct tls_sessions sessions = { .n_fresh = 0 };
	struct tls_peer first = { .name = "localhost", .sessions = &sessions };
	bool is_resumed = true;

	assert_null(tls_sessions_next(&sessions));
	assert_int_equal(connect_once(f.trusting, &first, &is_resumed), 0);
	assert_false(is_resumed);
	assert_true(sessions.n_fresh > 0);

	struct tls_peer second = { .name = "localhost", .resumed = tls_sessions_next(&sessions) };
	assert_int_equal(connect_once(f.trusting, &second, &is_resumed), 0);
	assert_true(is_resumed);
	tls_sessions_release(&sessions);
}

static void test_each_session_is_offered_once_while_there_are_others(void **state UNUSED)
{
	struct tls_sessions sessions = { .n_fresh = 0 };
	struct tls_peer peer = { .name = "localhost", .sessions = &sessions };
	bool is_resumed = false;

	assert_int_equal(connect_once(f.trusting, &peer, &is_resumed), 0);
	assert_int_equal(connect_once(f.trusting, &peer, &is_resumed), 0);
	assert_true(sessions.n_fresh > 1);
	while (sessions.n_fresh > 0) {
		SSL_SESSION *oldest = sessions.fresh[0];

		peer.resumed = tls_sessions_next(&sessions);
		assert_ptr_equal(sessions.last, oldest);
	}
	/* Then the last one, as often as need be. */
	for (int i = 0; i < 3; i++) {
		struct tls_peer again = { .name = "localhost",
					  .resumed = tls_sessions_next(&sessions) };

		assert_int_equal(connect_once(f.trusting, &again, &is_resumed), 0);
		assert_true(is_resumed);
	}
	peer.resumed = NULL;
	for (int i = 0; i < TLS_SESSIONS; i++)
		assert_int_equal(connect_once(f.trusting, &peer, &is_resumed), 0);
	assert_int_equal(sessions.n_fresh, TLS_SESSIONS);
	tls_sessions_release(&sessions);
}

static void test_sessions_of_another_family_are_not_kept(void **state UNUSED)
{
	struct tls_sessions strange = { .n_fresh = 0 }, sessions = { .n_fresh = 0 };
	struct tls_peer first = { .name = "localhost", .sessions = &strange };
	bool is_resumed = true;

	assert_int_equal(connect_once(f.trusting, &first, &is_resumed), 0);
	SSL_SESSION *offered = tls_sessions_next(&strange);
	assert_int_equal(SSL_SESSION_set_protocol_version(offered, TLS1_2_VERSION), 1);
	struct tls_peer second = { .name = "localhost", .resumed = offered, .sessions = &sessions };
	assert_int_equal(connect_once(f.trusting, &second, &is_resumed), 0);
	assert_false(is_resumed);
	assert_int_equal(sessions.n_fresh, 0);
	tls_sessions_release(&strange);
}

static void test_what_is_no_tls_is_an_error(void **state UNUSED)
{
	static const char greeting[] = "220 ftp.example.com FTP server ready.\r\n";
	struct tls_peer peer = { .name = NULL };
	struct tls_error error;
	struct stream stream;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
			 0);
	assert_int_equal(write(ends[1], greeting, sizeof(greeting) - 1), sizeof(greeting) - 1);
	stream_init(&stream, ends[0], &waiter);
	assert_int_equal(
		stream_connect_tls(&stream, f.trusting, &peer, deadline_in(PATIENCE_MS), &error),
		-EPROTO);
	assert_string_not_equal(error.text, "");
	stream_close(&stream);
	fd_close(&ends[1]);
}

static void test_silence_ends_at_the_deadline(void **state UNUSED)
{
	struct tls_peer peer = { .name = NULL };
	struct tls_error error;
	struct stream stream;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
			 0);
	stream_init(&stream, ends[0], &waiter);
	assert_int_equal(stream_connect_tls(&stream, f.trusting, &peer, deadline_in(10), &error),
			 -ETIMEDOUT);
	stream_close(&stream);
	fd_close(&ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_authorities_that_cannot_be_read),
		cmocka_unit_test(test_the_verdict_about_a_certificate_is_kept),
		cmocka_unit_test(test_sessions_resume),
		cmocka_unit_test(test_each_session_is_offered_once_while_there_are_others),
		cmocka_unit_test(test_sessions_of_another_family_are_not_kept),
		cmocka_unit_test(test_what_is_no_tls_is_an_error),
		cmocka_unit_test(test_silence_ends_at_the_deadline),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
