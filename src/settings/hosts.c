/* settings/hosts.c - the hosts that one server is: found by their names, and checked as a whole. */
#include "settings/hosts.h"

#include "settings/value.h"

static bool has_name(const struct host_settings *host, const char *name)
{
	struct text rest = text_of(host->aliases), item;
	char alias[HOST_NAME_SIZE];

	if (strcmp(host->name, name) == 0)
		return true;
	while (rest.ptr && *host->aliases && value_take_item(&rest, &item))
		if (host_name_parse(item, alias) == 0 && strcmp(alias, name) == 0)
			return true;
	return false;
}

static ptrdiff_t find(const struct settings *values, size_t n_hosts, const char *name)
{
	for (size_t i = 0; i < n_hosts; i++)
		if (has_name(&values->hosts[i], name))
			return (ptrdiff_t)i;
	return -ENOENT;
}

ptrdiff_t settings_find_host(const struct settings *values, struct text name)
{
	char word[HOST_NAME_SIZE];

	return host_name_parse(name, word) < 0 ? -ENOENT : find(values, values->n_hosts, word);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* The names of the host at this position belong to none before it. */
static bool name_is_free(const struct settings *values, size_t host, const char *name,
			 struct buf *wrong)
{
	ptrdiff_t other = find(values, host, name);

	if (other < 0)
		return true;
	buf_addf(wrong, "%s is a name of [host %s] already; a name leads to one host", name,
		 values->hosts[other].name);
	return false;
}

static bool names_are_free(const struct settings *values, size_t host, struct buf *wrong)
{
	return name_is_free(values, host, values->hosts[host].name, wrong);
}

static bool aliases_are_free(const struct settings *values, size_t host, struct buf *wrong)
{
	struct text rest = text_of(values->hosts[host].aliases), item;
	char alias[HOST_NAME_SIZE];

	while (rest.len > 0 && value_take_item(&rest, &item))
		if (host_name_parse(item, alias) == 0 && !name_is_free(values, host, alias, wrong))
			return false;
	return true;
}

static bool key_has_certificate(const struct settings *values, size_t host, struct buf *wrong)
{
	if (!*values->hosts[host].private_key || *values->hosts[host].certificate)
		return true;
	buf_add(wrong, T("is set, but certificate is not; set both or none"));
	return false;
}

static bool default_has_certificate(const struct settings *values, size_t host, struct buf *wrong)
{
	if (!*values->hosts[host].certificate || *values->certificate)
		return true;
	buf_add(wrong,
		T("is set, but certificate in section [tls] is not; clients that name no host "
		  "need that one"));
	return false;
}

static const struct host_rule rules[] = {
	{ NULL, names_are_free },
	{ "aliases", aliases_are_free },
	{ "private_key", key_has_certificate },
	{ "certificate", default_has_certificate },
};

const struct host_rule *hosts_find_broken_rule(const struct settings *values, size_t *ret_host,
					       struct buf *wrong)
{
	for (size_t host = 0; host < values->n_hosts; host++) {
		for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
			if (rules[i].holds(values, host, wrong))
				continue;
			*ret_host = host;
			return &rules[i];
		}
	}
	return NULL;
}
