/* manager/board_users.h - how many live sessions each user has, counted once from the scoreboard.
 * Threads: one at a time per count. */
#ifndef MANAGER_BOARD_USERS_H
#define MANAGER_BOARD_USERS_H

#include "ipc/scoreboard.h"

struct board_users {
	size_t n_sessions; /* all live ones, logged in or not */
	size_t n_names;
	char (*names)[USER_NAME_MAX + 1]; /* sorted, one per session that is logged in */
};

/* 0 or -ENOMEM. */
int board_users_init(struct board_users *users, const struct scoreboard *board) MUST_CHECK;
void board_users_release(struct board_users *users);

size_t board_users_sessions(const struct board_users *users, const char *name);

/* How many sessions are live now. */
size_t board_count_sessions(const struct scoreboard *board);

#endif
