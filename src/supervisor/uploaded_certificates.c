/* supervisor/uploaded_certificates.c - see uploaded_certificates.h. */
#include "supervisor/uploaded_certificates.h"

#include <sys/stat.h>

#include "base/log.h"

/* The directory is the manager's: a link in it must not make the supervisor, which may read every
 * key of this machine, serve another file. */
static bool is_plain_file(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

/* By itself, so that one that is no good takes no other along. */
static bool can_be_served(const struct tls_server_options *options, const char *path)
{
	struct tls_server_options alone = *options;
	struct tls_server *server = NULL;
	struct tls_error error;

	alone.certificate = (struct tls_certificate_options){ path, NULL };
	alone.hosts = NULL;
	alone.n_hosts = 0;
	alone.ciphers = alone.ciphersuites = NULL;
	if (tls_server_new(&alone, &server, &error) < 0) {
		log_event(LOG_ERROR, "certificate-ignored", F_STR("file", path),
			  F_STR("reason", error.text));
		return false;
	}
	tls_server_free(&server);
	return true;
}

void uploaded_certificates_prefer(const struct settings *settings, struct settings_tls *tls,
				  struct uploaded_certificates *ret)
{
	*ret = (struct uploaded_certificates){ 0 };
	for (size_t i = 0; i < 1 + settings->n_hosts; i++) {
		char *path = ret->paths[i];
		const char *name = i == 0 ? SETTINGS_DEFAULT_HOST : settings->hosts[i - 1].name;

		if (i > 0 && strcmp(name, SETTINGS_DEFAULT_HOST) == 0)
			continue; /* that name is taken */
		settings_certificate_path(settings, name, ret->paths[i]);
		if (!is_plain_file(path) || !can_be_served(&tls->options, path))
			path[0] = '\0';
		else if (i == 0)
			tls->options.certificate = (struct tls_certificate_options){ path, NULL };
		else
			tls->hosts[i - 1] = (struct tls_certificate_options){ path, NULL };
	}
}
