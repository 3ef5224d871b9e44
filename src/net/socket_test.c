/* Tests of net/socket.h, over loopback. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "net/socket.h"

static struct address parsed(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text_of(text), &a), 0);
	return a;
}

static void wait_for(int fd, short events)
{
	struct pollfd wait = { fd, events, 0 };

	assert_int_equal(poll(&wait, 1, 10000), 1);
}

/* A listener on a free port; *ret_at is where. */
static int listen_on(const char *text, bool both_families, struct address *ret_at)
{
	struct address at = parsed(text);
	int fd = -1;

	assert_int_equal(socket_listen(&at, both_families, 8, &fd), 0);
	assert_int_equal(socket_local(fd, ret_at), 0);
	assert_int_not_equal(ret_at->port, 0);
	return fd;
}

static int connect_to(const struct address *to, const struct address *local)
{
	int fd = -1;

	assert_int_equal(socket_connect(to, local, &fd), 0);
	wait_for(fd, POLLOUT);
	return fd;
}

static int accept_one(int listener, struct address *ret_peer)
{
	int fd = -1;

	wait_for(listener, POLLIN);
	assert_int_equal(socket_accept(listener, &fd, ret_peer), 0);
	return fd;
}

static int get_int(int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
	return value;
}

static void an_address_in_use_or_of_somebody_else_cannot_be_listened_on(void **state)
{
	struct address at, elsewhere = parsed("203.0.113.1");
	AUTO_CLOSE UNUSED int listener = listen_on("127.0.0.1", false, &at);
	int fd = -1;

	(void)state;
	assert_int_equal(socket_listen(&at, false, 8, &fd), -EADDRINUSE);
	assert_int_equal(socket_listen(&elsewhere, false, 8, &fd), -EADDRNOTAVAIL);
	assert_int_equal(fd, -1);
}

static void an_empty_queue_is_told_at_once(void **state)
{
	struct address at, peer;
	AUTO_CLOSE UNUSED int listener = listen_on("127.0.0.1", false, &at);
	int fd = -1;

	(void)state;
	assert_int_equal(socket_accept(listener, &fd, &peer), -EAGAIN);
	assert_int_equal(fd, -1);
}

static void a_port_where_nobody_listens_refuses(void **state)
{
	struct address at;
	int listener = listen_on("127.0.0.1", false, &at), fd = -1;

	(void)state;
	fd_close(&listener);

	int r = socket_connect(&at, NULL, &fd);

	if (r == 0) {
		wait_for(fd, POLLOUT);
		r = socket_error(fd);
	}
	assert_int_equal(r, -ECONNREFUSED);
	fd_close(&fd);
}

static void families_are_not_mixed(void **state)
{
	struct address to = parsed("127.0.0.1"), local = parsed("::1");
	int fd = -1;

	(void)state;
	assert_int_equal(socket_connect(&to, &local, &fd), -EAFNOSUPPORT);
	assert_int_equal(fd, -1);
}

static void both_sides_see_each_other(void **state)
{
	static const char *const rows[] = { "127.0.0.1", "127.3.2.1", "::1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address at, peer, client_local, server_local;
		AUTO_CLOSE UNUSED int listener = listen_on(rows[i], false, &at);
		AUTO_CLOSE int client = connect_to(&at, NULL);
		AUTO_CLOSE int server = accept_one(listener, &peer);

		assert_int_equal(socket_error(client), 0);
		assert_int_equal(socket_local(client, &client_local), 0);
		assert_int_equal(socket_local(server, &server_local), 0);
		assert_true(address_same_host(&client_local, &peer));
		assert_int_equal(client_local.port, peer.port);
		assert_true(address_same_host(&server_local, &at));
		assert_int_equal(server_local.port, at.port);
		assert_true(fcntl(server, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
		assert_int_equal(fcntl(server, F_GETFD), FD_CLOEXEC);
		assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
	}
}

static void one_listener_serves_both_families_when_asked(void **state)
{
	struct address at, peer, v4 = parsed("127.0.0.1"), v6 = parsed("::1");
	AUTO_CLOSE UNUSED int listener = listen_on("::", true, &at);

	(void)state;
	v4.port = v6.port = at.port;

	AUTO_CLOSE UNUSED int client4 = connect_to(&v4, NULL);
	AUTO_CLOSE UNUSED int server4 = accept_one(listener, &peer);

	assert_true(address_same_host(&peer, &v4));

	AUTO_CLOSE UNUSED int client6 = connect_to(&v6, NULL);
	AUTO_CLOSE UNUSED int server6 = accept_one(listener, &peer);

	assert_true(address_same_host(&peer, &v6));
}

static void each_family_has_its_own_listener_on_one_port_when_not_asked(void **state)
{
	struct address at6, at4 = parsed("0.0.0.0");
	int r = -EADDRINUSE;

	(void)state;
	/* The port that the kernel gave for IPv6 may serve somebody's connection over IPv4. */
	for (int tries = 0; r == -EADDRINUSE && tries < 100; tries++) {
		AUTO_CLOSE UNUSED int listener6 = listen_on("::", false, &at6);
		AUTO_CLOSE int listener4 = -1;

		at4.port = at6.port;
		r = socket_listen(&at4, false, 8, &listener4);
	}
	assert_int_equal(r, 0);
}

static void a_connection_leaves_from_the_local_address_and_port(void **state)
{
	struct address at, peer, local = parsed("127.0.0.9");
	AUTO_CLOSE UNUSED int listener = listen_on("127.0.0.1", false, &at);
	AUTO_CLOSE UNUSED int first = connect_to(&at, &local);
	AUTO_CLOSE UNUSED int first_server = accept_one(listener, &peer);

	(void)state;
	assert_true(address_same_host(&peer, &local));

	/* Two connections from one port to different peers, as active mode makes them. */
	struct address other_at;
	AUTO_CLOSE UNUSED int other = listen_on("127.0.0.2", false, &other_at);

	local = parsed("127.0.0.10");
	local.port = peer.port;

	AUTO_CLOSE int second = connect_to(&at, &local);
	AUTO_CLOSE int third = connect_to(&other_at, &local);

	assert_int_equal(socket_error(second), 0);
	assert_int_equal(socket_error(third), 0);
}

static void tuning_sets_what_it_says(void **state)
{
	struct address at;
	AUTO_CLOSE UNUSED int listener = listen_on("127.0.0.1", false, &at);
	AUTO_CLOSE int client = connect_to(&at, NULL);

	(void)state;
	socket_tune_control(client, 45);
	assert_true(get_int(client, IPPROTO_TCP, TCP_NODELAY));
	assert_true(get_int(client, SOL_SOCKET, SO_KEEPALIVE));
	assert_true(get_int(client, SOL_SOCKET, SO_OOBINLINE));
	assert_int_equal(get_int(client, IPPROTO_TCP, TCP_KEEPIDLE), 45);
	socket_tune_data(client, 0);
	assert_false(get_int(client, IPPROTO_TCP, TCP_NODELAY));
	assert_int_equal(get_int(client, IPPROTO_TCP, TCP_KEEPIDLE), 1);
	socket_tune_control(-1, 45);
}

static void a_bulk_sender_takes_a_small_buffer_for_a_near_peer(void **state)
{
	(void)state;
	struct address at, peer;
	AUTO_CLOSE UNUSED int listener = listen_on("127.0.0.1", false, &at);
	AUTO_CLOSE int client = connect_to(&at, NULL);
	AUTO_CLOSE int server = accept_one(listener, &peer);
	char got[8];

	for (int i = 0; i < 200; i++) { /* one of them is not disturbed by what else runs here */
		assert_int_equal(send(server, "much", 4, 0), 4);
		wait_for(client, POLLIN);
		assert_int_equal(recv(client, got, sizeof(got), 0), 4);
	}
	socket_tune_bulk(server, false);
	assert_in_range(get_int(server, SOL_SOCKET, SO_SNDBUF), 4096, 2 * 208 * 1024);
	socket_tune_bulk(server, true);
	assert_in_range(get_int(server, SOL_SOCKET, SO_SNDBUF), 4096, 2 * 96 * 1024);
	assert_true(get_int(server, IPPROTO_TCP, TCP_CORK));
}

static void a_bulk_sender_leaves_a_connection_alone_whose_length_is_not_known(void **state)
{
	(void)state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	int before = get_int(pair[0], SOL_SOCKET, SO_SNDBUF);
	socket_tune_bulk(pair[0], false);
	assert_int_equal(get_int(pair[0], SOL_SOCKET, SO_SNDBUF), before);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void closing_gently_delivers_the_last_bytes_though_ours_were_not_read(void **state)
{
	struct address at, peer;
	AUTO_CLOSE UNUSED int listener = listen_on("127.0.0.1", false, &at);
	AUTO_CLOSE int client = connect_to(&at, NULL);
	int server = accept_one(listener, &peer);
	char got[8] = "";

	(void)state;
	assert_int_equal(send(client, "unread", 6, 0), 6);
	wait_for(server, POLLIN);
	assert_int_equal(send(server, "bye", 3, 0), 3);
	socket_close_gently(&server, false);
	assert_int_equal(server, -1);
	wait_for(client, POLLIN);
	assert_int_equal(recv(client, got, sizeof(got), 0), 3);
	assert_string_equal(got, "bye");
	wait_for(client, POLLIN);
	assert_int_equal(recv(client, got, sizeof(got), 0), 0);
	socket_close_gently(&server, false);
}

static void connections_inherit_the_tuning_of_their_listener(void **state)
{
	(void)state;
	struct address at, peer;
	AUTO_CLOSE int listener = listen_on("127.0.0.1", false, &at);

	socket_tune_control(listener, 45);

	AUTO_CLOSE UNUSED int client = connect_to(&at, NULL);
	AUTO_CLOSE int server = accept_one(listener, &peer);

	assert_int_equal(get_int(server, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(get_int(server, SOL_SOCKET, SO_OOBINLINE), 1);
	assert_int_equal(get_int(server, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(get_int(server, IPPROTO_TCP, TCP_KEEPIDLE), 45);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_in_use_or_of_somebody_else_cannot_be_listened_on),
		cmocka_unit_test(an_empty_queue_is_told_at_once),
		cmocka_unit_test(a_port_where_nobody_listens_refuses),
		cmocka_unit_test(families_are_not_mixed),
		cmocka_unit_test(both_sides_see_each_other),
		cmocka_unit_test(one_listener_serves_both_families_when_asked),
		cmocka_unit_test(each_family_has_its_own_listener_on_one_port_when_not_asked),
		cmocka_unit_test(a_connection_leaves_from_the_local_address_and_port),
		cmocka_unit_test(tuning_sets_what_it_says),
		cmocka_unit_test(connections_inherit_the_tuning_of_their_listener),
		cmocka_unit_test(a_bulk_sender_takes_a_small_buffer_for_a_near_peer),
		cmocka_unit_test(a_bulk_sender_leaves_a_connection_alone_whose_length_is_not_known),
		cmocka_unit_test(closing_gently_delivers_the_last_bytes_though_ours_were_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
