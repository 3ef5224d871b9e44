/* Tests of ipc/channel.h. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

struct ends {
	int fds[2];
};

static int make_ends(void **state)
{
	static struct ends ends;

	*state = &ends;
	return channel_pair(ends.fds);
}

static int close_ends(void **state)
{
	struct ends *ends = *state;

	fd_close(&ends->fds[0]);
	fd_close(&ends->fds[1]);
	return 0;
}

static void nothing_to_receive_is_told_at_once(void **state)
{
	struct ends *ends = *state;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;
	char byte;

	assert_int_equal(channel_receive(ends->fds[1], &byte, 1, fds, &n_fds), -EAGAIN);
}

static void a_packet_that_is_too_large_is_refused_and_its_descriptors_closed(void **state)
{
	struct ends *ends = *state;
	char message[64] = "x", small[16];
	int fds[CHANNEL_MAX_FDS], pipe_ends[2];
	size_t n_fds = 99;

	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(channel_send(ends->fds[0], message, sizeof(message), &pipe_ends[1], 1, 0),
			 0);
	fd_close(&pipe_ends[1]);
	assert_int_equal(channel_receive(ends->fds[1], small, sizeof(small), fds, &n_fds),
			 -EMSGSIZE);
	assert_int_equal(n_fds, 0);
	/* Every writing end is closed: the pipe is at its end. */
	assert_int_equal(read(pipe_ends[0], small, 1), 0);
	fd_close(&pipe_ends[0]);
}

static void a_packet_arrives_whole_with_its_descriptors(void **state)
{
	struct ends *ends = *state;
	struct message_listener in = { { MSG_LISTENER_REPLY }, 40123, 0 }, out;
	int fds[CHANNEL_MAX_FDS], pipe_ends[2];
	char got[2] = "";
	size_t n_fds;

	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(channel_send(ends->fds[0], &in, sizeof(in), pipe_ends, 2, 0), 0);
	assert_int_equal(channel_receive(ends->fds[1], &out, sizeof(out), fds, &n_fds),
			 sizeof(out));
	assert_int_equal(n_fds, 2);
	assert_int_equal(fds[2], -1);
	assert_int_equal(out.head.kind, MSG_LISTENER_REPLY);
	assert_int_equal(out.port, 40123);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(fds[1], "!", 1), 1);
	assert_int_equal(read(pipe_ends[0], got, 1), 1);
	assert_string_equal(got, "!");
	for (size_t i = 0; i < 2; i++) {
		fd_close(&fds[i]);
		fd_close(&pipe_ends[i]);
	}
}

static void as_many_descriptors_as_allowed_arrive(void **state)
{
	struct ends *ends = *state;
	int in[CHANNEL_MAX_FDS], out[CHANNEL_MAX_FDS];
	size_t n_fds;
	char byte = 'x';

	for (size_t i = 0; i < CHANNEL_MAX_FDS; i++)
		in[i] = ends->fds[0];
	assert_int_equal(channel_send(ends->fds[0], &byte, 1, in, CHANNEL_MAX_FDS, 0), 0);
	assert_int_equal(channel_receive(ends->fds[1], &byte, 1, out, &n_fds), 1);
	assert_int_equal(n_fds, CHANNEL_MAX_FDS);
	for (size_t i = 0; i < n_fds; i++)
		fd_close(&out[i]);
}

static void descriptors_lost_to_the_limit_are_told(void **state)
{
	struct ends *ends = *state;
	struct rlimit old, low;
	int fds[CHANNEL_MAX_FDS], probe = dup(0);
	size_t n_fds;
	char byte = 'x';

	assert_true(probe >= 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(channel_send(ends->fds[0], &byte, 1, &ends->fds[0], 1, 0), 0);
	/* New descriptors get the lowest free number, which is now beyond the limit. */
	low = (struct rlimit){ (rlim_t)probe, old.rlim_max };
	fd_close(&probe);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	ssize_t r = channel_receive(ends->fds[1], &byte, 1, fds, &n_fds);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(channel_send(ends->fds[0], &byte, 1, NULL, 0, 0), 0);
	assert_int_equal(channel_receive(ends->fds[1], &byte, 1, fds, &n_fds), 1);
}

static void sending_to_a_peer_that_is_gone_is_a_broken_pipe(void **state)
{
	struct ends *ends = *state;
	char byte = 'x';

	fd_close(&ends->fds[1]);
	assert_int_equal(channel_send(ends->fds[0], &byte, 1, NULL, 0, 1000), -EPIPE);
}

static void a_peer_that_is_gone_is_the_end_behind_its_last_packet(void **state)
{
	struct ends *ends = *state;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;
	char byte = 'x';

	/* It leaves a packet of ours unread, which the kernel reports as a reset first. */
	assert_int_equal(channel_send(ends->fds[1], &byte, 1, NULL, 0, 0), 0);
	assert_int_equal(channel_send(ends->fds[0], &byte, 1, NULL, 0, 0), 0);
	fd_close(&ends->fds[0]);
	assert_int_equal(channel_receive(ends->fds[1], &byte, 1, fds, &n_fds), 1);
	assert_int_equal(channel_receive(ends->fds[1], &byte, 1, fds, &n_fds), 0);
}

static void fill(int channel)
{
	char message[512] = "x";
	int r;

	do {
		r = channel_send(channel, message, sizeof(message), NULL, 0, 0);
	} while (r == 0);
	assert_int_equal(r, -ETIMEDOUT);
}

static void a_full_queue_times_out(void **state)
{
	struct ends *ends = *state;
	int64_t before;
	char byte = 'x';

	fill(ends->fds[0]);
	before = clock_ms();
	assert_int_equal(channel_send(ends->fds[0], &byte, 1, NULL, 0, 30), -ETIMEDOUT);
	assert_true(clock_ms() - before >= 29);
}

static void a_full_queue_is_waited_for(void **state)
{
	struct ends *ends = *state;
	char message[512] = "x";
	int status;

	fill(ends->fds[0]);

	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int fds[CHANNEL_MAX_FDS];
		struct pollfd wait = { ends->fds[1], POLLIN, 0 };
		size_t n_fds;
		ssize_t r;

		fd_close(&ends->fds[0]);
		do {
			(void)poll(&wait, 1, -1);
			r = channel_receive(ends->fds[1], message, sizeof(message), fds, &n_fds);
		} while (r != 0);
		_exit(0);
	}
	assert_int_equal(channel_send(ends->fds[0], message, sizeof(message), NULL, 0, 10000), 0);
	fd_close(&ends->fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_datagram_mailbox_works_alike(void **state)
{
	struct message_data_connection in = { { MSG_DATA_CONNECTION }, 7, 8, 40123, { .port = 9 } };
	struct message_data_connection out;
	int box[2], fds[CHANNEL_MAX_FDS];
	size_t n_fds;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, box), 0);
	assert_int_equal(channel_send(box[0], &in, sizeof(in), &box[0], 1, 0), 0);
	assert_int_equal(channel_receive(box[1], &out, sizeof(out), fds, &n_fds), sizeof(out));
	assert_int_equal(n_fds, 1);
	assert_int_equal(out.session_id, 8);
	fd_close(&fds[0]);
	fd_close(&box[1]);
	assert_int_equal(channel_send(box[0], &in, sizeof(in), NULL, 0, 0), -EPIPE);
	fd_close(&box[0]);
}

#define WITH_ENDS(test) cmocka_unit_test_setup_teardown(test, make_ends, close_ends)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ENDS(nothing_to_receive_is_told_at_once),
		WITH_ENDS(a_packet_that_is_too_large_is_refused_and_its_descriptors_closed),
		WITH_ENDS(sending_to_a_peer_that_is_gone_is_a_broken_pipe),
		WITH_ENDS(descriptors_lost_to_the_limit_are_told),
		WITH_ENDS(a_full_queue_times_out),
		WITH_ENDS(a_packet_arrives_whole_with_its_descriptors),
		WITH_ENDS(as_many_descriptors_as_allowed_arrive),
		WITH_ENDS(a_peer_that_is_gone_is_the_end_behind_its_last_packet),
		WITH_ENDS(a_full_queue_is_waited_for),
		cmocka_unit_test(a_datagram_mailbox_works_alike),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
