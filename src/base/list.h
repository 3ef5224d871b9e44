/* base/list.h - a doubly linked list whose links live inside its members.
 * A head is a struct list that points to itself. Threads: the owner's lock. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/common.h"

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *head)
{
	head->prev = head->next = head;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_append(struct list *head, struct list *item)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

/* Leaves item pointing to itself, so that removing it twice is harmless. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#define list_entry(item, type, member) ((type *)(void *)(((char *)(item)) - offsetof(type, member)))

#endif
