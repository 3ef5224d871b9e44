/* net/tls_server_test.c - handshakes as clients try them, and whose tickets count on which
 * connection. */
#include "net/test_peer.h"

#include <openssl/pem.h>
#include <sys/socket.h>

#include "base/clock.h"

static struct fixture {
	struct test_certificate certificate, other_certificate;
	struct tls_ticket_keys keys;
	struct tls_server *server;
} f;

static int make_server(void **state)
{
	(void)state;
	f = (struct fixture){ 0 };
	tls_ticket_keys_generate(&f.keys);
	test_certificate_make(&f.certificate);
	test_certificate_make(&f.other_certificate);
	f.server = test_server_new(&f.certificate, &f.keys);
	return 0;
}

static int remove_server(void **state)
{
	(void)state;
	tls_server_free(&f.server);
	test_certificate_remove(&f.certificate);
	test_certificate_remove(&f.other_certificate);
	return 0;
}

/* --- certificates and ciphers ----------------------------------------------------------------- */

static void assert_refused(const struct tls_server_options *options, const char *part,
			   const char *reason)
{
	struct tls_server *server = NULL;
	struct tls_error error = { "" };

	assert_int_equal(tls_server_new(options, &server, &error), -EINVAL);
	assert_null(server);
	if (!strstr(error.text, part) || !strstr(error.text, reason))
		fail_msg("\"%s\" does not say \"%s\" and \"%s\"", error.text, part, reason);
}

static void an_error_names_its_setting_and_the_reason(void **state)
{
	const char *good = f.certificate.certificate, *key = f.certificate.key;
	const char *missing = "/tmp/no-such-file.pem", *other = f.other_certificate.key;
	const struct {
		const char *certificate, *key, *ciphers, *suites, *part, *reason;
	} rows[] = {
		{ missing, key, NULL, NULL, "certificate /tmp/no-such-file.pem", "No such file" },
		{ good, missing, NULL, NULL, "private_key /tmp/no-such-file.pem", "No such file" },
		{ key, key, NULL, NULL, "certificate ", "no start line" },
		{ good, NULL, NULL, NULL, "private_key ", good },
		{ good, "", NULL, NULL, "private_key ", good },
		{ good, other, NULL, NULL, "private_key ", "mismatch" },
		{ good, key, "NO-SUCH-CIPHER", NULL, "tls_ciphers NO-SUCH-CIPHER",
		  "no cipher match" },
		{ good, key, NULL, "TLS_NO_SUCH_SUITE", "tls_ciphersuites TLS_NO_SUCH_SUITE",
		  "no cipher match" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tls_server_options options = {
			.certificate = { rows[i].certificate, rows[i].key },
			.minimum_version = TLS1_2_VERSION,
			.ciphers = rows[i].ciphers,
			.ciphersuites = rows[i].suites,
		};

		assert_refused(&options, rows[i].part, rows[i].reason);
	}
}

static void freeing_no_server_is_harmless(void **state)
{
	struct tls_server *none = NULL;

	(void)state;
	tls_server_free(&none);
	assert_null(none);
}

/* --- handshakes ------------------------------------------------------------------------------- */

/* A connection with both of its ends. */
struct connection {
	struct stream stream;
	struct peer peer;
	struct tls_binding binding;
};

static void connection_release(struct connection *c)
{
	stream_release(&c->stream);
	peer_release(&c->peer);
}

static int try_handshake(struct connection *c, const struct peer_tls *how,
			 struct tls_error *ret_error)
{
	peer_init(&c->peer, &c->stream);
	peer_want_tls(&c->peer, how);
	return peer_handshake(&c->peer, &c->stream, f.server, &c->binding, ret_error);
}

static void a_refused_handshake_has_a_reason(void **state)
{
	static const struct {
		struct peer_tls how;
		const char *reason;
	} rows[] = {
		{ { .from = TLS1_VERSION, .to = TLS1_VERSION }, "unsupported protocol" },
		{ { .from = TLS1_1_VERSION, .to = TLS1_1_VERSION }, "unsupported protocol" },
		{ { .from = TLS1_2_VERSION, .to = TLS1_2_VERSION, .ciphers = "AES128-SHA" },
		  "no shared cipher" },
		{ { .from = TLS1_2_VERSION,
		    .to = TLS1_2_VERSION,
		    .ciphers = "ECDHE-ECDSA-AES128-SHA" },
		  "no shared cipher" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct connection c = { 0 };
		struct tls_error error = { "" };

		assert_int_equal(try_handshake(&c, &rows[i].how, &error), -EPROTO);
		assert_string_equal(error.text, rows[i].reason);
		/* The client hears of it as an alert, not as a silent end. */
		assert_true(c.stream.has_failed_tls);
		stream_close(&c.stream);
		connection_release(&c);
	}
}

static void bytes_that_are_no_tls_have_a_reason(void **state)
{
	static const struct {
		const char *bytes, *reason;
	} rows[] = {
		{ "USER alice\r\nPASS secret\r\n", "wrong version number" },
		{ "GET / HTTP/1.1\r\n\r\n", "http request" },
		{ "\x16\x03\x01\x00\x05hello", "unexpected message" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct connection c = { 0 };
		struct tls_error error = { "" };
		size_t len = 4 + strlen(rows[i].bytes + 4);

		peer_init(&c.peer, &c.stream);
		assert_int_equal(send(c.peer.fd, rows[i].bytes, len, 0), len);
		assert_int_equal(stream_start_tls(&c.stream, f.server, &c.binding,
						  deadline_in(PATIENCE_MS), &error),
				 -EPROTO);
		assert_string_equal(error.text, rows[i].reason);
		connection_release(&c);
	}
}

static void a_handshake_that_stays_away_has_a_reason(void **state)
{
	static const struct {
		bool closes;
		int canceled, result;
		const char *reason;
	} rows[] = {
		{ false, 0, -ETIMEDOUT, "Connection timed out" },
		{ false, -ECANCELED, -ECANCELED, "Operation canceled" },
		{ true, 0, -ENODATA, "unexpected eof while reading" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct connection c = { 0 };
		struct tls_error error = { "" };

		peer_init(&c.peer, &c.stream);
		c.peer.error = rows[i].canceled;
		if (rows[i].closes)
			assert_int_equal(shutdown(c.peer.fd, SHUT_WR), 0);
		assert_int_equal(
			stream_start_tls(&c.stream, f.server, &c.binding, deadline_in(10), &error),
			rows[i].result);
		assert_string_equal(error.text, rows[i].reason);
		connection_release(&c);
	}
}

static void tls_1_3_can_be_demanded(void **state)
{
	struct tls_server_options options = {
		.certificate = { f.certificate.certificate, f.certificate.key },
		.minimum_version = TLS1_3_VERSION,
		.ticket_keys = f.keys,
	};
	struct connection old = { 0 }, new = { 0 };
	struct tls_server *usual = f.server;
	struct tls_error error = { "" };

	(void)state;
	assert_int_equal(tls_server_new(&options, &f.server, &error), 0);
	assert_int_equal(
		try_handshake(&old, &(struct peer_tls){ TLS1_2_VERSION, TLS1_2_VERSION }, &error),
		-EPROTO);
	assert_string_equal(error.text, "unsupported protocol");
	assert_int_equal(
		try_handshake(&new, &(struct peer_tls){ TLS1_2_VERSION, TLS1_3_VERSION }, &error),
		0);
	connection_release(&old);
	connection_release(&new);
	tls_server_free(&f.server);
	f.server = usual;
}

/* --- tickets and identities ------------------------------------------------------------------- */

enum way { WAY_1_3, WAY_1_2_TICKET, WAY_1_2_ID };

static struct peer_tls client_of(enum way way, SSL_SESSION *session)
{
	struct peer_tls how = { .from = TLS1_2_VERSION, .to = TLS1_2_VERSION, .session = session };

	if (way == WAY_1_3)
		how.from = how.to = TLS1_3_VERSION;
	if (way == WAY_1_2_ID)
		how.options = SSL_OP_NO_TICKET;
	return how;
}

static void open_connection(struct connection *c, enum way way, SSL_SESSION *session)
{
	struct peer_tls how = client_of(way, session);
	struct tls_error error = { "" };

	if (try_handshake(c, &how, &error) < 0)
		fail_msg("%s", error.text);
	assert_true(SSL_is_init_finished(c->peer.ssl));
}

static struct tls_identity identity_of(uint8_t number)
{
	struct tls_identity identity = { { number } };

	return identity;
}

/* A control session with this identity. */
static void open_control(struct connection *c, enum way way, uint8_t number, SSL_SESSION *session)
{
	*c = (struct connection){ .binding.identity = identity_of(number) };
	open_connection(c, way, session);
}

static bool accepts(const struct tls_identity *identity, void *arg)
{
	const struct tls_identity *accepted = arg;

	return memcmp(identity, accepted, sizeof(*identity)) == 0;
}

/* A data connection for the control session with this identity. */
static void open_data(struct connection *c, enum way way, struct tls_identity *accepted,
		      SSL_SESSION *session)
{
	*c = (struct connection){
		.binding = { .is_data = true, .accepts = accepts, .arg = accepted },
	};
	open_connection(c, way, session);
}

static SSL_SESSION *last_session(const struct connection *c)
{
	assert_true(c->peer.n_sessions > 0);
	return c->peer.sessions[c->peer.n_sessions - 1];
}

static void a_control_connection_gives_as_many_tickets_as_it_is_told(void **state)
{
	(void)state;
	for (unsigned tickets = 1; tickets <= 3; tickets++) {
		struct tls_server_options options = {
			.certificate = { f.certificate.certificate, f.certificate.key },
			.minimum_version = TLS1_2_VERSION,
			.ticket_keys = f.keys,
			.tickets = tickets,
		};
		struct tls_server *usual = f.server;
		struct connection control;
		struct tls_error error = { "" };

		assert_int_equal(tls_server_new(&options, &f.server, &error), 0);
		open_control(&control, WAY_1_3, 1, NULL);
		assert_int_equal(control.peer.n_tickets, tickets);
		connection_release(&control);
		tls_server_free(&f.server);
		f.server = usual;
	}
}

static void a_control_connection_gives_tickets(void **state)
{
	static const struct {
		enum way way;
		unsigned tickets;
	} rows[] = { { WAY_1_3, 2 }, { WAY_1_2_TICKET, 1 }, { WAY_1_2_ID, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct connection control;

		open_control(&control, rows[i].way, 1, NULL);
		assert_int_equal(control.peer.n_tickets, rows[i].tickets);
		assert_int_equal(control.peer.n_empty_tickets, 0);
		assert_int_equal(control.peer.n_sessions, MAX_OF(rows[i].tickets, 1u));
		assert_false(control.binding.has_parent);
		assert_false(control.binding.is_bound);
		connection_release(&control);
	}
}

static void a_data_connection_gives_no_ticket(void **state)
{
	(void)state;
	for (enum way way = WAY_1_3; way <= WAY_1_2_ID; way++) {
		struct tls_identity own = identity_of(1);
		struct connection data;

		open_data(&data, way, &own, NULL);
		assert_false(data.binding.is_bound);
		/* TLS 1.2 may say "none" with an empty one (RFC 5077 3.3). */
		assert_true(data.peer.n_tickets <= (way == WAY_1_2_TICKET ? 1 : 0));
		assert_int_equal(data.peer.n_empty_tickets, data.peer.n_tickets);
		connection_release(&data);
	}
}

static void a_data_connection_that_resumes_is_bound(void **state)
{
	(void)state;
	for (enum way way = WAY_1_3; way <= WAY_1_2_ID; way++) {
		struct tls_identity own = identity_of(1);
		struct connection control, data;

		open_control(&control, way, 1, NULL);
		open_data(&data, way, &own, last_session(&control));
		assert_true(data.binding.is_bound);
		assert_true(SSL_session_reused(data.peer.ssl));
		assert_int_equal(data.peer.n_tickets, 0);
		connection_release(&data);
		connection_release(&control);
	}
}

static void a_hundred_data_connections_can_resume_one_tls_1_2_session(void **state)
{
	struct tls_identity own = identity_of(1);
	struct connection control, data;

	(void)state;
	open_control(&control, WAY_1_2_TICKET, 1, NULL);
	for (int i = 0; i < 100; i++) {
		open_data(&data, WAY_1_2_TICKET, &own, last_session(&control));
		assert_true(data.binding.is_bound);
		connection_release(&data);
	}
	connection_release(&control);
}

static void a_ticket_of_another_session_does_not_bind(void **state)
{
	(void)state;
	for (enum way way = WAY_1_3; way <= WAY_1_2_ID; way++) {
		struct tls_identity own = identity_of(1);
		struct connection foreign, data;

		open_control(&foreign, way, 2, NULL);
		open_data(&data, way, &own, last_session(&foreign));
		assert_false(data.binding.is_bound);
		/* By ticket it becomes a full handshake; a session id is resumed before anybody can
		 * look at it, and is as little bound. */
		if (way != WAY_1_2_ID)
			assert_false(SSL_session_reused(data.peer.ssl));
		assert_int_equal(data.peer.n_empty_tickets, data.peer.n_tickets);
		connection_release(&data);
		connection_release(&foreign);
	}
}

static void a_session_of_a_data_connection_binds_nothing(void **state)
{
	struct tls_identity own = identity_of(1);
	struct connection data, next;

	(void)state;
	open_data(&data, WAY_1_2_ID, &own, NULL);
	open_data(&next, WAY_1_2_ID, &own, last_session(&data));
	assert_false(next.binding.is_bound);
	connection_release(&next);
	connection_release(&data);
}

static void a_control_connection_that_resumes_knows_its_parent(void **state)
{
	(void)state;
	for (enum way way = WAY_1_3; way <= WAY_1_2_ID; way++) {
		struct tls_identity old = identity_of(1);
		struct connection first, second, data;

		open_control(&first, way, 1, NULL);
		open_control(&second, way, 2, last_session(&first));
		assert_true(SSL_session_reused(second.peer.ssl));
		assert_true(second.binding.has_parent);
		assert_memory_equal(&second.binding.parent, &old, sizeof(old));
		/* What the client still holds of the first session is the parent's. */
		open_data(&data, way, &old, first.peer.sessions[0]);
		assert_true(data.binding.is_bound);
		connection_release(&data);
		connection_release(&second);
		connection_release(&first);
	}
}

static void new_tickets_of_a_resumed_control_connection_are_its_own(void **state)
{
	(void)state;
	for (enum way way = WAY_1_3; way <= WAY_1_2_TICKET; way++) {
		struct tls_identity old = identity_of(1), own = identity_of(2);
		struct connection first, second, data;

		open_control(&first, way, 1, NULL);
		open_control(&second, way, 2, last_session(&first));
		assert_true(second.peer.n_tickets > 0);
		open_data(&data, way, &own, last_session(&second));
		assert_true(data.binding.is_bound);
		connection_release(&data);
		open_data(&data, way, &old, second.peer.sessions[0]);
		assert_false(data.binding.is_bound);
		connection_release(&data);
		connection_release(&second);
		connection_release(&first);
	}
}

static void a_pushed_ticket_is_bound_to_its_control_connection(void **state)
{
	struct tls_identity own = identity_of(1);
	struct connection control, data;

	(void)state;
	open_control(&control, WAY_1_3, 1, NULL);
	stream_push_ticket(&control.stream);
	assert_int_equal(stream_write(&control.stream, "226\r\n", 5, deadline_in(PATIENCE_MS)), 0);
	(void)peer_drain(&control.peer);
	assert_int_equal(control.peer.n_tickets, 3);
	open_data(&data, WAY_1_3, &own, last_session(&control));
	assert_true(data.binding.is_bound);
	connection_release(&data);
	connection_release(&control);
}

/* A control session at one server, then a data connection at another: bound or not. */
static bool binds_at(struct tls_server *other, enum way way)
{
	struct tls_identity own = identity_of(1);
	struct tls_server *usual = f.server;
	struct connection control, data;

	open_control(&control, way, 1, NULL);
	f.server = other;
	open_data(&data, way, &own, last_session(&control));
	f.server = usual;

	bool is_bound = data.binding.is_bound;

	assert_int_equal(SSL_session_reused(data.peer.ssl), is_bound);
	connection_release(&data);
	connection_release(&control);
	return is_bound;
}

static void servers_with_the_same_keys_accept_each_others_tickets(void **state)
{
	struct tls_server *other = test_server_new(&f.certificate, &f.keys);

	(void)state;
	assert_true(binds_at(other, WAY_1_3));
	assert_true(binds_at(other, WAY_1_2_TICKET));
	tls_server_free(&other);
}

static void servers_with_other_keys_do_not(void **state)
{
	struct tls_ticket_keys keys = f.keys;
	struct tls_server *other;

	(void)state;
	tls_ticket_keys_generate(&keys);
	other = test_server_new(&f.certificate, &keys);
	assert_false(binds_at(other, WAY_1_3));
	assert_false(binds_at(other, WAY_1_2_TICKET));
	tls_server_free(&other);

	/* The same name of the keys proves nothing: the seal does. */
	memcpy(keys.name, f.keys.name, sizeof(keys.name));
	other = test_server_new(&f.certificate, &keys);
	assert_false(binds_at(other, WAY_1_3));
	assert_false(binds_at(other, WAY_1_2_TICKET));
	tls_server_free(&other);
}

/* --- hosts ------------------------------------------------------------------------------------ */

/* 1: with a certificate of its own; 2: without. */
static unsigned find_host(struct text name, const void *arg UNUSED)
{
	return text_equal_nocase(name, T("own.example"))      ? 1
	       : text_equal_nocase(name, T("shared.example")) ? 2
							      : 0;
}

/* The usual server as three hosts, for the time of one test. */
static struct tls_server *begin_hosts(void)
{
	const struct tls_certificate_options hosts[] = {
		{ f.other_certificate.certificate, f.other_certificate.key },
		{ "", "" },
	};
	const struct tls_server_options options = {
		.certificate = { f.certificate.certificate, f.certificate.key },
		.hosts = hosts,
		.n_hosts = ARRAY_SIZE(hosts),
		.find_host = find_host,
		.minimum_version = TLS1_2_VERSION,
		.ticket_keys = f.keys,
	};
	struct tls_server *usual = f.server;
	struct tls_error error = { "" };

	if (tls_server_new(&options, &f.server, &error) < 0)
		fail_msg("%s", error.text);
	return usual;
}

static void end_hosts(struct tls_server *usual)
{
	tls_server_free(&f.server);
	f.server = usual;
}

static void assert_shows(const struct connection *c, const struct test_certificate *expected)
{
	FILE *file = fopen(expected->certificate, "re");
	X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	assert_non_null(certificate);
	assert_int_equal(X509_cmp(SSL_get0_peer_certificate(c->peer.ssl), certificate), 0);
	X509_free(certificate);
	(void)fclose(file);
}

static void open_named(struct connection *c, enum way way, const char *name, SSL_SESSION *session)
{
	struct peer_tls how = client_of(way, session);
	struct tls_error error = { "" };

	how.name = name;
	if (try_handshake(c, &how, &error) < 0)
		fail_msg("%s", error.text);
}

static void a_host_whose_certificate_is_unusable_is_named(void **state)
{
	const struct tls_certificate_options hosts[] = { { "/tmp/no-such-host.pem", NULL } };
	const struct tls_server_options options = {
		.certificate = { f.certificate.certificate, f.certificate.key },
		.hosts = hosts,
		.n_hosts = 1,
		.minimum_version = TLS1_2_VERSION,
	};

	(void)state;
	assert_refused(&options, "certificate /tmp/no-such-host.pem", "No such file");
}

static void the_name_in_the_hello_chooses_the_certificate(void **state)
{
	static const struct {
		const char *name;
		unsigned before, host;
	} rows[] = {
		{ NULL, 0, 0 },
		{ "unknown.example", 0, 0 },
		{ "own.example", 0, 1 },
		{ "OWN.Example", 0, 1 },
		{ "shared.example", 0, 2 },
		/* HOST came before AUTH TLS: it counts while the hello names nothing that we
		 * know. */
		{ NULL, 1, 1 },
		{ "unknown.example", 1, 1 },
		{ "shared.example", 1, 2 },
	};
	struct tls_server *usual = begin_hosts();

	(void)state;
	for (enum way way = WAY_1_3; way <= WAY_1_2_ID; way++) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			struct connection c = { .binding.host = rows[i].before };

			open_named(&c, way, rows[i].name, NULL);
			assert_int_equal(c.binding.host, rows[i].host);
			assert_int_equal(c.binding.is_named,
					 find_host(text_of(rows[i].name), NULL) > 0);
			assert_shows(&c, rows[i].host == 1 ? &f.other_certificate : &f.certificate);
			connection_release(&c);
		}
	}
	assert_false(tls_server_shares_certificate(f.server, 0, 1));
	assert_true(tls_server_shares_certificate(f.server, 0, 2));
	end_hosts(usual);
}

/* A session begun under one name and offered under another: is it resumed? */
static bool resumes(enum way way, const char *first_name, const char *then_name)
{
	struct connection first = { .binding.identity = identity_of(1) };
	struct connection then = { .binding.identity = identity_of(2) };

	open_named(&first, way, first_name, NULL);
	open_named(&then, way, then_name, last_session(&first));

	bool is_resumed = SSL_session_reused(then.peer.ssl);

	assert_int_equal(then.binding.has_parent, is_resumed);
	assert_shows(&then, then.binding.host == 1 ? &f.other_certificate : &f.certificate);
	connection_release(&then);
	connection_release(&first);
	return is_resumed;
}

static void a_session_is_not_resumed_under_another_certificate(void **state)
{
	struct tls_server *usual = begin_hosts();

	(void)state;
	for (enum way way = WAY_1_3; way <= WAY_1_2_ID; way++) {
		assert_false(resumes(way, NULL, "own.example"));
		assert_false(resumes(way, "own.example", NULL));
		assert_false(resumes(way, "shared.example", "own.example"));
		assert_false(resumes(way, "own.example", "unknown.example"));
		assert_true(resumes(way, "own.example", "own.example"));
		assert_true(resumes(way, NULL, "shared.example"));
		assert_true(resumes(way, NULL, NULL));
	}
	end_hosts(usual);
}

static void a_data_connection_uses_the_certificate_of_its_control_connection(void **state)
{
	static const char *const names[] = { NULL, "own.example", "shared.example",
					     "unknown.example" };
	struct tls_server *usual = begin_hosts();
	struct tls_identity own = identity_of(1);

	(void)state;
	for (enum way way = WAY_1_3; way <= WAY_1_2_ID; way++) {
		for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++) {
			bool wants_resumption = i % 2 == 0;
			struct connection control = { .binding.identity = own }, data = { 0 };

			open_named(&control, way, "own.example", NULL);
			data.binding = (struct tls_binding){
				.is_data = true, .host = 1, .accepts = accepts, .arg = &own
			};
			open_named(&data, way, names[i / 2],
				   wants_resumption ? last_session(&control) : NULL);
			assert_int_equal(data.binding.is_bound, wants_resumption);
			assert_int_equal(SSL_session_reused(data.peer.ssl), wants_resumption);
			assert_int_equal(data.binding.host, 1);
			assert_shows(&data, &f.other_certificate);
			connection_release(&data);
			connection_release(&control);
		}
	}
	end_hosts(usual);
}

static void the_default_host_has_the_names_of_its_certificate(void **state)
{
	(void)state;
	assert_true(tls_server_is_named(f.server, "localhost"));
	assert_false(tls_server_is_named(f.server, "own.example"));
	assert_false(tls_server_is_named(f.server, "127.0.0.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_names_its_setting_and_the_reason),
		cmocka_unit_test(freeing_no_server_is_harmless),
		cmocka_unit_test(a_refused_handshake_has_a_reason),
		cmocka_unit_test(bytes_that_are_no_tls_have_a_reason),
		cmocka_unit_test(a_handshake_that_stays_away_has_a_reason),
		cmocka_unit_test(tls_1_3_can_be_demanded),
		cmocka_unit_test(a_control_connection_gives_tickets),
		cmocka_unit_test(a_control_connection_gives_as_many_tickets_as_it_is_told),
		cmocka_unit_test(a_data_connection_gives_no_ticket),
		cmocka_unit_test(a_data_connection_that_resumes_is_bound),
		cmocka_unit_test(a_hundred_data_connections_can_resume_one_tls_1_2_session),
		cmocka_unit_test(a_ticket_of_another_session_does_not_bind),
		cmocka_unit_test(a_session_of_a_data_connection_binds_nothing),
		cmocka_unit_test(a_control_connection_that_resumes_knows_its_parent),
		cmocka_unit_test(new_tickets_of_a_resumed_control_connection_are_its_own),
		cmocka_unit_test(a_pushed_ticket_is_bound_to_its_control_connection),
		cmocka_unit_test(servers_with_the_same_keys_accept_each_others_tickets),
		cmocka_unit_test(servers_with_other_keys_do_not),
		cmocka_unit_test(a_host_whose_certificate_is_unusable_is_named),
		cmocka_unit_test(the_name_in_the_hello_chooses_the_certificate),
		cmocka_unit_test(a_session_is_not_resumed_under_another_certificate),
		cmocka_unit_test(a_data_connection_uses_the_certificate_of_its_control_connection),
		cmocka_unit_test(the_default_host_has_the_names_of_its_certificate),
	};

	return cmocka_run_group_tests(tests, make_server, remove_server);
}
