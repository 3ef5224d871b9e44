/* supervisor/generation.c - see generation.h. */
#include "supervisor/generation.h"

#include <fcntl.h>

#include "settings/tls.h"
#include "supervisor/uploaded_certificates.h"
#include "supervisor/web_key.h"

static int load_tls(struct generation *generation, const struct tls_ticket_keys *ticket_keys,
		    struct failure *ret_failure)
{
	AUTO_FREE struct uploaded_certificates *uploaded = malloc(sizeof(*uploaded));
	struct tls_error error = { "" };
	struct settings_tls tls;
	int r = 0;

	if (!uploaded)
		return failure_set(ret_failure, -ENOMEM, "out of memory");
	settings_tls_init(&tls, generation->settings);
	tls.options.ticket_keys = *ticket_keys;
	uploaded_certificates_prefer(generation->settings, &tls, uploaded);
	for (size_t i = 0; i < ARRAY_SIZE(generation->has_uploaded); i++)
		generation->has_uploaded[i] = *uploaded->paths[i] != '\0';
	/* Without any settings_check has seen to it that plain FTP is wanted. */
	if (*tls.options.certificate.certificate_path)
		r = tls_server_new(&tls.options, &generation->tls, &error);
	if (r < 0)
		(void)failure_set(ret_failure, r, "%s", error.text);
	else
		r = web_key_load(generation->settings, &tls.options.certificate,
				 &generation->web_key, ret_failure);
	explicit_bzero(&tls, sizeof(tls));
	return r;
}

int generation_new(uint32_t number, struct settings_loaded **loaded,
		   const struct tls_ticket_keys *ticket_keys, struct generation **ret,
		   struct failure *ret_failure)
{
	struct generation *generation = calloc(1, sizeof(*generation));

	if (!generation)
		return failure_set(ret_failure, -ENOMEM, "out of memory");
	generation->n_users = 1;
	generation->number = number;
	generation->settings = settings_values(*loaded);
	generation->data_root = -1;
	for (size_t i = 0; i < ARRAY_SIZE(generation->host_roots); i++)
		generation->host_roots[i] = -1;

	int r = listen_addresses_parse(text_of(generation->settings->listen), kernel_has_ipv6(),
				       &generation->addresses, ret_failure);

	if (r == 0)
		r = load_tls(generation, ticket_keys, ret_failure);
	if (r < 0) {
		generation_unref(&generation);
		return r;
	}
	generation->loaded = *loaded;
	*loaded = NULL;
	*ret = generation;
	return 0;
}

static int open_data_root(const char *path, int *ret_fd, struct failure *ret_failure)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return failure_set(ret_failure, -errno, "data_root: cannot open %s: %s", path,
				   strerrordesc_np(errno));
	/* Opening by O_PATH needs no right on the directory itself; its use does. */
	if (faccessat(fd, ".", X_OK, AT_EACCESS) < 0)
		return failure_set(ret_failure, -errno,
				   "data_root: %s cannot be entered: %s; it must belong to the "
				   "user of the daemon",
				   path, strerrordesc_np(errno));
	*ret_fd = fd_take(&fd);
	return 0;
}

int generation_open_data_roots(struct generation *generation, struct failure *ret_failure)
{
	const struct settings *settings = generation->settings;
	int r = open_data_root(settings->data_root, &generation->data_root, ret_failure);

	for (size_t i = 0; r == 0 && i < settings->n_hosts; i++)
		if (*settings->hosts[i].data_root)
			r = open_data_root(settings->hosts[i].data_root, &generation->host_roots[i],
					   ret_failure);
	return r;
}

void generation_close_data_roots(struct generation *generation)
{
	fd_close(&generation->data_root);
	for (size_t i = 0; i < ARRAY_SIZE(generation->host_roots); i++)
		fd_close(&generation->host_roots[i]);
}

struct generation *generation_ref(struct generation *generation)
{
	generation->n_users++;
	return generation;
}

void generation_unref(struct generation **generation)
{
	struct generation *g = *generation;

	*generation = NULL;
	if (!g || --g->n_users > 0)
		return;
	tls_server_free(&g->tls);
	web_key_release(&g->web_key);
	settings_free(&g->loaded);
	generation_close_data_roots(g);
	free(g);
}
