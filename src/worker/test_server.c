/* worker/test_server.c - see test_server.h. */
#include "worker/test_server.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/log.h"
#include "ipc/channel.h"
#include "net/socket.h"

#define MAX_OVERRIDES 8

struct test_server server;

/* --- the worker ------------------------------------------------------------------------------- */

static void load_settings(const char *const overrides[])
{
	char port[64];
	const char *all[MAX_OVERRIDES + 4] = { "plain_ftp=yes", "server_name=ftp.example.com",
					       "failed_login_delay=0", port };
	struct settings_error error;
	size_t n = 4;

	(void)snprintf(port, sizeof(port), "passive_ports=%u", server.passive_port);
	for (; overrides && *overrides && n < ARRAY_SIZE(all); overrides++)
		all[n++] = *overrides;
	if (settings_load("test", T(""), all, n, &server.settings, &error) < 0)
		fail_msg("%s", error.text);
}

static int listen_on_loopback(struct address *ret_address)
{
	struct address loopback;
	int fd;

	assert_int_equal(address_parse(T("127.0.0.1"), &loopback), 0);
	assert_int_equal(socket_listen(&loopback, false, 64, &fd), 0);
	assert_int_equal(socket_local(fd, ret_address), 0);
	return fd;
}

static void make_folders(void)
{
	(void)snprintf(server.folder, sizeof(server.folder), "/tmp/worker_test.XXXXXX");
	assert_non_null(mkdtemp(server.folder));
	(void)snprintf(server.log, sizeof(server.log), "%s/log", server.folder);
	(void)snprintf(server.files, sizeof(server.files), "%s/files", server.folder);
	(void)snprintf(server.home, sizeof(server.home), "%s/%s", server.files, TEST_USER);
	assert_int_equal(mkdir(server.files, 0700), 0);
	assert_int_equal(mkdir(server.home, 0700), 0);
}

/* What the supervisor does in its child. */
static int run_worker(int supervisor, int mailbox)
{
	const struct control_listener listener = { server.listener, server.address, false };
	int mailboxes[SCOREBOARD_WORKERS];
	struct worker_start start = {
		.settings = settings_values(server.settings),
		.board = server.board,
		.reservations = server.reservations,
		.places = server.places,
		.listeners = &listener,
		.n_listeners = 1,
		.generation = 1,
		.n_workers = 1,
		.supervisor = supervisor,
		.mailbox = mailbox,
		.mailboxes = mailboxes,
		.data_root = open(server.files, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};

	for (size_t i = 0; i < SCOREBOARD_WORKERS; i++)
		mailboxes[i] = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	if (start.data_root < 0 || log_open(server.log, LOG_DEBUG) < 0)
		return 99;
	return worker_main(&start);
}

static void fork_worker(void)
{
	int channel[2], mailbox[2];

	assert_int_equal(channel_pair(channel), 0);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, mailbox), 0);
	server.pid = fork();
	assert_true(server.pid >= 0);
	if (server.pid == 0) {
		fd_close(&channel[0]);
		fd_close(&server.passive);
		_exit(run_worker(channel[1], mailbox[1]));
	}
	fd_close(&channel[1]);
	fd_close(&mailbox[1]);
	server.supervisor = channel[0];
	server.mailbox = mailbox[0];
}

void server_start(const char *const overrides[], size_t max_sessions)
{
	struct address passive;

	server = (struct test_server){ .supervisor = -1, .manager = -1, .mailbox = -1 };
	make_folders();
	server.listener = listen_on_loopback(&server.address);
	server.passive = listen_on_loopback(&passive);
	server.passive_port = passive.port;
	load_settings(overrides);
	/* Both live as long as the process, as in the server. */
	server.board = scoreboard_new(max_sessions);
	server.reservations = reservations_new(max_sessions);
	server.places = places_new(max_sessions);
	assert_true(server.board && server.reservations && server.places);
	fork_worker();
	(void)server_replace_manager();
}

static int wait_for_end(void)
{
	int status = -1;

	if (waitpid(server.pid, &status, 0) != server.pid)
		return -1;
	server.pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void server_wait_for_end(void)
{
	assert_int_equal(wait_for_end(), 0);
}

static int remove_one(const char *path, const struct stat *st UNUSED, int kind UNUSED,
		      struct FTW *where UNUSED)
{
	return remove(path);
}

int server_stop(void)
{
	int status = 0;

	if (server.pid > 0) {
		server_tell(MSG_TERMINATE);
		status = wait_for_end();
	}
	fd_close(&server.supervisor);
	fd_close(&server.manager);
	fd_close(&server.mailbox);
	fd_close(&server.listener);
	fd_close(&server.passive);
	settings_free(&server.settings);
	return nftw(server.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 && status == 0 ? 0
											     : -1;
}

/* --- as the supervisor ------------------------------------------------------------------------ */

void server_tell(enum message_kind kind)
{
	const struct message_head message = { kind };

	assert_int_equal(
		channel_send(server.supervisor, &message, sizeof(message), NULL, 0, PATIENCE_MS),
		0);
}

int server_replace_manager(void)
{
	const struct message_head message = { MSG_MANAGER_CHANNEL };
	int before = server.manager, ends[2];

	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(channel_send(server.supervisor, &message, sizeof(message), &ends[1], 1,
				      PATIENCE_MS),
			 0);
	fd_close(&ends[1]);
	server.manager = ends[0];
	return before;
}

void server_wait_for_hangup(int channel)
{
	struct pollfd polled = { channel, 0, 0 };

	assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
	assert_true(polled.revents & POLLHUP);
}

static void receive(int channel, union message *ret, size_t len)
{
	struct pollfd polled = { channel, POLLIN, 0 };
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;

	assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
	assert_int_equal(channel_receive(channel, ret, sizeof(*ret), fds, &n_fds), len);
	assert_int_equal(n_fds, 0);
}

/* The worker asks for its passive port once, and keeps the socket. */
static void give_passive_port(void)
{
	union message request;
	struct message_listener reply = { .head = { MSG_LISTENER_REPLY } };

	if (server.has_given_passive_port)
		return;
	receive(server.supervisor, &request, sizeof(request.listener));
	assert_int_equal(request.head.kind, MSG_LISTENER_REQUEST);
	assert_int_equal(request.listener.port, server.passive_port);
	reply.port = request.listener.port;
	assert_int_equal(channel_send(server.supervisor, &reply, sizeof(reply), &server.passive, 1,
				      PATIENCE_MS),
			 0);
	server.has_given_passive_port = true;
}

/* --- as the manager --------------------------------------------------------------------------- */

struct message_auth_request server_next_login(void)
{
	union message message;

	receive(server.manager, &message, sizeof(message.auth_request));
	assert_int_equal(message.head.kind, MSG_AUTH_REQUEST);
	return message.auth_request;
}

void server_answer_login(const struct message_auth_request *request, enum auth_result result,
			 uint32_t permissions)
{
	struct message_auth_reply reply = {
		.head = { MSG_AUTH_REPLY },
		.request_id = request->request_id,
		.result = result,
		.permissions = permissions,
		.user = TEST_USER,
		.home = TEST_USER,
	};

	assert_int_equal(channel_send(server.manager, &reply, message_auth_reply_size(&reply), NULL,
				      0, PATIENCE_MS),
			 0);
}

void server_kick(uint64_t session_id, const char *user, const char *reason)
{
	struct message_kick kick = { .head = { MSG_KICK }, .session_id = session_id };

	assert_int_equal(text_copy(text_of(user), kick.user, sizeof(kick.user)), 0);
	assert_int_equal(text_copy(text_of(reason), kick.reason, sizeof(kick.reason)), 0);
	assert_int_equal(channel_send(server.manager, &kick, sizeof(kick), NULL, 0, PATIENCE_MS),
			 0);
}

/* --- clients ---------------------------------------------------------------------------------- */

static int connect_to(uint16_t port)
{
	struct timeval patience = { PATIENCE_MS / 1000, 0 };
	struct address to = server.address;
	struct sockaddr_storage sa;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.port = port;

	socklen_t len = address_to_sockaddr(&to, &sa);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

int client_connect(void)
{
	return connect_to(server.address.port);
}

int client_open(void)
{
	int client = client_connect();

	(void)client_expect(client, 220);
	return client;
}

int client_login(uint32_t permissions)
{
	int client = client_open();

	(void)client_ask(client, "USER " TEST_USER, 331);
	client_send(client, "PASS secret");

	struct message_auth_request request = server_next_login();

	assert_string_equal(request.user, TEST_USER);
	assert_text(secret_text(&request.password), "secret");
	server_answer_login(&request, AUTH_OK, permissions);
	(void)client_expect(client, 230);
	return client;
}

void client_send(int client, const char *line)
{
	char bytes[512];
	int len = snprintf(bytes, sizeof(bytes), "%s\r\n", line);

	assert_true(len > 0 && (size_t)len < sizeof(bytes));
	assert_int_equal(send(client, bytes, (size_t)len, MSG_NOSIGNAL), len);
}

/* Byte by byte: what comes behind the line is for the next call. */
static size_t read_line(int client, char *ret, size_t size)
{
	size_t len = 0;

	do {
		assert_true(len + 1 < size);
		if (recv(client, ret + len, 1, 0) != 1)
			fail_msg("the connection ended behind \"%.*s\"", (int)len, ret);
	} while (ret[len++] != '\n');
	ret[len] = '\0';
	return len;
}

const char *client_reply(int client)
{
	static char reply[16384];
	size_t len = 0, line;

	do {
		line = len;
		len += read_line(client, reply + len, sizeof(reply) - len);
	} while (strncmp(reply + line, reply, 3) != 0 || reply[line + 3] != ' ');
	return reply;
}

const char *client_expect(int client, unsigned code)
{
	const char *reply = client_reply(client);
	char expected[16];

	(void)snprintf(expected, sizeof(expected), "%u", code);
	if (strncmp(reply, expected, 3) != 0)
		fail_msg("%s instead of %s", reply, expected);
	return reply;
}

const char *client_ask(int client, const char *line, unsigned code)
{
	client_send(client, line);
	return client_expect(client, code);
}

void client_expect_end(int client)
{
	char byte;

	assert_int_equal(recv(client, &byte, 1, 0), 0);
}

void client_plan_data(int client)
{
	client_send(client, "EPSV");
	give_passive_port();

	const char *port = strstr(client_expect(client, 229), "(|||");

	assert_non_null(port);
	assert_int_equal(strtol(port + 4, NULL, 10), server.passive_port);
}

int client_open_data(int client)
{
	client_plan_data(client);
	return connect_to(server.passive_port);
}

struct text client_read_data(int *data)
{
	static char bytes[1024 * 1024];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(*data, bytes + len, sizeof(bytes) - len, 0)) > 0)
		len += (size_t)n;
	assert_int_equal(n, 0);
	fd_close(data);
	return (struct text){ bytes, len };
}

/* --- files ------------------------------------------------------------------------------------ */

static int open_file(const char *name, int flags)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", server.home, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

void file_make(const char *name, const char *content)
{
	AUTO_CLOSE int fd = open_file(name, O_WRONLY | O_CREAT | O_TRUNC);

	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

void file_make_sparse(const char *name, off_t size)
{
	AUTO_CLOSE int fd = open_file(name, O_WRONLY | O_CREAT | O_TRUNC);

	assert_int_equal(ftruncate(fd, size), 0);
}

void assert_file(const char *name, const char *content)
{
	AUTO_CLOSE int fd = open_file(name, O_RDONLY);
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	assert_true(n >= 0);
	assert_text((struct text){ bytes, (size_t)n }, content);
}

void assert_no_file(const char *name)
{
	AUTO_CLOSE int fd = open_file(name, O_RDONLY);

	assert_int_equal(fd, -1);
}
