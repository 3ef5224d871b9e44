/* cli/access_options.c - see access_options.h. */
#include "cli/access_options.h"

#include "base/clock.h"
#include "cli/human.h"

static int add_networks(const struct cli *cli, json_t *body)
{
	const char *value = arguments_option(&cli->arguments, "allow");
	struct text list = text_of(value ? value : ""), entry;
	json_t *networks = value ? json_array() : NULL;

	while (text_take_until(&list, ',', &entry)) {
		entry = text_trim(entry);
		if (entry.len > 0)
			(void)json_array_append_new(networks, json_stringn(entry.ptr, entry.len));
	}
	if (networks)
		(void)json_object_set_new(body, "allowed_networks", networks);
	return EXIT_OK;
}

/* A day is over at its end, in UTC. */
static int add_expires(const struct cli *cli, json_t *body)
{
	const char *value = arguments_option(&cli->arguments, "expires");
	char day[32];
	int64_t ms;

	if (!value)
		return EXIT_OK;
	if (strcmp(value, "never") == 0) {
		(void)json_object_set_new(body, "expires", json_null());
		return EXIT_OK;
	}
	(void)snprintf(day, sizeof(day), "%.19sT23:59:59Z", value);
	if (clock_parse_iso(text_of(value), &ms) == 0) {
		(void)json_object_set_new(body, "expires", json_string(value));
	} else if (clock_parse_iso(text_of(day), &ms) == 0) {
		(void)json_object_set_new(body, "expires", json_string(day));
	} else {
		complain("--expires: \"%s\" is no time; allowed: 2026-12-31 (its end, UTC), "
			 "2026-12-31T18:00:00Z, never",
			 value);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int add_require_tls(const struct cli *cli, json_t *body)
{
	const char *value = arguments_option(&cli->arguments, "require-tls");

	if (!value)
		return EXIT_OK;
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		complain("--require-tls: \"%s\" is neither yes nor no", value);
		return EXIT_USAGE;
	}
	(void)json_object_set_new(body, "require_tls", json_boolean(strcmp(value, "yes") == 0));
	return EXIT_OK;
}

int access_options_add(const struct cli *cli, json_t *body)
{
	int r = add_networks(cli, body);

	if (r == EXIT_OK)
		r = add_expires(cli, body);
	return r == EXIT_OK ? add_require_tls(cli, body) : r;
}

static void add_networks_row(struct table *table, const json_t *networks)
{
	char storage[1200];
	struct buf out;
	const json_t *entry;
	size_t i;

	buf_init(&out, storage, sizeof(storage));
	json_array_foreach(networks, i, entry)
		buf_addf(&out, "%s%s", i > 0 ? ", " : "", json_string_value(entry));
	table_add(table, CELL_DIM, "Allowed from");
	table_add(table, CELL_PLAIN, storage);
}

void access_rows_add(struct table *table, const json_t *user)
{
	const json_t *networks = json_object_get(user, "allowed_networks");

	if (json_array_size(networks) > 0)
		add_networks_row(table, networks);
	if (*json_text(user, "expires")) {
		bool is_expired = json_flag(user, "expired");

		table_add(table, CELL_DIM, "Expires");
		table_addf(table, is_expired ? CELL_BAD : CELL_PLAIN, "%s%s",
			   json_text(user, "expires"), is_expired ? " (expired)" : "");
	}
	if (json_flag(user, "require_tls")) {
		table_add(table, CELL_DIM, "Plain FTP");
		table_add(table, CELL_PLAIN, "never for this user");
	}
}
