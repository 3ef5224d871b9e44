/* supervisor/listeners.c - see listeners.h. */
#include "supervisor/listeners.h"

static struct listen_address place_of(const struct listeners *set, size_t i)
{
	return (struct listen_address){ set->items[i].address, set->both_families[i] };
}

static void plan_ports(struct listeners *plan, const struct listen_addresses *addresses,
		       const struct port_list *ports, bool is_implicit)
{
	for (size_t a = 0; a < addresses->n; a++) {
		for (unsigned p = 0; p < ports->n; p++) {
			struct control_listener *item = &plan->items[plan->n];

			*item = (struct control_listener){ -1, addresses->items[a].address,
							   is_implicit };
			item->address.port = ports->ports[p];
			plan->both_families[plan->n] = addresses->items[a].both_families;
			plan->n++;
		}
	}
}

/* Index of the listener at that place, or -1. */
static ptrdiff_t find(const struct listeners *set, const struct listen_address *place)
{
	for (size_t i = 0; i < set->n; i++) {
		struct listen_address other = place_of(set, i);

		if (listen_address_equal(place, &other))
			return (ptrdiff_t)i;
	}
	return -1;
}

static const char *hint_for(int error, uint16_t port)
{
	switch (error) {
	case -EADDRINUSE:
		return ": another program listens there; `ss -ltnp` shows which";
	case -EACCES:
		return port < 1024 ? ": ports below 1024 need root or CAP_NET_BIND_SERVICE; "
				     "set explicit_ports and implicit_ports to higher ones"
				   : "";
	case -EADDRNOTAVAIL:
		return ": no interface of this machine has this address; check the setting listen";
	default:
		return "";
	}
}

static int fail_at(const struct listen_address *place, int error, struct failure *ret_failure)
{
	char text[ADDRESS_TEXT_SIZE];

	return failure_set(ret_failure, error, "cannot listen on %s: %s%s",
			   address_format(&place->address, text), strerrordesc_np(-error),
			   hint_for(error, place->address.port));
}

/* A socket that is about to go may hold the port of one that is about to come (from "*" to one
 * address): it stops listening, which frees the port while the socket itself can still come
 * back. */
static bool pause_rivals(const struct listeners *old, const bool kept[], bool paused[],
			 uint16_t port)
{
	bool any = false;

	for (size_t i = 0; i < old->n; i++) {
		if (kept[i] || paused[i] || old->items[i].address.port != port)
			continue;
		paused[i] = shutdown(old->items[i].fd, SHUT_RD) == 0;
		any = any || paused[i];
	}
	return any;
}

static void resume_paused(const struct listeners *old, const bool paused[])
{
	for (size_t i = 0; i < old->n; i++)
		if (paused[i])
			(void)listen(old->items[i].fd,
				     LISTEN_BACKLOG); /* its port is its own again */
}

static void keep_common(struct listeners *plan, const struct listeners *old, bool kept[])
{
	for (size_t i = 0; i < plan->n; i++) {
		struct listen_address place = place_of(plan, i);
		ptrdiff_t at = find(old, &place);

		if (at < 0)
			continue;
		plan->items[i].fd = old->items[at].fd;
		kept[at] = true;
	}
}

static int open_missing(struct listeners *plan, const struct listeners *old, const bool kept[],
			bool paused[], bool opened[], struct failure *ret_failure)
{
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->items[i].fd >= 0)
			continue;

		struct listen_address place = place_of(plan, i);
		int r = listen_address_open(&place, &plan->items[i].fd);

		if (r == -EADDRINUSE && pause_rivals(old, kept, paused, place.address.port))
			r = listen_address_open(&place, &plan->items[i].fd);
		if (r < 0)
			return fail_at(&place, r, ret_failure);
		opened[i] = true;
	}
	return 0;
}

int listeners_apply(struct listeners *listeners, const struct settings *settings,
		    const struct listen_addresses *addresses, struct failure *ret_failure)
{
	struct listeners plan = { 0 };
	bool kept[LISTENERS_MAX] = { 0 }, paused[LISTENERS_MAX] = { 0 };
	bool opened[LISTENERS_MAX] = { 0 };

	plan_ports(&plan, addresses, &settings->explicit_ports, false);
	plan_ports(&plan, addresses, &settings->implicit_ports, true);
	keep_common(&plan, listeners, kept);

	int r = open_missing(&plan, listeners, kept, paused, opened, ret_failure);

	if (r < 0) {
		for (size_t i = 0; i < plan.n; i++)
			if (opened[i])
				fd_close(&plan.items[i].fd);
		resume_paused(listeners, paused);
		return r;
	}
	for (size_t i = 0; i < listeners->n; i++)
		if (!kept[i])
			fd_close(&listeners->items[i].fd);
	*listeners = plan;
	return 0;
}

void listeners_release(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->n; i++)
		fd_close(&listeners->items[i].fd);
	listeners->n = 0;
}
