/* worker/session_test.c - sessions of a worker as their clients see them: greeting, login, files in
 * and out, commands during a transfer. */
#include "worker/test_server.h"

#include <sys/socket.h>

#include "ipc/channel.h"

#define BIG ((off_t)256 * 1024 * 1024) /* more than all buffers between two processes hold */

static int start(void **state)
{
	(void)state;
	server_start(NULL, 64);
	return 0;
}

static int start_without_plain_ftp(void **state)
{
	static const char *const overrides[] = { "plain_ftp=no", NULL };

	(void)state;
	server_start(overrides, 64);
	return 0;
}

static int start_impatient(void **state)
{
	static const char *const overrides[] = { "idle_timeout=1", "login_timeout=1",
						 "data_timeout=1", NULL };

	(void)state;
	server_start(overrides, 64);
	return 0;
}

static int start_small(void **state)
{
	(void)state;
	server_start(NULL, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	return server_stop();
}

/* --- refusals --------------------------------------------------------------------------------- */

static void plain_ftp_is_refused_with_the_way_out(void **state)
{
	AUTO_CLOSE int client = client_open();

	(void)state;
	assert_non_null(strstr(client_ask(client, "USER alice", 530), "AUTH TLS"));
	(void)client_ask(client, "PASS secret", 530);
	(void)client_ask(client, "PWD", 530);
	/* Without a certificate there is no way out, and it is not offered. */
	(void)client_ask(client, "AUTH TLS", 431);
	assert_null(strstr(client_ask(client, "FEAT", 211), "AUTH"));
	(void)client_ask(client, "NOOP", 200);
	(void)client_ask(client, "QUIT", 221);
	client_expect_end(client);
}

static void a_refused_login_does_not_say_why(void **state)
{
	static const enum auth_result results[] = { AUTH_NO_USER, AUTH_WRONG_PASSWORD };
	AUTO_CLOSE int client = client_open();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		(void)client_ask(client, "USER alice", 331);
		client_send(client, "PASS wrong");
		struct message_auth_request request = server_next_login();
		server_answer_login(&request, results[i], 0);
		assert_string_equal(client_expect(client, 530), "530 Login incorrect.\r\n");
		(void)client_ask(client, "PWD", 530);
	}
	/* The third time is the last. */
	(void)client_ask(client, "USER alice", 331);
	client_send(client, "PASS wrong");
	struct message_auth_request request = server_next_login();
	server_answer_login(&request, AUTH_DISABLED, 0);
	(void)client_expect(client, 421);
	client_expect_end(client);
}

static void a_login_without_a_database_is_put_off(void **state)
{
	AUTO_CLOSE int client = client_open();

	(void)state;
	(void)client_ask(client, "USER alice", 331);
	client_send(client, "PASS secret");
	struct message_auth_request request = server_next_login();
	server_answer_login(&request, AUTH_BACKEND_ERROR, 0);
	assert_non_null(strstr(client_expect(client, 421), "[D-67]"));
	client_expect_end(client);
}

static void commands_before_the_login_are_refused(void **state)
{
	static const char *const lines[] = {
		"PWD",	"CWD /", "RETR file", "STOR file", "PASV", "LIST",   "MKD d", "REST 5",
		"STAT", "ABOR",	 "TYPE I",    "RNTO b",	   "XPWD", "SIZE f", "DELE f"
	};
	AUTO_CLOSE int client = client_open();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		(void)client_ask(client, lines[i], 530);
	(void)client_ask(client, "PASS early", 503);
	(void)client_ask(client, "NONSENSE", 500);
	(void)client_ask(client, "USER", 501);
}

static void what_the_account_may_not_do_is_refused(void **state)
{
	static const char *const lines[] = { "DELE file", "MKD d",     "RMD d",
					     "RNFR file", "STOR file", "STOR new" };
	AUTO_CLOSE int client = client_login(PERM_LIST | PERM_DOWNLOAD);

	(void)state;
	file_make("file", "content");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_non_null(strstr(client_ask(client, lines[i], 550), "[D-90]"));
	assert_file("file", "content");
	assert_no_file("new");
}

static void nothing_leads_out_of_the_home(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	char link[256];

	(void)state;
	(void)client_ask(client, "CWD ../../etc", 550);
	(void)client_ask(client, "SIZE /../../../../etc/passwd", 550);
	(void)snprintf(link, sizeof(link), "%s/out", server.home);
	assert_int_equal(symlink("/etc", link), 0);
	(void)client_ask(client, "CWD out", 550);
	(void)client_ask(client, "RETR out/passwd", 550);
	assert_non_null(strstr(client_ask(client, "PWD", 257), "\"/\""));
}

static void a_transfer_without_a_data_connection_is_refused(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	file_make("file", "content");
	(void)client_ask(client, "RETR file", 425);
	(void)client_ask(client, "STOR new", 425);
	(void)client_ask(client, "LIST", 425);
	(void)client_ask(client, "RETR missing", 550);
	assert_no_file("new");
}

static void a_data_connection_that_never_comes_names_port_and_cause(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	char port[32];

	(void)state;
	client_plan_data(client);
	(void)snprintf(port, sizeof(port), "port %u ", server.passive_port);
	const char *reply = client_ask(client, "STOR new", 425);
	assert_non_null(strstr(reply, "[D-20]"));
	assert_non_null(strstr(reply, port));
	assert_no_file("new");
	(void)client_ask(client, "NOOP", 200);
}

static void sessions_that_wait_too_long_are_closed_with_a_reason(void **state)
{
	AUTO_CLOSE int idle = client_login(PERM_ALL);
	AUTO_CLOSE int nobody = client_open();

	(void)state;
	assert_non_null(strstr(client_expect(idle, 421), "Idle"));
	client_expect_end(idle);
	assert_non_null(strstr(client_expect(nobody, 421), "No login"));
	client_expect_end(nobody);
}

static void one_session_too_many_is_told_so(void **state)
{
	AUTO_CLOSE int one = client_open();
	AUTO_CLOSE int two = client_open();
	AUTO_CLOSE int three = client_connect();

	(void)state;
	assert_non_null(strstr(client_expect(three, 421), "Too many sessions"));
	client_expect_end(three);
	(void)client_ask(one, "NOOP", 200);
	(void)client_ask(two, "NOOP", 200);
}

/* --- what works ------------------------------------------------------------------------------- */

static void the_greeting_names_the_server(void **state)
{
	AUTO_CLOSE int client = client_connect();

	(void)state;
	assert_string_equal(client_expect(client, 220),
			    "220 ftp.example.com Sallyport FTP server ready.\r\n");
}

static void pipelined_lines_are_answered_in_order(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	client_send(client, "PWD\r\nTYPE I\r\nMKD d\r\nCWD d\nPWD\r\nCDUP\r\nRMD d\r\nSYST");
	assert_non_null(strstr(client_expect(client, 257), "\"/\""));
	(void)client_expect(client, 200);
	assert_non_null(strstr(client_expect(client, 257), "\"/d\""));
	(void)client_expect(client, 250);
	assert_non_null(strstr(client_expect(client, 257), "\"/d\""));
	(void)client_expect(client, 250);
	(void)client_expect(client, 250);
	(void)client_expect(client, 215);
}

static void a_file_comes_back_as_it_went_in(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	(void)client_ask(client, "TYPE I", 200);
	AUTO_CLOSE int up = client_open_data(client);
	(void)client_ask(client, "STOR file", 150);
	assert_int_equal(send(up, "one\ntwo\r\n", 9, 0), 9);
	fd_close(&up);
	(void)client_expect(client, 226);
	assert_file("file", "one\ntwo\r\n");
	assert_string_equal(client_ask(client, "SIZE file", 213), "213 9\r\n");

	AUTO_CLOSE int more = client_open_data(client);
	(void)client_ask(client, "APPE file", 150);
	assert_int_equal(send(more, "three", 5, 0), 5);
	fd_close(&more);
	(void)client_expect(client, 226);

	AUTO_CLOSE int down = client_open_data(client);
	(void)client_ask(client, "RETR file", 150);
	assert_text(client_read_data(&down), "one\ntwo\r\nthree");
	(void)client_expect(client, 226);
}

static void a_download_goes_on_where_it_was_cut(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	file_make("file", "0123456789");
	(void)client_ask(client, "TYPE I", 200);
	(void)client_ask(client, "REST 7", 350);
	AUTO_CLOSE int data = client_open_data(client);
	(void)client_ask(client, "RETR file", 150);
	assert_text(client_read_data(&data), "789");
	(void)client_expect(client, 226);
	/* REST holds for one transfer. */
	AUTO_CLOSE int again = client_open_data(client);
	(void)client_ask(client, "RETR file", 150);
	assert_text(client_read_data(&again), "0123456789");
	(void)client_expect(client, 226);
}

static void listings_show_what_is_there(void **state)
{
	static const struct {
		const char *command, *part;
	} rows[] = {
		{ "LIST", " 7 " },     { "NLST", "file\r\n" },		{ "MLSD", "size=7;" },
		{ "LIST -la", " .." }, { "NLST *.txt", "a b.txt\r\n" }, { "LIST /", "a b.txt\r\n" },
	};
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	file_make("file", "content");
	file_make("a b.txt", "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_CLOSE int data = client_open_data(client);
		(void)client_ask(client, rows[i].command, 150);
		struct text listing = client_read_data(&data);
		if (!memmem(listing.ptr, listing.len, rows[i].part, strlen(rows[i].part)))
			fail_msg("%s: no \"%s\" in \"%.*s\"", rows[i].command, rows[i].part,
				 TEXT_ARG(listing));
		(void)client_expect(client, 226);
	}
}

static void a_data_connection_of_another_worker_is_handed_over(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	struct message_data_connection message = { .head = { MSG_DATA_CONNECTION } };
	struct reservation_owner owner;
	int ends[2];

	(void)state;
	file_make("file", "content");
	client_plan_data(client);
	message.peer = server.address;
	message.port = server.passive_port;
	assert_true(reservations_match(server.reservations, &message.peer, message.port, &owner));
	message.board_slot = owner.board_slot;
	message.session_id = owner.session_id;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(
		channel_send(server.mailbox, &message, sizeof(message), &ends[1], 1, PATIENCE_MS),
		0);
	fd_close(&ends[1]);
	(void)client_ask(client, "RETR file", 150);
	assert_text(client_read_data(&ends[0]), "content");
	(void)client_expect(client, 226);
}

/* --- during a transfer ------------------------------------------------------------------------ */

static void noop_and_stat_are_answered_during_a_transfer(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	AUTO_CLOSE int data = client_open_data(client);

	(void)state;
	(void)client_ask(client, "STOR file", 150);
	assert_int_equal(send(data, "half", 4, 0), 4);
	(void)client_ask(client, "NOOP", 200);
	assert_non_null(strstr(client_ask(client, "STAT", 211), "Receiving /file"));
	/* Another command waits for the end of the transfer. */
	client_send(client, "PWD");
	assert_int_equal(send(data, " done", 5, 0), 5);
	fd_close(&data);
	(void)client_expect(client, 226);
	(void)client_expect(client, 257);
	assert_file("file", "half done");
}

static void abor_ends_a_download_that_nobody_reads(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	AUTO_CLOSE int data = client_open_data(client);

	(void)state;
	file_make_sparse("big", BIG);
	(void)client_ask(client, "TYPE I", 200);
	(void)client_ask(client, "RETR big", 150);
	/* As some clients send it: Telnet IP and Synch in front (RFC 959 4.1.3). */
	client_send(client, "\xff\xf4\xff\xf2"
			    "ABOR");
	(void)client_expect(client, 426);
	(void)client_expect(client, 226);
	(void)client_ask(client, "NOOP", 200);
	fd_close(&data);
	/* And the next transfer is as good as any. */
	file_make("small", "content");
	AUTO_CLOSE int next = client_open_data(client);
	(void)client_ask(client, "RETR small", 150);
	assert_text(client_read_data(&next), "content");
	(void)client_expect(client, 226);
}

static void abor_behind_other_lines_is_seen(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	AUTO_CLOSE UNUSED int data = client_open_data(client);

	(void)state;
	(void)client_ask(client, "STOR file", 150);
	client_send(client, "PWD\r\nTYPE I\r\nABOR");
	(void)client_expect(client, 426);
	(void)client_expect(client, 257);
	(void)client_expect(client, 200);
	(void)client_expect(client, 226);
	assert_no_file("file");
}

static void abor_while_the_data_connection_is_awaited(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	client_plan_data(client);
	client_send(client, "STOR new\r\nABOR");
	(void)client_expect(client, 426);
	(void)client_expect(client, 226);
	assert_no_file("new");
}

static void abor_without_a_transfer_is_fine(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	(void)client_ask(client, "ABOR", 226);
	(void)client_ask(client, "NOOP", 200);
}

static void a_client_that_vanishes_ends_its_transfer(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	AUTO_CLOSE UNUSED int data = client_open_data(client);

	(void)state;
	file_make_sparse("big", BIG);
	(void)client_ask(client, "RETR big", 150);
	fd_close(&client);
	server_tell(MSG_DRAIN);
	server_wait_for_end();
}

#define WITH(fixture, test) cmocka_unit_test_setup_teardown(test, fixture, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(start_without_plain_ftp, plain_ftp_is_refused_with_the_way_out),
		WITH(start, a_refused_login_does_not_say_why),
		WITH(start, a_login_without_a_database_is_put_off),
		WITH(start, commands_before_the_login_are_refused),
		WITH(start, what_the_account_may_not_do_is_refused),
		WITH(start, nothing_leads_out_of_the_home),
		WITH(start, a_transfer_without_a_data_connection_is_refused),
		WITH(start_impatient, a_data_connection_that_never_comes_names_port_and_cause),
		WITH(start_impatient, sessions_that_wait_too_long_are_closed_with_a_reason),
		WITH(start_small, one_session_too_many_is_told_so),
		WITH(start, the_greeting_names_the_server),
		WITH(start, pipelined_lines_are_answered_in_order),
		WITH(start, a_file_comes_back_as_it_went_in),
		WITH(start, a_download_goes_on_where_it_was_cut),
		WITH(start, listings_show_what_is_there),
		WITH(start, a_data_connection_of_another_worker_is_handed_over),
		WITH(start, noop_and_stat_are_answered_during_a_transfer),
		WITH(start, abor_ends_a_download_that_nobody_reads),
		WITH(start, abor_behind_other_lines_is_seen),
		WITH(start, abor_while_the_data_connection_is_awaited),
		WITH(start, abor_without_a_transfer_is_fine),
		WITH(start, a_client_that_vanishes_ends_its_transfer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
