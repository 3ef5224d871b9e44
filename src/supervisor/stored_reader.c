/* supervisor/stored_reader.c - see stored_reader.h. */
#include "supervisor/stored_reader.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "supervisor/privileges.h"

#define MOST_BYTES (512 * 1024)

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Returns the exit status: 0 or an errno value. */
static int run_child(const struct identity *identity, const char *path, int out)
{
	struct failure failure;
	struct stored_list list = { 0 };
	int r = geteuid() == 0 && identity->is_change ? privileges_become(identity, &failure) : 0;

	if (r == 0)
		r = privileges_drop_for_child(false);
	if (r == 0)
		r = stored_settings_read(path, &list);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		r = write_all(out, list.items[i].name, strlen(list.items[i].name) + 1);
		if (r == 0)
			r = write_all(out, list.items[i].value, strlen(list.items[i].value) + 1);
	}
	return -r;
}

/* All that comes until the end. Its length, or -errno. */
static ssize_t read_all(int fd, char *storage, size_t size)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, storage + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)len;
		len += (size_t)n;
		if (len == size)
			return -EFBIG;
	}
}

/* name NUL value NUL ... */
static int split(const char *bytes, size_t len, struct stored_list *ret)
{
	const char *end = bytes + len;
	int r = 0;

	if (len > 0 && end[-1] != '\0')
		return -EBADMSG;
	while (r == 0 && bytes < end) {
		const char *value = bytes + strlen(bytes) + 1;

		if (value >= end)
			return -EBADMSG;
		r = stored_list_add(ret, bytes, value);
		bytes = value + strlen(value) + 1;
	}
	return r;
}

static int exit_error(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static int read_in_child(const struct identity *identity, const char *path, struct stored_list *ret)
{
	AUTO_FREE char *storage = malloc(MOST_BYTES);
	int ends[2];

	if (!storage)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;

	pid_t pid = fork();

	if (pid == 0) {
		fd_close(&ends[0]);
		_exit(run_child(identity, path, ends[1]));
	}
	int r = pid < 0 ? -errno : 0;
	fd_close(&ends[1]);
	ssize_t len = r < 0 ? r : read_all(ends[0], storage, MOST_BYTES);
	fd_close(&ends[0]);
	if (pid > 0)
		r = exit_error(pid);
	if (r == 0 && len < 0)
		r = (int)len;
	return r < 0 ? r : split(storage, (size_t)len, ret);
}

int stored_reader_run(const struct settings *settings, struct stored_list *ret)
{
	char path[SETTINGS_DATABASE_PATH_SIZE];
	struct identity identity;
	struct failure failure;

	*ret = (struct stored_list){ 0 };
	settings_database_path(settings, path);
	if (access(path, F_OK) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (identity_find(settings->user, &identity, &failure) < 0)
		return 0; /* the start will say that there is no such user */
	return read_in_child(&identity, path, ret);
}
