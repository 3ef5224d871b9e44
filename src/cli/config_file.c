/* cli/config_file.c - see config_file.h. */
#include "cli/config_file.h"

#include <fcntl.h>

#include "accounts/stored_settings.h"
#include "base/buf.h"
#include "cli/complain.h"

#define FILE_MAX (1024 * 1024) /* far beyond any configuration */

void config_choose(struct cli *cli)
{
	const char *path = arguments_option(&cli->arguments, "config");

	if (!path)
		path = getenv(CONFIG_PATH_VARIABLE);
	cli->config_is_chosen = path && *path;
	cli->config_path = cli->config_is_chosen ? path : CONFIG_PATH_DEFAULT;
}

/* Reads all of fd; *ret is owned by the caller also on failure. */
static int read_all(int fd, char **ret, size_t *ret_len)
{
	size_t len = 0;

	*ret = malloc(FILE_MAX);
	if (!*ret)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, *ret + len, FILE_MAX - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == FILE_MAX)
			return -EFBIG;
	}
	*ret_len = len;
	return 0;
}

static int read_config(const struct cli *cli, char **ret, size_t *ret_len)
{
	AUTO_CLOSE int fd = open(cli->config_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && !cli->config_is_chosen)
		return 0;
	if (fd < 0)
		return -errno;
	return read_all(fd, ret, ret_len);
}

static size_t collect_overrides(const struct cli *cli, const char *ret[static CLI_MAX_OPTIONS])
{
	size_t n = 0;

	for (size_t i = 0; i < cli->arguments.n_options; i++)
		if (strcmp(cli->arguments.options[i].row->name, "set") == 0)
			ret[n++] = cli->arguments.options[i].value;
	return n;
}

/* Who may not read the database sees what the file says. */
static void read_stored(const struct settings *settings, struct stored_list *list)
{
	char path[SETTINGS_DATABASE_PATH_SIZE];

	settings_database_path(settings, path);
	int r = stored_settings_read(path, list);
	if (r < 0 && r != -EACCES)
		complain("%s: the settings that were edited in the manager cannot be read: %s",
			 path, strerrordesc_np(-r));
}

static int load_with_stored(const struct cli *cli, struct text ini, const char *const *overrides,
			    size_t n_overrides, struct settings_loaded **ret,
			    struct settings_error *ret_error)
{
	struct settings_loaded *plain = NULL;
	struct stored_list list = { 0 };
	struct stored_setting stored[STORED_SETTINGS_MAX];
	int r = settings_load(cli->config_path, ini, overrides, n_overrides, &plain, ret_error);

	if (r < 0)
		return r;
	read_stored(settings_values(plain), &list);
	settings_free(&plain);
	for (size_t i = 0; i < list.n; i++)
		stored[i] = (struct stored_setting){ list.items[i].name, list.items[i].value };

	const struct settings_source source = { cli->config_path, ini,	     stored,
						list.n,		  overrides, n_overrides };

	r = settings_load_all(&source, ret, ret_error);
	stored_list_release(&list);
	return r;
}

int config_load(const struct cli *cli, struct settings_loaded **ret,
		struct settings_error *ret_error)
{
	const char *overrides[CLI_MAX_OPTIONS];
	size_t n_overrides = collect_overrides(cli, overrides), len = 0;
	AUTO_FREE char *ini = NULL;
	struct buf out;

	buf_init(&out, ret_error->text, sizeof(ret_error->text));
	int r = read_config(cli, &ini, &len);
	if (r < 0) {
		buf_addf(&out, "%.500s: cannot be read: %s", cli->config_path, strerrordesc_np(-r));
		return r;
	}
	r = load_with_stored(cli, (struct text){ ini ? ini : "", len }, overrides, n_overrides, ret,
			     ret_error);
	if (r == -ENOMEM)
		buf_add(&out, T("memory is short"));
	return r;
}
