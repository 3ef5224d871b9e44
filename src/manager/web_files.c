/* manager/web_files.c - see web_files.h. */
#include "manager/web_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "base/buf.h"

#define LEVELS_MOST 4
#define PATH_MOST 512

struct web_files {
	struct web_file files[WEB_FILES_MOST];
	size_t n, n_bytes;
};

static const char *type_of(const char *path)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".mjs", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".json", "application/json" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".ico", "image/x-icon" },
		{ ".woff2", "font/woff2" },
		{ ".txt", "text/plain; charset=utf-8" },
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
		if (strcmp(dot, types[i].suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static int read_exactly(int fd, char *dst, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, dst + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static void make_etag(struct web_file *file)
{
	uint8_t digest[EVP_MAX_MD_SIZE] = { 0 };
	unsigned len = 0;
	struct buf etag;

	(void)EVP_Digest(file->bytes, file->len, digest, &len, EVP_sha256(), NULL);
	buf_init(&etag, file->etag, sizeof(file->etag));
	buf_add_char(&etag, '"');
	for (size_t i = 0; i < 16; i++)
		buf_addf(&etag, "%02x", digest[i]);
	buf_add_char(&etag, '"');
}

/* Takes the descriptor's content under this path. */
static int add_file(struct web_files *files, int fd, const struct stat *st, const char *path)
{
	size_t len = (size_t)st->st_size;
	struct web_file *file = &files->files[files->n];

	if (files->n == WEB_FILES_MOST || len > WEB_FILES_BYTES_MOST - files->n_bytes)
		return -EFBIG;
	AUTO_FREE char *bytes = malloc(len + 1);
	AUTO_FREE char *name = strdup(path);
	if (!bytes || !name)
		return -ENOMEM;
	int r = read_exactly(fd, bytes, len);
	if (r < 0)
		return r;
	*file = (struct web_file){
		.path = name, .bytes = bytes, .len = len, .type = type_of(path)
	};
	make_etag(file);
	name = bytes = NULL;
	files->n++;
	files->n_bytes += len;
	return 0;
}

static int add_directory(struct web_files *files, int fd, const char *path, unsigned level);

static int add_entry(struct web_files *files, int directory, const char *name, const char *path,
		     unsigned level)
{
	AUTO_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char storage[PATH_MOST];
	struct buf full;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	buf_init(&full, storage, sizeof(storage));
	buf_addf(&full, "%s/%s", path, name);
	if (full.has_overflowed)
		return -ENAMETOOLONG;
	if (S_ISDIR(st.st_mode))
		return level < LEVELS_MOST ? add_directory(files, fd_take(&fd), storage, level + 1)
					   : 0;
	return S_ISREG(st.st_mode) ? add_file(files, fd, &st, storage) : 0;
}

/* fd is taken. */
static int add_directory(struct web_files *files, int fd, const char *path, unsigned level)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!directory) {
		r = -errno;
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			r = add_entry(files, dirfd(directory), entry->d_name, path, level);
	(void)closedir(directory);
	return r;
}

int web_files_load(const char *directory, struct web_files **ret)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct web_files *files = fd < 0 ? NULL : calloc(1, sizeof(*files));

	if (!files) {
		int r = fd < 0 ? -errno : -ENOMEM;
		fd_close(&fd);
		return r;
	}
	int r = add_directory(files, fd, "", 0);
	if (r < 0)
		web_files_free(&files);
	else
		*ret = files;
	return r;
}

void web_files_free(struct web_files **files)
{
	struct web_files *f = *files;

	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++) {
		free(f->files[i].path);
		free(f->files[i].bytes);
	}
	free(f);
	*files = NULL;
}

const struct web_file *web_files_find(const struct web_files *files, struct text path)
{
	if (text_equal(path, T("/")))
		path = T("/index.html");
	else if (text_starts(path, T("/guest/")))
		path = T("/guest.html");
	for (size_t i = 0; files && i < files->n; i++)
		if (text_equal(path, text_of(files->files[i].path)))
			return &files->files[i];
	return NULL;
}
