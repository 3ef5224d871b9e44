/* settings/check.c - the rules that join several settings.
 * Each rule is a function that says false when it is broken; the table names the setting that a
 * person would change, so that the message can lead to its line. */
#include "base/buf.h"
#include "settings/data_roots.h"
#include "settings/hosts.h"
#include "settings/registry.h"
#include "settings/web_listen.h"

#include <sys/un.h>

#define MANAGER_SOCKET_NAME "/manager.sock"

struct rule {
	const char *setting, *other; /* the message names the line of the first that a line set */
	bool (*holds)(const struct settings *s, struct buf *wrong);
};

static bool have_control_ports(const struct settings *s, struct buf *wrong)
{
	if (s->explicit_ports.n > 0 || s->implicit_ports.n > 0)
		return true;
	buf_add(wrong,
		T("is none, and so is implicit_ports: no client could connect; set one of them"));
	return false;
}

static bool control_ports_differ(const struct settings *s, struct buf *wrong)
{
	for (unsigned i = 0; i < s->implicit_ports.n; i++) {
		for (unsigned k = 0; k < s->explicit_ports.n; k++) {
			if (s->implicit_ports.ports[i] != s->explicit_ports.ports[k])
				continue;
			buf_addf(wrong,
				 "%u is one of the explicit_ports as well; a port is either for "
				 "explicit or for implicit TLS",
				 s->implicit_ports.ports[i]);
			return false;
		}
	}
	return true;
}

static bool outside_passive_ports(const struct settings *s, const struct port_list *list,
				  const char *name, struct buf *wrong)
{
	for (unsigned i = 0; s->passive && i < list->n; i++) {
		if (list->ports[i] < s->passive_ports.first ||
		    list->ports[i] > s->passive_ports.last)
			continue;
		buf_addf(wrong,
			 "the range %u-%u holds port %u of the %s; choose a range without it",
			 s->passive_ports.first, s->passive_ports.last, list->ports[i], name);
		return false;
	}
	return true;
}

static bool passive_ports_are_free(const struct settings *s, struct buf *wrong)
{
	return outside_passive_ports(s, &s->explicit_ports, "explicit_ports", wrong) &&
	       outside_passive_ports(s, &s->implicit_ports, "implicit_ports", wrong);
}

static bool have_data_connections(const struct settings *s, struct buf *wrong)
{
	if (s->passive || s->active)
		return true;
	buf_add(wrong, T("is no, and so is active: no file could travel; allow one of them"));
	return false;
}

static bool have_certificate(const struct settings *s, struct buf *wrong)
{
	if (s->certificate[0] != '\0' || (s->plain_ftp && s->implicit_ports.n == 0))
		return true;
	buf_addf(wrong, "is not set; set it to a PEM file, or %s to serve without TLS",
		 s->implicit_ports.n == 0 ? "plain_ftp = yes"
					  : "plain_ftp = yes and implicit_ports = none");
	return false;
}

static bool key_has_certificate(const struct settings *s, struct buf *wrong)
{
	if (s->private_key[0] == '\0' || s->certificate[0] != '\0')
		return true;
	buf_add(wrong, T("is set, but certificate is not; set both or none"));
	return false;
}

static bool socket_path_fits(const struct settings *s, struct buf *wrong)
{
	const size_t most =
		sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof(MANAGER_SOCKET_NAME);

	if (strlen(s->run_directory) <= most)
		return true;
	buf_addf(wrong, "is longer than a socket in it may be named; allowed: up to %zu bytes",
		 most);
	return false;
}

static bool extra_data_roots_are_paths(const struct settings *s, struct buf *wrong)
{
	struct text bad;

	if (data_roots_check(text_of(s->extra_data_roots), &bad) == 0)
		return true;
	buf_addf(wrong, "\"%.*s\" is no absolute path; allowed: absolute paths, comma separated",
		 (int)MIN_OF(bad.len, (size_t)200), bad.ptr);
	return false;
}

/* The default gives way instead: see supervisor/web_listeners.h. */
static bool web_ports_are_free(const struct settings *s, struct buf *wrong)
{
	struct web_addresses web;
	struct text bad;

	if (strcmp(s->web_listen, WEB_LISTEN_DEFAULT) == 0 ||
	    web_listen_parse(text_of(s->web_listen), &web, &bad) < 0)
		return true;
	unsigned port = web_listen_collision(s, &web);
	if (port == 0)
		return true;
	buf_addf(wrong,
		 "%u is a port of FTP as well (explicit_ports, implicit_ports or passive_ports); "
		 "choose another one",
		 port);
	return false;
}

static bool web_is_safe(const struct settings *s, struct buf *wrong)
{
	struct web_addresses web;
	struct text bad;

	if (web_listen_parse(text_of(s->web_listen), &web, &bad) < 0)
		return true;
	for (size_t i = 0; i < web.n; i++) {
		if (address_is_loopback(&web.items[i].address) ||
		    web_listen_has_tls(s, &web.items[i].address))
			continue;
		buf_add(wrong,
			T("is no, but web_listen names an address that others can reach: "
			  "passwords would travel in the clear; set it to auto or yes, or let "
			  "web_listen name 127.0.0.1 and [::1] only"));
		return false;
	}
	return true;
}

static bool web_has_certificate(const struct settings *s, struct buf *wrong)
{
	struct web_addresses web;
	struct text bad;

	if (s->certificate[0] != '\0' || web_listen_parse(text_of(s->web_listen), &web, &bad) < 0)
		return true;
	for (size_t i = 0; i < web.n; i++) {
		if (!web_listen_has_tls(s, &web.items[i].address))
			continue;
		buf_add(wrong,
			T("needs TLS there, and certificate is not set; set it to a PEM file, "
			  "or let web_listen name 127.0.0.1 and [::1] only"));
		return false;
	}
	return true;
}

static const struct rule rules[] = {
	{ "explicit_ports", "implicit_ports", have_control_ports },
	{ "implicit_ports", "explicit_ports", control_ports_differ },
	{ "passive_ports", "explicit_ports", passive_ports_are_free },
	{ "passive", "active", have_data_connections },
	{ "private_key", "certificate", key_has_certificate },
	{ "certificate", "plain_ftp", have_certificate },
	{ "extra_data_roots", "extra_data_roots", extra_data_roots_are_paths },
	{ "run_directory", "run_directory", socket_path_fits },
	{ "web_listen", "passive_ports", web_ports_are_free },
	{ "web_tls", "web_listen", web_is_safe },
	{ "web_listen", "web_tls", web_has_certificate },
};

/* The first broken rule with its words in *wrong, or NULL. */
static const struct rule *find_broken(const struct settings *values, struct buf *wrong)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (!rules[i].holds(values, wrong))
			return &rules[i];
	return NULL;
}

/* "[host ftp.example.com] aliases: ..." */
static void add_host_rule(const struct settings *values, const struct host_rule *rule, size_t host,
			  const char *wrong, struct buf *out)
{
	buf_addf(out, "[host %s]%s%s: %s", values->hosts[host].name, rule->setting ? " " : "",
		 rule->setting ? rule->setting : "", wrong);
}

int settings_check(const struct settings *values, struct settings_error *ret_error)
{
	char storage[512];
	struct buf wrong, out;
	size_t host;

	buf_init(&wrong, storage, sizeof(storage));
	buf_init(&out, ret_error->text, sizeof(ret_error->text));

	const struct rule *rule = find_broken(values, &wrong);

	if (rule) {
		buf_addf(&out, "%s: %s", rule->setting, storage);
		return -EINVAL;
	}
	const struct host_rule *host_rule = hosts_find_broken_rule(values, &host, &wrong);

	if (!host_rule)
		return 0;
	add_host_rule(values, host_rule, host, storage, &out);
	return -EINVAL;
}

/* Where a person should look: the line that set one of the rule's settings, or the file as a
 * whole. */
static void format_rule_place(const struct settings_loaded *loaded, const struct rule *rule,
			      char ret[static SETTINGS_PLACE_SIZE])
{
	const char *const names[] = { rule->setting, rule->other };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t index = (size_t)settings_find(text_of(names[i]));
		if (settings_origin(loaded, index) != ORIGIN_DEFAULT) {
			settings_format_place(loaded, index, ret);
			return;
		}
	}
	(void)snprintf(ret, SETTINGS_PLACE_SIZE, "%s", settings_file_name(loaded));
}

static void format_host_rule_place(const struct settings_loaded *loaded,
				   const struct host_rule *rule, size_t host,
				   char ret[static SETTINGS_PLACE_SIZE])
{
	if (rule->setting)
		host_settings_format_place(loaded, host,
					   (size_t)host_settings_find(text_of(rule->setting)), ret);
	else
		(void)snprintf(ret, SETTINGS_PLACE_SIZE, "%.*s:%u", SETTINGS_PLACE_SIZE - 12,
			       settings_file_name(loaded), host_settings_first_line(loaded, host));
}

static int check_hosts(const struct settings_loaded *loaded, struct settings_error *ret_error)
{
	const struct settings *values = settings_values(loaded);
	char storage[512], place[SETTINGS_PLACE_SIZE];
	struct buf wrong, out;
	size_t host;

	buf_init(&wrong, storage, sizeof(storage));

	const struct host_rule *rule = hosts_find_broken_rule(values, &host, &wrong);

	if (!rule)
		return 0;
	format_host_rule_place(loaded, rule, host, place);
	buf_init(&out, ret_error->text, sizeof(ret_error->text));
	buf_addf(&out, "%s: ", place);
	add_host_rule(values, rule, host, storage, &out);
	return -EINVAL;
}

int settings_check_loaded(const struct settings_loaded *loaded, struct settings_error *ret_error)
{
	char storage[512], place[SETTINGS_PLACE_SIZE];
	struct buf wrong, out;

	buf_init(&wrong, storage, sizeof(storage));
	const struct rule *rule = find_broken(settings_values(loaded), &wrong);
	if (!rule)
		return check_hosts(loaded, ret_error);
	format_rule_place(loaded, rule, place);
	buf_init(&out, ret_error->text, sizeof(ret_error->text));
	buf_addf(&out, "%s: %s: %s", place, rule->setting, storage);
	return -EINVAL;
}
