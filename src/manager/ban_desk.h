/* manager/ban_desk.h - who is banned: kept in the database, told to the workers, and imposed upon
 * addresses that fail to log in too often.
 *
 * An office behind one address shares its ban, so the same wrong password of the same user counts
 * once (a device with an old password tries for ever), and a login that works wipes the slate.
 * IPv6 clients have a whole /64 to come from: that is what counts and what is banned.
 * Threads: any; a lock of its own. */
#ifndef MANAGER_BAN_DESK_H
#define MANAGER_BAN_DESK_H

#include "accounts/ban_list.h"
#include "base/secret.h"
#include "ipc/bans.h"
#include "settings/settings.h"

struct ban_desk;

/* All are borrowed; shared NULL: nobody is told. Publishes what the database has. 0 or -errno. */
int ban_desk_new(struct accounts *accounts, struct bans *shared, const struct settings *settings,
		 struct ban_desk **ret) MUST_CHECK;
void ban_desk_free(struct ban_desk **desk); /* accepts NULL; leaves NULL */

/* From now on; a ban of the same network is replaced. 0; -ENOSPC: there are BANS_MAX; -errno. */
int ban_desk_put(struct ban_desk *desk, const struct ban *ban) MUST_CHECK;
/* 0; -ENOENT; -errno. */
int ban_desk_remove(struct ban_desk *desk, const struct network *network) MUST_CHECK;
/* Those that hold now, ordered by network, under the desk's lock: each must not call back. 0 or
 * -errno. */
int ban_desk_each(struct ban_desk *desk, void (*each)(const struct ban *ban, void *arg),
		  void *arg) MUST_CHECK;
/* Whether the address is banned now; *ret says how. */
bool ban_desk_finds(struct ban_desk *desk, const struct address *peer, struct ban *ret);

/* What became of a login. A failure may make a ban, which is logged. */
void ban_desk_note_failure(struct ban_desk *desk, const struct address *peer, const char *user,
			   const struct secret *password);
void ban_desk_note_success(struct ban_desk *desk, const struct address *peer);

#endif
