/* settings/data_roots.h - the directories that files of clients may lie in: data_root, those of the
 * hosts, extra_data_roots. Threads: any; pure functions. */
#ifndef SETTINGS_DATA_ROOTS_H
#define SETTINGS_DATA_ROOTS_H

#include "settings/settings.h"

/* A list as of extra_data_roots: 0, or -EINVAL with the item that is no absolute path. */
int data_roots_check(struct text list, struct text *ret_bad) MUST_CHECK;

/* Whether the absolute path is one of them or lies beneath one, as it is written: what links on the
 * way lead to is for the kernel to judge. */
bool data_roots_hold(const struct settings *settings, struct text path);
/* How many bytes of the path name the root that it lies beneath; of several the longest. 0:
 * none. */
size_t data_roots_length(const struct settings *settings, struct text path);

/* Whether workers can serve the directory: the sandbox keeps them inside the data roots. Relative
 * ones lie beneath data_root. */
bool data_roots_reach(const struct settings *settings, struct text directory);

#endif
