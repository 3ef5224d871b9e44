/* manager/board_users.c - see board_users.h. */
#include "manager/board_users.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

size_t board_count_sessions(const struct scoreboard *board)
{
	size_t max = scoreboard_max_sessions(board), n = 0;
	struct session_view view;

	for (uint32_t slot = 0; slot < max; slot++)
		n += scoreboard_get_session(board, slot, &view);
	return n;
}

static int add_name(struct board_users *users, size_t *room, const char *name)
{
	if (users->n_names == *room) {
		size_t more = *room ? *room * 2 : 64;
		void *grown = realloc(users->names, more * sizeof(users->names[0]));
		if (!grown)
			return -ENOMEM;
		users->names = grown;
		*room = more;
	}
	memcpy(users->names[users->n_names++], name, sizeof(users->names[0]));
	return 0;
}

int board_users_init(struct board_users *users, const struct scoreboard *board)
{
	size_t max = scoreboard_max_sessions(board), room = 0;
	struct session_view view;
	int r = 0;

	*users = (struct board_users){ 0 };
	for (uint32_t slot = 0; slot < max && r == 0; slot++) {
		if (!scoreboard_get_session(board, slot, &view))
			continue;
		users->n_sessions++;
		if (view.is_logged_in)
			r = add_name(users, &room, view.user);
	}
	if (r < 0) {
		board_users_release(users);
		return r;
	}
	if (users->n_names > 0)
		qsort(users->names, users->n_names, sizeof(users->names[0]), compare_names);
	return 0;
}

void board_users_release(struct board_users *users)
{
	free(users->names);
	*users = (struct board_users){ 0 };
}

/* The first place whose name is not before the given one. */
static size_t lower_bound(const struct board_users *users, const char *name)
{
	size_t low = 0, high = users->n_names;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(users->names[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t board_users_sessions(const struct board_users *users, const char *name)
{
	size_t first = lower_bound(users, name), n = 0;

	while (first + n < users->n_names && strcmp(users->names[first + n], name) == 0)
		n++;
	return n;
}
