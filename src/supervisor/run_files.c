/* supervisor/run_files.c - see run_files.h. */
#include "supervisor/run_files.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/buf.h"

#define API_NAME "manager.sock"
#define PID_NAME "sallyportd.pid"
#define API_BACKLOG 128
#define PATH_SIZE (SETTINGS_PATH_SIZE + 32)

static int join(const char *directory, const char *name, char *ret, size_t size)
{
	struct buf path;

	buf_init(&path, ret, size);
	buf_addf(&path, "%s/%s", directory, name);
	return path.has_overflowed ? -ENAMETOOLONG : 0;
}

/* mkdir -p for everything above the last name. */
static int make_parents(const char *path)
{
	char part[SETTINGS_PATH_SIZE];
	int r = text_copy(text_of(path), part, sizeof(part));

	for (char *slash = strchr(part + 1, '/'); r == 0 && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			r = -errno;
		*slash = '/';
	}
	return r;
}

/* The descriptor, not the name, is given away: nobody can put another file in its place. */
static int hand_over(const char *path, const struct identity *identity)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0750) < 0)
		return -errno;
	if (identity->is_change && fchown(fd, identity->uid, identity->gid) < 0)
		return -errno;
	return 0;
}

static int make_directory(const char *setting, const char *path, const struct identity *identity,
			  struct failure *ret_failure)
{
	struct stat st;
	int r;

	if (stat(path, &st) == 0)
		r = S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	else if (errno != ENOENT)
		r = -errno;
	else {
		r = make_parents(path);
		if (r == 0)
			r = mkdir(path, 0750) < 0 ? -errno : hand_over(path, identity);
	}
	if (r < 0)
		return failure_set(ret_failure, r, "%s: cannot make the directory %s: %s", setting,
				   path, strerrordesc_np(-r));
	return 0;
}

int run_files_make_directories(const struct settings *settings, const struct identity *identity,
			       struct failure *ret_failure)
{
	int r = make_directory("run_directory", settings->run_directory, identity, ret_failure);

	if (r == 0)
		r = make_directory("state_directory", settings->state_directory, identity,
				   ret_failure);
	if (r == 0)
		r = make_directory("data_root", settings->data_root, identity, ret_failure);
	for (size_t i = 0; r == 0 && i < settings->n_hosts; i++)
		if (*settings->hosts[i].data_root)
			r = make_directory("data_root", settings->hosts[i].data_root, identity,
					   ret_failure);
	return r;
}

/* Whether a living daemon listens at the socket: 0 no (or no socket), -EADDRINUSE yes. */
static int probe_api(const struct sockaddr_un *where)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* EAGAIN: somebody listens, with a full queue. */
	if (connect(fd, (const struct sockaddr *)where, sizeof(*where)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	return errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
}

static int listen_api(const struct sockaddr_un *where, int *ret_fd)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (unlink(where->sun_path) < 0 && errno != ENOENT)
		return -errno;

	/* The mode counts from the first moment: nobody may slip in before a chmod. */
	mode_t before = umask(0177);
	int r = bind(fd, (const struct sockaddr *)where, sizeof(*where)) < 0 ? -errno : 0;

	(void)umask(before);
	if (r == 0 && listen(fd, API_BACKLOG) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

int run_files_open_api(const char *run_directory, int *ret_fd, struct failure *ret_failure)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int r = join(run_directory, API_NAME, where.sun_path, sizeof(where.sun_path));

	if (r < 0)
		return failure_set(ret_failure, r,
				   "run_directory: %s is too long for a socket's name (at most %zu "
				   "bytes)",
				   run_directory, sizeof(where.sun_path) - sizeof("/" API_NAME));
	r = probe_api(&where);
	if (r == -EADDRINUSE)
		return failure_set(ret_failure, r,
				   "another sallyportd is running with run_directory %s: stop it, "
				   "or set another run_directory",
				   run_directory);
	if (r == 0)
		r = listen_api(&where, ret_fd);
	if (r < 0)
		return failure_set(ret_failure, r, "cannot listen on %s: %s%s", where.sun_path,
				   strerrordesc_np(-r),
				   r == -EACCES ? "; run_directory must belong to the daemon's user"
						: "");
	return 0;
}

static int write_pid(const char *path)
{
	char storage[32];
	struct buf line;
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	buf_init(&line, storage, sizeof(storage));
	buf_addf(&line, "%d\n", (int)getpid());

	ssize_t n = write(fd, line.ptr, line.len);

	if (n < 0)
		return -errno;
	return (size_t)n == line.len ? 0 : -ENOSPC;
}

int run_files_write_pid(const char *run_directory, struct failure *ret_failure)
{
	char path[PATH_SIZE];
	int r = join(run_directory, PID_NAME, path, sizeof(path));

	if (r == 0)
		r = write_pid(path);
	if (r < 0)
		return failure_set(ret_failure, r, "cannot write %s: %s", path,
				   strerrordesc_np(-r));
	return 0;
}

void run_files_remove(const char *run_directory)
{
	static const char *const names[] = { API_NAME, PID_NAME };
	char path[PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (join(run_directory, names[i], path, sizeof(path)) == 0)
			(void)unlink(path); /* a later start replaces what stays */
}
