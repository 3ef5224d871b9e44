/* settings/hosts.h - the rules that join the settings of several hosts, for the files of this
 * folder only. Threads: any; pure functions. */
#ifndef SETTINGS_HOSTS_H
#define SETTINGS_HOSTS_H

#include "base/buf.h"
#include "settings/settings.h"

struct host_rule {
	const char *setting; /* that a person would change; NULL: the name of the host */
	bool (*holds)(const struct settings *values, size_t host, struct buf *wrong);
};

/* The first rule that a host breaks, with that host's position and the words in *wrong; or NULL. */
const struct host_rule *hosts_find_broken_rule(const struct settings *values, size_t *ret_host,
					       struct buf *wrong);

#endif
