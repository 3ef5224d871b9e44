/* manager/manager_test.c - a whole manager process, spoken to as workers, the supervisor and the
 * command line do. Each test has its own process, folder and database. */
#include "base/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "manager/manager.h"

#define PATIENCE_MS 30000 /* for what must come; nothing waits so long when all is well */
#define SESSIONS 64

static struct fixture {
	char folder[64], database[80], socket[80], log[80];
	struct settings_loaded *settings;
	struct scoreboard *board;
	int supervisor; /* our end */
	int listener;
	pid_t manager;
} f;

static void start_manager(void)
{
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	f.manager = fork();
	assert_true(f.manager >= 0);
	if (f.manager == 0) {
		struct manager_start start = { .settings = f.settings,
					       .board = f.board,
					       .supervisor = ends[1],
					       .api = f.listener };
		fd_close(&ends[0]);
		exit(log_open(f.log, LOG_DEBUG) < 0 ? 99 : manager_main(&start));
	}
	fd_close(&ends[1]);
	f.supervisor = ends[0];
}

static int wait_for_manager(void)
{
	int status = -1;

	assert_int_equal(waitpid(f.manager, &status, 0), f.manager);
	f.manager = 0;
	fd_close(&f.supervisor);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int terminate_manager(void)
{
	const struct message_head terminate = { MSG_TERMINATE };

	assert_int_equal(
		channel_send(f.supervisor, &terminate, sizeof(terminate), NULL, 0, PATIENCE_MS), 0);
	return wait_for_manager();
}

static int make_listener(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (text_copy(text_of(f.socket), name.sun_path, sizeof(name.sun_path)) < 0 || fd < 0 ||
	    bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || chmod(f.socket, 0666) < 0 ||
	    listen(fd, 64) < 0)
		return -1;
	return fd;
}

static int make_fixture(void **state)
{
	char directory[128];
	const char *overrides[] = { directory, "verify_threads=3", "extra_data_roots=/srv" };
	struct settings_error error;

	(void)state;
	f = (struct fixture){ .folder = "/tmp/manager_test.XXXXXX", .supervisor = -1 };
	if (!mkdtemp(f.folder) || chmod(f.folder, 0755) < 0)
		return -1;
	(void)snprintf(f.database, sizeof(f.database), "%s/accounts.db", f.folder);
	(void)snprintf(f.socket, sizeof(f.socket), "%s/manager.sock", f.folder);
	(void)snprintf(f.log, sizeof(f.log), "%s/log", f.folder);
	(void)snprintf(directory, sizeof(directory), "state_directory=%s", f.folder);
	if (settings_load("test", T(""), overrides, ARRAY_SIZE(overrides), &f.settings, &error) <
	    0) {
		print_error("%s\n", error.text);
		return -1;
	}
	f.board = scoreboard_new(SESSIONS); /* lives as long as the process, as in the server */
	f.listener = make_listener();
	return f.board && f.listener >= 0 ? 0 : -1;
}

static int make_running(void **state)
{
	if (make_fixture(state) < 0)
		return -1;
	start_manager();
	return 0;
}

static int remove_fixture(void **state)
{
	static const char *const names[] = { "accounts.db", "accounts.db-wal", "accounts.db-shm",
					     "manager.sock", "log" };
	char path[96];
	int status = 0;

	(void)state;
	if (f.manager > 0)
		status = terminate_manager();
	settings_free(&f.settings);
	fd_close(&f.listener);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", f.folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(f.folder) == 0 && status == 0 ? 0 : -1;
}

/* --- the command line's side: HTTP over the Unix socket --- */

struct answer {
	unsigned status;
	char head[2048];
	json_t *json; /* owned; NULL without a body */
};

static void answer_release(struct answer *answer)
{
	json_decref(answer->json);
	answer->json = NULL;
}
#define AUTO_ANSWER __attribute__((cleanup(answer_release)))

static void send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		assert_true(n > 0);
		data += n;
		len -= (size_t)n;
	}
}

static size_t receive_all(int fd, char *ret, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, ret + len, size - 1 - len, 0)) > 0)
		len += (size_t)n;
	assert_int_equal(n, 0);
	ret[len] = '\0';
	return len;
}

static int connect_api(void)
{
	struct timeval patience = { PATIENCE_MS / 1000, 0 };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(text_copy(text_of(f.socket), name.sun_path, sizeof(name.sun_path)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static struct answer ask_raw(const char *method, const char *path, struct text body)
{
	static char response[256 * 1024];
	AUTO_CLOSE int fd = connect_api();
	struct answer answer = { 0 };
	char head[512];

	int len = snprintf(head, sizeof(head),
			   "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
			   "Content-Length: %zu\r\n\r\n",
			   method, path, body.len);
	send_all(fd, head, (size_t)len);
	send_all(fd, body.ptr, body.len);
	(void)receive_all(fd, response, sizeof(response));

	char *content = strstr(response, "\r\n\r\n");
	assert_non_null(content);
	*content = '\0';
	assert_int_equal(text_copy(text_of(response), answer.head, sizeof(answer.head)), 0);
	struct text status = { response + 9, 3 };
	uint64_t number = 0;
	assert_int_equal(text_to_uint(status, 999, &number), 0);
	answer.status = (unsigned)number;
	answer.json = json_loads(content + 4, 0, NULL);
	return answer;
}

static struct answer ask(const char *method, const char *path, const char *body)
{
	return ask_raw(method, path, text_of(body ? body : ""));
}

static void assert_answer(const char *method, const char *path, const char *body, unsigned status)
{
	AUTO_ANSWER struct answer answer = ask(method, path, body);

	if (answer.status != status) {
		AUTO_FREE char *json = answer.json ? json_dumps(answer.json, 0) : NULL;
		fail_msg("%s %s %s: %u instead of %u: %s", method, path, body ? body : "",
			 answer.status, status, json ? json : "");
	}
}

static const char *member(const struct answer *answer, const char *name)
{
	const char *value = json_string_value(json_object_get(answer->json, name));

	return value ? value : "";
}

static void add_user(const char *name, const char *password)
{
	char body[256];

	(void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"}", name, password);
	assert_answer("POST", "/api/v1/users", body, 201);
}

/* --- the workers' side --- */

static int connect_worker(uint32_t slot)
{
	struct message_worker_channel message = { { MSG_WORKER_CHANNEL }, slot, 1 };
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(
		channel_send(f.supervisor, &message, sizeof(message), &ends[1], 1, PATIENCE_MS), 0);
	fd_close(&ends[1]);
	return ends[0];
}

static void send_login(int worker, uint64_t id, const char *user, const char *password)
{
	struct message_auth_request request = { .head = { MSG_AUTH_REQUEST },
						.request_id = id,
						.session_id = id };

	assert_int_equal(address_parse(T("192.0.2.7"), &request.peer), 0);
	assert_int_equal(text_copy(text_of(user), request.user, sizeof(request.user)), 0);
	assert_int_equal(secret_set(&request.password, text_of(password)), 0);
	assert_int_equal(channel_send(worker, &request, sizeof(request), NULL, 0, PATIENCE_MS), 0);
}

/* The next packet; its length, 0 when the manager has closed the channel. */
static ssize_t receive(int channel, union message *ret)
{
	struct pollfd wait = { channel, POLLIN, 0 };
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds = 0;

	assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
	return channel_receive(channel, ret, sizeof(*ret), fds, &n_fds);
}

static struct message_auth_reply receive_reply(int worker)
{
	union message message;

	ssize_t n = receive(worker, &message);
	assert_int_equal(message.head.kind, MSG_AUTH_REPLY);
	assert_true(message_auth_reply_is_whole(&message.auth_reply, (size_t)n));
	return message.auth_reply;
}

static enum auth_result login(int worker, const char *user, const char *password)
{
	static uint64_t id;

	send_login(worker, ++id, user, password);
	struct message_auth_reply reply = receive_reply(worker);
	assert_int_equal(reply.request_id, id);
	return reply.result;
}

static struct message_kick receive_kick(int worker)
{
	union message message;

	assert_int_equal(receive(worker, &message), sizeof(message.kick));
	assert_int_equal(message.head.kind, MSG_KICK);
	return message.kick;
}

/* Does the log hold a line with both parts? */
static bool log_has(const char *first, const char *second)
{
	static char log[256 * 1024];
	AUTO_CLOSE int fd = open(f.log, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, log, sizeof(log));
	struct text rest = { log, n > 0 ? (size_t)n : 0 }, line;

	while (text_take_until(&rest, '\n', &line))
		if (memmem(line.ptr, line.len, first, strlen(first)) &&
		    memmem(line.ptr, line.len, second, strlen(second)))
			return true;
	return false;
}

/* --- refusals --- */

static void bad_requests_are_answered_with_their_problem(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path, *body;
		unsigned status;
		const char *field;
	} rows[] = {
		{ "GET", "/", NULL, 404, "" },
		{ "GET", "/api/v1/nothing", NULL, 404, "" },
		{ "GET", "/api/v1/users/nobody", NULL, 404, "" },
		{ "DELETE", "/api/v1/users/nobody", NULL, 404, "" },
		{ "PATCH", "/api/v1/users/nobody", "{}", 404, "" },
		{ "DELETE", "/api/v1/sessions/1", NULL, 404, "" },
		{ "DELETE", "/api/v1/sessions/x", NULL, 404, "" },
		{ "DELETE", "/api/v1/sessions/0", NULL, 404, "" },
		{ "PUT", "/api/v1/users", "{}", 405, "" },
		{ "POST", "/api/v1/users", "", 400, "" },
		{ "POST", "/api/v1/users", "{\"name\":", 400, "" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\\u0000\"}", 400, "" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"name\":\"b\"}", 400, "" },
		{ "POST", "/api/v1/users", "[]", 422, "" },
		{ "POST", "/api/v1/users", "{}", 422, "name" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\"}", 422, "password" },
		{ "POST", "/api/v1/users", "{\"name\":\"a/b\",\"password\":\"x\"}", 422, "name" },
		{ "POST", "/api/v1/users", "{\"name\":\" a\",\"password\":\"x\"}", 422, "name" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"password\":\"\"}", 422, "password" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"password\":\"x\\ny\"}", 422,
		  "password" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"password\":1}", 422, "password" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"password\":\"x\",\"uid\":0}", 422,
		  "uid" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"password_hash\":\"x\"}", 422,
		  "password_hash" },
		{ "POST", "/api/v1/users",
		  "{\"name\":\"a\",\"password\":\"x\",\"password_hash\":\"abMbH7WsHr7wQ\"}", 422,
		  "password_hash" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"password\":\"x\",\"home\":\"../b\"}",
		  422, "home" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"password\":\"x\",\"home\":\"\"}", 422,
		  "home" },
		{ "POST", "/api/v1/users",
		  "{\"name\":\"a\",\"password\":\"x\",\"home\":\"/srvx/a\"}", 422, "home" },
		{ "POST", "/api/v1/users",
		  "{\"name\":\"a\",\"password\":\"x\",\"permissions\":[\"list\",\"fly\"]}", 422,
		  "permissions" },
		{ "POST", "/api/v1/users", "{\"name\":\"a\",\"password\":\"x\",\"enabled\":1}", 422,
		  "enabled" },
		{ "DELETE", "/api/v1/sessions/1", "{\"reason\":\"a\\r\\n220 x\"}", 422, "reason" },
		{ "DELETE", "/api/v1/sessions/1", "{\"why\":\"x\"}", 422, "why" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_ANSWER struct answer answer = ask(rows[i].method, rows[i].path, rows[i].body);
		if (answer.status != rows[i].status ||
		    strcmp(member(&answer, "field"), rows[i].field))
			fail_msg("%s %s %s: %u %s", rows[i].method, rows[i].path,
				 rows[i].body ? rows[i].body : "", answer.status,
				 member(&answer, "field"));
		assert_non_null(strstr(answer.head, "Content-Type: application/problem+json"));
		assert_string_equal(member(&answer, "type"), "about:blank");
		assert_string_not_equal(member(&answer, "detail"), "");
		assert_int_equal(json_integer_value(json_object_get(answer.json, "status")),
				 rows[i].status);
	}
	AUTO_ANSWER struct answer users = ask("GET", "/api/v1/users", NULL);
	assert_int_equal(json_array_size(json_object_get(users.json, "users")), 0);
}

static void a_wrong_method_hears_which_are_allowed(void **state)
{
	(void)state;
	AUTO_ANSWER struct answer answer = ask("PUT", "/api/v1/users/x", "{}");

	assert_int_equal(answer.status, 405);
	assert_non_null(strstr(answer.head, "Allow: GET, PATCH, DELETE"));
}

static void a_body_that_is_too_large_is_refused(void **state)
{
	(void)state;
	AUTO_FREE char *body = malloc(256 * 1024);
	AUTO_ANSWER struct answer large = { 0 }, fitting = { 0 };

	assert_non_null(body);
	memset(body, ' ', 256 * 1024);
	large = ask_raw("POST", "/api/v1/users", (struct text){ body, 256 * 1024 });
	assert_int_equal(large.status, 413);
	fitting = ask_raw("POST", "/api/v1/users", (struct text){ body, 64 * 1024 });
	assert_int_equal(fitting.status, 400);
}

static void other_users_of_the_machine_are_refused(void **state)
{
	int status = -1;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can be somebody else */
	pid_t child = fork();
	if (child == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(2);
		AUTO_ANSWER struct answer answer = ask("GET", "/api/v1/status", NULL);
		AUTO_ANSWER struct answer post = ask("POST", "/api/v1/users", "{}");
		_exit(answer.status == 403 && post.status == 403 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void an_unusable_database_ends_the_manager_with_a_reason(void **state)
{
	(void)state;
	AUTO_CLOSE int fd = open(f.database, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "this is a text file, not a database\n", 36), 36);
	start_manager();
	assert_int_equal(wait_for_manager(), EXIT_FAILURE);
	assert_true(log_has("accounts-unusable", f.database));
}

static void refused_logins_get_the_same_answer_and_the_log_the_reason(void **state)
{
	(void)state;
	AUTO_CLOSE int worker = connect_worker(0);

	add_user("alice", "secret");
	add_user("bob", "secret");
	assert_answer("PATCH", "/api/v1/users/bob", "{\"enabled\":false}", 200);
	(void)receive_kick(worker);

	assert_int_equal(login(worker, "alice", "Secret"), AUTH_WRONG_PASSWORD);
	assert_int_equal(login(worker, "alice", ""), AUTH_WRONG_PASSWORD);
	assert_int_equal(login(worker, "Alice", "secret"), AUTH_NO_USER);
	assert_int_equal(login(worker, "", ""), AUTH_NO_USER);
	assert_int_equal(login(worker, "bob", "secret"), AUTH_DISABLED);
	assert_int_equal(login(worker, "bob", "wrong"), AUTH_DISABLED);
	assert_true(log_has("login-refused user=alice", "reason=wrong-password cause=D-61"));
	assert_true(log_has("login-refused user=Alice", "reason=no-such-user cause=D-61"));
	assert_true(log_has("login-refused user=bob", "reason=disabled cause=D-60"));
	assert_true(log_has("login-refused user=alice", "peer=192.0.2.7"));
	assert_false(log_has("", "Secret"));
}

static void a_worker_that_sends_nonsense_loses_its_channel_only(void **state)
{
	(void)state;
	AUTO_CLOSE int good = connect_worker(0);
	AUTO_CLOSE int bad = connect_worker(1);
	struct message_auth_request unended = { .head = { MSG_AUTH_REQUEST } };
	union message message;

	memset(unended.user, 'a', sizeof(unended.user));
	assert_int_equal(channel_send(bad, &unended, sizeof(unended), NULL, 0, PATIENCE_MS), 0);
	assert_int_equal(receive(bad, &message), 0);
	assert_int_equal(login(good, "nobody", "x"), AUTH_NO_USER);
}

/* --- users --- */

static void a_user_is_added_shown_changed_and_deleted(void **state)
{
	(void)state;
	add_user("alice", "secret");
	assert_answer("POST", "/api/v1/users", "{\"name\":\"alice\",\"password\":\"x\"}", 409);

	AUTO_ANSWER struct answer user = ask("GET", "/api/v1/users/alice", NULL);
	assert_int_equal(user.status, 200);
	assert_string_equal(member(&user, "name"), "alice");
	assert_string_equal(member(&user, "home"), "alice");
	assert_true(json_is_true(json_object_get(user.json, "enabled")));
	assert_int_equal(json_array_size(json_object_get(user.json, "permissions")), 9);
	assert_true(json_is_null(json_object_get(user.json, "last_login")));
	assert_true(json_is_null(json_object_get(user.json, "last_login_from")));
	assert_int_equal(json_integer_value(json_object_get(user.json, "sessions")), 0);
	assert_null(json_object_get(user.json, "password_hash"));

	AUTO_ANSWER struct answer changed =
		ask("PATCH", "/api/v1/users/alice",
		    "{\"home\":\"/srv/a\",\"permissions\":[\"list\",\"download\"]}");
	assert_int_equal(changed.status, 200);
	assert_string_equal(member(&changed, "home"), "/srv/a");
	assert_int_equal(json_array_size(json_object_get(changed.json, "permissions")), 2);
	assert_string_equal(member(&changed, "created"), member(&user, "created"));

	assert_answer("DELETE", "/api/v1/users/alice", NULL, 204);
	assert_answer("GET", "/api/v1/users/alice", NULL, 404);
}

static void names_are_percent_decoded(void **state)
{
	(void)state;
	add_user("J\xc3\xbcrgen + 100%", "x");
	AUTO_ANSWER struct answer user = ask("GET", "/api/v1/users/J%C3%BCrgen%20+%20100%25", NULL);

	assert_int_equal(user.status, 200);
	assert_string_equal(member(&user, "name"), "J\xc3\xbcrgen + 100%");
}

static void a_hash_of_another_server_lets_its_user_in(void **state)
{
	(void)state;
	AUTO_CLOSE int worker = connect_worker(0);

	assert_answer("POST", "/api/v1/users",
		      "{\"name\":\"old\",\"password_hash\":\"abMbH7WsHr7wQ\"}", 201);
	assert_int_equal(login(worker, "old", "hello"), AUTH_WRONG_PASSWORD);
	assert_int_equal(login(worker, "old", "Hello world!"), AUTH_OK);
}

/* --- logins --- */

static void a_login_gets_home_and_permissions(void **state)
{
	(void)state;
	AUTO_CLOSE int worker = connect_worker(0);

	assert_answer("POST", "/api/v1/users",
		      "{\"name\":\"alice\",\"password\":\"secret\",\"home\":\"staff/alice\","
		      "\"permissions\":[\"list\",\"rename\"]}",
		      201);
	send_login(worker, 77, "alice", "secret");
	struct message_auth_reply reply = receive_reply(worker);
	assert_int_equal(reply.request_id, 77);
	assert_int_equal(reply.result, AUTH_OK);
	assert_int_equal(reply.permissions, PERM_LIST | PERM_RENAME);
	assert_string_equal(reply.user, "alice");
	assert_string_equal(reply.home, "staff/alice");
}

static void the_last_login_is_noted_soon(void **state)
{
	(void)state;
	AUTO_CLOSE int worker = connect_worker(0);
	int64_t deadline = deadline_in(PATIENCE_MS);
	bool is_noted = false;

	add_user("alice", "secret");
	assert_int_equal(login(worker, "alice", "secret"), AUTH_OK);
	while (!is_noted && deadline_left(deadline) > 0) {
		AUTO_ANSWER struct answer user = ask("GET", "/api/v1/users/alice", NULL);
		is_noted = strcmp(member(&user, "last_login_from"), "192.0.2.7") == 0 &&
			   strlen(member(&user, "last_login")) == 24;
	}
	assert_true(is_noted);
}

static void a_changed_password_counts_at_once(void **state)
{
	(void)state;
	AUTO_CLOSE int worker = connect_worker(0);

	add_user("alice", "first");
	assert_int_equal(login(worker, "alice", "first"), AUTH_OK);
	assert_int_equal(login(worker, "alice", "first"), AUTH_OK); /* from the cache */
	assert_answer("PATCH", "/api/v1/users/alice", "{\"password\":\"second\"}", 200);
	assert_int_equal(login(worker, "alice", "first"), AUTH_WRONG_PASSWORD);
	assert_int_equal(login(worker, "alice", "second"), AUTH_OK);
}

static void many_logins_of_several_workers_are_all_answered(void **state)
{
	(void)state;
	int workers[3] = { connect_worker(0), connect_worker(1), connect_worker(2) };

	add_user("alice", "secret");
	for (uint64_t i = 0; i < 10; i++)
		for (size_t w = 0; w < ARRAY_SIZE(workers); w++)
			send_login(workers[w], i + 100 * w, "alice", i % 5 ? "secret" : "wrong");
	for (size_t w = 0; w < ARRAY_SIZE(workers); w++) {
		uint64_t sum = 0, good = 0;
		for (uint64_t i = 0; i < 10; i++) {
			struct message_auth_reply reply = receive_reply(workers[w]);
			sum += reply.request_id - 100 * w;
			good += reply.result == AUTH_OK;
		}
		assert_int_equal(sum, 45);
		assert_int_equal(good, 8);
		fd_close(&workers[w]);
	}
}

static void disabling_and_deleting_kick_on_every_worker(void **state)
{
	(void)state;
	AUTO_CLOSE int first = connect_worker(0);
	AUTO_CLOSE int second = connect_worker(1);

	add_user("alice", "secret");
	/* The workers are known to the manager once it has answered them. */
	assert_int_equal(login(first, "x", "x"), AUTH_NO_USER);
	assert_int_equal(login(second, "x", "x"), AUTH_NO_USER);
	assert_answer("PATCH", "/api/v1/users/alice", "{\"enabled\":false}", 200);
	for (int i = 0; i < 2; i++) {
		struct message_kick kick = receive_kick(i ? second : first);
		assert_int_equal(kick.session_id, 0);
		assert_string_equal(kick.user, "alice");
		assert_non_null(strstr(kick.reason, "disabled by the administrator"));
	}
	assert_answer("DELETE", "/api/v1/users/alice", NULL, 204);
	assert_non_null(strstr(receive_kick(first).reason, "deleted by the administrator"));
	assert_non_null(strstr(receive_kick(second).reason, "deleted by the administrator"));
}

/* Logins are on their way while the user is disabled: none is let in behind the kick. */
static void no_login_succeeds_behind_the_kick(void **state)
{
	(void)state;
	AUTO_CLOSE int worker = connect_worker(0);
	union message message;

	add_user("alice", "secret");
	for (int round = 0; round < 5; round++) {
		bool is_kicked = false;

		assert_answer("PATCH", "/api/v1/users/alice", "{\"enabled\":true}", 200);
		assert_int_equal(login(worker, "alice", "secret"), AUTH_OK);
		for (uint64_t i = 0; i < 30; i++)
			send_login(worker, i, "alice", "secret");
		assert_answer("PATCH", "/api/v1/users/alice", "{\"enabled\":false}", 200);
		for (int n = 0; n < 31; n++) {
			assert_true(receive(worker, &message) > 0);
			if (message.head.kind == MSG_KICK)
				is_kicked = true;
			else
				assert_false(is_kicked && message.auth_reply.result == AUTH_OK);
		}
		assert_true(is_kicked);
	}
}

/* --- sessions and status --- */

static uint64_t open_session(const char *user, uint32_t *ret_slot)
{
	struct session_view view = { .is_logged_in = true,
				     .is_tls = true,
				     .started_wall_ms = 1700000000123,
				     .transfer = TRANSFER_UPLOAD,
				     .transfer_bytes = 12,
				     .tls = "TLSv1.3 TLS_AES_128_GCM_SHA256",
				     .directory = "/",
				     .transfer_path = "/file" };
	uint64_t id = 0;

	assert_int_equal(address_parse(T("2001:db8::1"), &view.peer), 0);
	assert_int_equal(text_copy(text_of(user), view.user, sizeof(view.user)), 0);
	assert_int_equal(scoreboard_open(f.board, 0, ret_slot, &id), 0);
	scoreboard_publish(f.board, *ret_slot, &view);
	scoreboard_set_command(f.board, *ret_slot, "STOR \xff", 1700000000456);
	return id;
}

static void sessions_are_listed_and_counted(void **state)
{
	(void)state;
	uint32_t slot;
	uint64_t id = open_session("alice", &slot);

	add_user("alice", "x");
	add_user("alic", "x");
	AUTO_ANSWER struct answer list = ask("GET", "/api/v1/sessions", NULL);
	const json_t *session = json_array_get(json_object_get(list.json, "sessions"), 0);
	assert_int_equal(json_array_size(json_object_get(list.json, "sessions")), 1);
	assert_int_equal(json_integer_value(json_object_get(session, "id")), id);
	assert_string_equal(json_string_value(json_object_get(session, "user")), "alice");
	assert_string_equal(json_string_value(json_object_get(session, "peer")), "[2001:db8::1]:0");
	assert_string_equal(json_string_value(json_object_get(session, "command")),
			    "STOR \xef\xbf\xbd");
	const json_t *transfer = json_object_get(session, "transfer");
	assert_string_equal(json_string_value(json_object_get(transfer, "kind")), "upload");
	assert_int_equal(json_integer_value(json_object_get(transfer, "bytes")), 12);
	assert_int_equal(json_object_size(session), 19);

	AUTO_ANSWER struct answer users = ask("GET", "/api/v1/users", NULL);
	const json_t *all = json_object_get(users.json, "users");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 0), "sessions")),
			 0);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 1), "sessions")),
			 1);
	scoreboard_close(f.board, slot);
}

static void a_session_is_kicked_by_its_id(void **state)
{
	(void)state;
	AUTO_CLOSE int worker = connect_worker(0);
	char path[64];
	uint32_t slot;

	add_user("alice", "x");
	uint64_t id = open_session("alice", &slot);
	assert_int_equal(login(worker, "x", "x"), AUTH_NO_USER);
	(void)snprintf(path, sizeof(path), "/api/v1/sessions/%" PRIu64, id);
	assert_answer("DELETE", path, "{\"reason\":\"Maintenance at noon.\"}", 204);
	struct message_kick kick = receive_kick(worker);
	assert_int_equal(kick.session_id, id);
	assert_string_equal(kick.reason, "Maintenance at noon.");
	assert_answer("DELETE", path, NULL, 204);
	assert_string_not_equal(receive_kick(worker).reason, "");
	scoreboard_close(f.board, slot);
	assert_answer("DELETE", path, NULL, 404);
}

/* The manager before this one may have died between a disable and its kick. */
static void a_new_worker_channel_brings_the_kicks_that_are_owed(void **state)
{
	(void)state;
	uint32_t gone, allowed;

	add_user("alice", "x");
	uint64_t id = open_session("deleted", &gone);
	(void)open_session("alice", &allowed);
	AUTO_CLOSE int worker = connect_worker(0);
	struct message_kick kick = receive_kick(worker);
	assert_int_equal(kick.session_id, id);
	assert_int_equal(login(worker, "x", "x"), AUTH_NO_USER); /* and no other kick before it */
}

static void the_status_shows_processes_and_listeners(void **state)
{
	(void)state;
	const struct server_view server = { .supervisor_pid = 11,
					    .generation = 2,
					    .worker_restarts = 3,
					    .last_reload_error = "no" };
	const struct worker_view worker = { .state = WORKER_DRAINING, .pid = 12, .generation = 1 };

	scoreboard_set_server(f.board, &server);
	scoreboard_set_worker(f.board, 5, &worker);
	AUTO_ANSWER struct answer answer = ask("GET", "/api/v1/status", NULL);
	assert_int_equal(answer.status, 200);
	assert_int_equal(json_integer_value(json_object_get(answer.json, "supervisor_pid")), 11);
	assert_int_equal(json_integer_value(json_object_get(answer.json, "max_sessions")),
			 SESSIONS);
	assert_string_equal(member(&answer, "last_reload_error"), "no");
	assert_true(json_is_null(json_object_get(answer.json, "last_reload")));
	const json_t *first = json_array_get(json_object_get(answer.json, "workers"), 0);
	assert_int_equal(json_integer_value(json_object_get(first, "slot")), 5);
	assert_string_equal(json_string_value(json_object_get(first, "state")), "draining");
	const json_t *listeners = json_object_get(answer.json, "listeners");
	assert_string_equal(json_string_value(json_object_get(listeners, "passive_ports")),
			    "40000-50000");
}

static void a_reload_is_handed_to_the_supervisor(void **state)
{
	(void)state;
	union message message;

	assert_answer("POST", "/api/v1/reload", NULL, 202);
	assert_int_equal(receive(f.supervisor, &message), sizeof(message.head));
	assert_int_equal(message.head.kind, MSG_RELOAD);
}

/* --- the end --- */

static void the_end_waits_for_the_logins_in_hand(void **state)
{
	(void)state;
	AUTO_CLOSE int worker = connect_worker(0);

	for (uint64_t i = 0; i < 20; i++)
		send_login(worker, i, "nobody", "x");
	assert_int_equal(terminate_manager(), EXIT_SUCCESS);
	for (int i = 0; i < 20; i++)
		assert_int_equal(receive_reply(worker).result, AUTH_NO_USER);
}

static void the_end_of_the_supervisor_is_the_end_of_the_manager(void **state)
{
	(void)state;
	add_user("alice", "secret");
	fd_close(&f.supervisor);
	assert_int_equal(wait_for_manager(), EXIT_SUCCESS);
}

static void accounts_outlive_the_manager(void **state)
{
	(void)state;
	add_user("alice", "secret");
	assert_int_equal(kill(f.manager, SIGKILL), 0);
	assert_int_equal(waitpid(f.manager, NULL, 0), f.manager);
	fd_close(&f.supervisor);
	start_manager();
	AUTO_CLOSE int worker = connect_worker(0);
	assert_int_equal(login(worker, "alice", "secret"), AUTH_OK);
}

#define WITH_MANAGER(test) cmocka_unit_test_setup_teardown(test, make_running, remove_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MANAGER(bad_requests_are_answered_with_their_problem),
		WITH_MANAGER(a_wrong_method_hears_which_are_allowed),
		WITH_MANAGER(a_body_that_is_too_large_is_refused),
		WITH_MANAGER(other_users_of_the_machine_are_refused),
		cmocka_unit_test_setup_teardown(an_unusable_database_ends_the_manager_with_a_reason,
						make_fixture, remove_fixture),
		WITH_MANAGER(refused_logins_get_the_same_answer_and_the_log_the_reason),
		WITH_MANAGER(a_worker_that_sends_nonsense_loses_its_channel_only),
		WITH_MANAGER(a_user_is_added_shown_changed_and_deleted),
		WITH_MANAGER(names_are_percent_decoded),
		WITH_MANAGER(a_hash_of_another_server_lets_its_user_in),
		WITH_MANAGER(a_login_gets_home_and_permissions),
		WITH_MANAGER(the_last_login_is_noted_soon),
		WITH_MANAGER(a_changed_password_counts_at_once),
		WITH_MANAGER(many_logins_of_several_workers_are_all_answered),
		WITH_MANAGER(disabling_and_deleting_kick_on_every_worker),
		WITH_MANAGER(no_login_succeeds_behind_the_kick),
		WITH_MANAGER(sessions_are_listed_and_counted),
		WITH_MANAGER(a_session_is_kicked_by_its_id),
		WITH_MANAGER(a_new_worker_channel_brings_the_kicks_that_are_owed),
		WITH_MANAGER(the_status_shows_processes_and_listeners),
		WITH_MANAGER(a_reload_is_handed_to_the_supervisor),
		WITH_MANAGER(the_end_waits_for_the_logins_in_hand),
		WITH_MANAGER(the_end_of_the_supervisor_is_the_end_of_the_manager),
		WITH_MANAGER(accounts_outlive_the_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
