/* supervisor/listen_address.c - see listen_address.h. */
#include "supervisor/listen_address.h"

#include "net/socket.h"
#include "supervisor/privileges.h"

#define FIRST_UNPRIVILEGED_PORT 1024

bool kernel_has_ipv6(void)
{
	AUTO_CLOSE int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };

	return fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0;
}

bool listen_address_equal(const struct listen_address *a, const struct listen_address *b)
{
	return address_same_host(&a->address, &b->address) && a->address.port == b->address.port &&
	       a->address.scope_id == b->address.scope_id && a->both_families == b->both_families;
}

/* An unspecified address that means "all": zeros are [::] in the 16 byte form. */
static struct listen_address every_address(bool has_ipv6)
{
	if (has_ipv6)
		return (struct listen_address){ .both_families = true };
	return (struct listen_address){ .address = address_from_v4((const uint8_t[4]){ 0 }, 0) };
}

static bool contains(const struct listen_addresses *all, const struct listen_address *one)
{
	for (size_t i = 0; i < all->n; i++)
		if (listen_address_equal(&all->items[i], one))
			return true;
	return false;
}

int listen_addresses_parse(struct text setting, bool has_ipv6, struct listen_addresses *ret,
			   struct failure *ret_failure)
{
	struct listen_addresses all = { 0 };
	struct text part;

	while (text_take_until(&setting, ',', &part)) {
		struct listen_address one = { 0 };

		part = text_trim(part);
		if (part.len == 0)
			continue;
		if (text_equal(part, T("*"))) {
			/* It holds all others, which would be in its way. */
			*ret = (struct listen_addresses){ 1, { every_address(has_ipv6) } };
			return 0;
		}
		if (address_parse(part, &one.address) < 0)
			return failure_set(ret_failure, -EINVAL,
					   "listen: \"%.*s\" is not an IP address; "
					   "allowed are IPv4 and IPv6 addresses and *",
					   TEXT_ARG(part));
		if (contains(&all, &one))
			continue;
		if (all.n == LISTEN_ADDRESSES_MAX)
			return failure_set(ret_failure, -EINVAL,
					   "listen: at most %d addresses are allowed; "
					   "* listens on all of them",
					   LISTEN_ADDRESSES_MAX);
		all.items[all.n++] = one;
	}
	if (all.n == 0)
		return failure_set(ret_failure, -EINVAL,
				   "listen: names no address; * listens on all of them");
	*ret = all;
	return 0;
}

int listen_address_open(const struct listen_address *where, int *ret_fd)
{
	bool is_privileged = where->address.port < FIRST_UNPRIVILEGED_PORT;

	if (is_privileged)
		privileges_raise();

	int r = socket_listen(&where->address, where->both_families, LISTEN_BACKLOG, ret_fd);

	if (is_privileged)
		privileges_lower();
	return r;
}
