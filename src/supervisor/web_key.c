/* supervisor/web_key.c - see web_key.h. */
#include "supervisor/web_key.h"

#include <fcntl.h>

#include "settings/web_listen.h"

#define PEM_MAX (256 * 1024)

static void wipe(char **pem)
{
	if (*pem)
		explicit_bzero(*pem, strlen(*pem));
	free(*pem);
	*pem = NULL;
}

static ssize_t read_all(int fd, char *storage, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = read(fd, storage + len, size - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		len += n > 0 ? (size_t)n : 0;
	}
	return len < size ? (ssize_t)len : -EFBIG;
}

/* A text that ends in NUL; its room is taken at once, so that nothing of a key stays behind. */
static int read_pem(const char *setting, const char *path, char **ret, struct failure *ret_failure)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *storage = fd < 0 ? NULL : calloc(1, PEM_MAX);
	ssize_t n = fd < 0 ? -errno : -ENOMEM;

	if (storage)
		n = read_all(fd, storage, PEM_MAX);
	if (n < 0) {
		if (storage)
			explicit_bzero(storage, PEM_MAX);
		free(storage);
		return failure_set(ret_failure, (int)n, "%s: %s: %s", setting, path,
				   strerrordesc_np((int)-n));
	}
	*ret = storage;
	return 0;
}

static bool needs_key(const struct settings *settings)
{
	struct web_addresses web;
	struct text bad;

	if (web_listen_parse(text_of(settings->web_listen), &web, &bad) < 0)
		return false;
	for (size_t i = 0; i < web.n; i++)
		if (web_listen_has_tls(settings, &web.items[i].address))
			return true;
	return false;
}

int web_key_load(const struct settings *settings, const struct tls_certificate_options *served,
		 struct manager_key *ret, struct failure *ret_failure)
{
	bool has_own = served->private_key_path && *served->private_key_path;
	const char *key = has_own ? served->private_key_path : served->certificate_path;
	struct manager_key loaded = { NULL, NULL };

	*ret = loaded;
	if (!needs_key(settings))
		return 0;
	int r = read_pem("certificate", served->certificate_path, &loaded.certificate, ret_failure);
	if (r == 0)
		r = read_pem("private_key", key, &loaded.private_key, ret_failure);
	if (r < 0)
		web_key_release(&loaded);
	else
		*ret = loaded;
	return r;
}

void web_key_release(struct manager_key *key)
{
	wipe(&key->certificate);
	wipe(&key->private_key);
}
