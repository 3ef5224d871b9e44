/* worker/session_fuzz.c - a whole session, in clear and without data connections: whatever its
 * client sends, the session ends in order, its replies are whole lines, and nothing beside the home
 * changes. Input: the client's bytes behind the login. A first byte '!' leaves the login to the
 * input; the user "reader" may only read, and the password of all is "x". */
#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/log.h"
#include "ipc/channel.h"
#include "worker/events.h"
#include "worker/hosts.h"
#include "worker/manager_link.h"
#include "worker/passive.h"
#include "worker/pool.h"
#include "worker/sessions.h"

#define LONGEST_INPUT ((size_t)32 * 1024) /* fits into a socket's queue */
#define PATIENCE_MS 60000

static struct worker worker;
static struct worker_start start;
static int manager; /* its end of the channel */
static char folder[] = "/tmp/session_fuzz.XXXXXX", home_path[sizeof(folder) + 8];
static int outside = -1, home = -1; /* the folder; the home in it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- the files -------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st UNUSED, int kind UNUSED,
		      struct FTW *where UNUSED)
{
	return remove(path);
}

/* Directories that a client has shut (SITE CHMOD) can be entered again. */
static int open_one(const char *path, const struct stat *st UNUSED, int kind,
		    struct FTW *where UNUSED)
{
	if (kind != FTW_D && kind != FTW_DNR)
		return 0;
	(void)chmod(path, 0700);
	return kind == FTW_DNR ? nftw(path, open_one, 16, FTW_PHYS) : 0;
}

static void remove_tree(const char *path)
{
	(void)nftw(path, open_one, 16, FTW_PHYS);
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* the first time there is none */
}

static void remove_folder(void)
{
	remove_tree(folder);
}

static void make_file(int directory, const char *name, const char *content)
{
	AUTO_CLOSE int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

/* Each input finds the same. */
static void make_home(void)
{
	fd_close(&home);
	remove_tree(home_path);
	assert(mkdir(home_path, 0700) == 0);
	home = open(home_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert(mkdirat(home, "d", 0700) == 0);
	make_file(home, "a", "0123456789\n");
	make_file(home, "d/b c", "one\r\ntwo\r\n");
	assert(symlinkat("..", home, "out") == 0 && symlinkat("d", home, "in") == 0);
}

static bool has(int directory, const char *name, mode_t mode, nlink_t links)
{
	struct stat st;

	return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mode == mode &&
	       st.st_nlink == links;
}

/* Links of a directory: its name, its own entry, and one for each directory inside. */
static bool has_home_changed(void)
{
	return !has(AT_FDCWD, home_path, S_IFDIR | 0700, 3) || !has(home, "d", S_IFDIR | 0700, 2) ||
	       !has(home, "a", S_IFREG | 0600, 1) || !has(home, "d/b c", S_IFREG | 0600, 1) ||
	       !has(home, "in", S_IFLNK | 0777, 1) || !has(home, "out", S_IFLNK | 0777, 1);
}

/* What lies beside the home must stay as it is. */
static void check_outside(void)
{
	assert(has(outside, "file", S_IFREG | 0600, 1));
	assert(has(AT_FDCWD, folder, S_IFDIR | 0700, 3));
}

/* --- the manager ------------------------------------------------------------------------------ */

/* The fuzzer's own clock is a signal. */
static void wait_for(int fd, int timeout_ms)
{
	struct pollfd polled = { fd, POLLIN, 0 };
	int n;

	do {
		n = poll(&polled, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	assert(n == 1);
}

static void answer(const struct message_auth_request *request)
{
	bool is_right = text_equal(secret_text(&request->password), T("x"));
	bool is_reader = strcmp(request->user, "reader") == 0;
	struct message_auth_reply reply = {
		.head = { MSG_AUTH_REPLY },
		.request_id = request->request_id,
		.result = is_right ? AUTH_OK : AUTH_WRONG_PASSWORD,
		.permissions = is_reader ? PERM_LIST | PERM_DOWNLOAD : PERM_ALL,
		.user = "user",
		.home = "user",
	};

	assert(channel_send(manager, &reply, message_auth_reply_size(&reply), NULL, 0,
			    PATIENCE_MS) == 0);
}

/* The manager, and what a worker's main thread does with its answers. */
static void *run_manager(void *arg UNUSED)
{
	for (;;) {
		union message message;
		int fds[CHANNEL_MAX_FDS];
		size_t n_fds;

		wait_for(manager, -1);
		ssize_t n = channel_receive(manager, &message, sizeof(message), fds, &n_fds);
		assert(n == sizeof(message.auth_request));
		answer(&message.auth_request);
		(void)manager_link_read(worker.manager, -1);
	}
	return NULL;
}

/* --- set-up ----------------------------------------------------------------------------------- */

static const struct settings *load_settings(void)
{
	static const char *const overrides[] = {
		"plain_ftp=yes",	"passive=no",		"active=no",
		"failed_login_delay=0", "max_login_attempts=3", "server_name=ftp.test"
	};
	struct settings_loaded *loaded = NULL;
	struct settings_error error;
	int r = settings_load("fuzz", T(""), overrides, ARRAY_SIZE(overrides), &loaded, &error);

	assert(r == 0);
	return settings_values(loaded); /* for the life of the process */
}

/* As worker_main does it, without channels to a supervisor. */
static void set_up_worker(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), ends[2];
	pthread_t thread;

	start = (struct worker_start){
		.settings = load_settings(),
		.board = scoreboard_new(16),
		.reservations = reservations_new(16),
		.places = places_new(16),
		.supervisor = -1,
		.mailbox = -1,
		.data_root = outside,
	};
	assert(start.board && start.reservations && start.places && start.data_root >= 0 &&
	       epoll >= 0);
	worker = (struct worker){ .start = &start,
				  .settings = start.settings,
				  .server_name = "ftp.test" };
	assert(hosts_init(&worker) == 0);
	worker.sessions = sessions_new(&worker, epoll);
	worker.passive = passive_new(&worker, epoll);
	worker.manager = manager_link_new(&worker, epoll_create1(EPOLL_CLOEXEC));
	worker.events = events_new(&worker, epoll_create1(EPOLL_CLOEXEC));
	assert(worker.sessions && worker.passive && worker.manager && worker.events);
	assert(external_new(T(""), &worker.external) == 0 && channel_pair(ends) == 0);
	manager = ends[0];
	manager_link_connect(worker.manager, ends[1]);
	assert(pool_new(&worker, epoll) != NULL);
	assert(pthread_create(&thread, NULL, run_manager, NULL) == 0);
	assert(pthread_detach(thread) == 0);
}

static void set_up(void)
{
	static bool is_set_up;

	if (is_set_up)
		return;
	is_set_up = true;
	(void)signal(SIGPIPE, SIG_IGN);
	assert(mkdtemp(folder) && atexit(remove_folder) == 0);
	(void)snprintf(home_path, sizeof(home_path), "%s/user", folder);
	outside = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	make_file(outside, "file", "not yours\n");
	make_home();
	assert(log_open("/dev/null", LOG_DEBUG) == 0); /* so that lines are made, too */
	set_up_worker();
}

/* --- one session ------------------------------------------------------------------------------ */

/* A session whose client is the other end, in the hands of the pool. */
static void open_session(int fd)
{
	const struct address peer = { .ip = { [10] = 0xff, 0xff, 127, 0, 0, 1 }, .port = 50000 };
	struct session_refusal refusal;
	struct session *s = sessions_open(worker.sessions, fd, &peer, false, -1, &refusal);

	assert(s);
	sessions_dispatch(worker.sessions, s);
}

/* Reads to the end: a greeting, and whole lines. */
static void read_replies(int client)
{
	char bytes[16 * 1024], last = '\n';
	ssize_t n;
	bool is_first = true;

	for (;;) {
		wait_for(client, PATIENCE_MS);
		n = recv(client, bytes, sizeof(bytes), 0);
		if (n <= 0)
			break;
		if (is_first)
			assert(n >= 4 && memcmp(bytes, "220 ", 4) == 0);
		is_first = false;
		last = bytes[n - 1];
	}
	assert(n == 0 && last == '\n');
}

static void wait_until_closed(void)
{
	while (sessions_count(worker.sessions) > 0)
		(void)sched_yield();
}

static void send_all(int client, const void *bytes, size_t len)
{
	assert(send(client, bytes, len, 0) == (ssize_t)len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char login[] = "USER user\r\nPASS x\r\n";
	AUTO_CLOSE int client = -1;
	int ends[2];

	set_up();
	if (size > LONGEST_INPUT)
		return 0;
	if (has_home_changed())
		make_home();
	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	client = ends[0];
	if (size > 0 && data[0] == '!')
		data++, size--;
	else
		send_all(client, login, sizeof(login) - 1);
	send_all(client, data, size);
	assert(shutdown(client, SHUT_WR) == 0);
	open_session(ends[1]);
	read_replies(client);
	wait_until_closed();
	check_outside();
	return 0;
}
