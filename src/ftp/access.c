/* ftp/access.c - see access.h. */
#include "ftp/access.h"

const char *access_networks_problem(struct text list, char *ret, size_t ret_size)
{
	struct network network;
	struct text entry;

	if (list.len >= ACCESS_NETWORKS_SIZE)
		return "The list of networks is too long: it may have at most 1023 bytes.";
	while (text_take_until(&list, ',', &entry)) {
		entry = text_trim(entry);
		if (network_parse(entry, &network) == 0)
			continue;
		int shown = (int)MIN_OF(entry.len, (size_t)64);
		(void)snprintf(ret, ret_size,
			       "\"%.*s\" is neither an address nor a network such as "
			       "203.0.113.0/24 or 2001:db8::/32 (with no bits set behind the "
			       "prefix).",
			       shown, entry.ptr);
		return ret;
	}
	return NULL;
}

bool access_networks_contain(struct text list, const struct address *peer)
{
	struct network network;
	struct text entry;

	if (text_trim(list).len == 0)
		return true;
	while (text_take_until(&list, ',', &entry))
		if (network_parse(text_trim(entry), &network) == 0 &&
		    network_contains(&network, peer))
			return true;
	return false;
}

enum auth_result access_check(const struct user_access *access, const struct address *peer,
			      bool is_tls, int64_t now_wall_ms)
{
	if (access->expires_wall_ms > 0 && now_wall_ms >= access->expires_wall_ms)
		return AUTH_EXPIRED;
	if (!access_networks_contain(text_of(access->networks), peer))
		return AUTH_WRONG_ADDRESS;
	return access->requires_tls && !is_tls ? AUTH_NEEDS_TLS : AUTH_OK;
}
