/* manager/certificate_files.c - see certificate_files.h. */
#include "manager/certificate_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#define MOST_BYTES (256 * 1024)

int certificate_file_read(const struct settings *settings, const char *host, char **ret)
{
	char path[SETTINGS_CERTIFICATE_PATH_SIZE];
	size_t len = 0;

	*ret = NULL;
	settings_certificate_path(settings, host, path);

	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	char *content = malloc(MOST_BYTES);
	if (!content)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, content + len, MOST_BYTES - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	content[len] = '\0';
	*ret = content;
	return 0;
}

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
	return fsync(fd) < 0 ? -errno : 0;
}

/* The names in it are on disk. */
static int sync_directory(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int certificate_file_write(const struct settings *settings, const char *host, const char *pem)
{
	char path[SETTINGS_CERTIFICATE_PATH_SIZE], directory[SETTINGS_CERTIFICATE_PATH_SIZE];
	char temporary[SETTINGS_CERTIFICATE_PATH_SIZE + 8];

	settings_certificate_path(settings, host, path);
	(void)snprintf(temporary, sizeof(temporary), "%s.new", path);
	(void)snprintf(directory, sizeof(directory), "%s/certificates", settings->state_directory);
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (!pem)
		return unlink(path) < 0 ? -errno : sync_directory(directory);
	/* A crash may have left one. */
	if (unlink(temporary) < 0 && errno != ENOENT)
		return -errno;

	AUTO_CLOSE int fd =
		open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;

	int r = write_all(fd, pem, strlen(pem));

	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temporary); /* best effort: the next one removes it */
	return r < 0 ? r : sync_directory(directory);
}
