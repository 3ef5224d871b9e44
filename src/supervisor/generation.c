/* supervisor/generation.c - see generation.h. */
#include "supervisor/generation.h"

#include <fcntl.h>

static int load_tls(const struct settings *settings, const struct tls_ticket_keys *ticket_keys,
		    struct tls_server **ret, struct failure *ret_failure)
{
	if (!*settings->certificate)
		return 0; /* settings_check has seen to it that plain FTP is wanted then */

	struct tls_error error = { "" };
	const struct tls_server_options options = {
		.certificate_path = settings->certificate,
		.private_key_path = settings->private_key,
		.minimum_version =
			settings->tls_minimum == TLS_MINIMUM_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION,
		.ciphers = settings->tls_ciphers,
		.ciphersuites = settings->tls_ciphersuites,
		.ticket_keys = *ticket_keys,
	};
	int r = tls_server_new(&options, ret, &error);

	return r < 0 ? failure_set(ret_failure, r, "%s", error.text) : 0;
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

	int r = listen_addresses_parse(text_of(generation->settings->listen), kernel_has_ipv6(),
				       &generation->addresses, ret_failure);

	if (r == 0)
		r = load_tls(generation->settings, ticket_keys, &generation->tls, ret_failure);
	if (r < 0) {
		generation_unref(&generation);
		return r;
	}
	generation->loaded = *loaded;
	*loaded = NULL;
	*ret = generation;
	return 0;
}

int generation_open_data_root(struct generation *generation, struct failure *ret_failure)
{
	const char *path = generation->settings->data_root;

	generation->data_root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (generation->data_root < 0)
		return failure_set(ret_failure, -errno, "data_root: cannot open %s: %s", path,
				   strerrordesc_np(errno));
	/* Opening by O_PATH needs no right on the directory itself; its use does. */
	if (faccessat(generation->data_root, ".", X_OK, AT_EACCESS) < 0)
		return failure_set(ret_failure, -errno,
				   "data_root: %s cannot be entered: %s; it must belong to the "
				   "user of the daemon",
				   path, strerrordesc_np(errno));
	return 0;
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
	settings_free(&g->loaded);
	fd_close(&g->data_root);
	free(g);
}
