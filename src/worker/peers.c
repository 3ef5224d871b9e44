/* worker/peers.c - see peers.h. */
#include "worker/peers.h"

int peer_list_init(struct peer_list *list, const char *text)
{
	struct text in = text_of(text), item;

	list->n = 0;
	while (text_take_until(&in, ',', &item)) {
		item = text_trim(item);
		if (item.len == 0)
			continue;
		if (list->n == PEER_LIST_MAX)
			return -E2BIG;
		int r = network_parse(item, &list->networks[list->n]);
		if (r < 0)
			return r;
		list->n++;
	}
	return 0;
}

bool peer_list_contains(const struct peer_list *list, const struct address *address)
{
	for (size_t i = 0; i < list->n; i++)
		if (network_contains(&list->networks[i], address))
			return true;
	return false;
}
