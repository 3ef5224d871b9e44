/* worker/hosts.c - see hosts.h. */
#include "worker/hosts.h"

#include "worker/control.h"

static const char *first_set(const char *own, const char *global)
{
	return *own ? own : global;
}

static int open_charset(struct host *host)
{
	/* The settings have checked the name. */
	return charset_new(text_of(host->charset_name), &host->charset);
}

static int init_host(struct host *host, const struct worker *worker, size_t at)
{
	const struct settings *settings = worker->settings;
	const struct host_settings *own = &settings->hosts[at];
	int root = worker->start->host_roots[at];

	*host = (struct host){
		.number = (unsigned)at + 1,
		.name = own->name,
		.banner = first_set(own->banner, settings->banner),
		.charset_name = first_set(own->charset, settings->charset),
		.data_root = root >= 0 ? root : worker->start->data_root,
	};
	return open_charset(host);
}

int hosts_init(struct worker *worker)
{
	const struct settings *settings = worker->settings;
	struct host *hosts = calloc(settings->n_hosts + 1, sizeof(*hosts));

	if (!hosts)
		return -ENOMEM;
	worker->hosts = hosts;
	hosts[0] = (struct host){
		.name = worker->server_name,
		.banner = settings->banner,
		.charset_name = settings->charset,
		.data_root = worker->start->data_root,
	};

	int r = open_charset(&hosts[0]);

	for (size_t i = 0; r == 0 && i < settings->n_hosts; i++)
		r = init_host(&hosts[i + 1], worker, i);
	return r;
}

static bool is_default_host(const struct session *s, const char *name)
{
	const struct worker *worker = s->worker;
	char local[ADDRESS_TEXT_SIZE], own[HOST_NAME_SIZE];

	if (strcmp(name, address_format_ip(&s->local, local)) == 0)
		return true;
	if (host_name_parse(text_of(worker->server_name), own) == 0 && strcmp(name, own) == 0)
		return true;
	return worker->start->tls && tls_server_is_named(worker->start->tls, name);
}

const struct host *hosts_find(const struct session *s, struct text name)
{
	ptrdiff_t at = settings_find_host(s->worker->settings, name);
	char word[HOST_NAME_SIZE];

	if (at >= 0)
		return &s->worker->hosts[at + 1];
	if (host_name_parse(name, word) == 0 && is_default_host(s, word))
		return &s->worker->hosts[0];
	return NULL;
}

const struct host *hosts_first(const struct session *s)
{
	bool is_proven =
		s->tls && (s->tls->is_named ||
			   !tls_server_shares_certificate(s->worker->start->tls, 0, s->tls->host));

	return &s->worker->hosts[is_proven ? s->tls->host : 0];
}

void hosts_greet(struct session *s)
{
	if (*s->host->banner)
		reply(s, 220, "%s", s->host->banner);
	else
		reply(s, 220, "%s Sallyport FTP server ready.", s->host->name);
}
