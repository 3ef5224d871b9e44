/* worker/worker_test.c - a worker as supervisor and manager see it: kicks, a manager that comes
 * back, and the end. */
#include "worker/test_server.h"

#include <sys/socket.h>

#include "net/socket.h"

#define BIG ((off_t)256 * 1024 * 1024) /* more than all buffers between two processes hold */

static int start(void **state)
{
	(void)state;
	server_start(NULL, 64);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	return server_stop();
}

/* The only session there is. */
static struct session_view the_session(void)
{
	struct session_view view;

	for (uint32_t slot = 0; slot < scoreboard_max_sessions(server.board); slot++)
		if (scoreboard_get_session(server.board, slot, &view))
			return view;
	fail_msg("there is no session");
	return view;
}

static void the_scoreboard_shows_the_session(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	AUTO_CLOSE UNUSED int data = client_open_data(client);

	(void)state;
	file_make_sparse("big", BIG);
	(void)client_ask(client, "RETR big", 150);
	(void)client_ask(client, "NOOP", 200);
	struct session_view view = the_session();
	assert_true(view.is_logged_in && view.is_running && !view.is_tls);
	assert_string_equal(view.user, TEST_USER);
	assert_string_equal(view.directory, "/");
	assert_string_equal(view.command, "RETR big");
	assert_string_equal(view.transfer_path, "/big");
	assert_int_equal(view.transfer, TRANSFER_DOWNLOAD);
}

static void the_scoreboard_never_shows_a_password(void **state)
{
	AUTO_CLOSE int client = client_open();

	(void)state;
	(void)client_ask(client, "USER alice", 331);
	client_send(client, "PASS secret");
	struct message_auth_request request = server_next_login();
	assert_string_equal(the_session().command, "PASS ****");
	server_answer_login(&request, AUTH_WRONG_PASSWORD, 0);
	(void)client_expect(client, 530);
}

/* --- kicks ------------------------------------------------------------------------------------ */

static void a_kick_of_somebody_else_does_nothing(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	server_kick(the_session().id + 1, "", "not you");
	server_kick(0, "bob", "not you");
	server_kick(0, "", "nobody");
	AUTO_CLOSE int before = server_replace_manager();
	server_wait_for_hangup(before);
	(void)client_ask(client, "NOOP", 200);
}

static void a_parked_session_is_kicked_by_its_user(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	AUTO_CLOSE int other = client_open();

	(void)state;
	server_kick(0, TEST_USER, "Your account was disabled.");
	assert_string_equal(client_expect(client, 421), "421 Your account was disabled.\r\n");
	client_expect_end(client);
	(void)client_ask(other, "NOOP", 200);
}

static void a_parked_session_is_kicked_by_its_id(void **state)
{
	AUTO_CLOSE int client = client_open();

	(void)state;
	server_kick(the_session().id, "", "Ended by the administrator.");
	assert_string_equal(client_expect(client, 421), "421 Ended by the administrator.\r\n");
	client_expect_end(client);
}

static void a_session_in_a_download_is_kicked(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);
	AUTO_CLOSE UNUSED int data = client_open_data(client);

	(void)state;
	file_make_sparse("big", BIG);
	(void)client_ask(client, "RETR big", 150);
	server_kick(0, TEST_USER, "Your account was deleted.");
	(void)client_expect(client, 426);
	assert_string_equal(client_expect(client, 421), "421 Your account was deleted.\r\n");
	client_expect_end(client);
}

static void a_session_that_waits_for_its_data_connection_is_kicked(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	client_plan_data(client);
	client_send(client, "STOR new");
	server_kick(0, TEST_USER, "Go.");
	/* The command may not have begun yet. */
	const char *reply = client_reply(client);
	if (strncmp(reply, "426", 3) == 0)
		reply = client_expect(client, 421);
	assert_string_equal(reply, "421 Go.\r\n");
	client_expect_end(client);
	assert_no_file("new");
}

static void a_kick_right_behind_the_login_counts(void **state)
{
	AUTO_CLOSE int client = client_open();

	(void)state;
	(void)client_ask(client, "USER alice", 331);
	client_send(client, "PASS secret");
	struct message_auth_request request = server_next_login();
	server_answer_login(&request, AUTH_OK, PERM_ALL);
	server_kick(0, TEST_USER, "Just disabled.");
	const char *reply = client_reply(client);
	if (strncmp(reply, "230", 3) == 0)
		reply = client_expect(client, 421);
	assert_string_equal(reply, "421 Just disabled.\r\n");
	client_expect_end(client);
}

/* --- the manager ------------------------------------------------------------------------------ */

static void a_login_that_waits_is_asked_of_the_next_manager(void **state)
{
	AUTO_CLOSE int client = client_open();

	(void)state;
	(void)client_ask(client, "USER alice", 331);
	client_send(client, "PASS secret");
	struct message_auth_request first = server_next_login();
	AUTO_CLOSE UNUSED int before = server_replace_manager();
	struct message_auth_request second = server_next_login();
	assert_int_equal(second.request_id, first.request_id);
	assert_string_equal(second.user, first.user);
	assert_text(secret_text(&second.password), "secret");
	server_answer_login(&second, AUTH_OK, PERM_ALL);
	(void)client_expect(client, 230);
}

static void a_login_without_a_manager_waits_for_one(void **state)
{
	AUTO_CLOSE int client = client_open();

	(void)state;
	fd_close(&server.manager);
	(void)client_ask(client, "USER alice", 331);
	client_send(client, "PASS secret");
	(void)server_replace_manager();
	struct message_auth_request request = server_next_login();
	server_answer_login(&request, AUTH_OK, PERM_ALL);
	(void)client_expect(client, 230);
}

static void answers_to_nobody_are_ignored(void **state)
{
	AUTO_CLOSE int client = client_open();
	const struct message_auth_request unknown = { .request_id = 12345 };

	(void)state;
	(void)client_ask(client, "USER alice", 331);
	client_send(client, "PASS secret");
	struct message_auth_request request = server_next_login();
	server_answer_login(&unknown, AUTH_OK, PERM_ALL);
	server_answer_login(&request, AUTH_WRONG_PASSWORD, 0);
	server_answer_login(&request, AUTH_OK, PERM_ALL); /* twice: the first one counts */
	(void)client_expect(client, 530);
}

static void many_logins_wait_at_the_same_time(void **state)
{
	struct message_auth_request requests[40];
	int clients[ARRAY_SIZE(requests)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = client_open();
		(void)client_ask(clients[i], "USER alice", 331);
		client_send(clients[i], "PASS secret");
	}
	/* The worker does not fill the channel: some come only when others are answered. */
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		requests[i] = server_next_login();
		server_answer_login(&requests[i], AUTH_OK, PERM_ALL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		(void)client_expect(clients[i], 230);
		fd_close(&clients[i]);
	}
}

/* --- the end ---------------------------------------------------------------------------------- */

static void a_drain_waits_for_the_last_session(void **state)
{
	AUTO_CLOSE int one = client_login(PERM_ALL);
	AUTO_CLOSE int two = client_open();
	struct address peer;
	int late;

	(void)state;
	server_tell(MSG_DRAIN);
	AUTO_CLOSE int before = server_replace_manager();
	server_wait_for_hangup(before);
	AUTO_CLOSE int three = client_connect();
	(void)client_ask(one, "PWD", 257);
	(void)client_ask(one, "QUIT", 221);
	(void)client_ask(two, "NOOP", 200);
	(void)client_ask(two, "QUIT", 221);
	assert_int_equal(shutdown(three, SHUT_WR), 0);
	server_wait_for_end();
	/* What came meanwhile is left to the next generation, except to a thread that was about to
	 * accept: nobody is lost. */
	if (socket_accept(server.listener, &late, &peer) == 0)
		fd_close(&late);
	else
		(void)client_expect(three, 220);
}

static void the_end_says_421_to_all(void **state)
{
	AUTO_CLOSE int stranger = client_open();
	AUTO_CLOSE int parked = client_login(PERM_ALL);
	AUTO_CLOSE int busy = client_login(PERM_ALL);
	AUTO_CLOSE UNUSED int data = client_open_data(busy);

	(void)state;
	file_make_sparse("big", BIG);
	(void)client_ask(busy, "RETR big", 150);
	server_tell(MSG_TERMINATE);
	assert_non_null(strstr(client_expect(stranger, 421), "shutting down"));
	client_expect_end(stranger);
	assert_non_null(strstr(client_expect(parked, 421), "shutting down"));
	client_expect_end(parked);
	(void)client_expect(busy, 426);
	assert_non_null(strstr(client_expect(busy, 421), "shutting down"));
	client_expect_end(busy);
	server_wait_for_end();
}

static void a_login_that_waits_does_not_hold_up_the_end(void **state)
{
	AUTO_CLOSE int client = client_open();

	(void)state;
	(void)client_ask(client, "USER alice", 331);
	client_send(client, "PASS secret");
	(void)server_next_login();
	server_tell(MSG_TERMINATE);
	assert_non_null(strstr(client_expect(client, 421), "shutting down"));
	client_expect_end(client);
	server_wait_for_end();
}

static void the_end_of_the_supervisor_is_the_end_of_the_worker(void **state)
{
	AUTO_CLOSE int client = client_login(PERM_ALL);

	(void)state;
	fd_close(&server.supervisor);
	(void)client_expect(client, 421);
	client_expect_end(client);
	server_wait_for_end();
}

static void a_worker_without_sessions_ends_at_once(void **state)
{
	(void)state;
	server_tell(MSG_DRAIN);
	server_wait_for_end();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_scoreboard_shows_the_session),
		TEST(the_scoreboard_never_shows_a_password),
		TEST(a_kick_of_somebody_else_does_nothing),
		TEST(a_parked_session_is_kicked_by_its_user),
		TEST(a_parked_session_is_kicked_by_its_id),
		TEST(a_session_in_a_download_is_kicked),
		TEST(a_session_that_waits_for_its_data_connection_is_kicked),
		TEST(a_kick_right_behind_the_login_counts),
		TEST(a_login_that_waits_is_asked_of_the_next_manager),
		TEST(a_login_without_a_manager_waits_for_one),
		TEST(answers_to_nobody_are_ignored),
		TEST(many_logins_wait_at_the_same_time),
		TEST(a_drain_waits_for_the_last_session),
		TEST(the_end_says_421_to_all),
		TEST(a_login_that_waits_does_not_hold_up_the_end),
		TEST(the_end_of_the_supervisor_is_the_end_of_the_worker),
		TEST(a_worker_without_sessions_ends_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
