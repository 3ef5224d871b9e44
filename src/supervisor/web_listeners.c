/* supervisor/web_listeners.c - see web_listeners.h. */
#include "supervisor/web_listeners.h"

#include "base/log.h"
#include "supervisor/listen_address.h"

static bool same_place(const struct web_address *a, const struct web_address *b)
{
	return a->both_families == b->both_families && a->address.port == b->address.port &&
	       address_same_host(&a->address, &b->address);
}

static int find(const struct web_listeners *set, const struct web_address *place)
{
	for (size_t i = 0; i < set->n; i++)
		if (same_place(&set->places[i], place))
			return set->doors[i].fd;
	return -1;
}

static bool is_default(const struct settings_loaded *loaded)
{
	ptrdiff_t index = settings_find(T("web_listen"));

	return index >= 0 && settings_origin(loaded, (size_t)index) == ORIGIN_DEFAULT;
}

static int fail_at(const struct web_address *place, int error, struct failure *ret_failure)
{
	char text[ADDRESS_TEXT_SIZE];

	return failure_set(ret_failure, error, "web_listen: cannot listen on %s: %s%s",
			   address_format(&place->address, text), strerrordesc_np(-error),
			   error == -EADDRINUSE ? ": another program listens there; `ss -ltnp` "
						  "shows which"
						: "");
}

static void warn(const struct web_address *place, int error)
{
	char text[ADDRESS_TEXT_SIZE];

	log_event(LOG_WARNING, "web-page-unavailable",
		  F_STR("address", address_format(&place->address, text)), F_ERRNO(error),
		  F_STR("advice", "set web_listen to another address, or to nothing"));
}

static void add(struct web_listeners *next, const struct web_address *place, int fd, bool is_new,
		const struct settings *settings)
{
	next->places[next->n] = *place;
	next->doors[next->n] = (struct manager_door){
		.fd = fd,
		.is_tls = web_listen_has_tls(settings, &place->address),
		.is_loopback = address_is_loopback(&place->address),
		.port = place->address.port,
	};
	next->is_new[next->n++] = is_new;
}

static int open_place(const struct web_address *place, int *ret_fd)
{
	const struct listen_address where = { place->address, place->both_families };

	return listen_address_open(&where, ret_fd);
}

int web_listeners_prepare(const struct web_listeners *old, const struct settings_loaded *loaded,
			  struct web_listeners *ret, struct failure *ret_failure)
{
	const struct settings *settings = settings_values(loaded);
	struct web_listeners next = { 0 };
	struct web_addresses wanted;
	struct text bad;
	bool gives_way = is_default(loaded);

	if (web_listen_parse(text_of(settings->web_listen), &wanted, &bad) < 0)
		return failure_set(ret_failure, -EINVAL, "web_listen: is no list of addresses");
	for (size_t i = 0; i < wanted.n; i++) {
		int fd = find(old, &wanted.items[i]);
		bool is_new = fd < 0;
		int r = 0;

		if (gives_way && web_listen_collision(settings, &wanted) != 0)
			r = -EADDRINUSE;
		else if (is_new)
			r = open_place(&wanted.items[i], &fd);
		if (r == 0) {
			add(&next, &wanted.items[i], fd, is_new, settings);
		} else if (gives_way) {
			warn(&wanted.items[i], r);
		} else {
			web_listeners_drop(&next);
			return fail_at(&wanted.items[i], r, ret_failure);
		}
	}
	*ret = next;
	return 0;
}

void web_listeners_commit(struct web_listeners *web, struct web_listeners *next)
{
	for (size_t i = 0; i < web->n; i++)
		if (find(next, &web->places[i]) != web->doors[i].fd)
			fd_close(&web->doors[i].fd);
	for (size_t i = 0; i < next->n; i++)
		next->is_new[i] = false;
	*web = *next;
	*next = (struct web_listeners){ 0 };
}

void web_listeners_drop(struct web_listeners *next)
{
	for (size_t i = 0; i < next->n; i++)
		if (next->is_new[i])
			fd_close(&next->doors[i].fd);
	*next = (struct web_listeners){ 0 };
}

void web_listeners_release(struct web_listeners *web)
{
	for (size_t i = 0; i < web->n; i++)
		fd_close(&web->doors[i].fd);
	web->n = 0;
}
